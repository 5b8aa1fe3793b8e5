#pragma once

#include <event/detail/wait/context_clock.hpp>

#include <chrono>

namespace event::detail {

/// How long a queue may be full before its subscription is killed, which is looked at when an event comes, without a
/// timer; or before an emit does not wait for it any more. Under the domain's lock.
class FullLimit {
public:
    FullLimit(std::chrono::nanoseconds limit, const ContextClock& clock) noexcept : limit_(limit), clock_(clock) {}

    void note_full() noexcept { full_since_ = clock_.now(); }
    [[nodiscard]] bool is_over() const noexcept { return clock_.now() - full_since_ >= limit_; }

    [[nodiscard]] Moment now() const noexcept { return clock_.now(); }
    /// The end of a wait that began then.
    [[nodiscard]] Moment end_of(Moment begin) const noexcept {
        return limit_ < Moment::max() - begin ? begin + limit_ : Moment::max();
    }

private:
    const std::chrono::nanoseconds limit_;
    const ContextClock& clock_;
    Moment full_since_;
};

}  // namespace event::detail
