#pragma once

/// What passed a bus, kept in memory, and emitted again on another: so that what was seen once happens each time.

#include <event/detail/requirements.hpp>

#include <event/any_event.hpp>
#include <event/bus.hpp>
#include <event/detail/wait/context_clock.hpp>
#include <event/emit_result.hpp>
#include <event/meta.hpp>
#include <event/subscription.hpp>
#include <event/where.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#pragma push_macro("emit")  // Qt has one
#undef emit

namespace event {

/// An event as it passed.
struct Recorded {
    AnyEvent event;
    /// Its place in the bus's order, whose it is (`BusReport::emitters` knows the name while that is open), whether it
    /// was retained from before the recording; and when it was emitted, also where the bus does not stamp: by the clock
    /// of its context.
    Meta meta;
};

namespace detail {

inline boost::asio::awaitable<EmitResult> replay_at_intervals(std::vector<Recorded> events, EventBus& bus) {
    EmitResult all;
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    const auto begun_at = std::chrono::steady_clock::now();
    std::optional<std::chrono::steady_clock::time_point> first;
    for (const Recorded& recorded : events) {
        if (!recorded.meta.replayed) {
            if (!first) first = recorded.meta.emitted_at;
            timer.expires_at(begun_at + (recorded.meta.emitted_at - *first));
            co_await timer.async_wait(boost::asio::use_awaitable);
        }
        all += bus.emit(recorded.event);
        if (all.error != errc{}) break;
    }
    co_return all;
}

}  // namespace detail

struct RecordingOptions {
    /// How many events are kept; of more, the oldest go, what was retained before it among the first (and are destroyed
    /// by the bus's executor, 64 at a time).
    std::size_t most = 100'000;
};

/// Keeps every event that passes a bus, of whatever type, from the retained ones on: its type, its place in the order,
/// whose it is, when, and the event itself, shared with those who receive it. It is kept on the emitting thread before
/// the emit returns, so that nothing has to be driven. `event::replay` emits it again.
///
/// To the bus it is a subscriber that rejects everything: nothing counts as delivered to it. While it exists all types
/// of the bus share a lock, and each event is built in its shared form: for tests, and for a while where a fault is
/// looked for.
///
/// Ownership: move-only; outlives its bus, and keeps what it recorded after `stop`. Stop or destroy it before the
/// context of its bus goes, if others may still emit then.
/// Threads: any function from any thread, but for moving and destroying it. Errors: as `EventBus::subscribe`; where
/// there is no memory for one event more, its emit throws `std::bad_alloc` after all others were served.
class Recording {
public:
    explicit Recording(EventBus& bus, RecordingOptions options = {})
        : log_(std::make_shared<Log>(bus, options)),
          subscription_(bus.subscribe<AnyEvent>(
              {.capacity = 1, .on_full = Drop{}, .name = "recording", .replay_retained = true},
              where([log = log_](const AnyEvent& event, const Meta& meta) { return log->keep(event, meta); }))) {}

    /// No further event is recorded, and the bus knows nothing of it any more. Idempotent.
    void stop() noexcept { subscription_.close(); }

    /// A copy of what is kept now, in its order.
    [[nodiscard]] std::vector<Recorded> events() const {
        const std::lock_guard guard(log_->mutex);
        return {log_->events.begin(), log_->events.end()};
    }
    [[nodiscard]] std::size_t size() const {
        const std::lock_guard guard(log_->mutex);
        return log_->events.size();
    }
    [[nodiscard]] bool empty() const { return size() == 0; }
    /// How many have gone because there was no room for them.
    [[nodiscard]] std::uint64_t forgotten() const {
        const std::lock_guard guard(log_->mutex);
        return log_->forgotten;
    }

private:
    struct Log {
        Log(EventBus& bus, RecordingOptions options)
            : executor(bus.get_executor()),
              clock(boost::asio::query(bus.get_executor(), boost::asio::execution::context)),
              most(options.most) {}

        bool keep(const AnyEvent& event, const Meta& meta) {
            const std::lock_guard guard(mutex);
            Recorded& newest = events.emplace_back(event, meta);
            if (meta.emitted_at == std::chrono::steady_clock::time_point()) newest.meta.emitted_at = clock.now();
            if (events.size() > most) forget_oldest();
            return false;
        }
        /// Events are destroyed under no lock of a bus, and this is a filter: so where the bus's handlers run, many at
        /// a time.
        void forget_oldest() {
            gone.push_back(std::move(events.front().event));
            events.pop_front();
            ++forgotten;
            if (gone.size() == most_gone) boost::asio::post(executor, [gone = std::exchange(gone, {})] {});
        }

        static constexpr std::size_t most_gone = 64;
        const boost::asio::any_io_executor executor;
        const detail::ContextClock clock;
        const std::size_t most;
        mutable std::mutex mutex;
        // guarded by mutex
        std::deque<Recorded> events;
        std::vector<AnyEvent> gone;
        std::uint64_t forgotten = 0;
    };

    std::shared_ptr<Log> log_;
    Subscription<AnyEvent> subscription_;
};

/// Emits on this bus what was recorded, in its order, each event as itself and shared: what was retained before the
/// recording first, without a pause. Between two others `pass(interval)` lets so much time pass, in nanoseconds, as
/// there was. The other bus gives the events places, emitters and moments of its own; it retains what an emitter there
/// was made to retain.
///
/// It is everything that passed, also what a component emitted that is to be tried again, and now emits it itself.
/// Leave that out: erase it from `recording.events()`, by its type or by `meta.emitter`, and replay what is left.
///
/// The result is the sum of those of all emits; it ends at the first error, which that has: `errc::closed`, or
/// `errc::emitter_exists` where somebody there emits a type exclusively.
template <class Pass>
EmitResult replay(std::span<const Recorded> events, EventBus& bus, Pass&& pass) {
    static_assert(std::invocable<Pass&, std::chrono::nanoseconds>,
                  "event: replay takes what lets an interval pass: a function of std::chrono::nanoseconds");
    EmitResult all;
    std::optional<std::chrono::steady_clock::time_point> before;
    for (const Recorded& recorded : events) {
        const auto at = recorded.meta.emitted_at;
        if (!recorded.meta.replayed) {
            if (before) pass(std::chrono::nanoseconds(std::max(at, *before) - *before));
            before = before ? std::max(at, *before) : at;
        }
        all += bus.emit(recorded.event);
        if (all.error != errc{}) break;
    }
    return all;
}
template <class Pass>
EmitResult replay(const Recording& recording, EventBus& bus, Pass&& pass) {
    return replay(std::span<const Recorded>(recording.events()), bus, std::forward<Pass>(pass));
}
/// The same at once: without any pause.
inline EmitResult replay(std::span<const Recorded> events, EventBus& bus) {
    return replay(events, bus, [](std::chrono::nanoseconds) {});
}
inline EmitResult replay(const Recording& recording, EventBus& bus) { return replay(recording.events(), bus); }
/// The same at the intervals of the recording, in real time: a coroutine; the recording may go meanwhile, the bus must
/// not. A cancellation ends it between two events, with `boost::asio::error::operation_aborted` as an exception.
[[nodiscard]] inline boost::asio::awaitable<EmitResult> replay_at_intervals(std::vector<Recorded> events,
                                                                            EventBus& bus) {
    return detail::replay_at_intervals(std::move(events), bus);
}
[[nodiscard]] inline boost::asio::awaitable<EmitResult> replay_at_intervals(const Recording& recording, EventBus& bus) {
    return detail::replay_at_intervals(recording.events(), bus);
}

}  // namespace event

#pragma pop_macro("emit")
