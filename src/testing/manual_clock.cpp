#include <event/detail/wait/manual_time.hpp>
#include <event/testing.hpp>

namespace event::testing {

ManualClock::ManualClock(boost::asio::execution_context& context) : time_(detail::ManualTime::install(context)) {}
ManualClock::~ManualClock() { time_->remove(); }

std::chrono::steady_clock::time_point ManualClock::now() const noexcept { return time_->now(); }
std::optional<std::chrono::steady_clock::time_point> ManualClock::next_limit() const { return time_->next(); }
void ManualClock::advance(std::chrono::steady_clock::duration by) { time_->advance(by); }

}  // namespace event::testing
