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

    for (; seen < 4; ++seen) {
        // both queues hold events: one is taken, the other receive is cancelled and its event stays where it is
        const auto either =
            co_await (found.async_receive(asio::use_awaitable) || closed.async_receive(asio::use_awaitable));
        if (either.index() == 0) {
            fmt::print("dialer: {} was found\n", std::get<0>(either)->peer);
        } else {
            fmt::print("dialer: {} is gone\n", std::get<1>(either)->peer);
        }
    }

    // [timer]
    asio::steady_timer deadline(co_await asio::this_coro::executor, std::chrono::milliseconds(2));
    const auto last = co_await (found.async_receive(quietly) || deadline.async_wait(quietly));
    if (last.index() == 1) fmt::print("dialer: nobody else came before the deadline\n");
    // [timer]

    bus.close();
}

int main() {
    asio::io_context io;
    event::EventBus bus{io};
    auto peers = bus.emitter<PeerFound, ConnClosed>();
    auto discovery = bus.subscribe<PeersWanted>([&](const PeersWanted&) {
        for (const char* peer : {"alice", "bob", "carol"}) peers.emit<PeerFound>({.peer = peer});
        peers.emit<ConnClosed>({.peer = "bob"});
    });

    int seen = 0;
    asio::co_spawn(io, dialer(bus, seen), asio::detached);
    io.run();
    if (seen != 4) return 1;
}
