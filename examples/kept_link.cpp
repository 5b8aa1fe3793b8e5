/// A server that is started twice, and a client that stays: what it subscribed to outlives the links.

#include <event/bus.hpp>
#include <event/net/dialer.hpp>
#include <event/net/listener.hpp>
#include <event/net/supervisor.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace asio = boost::asio;
namespace net = event::net;
using asio::ip::tcp;

struct Height {
    static constexpr std::string_view event_name = "height";
    int blocks = 0;
};

/// One start of the server.
class Server {
public:
    Server(asio::io_context& io, tcp::acceptor acceptor, int blocks, std::function<void()> has_ended)
        : bus_{io},
          // [listener]
          listener_{bus_,
                    std::move(acceptor),
                    {.max_links = 100, .max_links_of_address = 10},
                    [](net::Remote& remote, const net::Peer& peer) -> std::optional<net::Reason> {
                        if (peer.address != "127.0.0.1") return net::Reason{.code = net::end_code::rejected};
                        remote.serve<Height>();
                        return std::nullopt;
                    }},
          // [listener]
          height_{bus_.value<Height>()} {
        height_.set({blocks});
        listener_.async_run([&io, has_ended = std::move(has_ended)](net::error_code) { asio::post(io, has_ended); });
    }
    void close() { listener_.close({.text = "I am started anew"}); }

private:
    event::EventBus bus_;
    net::Listener<tcp::acceptor> listener_;
    event::Value<Height> height_;
};

int main() {
    asio::io_context io;
    tcp::acceptor first{io, {asio::ip::address_v4::loopback(), 0}};
    const tcp::endpoint at = first.local_endpoint();
    std::unique_ptr<Server> server;
    const auto restart = [&] {
        server = std::make_unique<Server>(io, tcp::acceptor{io, at}, 7, [&] { server.reset(); });
    };
    server = std::make_unique<Server>(io, std::move(first), 1, restart);

    event::EventBus bus{io};
    // [supervisor]
    net::Supervisor supervisor{bus, net::TcpDialer{io, "127.0.0.1", std::to_string(at.port())}};
    auto heights = supervisor.subscribe<Height>([&](const Height& height, const event::Meta& meta) {
        fmt::print("{} blocks{}\n", height.blocks, meta.missed != 0 ? ", and nobody knows what was missed" : "");
        if (height.blocks == 7) supervisor.close();
        server->close();
    });
    supervisor.async_run([](net::error_code) {});
    // [supervisor]
    io.run();
    return supervisor.stat().links == 2 ? 0 : 1;
}
