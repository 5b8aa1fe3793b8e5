#pragma once

/// Where an event stands in the order, and what was lost before it.

#include <event/detail/requirements.hpp>

#include <cstdint>

namespace event {

/// What is known of an event beside the event itself.
struct Meta {
    /// The event's place in the bus's order: the same for every subscriber of the event, larger for later events.
    /// Comparable between events that one subscription could have received together.
    std::uint64_t sequence = 0;
    /// Events lost to this subscription just before this one.
    std::uint64_t missed = 0;
    /// It was retained from before the subscription began, not emitted since.
    bool replayed = false;
};

}  // namespace event
