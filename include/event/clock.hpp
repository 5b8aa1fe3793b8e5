#pragma once

/// The time that this library measures by.

#include <event/detail/requirements.hpp>

#include <event/detail/wait/context_clock.hpp>

#include <boost/asio/execution_context.hpp>

#include <chrono>

namespace event {

/// The clock of a context: the steady clock, or that which a test moves by hand (`event::testing::ManualClock`), if
/// there was one when this was made. For deadlines beside the time limits of operations (`async_receive_for`, …), which
/// follow the same clock. Threads: any. Cost: a read of the steady clock.
class Clock {
public:
    explicit Clock(boost::asio::execution_context& context) : clock_(context) {}
    [[nodiscard]] std::chrono::steady_clock::time_point now() const noexcept { return clock_.now(); }

private:
    const detail::ContextClock clock_;
};

}  // namespace event
