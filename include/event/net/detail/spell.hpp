#pragma once

#include <event/net/detail/refusal.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace event::net::detail {

constexpr std::uint64_t fnv1a(std::string_view text) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return hash;
}

/// Where a schema goes: only its length at first, then its text; and which definitions are in it already.
class Spelling {
public:
    constexpr explicit Spelling(char* out) noexcept : out_(out) {}

    constexpr void add(char c) {
        if (out_ != nullptr) out_[size_] = c;
        ++size_;
    }
    constexpr void add(std::string_view text) {
        for (const char c : text) add(c);
    }
    constexpr void add_number(std::uint64_t number) {
        if (number >= 10) add_number(number / 10);
        add(static_cast<char>('0' + number % 10));
    }
    /// As compilers spell it but for what they spell differently, and what would be taken for the schema's own marks.
    constexpr void add_name(std::string_view name) {
        for (std::size_t i = 0; i < name.size(); ++i) {
            const bool is_last = i + 1 == name.size();
            if (name[i] == ' ' && !is_last && (name[i + 1] == '>' || (i > 0 && name[i - 1] == ','))) continue;
            add(name[i] == '{' ? '(' : name[i] == '}' ? ')' : name[i] == ';' ? ':' : name[i]);
        }
    }

    /// Whether a type is there that was not; `id` is its own. Another one of the name cannot be told from the first.
    constexpr bool add_type(std::string_view name, const void* id) {
        for (std::size_t i = 0; i < count_; ++i) {
            if (ids_[i] == id) return false;
            if (names_[i] == name) has_name_twice_ = true;
        }
        names_.at(count_) = name;
        ids_.at(count_) = id;
        ++count_;
        return true;
    }
    constexpr void add_definition(std::string_view definition) {
        if (size_ != 0) add("; ");
        add(definition);
    }

    [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
    [[nodiscard]] constexpr bool has_name_twice() const noexcept { return has_name_twice_; }

private:
    static constexpr std::size_t most_types = 256;

    char* out_;
    std::size_t size_ = 0;
    std::array<std::string_view, most_types> names_{};
    std::array<const void*, most_types> ids_{};
    std::size_t count_ = 0;
    bool has_name_twice_ = false;
};

/// Whether a schema means something else by it than a type with fields.
constexpr bool is_kind_name(std::string_view name) noexcept {
    name = name.substr(0, name.find('<'));
    for (const std::string_view kind :
         {"bool",    "char",  "u8",    "u16",      "u32",  "u64",  "i8",    "i16", "i32",
          "i64",     "f32",   "f64",   "string",   "none", "list", "bytes", "set", "optional",
          "variant", "tuple", "array", "duration", "time", "map",  "codec"})
        if (name == kind) return true;
    return false;
}

template <class T>
concept DeclaresSchema = requires {
    { Codec<T>::schema } -> std::convertible_to<std::string_view>;
};

template <class T>
constexpr void spell(Spelling& out);

template <class... Ts>
constexpr void spell_in_brackets(Spelling& out, std::string_view name) {
    out.add(name);
    out.add('<');
    bool is_first = true;
    const auto add = [&](void (*spell_one)(Spelling&)) {
        if (!is_first) out.add(',');
        is_first = false;
        spell_one(out);
    };
    (add(spell<Ts>), ...);
    out.add('>');
}

template <class T>
consteval std::string_view integer_prefix() noexcept {
    if (std::is_same_v<T, char>) return "char";
    if (std::is_same_v<T, std::byte>) return "u";
    return std::is_signed_v<T> ? "i" : "u";
}

/// How a field names its type.
template <class T>
constexpr void spell(Spelling& out) {
    constexpr Kind k = kind<T>;
    if constexpr (k == Kind::own) {
        out.add("codec<");
        if constexpr (DeclaresSchema<T>) {
            out.add_name(Codec<T>::schema);
        } else {
            out.add_name(name_of<T>());
        }
        out.add('>');
    } else if constexpr (k == Kind::boolean) {
        out.add("bool");
    } else if constexpr (k == Kind::byte || k == Kind::unsigned_integer || k == Kind::signed_integer) {
        out.add(integer_prefix<T>());
        if constexpr (!std::is_same_v<T, char>) out.add_number(sizeof(T) * 8);
    } else if constexpr (k == Kind::floating) {
        out.add('f');
        out.add_number(sizeof(T) * 8);
    } else if constexpr (k == Kind::enumeration) {
        out.add_name(name_of<T>());
        out.add('(');
        spell<std::underlying_type_t<T>>(out);
        out.add(')');
    } else if constexpr (k == Kind::duration) {
        out.add("duration<");
        spell<typename T::rep>(out);
        out.add(',');
        out.add_number(T::period::num);
        out.add('/');
        out.add_number(T::period::den);
        out.add('>');
    } else if constexpr (k == Kind::time_point) {
        spell_in_brackets<typename T::duration>(out, "time");
    } else if constexpr (k == Kind::text) {
        out.add("string");
    } else if constexpr (k == Kind::bytes) {
        out.add("bytes");
    } else if constexpr (k == Kind::list) {
        spell_in_brackets<typename T::value_type>(out, "list");
    } else if constexpr (k == Kind::set) {
        spell_in_brackets<typename T::key_type>(out, "set");
    } else if constexpr (k == Kind::map) {
        spell_in_brackets<typename T::key_type, typename T::mapped_type>(out, "map");
    } else if constexpr (k == Kind::optional) {
        spell_in_brackets<typename T::value_type>(out, "optional");
    } else if constexpr (k == Kind::variant) {
        [&]<class... Ts>(const std::variant<Ts...>*) {
            spell_in_brackets<Ts...>(out, "variant");
        }(static_cast<const T*>(nullptr));
    } else if constexpr (k == Kind::tuple) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            spell_in_brackets<std::tuple_element_t<I, T>...>(out, "tuple");
        }(std::make_index_sequence<std::tuple_size_v<T>>{});
    } else if constexpr (k == Kind::array) {
        using Element = std::remove_cvref_t<decltype(std::declval<T&>()[0])>;
        out.add("array<");
        spell<Element>(out);
        out.add(',');
        out.add_number(array_size<T>());
        out.add('>');
    } else if constexpr (k == Kind::nothing) {
        out.add("none");
    } else {
        refuse<T>();
        out.add_name(name_of<T>());
    }
}

/// What `spell_all`, of type Spelling(char*), spells.
template <auto spell_all>
struct SpelledText {
    static constexpr std::size_t size = spell_all(nullptr).size();

    constexpr SpelledText() { spell_all(text); }
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, size}; }

    char text[size + 1] = {};
};

template <class T>
constexpr Spelling spell_definition(char* text) {
    Spelling out(text);
    out.add_name(name_of<T>());
    out.add('{');
    for_each_field<T>([&](auto i) {
        if (i != 0) out.add(", ");
        out.add(Fields<T>::template name<i>());
        out.add(": ");
        spell<FieldType<T, i>>(out);
        return true;
    });
    if (extensible<T>()) out.add(Fields<T>::count == 0 ? "..." : ", ...");
    out.add('}');
    return out;
}

template <class T>
inline constexpr SpelledText<spell_definition<T>> definition_text{};

template <class T>
constexpr Spelling spell_mention(char* text) {
    Spelling out(text);
    spell<T>(out);
    return out;
}

template <class T>
inline constexpr SpelledText<spell_mention<T>> mention_text{};

/// The types with fields that there are in `T`, each with its fields, those of its fields behind it.
template <class T>
constexpr void define(Spelling& out);

template <class... Ts>
constexpr void define_each(Spelling& out) {
    (define<std::remove_const_t<Ts>>(out), ...);
}

template <class T>
constexpr void define_fields(Spelling& out) {
    for_each_field<T>([&](auto i) {
        define<FieldType<T, i>>(out);
        return true;
    });
}

template <class T>
constexpr void define(Spelling& out) {
    constexpr Kind k = kind<T>;
    if constexpr (k == Kind::fields) {
        static_assert(!is_kind_name(name_of<T>()),
                      "event: a type that is sent cannot be called like a kind of value (string, bytes, list, …); give "
                      "it another event_name");
        if (!out.add_type(name_of<T>(), &definition_text<T>)) return;
        out.add_definition(definition_text<T>.view());
        define_fields<T>(out);
    } else if constexpr (k == Kind::own && !DeclaresSchema<T>) {
        out.add_type(mention_text<T>.view(), &mention_text<T>);
    } else if constexpr (k == Kind::list || k == Kind::optional) {
        define<typename T::value_type>(out);
    } else if constexpr (k == Kind::set) {
        define<typename T::key_type>(out);
    } else if constexpr (k == Kind::map) {
        define_each<typename T::key_type, typename T::mapped_type>(out);
    } else if constexpr (k == Kind::variant) {
        [&]<class... Ts>(const std::variant<Ts...>*) { define_each<Ts...>(out); }(static_cast<const T*>(nullptr));
    } else if constexpr (k == Kind::tuple) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            define_each<std::tuple_element_t<I, T>...>(out);
        }(std::make_index_sequence<std::tuple_size_v<T>>{});
    } else if constexpr (k == Kind::array) {
        define<std::remove_cvref_t<decltype(std::declval<T&>()[0])>>(out);
    }
}

template <class T>
constexpr Spelling spell_schema(char* text) {
    Spelling out(text);
    if constexpr (kind<T> != Kind::fields) spell<T>(out);
    define<T>(out);
    return out;
}

template <class T>
inline constexpr SpelledText<spell_schema<T>> schema_text{};

}  // namespace event::net::detail
