#pragma once

#include <atomic>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace event::detail {

/// What a loop does that waits for another thread.
inline void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    _mm_pause();
#endif
}

/// A mutex for sections as short as one fan-out: one exchange to take, one store to release (a futex mutex pays a
/// second read-modify-write, 14 ns for the pair instead of 8.5). Who finds it taken spins for a moment, then yields,
/// and now and then sleeps for a moment, so that a holder that lost its processor gets it back.
class Lock {
public:
    Lock() = default;
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    void lock() noexcept {
        if (locked_.exchange(true, std::memory_order_acquire)) [[unlikely]]
            wait();
    }
    [[nodiscard]] bool try_lock() noexcept { return !locked_.exchange(true, std::memory_order_acquire); }
    void unlock() noexcept { locked_.store(false, std::memory_order_release); }

private:
    void wait() noexcept;

    std::atomic<bool> locked_{false};
};

}  // namespace event::detail
