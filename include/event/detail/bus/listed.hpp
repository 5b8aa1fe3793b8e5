#pragma once

#include <event/detail/bus/bus_core.hpp>
#include <event/detail/event/erased.hpp>
#include <event/detail/event/payload.hpp>
#include <event/fwd.hpp>

#include <array>
#include <type_traits>

/// Event types and behaviours as the registry is asked for them.

namespace event::detail {

template <class T>
[[nodiscard]] const EventType& checked_type() noexcept {
    static_assert(check_event_type<T>());
    return event_type<T>;
}

template <class T>
[[nodiscard]] consteval Listed listed() noexcept {
    if constexpr (std::is_same_v<T, AnyEvent>) {
        return {};
    } else if constexpr (is_erased<T>) {
        return {.event = nullptr, .interface = &type_id<Delivered<T>>};
    } else {
        return {.event = &event_type<T>, .interface = nullptr};
    }
}
template <class... Ts>
inline constexpr std::array<Listed, sizeof...(Ts)> all_listed{listed<Ts>()...};

}  // namespace event::detail
