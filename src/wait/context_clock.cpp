#include <event/detail/wait/context_clock.hpp>
#include <event/detail/wait/manual_time.hpp>

namespace event::detail {

ContextClock::ContextClock(boost::asio::execution_context& context) : manual_(ManualTime::of(context)) {}

Moment ContextClock::now() const noexcept { return manual_ ? manual_->now() : Moment::clock::now(); }

}  // namespace event::detail
