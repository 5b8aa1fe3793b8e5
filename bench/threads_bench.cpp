/// P7: emitters of unrelated types do not contend. With two threads each has a type of its own on the same bus, and
/// half the time for each event is what there is to gain. An iteration is one delivered event. And emitters of one
/// type take turns: there an iteration is one emit.

#include "bus_fan_out.hpp"
#include "channel_fan_out.hpp"
#include "check.hpp"
#include "event.hpp"
#include "steady_state.hpp"
#include "two_cores.hpp"

#include <event/bus.hpp>

#include <boost/asio/io_context.hpp>

#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t batches_of_a_turn = 512;

/// One subscriber of a type on a bus that others use, too.
template <class T>
class BusTopic {
public:
    explicit BusTopic(event::EventBus& bus)
        : emitter_(bus.emitter<T>()), subscription_(bus.subscribe<T>({.capacity = batch})) {}
    void emit(T&& event) { emitter_.emit(event); }
    void drain() {
        while (const auto delivery = subscription_.try_receive()) tally_(**delivery);
    }
    [[nodiscard]] const Tally& tally() const { return tally_; }

private:
    Tally tally_;
    event::Emitter<T> emitter_;
    event::Subscription<T> subscription_;
};

template <class Topic>
void take_turn(Topic& topic) {
    for (std::size_t i = 0; i < batches_of_a_turn; ++i) {
        for (std::size_t j = 0; j < batch; ++j) topic.emit({{j}});
        topic.drain();
    }
}

template <class First, class Second>
void emit_side_by_side(benchmark::State& state, std::size_t threads, First& first, Second& second) {
    std::uint64_t turns = 0;
    {
        Team team(threads, [&](std::size_t i) { i == 0 ? take_turn(first) : take_turn(second); });
        team.run();
        const SteadyState steady(state);
        for (turns = 1;
             state.KeepRunningBatch(static_cast<benchmark::IterationCount>(threads * batches_of_a_turn * batch));
             ++turns) {
            team.run();
        }
    }
    check(first.tally().events == turns * batches_of_a_turn * batch, "an event is missing");
    check(threads == 1 || second.tally() == first.tally(), "an event of the other thread is missing");
}

/// Somebody looks at everything: never, all the time, or for a moment before.
enum class Wildcard : std::uint8_t { never, present, gone };

template <std::size_t threads, Wildcard wildcard = Wildcard::never>
void unrelated_types(benchmark::State& state) {
    boost::asio::io_context io;
    event::EventBus bus{io};
    BusTopic<Event<0>> first(bus);
    BusTopic<Event<1>> second(bus);
    event::Subscription<event::AnyEvent> everything;
    if (wildcard != Wildcard::never)
        everything = bus.subscribe<event::AnyEvent>({.capacity = batch, .on_full = event::Drop{}});
    if (wildcard == Wildcard::gone) everything.close();
    emit_side_by_side(state, threads, first, second);
}

template <std::size_t threads>
void unrelated_channel_buses(benchmark::State& state) {
    boost::asio::io_context io;
    ChannelFanOut<Event<0>> first(io, 1);
    ChannelFanOut<Event<1>> second(io, 1);
    emit_side_by_side(state, threads, first, second);
}

/// What an emit takes beside another thread that emits the same type all the time, to so many that the lock is nearly
/// always taken: it must get its turn.
void emit_beside_another(benchmark::State& state) {
    constexpr std::size_t subscribers = 1000;
    boost::asio::io_context io;
    event::EventBus bus{io};
    std::vector<event::Subscription<Event<>>> subscriptions;
    for (std::size_t i = 0; i < subscribers; ++i) {
        subscriptions.push_back(bus.subscribe<Event<>>({.capacity = 8, .on_full = event::DropOldest{}}));
    }
    std::atomic<bool> is_done{false};
    std::atomic<std::uint64_t> others{0};
    std::thread other([&] {
        const auto emitter = bus.emitter<Event<>>();
        for (; !is_done; ++others) emitter.emit({});
    });
    const auto emitter = bus.emitter<Event<>>();
    {
        const SteadyState steady(state);
        for (auto _ : state) {
            for (const std::uint64_t before = others; others - before < 2;) std::this_thread::yield();
            const auto start = std::chrono::steady_clock::now();
            emitter.emit({});
            state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
        }
    }
    is_done = true;
    other.join();
}

BENCHMARK(unrelated_types<1>)->Name("P7/unrelated_1_thread/eventbus")->UseRealTime();
BENCHMARK(unrelated_channel_buses<1>)->Name("P7/unrelated_1_thread/channel_try")->UseRealTime();
BENCHMARK(unrelated_types<2>)->Name("P7/unrelated_2_threads/eventbus")->UseRealTime();
BENCHMARK(unrelated_channel_buses<2>)->Name("P7/unrelated_2_threads/channel_try")->UseRealTime();
BENCHMARK(unrelated_types<1, Wildcard::present>)->Name("P7/unrelated_1_thread/eventbus_wildcard")->UseRealTime();
BENCHMARK(unrelated_types<2, Wildcard::present>)->Name("P7/unrelated_2_threads/eventbus_wildcard")->UseRealTime();
BENCHMARK(unrelated_types<2, Wildcard::gone>)->Name("P7/unrelated_2_threads/eventbus_wildcard_gone")->UseRealTime();
BENCHMARK(emit_beside_another)->Name("P7/emit_to_1000_beside_another/eventbus")->UseManualTime();

}  // namespace
}  // namespace bench
