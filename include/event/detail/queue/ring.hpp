#pragma once

#include <event/detail/chaos.hpp>
#include <event/detail/queue/slot.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

/// A ring with one producer, whoever holds the domain's lock, and one consumer, who takes no lock: the queue of whom
/// every event just takes the next place. It is written as its two ends, what each side touches, for a cache line of
/// its own each.

namespace event::detail {

/// How many events a queue has seen go in and out, and where the next one lies. The numbers are also those of linked
/// slots.
class RingEnd {
public:
    /// Events ever queued; or ever taken, displaced or discarded.
    std::atomic<std::uint64_t> count{0};

    void use(std::byte* begin, std::size_t slots, std::size_t stride) noexcept {
        at_ = begin;
        end_ = begin + slots * stride;
        stride_ = stride;
    }
    [[nodiscard]] bool has_memory() const noexcept { return at_ != nullptr; }
    [[nodiscard]] std::uint64_t own_count() const noexcept { return count.load(std::memory_order_relaxed); }
    [[nodiscard]] Slot& slot() const noexcept { return *static_cast<Slot*>(static_cast<void*>(at_)); }
    /// `begin` belongs to the consumer's cache line, and is looked at no more often than needed.
    void advance(const std::unique_ptr<std::byte[]>& begin) noexcept {
        at_ += stride_;
        if (at_ == end_) [[unlikely]]
            at_ = begin.get();
    }
    [[gnu::always_inline]] inline void count_one(std::memory_order order = std::memory_order_release) noexcept {
        chaos(Point::before_publish, this);
        count.store(own_count() + 1, order);
        chaos(Point::published, this);
    }

private:
    std::byte* at_ = nullptr;
    std::byte* end_ = nullptr;
    std::size_t stride_ = 0;
};

/// How a receiver takes the event out of a slot, where that can be called through a pointer; and out of how many.
struct TakeFromSlot {
    bool (*function)(void* taker, Slot& slot, Moment emitted_at);
    void* taker;
    std::size_t most;
    template <class Taker>
    [[nodiscard]] static TakeFromSlot by(Taker& taker, std::size_t most) noexcept {
        return {[](void* it, Slot& slot, Moment at) { return (*static_cast<Taker*>(it))(slot, at); }, &taker, most};
    }
    bool operator()(Slot& slot, Moment emitted_at) const { return function(taker, slot, emitted_at); }
};

}  // namespace event::detail
