/// How cost grows with each thing that there can be more of, the others being as they are in P2: 32 bytes, 8
/// subscribers, queues of 64. An iteration is one delivered event, one set, or one watcher woken.

#include "bus_fan_out.hpp"
#include "channel_fan_out.hpp"
#include "check.hpp"
#include "event.hpp"
#include "fan_out_rows.hpp"
#include "growth.hpp"
#include "steady_state.hpp"
#include "two_cores.hpp"

#include <event/bus.hpp>
#include <event/value.hpp>
#include <event/where.hpp>
#include <event/where_key.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace bench {
namespace {

namespace asio = boost::asio;

constexpr std::size_t base_subscribers = 8;

/// Emits so many events, then has every subscriber take them.
template <class FanOut, class T>
void fill_and_drain(benchmark::State& state, FanOut& fan_out, std::size_t subscribers, std::size_t events) {
    const Make<T> make;
    std::uint64_t rounds = 0;
    const auto round = [&] {
        for (std::size_t i = 0; i < events; ++i) fan_out.emit(make(i));
        fan_out.drain();
        ++rounds;
    };
    round();
    {
        const SteadyState steady(state);
        while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(events * subscribers))) round();
    }
    check(fan_out.tally().events == rounds * events * subscribers, "a subscriber missed an event");
}

template <template <class> class FanOut>
void grow_subscribers(benchmark::State& state) {
    HandDriven io;
    FanOut<Event<>> fan_out(io.context(), argument(state));
    fill_and_drain<FanOut<Event<>>, Event<>>(state, fan_out, argument(state), batch);
}

template <template <class> class FanOut>
void grow_capacity(benchmark::State& state) {
    HandDriven io;
    FanOut<Event<>> fan_out(io.context(), base_subscribers, argument(state));
    fill_and_drain<FanOut<Event<>>, Event<>>(state, fan_out, base_subscribers, argument(state));
}

template <template <class> class FanOut, std::size_t bytes>
void grow_bytes(benchmark::State& state) {
    using T = Event<0, bytes>;
    HandDriven io;
    FanOut<T> fan_out(io.context(), base_subscribers);
    fill_and_drain<FanOut<T>, T>(state, fan_out, base_subscribers, batch);
}

/// Subscribers of another type on the same bus, which have an event each that they do not take.
void grow_unrelated_subscribers(benchmark::State& state) {
    HandDriven io;
    BusFanOut<Event<>> fan_out(io.context(), base_subscribers);
    std::vector<event::Subscription<Event<1>>> others;
    for (std::size_t i = 0; i < argument(state); ++i) others.push_back(fan_out.bus().subscribe<Event<1>>());
    fan_out.bus().emitter<Event<1>>().emit({});
    fill_and_drain<BusFanOut<Event<>>, Event<>>(state, fan_out, base_subscribers, batch);
}

struct KeyOf {
    std::uint64_t operator()(const Event<>& event) const { return event.words[1]; }
};
constexpr auto by_key = [](std::uint64_t key) { return event::where_key(KeyOf(), key); };
constexpr auto by_predicate = [](std::uint64_t key) {
    return event::where([key](const Event<>& event) { return KeyOf()(event) == key; });
};

/// Subscribers of one type that want different keys, to one of which all events go.
template <class Wants>
void grow_keys(benchmark::State& state, Wants wants) {
    HandDriven io;
    event::EventBus bus{io.context()};
    const auto emitter = bus.emitter<Event<>>();
    std::vector<event::Subscription<Event<>>> subscriptions;
    for (std::size_t key = 0; key < argument(state); ++key)
        subscriptions.push_back(bus.subscribe<Event<>>({.capacity = batch}, wants(key)));
    auto& subscription = subscriptions[subscriptions.size() / 2];
    const std::uint64_t key = subscriptions.size() / 2;
    Tally tally;
    std::uint64_t rounds = 0;
    const auto round = [&] {
        for (std::size_t i = 0; i < batch; ++i) emitter.emit({{i, key}});
        while (const auto delivery = subscription.try_receive()) tally(**delivery);
        ++rounds;
    };
    round();
    {
        const SteadyState steady(state);
        while (state.KeepRunningBatch(batch)) round();
    }
    check(tally.events == rounds * batch, "the subscriber missed an event");
}

/// Emitters of other types. A topic is a type, of which each takes the compiler a while, so there are 100 on each bus
/// and as many buses as it takes.
void grow_unrelated_topics(benchmark::State& state) {
    constexpr std::size_t topics_of_a_bus = 100;
    HandDriven io;
    BusFanOut<Event<>> fan_out(io.context(), base_subscribers);
    const auto with_numbers = [&]<std::size_t... Number>(std::index_sequence<Number...>) {
        using Others = event::Emitter<Event<Number + 1>...>;
        std::deque<event::EventBus> buses;
        std::vector<Others> others;
        for (std::size_t topics = 0; topics < argument(state); topics += topics_of_a_bus) {
            event::EventBus& bus = topics == 0 ? fan_out.bus() : buses.emplace_back(io.context());
            others.push_back(bus.emitter<Event<Number + 1>...>());
        }
        fill_and_drain<BusFanOut<Event<>>, Event<>>(state, fan_out, base_subscribers, batch);
    };
    if (argument(state) == 1) {
        with_numbers(std::make_index_sequence<1>());
    } else if (argument(state) == 10) {
        with_numbers(std::make_index_sequence<10>());
    } else {
        with_numbers(std::make_index_sequence<topics_of_a_bus>());
    }
}

// ---- types in one subscription ----------------------------------------------------------------------------------

template <std::size_t types>
void grow_types(benchmark::State& state) {
    deliver_types_of_bus(state, std::make_index_sequence<types>());
}

// ---- watchers ---------------------------------------------------------------------------------------------------

void grow_idle_watchers(benchmark::State& state) {
    asio::io_context io;
    event::Value<Event<>> value{io};
    std::vector<event::Watcher<Event<>>> watchers;
    for (std::size_t i = 0; i < argument(state); ++i) watchers.push_back(value.watch());
    std::uint64_t number = 0;
    value.set({{number}});
    {
        const SteadyState steady(state);
        for (auto _ : state) value.set({{++number}});
    }
    for (auto& watcher : watchers) {
        const auto newest = watcher.try_get();
        check(newest && (*newest)->words[0] == number, "a watcher missed the value");
    }
}

class Follower {
public:
    Follower(const event::Value<Event<>>& value, std::uint64_t& sum) : watcher_(value.watch()), sum_(sum) { follow(); }

private:
    void follow() {
        watcher_.async_get([this](boost::system::error_code error, const event::Snapshot<Event<>>& snapshot) {
            if (error) return;
            sum_ += snapshot->words[0];
            follow();
        });
    }

    event::Watcher<Event<>> watcher_;
    std::uint64_t& sum_;
};

void grow_waiting_watchers(benchmark::State& state) {
    const std::size_t waiting = argument(state);
    asio::io_context io;
    event::Value<Event<>> value{io};
    std::uint64_t sum = 0;
    std::deque<Follower> followers;
    for (std::size_t i = 0; i < waiting; ++i) followers.emplace_back(value, sum);
    std::uint64_t number = 0;
    const auto wake_all = [&] {
        value.set({{++number}});
        io.poll();
    };
    wake_all();
    {
        const SteadyState steady(state);
        while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(waiting))) wake_all();
    }
    check(sum == waiting * (number * (number + 1) / 2), "a watcher missed a value");
}

// ---- threads ----------------------------------------------------------------------------------------------------

constexpr std::size_t events_of_a_turn = 32 * 1024;

template <class Work>
void take_turns(benchmark::State& state, Work work) {
    const std::size_t threads = argument(state);
    Team team(threads, work);
    team.run();
    const SteadyState steady(state);
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(threads * events_of_a_turn))) team.run();
}

/// Each thread has a type of its own, with a subscriber that it drains.
template <std::size_t... Number>
void emit_own_types(benchmark::State& state, std::index_sequence<Number...>) {
    asio::io_context io;
    event::EventBus bus{io};
    const auto emitter = bus.emitter<Event<Number>...>();
    auto subscriptions = std::tuple(bus.subscribe<Event<Number>>({.capacity = batch})...);
    std::array<Tally, sizeof...(Number)> tallies{};
    const auto take_turn = [&]<std::size_t number>(std::integral_constant<std::size_t, number>) {
        Tally tally;  // apart from those of the others
        for (std::size_t i = 0; i < events_of_a_turn / batch; ++i) {
            for (std::size_t j = 0; j < batch; ++j) emitter.template emit<Event<number>>(Event<number>{{j}});
            while (const auto delivery = std::get<number>(subscriptions).try_receive()) tally(**delivery);
        }
        tallies[number] = tally;
    };
    take_turns(state, [&](std::size_t thread) {
        (void)((thread == Number && (take_turn(std::integral_constant<std::size_t, Number>()), true)) || ...);
    });
    for (std::size_t i = 0; i < argument(state); ++i) {
        check(tallies[i].events == events_of_a_turn, "an event is missing");
    }
}

void grow_threads_own_types(benchmark::State& state) { emit_own_types(state, std::make_index_sequence<8>()); }

/// All threads emit on one topic, whose subscriber keeps the newest.
void grow_threads_one_type(benchmark::State& state) {
    asio::io_context io;
    event::EventBus bus{io};
    const auto emitter = bus.emitter<Event<>>();
    auto subscription = bus.subscribe<Event<>>({.on_full = event::Latest{}});
    take_turns(state, [&](std::size_t) {
        for (std::size_t i = 0; i < events_of_a_turn; ++i) emitter.emit({{i}});
    });
    const auto newest = subscription.try_receive();
    check(newest && (*newest)->words[0] == events_of_a_turn - 1, "the newest event is not there");
}

constexpr std::size_t most = 10'000;

bool add_rows() {
    using benchmark::RegisterBenchmark;
    const auto up_to = [](benchmark::internal::Benchmark* row, std::int64_t last) {
        for (std::int64_t i = 1; i <= last; i *= 10) row->Arg(i);
    };
    up_to(RegisterBenchmark("grow/subscribers/eventbus", grow_subscribers<BusFanOut>), most);
    up_to(RegisterBenchmark("grow/subscribers/channel_try", grow_subscribers<ChannelFanOut>), most);
    up_to(RegisterBenchmark("grow/unrelated_subscribers/eventbus", grow_unrelated_subscribers), most);
    up_to(RegisterBenchmark("grow/keys/eventbus", grow_keys<decltype(by_key)>, by_key), most);
    up_to(RegisterBenchmark("grow/keys/predicates", grow_keys<decltype(by_predicate)>, by_predicate), most);
    up_to(RegisterBenchmark("grow/unrelated_topics/eventbus", grow_unrelated_topics), most);
    up_to(RegisterBenchmark("grow/idle_watchers/eventbus", grow_idle_watchers), 10 * most);
    up_to(RegisterBenchmark("grow/waiting_watchers/eventbus", grow_waiting_watchers), 10 * most);

    const char* types = "grow/types/eventbus";
    add_sized(1, types, grow_types<1>);
    add_sized(2, types, grow_types<2>);
    add_sized(4, types, grow_types<4>);
    add_sized(8, types, grow_types<8>);
    add_sized(16, types, grow_types<16>);
    add_sized(32, types, grow_types<32>);
    add_sized(64, types, grow_types<64>);

    const char* bus = "grow/event_bytes/eventbus";
    add_sized(8, bus, grow_bytes<BusFanOut, 8>);
    add_sized(32, bus, grow_bytes<BusFanOut, 32>);
    add_sized(128, bus, grow_bytes<BusFanOut, 128>);
    add_sized(256, bus, grow_bytes<BusFanOut, 256>);
    add_sized(512, bus, grow_bytes<BusFanOut, 512>);
    add_sized(4096, bus, grow_bytes<BusFanOut, 4096>);
    add_sized(65536, bus, grow_bytes<BusFanOut, 65536>);
    const char* channel = "grow/event_bytes/channel_try";
    add_sized(8, channel, grow_bytes<ChannelFanOut, 8>);
    add_sized(256, channel, grow_bytes<ChannelFanOut, 256>);
    add_sized(4096, channel, grow_bytes<ChannelFanOut, 4096>);
    add_sized(65536, channel, grow_bytes<ChannelFanOut, 65536>);

    const auto capacities = [](benchmark::internal::Benchmark* row) {
        for (const std::int64_t capacity : {1, 4, 16, 64, 256, 1024, 4096, 16384}) row->Arg(capacity);
    };
    capacities(RegisterBenchmark("grow/capacity/eventbus", grow_capacity<BusFanOut>));
    capacities(RegisterBenchmark("grow/capacity/channel_try", grow_capacity<ChannelFanOut>));

    for (const std::int64_t threads : {1, 2, 4, 8}) {
        RegisterBenchmark("grow/threads_own_types/eventbus", grow_threads_own_types)->Arg(threads)->UseRealTime();
        RegisterBenchmark("grow/threads_one_type/eventbus", grow_threads_one_type)->Arg(threads)->UseRealTime();
    }
    return true;
}
[[maybe_unused]] const bool added = add_rows();

}  // namespace
}  // namespace bench
