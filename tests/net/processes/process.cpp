/// One side of a link, as a process that a test starts, stops and kills.
///
///     eventbus_net_process serve   ADDRESS LIFE [WAITS]   # says "listening ADDRESS", and emits until it is killed;
///                                                         # "links COUNT" whenever there is another number of them
///     eventbus_net_process consume ADDRESS 0 [WAITS]     # until the last event, then says how many came
///
/// An address is tcp:HOST:PORT, tls:HOST:PORT or unix:PATH; of TLS, the certificates are in the folder that
/// EVENTBUS_CERTIFICATES names. WAITS, in milliseconds, is how long the other side may be silent.

#include "net/processes/events.hpp"

#include <event/net/dialer.hpp>
#include <event/net/listener.hpp>
#include <event/net/supervisor.hpp>
#ifdef EVENTBUS_HAS_TLS
#include <event/net/tls/acceptor.hpp>
#include <event/net/tls/dialer.hpp>
#endif
#include <event/retain_by.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <unistd.h>
#include <utility>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::local::stream_protocol;
using boost::system::error_code;
using namespace processes;

void say(std::string_view what) {
    fmt::print("{}\n", what);
    std::fflush(stdout);
}
void fail(const std::string& what) { throw std::runtime_error(what); }

struct Address {
    explicit Address(std::string_view text) {
        const std::size_t colon = text.find(':');
        kind = text.substr(0, colon);
        if (colon == std::string_view::npos || (kind != "tcp" && kind != "tls" && kind != "unix"))
            throw std::invalid_argument("an address is tcp:HOST:PORT, tls:HOST:PORT or unix:PATH");
        where = text.substr(colon + 1);
        if (kind == "unix") return;
        const std::size_t last = where.rfind(':');
        if (last == std::string::npos) throw std::invalid_argument("an address of tcp or tls has a port");
        port = where.substr(last + 1);
        where.resize(last);
    }
    std::string kind, where, port;
};

event::net::LinkOptions options(const char* waits) {
    event::net::LinkOptions options;
    options.on_subscription_ended = [](const auto&) {};
    if (waits != nullptr) {
        const std::chrono::milliseconds time(std::stoi(waits));
        options.times.ping_interval = options.times.pong_timeout = options.times.close_timeout = time;
        options.times.write_timeout = std::chrono::hours(1);  // it is silence that ends the link
    }
    return options;
}

#ifdef EVENTBUS_HAS_TLS
event::net::TlsContext tls() {
    const char* const given = std::getenv("EVENTBUS_CERTIFICATES");
    if (given == nullptr) throw std::invalid_argument("EVENTBUS_CERTIFICATES names no folder");
    const std::string folder = given;
    return event::net::TlsContext({.certificate_chain = folder + "/certificate.pem",
                                   .private_key = folder + "/key.pem",
                                   .trusted = folder + "/authority.pem"});
}
#endif

/// What is served, and counts up every millisecond.
class Life {
public:
    Life(asio::io_context& io, std::uint64_t life) : life_(life), bus_(io), timer_(io) {
        level_.set({life_, 0});
        for (std::uint64_t room = 0; room < common_rooms; ++room) rooms_.emit({room, life_, 0});
        rooms_.emit({own_room(life_), life_, 0});
        go_on();
    }
    [[nodiscard]] event::EventBus& bus() { return bus_; }

    static std::optional<event::net::Reason> serve(event::net::Remote& remote, const event::net::Peer&) {
        remote.serve<Tick>({.capacity = 64});
        remote.serve<Level>();
        remote.serve<Room>({}, event::net::by_key(&Room::room));
        return std::nullopt;
    }

private:
    void go_on() {
        for (int i = 0; i < 3; ++i) ticks_.emit({.life = life_, .number = ++number_});
        level_.set({life_, number_});
        rooms_.emit({number_ % common_rooms, life_, number_});
        timer_.expires_after(std::chrono::milliseconds(1));
        timer_.async_wait([this](const error_code& error) {
            if (!error) go_on();
        });
    }

    const std::uint64_t life_;
    event::EventBus bus_;
    event::Emitter<Tick> ticks_ = bus_.emitter<Tick>();
    event::Value<Level> level_ = bus_.value<Level>();
    event::Emitter<Room> rooms_ = bus_.emitter<Room>({}, event::retain_by(&Room::room));
    asio::steady_timer timer_;
    std::uint64_t number_ = 0;
};

template <class Acceptor>
void serve(asio::io_context& io, Acceptor&& acceptor, const std::string& address, Life& life,
           const event::net::LinkOptions& link) {
    event::net::Listener listener(life.bus(), std::move(acceptor), {.link = link}, Life::serve);
    listener.async_run([](const error_code&) {});
    say("listening " + address);
    auto links = listener.links().watch();
    std::function<void(const error_code&, const event::Snapshot<std::size_t>&)> next = [&](const error_code& error,
                                                                                           const auto& count) {
        if (error) return;
        say(fmt::format("links {}", *count));
        links.async_get(next);
    };
    links.async_get(next);
    io.run();
}

/// What a server that was killed has left is replaced, and one that lives is not.
stream_protocol::acceptor local_acceptor(asio::io_context& io, const std::string& path) {
    stream_protocol::socket socket(io);
    error_code error;
    socket.connect(stream_protocol::endpoint(path), error);
    if (error == asio::error::connection_refused) ::unlink(path.c_str());
    return {io, stream_protocol::endpoint(path)};
}

void serve_at(const std::string& text, std::uint64_t number, const char* waits) {
    const Address address(text);
    asio::io_context io(1);
    Life life(io, number);
    if (address.kind == "unix") return serve(io, local_acceptor(io, address.where), text, life, options(waits));
    const tcp::endpoint endpoint(asio::ip::make_address(address.where),
                                 static_cast<asio::ip::port_type>(std::stoi(address.port)));
#ifdef EVENTBUS_HAS_TLS
    if (address.kind == "tls") {
        return serve(io, event::net::TlsAcceptor(tcp::acceptor(io, endpoint), tls()), text, life, options(waits));
    }
#endif
    serve(io, tcp::acceptor(io, endpoint), text, life, options(waits));
}

template <class Dialer>
void consume(asio::io_context& io, Dialer dialer, const event::net::LinkOptions& link) {
    event::EventBus bus(io, {.on_slow_subscriber = [](const auto&) {}});
    event::net::Supervisor supervisor(bus, std::move(dialer), {.link = link});
    event::net::Remote& remote = supervisor;
    const auto level = remote.watch<Level>();
    remote.mirror<Room>({}, event::retain_by(&Room::room));
    auto ticks = remote.subscribe<Tick>({.capacity = 1'000'000});  // what is lost is lost there
    std::uint64_t received = 0, missed = 0, last = 0;
    std::function<void(const error_code&, event::Delivery<Tick>)> next = [&](const error_code& error,
                                                                             const event::Delivery<Tick>& tick) {
        if (error) return fail("ended: " + error.message());
        if (++received == 1) {
            say("received the first");
        } else {
            missed += tick.missed();
            if (tick->number != last + 1 + tick.missed()) return fail(fmt::format("{} after {}", tick->number, last));
        }
        last = tick->number;
        if (!tick->is_last) return ticks.async_receive(next);
        say(fmt::format("received {} missed {}", received, missed));
        io.stop();
    };
    ticks.async_receive(next);
    supervisor.async_run([](const error_code&) {});
    io.run();
}

void consume_at(const std::string& text, std::uint64_t, const char* waits) {
    const Address address(text);
    asio::io_context io(1);
    if (address.kind == "unix") return consume(io, event::net::LocalDialer(io, address.where), options(waits));
#ifdef EVENTBUS_HAS_TLS
    if (address.kind == "tls")
        return consume(io, event::net::TlsDialer(io, tls(), address.where, address.port), options(waits));
#endif
    consume(io, event::net::TcpDialer(io, address.where, address.port), options(waits));
}

}  // namespace

int main(int argc, char** argv) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // whoever started it may be killed, too
    try {
        if (argc < 4) throw std::invalid_argument("serve|consume ADDRESS NUMBER [WAITS]");
        const std::string_view what = argv[1];
        const auto run = what == "serve" ? serve_at : consume_at;
        run(argv[2], std::stoull(argv[3]), argc > 4 ? argv[4] : nullptr);
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}: {}\n", argv[0], error.what());
        return 1;
    }
}
