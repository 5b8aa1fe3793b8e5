/// The lock of a domain: what its users rely on beyond the order of events.

#include <event/detail/order/lock.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace lock_test {

using namespace std::chrono_literals;
using event::detail::Lock;
using event::detail::Patience;

/// Longer than somebody waits before it is urgent.
void dawdle() {
    for (int i = 0; i < 5'000; ++i) event::detail::relax();
}

TEST(Lock, IsHeldByOneAtATimeHoweverLongHeHoldsIt) {
    constexpr int rounds = 200;
    Lock lock;
    int sum = 0;  // guarded by lock
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < rounds; ++round) {
                const std::lock_guard guard(lock);
                const int before = sum;
                if (round % 20 == 0) dawdle();
                sum = before + 1;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(sum, 4 * rounds);
    EXPECT_TRUE(lock.try_lock());
    EXPECT_FALSE(lock.try_lock());
    lock.unlock();
}

TEST(Lock, MayBeDestroyedByWhoTakesItNext) {
    for (int round = 0; round < 50; ++round) {
        auto lock = std::make_unique<Lock>();
        Lock& released = *lock;
        std::atomic<bool> is_waiting{false};
        released.lock();
        std::thread next([&] {
            is_waiting = true;
            lock->lock();
            lock.reset();
        });
        while (!is_waiting) std::this_thread::yield();
        dawdle();  // it is urgent for that one now
        released.unlock();
        next.join();
    }
}

/// Whether that thread of this process sleeps.
bool sleeps(pid_t thread) {
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
    std::string text;
    std::getline(file, text);
    const auto name_ends = text.rfind(')');
    return name_ends != std::string::npos && text.compare(name_ends, 3, ") S") == 0;
}

TEST(Lock, IsHandedToWhoSleeps) {
    // Whoever releases it cannot have it back first, however quick it is, and however long the other sleeps.
    constexpr int rounds = 20;
    int handed = 0;
    for (int round = 0; round < rounds; ++round) {
        Lock lock;
        std::atomic<pid_t> waiting{0};
        bool had_it = false;  // guarded by lock
        lock.lock();
        std::thread next([&] {
            waiting = gettid();
            const std::lock_guard guard(lock);
            had_it = true;
        });
        while (waiting == 0) std::this_thread::yield();
        while (!sleeps(waiting)) std::this_thread::yield();
        lock.unlock();
        if (!lock.try_lock()) {
            ++handed;
        } else {
            handed += had_it ? 1 : 0;
            lock.unlock();
        }
        next.join();
    }
    EXPECT_GE(handed, rounds / 2) << "a sanitizer's own locks may have put it to sleep before";
}

/// How often somebody looks before he sleeps for the first time, and for how long he does then.
std::pair<int, std::chrono::microseconds> first_sleep(Patience& patience) {
    for (int looks = 1; looks < 10'000; ++looks) {
        if (const auto sleep = patience.next_sleep(0us); sleep != sleep.zero()) return {looks, sleep};
    }
    return {};
}

TEST(Patience, LooksOftenBeforeItSleepsForAMoment) {
    Patience patience;
    const auto [looks, sleep] = first_sleep(patience);
    EXPECT_GE(looks, 20);
    EXPECT_GT(sleep, 0us);
    EXPECT_LE(sleep, 50us);
}

TEST(Patience, SleepsAtOnceWhereALookTakesLong) {
    Patience patience;
    EXPECT_EQ(patience.next_sleep(100us), 0us);
    EXPECT_GT(patience.next_sleep(1ms), 0us);
}

TEST(Patience, SleepsEverLongerBetweenTwoLooksAtALockThatIsHeld) {
    Patience patience;
    auto last = first_sleep(patience).second;
    auto slept = last;
    int sleeps = 1;
    for (; slept < 1s; ++sleeps) {
        const auto sleep = patience.next_sleep(0us);
        ASSERT_GE(sleep, last);
        ASSERT_LE(sleep, 4ms);
        ASSERT_LE(sleep, 2 * slept) << "or it would be late by more than it had to wait";
        last = sleep;
        slept += sleep;
    }
    EXPECT_LE(sleeps, 300) << "in a second";
}

TEST(Patience, LooksAsOftenAsInTheBeginningWhenOthersComeAndGo) {
    Patience patience;
    const auto first = first_sleep(patience);
    for (int i = 0; i < 10; ++i) static_cast<void>(patience.next_sleep(0us));
    patience.begin_anew();
    EXPECT_EQ(first_sleep(patience), first);
}

}  // namespace lock_test
