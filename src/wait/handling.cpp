#include <event/detail/wait/handling.hpp>

#include <condition_variable>
#include <mutex>

namespace event::detail {
namespace {

/// Of all that wait anywhere, so that they do not wait in a ring.
std::mutex mutex;
std::condition_variable changed;

}  // namespace

/// A thread that waits, on its stack.
struct Handling::Waiting {
    explicit Waiting(const Handling& awaited_one) noexcept : on(awaited_one), next(first) { first = this; }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() {
        Waiting** place = &first;
        while (*place != this) place = &(*place)->next;
        *place = next;
    }

    const std::uintptr_t thread = this_thread();
    const Handling& on;
    Waiting* next;

    static Waiting* first;  // guarded by the mutex
};

Handling::Waiting* Handling::Waiting::first = nullptr;

bool Handling::depends_on_this_thread() const noexcept {
    for (const Handling* handling = this; handling != nullptr;) {
        const std::uintptr_t thread = handling->state_.load(std::memory_order_seq_cst) & ~awaited;
        if (thread == this_thread()) return true;
        handling = nullptr;
        for (const Waiting* other = Waiting::first; other != nullptr; other = other->next)
            if (other->thread == thread) handling = &other->on;
    }
    return false;
}

bool Handling::await_end() {
    std::unique_lock lock(mutex);
    if (depends_on_this_thread()) return false;
    const Waiting waiting(*this);
    for (std::uintptr_t seen = state_.load(std::memory_order_seq_cst);;) {
        if (seen == idle) return true;
        if ((seen & awaited) == 0 && !state_.compare_exchange_strong(seen, seen | awaited, std::memory_order_seq_cst))
            continue;
        changed.wait(lock);
        seen = state_.load(std::memory_order_seq_cst);
    }
}

void Handling::tell() noexcept {
    const std::lock_guard guard(mutex);
    changed.notify_all();
}

}  // namespace event::detail
