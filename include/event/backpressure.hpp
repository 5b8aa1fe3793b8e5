#pragma once

/// What happens when a subscriber's queue is full. A plain `emit` never waits; what is lost is counted.
///
/// | policy       | a full queue          | the subscriber learns       | the emitter learns |
/// |--------------|-----------------------|-----------------------------|--------------------|
/// | `Drop`       | loses the new event   | `missed()` on the next one  | `refused`          |
/// | `DropOldest` | loses its oldest one  | `missed()` on the one after | `displaced`        |
/// | `Latest`     | cannot be             | `missed()` of that type     | `displaced`        |
/// | `Kill`       | ends the subscription | `errc::killed`, for ever    | `killed`           |
/// | `Notify`     | loses the new event   | the callback; `missed()`    | `refused`          |
/// | `Wait`       | makes it wait         | nothing is lost, in time    | by the completion  |
///
/// DROP, KILL and NOTIFY are those of libp2p's RFC for a local event bus (libp2p#653).

#include <event/detail/requirements.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <variant>

namespace event {

/// A subscription that has begun to lose events. Its names are empty where there is no memory for them.
struct SlowSubscriber {
    std::string name;            ///< of the subscription
    std::string type;            ///< what the event came as that made it slow: its type, a behaviour, or `AnyEvent`
    std::size_t capacity = 0;    ///< of its queue, in events
    std::uint64_t lost = 0;      ///< events lost so far, in all episodes
    std::uint64_t episodes = 0;  ///< how often it began to lose events, or to be too old; 1 the first time
    /// How long its queue has not been empty, where that is why it is reported (`BusOptions::slow_after`); 0 where it
    /// has lost an event.
    std::chrono::nanoseconds age = std::chrono::nanoseconds(0);
};

/// The new event is lost.
struct Drop {};

/// The oldest queued event is lost. Retained events that were replayed at the start are kept.
/// Cost: taking an event takes a lock.
struct DropOldest {};

/// Of each type at most one event is queued, the newest; the capacity is ignored. Cost: taking an event takes a lock.
struct Latest {};

/// The subscription ends and its queue is discarded: at once, or when the queue has been full for so long. Until then
/// what finds it full is lost and counted, as with `Drop`. Whoever takes an event begins the time anew: it ends those
/// who stand still, not those who are only slow (for them look at `lost`). That is looked at when an event comes,
/// without a timer, so that a subscription that nothing comes to is never killed. Cost of a limit: a look at the clock
/// for an event that fills the queue, or finds it full.
struct Kill {
    std::chrono::nanoseconds after = std::chrono::nanoseconds(0);
};

/// The new event is lost, and the callback is called: at once (after `emit_all`'s last event), on the emitting thread,
/// before the emit returns, once for each *episode* (from the first loss until the queue has been empty), so that the
/// subscriber can restart from a state known to be right.
///
/// The callback holds no lock of the library's; it may emit, subscribe and close anything. It never runs twice at
/// once: an episode that opens meanwhile gives one further call by the thread that is already calling. After the
/// subscription's `close()` or destructor has returned it is not running and will not start: they wait for one that
/// runs on another thread, so do not hold a lock that it takes while closing. (Called from inside a callback or a
/// filter they wait for none: two that close each other's subscriptions both return.) What it throws reaches the
/// emitter's caller after every other subscriber was served.
///
/// Without a callback, `BusOptions::on_slow_subscriber` is called in its place.
struct Notify {
    std::function<void(const SlowSubscriber&)> callback = {};
};

/// `Emitter::async_emit` waits until there is room; a plain `emit` finds a full queue as with `Notify{}`, and so one
/// for which others wait. So what must not be lost is emitted with `async_emit`, everywhere: outside coroutines with
/// `asio::detached`, say; but each emit that waits is memory, so one who never waits for it needs a bound of its own.
/// Who never receives, or whose handler's context is gone, makes every `async_emit` wait until the subscription is
/// closed. Turns are taken in the order in which they were asked for, whatever the types. But an empty queue is kept
/// for nobody who does not come: when the receiver finds it empty, the turn of an emit that waits for another queue as
/// well passes to the next; and one that was offered and is not taken, because its executor does not run, when the
/// receiver finds that for the second time. Cost: taking an event takes a lock.
///
/// With a limit, an `async_emit` that has stood in line here for so long goes on without this subscription: if its
/// queue is still full, or what room there is belongs to who came before, when all others have room or are not waited
/// for any more either, it loses the event, as with `Notify`. One that waits no more may so be emitted before one that
/// came earlier. So nobody who does not receive stops an emitter for ever, as a deadline does not in DDS
/// (`max_blocking_time` of a reliable writer); here each subscription has its own. 0, or less: no limit. The time is
/// that of the bus's context, and it is noticed by a timer of the handler's. Cost of a limit: a timer and a look at the
/// clock for each emit that has to wait.
struct Wait {
    std::chrono::nanoseconds limit = std::chrono::nanoseconds(0);
};

using Backpressure = std::variant<Notify, Drop, DropOldest, Latest, Kill, Wait>;

namespace detail {

template <class T>
inline constexpr bool is_policy =
    std::is_same_v<T, Notify> || std::is_same_v<T, Drop> || std::is_same_v<T, DropOldest> ||
    std::is_same_v<T, Latest> || std::is_same_v<T, Kill> || std::is_same_v<T, Wait>;

}

/// The alternative that a `Backpressure` holds, in the order of its alternatives.
enum class Policy : std::uint8_t { notify, drop, drop_oldest, latest, kill, wait };

[[nodiscard]] inline Policy policy_of(const Backpressure& backpressure) noexcept {
    return static_cast<Policy>(backpressure.index());
}

}  // namespace event
