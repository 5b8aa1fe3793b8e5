/// One state made of two, which nobody ever sees as it never was.

#include <event/combine.hpp>
#include <event/value.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <functional>
#include <string>
#include <tuple>

namespace asio = boost::asio;

struct Link {
    bool is_up = false;
    std::string address = {};
};
struct Config {
    bool is_public = false;
};

// [advertise]
asio::awaitable<void> advertise(event::ValueView<std::string> advertised) {
    auto watcher = advertised.watch(std::identity());  // only changes
    for (;;) {
        const auto result = co_await watcher.async_get(asio::as_tuple(asio::use_awaitable));
        const auto& [error, address] = result;
        if (error) break;  // event::errc::closed: both are gone
        fmt::print("advertiser: {}\n", address.empty() ? "nothing" : address);
    }
    fmt::print("advertiser: the end\n");
}
// [advertise]

int main() {
    asio::io_context io;
    int made = 0;
    {
        event::Value<Link> link{io};
        event::Value<Config> config{io};
        // [combine]
        auto advertised = event::combine(link.view(), config.view(), [&](const Link& now, const Config& wanted) {
            ++made;
            return now.is_up && wanted.is_public ? now.address : std::string();
        });
        // [combine]
        asio::co_spawn(io, advertise(advertised), asio::detached);
        io.poll();
        fmt::print("set: the link, and then the configuration\n");
        link.set({.is_up = true, .address = "192.0.2.1:4001"});
        config.set({.is_public = true});
        fmt::print("read: {}\n", *advertised.try_get().value());  // at once, by who looks
        io.poll();
        link.set({.is_up = true, .address = "192.0.2.1:4001"});  // equal: made anew, and not told
        io.poll();
        link.set({});
        link.set({.is_up = true, .address = "198.51.100.7:4001"});  // what was between is skipped
        io.poll();
    }
    io.poll();
    fmt::print("made {} times\n", made);
    return made == 3 ? 0 : 1;
}
