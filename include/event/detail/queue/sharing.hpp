#pragma once

#include <event/detail/order/aftermath.hpp>
#include <event/detail/wait/handling.hpp>
#include <event/detail/wait/parked_op.hpp>
#include <event/detail/wait/push_spot.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace event::detail {

/// What a queue has that several receivers share: those who wait, in the order in which they came, and how many events
/// are reserved for those who were woken.
class Sharing {
public:
    /// For so many runs of a handler at once.
    explicit Sharing(std::size_t concurrency)
        : others_(concurrency - 1), runs_(others_ != 0 ? new Run[others_] : nullptr) {}

    struct Run {
        Handling handling;
        HandlersExecutor executor;
    };

    // ---- under the domain's lock -----------------------------------------------------------------------------

    [[nodiscard]] WaitList& waiting() noexcept { return waiting_; }
    [[nodiscard]] bool is_waited_for() const noexcept { return !waiting_.empty(); }
    [[nodiscard]] std::uint64_t reserved() const noexcept { return reserved_; }
    void reserve(ParkingSpot& spot) noexcept {
        if (!std::exchange(spot.has_reserved, true)) ++reserved_;
    }
    /// It was taken, or is not wanted, or not there any more.
    void unreserve(ParkingSpot& spot) noexcept {
        if (std::exchange(spot.has_reserved, false)) --reserved_;
    }
    /// Behind those who came before it: one that was woken in vain has its place again.
    void stand_in_line(ParkedOp& op) noexcept {
        if (op.came_as == 0) op.came_as = ++arrivals_;
        ParkedOp* const before = waiting_.find_last([&](const ParkedOp& other) { return other.came_as < op.came_as; });
        waiting_.insert_behind(before, op);
    }
    /// Has the first one, of whom there must be one, take an event.
    void wake_first(Aftermath& after) noexcept {
        reserve(waiting_.front()->place());
        have_first_look(after);
    }
    /// Has the first one, if there is one, look for an event, and take it if it is still there: none is reserved.
    void have_first_look(Aftermath& after) noexcept {
        if (ParkedOp* first = waiting_.front()) after.wake(first->claim());
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    void add_handle() noexcept { handles_.fetch_add(1, std::memory_order_relaxed); }
    /// Whether it was the last one.
    [[nodiscard]] bool remove_handle() noexcept { return handles_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

    /// How many share it.
    [[nodiscard]] std::size_t receivers() const noexcept { return handles_.load(std::memory_order_relaxed) + others_; }
    /// The handler's other runs.
    [[nodiscard]] std::span<Run> runs() const noexcept { return {runs_.get(), others_}; }

private:
    // guarded by the domain's lock
    WaitList waiting_;
    std::uint64_t reserved_ = 0;
    std::uint64_t arrivals_ = 0;

    std::atomic<std::size_t> handles_{1};
    const std::size_t others_;
    const std::unique_ptr<Run[]> runs_;
};

}  // namespace event::detail
