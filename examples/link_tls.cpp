/// A link over TLS, both of whose sides show a certificate: make_certificates makes relay.pem, alice.pem and ca.pem,
/// which it looks for in the current folder.

#include <event/bus.hpp>
#include <event/net/listener.hpp>
#include <event/net/supervisor.hpp>
#include <event/net/tls/acceptor.hpp>
#include <event/net/tls/dialer.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <fmt/format.h>

#include <exception>
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

int main() try {
    asio::io_context io;
    event::EventBus here{io}, there{io};
    auto height = here.value<Height>();
    height.set({7});
    tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
    const std::string port = std::to_string(acceptor.local_endpoint().port());

    // [listener]
    const net::TlsContext relay{{.certificate_chain = "relay.pem", .private_key = "relay.key", .trusted = "ca.pem"}};
    net::Listener listener{here,
                           net::TlsAcceptor{std::move(acceptor), relay},
                           {},
                           [](net::Remote& remote, const net::Peer& peer) -> std::optional<net::Reason> {
                               fmt::print("{} from {}\n", peer.certificate->subject, peer.address);
                               if (peer.certificate->subject != "CN=alice") return net::Reason{net::end_code::rejected};
                               remote.serve<Height>();
                               return std::nullopt;
                           }};
    // [listener]
    listener.async_run([](net::error_code) {});

    // [dialer]
    const net::TlsContext alice{{.certificate_chain = "alice.pem", .private_key = "alice.key", .trusted = "ca.pem"}};
    net::Supervisor supervisor{there, net::TlsDialer{io, alice, "localhost", port, {.expected_name = "relay.example"}}};
    // [dialer]
    auto heights = supervisor.subscribe<Height>([&](const Height& now) {
        fmt::print("{} blocks\n", now.blocks);
        supervisor.close();
        listener.close();
    });
    supervisor.async_run([](net::error_code) {});
    io.run();
    return 0;
} catch (const std::exception& error) {
    fmt::print("{}\n", error.what());  // event: TlsOptions::certificate_chain, the file 'relay.pem': No such file …
    return 1;
}
