#include <event/detail/order/lock.hpp>

#include <chrono>
#include <thread>

namespace event::detail {
namespace {

constexpr int moment = 64;  // pauses: about a microsecond

}  // namespace

void Lock::wait() noexcept {
    // The longer who waits looks away, the more often the holder comes back to a lock, and to queues, that its
    // processor still has in its cache.
    for (int pauses = 4; pauses <= 4 * moment; pauses *= 2) {
        for (int i = 0; i < pauses; ++i) relax();
        if (take_if_free()) return;
    }
    for (Patience patience;;) {
        is_urgent_.store(true, std::memory_order_relaxed);
        for (int i = 0; i < moment; ++i) {
            relax();
            if (take_if_free()) {
                is_urgent_.store(false, std::memory_order_relaxed);
                return;
            }
        }
        const auto sleep = patience.next_sleep();
        if (sleep == sleep.zero()) {
            std::this_thread::yield();
        } else {
            std::this_thread::sleep_for(sleep);
            if (!is_urgent_.load(std::memory_order_relaxed)) patience.begin_anew();
        }
    }
}

void Lock::give_way() noexcept {
    for (int i = 0; i < moment; ++i) relax();
    std::this_thread::yield();  // who waits may have lost its processor
}

}  // namespace event::detail
