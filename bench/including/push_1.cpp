#include <event/bus.hpp>

#include <boost/asio/io_context.hpp>

#include <cstdio>

// For bench/compile_time: one event type with its handler, `USE(0)`, or as many as `TYPES(USE)` says.

#if !defined(TYPES)
#define TYPES(use) use(0)
#endif

#define DECLARE(n)     \
    struct Number##n { \
        int value;     \
    };
TYPES(DECLARE)

int main() {
    boost::asio::io_context io;
    event::EventBus bus(io);
#define USE(n)                                                                                          \
    auto emitter##n = bus.emitter<Number##n>();                                                         \
    auto subscription##n =                                                                              \
        bus.subscribe<Number##n>({}, [](const Number##n& number) { std::printf("%d", number.value); }); \
    emitter##n.emit({1});
    TYPES(USE)
    io.run();
}
