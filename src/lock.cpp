#include <event/detail/lock.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

namespace event::detail {

void Lock::wait() noexcept {
    // The longer who waits looks away, the more often the holder comes back to a lock, and to queues, that its
    // processor still has in its cache.
    constexpr int longest = 256;
    constexpr int rounds_of_spinning = 9;
    constexpr int yields_between_sleeps = 50;
    int pauses = 4;
    for (int round = 1;; ++round) {
        for (int i = 0; i < pauses; ++i) relax();
        if (!locked_.load(std::memory_order_relaxed) && !locked_.exchange(true, std::memory_order_acquire)) return;
        if (round < rounds_of_spinning) {
            pauses = std::min(2 * pauses, longest);
        } else if (round % yields_between_sleeps != 0) {
            std::this_thread::yield();
        } else {
            std::this_thread::sleep_for(std::chrono::microseconds(20));
        }
    }
}

}  // namespace event::detail
