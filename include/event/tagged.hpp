#pragma once

/// Several topics of one payload type.

#include <event/detail/requirements.hpp>

#include <event/name.hpp>

#include <compare>
#include <memory>
#include <string_view>

namespace event {

/// A `T` that means something of its own: `Tagged<struct Inbound, Bytes>` and `Tagged<struct Outbound, Bytes>` are two
/// event types, and so two topics. It is called what the tag is called, or declares with `event_name`; the tag may be
/// incomplete. An aggregate: `emitter.emit({bytes})`.
///
/// Where the events differ in more than their meaning, write a struct for each: its fields then have names.
template <class Tag, class T>
struct Tagged {
    static constexpr std::string_view event_name = name_of<Tag>();

    T value;

    [[nodiscard]] constexpr const T& operator*() const noexcept { return value; }
    [[nodiscard]] constexpr const T* operator->() const noexcept { return std::addressof(value); }
    friend constexpr auto operator<=>(const Tagged&, const Tagged&) = default;
};

}  // namespace event
