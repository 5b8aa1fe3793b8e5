#pragma once

#include <event/detail/chaos.hpp>

#include <atomic>
#include <chrono>
#include <utility>

namespace event::detail {

/// What a loop does that waits for another thread.
inline void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#else
    std::atomic_signal_fence(std::memory_order_seq_cst);  // so that the loop stays one
#endif
}

/// How long who waits for a lock sleeps between two looks at it: not at all at first, then never more than it has
/// waited already, and never more than four milliseconds.
class Patience {
public:
    using Duration = std::chrono::steady_clock::duration;

    /// After a look in vain, by one who has waited for so long: for how long to sleep.
    [[nodiscard]] std::chrono::microseconds next_sleep(Duration waited) noexcept {
        if (++looks_ < looks_before_sleep && waited < longest_without_sleep) return {};
        return std::exchange(sleep_, sleep_ < longest_sleep / 2 ? 2 * sleep_ : longest_sleep);
    }
    /// The lock was released while he slept.
    void begin_anew() noexcept { *this = {}; }

private:
    static constexpr int looks_before_sleep = 50;
    static constexpr std::chrono::microseconds longest_without_sleep{200};  // looks take long on a busy machine
    static constexpr std::chrono::microseconds longest_sleep{4'000};

    int looks_ = 0;
    std::chrono::microseconds sleep_{20};
};

/// A mutex for sections as short as one fan-out: one exchange to take, one store to release (a futex mutex pays a
/// second read-modify-write, 13 ns for the pair instead of 6). Who finds it taken looks away for ever longer, then
/// yields, and after some hundred microseconds sleeps between two looks, so that a holder that lost its processor gets
/// it back, and one that keeps the lock does not keep a processor busy. Who has waited for some microseconds says so,
/// and whoever releases it then takes that back and waits a moment before it can come again. Of those who sleep one is
/// the heir: the lock is handed to it, never released, so that it gets its turn however often others come and go (as
/// Go's `sync.Mutex` does for who has waited for a millisecond).
class Lock {
public:
    Lock() = default;
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    void lock() noexcept {
        chaos(Point::before_lock, this);
        if (locked_.exchange(true, std::memory_order_acquire)) [[unlikely]]
            wait();
        chaos(Point::locked, this);
    }
    [[nodiscard]] bool try_lock() noexcept {
        chaos(Point::before_lock, this);
        const bool is_taken = locked_.exchange(true, std::memory_order_acquire);
        chaos(is_taken ? Point::not_locked : Point::locked, this);
        return !is_taken;
    }
    /// Whoever takes it next may destroy it: nothing of it is touched once it is free, or handed over.
    void unlock() noexcept {
        if (is_urgent_.load(std::memory_order_relaxed)) [[unlikely]] {
            unlock_for_who_waits();
        } else {
            locked_.store(false, std::memory_order_release);
        }
        chaos(Point::unlocked, this);
    }

private:
    class Heir;

    [[nodiscard]] bool take_if_free() noexcept {
        return !locked_.load(std::memory_order_relaxed) && !locked_.exchange(true, std::memory_order_acquire);
    }
    void wait() noexcept;
    void unlock_for_who_waits() noexcept;

    std::atomic<bool> locked_{false};
    std::atomic<bool> is_urgent_{false};  // somebody has waited long; who it is says so again until he has it
    std::atomic<Heir*> heir_{nullptr};    // taken out by who holds the lock
};

}  // namespace event::detail
