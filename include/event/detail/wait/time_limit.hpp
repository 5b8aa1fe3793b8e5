#pragma once

#include <event/detail/wait/completion_executor.hpp>
#include <event/detail/wait/object_or_context.hpp>
#include <event/detail/wait/operation.hpp>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/recycling_allocator.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

/// Operations that wait no longer than they are told to.

namespace event::detail {

/// A source with a time limit: when it passes, the operation ends as timed out. The timer is its own handler's: so it
/// goes with its context, which may die before the operation is thrown away.
template <class Source, class Executor>
class TimeLimited : public Source {
    using Clock = std::chrono::steady_clock;
    using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;

public:
    template <class Spot, class... Args>
    TimeLimited(Spot& spot, std::optional<Clock::duration> limit, const Executor& executor, Args&&... args)
        : Source(spot, std::forward<Args>(args)...) {
        if (limit) unused_ = std::allocate_shared<Timer>(boost::asio::recycling_allocator<Timer>(), executor, *limit);
    }
    TimeLimited(TimeLimited&&) = default;
    TimeLimited& operator=(TimeLimited&&) = delete;
    ~TimeLimited() {
        if (const auto timer = running_.lock()) timer->cancel();
    }
    void limit(ParkingSpot& spot, std::uint64_t ticket) {
        if (!unused_) return;
        running_ = unused_;
        Timer& timer = *unused_;
        timer.async_wait(TimeOut{EndPending(spot, ticket), std::move(unused_)});
    }

private:
    struct TimeOut {
        EndPending end;
        std::shared_ptr<Timer> timer;
        void operator()(const boost::system::error_code& error) noexcept { end(error); }
    };

    std::shared_ptr<Timer> unused_;
    std::weak_ptr<Timer> running_;
};

/// Starts an operation with a time limit; without one if the clock cannot count that far.
template <class Source, class Spot, class Executor>
class InitiateFor {
public:
    using executor_type = Executor;

    InitiateFor(const Executor& executor, ObjectOrContext<Spot> spot,
                std::optional<std::chrono::steady_clock::duration> limit)
        : executor_(executor), spot_(std::move(spot)), limit_(limit) {}

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

    template <class Handler, class... Args>
    void operator()(Handler&& handler, Args&&... args) const {
        if (!accepts_operations(spot_))
            return refuse<typename Source::Values>(spot_, std::forward<Handler>(handler), executor_);
        const auto on = completion_executor<std::decay_t<Handler>>(handler, executor_).in_context();
        start_in<TimeLimited<Source, std::decay_t<decltype(on)>>>(spot_.object(), std::forward<Handler>(handler),
                                                                  executor_, limit_, on, std::forward<Args>(args)...);
    }

private:
    Executor executor_;
    ObjectOrContext<Spot> spot_;
    std::optional<std::chrono::steady_clock::duration> limit_;
};

/// A duration as the clock counts it, rounded up; none if the clock cannot count that far. What is no number, or less
/// than none, is no time at all: who waits that long finds what is there already.
template <class Rep, class Period>
[[nodiscard]] std::optional<std::chrono::steady_clock::duration> time_limit(std::chrono::duration<Rep, Period> limit) {
    using Clock = std::chrono::steady_clock;
    using Ticks = std::chrono::duration<long double, Clock::period>;  // counts all that one of Clock::rep does
    const long double ticks = std::ceil(Ticks(limit).count());
    if (!(ticks > 0)) return Clock::duration::zero();
    if (ticks >= Ticks(Clock::time_point::max() - Clock::now()).count()) return std::nullopt;
    return Clock::duration(static_cast<Clock::rep>(ticks));
}

}  // namespace event::detail
