#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

namespace event::detail {

/// Whether the handler of a push subscription runs, for who closes the subscription and waits until it does not.
///
/// Who runs it says so first and then looks whether the subscription has ended; who ends it does it the other way
/// round. One handler at a time.
class Handling {
public:
    void begin() noexcept {
        thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
        state_.exchange(running, std::memory_order_seq_cst);
    }
    /// It runs on, on no thread: a coroutine that waits.
    void leave_thread() noexcept { thread_.store(std::thread::id(), std::memory_order_relaxed); }
    void end() noexcept {
        leave_thread();
        if ((state_.exchange(idle, std::memory_order_seq_cst) & awaited) != 0) [[unlikely]]
            tell();
    }
    [[nodiscard]] bool runs() const noexcept { return state_.load(std::memory_order_seq_cst) != idle; }

    /// Waits until it does not run. False, at once, where this thread would wait for itself: because it runs it, or
    /// because who runs it waits, maybe by way of others, for one that this thread runs.
    [[nodiscard]] bool await_end();

private:
    static constexpr std::uint8_t idle = 0, running = 1, awaited = 2;

    struct Waiting;
    /// Whether whoever runs it is, or waits for, this thread.
    [[nodiscard]] bool depends_on_this_thread() const noexcept;
    static void tell() noexcept;

    std::atomic<std::thread::id> thread_{};
    std::atomic<std::uint8_t> state_{idle};
};

}  // namespace event::detail
