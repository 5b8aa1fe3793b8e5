#pragma once

#include <event/detail/bus/core.hpp>
#include <event/detail/intrusive_list.hpp>
#include <event/detail/intrusive_ptr.hpp>
#include <event/detail/order/domain.hpp>
#include <event/detail/wait/contexts.hpp>
#include <event/detail/wait/polling.hpp>

#include <atomic>
#include <cassert>
#include <cstdint>
#include <utility>

namespace event::detail {

class Aftermath;
class ParkedOp;
/// Operations that wait for the same thing, first come first. Guarded by the domain's lock.
using WaitList = IntrusiveList<ParkedOp>;

/// How a pending operation is to end before what it waits for has come.
enum class Phase : std::uint8_t { idle, pending, cancelled, timed_out };

/// Where at most one operation waits: the shared state of whoever can wait (a subscription's queue, a watcher, one
/// `async_emit`). It outlives the operation and says whether one is pending and whether it was cancelled.
///
/// Counted twice. Its owners are the handle and the pending operation; when the last one goes, so does what it holds,
/// the bus included. Whoever may still ask to cancel an operation that is long gone (a cancellation slot, a timer)
/// shares nothing but its memory. The owners and the phase are one word, so that an operation begins and ends with one
/// read-modify-write each.
class ParkingSpot : public ContextListener {
public:
    void add_reference() noexcept {
        [[maybe_unused]] const std::uint64_t state = state_.fetch_add(one_reference, std::memory_order_relaxed);
        assert((state & reference_mask) != reference_mask);
    }
    [[nodiscard]] bool try_add_reference() noexcept final;
    void release() noexcept {
        if (is_last(state_.fetch_sub(one_reference, std::memory_order_acq_rel))) let_all_go();
    }
    void share_memory() noexcept { shares_.fetch_add(1, std::memory_order_relaxed); }
    void give_memory_back() noexcept {
        if (shares_.load(std::memory_order_acquire) == 1 || shares_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            destroy_spot();
    }

    /// Begins an operation: its ticket, or 0 when another one is pending.
    [[nodiscard]] std::uint64_t begin() noexcept;
    /// Ends the operation that was begun, and gives up one reference.
    void finish() noexcept;
    [[nodiscard]] Phase phase() const noexcept { return phase_of(state_.load(std::memory_order_acquire)); }

    /// Ends the operation with that ticket, if it is still pending, as cancelled or timed out; as `pending`, it only
    /// looks again. Any thread, and also who has no more than a share of the memory.
    void cancel(std::uint64_t ticket, Phase why) noexcept;
    /// The same for whichever operation is pending.
    void cancel() noexcept;
    /// Kept alive by the owners.
    [[nodiscard]] Core& core() const noexcept { return home_->core(); }
    /// What guards parking here.
    [[nodiscard]] const DomainMember& home() const noexcept { return *home_; }
    /// The context that the owner was made with is gone: nothing will complete here any more.
    [[nodiscard]] bool home_is_gone() const noexcept { return core().context_is_gone(); }
    /// Who knows so, also without the owner.
    [[nodiscard]] const IntrusivePtr<ContextRegistry>& home_context() const noexcept { return core().registry(); }

    // guarded by the domain's lock
    [[nodiscard]] bool occupied() const noexcept { return parked_ != nullptr; }
    void park(ParkedOp& op) noexcept { parked_ = &op; }
    /// The waiting operation, now the caller's to wake or destroy, and in no list any more; null if there is none.
    [[nodiscard]] inline ParkedOp* claim() noexcept;

    ParkingSpot* next_doomed = nullptr;  // among those of a `Doomed`
    Polling polling;                     // the pending operation's: the one hands it on to the next
    // Of those who share a queue: an event is kept for the operation that was woken. Guarded by the domain's lock.
    bool has_reserved = false;

protected:
    /// What a filter has asked of its owner.
    using Requests = std::uint8_t;
    static constexpr Requests drain_it = 1, close_it = 2, tell_it = 4, look_again = 8;
    /// Whether this thread runs a filter: then `fulfil` is called when that is over.
    [[nodiscard]] bool defer_request(Requests request) noexcept { return UserCode::runs() && defer_in_filter(request); }

    explicit ParkingSpot(const DomainMember& home) noexcept : home_(&home) { core().add_reference(); }
    ~ParkingSpot() override { stop_listening(); }

    /// The last owner has gone.
    virtual void let_go() noexcept {}

private:
    /// The context that it listens to dies, or may do so from now on: nothing of it is kept.
    virtual void let_executor_go() noexcept {}
    virtual void fulfil(Requests) noexcept {}
    /// Under the domain's lock: the operation that was woken will not take what it was woken for.
    virtual void pass_on(Aftermath&) noexcept {}
    virtual void destroy_spot() noexcept = 0;
    [[nodiscard]] bool defer_in_filter(Requests request) noexcept;
    void let_all_go() noexcept;
    void wake_cancelled(bool or_pending = false) noexcept;

    void context_gone(const boost::asio::execution_context& context) noexcept final;
    void defer_reference() noexcept final { add_reference(); }
    void run_deferred() noexcept final;

    [[nodiscard]] static Phase phase_of(std::uint64_t state) noexcept { return static_cast<Phase>(state & phase_mask); }
    [[nodiscard]] static bool is_last(std::uint64_t state) noexcept {
        return (state & reference_mask) == one_reference;
    }

    // The state: 2 bits of phase, 28 of references, and the number of the last operation. An operation's ticket is the
    // state it began with, without the references.
    static constexpr std::uint64_t phase_mask = 3;
    static constexpr std::uint64_t one_reference = 4;
    static constexpr std::uint64_t one_ticket = std::uint64_t{1} << 30;
    static constexpr std::uint64_t reference_mask = one_ticket - one_reference;

    std::atomic<Requests> requests_{0};
    std::atomic<std::uint32_t> shares_{1};  // all owners have one together
    std::atomic<std::uint64_t> state_{one_reference};
    const DomainMember* const home_;

    // guarded by the domain's lock; last, to share a cache line with what a mailbox's producer writes
    ParkedOp* parked_ = nullptr;
};

/// A share of a spot's memory.
class SpotMemory {
public:
    explicit SpotMemory(ParkingSpot& spot) noexcept : spot_(&spot) { spot.share_memory(); }
    SpotMemory(SpotMemory&& other) noexcept : spot_(std::exchange(other.spot_, nullptr)) {}
    SpotMemory& operator=(SpotMemory&&) = delete;
    ~SpotMemory() {
        if (spot_ != nullptr) spot_->give_memory_back();
    }
    ParkingSpot* operator->() const noexcept { return spot_; }

private:
    ParkingSpot* spot_;
};

}  // namespace event::detail
