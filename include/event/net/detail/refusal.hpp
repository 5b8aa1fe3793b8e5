#pragma once

/// The types that no codec takes by itself, and what to do instead.

#include <event/net/detail/kind.hpp>

#include <chrono>
#include <memory>
#include <ranges>
#include <type_traits>

namespace event::net::detail {

template <class T>
inline constexpr bool is_smart_pointer = false;
template <class T, class Deleter>
inline constexpr bool is_smart_pointer<std::unique_ptr<T, Deleter>> = true;
template <class T>
inline constexpr bool is_smart_pointer<std::shared_ptr<T>> = true;
template <class T>
inline constexpr bool is_smart_pointer<std::weak_ptr<T>> = true;

template <class T>
inline constexpr bool is_other_time = false;
template <class Clock, class Duration>
inline constexpr bool is_other_time<std::chrono::time_point<Clock, Duration>> = true;
template <class Duration>
inline constexpr bool is_other_time<std::chrono::time_point<std::chrono::system_clock, Duration>> = false;

template <class T>
concept View = std::ranges::view<T> && kind<T> == Kind::refused;

/// One sentence for whoever names a type that cannot be sent.
template <class T>
consteval void refuse() {
    constexpr bool is_refused = kind<T> == Kind::refused;
    constexpr bool is_view = View<T>;
    constexpr bool is_known =
        is_other_time<T> || is_smart_pointer<T> || is_view || std::is_pointer_v<T> || std::is_scalar_v<T>;
    static_assert(!std::is_const_v<T> && !std::is_reference_v<T>,
                  "event: what is sent can be received: a field that is const or a reference cannot be read into");
    static_assert(!std::is_volatile_v<T>, "event: a volatile field cannot be read into");
    static_assert(!std::is_pointer_v<T> && !std::is_member_pointer_v<T> && !std::is_null_pointer_v<T>,
                  "event: a pointer means nothing on another machine; send the value that it points to");
    static_assert(!is_smart_pointer<T>,
                  "event: a smart pointer cannot be sent: there may be others to what it points to; send a value, a "
                  "std::optional or a std::vector");
    static_assert(!is_view, "event: a view owns nothing that could be read into; send a std::string or a std::vector");
    static_assert(
        !is_other_time<T>,
        "event: a time point of this clock means nothing on another machine; send a duration, or a time point "
        "of std::chrono::system_clock");
    static_assert(
        !std::is_enum_v<T> || !is_refused,
        "event: give this enum its underlying type (enum E : int), so that every number that comes is a value");
    static_assert(
        !std::is_arithmetic_v<T> || !is_refused,
        "event: the size of this number is not the same on every machine; send a std::int32_t, say, or a double");
    static_assert(!is_refused || is_known || std::is_arithmetic_v<T> || !HasBase<T>,
                  "event: a type with a base cannot be taken apart: describe it with Boost.Describe, or specialise "
                  "event::net::Codec for it");
    static_assert(!is_refused || is_known || std::is_arithmetic_v<T> || HasBase<T>,
                  "event: this type is not an aggregate, so that it cannot be taken apart: describe it with "
                  "Boost.Describe, or specialise event::net::Codec for it");
}

}  // namespace event::net::detail
