/// Who comes late sees every connection that is open, and then what changes.

#include <event/bus.hpp>
#include <event/retain_by.hpp>

#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>

namespace asio = boost::asio;

struct ConnectionChanged {
    std::uint64_t id = 0;
    std::string peer;
    std::string state;
    [[nodiscard]] bool is_closed() const { return state == "closed"; }
};

int main() {
    asio::io_context io;
    event::EventBus bus{io};

    // [retain]
    // of each connection the newest event, until one says that it is closed
    auto swarm = bus.emitter<ConnectionChanged>(
        {.name = "swarm"}, event::retain_by(&ConnectionChanged::id, &ConnectionChanged::is_closed, {.keys = 10'000}));
    swarm.emit({.id = 1, .peer = "alice", .state = "dialing"});
    swarm.emit({.id = 2, .peer = "bob", .state = "open"});
    swarm.emit({.id = 1, .peer = "alice", .state = "open"});
    swarm.emit({.id = 3, .peer = "carol", .state = "open"});
    swarm.emit({.id = 2, .peer = "bob", .state = "closed"});

    std::set<std::uint64_t> open;
    auto dashboard = bus.subscribe<ConnectionChanged>([&](const ConnectionChanged& event, const event::Meta& meta) {
        fmt::print("{} {} is {}\n", meta.replayed ? "found:" : "news: ", event.peer, event.state);
        if (event.is_closed()) {
            open.erase(event.id);
        } else {
            open.insert(event.id);
        }
    });
    swarm.emit({.id = 3, .peer = "carol", .state = "closed"});
    bus.close();
    io.run();  // found: alice is open, found: carol is open, news: carol is closed
    // [retain]

    return open == std::set<std::uint64_t>{1} ? EXIT_SUCCESS : EXIT_FAILURE;
}
