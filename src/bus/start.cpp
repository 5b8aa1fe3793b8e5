#include <event/bus.hpp>

namespace event {

void EventBus::start() {
    boost::system::error_code error;
    // what can fail comes first: a bus starts once
    const auto passing = emitter<BusStarted>({}, error);
    using Event = detail::Payload<BusStarted>;
    detail::IntrusivePtr<Event> event;
    if (!error) event = detail::IntrusivePtr<Event>::adopt(Event::create(core_->pool(passing.topic<BusStarted>())));
    const auto started = emitter<BusStarted>({.retain = true, .name = "bus"}, error);
    if (core_->start() && event && !error) static_cast<void>(started.topic<BusStarted>().emit_shared(*event.detach()));
}

}  // namespace event
