/// P14: what one more subscriber or watcher takes from the heap while nothing happens, its handle included. Of each row
/// the column "bytes" counts; the time is that of making it and destroying it.

#include "event.hpp"
#include "peers.hpp"
#include "steady_state.hpp"

#include <event/bus.hpp>
#include <event/value.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/signals2/signal.hpp>

#include <benchmark/benchmark.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <malloc.h>
#include <memory>
#include <mutex>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t room = 16;
constexpr std::size_t many = 1000;

/// What malloc has given away, with what it needs itself.
double bytes_in_use() {
    const auto info = ::mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd);
}

/// `make()` makes a container of `many`.
template <class Make>
void measure(benchmark::State& state, Make make) {
    double bytes = 0;
    {
        const SteadyState steady(state);
        while (state.KeepRunningBatch(many)) {
            const double before = bytes_in_use();
            const auto all = make();
            bytes = bytes_in_use() - before;
        }
    }
    state.counters["bytes"] = bytes / many;
}

std::vector<event::Subscription<Event<>>> subscribe_many(event::EventBus& bus) {
    std::vector<event::Subscription<Event<>>> all;
    all.reserve(many);
    for (std::size_t i = 0; i < many; ++i) all.push_back(bus.subscribe<Event<>>({.capacity = room}));
    return all;
}

void subscriptions(benchmark::State& state) {
    boost::asio::io_context io;
    event::EventBus bus{io};
    const auto emitter = bus.emitter<Event<>>();
    measure(state, [&] { return subscribe_many(bus); });
}

/// Each has had an event, and taken it.
void used_subscriptions(benchmark::State& state) {
    boost::asio::io_context io;
    event::EventBus bus{io};
    const auto emitter = bus.emitter<Event<>>();
    measure(state, [&] {
        auto all = subscribe_many(bus);
        emitter.emit({});
        for (auto& subscription : all) [[maybe_unused]]
            const auto delivery = subscription.try_receive();
        return all;
    });
}

void channels(benchmark::State& state) {
    boost::asio::io_context io;
    measure(state, [&] {
        std::deque<Channel<Event<>>> all;
        for (std::size_t i = 0; i < many; ++i) all.emplace_back(io.get_executor(), room);
        return all;
    });
}

void strands(benchmark::State& state) {
    boost::asio::io_context io;
    measure(state, [&] {
        std::vector<boost::asio::strand<boost::asio::io_context::executor_type>> all;
        all.reserve(many);
        for (std::size_t i = 0; i < many; ++i) all.push_back(boost::asio::make_strand(io));
        return all;
    });
}

void deques(benchmark::State& state) {
    struct Queue {
        std::mutex mutex;
        std::condition_variable filled;
        std::deque<Event<>> events;
    };
    measure(state, [] { return std::vector<Queue>(many); });
}

void slots(benchmark::State& state) {
    struct Slots {
        boost::signals2::signal<void(const Event<>&)> signal;
        std::vector<boost::signals2::scoped_connection> connections;
    };
    measure(state, [] {
        auto all = std::make_unique<Slots>();
        all->connections.reserve(many);
        for (std::size_t i = 0; i < many; ++i) {
            all->connections.emplace_back(
                all->signal.connect([](const Event<>& event) { benchmark::DoNotOptimize(&event); }));
        }
        return all;
    });
}

void watchers(benchmark::State& state) {
    boost::asio::io_context io;
    event::Value<Event<>> value{io};
    value.set({});
    measure(state, [&] {
        std::vector<event::Watcher<Event<>>> all;
        all.reserve(many);
        for (std::size_t i = 0; i < many; ++i) all.push_back(value.watch());
        return all;
    });
}

void channels_of_one(benchmark::State& state) {
    boost::asio::io_context io;
    measure(state, [&] {
        std::deque<Channel<Event<>>> all;
        for (std::size_t i = 0; i < many; ++i) all.emplace_back(io.get_executor(), 1);
        return all;
    });
}

BENCHMARK(subscriptions)->Name("P14/idle_subscription/eventbus");
BENCHMARK(used_subscriptions)->Name("P14/idle_subscription/eventbus_used_once");
BENCHMARK(channels)->Name("P14/idle_subscription/channel_try");
BENCHMARK(strands)->Name("P14/idle_subscription/post");
BENCHMARK(deques)->Name("P14/idle_subscription/mutex_deque");
BENCHMARK(slots)->Name("P14/idle_subscription/signals2_inline");
BENCHMARK(watchers)->Name("P14/idle_watcher/eventbus");
BENCHMARK(channels_of_one)->Name("P14/idle_watcher/channel_try");

}  // namespace
}  // namespace bench
