/// A pipeline that loses nothing: a stage that is slow makes those before it wait, back to the source.

#include <event/bus.hpp>
#include <event/fmt.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <exception>
#include <string>
#include <tuple>

namespace asio = boost::asio;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

struct FrameReceived {
    std::string bytes;
};
struct MessageDecoded {
    int number = 0;
};

asio::awaitable<void> read(event::Emitter<FrameReceived> out) {
    for (int number = 1; number <= 1000; ++number)
        co_await out.async_emplace<FrameReceived>(quietly, std::to_string(number));
}

// [stage]
asio::awaitable<void> decode(event::Subscription<FrameReceived>& in, event::Emitter<MessageDecoded> out) {
    for (;;) {
        const auto received = co_await in.async_receive(quietly);
        const auto& [error, frame] = received;
        if (error) break;
        const MessageDecoded message{.number = std::stoi(frame->bytes)};
        co_await out.async_emit(message, quietly);  // goes on when the next stage has room
    }
}
// [stage]

asio::awaitable<void> store(event::Subscription<MessageDecoded>& in, int& stored) {
    for (;;) {
        const auto received = co_await in.async_receive(quietly);
        const auto& [error, message] = received;
        if (error) break;
        if (message->number == stored + 1) ++stored;  // all of them, in their order
    }
}

int main() {
    asio::io_context io;
    event::EventBus bus{io};
    int stored = 0;

    // [pipeline]
    auto frames = bus.subscribe<FrameReceived>({.capacity = 8, .on_full = event::Wait{}, .name = "decode"});
    auto messages = bus.subscribe<MessageDecoded>({.capacity = 2, .on_full = event::Wait{}, .name = "store"});

    // when a stage has ended, the next one takes what is queued for it, and ends, too
    asio::co_spawn(io, read(bus.emitter<FrameReceived>()), [&](std::exception_ptr) { frames.close_after_drain(); });
    asio::co_spawn(io, decode(frames, bus.emitter<MessageDecoded>()),
                   [&](std::exception_ptr) { messages.close_after_drain(); });
    asio::co_spawn(io, store(messages, stored), [&](std::exception_ptr) { bus.close(); });
    io.run();
    // [pipeline]
    fmt::print("{}\n{}\n", frames.stat(), messages.stat());
    if (stored != 1000) return 1;
}
