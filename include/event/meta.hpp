#pragma once

/// Where an event stands in the order, what was lost before it, and whose it is.

#include <event/detail/requirements.hpp>

#include <chrono>
#include <cstdint>

namespace event {

/// An emitter of a bus: of its own for each, until there have been 67 million. 0: none.
using EmitterId = std::uint32_t;

/// What is known of an event where it comes from, for who emits it here (`Emitter::relay`).
struct Relayed {
    std::uint64_t missed = 0;  ///< events that were lost on their way, just before it
    bool replayed = false;     ///< it was retained there, and is not new
};

/// What is known of an event beside the event itself.
struct Meta {
    /// The event's place in the bus's order: the same for every subscriber of the event, larger for later events.
    /// Comparable between events that one subscription could have received together.
    std::uint64_t sequence = 0;
    /// Events lost to this subscription just before this one.
    std::uint64_t missed = 0;
    /// It was retained from before the subscription began, not emitted since.
    bool replayed = false;
    /// Whose event it is: `Emitter::id()`; the report knows its name. 0 where it came from another bus, as an
    /// `AnyEvent`.
    EmitterId emitter = 0;
    /// When it got that place, under `BusOptions::stamp`. It never goes back along the order. Otherwise the clock's
    /// epoch: there, every event looks as old as the machine.
    std::chrono::steady_clock::time_point emitted_at = {};
    /// It comes from elsewhere: `Emitter::relay`.
    bool relayed = false;
};

namespace detail {
using Moment = std::chrono::steady_clock::time_point;

/// The rest of what a queue notes of an event leaves it so many.
inline constexpr int emitter_id_bits = 26;
inline constexpr EmitterId last_emitter_id = (EmitterId{1} << emitter_id_bits) - 1;
}  // namespace detail

}  // namespace event
