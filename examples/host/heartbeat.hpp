#pragma once

/// Says what time it is.

#include "events.hpp"
#include "tasks.hpp"

#include <event/bus.hpp>

#include <chrono>

namespace host {

/// Emits a `Tick` for each interval, until somebody asks the host to stop.
class Heartbeat {
public:
    Heartbeat(event::EventBus& bus, Tasks& tasks, std::chrono::milliseconds interval);

private:
    [[nodiscard]] asio::awaitable<void> beat(std::chrono::milliseconds interval);

    event::Emitter<Tick> ticks_;
    event::Subscription<StopRequested> stop_;
};

}  // namespace host
