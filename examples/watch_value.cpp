/// A latest value and the coroutines that follow it: they see the newest state, nothing stale, and no log.

#include <event/value.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <optional>

namespace asio = boost::asio;

enum class Reachability { unknown, behind_nat, open_to_all };

const char* name(Reachability reachability) {
    switch (reachability) {
        case Reachability::unknown:
            return "unknown";
        case Reachability::behind_nat:
            return "behind a NAT";
        case Reachability::open_to_all:
            return "open to all";
    }
    return "?";
}

// [follow]
asio::awaitable<void> follow(event::Watcher<Reachability> watcher) {
    for (;;) {
        const auto result = co_await watcher.async_get(asio::as_tuple(asio::use_awaitable));
        const auto& [error, now] = result;
        if (error) break;  // event::errc::closed: the value is gone, and its last state was seen
        fmt::print("monitor: reachability is {} (version {})\n", name(*now), now.version());
    }
    fmt::print("monitor: the end\n");
}
// [follow]

bool is_public(Reachability reachability) { return reachability == Reachability::open_to_all; }

// [until]
asio::awaitable<void> advertise_when_public(event::Watcher<Reachability> watcher) {
    const auto now = co_await watcher.async_get_if(&is_public, asio::use_awaitable);
    fmt::print("advertiser: {}, let the others know\n", name(*now));
}
// [until]

int main() {
    asio::io_context io;
    // [value]
    auto reachability = std::make_optional<event::Value<Reachability>>(io, Reachability::unknown);
    asio::co_spawn(io, follow(reachability->watch()), asio::detached);
    asio::co_spawn(io, advertise_when_public(reachability->watch()), asio::detached);
    // [value]
    io.poll();

    reachability->set(Reachability::behind_nat);
    io.poll();
    reachability->set_if_changed(Reachability::behind_nat);  // nothing new: nobody is woken
    reachability->set(Reachability::unknown);                // overtaken before anybody looked
    reachability->update([](Reachability) { return Reachability::open_to_all; });
    io.poll();

    reachability.reset();  // its watchers end
    io.run();
}
