#pragma once

#include <event/detail/wait/completion_executor.hpp>
#include <event/detail/wait/initiate.hpp>
#include <event/detail/wait/object_or_context.hpp>
#include <event/detail/wait/operation.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

/// Operations that wait no longer than they are told to.

namespace event::detail {

/// A timer of a context, or an entry with the clock that a test moves instead.
class Timer;

/// Where the timers of an operation go: an executor of its context, and no strand, which may not outlive it.
struct TimerContext {
    boost::asio::any_io_executor executor;  // empty: that context is gone
    /// Null, or that context, where the operation runs elsewhere (by a GUI's executor): it may die beside it.
    IntrusivePtr<ContextRegistry> home = {};
};

/// Ends an operation as timed out when it passes, unless it is destroyed before. The timer is its own handler's: so it
/// goes with its context, which may die before the operation is thrown away. Compiled in the library: what Asio needs
/// for its timers takes long to compile.
class TimeLimit {
public:
    /// That never passes.
    TimeLimit() = default;
    TimeLimit(const TimerContext& context, std::chrono::steady_clock::duration limit);
    TimeLimit(TimeLimit&&) = default;
    TimeLimit& operator=(TimeLimit&&) = delete;
    ~TimeLimit();
    /// `then` is `timed_out`, or `pending`: the operation looks again.
    void start(ParkingSpot& spot, std::uint64_t ticket, Phase then = Phase::timed_out);
    /// Of one that was started.
    [[nodiscard]] bool has_passed() const noexcept;
    /// It is not needed any more, and its context may be dying on another thread, where timers go before what this
    /// library holds on to: leaves it to that context to cancel it, or to throw it away.
    void leave() noexcept;

private:
    std::shared_ptr<Timer> unused_;
    std::weak_ptr<Timer> running_;
};

/// An executor of that context below its strands; empty where only a context is known that has none.
template <class Executor>
[[nodiscard]] boost::asio::any_io_executor timer_executor(const Executor& executor) {
    if constexpr (std::same_as<Executor, boost::asio::any_io_executor>) {
        return below_strands(executor);
    } else if constexpr (requires { executor.get_inner_executor(); }) {
        return timer_executor(executor.get_inner_executor());
    } else if constexpr (!LegacyExecutor<Executor>) {
        return executor;
    } else if constexpr (requires { boost::asio::any_io_executor(executor.context().get_executor()); }) {
        return executor.context().get_executor();
    } else {
        return {};
    }
}

/// `on` is where the operation completes, which belongs to this core.
template <class On>
[[nodiscard]] TimerContext timers_of(const On& on, const Core& core) {
    if (on.runs_in_context())
        if (auto executor = timer_executor(on.in_context())) return {std::move(executor)};
    return {below_strands(core.executor()), core.registry()};
}

/// A source with a time limit.
template <class Source>
class TimeLimited : public Source {
public:
    template <class Spot, class... Args>
    TimeLimited(Spot& spot, TimeLimit&& limit, Args&&... args)
        : Source(spot, std::forward<Args>(args)...), limit_(std::move(limit)) {}
    void limit(ParkingSpot& spot, std::uint64_t ticket) { limit_.start(spot, ticket); }
    void leave_timers() noexcept { limit_.leave(); }

private:
    TimeLimit limit_;
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
        const auto timers = [&] {
            return timers_of(completion_executor<std::decay_t<Handler>>(handler, executor_), spot_->core());
        };
        TimeLimit limit = limit_ ? TimeLimit(timers(), *limit_) : TimeLimit();
        start_in<TimeLimited<Source>>(spot_.object(), std::forward<Handler>(handler), executor_, std::move(limit),
                                      std::forward<Args>(args)...);
    }

private:
    Executor executor_;
    ObjectOrContext<Spot> spot_;
    std::optional<std::chrono::steady_clock::duration> limit_;
};

/// So many ticks of the clock, rounded up; none if it cannot count that far. What is no number, or less than none, is
/// no time at all: who waits that long finds what is there already.
[[nodiscard]] std::optional<std::chrono::steady_clock::duration> time_limit_of(long double ticks) noexcept;

template <class Rep, class Period>
[[nodiscard]] std::optional<std::chrono::steady_clock::duration> time_limit(std::chrono::duration<Rep, Period> limit) {
    // counts all that one of Clock::rep does
    using Ticks = std::chrono::duration<long double, std::chrono::steady_clock::period>;
    return time_limit_of(Ticks(limit).count());
}

}  // namespace event::detail
