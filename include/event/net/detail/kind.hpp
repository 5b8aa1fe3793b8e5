#pragma once

/// What a type is to a codec. Bytes, JSON and schema follow this one table.

#include <event/net/detail/fields.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace event::net {

template <class T>
struct Codec;

namespace detail {

enum class Kind : std::uint8_t {
    own,  // has a Codec of its own
    boolean,
    byte,  // an integer of eight bits
    unsigned_integer,
    signed_integer,
    floating,
    enumeration,
    duration,
    time_point,
    text,
    bytes,
    list,
    set,
    map,
    optional,
    variant,
    tuple,
    array,
    nothing,  // std::monostate
    fields,
    refused,
};

template <class T>
inline constexpr Kind template_kind = Kind::refused;
template <class Rep, class Period>
inline constexpr Kind template_kind<std::chrono::duration<Rep, Period>> = Kind::duration;
template <class Duration>
inline constexpr Kind template_kind<std::chrono::time_point<std::chrono::system_clock, Duration>> = Kind::time_point;
template <class Traits, class Allocator>
inline constexpr Kind template_kind<std::basic_string<char, Traits, Allocator>> = Kind::text;
template <class T, class Allocator>
inline constexpr Kind template_kind<std::vector<T, Allocator>> =
    sizeof(T) == 1 && ((std::integral<T> && !std::is_same_v<T, bool>) || std::is_same_v<T, std::byte>) ? Kind::bytes
                                                                                                       : Kind::list;
template <class T, class Allocator>
inline constexpr Kind template_kind<std::list<T, Allocator>> = Kind::list;
template <class T, class Less, class Allocator>
inline constexpr Kind template_kind<std::set<T, Less, Allocator>> = Kind::set;
template <class T, class Hash, class Equal, class Allocator>
inline constexpr Kind template_kind<std::unordered_set<T, Hash, Equal, Allocator>> = Kind::set;
template <class K, class T, class Less, class Allocator>
inline constexpr Kind template_kind<std::map<K, T, Less, Allocator>> = Kind::map;
template <class K, class T, class Hash, class Equal, class Allocator>
inline constexpr Kind template_kind<std::unordered_map<K, T, Hash, Equal, Allocator>> = Kind::map;
template <class T>
inline constexpr Kind template_kind<std::optional<T>> = Kind::optional;
template <class... Ts>
inline constexpr Kind template_kind<std::variant<Ts...>> = Kind::variant;
template <class... Ts>
inline constexpr Kind template_kind<std::tuple<Ts...>> = Kind::tuple;
template <class T, class U>
inline constexpr Kind template_kind<std::pair<T, U>> = Kind::tuple;
template <class T, std::size_t n>
inline constexpr Kind template_kind<std::array<T, n>> = Kind::array;
template <class T, std::size_t n>
inline constexpr Kind template_kind<T[n]> = Kind::array;
template <>
inline constexpr Kind template_kind<std::monostate> = Kind::nothing;

/// `enum E : int` or `enum class E`: every number of the underlying type is a value of it.
template <class T>
concept FixedEnum = std::is_enum_v<T> && requires { T{0}; };

template <class T>
consteval Kind integer_kind() noexcept {
    if (sizeof(T) == 1) return Kind::byte;
    if (sizeof(T) > 8 || std::is_same_v<T, wchar_t>) return Kind::refused;
    return std::is_signed_v<T> ? Kind::signed_integer : Kind::unsigned_integer;
}

template <class T>
consteval Kind kind_of() noexcept {
    if constexpr (!requires { typename Codec<T>::by_default; }) {
        return Kind::own;
    } else if constexpr (std::is_same_v<T, bool>) {
        return Kind::boolean;
    } else if constexpr (std::is_same_v<T, std::byte>) {
        return Kind::byte;
    } else if constexpr (std::integral<T>) {
        return integer_kind<T>();
    } else if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
        return Kind::floating;
    } else if constexpr (std::is_enum_v<T>) {
        return FixedEnum<T> ? Kind::enumeration : Kind::refused;
    } else if constexpr (template_kind<T> != Kind::refused) {
        return template_kind<T>;
    } else {
        return HasFields<T> ? Kind::fields : Kind::refused;
    }
}

template <class T>
inline constexpr Kind kind = kind_of<T>();

/// A static member, not one that each event has of its own.
template <class T>
concept DeclaresExtensible = requires {
    { T::event_wire_extensible } -> std::convertible_to<bool>;
    requires !std::is_member_pointer_v<decltype(&T::event_wire_extensible)>;
};

template <class T>
consteval bool extensible() noexcept {
    if constexpr (DeclaresExtensible<T>) {
        return T::event_wire_extensible;
    } else {
        return false;
    }
}

template <class T>
consteval std::size_t array_size() noexcept {
    if constexpr (std::is_array_v<T>) {
        return std::extent_v<T>;
    } else {
        return std::tuple_size_v<T>;
    }
}

/// Floating-point numbers side by side, which lie in memory as they are sent (where the machine is little-endian).
template <class T>
concept PackedFloats = std::ranges::contiguous_range<T> && std::ranges::sized_range<T> &&
                       kind<std::remove_const_t<std::ranges::range_value_t<T>>> == Kind::floating;

/// As how many one element of this container counts towards the limit on elements.
template <class Container>
consteval std::size_t element_weight() noexcept {
    const std::size_t by_size = (sizeof(typename Container::value_type) + 63) / 64;
    return requires { typename Container::hasher; } && by_size < 16 ? 16 : by_size;
}

/// The least number of bytes that a value takes.
template <class T>
consteval std::size_t least_size() noexcept {
    if constexpr (kind<T> == Kind::own || kind<T> == Kind::nothing || kind<T> == Kind::refused) {
        return 0;
    } else if constexpr (kind<T> == Kind::floating) {
        return sizeof(T);
    } else if constexpr (kind<T> == Kind::array) {
        return least_size<std::remove_cvref_t<decltype(std::declval<T&>()[0])>>() * array_size<T>();
    } else if constexpr (kind<T> == Kind::tuple) {
        return []<std::size_t... I>(std::index_sequence<I...>) {
            return (std::size_t{0} + ... + least_size<std::remove_const_t<std::tuple_element_t<I, T>>>());
        }(std::make_index_sequence<std::tuple_size_v<T>>{});
    } else if constexpr (kind<T> == Kind::fields && !extensible<T>()) {
        return []<std::size_t... I>(std::index_sequence<I...>) {
            return (std::size_t{0} + ... + least_size<std::remove_const_t<FieldType<T, I>>>());
        }(std::make_index_sequence<Fields<T>::count>{});
    } else {
        return 1;
    }
}

}  // namespace detail
}  // namespace event::net
