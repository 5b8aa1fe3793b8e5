/// How the cost of what is done under a lock grows with what it need not touch. An iteration is one emit, one event
/// that waited, or one close.

#include "check.hpp"
#include "event.hpp"
#include "fan_out_rows.hpp"
#include "growth.hpp"
#include "steady_state.hpp"

#include <event/any_event.hpp>
#include <event/bus.hpp>

#include <boost/system/error_code.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace bench {
namespace {

/// Emits to a full queue that nobody reads, whose first events are replayed ones, one of each type, and stay. An
/// iteration is one emit, which displaces the oldest event behind them.
template <std::size_t... Number>
void displace_behind_replayed(benchmark::State& state, std::index_sequence<Number...>) {
    HandDriven io;
    event::EventBus bus{io.context()};
    const auto retained = bus.emitter<Event<Number + 1>...>({.retain = true});
    (retained.template emit<Event<Number + 1>>({}), ...);
    auto subscription =
        bus.subscribe<event::AnyEvent>({.capacity = batch, .on_full = event::DropOldest{}, .replay_retained = true});
    const auto emitter = bus.emitter<Event<>>();
    std::uint64_t number = 0;
    while (number < batch) emitter.emit({{++number}});
    {
        const SteadyState steady(state);
        for (auto _ : state) emitter.emit({{++number}});
    }
    std::size_t position = 0;
    while (const auto delivery = subscription.try_receive()) {
        const auto* event = (**delivery).template get_if<Event<>>();
        check((event == nullptr) == (position < sizeof...(Number)), "the replayed events are not in front");
        ++position;
        if (event != nullptr) {
            check(event->words[0] == number + position - sizeof...(Number) - batch, "not the newest events");
        }
    }
    check(position == sizeof...(Number) + batch, "an event is missing");
}

template <std::size_t types>
void grow_replayed(benchmark::State& state) {
    displace_behind_replayed(state, std::make_index_sequence<types>());
}

/// In each round an `async_emit` of every type waits for a queue with room for one, which is then drained: each take
/// makes room for one of them. An iteration is one event, with all that it took to wait and to be woken.
template <std::size_t... Number>
void take_what_waits(benchmark::State& state, std::index_sequence<Number...>) {
    HandDriven io;
    event::EventBus bus{io.context()};
    const auto emitter = bus.emitter<Event<Number>...>();
    auto subscription = bus.subscribe<Event<Number>...>({.capacity = 1, .on_full = event::Wait{}});
    Tally tally;
    std::uint64_t emitted = 0;
    std::uint64_t rounds = 0;
    const auto completed = [&emitted](boost::system::error_code error, const event::EmitResult& result) {
        if (!error) emitted += result.delivered;
    };
    const auto round = [&] {
        (emitter.template async_emit<Event<Number>>(Event<Number>{{rounds}}, completed), ...);
        check(emitted == rounds * sizeof...(Number), "one did not wait");
        for (std::size_t i = 0; i < sizeof...(Number); ++i) {
            if (const auto delivery = subscription.try_receive()) {
                delivery->visit([&](const auto& event) { tally(event); });
            }
            io.drive();
        }
        ++rounds;
    };
    emitter.template emit<Event<0>>({});
    round();
    {
        const SteadyState steady(state);
        while (state.KeepRunningBatch(sizeof...(Number))) round();
    }
    check(tally.events == rounds * sizeof...(Number) && emitted == tally.events, "an event is missing");
}

template <std::size_t types>
void grow_waiting_types(benchmark::State& state) {
    take_what_waits(state, std::make_index_sequence<types>());
}

/// In each round one `async_emit` waits for full queues of subscriptions to every type, which then take what they have.
/// An iteration is the event's way into one of the queues and out of it.
void grow_waiting_wildcards(benchmark::State& state) {
    const std::size_t wildcards = argument(state);
    HandDriven io;
    event::EventBus bus{io.context()};
    const auto emitter = bus.emitter<Event<>>();
    std::vector<event::Subscription<event::AnyEvent>> subscriptions;
    for (std::size_t i = 0; i < wildcards; ++i)
        subscriptions.push_back(bus.subscribe<event::AnyEvent>({.capacity = 1, .on_full = event::Wait{}}));
    std::uint64_t emitted = 0;
    std::uint64_t taken = 0;
    std::uint64_t rounds = 0;
    const auto completed = [&emitted](boost::system::error_code error, const event::EmitResult& result) {
        if (!error) emitted += result.delivered;
    };
    const auto round = [&] {
        emitter.async_emit({{rounds}}, completed);
        check(emitted == rounds * wildcards, "it did not wait");
        for (auto& subscription : subscriptions)
            if (subscription.try_receive()) ++taken;
        io.drive();
        ++rounds;
    };
    emitter.emit({});
    round();
    {
        const SteadyState steady(state);
        while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(wildcards))) round();
    }
    check(taken == rounds * wildcards && emitted == taken, "an event is missing");
}

/// Subscriptions to every type are closed one after the other, in an order that is neither that in which they came nor
/// its reverse. An iteration is one close, and the time is of nothing else; "allocs" is of subscribing, too.
void grow_wildcards(benchmark::State& state) {
    using Clock = std::chrono::steady_clock;
    const std::size_t wildcards = argument(state);
    constexpr std::size_t stride = 7;  // has no factor in common with a power of ten
    HandDriven io;
    event::EventBus bus{io.context()};
    const auto emitter = bus.emitter<Event<>>();
    std::vector<event::Subscription<event::AnyEvent>> subscriptions;
    subscriptions.reserve(wildcards);
    {
        const SteadyState steady(state);
        while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(wildcards))) {
            for (std::size_t i = 0; i < wildcards; ++i) subscriptions.push_back(bus.subscribe<event::AnyEvent>());
            const auto begin = Clock::now();
            for (std::size_t i = 0; i < wildcards; ++i) subscriptions[i * stride % wildcards].close();
            state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count());
            subscriptions.clear();
        }
    }
    check(emitter.emit({}).delivered == 0, "somebody stayed");
}

bool add_rows() {
    using benchmark::RegisterBenchmark;
    const char* replayed = "grow/replayed/eventbus";
    add_sized(1, replayed, grow_replayed<1>);
    add_sized(25, replayed, grow_replayed<25>);
    add_sized(100, replayed, grow_replayed<100>);
    add_sized(200, replayed, grow_replayed<200>);
    const char* waiting_types = "grow/waiting_types/eventbus";
    add_sized(1, waiting_types, grow_waiting_types<1>);
    add_sized(8, waiting_types, grow_waiting_types<8>);
    add_sized(32, waiting_types, grow_waiting_types<32>);
    add_sized(64, waiting_types, grow_waiting_types<64>);
    RegisterBenchmark("grow/waiting_wildcards/eventbus", grow_waiting_wildcards)->Arg(10)->Arg(100)->Arg(1000);
    RegisterBenchmark("grow/wildcards/eventbus", grow_wildcards)->Arg(10)->Arg(100)->Arg(1000)->UseManualTime();
    return true;
}
[[maybe_unused]] const bool added = add_rows();

}  // namespace
}  // namespace bench
