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

#include <chrono>
#include <optional>
#include <string>

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

struct Config {
    int level = 0;
    std::string name = {};
};

// [settled]
asio::awaitable<void> save(event::Watcher<Config> watcher) {
    const auto config = co_await watcher.async_get_settled(std::chrono::milliseconds(2), asio::use_awaitable);
    fmt::print("saver: {} has level {}, and changes no more\n", config->name, config->level);
}
// [settled]

void configure(asio::io_context& io) {
    event::Value<Config> config{io, Config{.level = 1, .name = "host"}};
    // [handlers]
    auto show = config.watch([](const Config& now) { fmt::print("shown: {} at {}\n", now.name, now.level); });
    auto levels = config.watch(&Config::level, [](int level) { fmt::print("log: level {}\n", level); });
    // [handlers]
    asio::co_spawn(io, save(config.watch()), asio::detached);
    io.poll();
    config.set({.level = 1, .name = "guest"});  // no other level
    io.poll();
    config.set({.level = 2, .name = "guest"});
    show.close();
    io.restart();
    io.run_for(std::chrono::milliseconds(20));
}

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

    io.restart();
    configure(io);
}
