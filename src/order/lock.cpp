#include <event/detail/order/lock.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace event::detail {
namespace {

constexpr int moment = 64;  // pauses: about a microsecond

}  // namespace

/// One who sleeps until the lock is handed to it.
class Lock::Heir {
public:
    void inherit() noexcept {
        const std::lock_guard guard(mutex_);  // until all is done: who has the lock goes with its Heir
        has_lock_ = true;
        changed_.notify_one();
    }
    [[nodiscard]] bool sleep(std::chrono::microseconds duration) noexcept {
        std::unique_lock guard(mutex_);
        return changed_.wait_for(guard, duration, [this] { return has_lock_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool has_lock_ = false;
};

void Lock::wait() noexcept {
    // The longer who waits looks away, the more often the holder comes back to a lock, and to queues, that its
    // processor still has in its cache.
    for (int pauses = 4; pauses <= 4 * moment; pauses *= 2) {
        for (int i = 0; i < pauses; ++i) relax();
        if (take_if_free()) return;
    }
    const auto began = std::chrono::steady_clock::now();
    Heir self;
    bool is_heir = false;
    for (Patience patience;;) {
        is_urgent_.store(true, std::memory_order_relaxed);
        for (int i = 0; i < moment; ++i) {
            relax();
            if (!take_if_free()) continue;
            if (is_heir) heir_.store(nullptr, std::memory_order_relaxed);
            is_urgent_.store(false, std::memory_order_relaxed);
            return;
        }
        const auto sleep = patience.next_sleep(std::chrono::steady_clock::now() - began);
        if (sleep == sleep.zero()) {
            std::this_thread::yield();
            continue;
        }
        if (Heir* none = nullptr; !is_heir && heir_.compare_exchange_strong(none, &self, std::memory_order_release,
                                                                            std::memory_order_relaxed)) {
            is_heir = true;
            is_urgent_.store(true, std::memory_order_relaxed);
        }
        // The heir, too, looks again: who released the lock just now may not have seen it.
        if (is_heir) {
            if (self.sleep(sleep)) return;
        } else {
            std::this_thread::sleep_for(sleep);
            if (!is_urgent_.load(std::memory_order_relaxed)) patience.begin_anew();
        }
    }
}

void Lock::unlock_for_who_waits() noexcept {
    is_urgent_.store(false, std::memory_order_relaxed);
    if (Heir* const heir = heir_.load(std::memory_order_acquire)) {
        heir_.store(nullptr, std::memory_order_relaxed);
        heir->inherit();
        return;
    }
    locked_.store(false, std::memory_order_release);
    for (int i = 0; i < moment; ++i) relax();
    std::this_thread::yield();  // who waits may have lost its processor
}

}  // namespace event::detail
