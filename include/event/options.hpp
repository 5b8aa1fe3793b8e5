#pragma once

/// What can be chosen when a bus, an emitter or a subscription is made. All are aggregates for designated
/// initialisers: `bus.subscribe<Connected>({.capacity = 16, .on_full = event::Drop{}})`.

#include <event/detail/requirements.hpp>

#include <event/backpressure.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

namespace event {

struct BusOptions {
    /// Count the events that nobody heard in `TopicStat::emitted`, too. Costs an emit without subscribers its
    /// shortcut.
    bool count_unheard = false;
    /// Note when each queue was last empty, for `SubscriptionStat::age` and `slow_after`. Costs a look at the clock for
    /// each event that is queued.
    bool measure_age = false;
    /// Say of each event when it was emitted (`Meta::emitted_at`), and of each subscription how long its events took to
    /// their receiver and in its handler (`SubscriptionStat::latency`, `handler_time`). Costs a look at the clock for
    /// each emit and two for each event that is received, 16 bytes for each place of a queue, and 5 KiB for each
    /// subscription.
    bool stamp = false;
    /// Only with `measure_age`: `on_slow_subscriber` is also called, with `SlowSubscriber::age`, when a queue has not
    /// been empty for that long; once until it is empty again. Noticed when the next event comes, without any timer.
    std::chrono::nanoseconds slow_after = std::chrono::seconds(1);
    /// Called once for each episode of a subscription that loses events under `Notify` without a callback (or under
    /// `Wait`, by a plain emit), with the rules of `Notify::callback`; never twice at once, whatever the subscription:
    /// who finds it running leaves the word to the thread that runs it. By default a line on stderr names the
    /// subscription the first time, and then at each doubling of the number of its episodes; that it cannot be written
    /// is nobody's error.
    /// Under `slow_after`, also for a queue that has not been empty for so long.
    std::function<void(const SlowSubscriber&)> on_slow_subscriber = {};
    /// Memory of events that are gone, kept for the next ones of the same type as long as the type is used: at most so
    /// many bytes for each. A burst beyond it costs allocations, and goes back.
    std::size_t pooled_bytes = 256 * 1024;
    /// For reports.
    std::string name = {};
};

struct EmitterOptions {
    /// The topic keeps its last event, and a new subscriber's queue holds it before `subscribe` returns. A property of
    /// the topic, set by the first who asks, for every emit from then on.
    bool retain = false;
    /// With `retain`: the last so many events instead, at least 1. As `retain` a property of the topic, set by the
    /// first who asks for more than 1; another number later is `std::invalid_argument`. (See also `retain_by`.)
    std::size_t retain_last = 1;
    /// The only emitter of its types as long as it is open: another one, there already or asking later, is
    /// `errc::emitter_exists` for whoever comes second.
    bool exclusive = false;
    /// For reports; of the component, say.
    std::string name = {};
};

struct SubscriptionOptions {
    /// Of the queue, in events; at least 1. Retained events that are replayed at the start do not count. A queue of
    /// usual size gets its memory with its first event; while there is none, events are lost as if it were full.
    std::size_t capacity = 64;
    Backpressure on_full = Notify{};
    /// Empty: the file and line of the `subscribe` call, made unique.
    std::string name = {};
    /// How many runs of its handler may go on at once, each with an event of its own; at least 1. All runs call the
    /// same handler, at the same time where its executor has several threads, so what it uses must bear that; one that
    /// is bound to a strand stays on it, and other coroutines have a strand for each run. The events are taken in
    /// order, and dealt with in any. More than 1 is for a handler, without `once`: else `std::invalid_argument`
    /// (several who receive share a subscription: `share()`). Cost of more than 1: taking an event takes a lock.
    std::size_t concurrency = 1;
    /// When the bus starts, each type must have an emitter; otherwise `async_ready` says so and the subscription is
    /// closed.
    bool require_emitters = false;
    /// Of `AnyEvent` only: begin with the retained events of all types, in their order. Others always do.
    bool replay_retained = false;
};

}  // namespace event
