#include "address.hpp"
#include "bad_peer.hpp"
#include "demo.hpp"
#include "frame.hpp"
#include "host.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>

#include <fmt/format.h>

#include <memory>
#include <string>
#include <tuple>
#include <utility>

namespace host {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

HostOptions harbour_options() {
    HostOptions options;
    options.name = "harbour";
    options.heartbeat = 50ms;
    options.swarm.max_connections = 64;
    options.swarm.limits.patience = 800ms;
    options.connections = {.high_water = 16, .low_water = 12};
    options.ping = {.interval = 200ms, .timeout = 600ms};
    options.echo.window = 0;
    options.monitor.limit = 2s;
    return options;
}

HostOptions guest_options(const std::string& name) {
    HostOptions options;
    options.name = name;
    options.is_quiet = true;
    options.heartbeat = 50ms;
    options.ping = {.interval = 100ms, .timeout = 2000ms};
    options.echo = {.bytes = 1024, .window = 4, .is_continuous = true};
    options.monitor.limit = 2s;
    return options;
}

/// All of it happens on one strand.
class Demo {
public:
    Demo(asio::any_io_executor strand, asio::any_io_executor executor, Console& console)
        : strand_(std::move(strand)),
          executor_(std::move(executor)),
          console_(console),
          harbour_(executor_, console, harbour_options()),
          sleeper_(
              harbour_.bus().subscribe<FrameReceived>({.capacity = 16, .on_full = event::Kill{}, .name = "sleeper"})),
          over_(strand_),
          guests_(strand_, report_failure()),
          crew_(strand_, report_failure()) {}

    [[nodiscard]] asio::awaitable<int> run(Interrupted interrupted) {
        const auto start = steady_clock::now();
        where_ = harbour_.listen(tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        harbour_.keep_dialed("127.0.0.1:9");  // nobody is there
        crew_.spawn(strand_, "anchor", protect("ada"));
        crew_.spawn(strand_, "sleeper", sleep());
        guests_.spawn(strand_, "ada", guest("ada", 0ms, 1h));
        guests_.spawn(strand_, "bob", guest("bob", 150ms, 1h));
        guests_.spawn(strand_, "cleo", guest("cleo", 300ms, 900ms));
        guests_.spawn(strand_, "dan", guest("dan", 450ms, 600ms));
        guests_.spawn(strand_, "relay", relay_and_friend(600ms));
        crew_.spawn(strand_, "bad peers", bad_peers(900ms));
        crew_.spawn(strand_, "crowd", crowd(3300ms));

        co_await watch(std::move(interrupted), start + 4500ms);
        over_.set(true);
        co_await guests_.finished();
        co_await harbour_.stop();
        sleeper_.close();  // the bus lets it have what is queued, for which it would never ask
        co_await crew_.finished();

        Report harbour = harbour_.report();
        harbour.add(sleeper_.stat());
        total_ += harbour;
        console_.print(total_.table(steady_clock::now() - start));
        co_return verdict();
    }

private:
    [[nodiscard]] std::function<void(std::string_view, std::string_view)> report_failure() {
        return [this](std::string_view who, std::string_view what) {
            has_failed_ = true;
            console_.log("demo", who, what);
        };
    }

    [[nodiscard]] asio::awaitable<void> watch(Interrupted interrupted, steady_clock::time_point end) {
        auto interruption = interrupted.watch();
        while (steady_clock::now() < end) {
            const auto result = co_await interruption.async_get_for(100ms, quietly);
            if (std::get<0>(result) != asio::error::timed_out) break;
            const Report now = harbour_.report();
            console_.status(fmt::format("{:3.0f} %  {} connections, {} refused, {} trimmed, {} events",
                                        100 - 100 * std::chrono::duration<double>(end - steady_clock::now()) / 4500ms,
                                        (*harbour_.network().try_get())->connections.size(), now.refused, now.trimmed,
                                        now.total_emitted()));
        }
    }

    /// Whether it is over before that time has passed.
    [[nodiscard]] asio::awaitable<bool> is_over_within(milliseconds time) {
        auto over = over_.watch();
        const auto result = co_await over.async_get_for(time, quietly);
        co_return std::get<0>(result) != asio::error::timed_out;
    }

    /// A host that comes, stays for a while, goes, and comes back.
    [[nodiscard]] asio::awaitable<void> guest(std::string name, milliseconds arrival, milliseconds stay) {
        bool is_over = co_await is_over_within(arrival);
        while (!is_over) {
            const auto host = std::make_unique<Host>(executor_, console_, guest_options(name));
            host->keep_dialed(to_string(where_));
            is_over = co_await is_over_within(stay);
            co_await host->stop();
            total_ += host->report();
            if (!is_over) is_over = co_await is_over_within(400ms);
        }
    }

    /// One that others can reach, a few at a time, and one that does.
    [[nodiscard]] asio::awaitable<void> relay_and_friend(milliseconds arrival) {
        bool is_over = co_await is_over_within(arrival);
        if (is_over) co_return;
        HostOptions options = guest_options("relay");
        options.is_quiet = false;
        options.swarm.max_connections = 3;
        const auto relay = std::make_unique<Host>(executor_, console_, options);
        const tcp::endpoint there = relay->listen(tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        relay->keep_dialed(to_string(where_));
        is_over = co_await is_over_within(500ms);
        if (!is_over) {
            const auto friendly = std::make_unique<Host>(executor_, console_, guest_options("friend"));
            friendly->keep_dialed(to_string(there));
            is_over = co_await is_over_within(1s);
            if (!is_over) come_all(4, there);
            co_await is_over_within(1h);
            co_await friendly->stop();
            total_ += friendly->report();
        }
        co_await relay->stop();
        total_ += relay->report();
    }

    /// Whoever calls himself that is not trimmed.
    [[nodiscard]] asio::awaitable<void> protect(std::string name) {
        auto identified = harbour_.bus().subscribe<PeerIdentified>({.name = "anchor"});
        for (;;) {
            const auto received = co_await identified.async_receive(quietly);
            const auto& [error, event] = received;
            if (error) break;
            if (event->info.name == name) harbour_.protect(event->connection);
        }
    }

    /// A component that never looks at its queue: nobody else notices.
    [[nodiscard]] asio::awaitable<void> sleep() {
        const auto closed = co_await sleeper_.async_closed(quietly);
        const error_code why = std::get<0>(closed);
        console_.log("harbour", "sleeper",
                     fmt::format("{} ({} frames waited)", why.message(), sleeper_.stat().high_water));
    }

    [[nodiscard]] asio::awaitable<void> bad_peers(milliseconds arrival) {
        bool is_over = co_await is_over_within(arrival);
        for (const BadPeer kind : all_bad_peers) {
            if (is_over) break;
            console_.log("demo", "bad peer", to_string(kind));
            crew_.spawn(strand_, "bad peer", misbehave(kind, where_, 100ms));
            is_over = co_await is_over_within(150ms);
        }
    }

    /// More than the harbour can take, all at once.
    [[nodiscard]] asio::awaitable<void> crowd(milliseconds arrival) {
        const bool is_over = co_await is_over_within(arrival);
        if (is_over) co_return;
        come_all(40, where_);
    }

    void come_all(int count, tcp::endpoint there) {
        console_.log("demo", "crowd", fmt::format("{} more want to connect to {}", count, to_string(there)));
        for (int i = 0; i < count; ++i) crew_.spawn(strand_, "crowd", misbehave(BadPeer::silent, there, 0ms));
    }

    [[nodiscard]] int verdict() const {
        const std::size_t open = (*harbour_.connections().try_get())->open;
        const bool is_even = total_.opened == total_.closed && open == 0;
        if (!is_even) console_.log("demo", "", fmt::format("the count has drifted: {} open", open));
        return is_even && !has_failed_ ? 0 : 1;
    }

    const asio::any_io_executor strand_;
    const asio::any_io_executor executor_;
    Console& console_;
    Host harbour_;
    event::Subscription<FrameReceived> sleeper_;
    tcp::endpoint where_;
    event::Value<bool> over_;  // set when it is
    Report total_;
    bool has_failed_ = false;
    Tasks guests_;
    Tasks crew_;
};

}  // namespace

asio::awaitable<int> run_demo(asio::io_context& io, Console& console, Interrupted interrupted) {
    const auto strand = co_await asio::this_coro::executor;
    const auto demo = std::make_unique<Demo>(strand, io.get_executor(), console);
    const int status = co_await demo->run(std::move(interrupted));
    co_return status;
}

}  // namespace host
