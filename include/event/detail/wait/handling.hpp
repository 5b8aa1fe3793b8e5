#pragma once

#include <event/meta.hpp>

#include <atomic>
#include <cstdint>

namespace event::detail {

/// Whether the handler of a push subscription runs, for who closes the subscription and waits until it does not.
///
/// Who runs it says so first and then looks whether the subscription has ended; who ends it does it the other way
/// round. Of one run of the handler; where several go on at once, there is one of these for each.
class Handling {
public:
    void begin() noexcept { state_.exchange(this_thread(), std::memory_order_seq_cst); }
    /// It runs on, on no thread: a coroutine that waits.
    void leave_thread() noexcept {
        std::uintptr_t seen = this_thread();
        if (!state_.compare_exchange_strong(seen, no_thread, std::memory_order_seq_cst))
            state_.store(no_thread | awaited, std::memory_order_seq_cst);
    }
    void end() noexcept {
        if ((state_.exchange(idle, std::memory_order_seq_cst) & awaited) != 0) [[unlikely]]
            tell();
    }
    [[nodiscard]] bool runs() const noexcept { return state_.load(std::memory_order_seq_cst) != idle; }
    [[nodiscard]] bool runs_on_this_thread() const noexcept {
        return (state_.load(std::memory_order_relaxed) & ~awaited) == this_thread();
    }

    /// Waits until it does not run. False, at once, where this thread would wait for itself: because it runs it, or
    /// because who runs it waits, maybe by way of others, for one that this thread runs.
    [[nodiscard]] bool await_end();

    /// Where events are stamped: when the handler was given the one that it has. Of who runs it.
    Moment began_at = {};

private:
    // The thread that runs it, by an address of its own, or `no_thread`; and whether somebody waits.
    static constexpr std::uintptr_t idle = 0, awaited = 1, no_thread = 2;

    struct alignas(4) Mark {};
    static inline thread_local constinit Mark mark{};
    [[nodiscard]] static std::uintptr_t this_thread() noexcept { return reinterpret_cast<std::uintptr_t>(&mark); }

    struct Waiting;
    /// Whether whoever runs it is, or waits for, this thread.
    [[nodiscard]] bool depends_on_this_thread() const noexcept;
    static void tell() noexcept;

    std::atomic<std::uintptr_t> state_{idle};
};

}  // namespace event::detail
