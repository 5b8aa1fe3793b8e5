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
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

struct PeerSeen {
    std::string peer;
};
struct PeerLost {
    std::string peer;
};

struct PeersCounted {
    int count = 0;
};

/// Counts the peers that are there, and says so. Its fault: a peer that is seen twice is counted twice.
class PeerCount {
public:
    explicit PeerCount(event::EventBus& bus)
        : counted_(bus.emitter<PeersCounted>()),
          subscription_(bus.subscribe<PeerSeen, PeerLost>([this](const PeerSeen&) { tell(++count_); },
                                                          [this](const PeerLost&) { tell(--count_); })) {}

private:
    void tell(int count) { counted_.emit({count}); }

    int count_ = 0;
    event::Emitter<PeersCounted> counted_;
    event::Connection subscription_;
};

int main() {
    // [record]
    asio::io_context io;
    event::EventBus bus{io};
    event::Recording recording{bus, {.most = 10'000}};  // everything that passes, whatever its type
    const PeerCount peers{bus};

    auto swarm = bus.emitter<PeerSeen, PeerLost>({.name = "swarm"});
    swarm.emit(PeerSeen{"alice"});
    swarm.emit(PeerSeen{"alice"});  // by another address
    swarm.emit(PeerLost{"alice"});
    io.poll();
    recording.stop();
    for (const event::Recorded& recorded : recording.events())
        fmt::print("{}: {}\n", recorded.meta.sequence, recorded.event.name());
    // [record]

    // [again]
    auto events = recording.events();
    std::erase_if(events, [](const event::Recorded& one) { return one.event.get_if<PeersCounted>() != nullptr; });
    // [again]

    // [replay]
    // in a test: the component alone, on a bus of its own, by a clock that stands between the events
    asio::io_context test_io;
    event::testing::ManualClock clock{test_io};
    event::EventBus test_bus{test_io};
    const PeerCount tested{test_bus};
    event::testing::Recorder<PeersCounted> counted{test_bus};
    event::testing::replay(events, test_bus, test_io, clock);
    const int last = counted.take().back().count;
    fmt::print("{} peers, and it should be none\n", last);  // each time
    // [replay]

    return last == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
