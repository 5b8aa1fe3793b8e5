#include "heartbeat.hpp"

namespace host {

Heartbeat::Heartbeat(event::EventBus& bus, Tasks& tasks, std::chrono::milliseconds interval)
    : ticks_(bus.emitter<Tick>({.name = "heartbeat"})), stop_(bus.subscribe<StopRequested>({.name = "heartbeat"})) {
    tasks.spawn(asio::make_strand(bus.get_executor()), "heartbeat", beat(interval));
}

asio::awaitable<void> Heartbeat::beat(std::chrono::milliseconds interval) {
    for (;;) {
        const auto stopped = co_await stop_.async_receive_for(interval, quietly);
        if (std::get<0>(stopped) != asio::error::timed_out) break;
        ticks_.emit({.now = std::chrono::steady_clock::now()});
    }
}

}  // namespace host
