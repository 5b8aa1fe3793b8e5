/// P13: what the steady path takes from the heap, whoever runs it. Of each row the column "allocs" counts: blocks that
/// all threads take for one event, which is emitted, wakes its receiver, and is received. The time is that of a trip.

#include "check.hpp"
#include "event.hpp"
#include "fan_out_rows.hpp"
#include "steady_state.hpp"

#include <event/bus.hpp>
#include <event/value.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <tuple>

namespace bench {
namespace {

namespace asio = boost::asio;

constexpr std::uint64_t warm_up = 200;

/// Calls `emit(number)`, then `drive()` until `handled` says that it has arrived; the next one comes then.
template <class Emit, class Drive>
void emit_each(benchmark::State& state, const std::atomic<std::uint64_t>& handled, Emit emit, Drive drive) {
    std::uint64_t number = 0;
    const auto emit_one = [&] {
        emit(++number);
        while (handled.load(std::memory_order_acquire) != number) drive();
    };
    while (number != warm_up) emit_one();
    const SteadyStateOfAllThreads steady(state);
    for (auto _ : state) emit_one();
}

/// Pushes events of the type to the executor.
template <class T, class Executor, class Drive>
void push_each(benchmark::State& state, event::EventBus& bus, const Executor& executor, Drive drive) {
    std::atomic<std::uint64_t> handled{0};
    const auto emitter = bus.emitter<T>();
    auto subscription = bus.subscribe<T>(
        {}, asio::bind_executor(executor, [&](const T&) { handled.fetch_add(1, std::memory_order_release); }));
    emit_each(state, handled, [&](std::uint64_t number) { emitter.emit(Make<T>()(number)); }, drive);
}

/// The string is short enough to take no memory of its own.
struct Word {
    std::string value;
};

}  // namespace

template <>
struct Make<Word> {
    Word operator()(std::uint64_t number) const { return {std::string(1 + number % 8, 'x')}; }
};

namespace {

template <class T>
void push_io_context(benchmark::State& state) {
    HandDriven io;
    event::EventBus bus{io.context()};
    push_each<T>(state, bus, io.context().get_executor(), [&] { io.drive(); });
}

void push_any_executor(benchmark::State& state) {
    HandDriven io;
    event::EventBus bus{io.context()};
    push_each<Event<>>(state, bus, asio::any_io_executor(io.context().get_executor()), [&] { io.drive(); });
}

void push_strand(benchmark::State& state) {
    HandDriven io;
    event::EventBus bus{io.context()};
    push_each<Event<>>(state, bus, asio::make_strand(io.context()), [&] { io.drive(); });
}

/// The handler emits the next event, on a thread that runs the context: where Asio has memory to recycle.
/// The receiver is awake then and goes on to the next event, so these rows cost no wake-up.
template <bool on_strand>
void push_from_inside(benchmark::State& state) {
    HandDriven io;
    event::EventBus bus{io.context()};
    const auto emitter = bus.emitter<Event<>>();
    std::uint64_t handled = 0;
    std::optional<SteadyStateOfAllThreads> steady;
    const auto handle = [&](const Event<>&) {
        if (++handled == warm_up) steady.emplace(state);
        if (handled < warm_up || state.KeepRunning()) {
            emitter.emit({});
        } else {
            steady.reset();
        }
    };
    auto subscription = [&] {
        if constexpr (on_strand) {
            return bus.subscribe<Event<>>({}, asio::bind_executor(asio::make_strand(io.context()), handle));
        } else {
            return bus.subscribe<Event<>>({}, asio::bind_executor(io.context().get_executor(), handle));
        }
    }();
    emitter.emit({});
    io.drive();
    check(handled == warm_up + static_cast<std::uint64_t>(state.iterations()), "an event is missing");
}

void push_thread_pool(benchmark::State& state) {
    asio::thread_pool pool(1);
    event::EventBus bus{pool};
    push_each<Event<>>(state, bus, pool.get_executor(), [] { std::this_thread::yield(); });
    pool.stop();
    pool.join();
}

void push_strand_of_thread_pool(benchmark::State& state) {
    asio::thread_pool pool(1);
    event::EventBus bus{pool};
    push_each<Event<>>(state, bus, asio::make_strand(pool), [] { std::this_thread::yield(); });
    pool.stop();
    pool.join();
}

void post_io_context(benchmark::State& state) {
    HandDriven io;
    std::atomic<std::uint64_t> handled{0};
    const auto emit = [&](std::uint64_t number) {
        asio::post(io.context(), [&, event = Event<>{{number}}] {
            benchmark::DoNotOptimize(&event);
            handled.fetch_add(1, std::memory_order_release);
        });
    };
    emit_each(state, handled, emit, [&] { io.drive(); });
}

void post_thread_pool(benchmark::State& state) {
    asio::thread_pool pool(1);
    std::atomic<std::uint64_t> handled{0};
    const auto emit = [&](std::uint64_t number) {
        asio::post(pool, [&, event = Event<>{{number}}] {
            benchmark::DoNotOptimize(&event);
            handled.fetch_add(1, std::memory_order_release);
        });
    };
    emit_each(state, handled, emit, [] { std::this_thread::yield(); });
    pool.stop();
    pool.join();
}

asio::awaitable<void> receive_all(event::Subscription<Event<>>& subscription, std::atomic<std::uint64_t>& handled) {
    for (;;) {
        const auto received = co_await subscription.async_receive(asio::as_tuple(asio::use_awaitable));
        if (std::get<0>(received)) co_return;
        handled.fetch_add(1, std::memory_order_release);
    }
}

void receive_in_coroutine(benchmark::State& state) {
    HandDriven io;
    event::EventBus bus{io.context()};
    const auto emitter = bus.emitter<Event<>>();
    auto subscription = bus.subscribe<Event<>>();
    std::atomic<std::uint64_t> handled{0};
    asio::co_spawn(io.context(), receive_all(subscription, handled), rethrow);
    io.drive();
    emit_each(state, handled, [&](std::uint64_t number) { emitter.emit({{number}}); }, [&] { io.drive(); });
    subscription.close();
    io.drive();
}

asio::awaitable<void> get_all(event::Watcher<Event<>>& watcher, std::atomic<std::uint64_t>& handled) {
    for (;;) {
        const auto got = co_await watcher.async_get(asio::as_tuple(asio::use_awaitable));
        if (std::get<0>(got)) co_return;
        handled.fetch_add(1, std::memory_order_release);
    }
}

void watch_in_coroutine(benchmark::State& state) {
    HandDriven io;
    event::Value<Event<>> value{io.context()};
    auto watcher = value.watch();
    std::atomic<std::uint64_t> handled{0};
    asio::co_spawn(io.context(), get_all(watcher, handled), rethrow);
    io.drive();
    emit_each(state, handled, [&](std::uint64_t number) { value.set({{number}}); }, [&] { io.drive(); });
    watcher.close();
    io.drive();
}

BENCHMARK(push_io_context<Event<>>)->Name("P13/push_io_context/eventbus");
BENCHMARK(post_io_context)->Name("P13/push_io_context/bare_post");
BENCHMARK(push_io_context<Word>)->Name("P13/push_shared_payload/eventbus");
BENCHMARK(push_any_executor)->Name("P13/push_any_executor/eventbus");
BENCHMARK(push_strand)->Name("P13/push_strand_from_outside/eventbus");
BENCHMARK(push_from_inside<false>)->Name("P13/push_io_context_from_inside/eventbus");
BENCHMARK(push_from_inside<true>)->Name("P13/push_strand_from_inside/eventbus");
BENCHMARK(receive_in_coroutine)->Name("P13/receive_in_coroutine/eventbus");
BENCHMARK(watch_in_coroutine)->Name("P13/watch_in_coroutine/eventbus");
BENCHMARK(push_thread_pool)->Name("P13/push_thread_pool/eventbus")->UseRealTime();
BENCHMARK(post_thread_pool)->Name("P13/push_thread_pool/bare_post")->UseRealTime();
BENCHMARK(push_strand_of_thread_pool)->Name("P13/push_strand_of_thread_pool/eventbus")->UseRealTime();

}  // namespace
}  // namespace bench
