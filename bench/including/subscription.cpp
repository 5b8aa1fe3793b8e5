#include <event/bus.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdio>

// For bench/compile_time: one subscription in a coroutine.

namespace asio = boost::asio;

struct Number {
    int value;
};

asio::awaitable<void> print_all(event::Subscription<Number> numbers) {
    for (;;) {
        auto delivery = co_await numbers.async_receive(asio::use_awaitable);
        std::printf("%d\n", delivery->value);
    }
}

int main() {
    asio::io_context io;
    event::EventBus bus(io);
    auto emitter = bus.emitter<Number>();
    asio::co_spawn(io, print_all(bus.subscribe<Number>()), asio::detached);
    emitter.emit({1});
    io.run();
}
