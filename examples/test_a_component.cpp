/// The test of a component, driven by hand: no thread, no sleep, no real time.

#include <event/testing.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace asio = boost::asio;
using namespace std::chrono_literals;

struct Ponged {
    int peer = 0;
};
struct PeerLost {
    int peer = 0;
    friend bool operator==(const PeerLost&, const PeerLost&) = default;
};

// [component]
/// Says that a peer is lost when it has not answered for a minute.
asio::awaitable<void> watch_peer(int peer, event::Subscription<Ponged> pongs, event::Emitter<PeerLost> lost) {
    for (;;) {
        const auto result = co_await pongs.async_receive_for(1min, asio::as_tuple(asio::use_awaitable));
        if (std::get<0>(result)) break;
    }
    lost.emit({.peer = peer});
}
// [component]

int main() {
    // [test]
    asio::io_context io;
    event::testing::ManualClock clock(io);  // before the bus: its time limits follow it
    event::EventBus bus{io};
    const event::testing::Recorder<PeerLost> lost(bus);  // everything that is emitted
    auto pong = bus.emitter<Ponged>();
    asio::co_spawn(io, watch_peer(7, bus.subscribe<Ponged>(), bus.emitter<PeerLost>()), asio::detached);

    event::testing::drive(io);  // what is ready, and no more
    clock.advance(59s);
    pong.emit({.peer = 7});
    event::testing::drive(io);
    clock.advance(59s);
    event::testing::drive(io);
    const bool is_patient = lost.empty();
    clock.advance(1s);
    event::testing::drive(io);
    const bool has_noticed = lost.events() == std::vector{PeerLost{.peer = 7}};
    // [test]
    fmt::print("patient: {}, noticed: {}\n", is_patient, has_noticed);
    return is_patient && has_noticed ? 0 : 1;
}
