#pragma once

#include <event/detail/queue/durations.hpp>
#include <event/detail/wait/context_clock.hpp>
#include <event/detail/wait/handling.hpp>

namespace event::detail {

/// Of a queue whose events are stamped: how long they took to their receiver, and how long its handler has them.
class Timings {
public:
    explicit Timings(const ContextClock& clock) noexcept : clock_(clock) {}

    /// The receiver is here to take the next event: its handler, if it has run, is done with the one before. When that
    /// was.
    Moment come(Handling& handling) noexcept {
        const Moment now = clock_.now();
        leave(handling, now);
        return now;
    }
    /// It has taken an event.
    void take(Handling& handling, Moment emitted_at, bool is_replayed, Moment now) noexcept {
        if (!is_replayed) latency_.add(now - emitted_at);  // a retained one is older than the subscription
        if (handling.runs()) handling.began_at = now;
    }
    /// The handler does not run any more.
    void leave(Handling& handling) noexcept {
        if (handling.began_at != Moment()) leave(handling, clock_.now());
    }

    [[nodiscard]] DurationStat latency() const noexcept { return latency_.stat(); }
    [[nodiscard]] DurationStat handler_time() const noexcept { return handler_time_.stat(); }

private:
    void leave(Handling& handling, Moment now) noexcept {
        if (handling.began_at == Moment()) return;  // and nobody writes: several may receive
        handler_time_.add(now - std::exchange(handling.began_at, Moment()));
    }

    const ContextClock& clock_;
    Durations latency_;
    Durations handler_time_;
};

}  // namespace event::detail
