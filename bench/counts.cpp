/// Fixed workloads for counting instructions (bench/check_counts) and allocations: a count does not depend on how busy
/// the machine is. The last three are work under a lock beside much that it need not touch, and would be many times as
/// much if it grew with that.
///
///     eventbus_counts WORKLOAD ROUNDS
///
/// prints how many allocations the rounds took, once everything was warm, beyond those that they may.

#include "allocations.hpp"
#include "event.hpp"

#include <event/any_event.hpp>
#include <event/bus.hpp>
#include <event/value.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
using bench::batch;
using bench::Event;

/// Too large to be copied into queues.
struct Text {
    std::string value;
};

constexpr int warm_up = 4;

/// Runs the round `rounds` times, once warm, and says how many allocations that took beyond `allowed` a round.
template <class Round>
void repeat(int rounds, Round&& round, std::uint64_t allowed = 0) {
    for (int i = 0; i < warm_up; ++i) round();
    const std::uint64_t before = bench::allocations();
    for (int i = 0; i < rounds; ++i) round();
    const std::uint64_t took = bench::allocations() - before;
    const std::uint64_t may_take = allowed * static_cast<std::uint64_t>(rounds);
    std::printf("%llu\n", static_cast<unsigned long long>(took > may_take ? took - may_take : 0));
}

/// A round is one batch, emitted, then taken by every subscriber.
template <class T>
void deliver(int rounds, std::size_t subscribers) {
    asio::io_context io;
    event::EventBus bus{io};
    const auto emitter = bus.emitter<T>();
    std::vector<event::Subscription<T>> subscriptions;
    for (std::size_t i = 0; i < subscribers; ++i) subscriptions.push_back(bus.subscribe<T>({.capacity = batch}));
    repeat(rounds, [&] {
        for (std::size_t i = 0; i < batch; ++i) emitter.emplace();
        for (event::Subscription<T>& subscription : subscriptions) {
            while (subscription.try_receive()) {
            }
        }
    });
}

/// A round is one event, emitted, and handled by a push subscription.
void push(int rounds) {
    asio::io_context io;
    event::EventBus bus{io};
    const auto emitter = bus.emitter<Event<>>();
    int handled = 0;
    const auto subscription = bus.subscribe<Event<>>({}, [&](const Event<>&) { ++handled; });
    repeat(rounds, [&] {
        emitter.emplace();
        io.poll();
    });
    if (handled != rounds + warm_up) std::abort();
}

asio::awaitable<void> answer(event::Subscription<Event<0>> pings, event::Emitter<Event<1>> pongs) {
    for (;;) {
        const auto received = co_await pings.async_receive(asio::as_tuple(asio::use_awaitable));
        if (std::get<0>(received)) co_return;
        pongs.emplace();
    }
}

/// A round is one event to another coroutine, and one back; two hops.
asio::awaitable<void> ask(int rounds, event::EventBus& bus, event::Subscription<Event<1>> pongs) {
    const auto pings = bus.emitter<Event<0>>();
    std::uint64_t before = 0;
    for (int i = 0; i < warm_up + rounds; ++i) {
        if (i == warm_up) before = bench::allocations();
        pings.emplace();
        const auto received = co_await pongs.async_receive(asio::as_tuple(asio::use_awaitable));
        if (std::get<0>(received)) std::abort();
    }
    std::printf("%llu\n", static_cast<unsigned long long>(bench::allocations() - before));
    bus.close();
}

void hop(int rounds) {
    asio::io_context io;
    event::EventBus bus{io};
    asio::co_spawn(io, answer(bus.subscribe<Event<0>>(), bus.emitter<Event<1>>()), asio::detached);
    asio::co_spawn(io, ask(rounds, bus, bus.subscribe<Event<1>>()), asio::detached);
    io.run();
}

/// A round is one set beside a hundred idle watchers, and one get.
void value(int rounds) {
    asio::io_context io;
    event::Value<Event<>> value{io};
    std::vector<event::Watcher<Event<>>> idle;
    for (int i = 0; i < 100; ++i) idle.push_back(value.watch());
    auto watcher = value.watch();
    repeat(rounds, [&] {
        value.set({});
        if (!watcher.try_get()) std::abort();
    });
}

/// A round is one subscription that comes and goes, of a type that nobody else uses. It takes one allocation.
void subscribe_and_close(int rounds) {
    asio::io_context io;
    event::EventBus bus{io};
    repeat(
        rounds,
        [&] {
            auto subscription = bus.subscribe<Event<>>({.capacity = 16});
            subscription.close();
        },
        1);
}

/// A round is one event that takes the place of the oldest one of a full queue, behind replayed ones that stay.
template <std::size_t... Number>
void displace_behind_replayed(int rounds, std::index_sequence<Number...>) {
    asio::io_context io;
    event::EventBus bus{io};
    const auto retained = bus.emitter<Event<Number + 1>...>({.retain = true});
    (retained.template emit<Event<Number + 1>>({}), ...);
    const auto subscription =
        bus.subscribe<event::AnyEvent>({.capacity = batch, .on_full = event::DropOldest{}, .replay_retained = true});
    const auto emitter = bus.emitter<Event<>>();
    for (std::size_t i = 0; i < batch; ++i) emitter.emplace();
    repeat(rounds, [&] {
        if (emitter.emplace().displaced != 1) std::abort();
    });
}

/// A round is one event that waits for room beside as many others as there are types, each of another type; it gets
/// the room that taking one of theirs makes, and the next one waits. It may take three allocations.
template <std::size_t... Number>
void wait_among_types(int rounds, std::index_sequence<Number...>) {
    constexpr std::size_t types = sizeof...(Number);
    asio::io_context io;
    event::EventBus bus{io};
    const auto emitter = bus.emitter<Event<Number>...>();
    auto subscription = bus.subscribe<Event<Number>...>({.capacity = 1, .on_full = event::Wait{}});
    std::size_t emitted = 0;
    auto emit_one_more = [&, next = std::size_t{0}]() mutable {
        const std::size_t type = next++ % types;
        const auto emit_if = [&]<std::size_t number>(std::integral_constant<std::size_t, number>) {
            if (number == type) {
                emitter.template async_emit<Event<number>>(
                    {}, [&emitted](boost::system::error_code, const event::EmitResult& result) {
                        emitted += result.delivered;
                    });
            }
        };
        (emit_if(std::integral_constant<std::size_t, Number>()), ...);
    };
    for (std::size_t i = 0; i <= types; ++i) emit_one_more();
    io.poll();
    std::size_t taken = 0;
    repeat(
        rounds,
        [&] {
            if (subscription.try_receive()) ++taken;
            io.restart();
            io.poll();
            emit_one_more();
        },
        3);
    if (taken != static_cast<std::size_t>(rounds + warm_up) || emitted != taken + 1) std::abort();
}

/// A round is one subscription to every type that comes, and one that goes, of many others, neither the newest nor the
/// oldest of them. It takes one allocation.
void close_among_wildcards(int rounds) {
    constexpr std::size_t wildcards = 200;
    constexpr std::size_t stride = 7;
    asio::io_context io;
    event::EventBus bus{io};
    const auto emitter = bus.emitter<Event<>>();
    std::vector<event::Subscription<event::AnyEvent>> subscriptions;
    for (std::size_t i = 0; i < wildcards; ++i) subscriptions.push_back(bus.subscribe<event::AnyEvent>());
    std::size_t next = 0;
    repeat(
        rounds,
        [&] {
            next = (next + stride) % wildcards;
            subscriptions[next] = bus.subscribe<event::AnyEvent>();
        },
        1);
    if (emitter.emplace().delivered != wildcards) std::abort();
}

const std::map<std::string_view, std::function<void(int)>> workloads{
    {"one_subscriber", [](int rounds) { deliver<Event<>>(rounds, 1); }},
    {"eight_subscribers", [](int rounds) { deliver<Event<>>(rounds, 8); }},
    {"eight_subscribers_shared", [](int rounds) { deliver<Text>(rounds, 8); }},
    {"push", &push},
    {"coroutine_hop", &hop},
    {"value", &value},
    {"subscribe_and_close", &subscribe_and_close},
    {"displace_behind_replayed", [](int rounds) { displace_behind_replayed(rounds, std::make_index_sequence<200>()); }},
    {"wait_among_types", [](int rounds) { wait_among_types(rounds, std::make_index_sequence<32>()); }},
    {"close_among_wildcards", &close_among_wildcards},
};

}  // namespace

int main(int argc, char** argv) {
    const auto workload = argc == 3 ? workloads.find(argv[1]) : workloads.end();
    if (workload == workloads.end()) {
        std::fputs("usage: eventbus_counts WORKLOAD ROUNDS\n", stderr);
        return EXIT_FAILURE;
    }
    workload->second(std::atoi(argv[2]));
    return EXIT_SUCCESS;
}
