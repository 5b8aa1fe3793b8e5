#pragma once

/// Figures about topics and subscriptions. All are copies of a moment; reading them disturbs nobody.

#include <event/detail/requirements.hpp>

#include <event/backpressure.hpp>
#include <event/meta.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace event {

struct TopicStat {
    std::size_t emitters = 0;
    /// Without those of `AnyEvent`, which `EmitResult::subscribers` counts, too; with those that chose other keys,
    /// which that does not count.
    std::size_t subscribers = 0;
    bool retained = false;            ///< the topic keeps its last event for new subscribers
    std::uint64_t emitted = 0;        ///< events that found a subscriber or were retained; all, under `count_unheard`
    std::uint64_t last_sequence = 0;  ///< `sequence()` of the last of them
    bool replayable = false;          ///< there is such an event now: `forget` drops it
    std::uint64_t refused = 0;        ///< events of one key more than it retains (`retain_by`), which nobody got
    std::size_t replays = 0;  ///< events that a new subscriber gets first: several under `retain_by`, `retain_last`
    /// Events that some subscriber will never see because of an emit of this type: `EmitResult::lost()` of all of them.
    std::uint64_t lost = 0;
    std::uint64_t killed = 0;  ///< subscriptions that events of this type have killed: `EmitResult::killed` of them
};

/// How long something took, each time. The percentiles are rounded up by at most an eighth.
struct DurationStat {
    std::uint64_t count = 0;  ///< of times
    std::chrono::nanoseconds sum{0};
    std::chrono::nanoseconds p50{0};
    std::chrono::nanoseconds p90{0};
    std::chrono::nanoseconds p99{0};
    std::chrono::nanoseconds max{0};
};

struct SubscriptionStat {
    std::string name;
    std::vector<std::string> types;  ///< labels, in the order of the template arguments
    std::size_t size = 0;            ///< events queued now
    std::size_t capacity = 0;        ///< under `Latest`, the number of types
    std::size_t high_water = 0;      ///< most events ever queued at once
    std::uint64_t delivered = 0;     ///< events taken by the receiver
    std::uint64_t lost = 0;  ///< events lost to this subscription, refused, displaced and replaced ones together
    std::uint64_t gap = 0;   ///< those of them that were lost since the last event was queued
    Policy policy = Policy::notify;
    std::string where = {};  ///< file and line of the `subscribe` call
    bool killed = false;     ///< by its policy, with an event that is in no other figure; it still has a handle
    bool waiting = false;    ///< a receive, or the push handler, waits for the next event
    /// Since the queue was last empty, where `BusOptions::measure_age` asks for it and something is queued.
    std::optional<std::chrono::nanoseconds> age = std::nullopt;
    std::uint64_t rejected = 0;   ///< events that its filter did not want, or that a merge left nothing of
    std::uint64_t discarded = 0;  ///< events that were still queued when it was closed or killed
    std::size_t receivers = 1;    ///< handles that share it, or runs of its handler that may go on at once
    /// Under `BusOptions::stamp`: from the emit of an event until its receiver has taken it, for which it has its turn
    /// at the receiver's executor; without retained events that were replayed, and without what an `async_emit` has
    /// waited for room.
    std::optional<DurationStat> latency = std::nullopt;
    /// The same for the time in its handler, if it has one; of a coroutine until it has ended, of one that takes
    /// further events itself until it does.
    std::optional<DurationStat> handler_time = std::nullopt;
    /// Those that it chose (`where_key`), as they print: of each type that has any; none if it chose by no key.
    std::vector<std::string> keys = {};
    std::size_t emits_waiting = 0;  ///< each `async_emit` that waits for room here, under `Wait`
};

/// A topic with its name and its emitters.
struct TopicReport : TopicStat {
    std::string name;
    std::vector<std::string> emitter_names;  ///< of all emitters, in the order of their registration; empty if unnamed
};

/// An open emitter, or a handle of a latest value of the bus, which counts as one.
struct EmitterReport {
    EmitterId id = 0;  ///< `Emitter::id()`, and `emitter()` of its deliveries
    std::string name;  ///< as in `EmitterOptions`
    std::vector<std::string> types;
};

/// A topic that is seen as a latest value: it has handles (`EventBus::value`) or watchers.
struct ValueReport {
    std::string name;
    std::size_t handles = 0;
    std::uint64_t version = 0;  ///< 0: unset
    std::size_t watchers = 0;
    std::size_t behind = 0;  ///< watchers that have not seen the newest value
};

/// A whole bus at one moment; each topic and each subscription is read by itself, so events may pass in between.
/// `fmt::format("{}", report)` (`event/fmt.hpp`) is a table of at most 100 columns.
struct BusReport {
    std::string name;
    std::vector<TopicReport> topics;              ///< by name
    std::vector<SubscriptionStat> subscriptions;  ///< in the order of their registration
    std::vector<ValueReport> values;              ///< by name
    std::vector<EmitterReport> emitters;          ///< in the order of their registration
    // Sums over all subscriptions there ever were, those that are gone included. Each event that was offered to one is
    // in one of them, or still queued; an event that was replaced is lost, and what a merge left nothing of is
    // rejected.
    std::uint64_t delivered = 0;
    std::uint64_t lost = 0;
    std::uint64_t rejected = 0;
    std::uint64_t discarded = 0;
    std::uint64_t killed = 0;  ///< events that killed a subscription
};

/// "p50 1.2us, p90 3us, p99 12ms, max 1.5s"
[[nodiscard]] std::string to_string(const DurationStat& stat);

/// The table, without a newline at its end.
[[nodiscard]] std::string to_string(const BusReport& report);

}  // namespace event
