/// P16, where there are many links, where nothing happens, and where a link is slow.

#include "check.hpp"
#include "event.hpp"
#include "link_ends.hpp"
#include "steady_state.hpp"

#include <event/net/by_key.hpp>
#include <event/retain_by.hpp>
#include <event/testing.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <malloc.h>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <utility>
#include <vector>

namespace bench {
namespace {

using namespace std::chrono_literals;
using Socket = Unix::Socket;

void allow_many_descriptors() {
    rlimit limit{};
    check(getrlimit(RLIMIT_NOFILE, &limit) == 0, "no limit of descriptors");
    limit.rlim_cur = limit.rlim_max;
    check(setrlimit(RLIMIT_NOFILE, &limit) == 0, "the limit of descriptors cannot be raised");
}

// ---- one bus, and many that listen to it --------------------------------------------------------------------------

/// One bus that serves, and a link to each listener.
class BusServer {
public:
    explicit BusServer(asio::io_context& io) : bus_(io), emitter_(bus_.emitter<Sample>()) {}
    void add(Socket&& socket) {
        auto& link = links_.emplace_back(bus_, std::move(socket));
        link.serve<Sample>({.capacity = 2 * batch});
        link.async_run([](event::net::error_code) {});
    }
    [[nodiscard]] std::size_t connected() const { return bus_.stat<Sample>().subscribers; }
    void send(const Sample& sample) { emitter_.emit(sample); }
    void flush() {}

private:
    event::EventBus bus_;
    event::Emitter<Sample> emitter_;
    std::deque<event::net::Link<Socket>> links_;
};

class FrameServer {
public:
    explicit FrameServer(asio::io_context& io) : io_(io) {}
    void add(Socket&& socket) {
        ends_.push_back(std::make_unique<FrameEnd<Sample, Socket>>(io_, std::move(socket), [](const Sample&) {}));
    }
    [[nodiscard]] std::size_t connected() const { return ends_.size(); }
    void send(const Sample& sample) {
        for (auto& end : ends_) end->send(sample);
    }
    void flush() {
        for (auto& end : ends_) end->flush();
    }

private:
    asio::io_context& io_;
    std::vector<std::unique_ptr<FrameEnd<Sample, Socket>>> ends_;
};

/// An iteration is one event at one listener.
template <class Server, template <class, class> class Listener>
void many_links(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    allow_many_descriptors();
    asio::io_context io;
    std::uint64_t taken = 0;
    Server server(io);
    std::deque<Listener<Sample, Socket>> listeners;
    for (std::size_t i = 0; i < count; ++i) {
        Socket here(io), there(io);
        Unix::connect(here, there);
        server.add(std::move(here));
        listeners.emplace_back(io, std::move(there), [&](const Sample&) { ++taken; });
    }
    while (server.connected() != count) io.run_one();

    auto sample = make<Sample>();
    std::uint64_t due = 0;
    const auto turn = [&] {
        for (std::size_t i = 0; i < batch; ++i) {
            ++sample.number;
            server.send(sample);
        }
        server.flush();
        due += batch * count;
        while (taken != due) io.run_one();
    };
    constexpr int turns_to_warm_up = 4;
    for (int i = 0; i < turns_to_warm_up; ++i) turn();
    const SteadyState steady(state);
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(batch * count))) turn();
}

template <class T, class Socket>
class ListeningEnd {
public:
    ListeningEnd(asio::io_context& io, Socket&& socket, Take<T> take)
        : bus_(io),
          link_(bus_, std::move(socket)),
          subscription_(link_.template subscribe<T>({.capacity = 2 * batch}, std::move(take))) {
        link_.async_run([](event::net::error_code) {});
    }

private:
    event::EventBus bus_;
    event::net::Link<Socket> link_;
    event::Subscription<T> subscription_;
};

// ---- at rest --------------------------------------------------------------------------------------------------------

/// Both ends of a link on which nothing happens. The column "bytes" counts what one end takes from the heap, its bus
/// and subscription included; "handlers" what an end has run in a minute: a PING each 15 seconds, and its answer.
void at_rest(benchmark::State& state) {
    constexpr std::size_t links = 100;
    constexpr auto settled = 1min;
    double bytes = 0, handlers = 0;
    for (auto iteration : state) {
        static_cast<void>(iteration);
        asio::io_context io;
        event::testing::ManualClock clock{io};
        const auto in_use = [] {
            const auto info = ::mallinfo2();
            return static_cast<double>(info.uordblks + info.hblkhd);
        };
        const double before = in_use();
        std::deque<BusEnd<Sample, Socket>> ends;
        for (std::size_t i = 0; i < links; ++i) {
            Socket here(io), there(io);
            Unix::connect(here, there);
            ends.emplace_back(io, std::move(here), [](const Sample&) {});
            ends.emplace_back(io, std::move(there), [](const Sample&) {});
        }
        event::testing::drive_for(io, clock, settled);
        for (const auto& end : ends) check(end.is_connected(), "not connected");
        bytes = (in_use() - before) / static_cast<double>(ends.size());
        handlers = static_cast<double>(event::testing::drive_for(io, clock, 1min)) / static_cast<double>(ends.size());
    }
    state.counters["bytes"] = bytes;
    state.counters["handlers"] = handlers;
}

// ---- a slow link ---------------------------------------------------------------------------------------------------

struct Reading {
    static constexpr std::string_view event_name = "reading";
    std::uint64_t sensor = 0;
    std::uint64_t number = 0;
};
constexpr std::uint64_t sensors = 1'000;

/// An iteration sets the latest value of one of 1000 keys; the other side reads once in 64 000 of them. The column
/// "sent" is what share of them went out, "held" what the link holds, in bytes.
void slow_link(benchmark::State& state) {
    asio::io_context io, far_io;
    Socket one(io), other(far_io);
    Unix::connect(one, other);
    event::EventBus bus(io), far_bus(far_io);
    const auto emitter = bus.emitter<Reading>({}, event::retain_by(&Reading::sensor));
    event::net::Link near(bus, std::move(one));
    near.serve<Reading>({.capacity = sensors}, event::net::by_key(&Reading::sensor));
    near.async_run([](event::net::error_code) {});
    event::net::Link far(far_bus, std::move(other));
    far.mirror<Reading>({}, event::retain_by(&Reading::sensor));
    far.async_run([](event::net::error_code) {});
    while (bus.stat<Reading>().subscribers == 0) {
        io.poll();
        far_io.poll();
    }

    std::uint64_t number = 0, held = 0, rounds = 0;
    const SteadyState steady(state);
    while (state.KeepRunningBatch(sensors)) {
        for (std::uint64_t i = 0; i < sensors; ++i) {
            ++number;
            emitter.emit({.sensor = number % sensors, .number = number});
        }
        io.poll();
        if (++rounds % 64 == 0) far_io.poll_one();
        held = std::max<std::uint64_t>(held, near.stat().held);
    }
    const std::uint64_t sent = near.stat().states_sent;
    while (io.poll() + far_io.poll() != 0) {
    }
    auto readings = far_bus.subscribe<Reading>({.capacity = sensors});
    std::uint64_t newest = 0;
    while (const auto reading = readings.try_receive()) {
        check(reading->get().number + sensors > number, "an older value");
        ++newest;
    }
    check(newest == sensors, "a value is missing");
    state.counters["sent"] = static_cast<double>(sent) / static_cast<double>(number);
    state.counters["held"] = static_cast<double>(held);
}

void add_counts(benchmark::internal::Benchmark* row) {
    for (const int links : {1, 10, 100, 1'000}) row->Arg(links);
}
BENCHMARK(many_links<BusServer, ListeningEnd>)->Name("P16/unix_links/eventbus")->Apply(add_counts);
BENCHMARK(many_links<FrameServer, FrameEnd>)->Name("P16/unix_links/asio_frames")->Apply(add_counts);
BENCHMARK(at_rest)->Name("P16/unix_at_rest/eventbus")->Iterations(1);
BENCHMARK(slow_link)->Name("P16/unix_slow_state/eventbus")->Iterations(1'000'000);

}  // namespace
}  // namespace bench
