#include <event/detail/lock.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace event::detail {
namespace {

void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    _mm_pause();
#endif
}

}  // namespace

void Lock::wait() noexcept {
    constexpr int spins = 100;
    constexpr int yields = 20;
    constexpr std::chrono::microseconds longest{500};
    std::chrono::microseconds pause{10};
    for (int round = 0;; ++round) {
        if (!locked_.load(std::memory_order_relaxed) && !locked_.exchange(true, std::memory_order_acquire)) return;
        if (round < spins) {
            relax();
        } else if (round < spins + yields) {
            std::this_thread::yield();
        } else {
            std::this_thread::sleep_for(pause);
            pause = std::min(2 * pause, longest);
        }
    }
}

}  // namespace event::detail
