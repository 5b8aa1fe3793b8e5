#include <event/detail/lock.hpp>

#include <chrono>
#include <thread>

namespace event::detail {

void Lock::wait() noexcept {
    constexpr int spins = 100;
    constexpr int yields_between_sleeps = 50;
    for (int round = 1;; ++round) {
        if (!locked_.load(std::memory_order_relaxed) && !locked_.exchange(true, std::memory_order_acquire)) return;
        if (round < spins) {
            relax();
        } else if (round % yields_between_sleeps != 0) {
            std::this_thread::yield();
        } else {
            std::this_thread::sleep_for(std::chrono::microseconds(20));
        }
    }
}

}  // namespace event::detail
