/// A display that is slow, and content with the newest of each peer: what it does not want, and what is overtaken,
/// never takes a place in its queue.

#include <event/bus.hpp>
#include <event/latest_by.hpp>
#include <event/where.hpp>

#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <optional>
#include <string>

namespace asio = boost::asio;

struct PingMeasured {
    std::string peer;
    int milliseconds = 0;
};
struct MembershipChanged {
    std::string peer;
    bool is_member = false;
};

int main() {
    asio::io_context io;
    event::EventBus bus{io};
    int shown = 0;

    // [where]
    const auto is_slow = [](const PingMeasured& ping) { return ping.milliseconds >= 100; };
    auto alarms = bus.subscribe<PingMeasured>({.name = "alarms"}, event::where(is_slow));
    // [where]

    // [latest_by]
    const auto peer_of = [](const auto& event) { return event.peer; };
    auto display = bus.subscribe<PingMeasured>(
        {.capacity = 2, .on_full = event::DropOldest{}, .name = "display"},
        [&](const PingMeasured& ping, const event::Meta& meta) {
            fmt::print("display: {} {} ms ({} older ones skipped)\n", ping.peer, ping.milliseconds, meta.missed);
            ++shown;
        },
        event::latest_by(peer_of));
    // [latest_by]

    // [merge]
    const auto merge = [](const MembershipChanged& queued, const MembershipChanged& newer) {
        return queued.is_member == newer.is_member ? std::optional(newer) : std::nullopt;  // came and went: never mind
    };
    auto members = bus.subscribe<MembershipChanged>({.name = "members"}, event::latest_by(peer_of, merge));
    // [merge]

    auto ping = bus.emitter<PingMeasured>();
    for (int i = 1; i <= 10; ++i) {
        ping.emit({"alice", 10 * i});
        ping.emit({"bob", 20 * i});
    }
    auto changed = bus.emitter<MembershipChanged>();
    changed.emit({"carol", true});
    changed.emit({"dave", true});
    changed.emit({"carol", false});  // before anybody has looked

    const std::size_t slow = alarms.stat().size;
    const auto joined = members.try_receive();
    fmt::print("{} slow pings; {} has joined\n", slow, (*joined)->peer);
    alarms.close();
    bus.close();
    io.run();
    return shown == 2 && slow == 7 && (*joined)->peer == "dave" && !members.try_receive() ? EXIT_SUCCESS : EXIT_FAILURE;
}
