#pragma once

/// What both ways, to JSON and from it, have to agree on beside the kinds.

#include <event/net/detail/spell.hpp>
#include <event/net/error.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace event::net::detail {

/// A `Codec` that says how its type looks as a text.
template <class T>
concept HasTextForm = kind<T> == Kind::own && requires(const T& value, T& result, std::string_view text) {
    { Codec<T>::to_text(value) } -> std::convertible_to<std::string>;
    { Codec<T>::from_text(text, result) } -> std::convertible_to<error_code>;
};

template <class T>
inline constexpr bool has_nothing = false;
template <class... Ts>
inline constexpr bool has_nothing<std::variant<Ts...>> = (std::is_same_v<Ts, std::monostate> || ...);

/// Whether some value of it is written as null; an optional of that is written in brackets.
template <class T>
inline constexpr bool may_be_null = kind<T> == Kind::optional || kind<T> == Kind::nothing || has_nothing<T>;

template <class T>
inline constexpr bool has_text_keys = kind<typename T::key_type> == Kind::text;

/// By which name an alternative of a variant goes: as the schema spells its type, and `#2` behind it, its index, if
/// another one is spelled alike.
template <class Variant, std::size_t I>
constexpr Spelling spell_alternative(char* text) {
    constexpr std::string_view name = mention_text<std::variant_alternative_t<I, Variant>>.view();
    const std::size_t count = [&]<std::size_t... J>(std::index_sequence<J...>) {
        return (std::size_t{0} + ... +
                std::size_t{mention_text<std::variant_alternative_t<J, Variant>>.view() == name});
    }(std::make_index_sequence<std::variant_size_v<Variant>>{});
    Spelling out(text);
    out.add(name);
    if (count > 1) {
        out.add('#');
        out.add_number(I);
    }
    return out;
}

template <class Variant, std::size_t I>
inline constexpr SpelledText<spell_alternative<Variant, I>> alternative_text{};

}  // namespace event::net::detail
