#pragma once

#include <event/detail/wait/completion_executor.hpp>
#include <event/detail/wait/initiate.hpp>
#include <event/detail/wait/object_or_context.hpp>
#include <event/detail/wait/operation.hpp>
#include <event/detail/wait/time_limit.hpp>
#include <event/detail/wait/watch.hpp>
#include <event/error.hpp>
#include <event/snapshot.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

/// Waiting until a value does not change any more.

namespace event::detail {

/// Waits until no newer value has come for some time. None counts as seen before.
template <class Spot>
class GetSettled : public WaitNewer<Spot> {
    using Whole = Snapshot<typename Spot::Event>;

public:
    using Values = std::tuple<boost::system::error_code, typename Spot::Got>;
    using Quiet = std::optional<std::chrono::steady_clock::duration>;  // none: for ever
    static constexpr bool can_look = false;

    GetSettled(Spot& spot, TimerContext timers, Quiet quiet)
        : WaitNewer<Spot>(spot), timers_(std::move(timers)), quiet_(quiet) {}

    [[nodiscard]] bool ready() const noexcept {
        return spot().is_behind() && (spot().newest_version() != noticed_ || has_settled());
    }
    [[nodiscard]] bool idle() const noexcept {
        const auto found = spot().look_and_whether_last();
        if (found.look != Look::readable) return found.look == Look::empty;
        return !found.is_last && !ready();
    }
    void limit(ParkingSpot&, std::uint64_t ticket) noexcept {
        ticket_ = ticket;
        spot().forget_noticed();
    }
    void leave_timers() noexcept {
        if (alarm_) alarm_->leave();
    }
    [[nodiscard]] Taken take(Values& values) {
        Whole newest;
        const auto found = spot().look_at(newest);
        if (found.look == Look::ended) std::get<0>(values) = errc::closed;
        if (found.look == Look::empty) forget();
        if (found.look != Look::readable) return found.look == Look::ended ? Taken::values : Taken::nothing;

        auto got = spot().project_or_pass(newest);
        if (spot().is_known_or_pass(got, newest.version())) {  // it has changed, and is again what it was
            forget();
            return spot().see(newest.version()) ? Taken::nothing : Taken::more;
        }
        if (!found.is_last) {
            if (newest.version() != noticed_) notice(newest.version(), got);
            if (!has_settled()) return Taken::nothing;
        }
        if (!spot().see(newest.version())) return Taken::more;
        static_cast<void>(spot().is_news(got));
        std::get<1>(values) = std::move(got);
        return Taken::values;
    }

private:
    [[nodiscard]] Spot& spot() const noexcept { return *this->spot_; }
    [[nodiscard]] bool has_settled() const noexcept { return alarm_ && alarm_->has_passed(); }
    void notice(std::uint64_t version, const typename Spot::Got& got) {
        if (spot().notice_or_pass(got, version) || !alarm_) {
            alarm_.reset();
            if (quiet_) {
                TimeLimit alarm(timers_, *quiet_);
                alarm.start(spot(), ticket_, Phase::pending);
                alarm_.emplace(std::move(alarm));
            }
        }
        noticed_ = version;
    }
    void forget() noexcept {
        spot().forget_noticed();
        alarm_.reset();
        noticed_ = 0;
    }

    TimerContext timers_;
    Quiet quiet_;
    std::optional<TimeLimit> alarm_;
    std::uint64_t ticket_ = 0;
    std::uint64_t noticed_ = 0;  // the version, since whose change the alarm runs
};

/// Starts an operation that waits until it has been quiet for so long.
template <class Spot, class Executor>
class InitiateSettled {
public:
    using executor_type = Executor;
    using Source = GetSettled<Spot>;

    InitiateSettled(const Executor& executor, ObjectOrContext<Spot> spot, typename Source::Quiet quiet)
        : executor_(executor), spot_(std::move(spot)), quiet_(quiet) {}

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

    template <class Handler>
    void operator()(Handler&& handler) const {
        if (!accepts_operations(spot_))
            return refuse<typename Source::Values>(spot_, std::forward<Handler>(handler), executor_);
        auto timers = timers_of(completion_executor<std::decay_t<Handler>>(handler, executor_), spot_->core());
        start_in<Source>(spot_.object(), std::forward<Handler>(handler), executor_, std::move(timers), quiet_);
    }

private:
    Executor executor_;
    ObjectOrContext<Spot> spot_;
    typename Source::Quiet quiet_;
};

}  // namespace event::detail
