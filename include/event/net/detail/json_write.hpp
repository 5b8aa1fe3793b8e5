#pragma once

#include <event/net/detail/json_form.hpp>
#include <event/net/detail/json_writer.hpp>
#include <event/net/writer.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace event::net::detail {

/// Between brackets, `write_all` writes elements by `element(f)`, each of which is `f` with a comma before it.
template <class WriteAll>
void write_between(JsonWriter& writer, std::string_view open, std::string_view close, WriteAll write_all) {
    writer.add(open);
    std::size_t index = 0;
    write_all([&](auto&& write_one) {
        if (index != 0) writer.add(",");
        write_one();
        if (writer.failed()) writer.is_in_element(index);
        ++index;
        return !writer.failed();
    });
    writer.add(close);
}

template <class Range>
void write_elements(const Range& range, JsonWriter& writer) {
    write_between(writer, "[", "]", [&](auto element) {
        for (const std::iter_value_t<decltype(std::begin(range))>& value : range) {
            if (!element([&] { writer.write(value); })) return;
        }
    });
}

template <class Map>
void write_entries(const Map& map, JsonWriter& writer) {
    constexpr bool is_object = has_text_keys<Map>;
    write_between(writer, is_object ? "{" : "[", is_object ? "}" : "]", [&](auto element) {
        for (const auto& [key, value] : map) {
            const auto write_entry = [&, &entry_key = key, &entry_value = value] {
                if (!is_object) writer.add("[");
                writer.write(entry_key);
                writer.add(is_object ? ":" : ",");
                writer.write(entry_value);
                if (!is_object) writer.add("]");
            };
            if (!element(write_entry)) return;
        }
    });
}

template <class T>
void write_json_fields(const T& value, JsonWriter& writer) {
    if (const error_code error = writer.enter()) return writer.fail(error);
    writer.add("{");
    for_each_field<T>([&](auto i) {
        constexpr std::string_view name = Fields<T>::template name<i>();
        refuse<FieldType<T, i>>();
        if (i != 0) writer.add(",");
        writer.add_string(name);
        writer.add(":");
        writer.write(Fields<T>::template get<i>(value));
        if (writer.failed()) writer.is_in_field(name);
        return !writer.failed();
    });
    writer.add("}");
    writer.leave();
}

template <class T>
void write_alternative(const T& value, JsonWriter& writer) {
    if (value.valueless_by_exception()) return writer.fail(errc::valueless);
    const auto write_if_chosen = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
        if (value.index() != I) return;
        if constexpr (std::is_same_v<std::variant_alternative_t<I, T>, std::monostate>) {
            writer.add("null");
        } else {
            writer.add("{");
            writer.add_string(alternative_text<T, I>.view());
            writer.add(":");
            writer.write(std::get<I>(value));
            writer.add("}");
        }
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (write_if_chosen(std::integral_constant<std::size_t, I>{}), ...);
    }(std::make_index_sequence<std::variant_size_v<T>>{});
}

/// What has a codec of its own: the text it makes of it, or else its bytes.
template <class T>
void write_own(const T& value, JsonWriter& writer) {
    if constexpr (HasTextForm<T>) {
        writer.add_string(Codec<T>::to_text(value));
    } else {
        std::vector<std::byte> bytes;
        Writer out(bytes, writer.rest(writer.left()));
        out.write(value);
        if (out.failed()) return writer.fail(out.error());
        writer.spend(out);
        writer.add_base64(bytes);
    }
}

template <class T>
void write_json(const T& value, JsonWriter& writer) {
    refuse<T>();
    constexpr Kind k = kind<T>;
    if constexpr (k == Kind::own) {
        write_own(value, writer);
    } else if constexpr (k == Kind::boolean) {
        writer.add(value ? "true" : "false");
    } else if constexpr (std::is_same_v<T, std::byte>) {
        writer.add_number(std::to_integer<std::uint64_t>(value));
    } else if constexpr (k == Kind::byte || k == Kind::unsigned_integer || k == Kind::signed_integer) {
        writer.add_number(std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>{value});
    } else if constexpr (k == Kind::floating) {
        writer.add_number(value);
    } else if constexpr (k == Kind::enumeration) {
        writer.write(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (k == Kind::duration) {
        writer.write(value.count());
    } else if constexpr (k == Kind::time_point) {
        writer.write(value.time_since_epoch());
    } else if constexpr (k == Kind::text) {
        writer.add_string(value);
    } else if constexpr (k == Kind::bytes) {
        writer.add_base64(std::as_bytes(std::span(value)));
    } else if constexpr (k == Kind::list || k == Kind::set || k == Kind::map) {
        if (const error_code error = writer.take_elements(value.size(), element_weight<T>())) return writer.fail(error);
        if constexpr (k == Kind::map) {
            write_entries(value, writer);
        } else {
            write_elements(value, writer);
        }
    } else if constexpr (k == Kind::array) {
        write_elements(value, writer);
    } else if constexpr (k == Kind::optional) {
        if (!value) return writer.add("null");
        if (may_be_null<typename T::value_type>) writer.add("[");
        writer.write(*value);
        if (may_be_null<typename T::value_type>) writer.add("]");
    } else if constexpr (k == Kind::variant) {
        write_alternative(value, writer);
    } else if constexpr (k == Kind::tuple) {
        write_between(writer, "[", "]", [&](auto element) {
            std::apply([&](const auto&... elements) { (void)(element([&] { writer.write(elements); }) && ...); },
                       value);
        });
    } else if constexpr (k == Kind::nothing) {
        writer.add("null");
    } else if constexpr (k == Kind::fields) {
        write_json_fields(value, writer);
    }
}

template <class T>
void JsonWriter::write(const T& value) {
    write_json(value, *this);
}

}  // namespace event::net::detail
