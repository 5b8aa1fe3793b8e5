/// Listening to what several event types have in common, whoever emits them.

#include <event/bus.hpp>
#include <event/interface.hpp>

#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

#include <string>

namespace asio = boost::asio;

// [behaviour]
struct PeerFound {
    std::string peer = {};
};
// [behaviour]

// [events]
struct MdnsAnswered : PeerFound {
    using event_interfaces = event::Interfaces<PeerFound>;
    std::string interface = {};
};
struct RandomWalkEnded : PeerFound {
    using event_interfaces = event::Interfaces<PeerFound>;
    int hops = 0;
};
// [events]

int main() {
    asio::io_context io;
    event::EventBus bus{io};

    // [dialer]
    int dialed = 0;
    auto found = bus.subscribe<event::Implements<PeerFound>>({.name = "dialer"}, [&](const PeerFound& found_one) {
        fmt::print("dialer: there is {}\n", found_one.peer);
        ++dialed;
    });
    // [dialer]
    auto walks = bus.subscribe<RandomWalkEnded>({.name = "routing table"}, [](const RandomWalkEnded& walk) {
        fmt::print("routing table: {} after {} hops\n", walk.peer, walk.hops);
    });

    // types that the dialer has never heard of; the second one appears only now
    bus.emitter<MdnsAnswered>().emit({{"alice"}, "eth0"});
    bus.emitter<RandomWalkEnded>().emit({{"bob"}, 4});

    bus.close();
    io.run();
    return dialed == 2 ? 0 : 1;
}
