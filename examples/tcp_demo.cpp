/// A small TCP program whose components learn of each other's doings only through the bus: a listener with its
/// sessions, dialing peers that come and go, a counter, a deliberately slow auditor, and a monitor that follows the
/// latest state.
///
///     tcp_demo [PORT]        PORT 0, the default: any free one. Ctrl-C ends it at once.

#include <event/all.hpp>

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

struct PeerConnected {
    int id;
};
struct PeerDisconnected {
    int id;
};
struct LineReceived {
    int from;
    std::string text;
};
enum class Phase { listening, draining };
struct HostState {
    Phase phase = Phase::listening;
    int connections = 0;
    int sessions = 0;
};

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

void log(std::string_view who, const std::string& what) {
    static const auto start = std::chrono::steady_clock::now();
    const std::chrono::duration<double> now = std::chrono::steady_clock::now() - start;
    fmt::print("{:6.3f}  {:<9}{}\n", now.count(), who, what);
}

/// One accepted connection: reads lines until its peer leaves. Emits, and knows nobody.
asio::awaitable<void> session(event::EventBus& bus, tcp::socket socket, int id) {
    auto emitter = bus.emitter<PeerConnected, PeerDisconnected, LineReceived>();
    emitter.emplace<PeerConnected>(id);
    asio::streambuf buffer;
    for (;;) {
        const auto read = co_await asio::async_read_until(socket, buffer, '\n', quietly);
        if (std::get<0>(read)) break;
        const auto* begin = static_cast<const char*>(buffer.data().data());
        emitter.emplace<LineReceived>(id, std::string(begin, std::get<1>(read) - 1));
        buffer.consume(std::get<1>(read));
    }
    emitter.emplace<PeerDisconnected>(id);
}

/// Accepts until the acceptor is closed.
asio::awaitable<void> listen(event::EventBus& bus, tcp::acceptor& acceptor) {
    for (int id = 1;; ++id) {
        auto accepted = co_await acceptor.async_accept(quietly);
        if (std::get<0>(accepted)) break;
        asio::co_spawn(acceptor.get_executor(), session(bus, std::get<1>(std::move(accepted)), id), asio::detached);
    }
}

bool is_listening(const event::ValueView<HostState>& state) { return (*state.try_get())->phase == Phase::listening; }

/// A peer at the other end: dials, says a few words, leaves, and comes back, until the host drains.
asio::awaitable<void> dial(tcp::endpoint host, event::ValueView<HostState> state, int number) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    while (is_listening(state)) {
        tcp::socket socket(executor);
        const auto connected = co_await socket.async_connect(host, quietly);
        if (std::get<0>(connected)) break;
        for (int i = 0; i < 4 + number && is_listening(state); ++i) {
            const std::string line = fmt::format("peer {} says {}\n", number, i);
            const auto written = co_await asio::async_write(socket, asio::buffer(line), quietly);
            if (std::get<0>(written)) break;
            timer.expires_after(30ms * (1 + number));
            co_await timer.async_wait(asio::use_awaitable);
        }
        socket.close();
        timer.expires_after(200ms * (1 + number));
        co_await timer.async_wait(asio::use_awaitable);
    }
}

/// Keeps the number of connections, from one queue in one order: it cannot drift.
struct CountConnections {
    event::Value<HostState>& state;
    void operator()(const PeerConnected& event) const { count(event.id, +1); }
    void operator()(const PeerDisconnected& event) const { count(event.id, -1); }
    void count(int id, int by) const {
        state.update([by](HostState& now) {
            now.connections += by;
            now.sessions += by > 0 ? 1 : 0;
        });
        log("counter", fmt::format("session {} {}", id, by > 0 ? "opened" : "closed"));
    }
};

/// Slower than the lines come: it loses some, is told so, and nobody else notices.
asio::awaitable<void> audit_slowly(event::Subscription<LineReceived>& lines) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (;;) {
        const auto received = co_await lines.async_receive(quietly);
        const auto& [error, line] = received;
        if (error) break;
        if (line.missed() != 0) log("auditor", fmt::format("missed {} before \"{}\"", line.missed(), line->text));
        timer.expires_after(120ms);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

bool is_over(const HostState& now) { return now.phase == Phase::draining && now.connections == 0; }

/// Sees the newest state, however many changes there were.
asio::awaitable<void> monitor(event::Watcher<HostState> watcher) {
    for (bool over = false; !over;) {
        const auto now = co_await watcher.async_get(asio::use_awaitable);
        log("monitor",
            fmt::format("{}, {} open", now->phase == Phase::listening ? "listening" : "draining", now->connections));
        over = is_over(*now);
    }
}

/// Once the last connection is gone, so is the need for a bus: everybody gets what is queued, then ends.
asio::awaitable<void> close_when_over(event::EventBus& bus, event::Watcher<HostState> watcher) {
    const auto last = co_await watcher.async_get_if(&is_over, asio::use_awaitable);
    log("host", fmt::format("over, at version {} of the state", last.version()));
    bus.close();
}

/// When the time is up or somebody interrupts, stops listening; all else follows from the state.
asio::awaitable<void> run_for(std::chrono::milliseconds time, tcp::acceptor& acceptor, event::Value<HostState>& state) {
    asio::signal_set signals(acceptor.get_executor(), SIGINT, SIGTERM);
    asio::steady_timer timer(acceptor.get_executor(), time);
    co_await (timer.async_wait(quietly) || signals.async_wait(quietly));
    state.update([](HostState& now) { now.phase = Phase::draining; });
    acceptor.close();
}

void print_row(std::string_view who, const event::SubscriptionStat& stat) {
    fmt::print("{:<24}{:>10}{:>10}{:>14}{:>10}\n", who, stat.delivered, stat.lost, stat.high_water, stat.capacity);
}

int main(int argc, char** argv) {
    unsigned short port = 0;
    if (argc > 1) {
        const char* end = argv[1] + std::strlen(argv[1]);
        if (argc > 2 || std::from_chars(argv[1], end, port) != std::from_chars_result{end, {}}) {
            fmt::print(stderr, "usage: tcp_demo [PORT]\n");
            return 2;
        }
    }
    asio::io_context io;
    std::optional<tcp::acceptor> acceptor;
    try {
        acceptor.emplace(io, tcp::endpoint(asio::ip::address_v4::loopback(), port));
    } catch (const boost::system::system_error& error) {
        fmt::print(stderr, "tcp_demo: cannot listen on port {}: {}\n", port, error.code().message());
        return 1;
    }
    event::EventBus bus{io};
    event::Value<HostState> state(io, HostState{});
    auto counted = bus.subscribe<PeerConnected, PeerDisconnected>({.name = "counter"}, CountConnections{state});
    const event::Notify complain{[](const event::SlowSubscriber& slow) { log("bus", slow.name + " is too slow"); }};
    auto audited = bus.subscribe<LineReceived>({.capacity = 4, .on_full = complain, .name = "auditor"});

    asio::co_spawn(io, listen(bus, *acceptor), asio::detached);
    for (int i = 0; i < 4; ++i) asio::co_spawn(io, dial(acceptor->local_endpoint(), state.view(), i), asio::detached);
    asio::co_spawn(io, audit_slowly(audited), asio::detached);
    asio::co_spawn(io, monitor(state.watch()), asio::detached);
    asio::co_spawn(io, close_when_over(bus, state.watch()), asio::detached);
    asio::co_spawn(io, run_for(2500ms, *acceptor, state), asio::detached);
    log("host", fmt::format("listening on 127.0.0.1:{}", acceptor->local_endpoint().port()));
    io.run();

    const auto state_at_end = *state.try_get();
    fmt::print("\n{:<24}{:>10}{:>10}{:>14}{:>10}\n", "subscription", "delivered", "lost", "most queued", "capacity");
    print_row("counter", counted.stat());
    print_row("auditor", audited.stat());
    fmt::print("{} sessions came and went, {} are open; the state changed {} times\n", state_at_end->sessions,
               state_at_end->connections, state_at_end.version() - 1);
}
