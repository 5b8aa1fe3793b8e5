#pragma once

#include <event/bus.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>

#include <chrono>
#include <utility>

namespace event::net::detail {

/// One wait for a time to pass, by the clock that this library measures by: a receive, with a limit, of what nobody
/// emits. On an executor on which nothing overlaps.
class Alarm {
public:
    Alarm(const boost::asio::any_io_executor& executor, std::string name)
        : bus_(executor, {.name = std::move(name)}), events_(bus_.subscribe<Never>({.capacity = 1})) {}

    /// Calls `f` with whether the time has passed; otherwise it was cancelled, or closed. One at a time.
    template <class F>
    void wait(std::chrono::steady_clock::duration time, F&& f) {
        auto done = [f = std::forward<F>(f)](const boost::system::error_code& error, const auto&) mutable {
            f(error == boost::asio::error::timed_out);
        };
        events_.async_receive_for(time, boost::asio::bind_executor(bus_.get_executor(), std::move(done)));
    }
    void cancel() noexcept { events_.cancel(); }
    void close() noexcept { events_.close(); }

private:
    struct Never {};

    EventBus bus_;
    Subscription<Never> events_;
};

}  // namespace event::net::detail
