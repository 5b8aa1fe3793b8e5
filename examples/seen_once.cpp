/// A fault that was seen once, and then as often as one likes: what passed a bus is recorded, and replayed to the
/// component alone.

#include <event/bus.hpp>
#include <event/recording.hpp>
#include <event/testing.hpp>

#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

struct PeerSeen {
    std::string peer;
};
struct PeerLost {
    std::string peer;
};

/// Counts the peers that are there. Its fault: a peer that is seen twice is counted twice.
class PeerCount {
public:
    explicit PeerCount(event::EventBus& bus)
        : subscription_(bus.subscribe<PeerSeen, PeerLost>([this](const PeerSeen&) { ++count_; },
                                                          [this](const PeerLost&) { --count_; })) {}
    [[nodiscard]] int count() const { return count_; }

private:
    int count_ = 0;
    event::Connection subscription_;
};

int main() {
    // [record]
    asio::io_context io;
    event::EventBus bus{io};
    event::Recording recording{bus, {.most = 10'000}};  // everything that passes, whatever its type

    auto swarm = bus.emitter<PeerSeen, PeerLost>({.name = "swarm"});
    swarm.emit(PeerSeen{"alice"});
    swarm.emit(PeerSeen{"alice"});  // by another address
    swarm.emit(PeerLost{"alice"});
    recording.stop();
    for (const event::Recorded& recorded : recording.events())
        fmt::print("{}: {}\n", recorded.meta.sequence, recorded.event.name());
    // [record]

    // [replay]
    // in a test: the component alone, on a bus of its own, by a clock that stands between the events
    asio::io_context test_io;
    event::testing::ManualClock clock{test_io};
    event::EventBus test_bus{test_io};
    const PeerCount peers{test_bus};
    event::testing::replay(recording, test_bus, test_io, clock);
    fmt::print("{} peers, and it should be none\n", peers.count());  // each time
    // [replay]

    return peers.count() == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
