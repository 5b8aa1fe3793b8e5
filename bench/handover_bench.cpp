/// P6, P7: from one or two threads to one or two others that sleep when there is nothing, bounded and lossless. An
/// iteration is one delivered event.
///
/// At most 1024 events are under way. All systems keep that bound, and lose nothing, in the same way: a consumer says
/// how far it is, every 64 events and before it waits, and a producer without room yields until it has.

#include "check.hpp"
#include "event.hpp"
#include "peers.hpp"
#include "steady_state.hpp"
#include "two_cores.hpp"

#include <event/bus.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <benchmark/benchmark.h>

#ifdef EVENTBUS_BENCH_moodycamel
#include <blockingconcurrentqueue.h>
#endif

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <thread>
#include <tuple>
#include <type_traits>
#include <vector>

namespace bench {
namespace {

namespace asio = boost::asio;

constexpr std::uint64_t bound = 1024;
constexpr std::uint64_t last = ~std::uint64_t(0);
constexpr std::size_t room = bound + 1;  // the last one may come on top
constexpr std::size_t most_producers = 2;

/// One that takes events, and says how far it is.
class Consumer {
public:
    /// False: that was the last one.
    bool operator()(const Event<>& event) {
        if (event.words[0] == last) return false;
        ++taken_[event.words[1]];
        sum_ += event.words[0];
        if (++unsaid_ == batch) say();
        return true;
    }
    void say() {
        for (std::size_t i = 0; i < most_producers; ++i) said_[i].store(taken_[i], std::memory_order_release);
        unsaid_ = 0;
    }
    [[nodiscard]] std::uint64_t said(std::size_t producer) const {
        return said_[producer].load(std::memory_order_acquire);
    }
    [[nodiscard]] std::uint64_t events() const { return taken_[0] + taken_[1]; }
    [[nodiscard]] std::uint64_t sum() const { return sum_; }

private:
    alignas(64) std::array<std::uint64_t, most_producers> taken_{};
    std::uint64_t sum_ = 0;
    std::uint64_t unsaid_ = 0;
    alignas(64) std::array<std::atomic<std::uint64_t>, most_producers> said_{};
};

/// One that emits, and waits for the slowest consumer.
class Producer {
public:
    Producer(std::size_t number, std::size_t producers, const std::deque<Consumer>& consumers)
        : number_(number), bound_(bound / producers), consumers_(consumers) {}

    template <class System>
    void emit_some(System& system) {
        for (std::uint64_t i = 0; i < some; i += System::at_once) {
            wait_for_room(System::at_once);
            if constexpr (System::at_once == 1) {
                system.emit({{i, number_}});
            } else {
                std::array<Event<>, System::at_once> events;
                for (std::size_t j = 0; j < events.size(); ++j) events[j] = {{i + j, number_}};
                system.emit(events);
            }
        }
    }
    static constexpr std::uint64_t some = 1024;
    static constexpr std::uint64_t sum_of_some = some * (some - 1) / 2;

private:
    void wait_for_room(std::uint64_t events) {
        emitted_ += events;
        while (emitted_ - taken_ > bound_) {
            taken_ = ~std::uint64_t(0);
            for (const Consumer& consumer : consumers_) taken_ = std::min(taken_, consumer.said(number_));
            if (emitted_ - taken_ > bound_) std::this_thread::yield();
        }
    }

    const std::size_t number_;
    const std::uint64_t bound_;
    const std::deque<Consumer>& consumers_;
    std::uint64_t emitted_ = 0;
    std::uint64_t taken_ = 0;
};

// ---- systems: `emit` from any thread, and `consume`, the thread of a consumer -------------------------------------

/// Takes what is there without waiting, then waits in a coroutine.
class BusHandover {
public:
    static constexpr std::size_t at_once = 1;

    explicit BusHandover(std::size_t consumers) : contexts_(consumers) {
        for (std::size_t i = 0; i < consumers; ++i) {
            subscriptions_.push_back(bus_.subscribe<Event<>>({.capacity = room}));
        }
    }
    void emit(const Event<>& event) { emitter_.emit(event); }
    void emit_all(std::span<const Event<>> events) { emitter_.emit_all(events); }
    void consume(std::size_t number, Consumer& consumer) {
        asio::co_spawn(contexts_[number], take(subscriptions_[number], consumer), rethrow);
        contexts_[number].run();
    }

private:
    static asio::awaitable<void> take(event::Subscription<Event<>>& subscription, Consumer& consumer) {
        for (;;) {
            while (const auto delivery = subscription.try_receive()) {
                if (!consumer(**delivery)) co_return;
            }
            consumer.say();
            const auto woken = co_await subscription.async_wait(asio::as_tuple(asio::use_awaitable));
            check(!std::get<0>(woken), "the subscription ended");
        }
    }

    std::deque<asio::io_context> contexts_;
    event::EventBus bus_{contexts_.front()};
    event::Emitter<Event<>> emitter_ = bus_.emitter<Event<>>();
    std::vector<event::Subscription<Event<>>> subscriptions_;
};

/// The same, emitted 64 at a time.
class BusHandoverOfMany : private BusHandover {
public:
    static constexpr std::size_t at_once = 64;
    using BusHandover::BusHandover;
    using BusHandover::consume;
    void emit(std::span<const Event<>> events) { emit_all(events); }
    void emit(const Event<>& event) { BusHandover::emit(event); }
};

template <bool tries>
class ChannelHandover {
public:
    static constexpr std::size_t at_once = 1;

    explicit ChannelHandover(std::size_t consumers) : contexts_(consumers) {
        for (asio::io_context& io : contexts_) bus_.add(channels_.emplace_back(io.get_executor(), room));
    }
    void emit(const Event<>& event) { bus_.emit(event); }
    void consume(std::size_t number, Consumer& consumer) {
        asio::co_spawn(contexts_[number], take(channels_[number], consumer), rethrow);
        contexts_[number].run();
    }

private:
    static asio::awaitable<void> take(Channel<Event<>>& channel, Consumer& consumer) {
        for (bool goes_on = true; goes_on;) {
            const auto add = [&](boost::system::error_code, const Event<>& event) { goes_on = consumer(event); };
            while (tries && goes_on && channel.try_receive(add)) {
            }
            if (!goes_on) break;
            consumer.say();
            const auto received = co_await channel.async_receive(asio::as_tuple(asio::use_awaitable));
            goes_on = consumer(std::get<1>(received));
        }
    }

    std::deque<asio::io_context> contexts_;
    ChannelBus<Event<>> bus_;
    std::deque<Channel<Event<>>> channels_;
};

/// To a context of one thread, which needs no strand.
class PostHandover {
public:
    static constexpr std::size_t at_once = 1;

    explicit PostHandover(std::size_t consumers) : receivers_(consumers) {}
    void emit(const Event<>& event) {
        for (Receiver& receiver : receivers_) {
            asio::post(receiver.io, [&receiver, event] {
                if (!(*receiver.consumer)(event)) receiver.work.reset();
                receiver.consumer->say();  // it cannot know which one is the last before it sleeps
            });
        }
    }
    void consume(std::size_t number, Consumer& consumer) {
        receivers_[number].consumer = &consumer;
        receivers_[number].io.run();
    }

private:
    struct Receiver {
        asio::io_context io;
        asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
        Consumer* consumer = nullptr;
    };
    std::deque<Receiver> receivers_;
};

/// Takes all that has come with one lock.
class MutexHandover {
public:
    static constexpr std::size_t at_once = 1;

    explicit MutexHandover(std::size_t consumers) : queues_(consumers) {}
    void emit(const Event<>& event) {
        for (Queue& queue : queues_) {
            bool was_empty = false;
            {
                const std::lock_guard lock(queue.mutex);
                was_empty = queue.events.empty();
                queue.events.push_back(event);
            }
            if (was_empty) queue.filled.notify_one();
        }
    }
    void consume(std::size_t number, Consumer& consumer) {
        Queue& queue = queues_[number];
        std::deque<Event<>> taken;
        for (;;) {
            {
                std::unique_lock lock(queue.mutex);
                queue.filled.wait(lock, [&] { return !queue.events.empty(); });
                taken.swap(queue.events);
            }
            for (const Event<>& event : taken) {
                if (!consumer(event)) return;
            }
            taken.clear();
            consumer.say();
        }
    }

private:
    struct Queue {
        std::mutex mutex;
        std::condition_variable filled;
        std::deque<Event<>> events;  // guarded by mutex
    };
    std::deque<Queue> queues_;
};

#ifdef EVENTBUS_BENCH_moodycamel
class MoodycamelHandover {
public:
    static constexpr std::size_t at_once = 1;

    explicit MoodycamelHandover(std::size_t consumers) : queues_(consumers) {}
    void emit(const Event<>& event) {
        for (auto& queue : queues_) queue.enqueue(event);
    }
    void consume(std::size_t number, Consumer& consumer) {
        moodycamel::ConsumerToken token(queues_[number]);
        std::array<Event<>, batch> taken;
        // two producers' events come in any order: the last one may overtake those that the queue got before it
        for (bool goes_on = true; goes_on;) {
            const std::size_t count = queues_[number].wait_dequeue_bulk(token, taken.begin(), taken.size());
            for (std::size_t i = 0; i < count; ++i) goes_on = consumer(taken[i]) && goes_on;
            consumer.say();
        }
        while (const std::size_t count = queues_[number].try_dequeue_bulk(token, taken.begin(), taken.size())) {
            for (std::size_t i = 0; i < count; ++i) consumer(taken[i]);
        }
    }

private:
    std::deque<moodycamel::BlockingConcurrentQueue<Event<>>> queues_;
};
#endif

// ---- rows -------------------------------------------------------------------------------------------------------

/// More than two threads go where they like.
template <std::size_t threads>
using Place = std::conditional_t<threads == 2, OnCore, AnyCore>;

template <class System, std::size_t producers, std::size_t consumers>
void hand_over(benchmark::State& state) {
    static_assert(producers <= most_producers);
    const Place<producers + consumers> here(0);
    System system(consumers);
    std::deque<Consumer> all(consumers);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < consumers; ++i) {
        threads.emplace_back([&, i] {
            const Place<producers + consumers> there(1);
            system.consume(i, all[i]);
        });
    }
    std::deque<Producer> sources;
    for (std::size_t i = 0; i < producers; ++i) sources.emplace_back(i, producers, all);
    std::uint64_t rounds = 0;
    const auto measure = [&](std::uint64_t rounds_of_a_turn, auto&& turn) {
        turn();
        rounds += rounds_of_a_turn;
        const SteadyState steady(state);
        while (state.KeepRunningBatch(
            static_cast<benchmark::IterationCount>(rounds_of_a_turn * Producer::some * producers * consumers))) {
            turn();
            rounds += rounds_of_a_turn;
        }
    };
    if constexpr (producers == 1) {
        measure(1, [&] { sources.front().emit_some(system); });
    } else {
        constexpr std::uint64_t many = 32;
        Team team(producers, [&](std::size_t i) {
            for (std::uint64_t round = 0; round < many; ++round) sources[i].emit_some(system);
        });
        measure(many, [&] { team.run(); });
    }
    system.emit(Event<>{{last}});
    for (std::thread& thread : threads) thread.join();
    for (const Consumer& consumer : all) {
        check(consumer.events() == rounds * producers * Producer::some, "an event is missing");
        check(consumer.sum() == rounds * producers * Producer::sum_of_some, "an event came twice");
    }
}

/// The library's own way to lose nothing: `Wait`, and a coroutine that waits for room with each event.
class Waiter {
public:
    /// The limit is never reached: what is seen is what it costs to have one.
    explicit Waiter(benchmark::State& state, std::chrono::nanoseconds limit)
        : subscription_(bus_.subscribe<Event<>>({.capacity = bound, .on_full = event::Wait{.limit = limit}})) {
        const OnCore here(0);
        std::thread consumer([this] {
            const OnCore there(1);
            asio::co_spawn(there_, take(), rethrow);
            there_.run();
        });
        asio::co_spawn(here_, emit(state), rethrow);
        here_.run();
        consumer.join();
        check(taken_ == emitted_, "an event is missing");
    }

private:
    asio::awaitable<void> emit(benchmark::State& state) {
        {
            const SteadyState steady(state);
            while (state.KeepRunning()) {
                const Event<> event{{++emitted_}};
                const auto done = co_await emitter_.async_emit(event, asio::as_tuple(asio::use_awaitable));
                check(!std::get<0>(done), "nobody is there");
            }
        }
        bus_.close();
    }
    asio::awaitable<void> take() {
        for (;;) {
            while (const auto delivery = subscription_.try_receive()) ++taken_;
            const auto woken = co_await subscription_.async_wait(asio::as_tuple(asio::use_awaitable));
            if (std::get<0>(woken)) co_return;
        }
    }

    std::uint64_t emitted_ = 0;
    std::uint64_t taken_ = 0;
    asio::io_context here_;
    asio::io_context there_;
    event::EventBus bus_{here_};
    event::Emitter<Event<>> emitter_ = bus_.emitter<Event<>>();
    event::Subscription<Event<>> subscription_;
};

void wait_for_room(benchmark::State& state) { const Waiter waiter(state, std::chrono::nanoseconds(0)); }
void wait_for_some_time(benchmark::State& state) { const Waiter waiter(state, std::chrono::seconds(10)); }

template <class System>
void add_rows(const std::string& system) {
    const auto add = [&](const std::string& group, void (*row)(benchmark::State&)) {
        benchmark::RegisterBenchmark((group + '/' + system).c_str(), row)->UseRealTime();
    };
    add("P6/1_to_1_thread", hand_over<System, 1, 1>);
    add("P7/2_to_1_thread", hand_over<System, 2, 1>);
    add("P7/1_to_2_threads", hand_over<System, 1, 2>);
}

bool add_all() {
    add_rows<BusHandover>("eventbus");
    add_rows<BusHandoverOfMany>("eventbus_emit_all");
    benchmark::RegisterBenchmark("P6/1_to_1_thread/eventbus_async_emit", wait_for_room)->UseRealTime();
    benchmark::RegisterBenchmark("P6/1_to_1_thread/eventbus_async_emit_limit", wait_for_some_time)->UseRealTime();
    add_rows<ChannelHandover<true>>("channel_try");
    add_rows<ChannelHandover<false>>("channel_await");
    add_rows<PostHandover>("post");
    add_rows<MutexHandover>("mutex_deque");
#ifdef EVENTBUS_BENCH_moodycamel
    add_rows<MoodycamelHandover>("moodycamel");
#endif
    return true;
}
[[maybe_unused]] const bool added = add_all();

}  // namespace
}  // namespace bench
