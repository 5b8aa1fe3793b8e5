#pragma once

/// The label of an event type: what logs, statistics and errors call it, and how shared libraries that were built with
/// hidden visibility know it. One type in two of them is one topic if it declares the same `event_name` in both, and is
/// spelled, sized and aligned alike; otherwise two, or `errc::name_clash` if they declare one name. The same holds for
/// the bases of behaviours. (So for a program that loads them, too, unless it exports its symbols: `ENABLE_EXPORTS` in
/// CMake, `-rdynamic`.) Who registers a type first lends the bus its code: that library stays loaded as long as the
/// bus, its handles and its events.

#include <event/detail/requirements.hpp>

#include <concepts>
#include <string_view>
#include <type_traits>

namespace event {

namespace detail {

/// A static member, not one that each event has of its own.
template <class T>
concept DeclaresName = requires {
    { T::event_name } -> std::convertible_to<std::string_view>;
    requires !std::is_member_pointer_v<decltype(&T::event_name)>;
};

template <class T>
constexpr const char* pretty_function() noexcept {
    return __PRETTY_FUNCTION__;
}

/// The type as the compiler spells it: "… [with T = X]" with GCC, "… [T = X]" with clang.
template <class T>
constexpr std::string_view spelled_name() noexcept {
    std::string_view text = pretty_function<T>();
    constexpr std::string_view before = "T = ";
    text.remove_prefix(text.find(before) + before.size());
    text.remove_suffix(1);
    return text;
}

}  // namespace detail

/// `T::event_name` where the type declares it (`static constexpr std::string_view event_name`), otherwise what the
/// compiler spells, which differs between compilers. No RTTI. The text lives as long as the program.
template <class T>
[[nodiscard]] constexpr std::string_view name_of() noexcept {
    if constexpr (detail::DeclaresName<T>) {
        return T::event_name;
    } else {
        return detail::spelled_name<T>();
    }
}

}  // namespace event
