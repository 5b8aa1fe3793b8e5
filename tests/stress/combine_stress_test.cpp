#include "../support.hpp"
#include "scale.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

/// Combined values while threads set what they are made of.

namespace combine_stress_test {

using namespace support;

struct Pair {
    int left = 0;
    int right = 0;
    friend bool operator==(const Pair&, const Pair&) = default;
};
/// Of each of two threads the number that it has set last.
struct Numbered {
    std::array<int, 2> of{};
};
constexpr auto pair_of = [](const int& left, const int& right) { return Pair{left, right}; };

/// Two threads set both; two read, one waits. `left` is set before `right`, each to the same number of a thread.
TEST(CombineOnThreads, NeverShowsAMixtureThatWasNeverCurrent) {
    constexpr int rounds = stress::rounds(4'000);
    asio::io_context io, elsewhere;
    event::EventBus bus{elsewhere};
    event::Value<std::array<int, 2>> left(io, std::array<int, 2>{});
    auto right = bus.value<Numbered>();
    right.set({});
    // what was set on the left, in its own order, comes later on the right: never the other way round
    const auto both = event::combine(left.view(), right.view(), [](const std::array<int, 2>& a, const Numbered& b) {
        return a[0] >= b.of[0] && a[1] >= b.of[1] && a[0] - b.of[0] <= 1 && a[1] - b.of[1] <= 1;
    });
    const auto again = event::combine(
        both, left.view(), [](bool is_right, const std::array<int, 2>& a) { return std::pair(is_right, a); });
    std::atomic<int> mixtures{0};
    std::atomic<int> running{2};
    const auto set = [&](std::size_t which) {
        for (int i = 1; i <= rounds; ++i) {
            left.update([&](std::array<int, 2>& numbers) { numbers[which] = i; });
            right.update([&](Numbered& numbers) { numbers.of[which] = i; });
        }
        --running;
    };
    const auto read = [&] {
        std::uint64_t version = 0;
        while (running != 0) {
            const auto now = both.try_get();
            if (!**now || now->version() < version) ++mixtures;
            version = now->version();
            if (!(*again.try_get())->first) ++mixtures;
        }
    };
    const auto connection = again.watch([&](const auto& now) { mixtures += !now.first; });
    std::vector<std::thread> threads;
    threads.emplace_back(set, 0);
    threads.emplace_back(set, 1);
    threads.emplace_back(read);
    threads.emplace_back([&] {
        while (running != 0) io.poll();
    });
    for (std::thread& thread : threads) thread.join();
    drive(io);
    EXPECT_EQ(mixtures, 0);
    EXPECT_EQ((*again.try_get())->second, (std::array<int, 2>{rounds, rounds}));
}

/// A get that waits hears of the last set, whoever was first.
TEST(CombineOnThreads, NeverMissesAChange) {
    constexpr int rounds = stress::rounds(2'000);
    asio::io_context io;
    event::Value<int> left(io, 0), right(io, 0);
    const auto sum = event::combine(left.view(), right.view(), [](int a, int b) { return a + b; });
    auto watcher = sum.watch();
    std::atomic<int> seen{0};
    const auto connection = sum.watch([&](int now) { seen = now; });
    std::thread runs([&] {
        const auto work = asio::make_work_guard(io);
        io.run();
    });
    for (int i = 1; i <= rounds; ++i) {
        std::thread beside;
        if (i % 100 == 0) beside = std::thread([&] { left.set(i); });
        if (i % 100 != 0) left.set(i);
        right.set(i);
        if (beside.joinable()) beside.join();
        while (seen != 2 * i) std::this_thread::yield();  // for ever, were one missed
    }
    io.stop();
    runs.join();
}

/// Views, watchers and values that come and go while others set.
TEST(CombineOnThreads, ComesAndGoesWhileOthersSet) {
    asio::io_context io;
    event::Value<int> left(io, 0), right(io, 0);
    std::atomic<bool> goes_on{true};
    std::thread sets([&] {
        for (int i = 0; goes_on; ++i) {
            left.set(i);
            right.set(i);
        }
    });
    std::thread runs([&] {
        while (goes_on) io.poll();
    });
    for (int i = 0; i < 500; ++i) {
        const auto inner = event::combine(left.view(), right.view(), pair_of);
        const auto outer = event::combine(inner, left.view(), [](Pair pair, int number) { return pair.left - number; });
        EXPECT_EQ(**outer.try_get(), 0);
        auto watcher = outer.watch();
        watcher.async_get([](auto, auto) {});
        const auto connection = inner.watch([](const Pair&) {});
        EXPECT_EQ(**outer.try_get(), 0);
    }
    goes_on = false;
    sets.join();
    runs.join();
}

}  // namespace combine_stress_test
