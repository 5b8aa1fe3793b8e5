#pragma once

#include <event/bus.hpp>

/// A component whose header only declares what it deals with.
namespace declared_only {

struct Found;
struct Behaviour;

class Component {
public:
    explicit Component(event::EventBus& bus);
    Component(Component&&) = default;
    Component& operator=(Component&&) = default;

    /// Emits; whether all that it holds have seen it.
    bool works();

private:
    event::Emitter<Found> emitter_;
    event::Emitter<Found, int> emitter_of_two_;
    event::Subscription<Found, int> subscription_;
    event::Subscription<event::Implements<Behaviour>> behaving_;
    event::Value<Found> value_;
    event::ValueView<Found> view_;
    event::Watcher<Found> watcher_;
};

}  // namespace declared_only
