/// P9, P10, P11: a latest value and its watchers.

#include "check.hpp"
#include "event.hpp"
#include "peers.hpp"
#include "steady_state.hpp"

#include <event/value.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <benchmark/benchmark.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <tuple>
#include <vector>

namespace bench {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// ---- P9: watchers that are not waiting. An iteration is one set --------------------------------------------------

template <std::size_t idle>
void set(benchmark::State& state) {
    asio::io_context io;
    event::Value<Event<>> value{io};
    std::vector<event::Watcher<Event<>>> watchers;
    for (std::size_t i = 0; i < idle; ++i) watchers.push_back(value.watch());
    std::uint64_t number = 0;
    value.set({{number}});
    const SteadyState steady(state);
    for (auto _ : state) value.set({{++number}});
}

template <std::size_t idle>
void set_channels(benchmark::State& state) {
    asio::io_context io;
    ChannelValue<Event<>> value;
    std::deque<Channel<Event<>>> watchers;
    for (std::size_t i = 0; i < idle; ++i) value.add(watchers.emplace_back(io.get_executor(), 1));
    std::uint64_t number = 0;
    value.set({{number}});
    const SteadyState steady(state);
    for (auto _ : state) value.set({{++number}});
}

/// Watchers remember which version they have seen.
class MutexValue {
public:
    void set(const Event<>& value) {
        {
            const std::lock_guard lock(mutex_);
            value_ = value;
            ++version_;
        }
        changed_.notify_all();
    }
    [[nodiscard]] bool get(Event<>& value, std::uint64_t& seen) {
        const std::lock_guard lock(mutex_);
        if (seen == version_) return false;
        seen = version_;
        value = value_;
        return true;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    Event<> value_{};            // guarded by mutex_
    std::uint64_t version_ = 0;  // guarded by mutex_
};

void set_mutex(benchmark::State& state) {
    MutexValue value;
    benchmark::DoNotOptimize(&value);
    std::uint64_t number = 0;
    const SteadyState steady(state);
    for (auto _ : state) value.set({{++number}});
}

// ---- P10: watchers that wait, and wait again once they are called. An iteration is one of them woken -------------

class WatcherFollower {
public:
    WatcherFollower(asio::io_context&, event::Value<Event<>>& value, std::uint64_t& sum)
        : watcher_(value.watch()), sum_(&sum) {
        follow();
    }

private:
    void follow() {
        watcher_.async_get([this](error_code error, const event::Snapshot<Event<>>& snapshot) {
            if (error) return;
            *sum_ += snapshot->words[0];
            follow();
        });
    }

    event::Watcher<Event<>> watcher_;
    std::uint64_t* sum_;
};

class ChannelFollower {
public:
    ChannelFollower(asio::io_context& io, ChannelValue<Event<>>& value, std::uint64_t& sum)
        : channel_(io.get_executor(), 1), sum_(&sum) {
        value.add(channel_);
        follow();
    }

private:
    void follow() {
        channel_.async_receive([this](error_code error, const Event<>& event) {
            if (error) return;
            *sum_ += event.words[0];
            follow();
        });
    }

    Channel<Event<>> channel_;
    std::uint64_t* sum_;
};

template <class Follower, class Value>
void wake(benchmark::State& state, asio::io_context& io, Value& value, std::size_t waiting) {
    std::uint64_t sum = 0;
    std::deque<Follower> followers;
    for (std::size_t i = 0; i < waiting; ++i) followers.emplace_back(io, value, sum);
    std::uint64_t number = 0;
    const auto wake_all = [&] {
        value.set({{++number}});
        io.poll();
    };
    wake_all();
    const SteadyState steady(state);
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(waiting))) wake_all();
    check(sum == waiting * (number * (number + 1) / 2), "a watcher missed a value");
}

template <std::size_t waiting>
void wake_watchers(benchmark::State& state) {
    asio::io_context io;
    event::Value<Event<>> value{io};
    wake<WatcherFollower>(state, io, value, waiting);
}

template <std::size_t waiting>
void wake_channels(benchmark::State& state) {
    asio::io_context io;
    ChannelValue<Event<>> value;
    wake<ChannelFollower>(state, io, value, waiting);
}

// ---- P11: a value that is there already. An iteration is one set and one get -------------------------------------

void set_and_try_get(benchmark::State& state) {
    asio::io_context io;
    event::Value<Event<>> value{io};
    auto watcher = value.watch();
    std::uint64_t number = 0;
    const SteadyState steady(state);
    for (auto _ : state) {
        value.set({{++number}});
        benchmark::DoNotOptimize(watcher.try_get());
    }
}

void set_and_try_get_channel(benchmark::State& state) {
    asio::io_context io;
    ChannelValue<Event<>> value;
    Channel<Event<>> channel(io.get_executor(), 1);
    value.add(channel);
    std::uint64_t number = 0;
    const SteadyState steady(state);
    for (auto _ : state) {
        value.set({{++number}});
        channel.try_receive([](error_code, const Event<>& event) { benchmark::DoNotOptimize(&event); });
    }
}

void set_and_try_get_mutex(benchmark::State& state) {
    MutexValue value;
    benchmark::DoNotOptimize(&value);
    std::uint64_t number = 0;
    std::uint64_t seen = 0;
    Event<> event;
    const SteadyState steady(state);
    for (auto _ : state) {
        value.set({{++number}});
        benchmark::DoNotOptimize(value.get(event, seen));
    }
}

asio::awaitable<void> set_and_get(benchmark::State& state, event::Value<Event<>>& value) {
    auto watcher = value.watch();
    std::uint64_t number = 0;
    value.set({{number}});
    [[maybe_unused]] const auto first = co_await watcher.async_get(asio::as_tuple(asio::use_awaitable));
    const SteadyState steady(state);
    while (state.KeepRunning()) {
        value.set({{++number}});
        const auto got = co_await watcher.async_get(asio::as_tuple(asio::use_awaitable));
        check(!std::get<0>(got), "no value");
    }
}

asio::awaitable<void> set_and_get_channel(benchmark::State& state, asio::io_context& io) {
    ChannelValue<Event<>> value;
    Channel<Event<>> channel(io.get_executor(), 1);
    value.add(channel);
    std::uint64_t number = 0;
    value.set({{number}});
    [[maybe_unused]] const auto first = co_await channel.async_receive(asio::as_tuple(asio::use_awaitable));
    const SteadyState steady(state);
    while (state.KeepRunning()) {
        value.set({{++number}});
        const auto got = co_await channel.async_receive(asio::as_tuple(asio::use_awaitable));
        check(std::get<1>(got).words[0] == number, "no value");
    }
}

void set_and_async_get_channel(benchmark::State& state) {
    asio::io_context io;
    asio::co_spawn(io, set_and_get_channel(state, io), rethrow);
    io.run();
}

void set_and_async_get(benchmark::State& state) {
    asio::io_context io;
    event::Value<Event<>> value{io};
    asio::co_spawn(io, set_and_get(state, value), rethrow);
    io.run();
}

BENCHMARK(set<0>)->Name("P9/set_0_idle_watchers/eventbus");
BENCHMARK(set_channels<0>)->Name("P9/set_0_idle_watchers/channel_try");
BENCHMARK(set_mutex)->Name("P9/set_0_idle_watchers/mutex_deque");
BENCHMARK(set<1>)->Name("P9/set_1_idle_watcher/eventbus");
BENCHMARK(set_channels<1>)->Name("P9/set_1_idle_watcher/channel_try");
BENCHMARK(set<100>)->Name("P9/set_100_idle_watchers/eventbus");
BENCHMARK(set_channels<100>)->Name("P9/set_100_idle_watchers/channel_try");
BENCHMARK(set<10000>)->Name("P9/set_10000_idle_watchers/eventbus");
BENCHMARK(set_channels<10000>)->Name("P9/set_10000_idle_watchers/channel_try");
BENCHMARK(set_mutex)->Name("P9/set_10000_idle_watchers/mutex_deque");

BENCHMARK(wake_watchers<1>)->Name("P10/wake_1_watcher/eventbus");
BENCHMARK(wake_channels<1>)->Name("P10/wake_1_watcher/channel_await");
BENCHMARK(wake_watchers<100>)->Name("P10/wake_100_watchers/eventbus");
BENCHMARK(wake_channels<100>)->Name("P10/wake_100_watchers/channel_await");
BENCHMARK(wake_watchers<10000>)->Name("P10/wake_10000_watchers/eventbus");
BENCHMARK(wake_channels<10000>)->Name("P10/wake_10000_watchers/channel_await");

BENCHMARK(set_and_try_get)->Name("P11/set_try_get/eventbus");
BENCHMARK(set_and_try_get_channel)->Name("P11/set_try_get/channel_try");
BENCHMARK(set_and_try_get_mutex)->Name("P11/set_try_get/mutex_deque");
BENCHMARK(set_and_async_get)->Name("P11/set_async_get/eventbus");
BENCHMARK(set_and_async_get_channel)->Name("P11/set_async_get/channel_await");

}  // namespace
}  // namespace bench
