/// Two processes and a link between them. (So that this is one program, each is a thread with a bus of its own here.)

#include <event/bus.hpp>
#include <event/net/link.hpp>
#include <event/retain_by.hpp>
#include <event/where_key.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <thread>

namespace asio = boost::asio;
namespace net = event::net;

// [types]
struct Said {
    static constexpr std::string_view event_name = "said";  // both sides call it so
    std::string room, text;
};
struct Member {
    static constexpr std::string_view event_name = "member";
    std::string peer, room;
};
struct Load {
    static constexpr std::string_view event_name = "load";
    int percent = 0;
};
// [types]
bool has_gone(const Member& member) { return member.room.empty(); }

int main() {
    asio::io_context host_io, guest_io;
    event::EventBus host{host_io}, guest{guest_io};
    asio::local::stream_protocol::socket host_end{host_io}, guest_end{guest_io};
    asio::local::connect_pair(host_end, guest_end);
    const auto said = host.emitter<Said>();
    // [serve]
    const auto members = host.emitter<Member>(event::retain_by(&Member::peer, has_gone));
    auto load = host.value<Load>();

    net::Link out{host, std::move(host_end)};
    out.serve<Said>({.capacity = 100}, net::by_key(&Said::room));
    out.serve<Member>({}, net::by_key(&Member::peer, has_gone));
    out.serve<Load>();
    out.async_run([&](net::error_code) {
        fmt::print("host: {}\n", to_string(*out.stat().reason));  // ended by the remote: closed (I have seen all)
        host.close();
    });
    // [serve]
    members.emit({.peer = "alice", .room = "lobby"});
    load.set({.percent = 40});
    const auto talk = host.subscriber_count<Said>().watch([&](std::size_t listeners) {
        for (const char* room : {"cellar", "lobby"})
            if (listeners != 0) said.emit({.room = room, .text = "good night"});
    });
    int seen = 0;
    net::Link in{guest, std::move(guest_end)};
    const auto show = [&](const std::string& what, const std::string& where) {
        fmt::print("guest: {} in the {}\n", what, where);
        if (++seen == 3) in.close({.text = "I have seen all"});
    };
    // [guest]
    auto heard = in.subscribe<Said>(event::where_key(&Said::room, "lobby"),  // what is said elsewhere is not sent
                                    [&](const Said& one) { show(one.text, one.room); });
    auto shown = in.watch<Load>().watch([&](const Load& now) { show(std::to_string(now.percent) + " %", "host"); });
    in.mirror<Member>({.name = "host"}, event::retain_by(&Member::peer));  // and it is here as if it were set here
    auto met = guest.subscribe<Member>([&](const Member& member) { show(member.peer, member.room); });
    in.async_run([&](net::error_code) { guest.close(); });
    // [guest]
    std::thread other{[&] { host_io.run(); }};
    guest_io.run();
    other.join();
    return seen == 3 ? 0 : 1;
}
