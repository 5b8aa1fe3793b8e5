#include "address.hpp"
#include "bad_peer.hpp"
#include "soak/network.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include <fmt/format.h>

#include <memory>
#include <random>
#include <thread>
#include <tuple>
#include <utility>

namespace soak {

using namespace std::chrono_literals;
using host::quietly;

namespace {

/// Without a heartbeat: between the rounds no time passes for them, and so nothing happens. Patience is for machines
/// that have much else to do.
host::HostOptions lasting_options(std::string name) {
    host::HostOptions options;
    options.name = std::move(name);
    options.heartbeat = 0ms;
    options.swarm.max_connections = 24;
    options.swarm.limits = {.max_payload = 64 * 1024, .max_unsent = 128 * 1024, .patience = 60s};
    options.connections = {.high_water = 12, .low_water = 8};
    options.ping = {.interval = 50ms, .timeout = 60s};
    options.echo = {.bytes = 512, .window = 0, .is_continuous = false};
    options.book = {.forget_after = 20ms, .capacity = 8};
    options.dialer = {.first_pause = 1ms, .longest_pause = 20ms};
    options.monitor.limit = 200ms;
    return options;
}

host::HostOptions guest_options(unsigned seed) {
    host::HostOptions options = lasting_options("guest");
    options.is_quiet = seed % 2 == 0;
    options.heartbeat = 20ms;
    options.echo = {.bytes = 16 + seed % 2000, .window = 1 + seed % 3, .is_continuous = seed % 3 == 0};
    return options;
}

milliseconds up_to(std::minstd_rand& random, int most) {
    return milliseconds(std::uniform_int_distribution<int>(0, most)(random));
}

/// Its sample of durations is as large as it will be.
void fill_statistics(host::Host& of) {
    const auto pings = of.bus().emitter<host::PingMeasured>();
    const auto echoes = of.bus().emitter<host::EchoReturned>();
    for (;;) {
        const host::Measured measured = of.report().measured;
        if (measured.pings.count() >= 10'000 && measured.echoes.count() >= 10'000) break;
        for (int i = 0; i < 100; ++i) {
            pings.emit({.connection = 0, .round_trip = 1ms});
            echoes.emit({.connection = 0, .bytes = 0, .round_trip = 1ms});
        }
        std::this_thread::sleep_for(1ms);
    }
}

}  // namespace

Network::Network(asio::thread_pool& pool, Faults& faults)
    : pool_(pool),
      faults_(faults),
      console_([this](std::string_view) { ++logged_; }),
      hub_(pool.get_executor(), console_, lasting_options("hub")),
      resident_(pool.get_executor(), console_, lasting_options("resident")),
      where_(hub_.listen({asio::ip::address_v4::loopback(), 0})),
      hub_ticks_(hub_.bus().emitter<host::Tick>()),
      resident_ticks_(resident_.bus().emitter<host::Tick>()),
      close_(hub_.bus().emitter<host::CloseRequested>()),
      crowd_(pool.get_executor(), [this](std::string_view who, std::string_view what) {
          faults_.add(fmt::format("{} has failed: {}", who, what));
      }) {
    resident_.keep_dialed(host::to_string(where_));
    fill_statistics(hub_);
    fill_statistics(resident_);
}

Network::~Network() {
    stop(resident_);
    stop(hub_);
}

void Network::stop(host::Host& host) {
    asio::co_spawn(pool_, host.stop(), asio::use_future).get();
    const host::Report report = host.report();
    if (report.opened != report.closed)
        faults_.add(
            fmt::format("{} connections were opened by {}, and {} closed", report.opened, host.name(), report.closed));
    if (host.running() != 0) faults_.add(fmt::format("{} has stopped, and coroutines of it run on", host.name()));
}

void Network::begin_round(unsigned seed) {
    std::minstd_rand random(seed);
    over_.emplace(pool_.get_executor());
    const auto spawn = [&](std::string who, asio::awaitable<void> what) {
        crowd_.spawn(asio::make_strand(pool_), std::move(who), std::move(what));
    };
    for (unsigned guests = 1 + seed % 4; guests > 0; --guests) spawn("a guest", guest(static_cast<unsigned>(random())));
    spawn("the clock", tick());
    spawn("those who misbehave", misbehaving(static_cast<unsigned>(random())));
    spawn("who closes connections", closing(static_cast<unsigned>(random())));
}

void Network::end_round() {
    over_->set(true);
    while (crowd_.running() != 0) {
        close_all();
        std::this_thread::sleep_for(5ms);
    }
    over_.reset();
}

std::string Network::unrest() {
    for (const auto& [host, peer] : {std::pair(&hub_, "resident"), std::pair(&resident_, "hub")})
        if (const std::string what = unrest_of(*host, peer); !what.empty()) return host->name() + " " + what;
    return {};
}

std::string Network::unrest_of(host::Host& of, const std::string& peer) {
    if (open(of) != 1) return fmt::format("has {} connections, and not 1", open(of));
    const std::size_t counted = (*of.connections().try_get())->open;
    if (counted != 1) return fmt::format("counts {} connections, and not 1", counted);
    const auto peers = *of.peers().try_get();
    if (peers->size() != 1 || peers->begin()->second->name != peer) return "has not identified the " + peer;
    if (peer == "hub" && peers->begin()->second->reachable.empty()) return "has not heard where the hub is";
    const auto look_into_book = [&of, &peer] {
        const auto& entries = of.book().entries();
        return entries.size() == 1 && entries.begin()->second.info.name == peer;
    };
    const bool is_booked = asio::post(of.book().strand(), asio::use_future(look_into_book)).get();
    if (!is_booked) return "does not have just the " + peer + " in its address book";
    for (const event::SubscriptionStat& stat : of.bus().report().subscriptions)
        if (stat.size != 0) return fmt::format("has {} events in the queue of {}", stat.size, stat.name);
    return {};
}

asio::awaitable<bool> Network::is_over_within(milliseconds time) {
    auto over = over_->watch();
    const auto result = co_await over.async_get_for(time, quietly);
    co_return std::get<0>(result) != asio::error::timed_out;
}

asio::awaitable<void> Network::guest(unsigned seed) {
    std::minstd_rand random(seed);
    bool is_over = co_await is_over_within(up_to(random, 100));
    while (!is_over) {
        const auto made = std::make_unique<host::Host>(pool_.get_executor(), console_,
                                                       guest_options(static_cast<unsigned>(random())));
        ++guests_there_;
        ++guests_so_far_;
        made->keep_dialed(host::to_string(where_));
        const bool listens = random() % 3 == 0;
        if (listens) made->keep_dialed(host::to_string(made->listen({asio::ip::address_v4::loopback(), 0})));
        is_over = co_await is_over_within(up_to(random, 400));
        co_await made->stop();
        const host::Report report = made->report();
        if (report.opened != report.closed || made->running() != 0 || made->failure().try_get())
            faults_.add(fmt::format("a guest left with {} connections opened and {} closed, {} coroutines",
                                    report.opened, report.closed, made->running()));
        --guests_there_;
        if (!is_over) is_over = co_await is_over_within(up_to(random, 100));
    }
}

asio::awaitable<void> Network::tick() {
    bool is_over = false;
    while (!is_over) {
        const auto now = std::chrono::steady_clock::now();
        hub_ticks_.emplace(now);
        resident_ticks_.emplace(now);
        is_over = co_await is_over_within(20ms);
    }
}

asio::awaitable<void> Network::misbehaving(unsigned seed) {
    std::minstd_rand random(seed);
    bool is_over = co_await is_over_within(up_to(random, 100));
    while (!is_over) {
        const host::BadPeer kind = host::all_bad_peers[random() % host::all_bad_peers.size()];
        crowd_.spawn(asio::make_strand(pool_), std::string(host::to_string(kind)), host::misbehave(kind, where_, 5ms));
        is_over = co_await is_over_within(up_to(random, 150));
    }
}

asio::awaitable<void> Network::closing(unsigned seed) {
    std::minstd_rand random(seed);
    bool is_over = co_await is_over_within(up_to(random, 200));
    while (!is_over) {
        const auto network = *hub_.network().try_get();
        if (!network->connections.empty()) {
            const auto& which = network->connections[random() % network->connections.size()];
            host::CloseRequested request{.connection = which.id, .reason = "by lot"};
            close_.emit(std::move(request));
        }
        is_over = co_await is_over_within(up_to(random, 200));
    }
}

void Network::close_all() {
    const auto network = *hub_.network().try_get();
    for (const host::ConnectionInfo& connection : network->connections)
        close_.emit({.connection = connection.id, .reason = "the round is over"});
}

}  // namespace soak
