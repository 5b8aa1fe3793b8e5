/// A pipeline of three stages that ends without losing anything: no stage knows of the others, nor of the end.

#include <event/bus.hpp>

#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <fmt/format.h>

#include <chrono>

namespace asio = boost::asio;

struct FrameReceived {
    int number = 0;
};
struct MessageDecoded {
    int number = 0;
};
struct MessageStored {
    int number = 0;
};

int main() {
    asio::thread_pool threads{2};
    // [drain]
    event::EventBus bus{threads};
    const auto decoded = bus.emitter<MessageDecoded>();
    const auto stored = bus.emitter<MessageStored>();
    int count = 0;
    const auto decode = bus.subscribe<FrameReceived>(
        {.capacity = 1000}, [&](const FrameReceived& frame) { decoded.emit({.number = frame.number}); });
    const auto store = bus.subscribe<MessageDecoded>(
        {.capacity = 1000}, [&](const MessageDecoded& message) { stored.emit({.number = message.number}); });
    const auto report = bus.subscribe<MessageStored>({.capacity = 1000}, [&](const MessageStored&) { ++count; });
    {
        const auto received = bus.emitter<FrameReceived>();
        for (int i = 0; i < 500; ++i) received.emit({.number = i});
    }  // nothing comes from outside any more

    // until every queue is empty and no handler runs, but no longer than a second; then the bus is closed
    bus.async_drain(std::chrono::seconds(1), asio::use_future).get();
    // [drain]
    threads.join();
    fmt::print("{} of 500 were stored\n", count);
    return count == 500 ? 0 : 1;
}
