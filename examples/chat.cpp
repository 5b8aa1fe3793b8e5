/// A chat of processes: `chat alice 4001`, `chat bob 4002 4001`, `chat carol 4003 4001 4002` in three terminals (name,
/// port, ports of others). Without arguments these three talk in one process, each on a bus of its own.

#include <event/bus.hpp>
#include <event/net/dialer.hpp>
#include <event/net/listener.hpp>
#include <event/net/messenger.hpp>

#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

#include <future>
#include <iostream>
#include <random>

namespace net = event::net;
using boost::asio::ip::tcp, net::PeerConnected, net::PeerDisconnected, net::PeerId;
const auto loopback = boost::asio::ip::address_v4::loopback();

struct Said {
    static constexpr std::string_view event_name = "said";
    std::string who, text;
};

struct Chat {
    Chat(boost::asio::io_context& io, std::string its_name, int at = 0)
        : name{std::move(its_name)}, bus{io}, acceptor{io, {loopback, static_cast<std::uint16_t>(at)}} {
        listener.async_run([](net::error_code) {});
        messenger.dial_by([&io](const PeerId& peer) { return net::TcpDialer{io, "127.0.0.1", peer}; },
                          {.supervisor = {.link = link}, .idle = std::chrono::hours{24}});
    }
    void show(const std::string& line) { fmt::print("{}: {}\n", name, line), ++lines; }
    void leave() { messenger.close(), listener.close(), bus.close(); }
    static inline int lines = 0;
    std::string name;
    event::EventBus bus;
    // [talk]
    event::Subscription<PeerConnected, PeerDisconnected> peers = bus.subscribe<PeerConnected, PeerDisconnected>(
        [this](const PeerConnected& one) { show(one.peer + " has come"); },
        [this](const PeerDisconnected& one) { show(one.peer + " has gone"); });
    net::Messenger<Said> messenger{bus};
    net::Handling said = messenger.on<Said>(
        [this](const PeerId& peer, const Said& one) { show(one.who + " at " + peer + ": " + one.text); });
    void greet(int other) { messenger.send(std::to_string(other), Said{name, "I am here"}); }  // dials
    void say(const std::string& text) { messenger.broadcast(Said{name, text}); }  // to all that there is a link to
    // [talk]
    tcp::acceptor acceptor;
    std::uint16_t port = acceptor.local_endpoint().port();
    // [attach]
    // A peer is called by the port where it listens, which it says in its epoch (another one after each start). That is
    // its own word, as `Said::who` is, and believed. A proof would be a certificate: `event::net_tls`.
    net::LinkOptions link{.epoch = std::uint64_t{std::random_device{}()} << 16 | port};
    net::Listener<tcp::acceptor> listener{
        bus, std::move(acceptor), {.link = link}, [this](net::Remote& remote, const net::Peer& peer) {
            messenger.attach(remote, std::to_string(peer.hello.epoch & 0xffff), net::Dialed::there);
            return std::optional<net::Reason>();
        }};
    // [attach]
};

int main(int argc, char** argv) {
    boost::asio::io_context io;
    if (argc > 2) {
        Chat chat{io, argv[1], std::stoi(argv[2])};
        for (int i = 3; i < argc; ++i) chat.greet(std::stoi(argv[i]));
        const auto network = std::async(std::launch::async, [&] { io.run(); });
        for (std::string line; std::getline(std::cin, line);) chat.say(line);
        return chat.leave(), 0;
    }
    Chat alice{io, "alice"}, bob{io, "bob"}, carol{io, "carol"};
    const auto until = [&](int lines) {
        while (Chat::lines < lines) io.run_one();
    };
    bob.greet(alice.port), carol.greet(alice.port), carol.greet(bob.port), until(9);
    alice.say("hello, both"), until(11);
    carol.leave(), until(13);
    alice.leave(), bob.leave(), io.run();
    return Chat::lines == 13 ? 0 : 1;
}
