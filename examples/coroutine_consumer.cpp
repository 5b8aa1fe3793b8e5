/// A coroutine that waits with a time limit, for one of two queues, and against a timer, and loses nothing.

#include <event/bus.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <tuple>
#include <variant>

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);  // a tuple that begins with the error; throws nothing

struct PeersWanted {};
struct PeerFound {
    std::string peer;
};
struct ConnClosed {
    std::string peer;
};

asio::awaitable<void> dialer(event::EventBus& bus, int& seen) {
    auto wanted = bus.emitter<PeersWanted>();
    auto found = bus.subscribe<PeerFound>();
    auto closed = bus.subscribe<ConnClosed>();

    // [limit]
    const auto first = co_await found.async_receive_for(std::chrono::milliseconds(2), quietly);
    if (std::get<0>(first) == asio::error::timed_out) {
        fmt::print("dialer: nobody was found in time, let us ask\n");
        wanted.emit({});
    }
    // [limit]

    // [either]
    while (seen < 4) {
        // both queues hold events: one is taken, the other receive is cancelled and its event stays where it is
        const auto either = co_await (found.async_receive(quietly) || closed.async_receive(quietly));
        if (const auto* received = std::get_if<0>(&either)) {
            const auto& [error, event] = *received;
            if (error) break;  // without as_tuple, || would wait on for a success of the other
            fmt::print("dialer: {} was found\n", event->peer);
        } else {
            const auto& [error, event] = std::get<1>(either);
            if (error) break;
            fmt::print("dialer: {} is gone\n", event->peer);
        }
        ++seen;
    }
    // [either]

    // [timer]
    asio::steady_timer deadline(co_await asio::this_coro::executor, std::chrono::milliseconds(2));
    const auto last = co_await (found.async_receive(quietly) || deadline.async_wait(quietly));
    if (last.index() == 1) fmt::print("dialer: nobody else came before the deadline\n");
    // [timer]

    bus.close();
    const auto after = co_await found.async_receive(quietly);
    fmt::print("dialer: the end ({})\n", std::get<0>(after).message());
}

int main() {
    asio::io_context io;
    event::EventBus bus{io};
    auto found = bus.emitter<PeerFound>();
    auto closed = bus.emitter<ConnClosed>();
    auto discovery = bus.subscribe<PeersWanted>({}, [&](const PeersWanted&) {
        for (const char* peer : {"alice", "bob", "carol"}) found.emit({.peer = peer});
        closed.emit({.peer = "bob"});
    });

    int seen = 0;
    asio::co_spawn(io, dialer(bus, seen), asio::detached);
    io.run();
    if (seen != 4) return 1;
}
