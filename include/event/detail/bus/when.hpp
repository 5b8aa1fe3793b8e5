#pragma once

#include <event/detail/bus/bus_core.hpp>
#include <event/detail/intrusive_ptr.hpp>
#include <event/detail/wait/object_or_context.hpp>
#include <event/detail/wait/operation.hpp>
#include <event/detail/wait/time_limit.hpp>
#include <event/detail/wait/watch.hpp>
#include <event/detail/wait/wrapped_handler.hpp>
#include <event/snapshot.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

/// Operations that wait for all of a bus.

namespace event::detail {

/// Looks; where it may not, in a filter, it is asked once more.
template <class Look>
[[nodiscard]] bool look_at(BusCore& core, Look&& look) {
    try {
        return look();
    } catch (...) {
        core.tell_progress();
        throw;
    }
}
struct IsIdle {
    IntrusivePtr<BusCore> core;
    [[nodiscard]] bool operator()(std::size_t) const {
        return look_at(*core, [this] { return core->is_idle(); });
    }
};
struct IsOver {
    IntrusivePtr<BusCore> core;
    [[nodiscard]] bool operator()(std::size_t) const {
        return look_at(*core, [this] { return core->is_over(); });
    }
};

/// Starts an operation that waits for the condition, which is looked at whenever something has become idle or ended.
template <class Condition>
class InitiateWhen {
    using Spot = WatchSpot<std::size_t>;
    using Source = WaitFor<Spot, Condition>;

public:
    using executor_type = boost::asio::any_io_executor;
    using Limit = std::optional<std::chrono::steady_clock::duration>;

    explicit InitiateWhen(IntrusivePtr<BusCore> core, Limit limit = {})
        : executor_(core->executor()), core_(std::move(core)), limit_(limit) {}

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

    template <class Handler>
    void operator()(Handler&& handler) const {
        ObjectOrContext<Spot> spot(core_->registry());
        if (const auto progress = core_->progress()) spot = ObjectOrContext<Spot>(Spot::create(progress->topic()));
        InitiateFor<Source, Spot, executor_type>(executor_, std::move(spot), limit_)(std::forward<Handler>(handler),
                                                                                     Condition{core_});
    }

private:
    executor_type executor_;
    IntrusivePtr<BusCore> core_;
    Limit limit_;
};

/// Closes the bus before the handler is called, unless the wait was cancelled; with the handler's associations.
template <class Handler>
struct DrainHandler {
    Handler handler;
    IntrusivePtr<BusCore> core;

    void operator()(boost::system::error_code error) {
        if (error != boost::asio::error::operation_aborted) core->close();
        core = {};
        std::move(handler)(error);
    }
};

class InitiateDrain {
public:
    using executor_type = boost::asio::any_io_executor;

    InitiateDrain(IntrusivePtr<BusCore> core, InitiateWhen<IsIdle>::Limit limit)
        : core_(std::move(core)), limit_(limit) {}

    [[nodiscard]] executor_type get_executor() const noexcept { return core_->executor(); }

    template <class Handler>
    void operator()(Handler&& handler) const {
        InitiateWhen<IsIdle>(core_, limit_)(DrainHandler<std::decay_t<Handler>>{std::forward<Handler>(handler), core_});
    }

private:
    IntrusivePtr<BusCore> core_;
    InitiateWhen<IsIdle>::Limit limit_;
};

}  // namespace event::detail

template <template <class, class> class Associator, class Handler, class Default>
struct boost::asio::associator<Associator, event::detail::DrainHandler<Handler>, Default>
    : event::detail::AssociatorOf<Associator, Handler, Default> {};
