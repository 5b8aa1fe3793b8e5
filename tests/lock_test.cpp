/// The lock of a domain: what its users rely on beyond the order of events.

#include <event/detail/order/lock.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace lock_test {

using event::detail::Lock;

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

}  // namespace lock_test
