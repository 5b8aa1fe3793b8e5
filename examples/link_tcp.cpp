/// `link_tcp serve PORT` on one machine, `link_tcp watch HOST PORT` on others; without arguments both, in one process.

#include <event/bus.hpp>
#include <event/net/link.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace asio = boost::asio;
using asio::ip::tcp, event::net::Link, std::chrono_literals::operator""s;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

struct Arrived {
    static constexpr std::string_view event_name = "arrived";
    std::string from;
};

// [serve]
asio::awaitable<void> serve(event::EventBus& bus, tcp::socket socket) {
    bus.emitter<Arrived>({.retain = true}).emit({.from = socket.remote_endpoint().address().to_string()});
    Link link{bus, std::move(socket), {.consumes = false, .name = "server"}};
    link.serve<Arrived>({.capacity = 100, .on_full = event::DropOldest{}});
    co_await link.async_run(quietly);
    fmt::print("server: {}\n", to_string(*link.stat().reason));
}
// [serve]
asio::awaitable<void> accept(event::EventBus& bus, tcp::acceptor& acceptor) {
    for (;;) {
        auto accepted = co_await acceptor.async_accept(quietly);
        if (std::get<0>(accepted)) co_return;
        asio::co_spawn(acceptor.get_executor(), serve(bus, std::get<1>(std::move(accepted))), asio::detached);
    }
}
// [watch]
asio::awaitable<void> watch(event::EventBus& bus, tcp::socket socket, int most, int& seen) {
    Link link{bus, std::move(socket), {.serves = false, .times = {.pong_timeout = 5s}, .name = "watcher"}};
    link.import <Arrived>();  // what the server emits is emitted on this bus, too
    auto log = bus.subscribe<Arrived>([&](const Arrived& event, const event::Meta& meta) {
        fmt::print("watcher: {} has come ({} missed before)\n", event.from, meta.missed);
        if (++seen == most) link.close({.text = "that is enough"});
    });
    co_await link.async_run(quietly);  // no error if either side closed it
    fmt::print("watcher: {}\n", to_string(*link.stat().reason));
}
// [watch]
int main(int argc, char** argv) {
    const std::vector<std::string> words(argv, argv + argc);
    const bool serves = argc != 4, watches = argc != 3;
    asio::io_context io;
    event::EventBus here{io}, there{io};
    const std::string host = !serves ? words[2] : !watches ? "0.0.0.0" : "127.0.0.1";
    tcp::endpoint endpoint = *tcp::resolver{io}.resolve(tcp::v4(), host, argc == 1 ? "0" : words.back()).begin();
    tcp::acceptor acceptor{io};
    if (serves) {
        acceptor = {io, endpoint};
        endpoint = acceptor.local_endpoint();
        asio::co_spawn(io, accept(here, acceptor), asio::detached);
    }
    int seen = 0;
    if (watches) {
        tcp::socket socket{io};
        socket.connect(endpoint);
        const auto end = [&](std::exception_ptr) { acceptor.close(); };
        asio::co_spawn(io, watch(there, std::move(socket), serves ? 1 : -1, seen), end);
    }
    io.run();
    return watches && seen == 0 ? 1 : 0;
}
