/// Everybody registers first, in any order; then the bus starts, and who would wait in vain is told so.

#include <event/bus.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <string>
#include <tuple>

namespace asio = boost::asio;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

struct PeerIdentified {
    std::string peer;
};
struct RelayFound {
    std::string peer;
};

// [book]
asio::awaitable<void> address_book(event::EventBus& bus, int& identified) {
    auto peers = bus.subscribe<PeerIdentified>({.require_emitters = true});
    const auto ready = co_await peers.async_ready(quietly);
    fmt::print("address book: {}\n", std::get<0>(ready).message());
    for (;;) {
        const auto received = co_await peers.async_receive(quietly);
        if (std::get<0>(received)) break;
        ++identified;
    }
}
// [book]

// [relay]
asio::awaitable<void> relay_client(event::EventBus& bus, int& missing) {
    auto relays = bus.subscribe<PeerIdentified, RelayFound>({.require_emitters = true});
    const auto ready = co_await relays.async_ready(quietly);
    if (std::get<0>(ready) == event::errc::no_emitters)  // and the subscription is closed
        for (const std::string& type : relays.missing_emitters()) {
            fmt::print("relay client: nobody emits {}, so I do without\n", type);
            ++missing;
        }
}
// [relay]

int main() {
    asio::io_context io;
    event::EventBus bus{io};
    int identified = 0;
    int missing = 0;
    asio::co_spawn(io, address_book(bus, identified), asio::detached);
    asio::co_spawn(io, relay_client(bus, missing), asio::detached);
    io.poll();  // both have subscribed before there is anybody to emit, and wait

    // [start]
    auto identify = bus.emitter<PeerIdentified>({.name = "identify"});
    bus.start();  // nothing blocks: what it found is told to who waits for it
    // [start]
    io.poll();

    // [late]
    bool has_started = false;
    auto late = bus.subscribe<event::BusStarted>(
        {}, [&](const event::BusStarted&, const event::Meta& meta) { has_started = meta.replayed; });
    // [late]
    identify.emit({.peer = "alice"});
    bus.close();
    io.run();
    fmt::print("the latecomer {} that the bus has started\n", has_started ? "knows" : "does not know");
    if (identified != 1 || missing != 1 || !has_started) return 1;
}
