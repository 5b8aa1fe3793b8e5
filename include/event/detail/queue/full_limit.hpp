#pragma once

#include <event/detail/wait/context_clock.hpp>

#include <chrono>

namespace event::detail {

/// How long a queue may be full before its subscription is killed. It is looked at when an event comes, without a
/// timer. Under the domain's lock.
class FullLimit {
public:
    FullLimit(std::chrono::nanoseconds limit, const ContextClock& clock) noexcept : limit_(limit), clock_(clock) {}

    void note_full() noexcept { full_since_ = clock_.now(); }
    [[nodiscard]] bool is_over() const noexcept { return clock_.now() - full_since_ >= limit_; }

private:
    const std::chrono::nanoseconds limit_;
    const ContextClock& clock_;
    Moment full_since_;
};

}  // namespace event::detail
