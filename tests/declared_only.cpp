#include "declared_only.hpp"

#include <string>

namespace declared_only {

struct Behaviour {};
struct Found : Behaviour {
    using event_interfaces = event::Interfaces<Behaviour>;
    std::string what = {};
};

Component::Component(event::EventBus& bus)
    : emitter_(bus.emitter<Found>()),
      emitter_of_two_(bus.emitter<Found, int>()),
      subscription_(bus.subscribe<Found, int>()),
      behaving_(bus.subscribe<event::Implements<Behaviour>>()),
      value_(bus.value<Found>()),
      view_(value_.view()),
      watcher_(bus.watch<Found>()) {}

bool Component::works() {
    emitter_.emplace();
    return subscription_.try_receive() && behaving_.try_receive() && value_.try_get() && view_.try_get() &&
           watcher_.try_get();
}

}  // namespace declared_only
