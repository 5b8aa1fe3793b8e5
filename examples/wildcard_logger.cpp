/// A log of everything that happens on a bus, by a component that includes none of the events, and a second bus that
/// is told the same.

#include <event/any_event.hpp>
#include <event/bus.hpp>
#include <event/fields.hpp>
#include <event/fmt.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace asio = boost::asio;

struct PeerConnected {
    static constexpr std::string_view event_name = "swarm.PeerConnected";
    std::string peer = {};
};
// [fields]
template <>
struct fmt::formatter<PeerConnected> : event::FieldsFormatter<PeerConnected> {};
// [fields]

struct PingMeasured {
    static constexpr std::string_view event_name = "ping.PingMeasured";
    int microseconds = 0;
};

// [print]
template <>
struct fmt::formatter<PingMeasured> : fmt::formatter<std::string> {
    auto format(const PingMeasured& ping, fmt::format_context& context) const {
        return fmt::formatter<std::string>::format(fmt::format("{} us", ping.microseconds), context);
    }
};
// [print]

int main() {
    asio::io_context io;
    event::EventBus bus{io};
    event::EventBus mirror{io};
    auto connected = bus.emitter<PeerConnected>({.retain = true});
    connected.emit({"alice"});

    // [log]
    int lines = 0;
    auto log = bus.subscribe<event::AnyEvent>(
        {.capacity = 1024, .on_full = event::DropOldest{}, .name = "log", .replay_retained = true},
        [&](const event::AnyEvent& event, const event::Meta& meta) {
            fmt::print("{:3} {}: {}{}\n", meta.sequence, event.name(), event, meta.replayed ? " (from before)" : "");
            mirror.emit(event);  // as itself, and shared
            ++lines;
        });
    // [log]
    int mirrored = 0;
    auto pings = mirror.subscribe<PingMeasured>([&](const PingMeasured& ping) { mirrored = ping.microseconds; });

    bus.emitter<PingMeasured>().emit({250});  // a type that first appears now
    connected.emit({"bob"});

    log.async_closed([&](boost::system::error_code) { mirror.close(); });
    bus.close();  // what is queued is still logged, and mirrored
    io.run();
    return lines == 3 && mirrored == 250 ? 0 : 1;
}
