/// Two components that know each other only through the bus: a swarm that emits, and whoever cares.

#include <event/bus.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <string>

namespace asio = boost::asio;

// [events]
struct PeerConnected {
    std::string peer;
};
struct PeerDisconnected {
    std::string peer;
    std::string reason;
};
// [events]

// [push]
struct LogPeers {
    void operator()(const PeerConnected& event) const { fmt::print("log: {} is here\n", event.peer); }
    void operator()(const PeerDisconnected& event) const { fmt::print("log: {} left: {}\n", event.peer, event.reason); }
};
// [push]

// [pull]
asio::awaitable<void> count_peers(event::Subscription<PeerConnected, PeerDisconnected> peers) {
    int connected = 0;
    for (;;) {
        const auto result = co_await peers.async_receive(asio::as_tuple(asio::use_awaitable));
        const auto& [error, delivery] = result;
        if (error) break;  // event::errc::closed: the bus is gone, and all events were delivered
        connected += delivery.index() == 0 ? 1 : -1;
        fmt::print("count: {} connected\n", connected);
    }
    fmt::print("count: the end\n");
}
// [pull]

int main() {
    // [main]
    asio::io_context io;
    event::EventBus bus{io};

    // one queue for both types: their events come in the order in which they were emitted
    auto log = bus.subscribe<PeerConnected, PeerDisconnected>(LogPeers{});
    asio::co_spawn(io, count_peers(bus.subscribe<PeerConnected, PeerDisconnected>()), asio::detached);

    auto connected = bus.emitter<PeerConnected>();
    auto disconnected = bus.emitter<PeerDisconnected>();
    connected.emit({.peer = "alice"});
    connected.emit({.peer = "bob"});
    disconnected.emit({.peer = "alice", .reason = "time out"});

    bus.close();  // what is queued is still delivered
    io.run();
    // [main]
}
