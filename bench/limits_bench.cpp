/// The bare limits: what the parts cost of which any system is made.

#include "check.hpp"
#include "event.hpp"
#include "fan_out_rows.hpp"
#include "steady_state.hpp"
#include "two_cores.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace bench {
namespace {

namespace asio = boost::asio;

class SpinLock {
public:
    void lock() noexcept {
        while (locked_.exchange(true, std::memory_order_acquire)) {
        }
    }
    void unlock() noexcept { locked_.store(false, std::memory_order_release); }

private:
    std::atomic<bool> locked_{false};
};

/// One producer, one consumer, each of whom looks at the other's end only when it has to.
class Ring {
public:
    bool push(const Event<>& event) noexcept {
        if (written_ - seen_head_ == size) {
            seen_head_ = head_.load(std::memory_order_acquire);
            if (written_ - seen_head_ == size) return false;
        }
        slots_[written_++ % size] = event;
        return true;
    }
    /// Shows the reader all that was pushed.
    void publish() noexcept { tail_.store(written_, std::memory_order_release); }
    bool pop(Event<>& event) noexcept {
        const std::size_t head = head_.load(std::memory_order_relaxed);
        if (head == seen_tail_) {
            seen_tail_ = tail_.load(std::memory_order_acquire);
            if (head == seen_tail_) return false;
        }
        event = slots_[head % size];
        head_.store(head + 1, std::memory_order_release);
        return true;
    }

private:
    static constexpr std::size_t size = 1024;
    alignas(64) std::atomic<std::size_t> head_{0};
    std::size_t seen_tail_ = 0;
    alignas(64) std::atomic<std::size_t> tail_{0};
    std::size_t written_ = 0;
    std::size_t seen_head_ = 0;
    alignas(64) std::array<Event<>, size> slots_{};
};

// ---- memory and locks -------------------------------------------------------------------------------------------

void atomic_load(benchmark::State& state) {
    std::atomic<const void*> anybody{nullptr};
    const SteadyState steady(state);
    for (auto _ : state) {
        benchmark::DoNotOptimize(anybody.load(std::memory_order_acquire));
        benchmark::ClobberMemory();
    }
}

template <class Lock>
void lock(benchmark::State& state) {
    Lock lock;
    benchmark::DoNotOptimize(&lock);
    const SteadyState steady(state);
    for (auto _ : state) {
        const std::lock_guard guard(lock);
        benchmark::ClobberMemory();
    }
}

void fence(benchmark::State& state) {
    const SteadyState steady(state);
    for (auto _ : state) std::atomic_thread_fence(std::memory_order_seq_cst);
}

void new_and_delete(benchmark::State& state) {
    struct Block {
        std::array<char, 64> bytes;
    };
    const SteadyState steady(state);
    for (auto _ : state) {
        const std::unique_ptr<Block> block(new Block);
        benchmark::DoNotOptimize(block.get());
    }
}

struct NoLock {
    void lock() noexcept {}
    void unlock() noexcept {}
};

/// A batch is written to an array, each event under a lock, and then read.
template <class Lock>
void ring(benchmark::State& state) {
    std::array<Event<>, batch> slots{};
    Lock lock;
    benchmark::DoNotOptimize(&lock);
    benchmark::DoNotOptimize(slots.data());
    Tally tally;
    const SteadyState steady(state);
    while (state.KeepRunningBatch(batch)) {
        for (std::size_t i = 0; i < batch; ++i) {
            const std::lock_guard guard(lock);
            slots[i] = {{i}};
            benchmark::ClobberMemory();
        }
        for (const Event<>& event : slots) {
            tally(event);
            benchmark::DoNotOptimize(tally.sum);
        }
    }
}

// ---- executors --------------------------------------------------------------------------------------------------

template <std::size_t posts>
void post(benchmark::State& state) {
    HandDriven io;
    std::uint64_t sum = 0;
    const SteadyState steady(state);
    while (state.KeepRunningBatch(posts)) {
        for (std::size_t i = 0; i < posts; ++i) asio::post(io.context(), [&sum] { ++sum; });
        io.drive();
    }
    benchmark::DoNotOptimize(sum);
}

template <std::size_t posts>
void strand_post(benchmark::State& state) {
    HandDriven io;
    const auto strand = asio::make_strand(io.context());
    std::uint64_t sum = 0;
    const SteadyState steady(state);
    while (state.KeepRunningBatch(posts)) {
        for (std::size_t i = 0; i < posts; ++i) asio::post(strand, [&sum] { ++sum; });
        io.drive();
    }
    benchmark::DoNotOptimize(sum);
}

// ---- coroutines -------------------------------------------------------------------------------------------------

/// Suspends at each turn of an endless loop.
struct Endless {
    struct promise_type {
        Endless get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> handle;
};

Endless endless(std::uint64_t& turns) {
    for (;;) {
        ++turns;
        co_await std::suspend_always();
    }
}

void resume(benchmark::State& state) {
    std::uint64_t turns = 0;
    const Endless coroutine = endless(turns);
    benchmark::DoNotOptimize(&turns);
    {
        const SteadyState steady(state);
        for (auto _ : state) {
            coroutine.handle.resume();
            benchmark::ClobberMemory();
        }
    }
    coroutine.handle.destroy();
}

asio::awaitable<void> post_and_resume(benchmark::State& state, asio::io_context& io) {
    co_await asio::post(io, asio::use_awaitable);
    const SteadyState steady(state);
    while (state.KeepRunning()) co_await asio::post(io, asio::use_awaitable);
}

void resume_post(benchmark::State& state) {
    asio::io_context io;
    asio::co_spawn(io, post_and_resume(state, io), rethrow);
    io.run();
}

// ---- two threads ------------------------------------------------------------------------------------------------

/// From here to a thread that does nothing else but read, which is shown so many events at a time.
template <std::size_t at_once>
void ring_threads(benchmark::State& state) {
    const auto queue = std::make_unique<Ring>();
    constexpr std::uint64_t stop = ~std::uint64_t(0);
    std::uint64_t received = 0;
    const OnCore here(0);
    std::thread reader([&] {
        const OnCore there(1);
        Event<> event;
        for (;;) {
            if (!queue->pop(event)) {
                std::this_thread::yield();
                continue;
            }
            if (event.words[0] == stop) return;
            ++received;
        }
    });
    const auto push = [&](std::uint64_t number) {
        while (!queue->push({{number}})) std::this_thread::yield();
    };
    std::uint64_t rounds = 0;
    {
        const SteadyState steady(state);
        while (state.KeepRunningBatch(batch)) {
            for (std::size_t i = 0; i < batch; ++i) {
                push(i);
                if ((i + 1) % at_once == 0) queue->publish();
            }
            ++rounds;
        }
    }
    push(stop);
    queue->publish();
    reader.join();
    check(received == rounds * batch, "an event is missing");
}

/// There and back.
void cache_line(benchmark::State& state) {
    alignas(64) std::atomic<std::uint64_t> ping{0};
    alignas(64) std::atomic<std::uint64_t> pong{0};
    constexpr std::uint64_t stop = ~std::uint64_t(0);
    const auto wait = [](std::atomic<std::uint64_t>& word, std::uint64_t than) {
        for (int spins = 0;; ++spins) {
            const std::uint64_t now = word.load(std::memory_order_acquire);
            if (now != than) return now;
            if (spins > 10000) std::this_thread::yield();
        }
    };
    const OnCore here(0);
    std::thread other([&] {
        const OnCore there(1);
        for (std::uint64_t last = 0; last != stop;) {
            last = wait(ping, last);
            pong.store(last, std::memory_order_release);
        }
    });
    std::uint64_t number = 0;
    {
        const SteadyState steady(state);
        for (auto _ : state) {
            ping.store(++number, std::memory_order_release);
            wait(pong, number - 1);
        }
    }
    ping.store(stop, std::memory_order_release);
    other.join();
}

BENCHMARK(atomic_load)->Name("limit/atomic_load");
BENCHMARK(ring<NoLock>)->Name("limit/ring");
BENCHMARK(lock<SpinLock>)->Name("limit/lock");
BENCHMARK(lock<std::mutex>)->Name("limit/mutex");
BENCHMARK(fence)->Name("limit/fence");
BENCHMARK(ring<SpinLock>)->Name("limit/lock_and_ring");
BENCHMARK(new_and_delete)->Name("limit/new_delete");
BENCHMARK(post<batch>)->Name("limit/post_batch");
BENCHMARK(post<1>)->Name("limit/post_each");
BENCHMARK(strand_post<batch>)->Name("limit/strand_post_batch");
BENCHMARK(strand_post<1>)->Name("limit/strand_post_each");
BENCHMARK(resume)->Name("limit/resume");
BENCHMARK(resume_post)->Name("limit/resume_post");
BENCHMARK(ring_threads<batch>)->Name("limit/ring_threads")->UseRealTime();
BENCHMARK(ring_threads<1>)->Name("limit/ring_threads_each")->UseRealTime();
BENCHMARK(cache_line)->Name("limit/cache_line_round_trip")->UseRealTime();

}  // namespace
}  // namespace bench
