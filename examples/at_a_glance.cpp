/// The latest event of a type as a value, for those who come late or only look now and then; and everything on the bus
/// in one table.

#include <event/bus.hpp>
#include <event/fmt.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace asio = boost::asio;

struct ReachabilityChanged {
    static constexpr std::string_view event_name = "nat.ReachabilityChanged";
    bool is_public = false;
};
struct PeerConnected {
    static constexpr std::string_view event_name = "swarm.PeerConnected";
    std::string peer;
};

// [watch]
asio::awaitable<void> advertise(event::Watcher<ReachabilityChanged> reachability) {
    for (;;) {
        const auto result = co_await reachability.async_get(asio::as_tuple(asio::use_awaitable));
        const auto& [error, now] = result;
        if (error) break;  // event::errc::closed: the bus is gone
        fmt::print("advertiser: {}\n", now->is_public ? "come and find me" : "nobody can reach me");
    }
}
// [watch]

int main() {
    asio::io_context io;
    event::EventBus bus{io, {.measure_age = true, .name = "host"}};

    // [value]
    auto reachability = bus.value<ReachabilityChanged>();  // for who owns the state: to set is to emit
    asio::co_spawn(io, advertise(bus.watch<ReachabilityChanged>()), asio::detached);
    auto log = bus.subscribe<ReachabilityChanged, PeerConnected>({.name = "log"});  // every change, in order
    reachability.set({.is_public = false});
    reachability.set({.is_public = true});
    // [value]

    auto connected = bus.emitter<PeerConnected>({.name = "swarm"});
    auto slow = bus.subscribe<PeerConnected>({.capacity = 2, .on_full = event::Drop{}, .name = "somebody slow"});
    for (const char* peer : {"alice", "bob", "carol"}) connected.emit({peer});
    io.poll();

    // [report]
    const event::BusReport report = bus.report();
    fmt::print("{}\n", report);
    for (const event::SubscriptionStat& subscription : report.subscriptions)
        if (subscription.lost != 0) fmt::print("{} has lost {}\n", subscription.name, subscription.lost);
    // [report]

    log.close();
    slow.close();
    bus.close();
    io.run();
    return report.values.size() == 1 && report.values.front().version == 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
