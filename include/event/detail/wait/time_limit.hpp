#pragma once

#include <event/detail/intrusive_ptr.hpp>
#include <event/detail/wait/parked_op.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

/// Operations that wait no longer than they are told to.

namespace event::detail {

/// A source with a time limit: when it passes, the operation ends as timed out. The timer belongs to the context of the
/// operation, and goes with it.
template <class Source, class Executor>
class TimeLimited : public Source {
    using Clock = std::chrono::steady_clock;

public:
    template <class Spot, class... Args>
    TimeLimited(Spot& spot, std::optional<Clock::duration> limit, const Executor& executor, Args&&... args)
        : Source(spot, std::forward<Args>(args)...) {
        if (limit) timer_.emplace(executor, *limit);
    }
    void limit(ParkingSpot& spot, std::uint64_t ticket) {
        if (timer_) timer_->async_wait(TimeOut(IntrusivePtr<ParkingSpot>(&spot), ticket));
    }

private:
    class TimeOut {
    public:
        TimeOut(IntrusivePtr<ParkingSpot> spot, std::uint64_t ticket) noexcept
            : spot_(std::move(spot)), ticket_(ticket) {}
        void operator()(const boost::system::error_code& error) const noexcept {
            if (!error) spot_->cancel(ticket_, Phase::timed_out);
        }

    private:
        IntrusivePtr<ParkingSpot> spot_;
        std::uint64_t ticket_;
    };

    std::optional<boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>> timer_;
};

/// Starts an operation with a time limit; without one if the clock cannot count that far.
template <class Source, class Spot, class Executor>
class InitiateFor {
public:
    using executor_type = Executor;

    InitiateFor(const Executor& executor, IntrusivePtr<Spot> spot,
                std::optional<std::chrono::steady_clock::duration> limit)
        : executor_(executor), spot_(std::move(spot)), limit_(limit) {}

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

    template <class Handler, class... Args>
    void operator()(Handler&& handler, Args&&... args) const {
        using HandlerExecutor = std::decay_t<boost::asio::associated_executor_t<std::decay_t<Handler>, Executor>>;
        const HandlerExecutor on = boost::asio::get_associated_executor(handler, executor_);
        Initiate<TimeLimited<Source, HandlerExecutor>, Spot, Executor> initiate(executor_, spot_);
        std::move(initiate)(std::forward<Handler>(handler), limit_, on, std::forward<Args>(args)...);
    }

private:
    Executor executor_;
    IntrusivePtr<Spot> spot_;
    std::optional<std::chrono::steady_clock::duration> limit_;
};

/// A duration as the clock counts it; none if the clock cannot count that far.
template <class Rep, class Period>
[[nodiscard]] std::optional<std::chrono::steady_clock::duration> time_limit(std::chrono::duration<Rep, Period> limit) {
    using Limit = std::chrono::steady_clock::duration;
    using Seconds = std::chrono::duration<double>;
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    if (Seconds(limit) >= Seconds(Limit::max()) - Seconds(now)) return std::nullopt;
    if (Seconds(limit) <= Seconds::zero()) return Limit::zero();
    return std::chrono::ceil<Limit>(limit);
}

}  // namespace event::detail
