#pragma once

#include <event/detail/chaos.hpp>
#include <event/detail/intrusive_list.hpp>
#include <event/detail/intrusive_ptr.hpp>
#include <event/detail/order/domain.hpp>
#include <event/detail/order/lock.hpp>
#include <event/detail/thread.hpp>
#include <event/detail/wait/completion_executor.hpp>
#include <event/detail/wait/polling.hpp>
#include <event/detail/wait/spot.hpp>

#include <boost/asio/execution_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace event::detail {

/// An operation that runs once its executor has got it.
class PostedOp {
public:
    /// Its executor has thrown away what was posted.
    static void dropped(PostedOp& op) noexcept;
    /// Ends the operation without invoking its handler.
    virtual void destroy() noexcept = 0;
    /// On the operation's executor, once it was posted.
    virtual void run() = 0;
    /// Of its executor.
    [[nodiscard]] virtual boost::asio::execution_context& context() const noexcept = 0;
    /// For what is posted.
    [[nodiscard]] PostMemory& post_memory() noexcept { return post_memory_; }

protected:
    PostedOp() = default;
    ~PostedOp() = default;

    /// Has it run on its executor. When that fails (no memory for the post), it is tried once more; false: it is the
    /// caller's as before.
    [[nodiscard]] bool try_post() noexcept;
    [[gnu::always_inline]] inline bool post_or_not() noexcept;  // where it is called often

private:
    virtual void post() = 0;

    PostMemory post_memory_;
};

/// An operation that can wait in a spot.
///
/// It *parks* by being left in the spot under the domain's lock, after one more look whether what it waits for is
/// there; whoever makes that happen holds the same lock, claims the operation, and wakes it once the lock is released.
/// What the operation waited for is taken when it runs on its own executor; if it is gone by then, it parks again.
/// tests/protocol/parking.pml models this, beside cancelling, closing and a context's death, for every order of steps.
class ParkedOp : public PostedOp, public ListHook<ParkedOp> {
public:
    /// Has the operation run on its executor. When that fails, it parks again and waits for the next occasion, or,
    /// where none will come, ends without its handler being invoked.
    void wake() noexcept;
    /// For who only ends something, maybe while the operation's context dies elsewhere. Under the domain's lock, once
    /// it was claimed: whether that context lives until `wake_pinned`. If not, the context destroys the operation.
    [[nodiscard]] bool pin() noexcept;
    void wake_pinned() noexcept;
    void destroy_pinned() noexcept;
    /// Whether its context is not the one that its owner was made with.
    [[nodiscard]] bool is_foreign() const noexcept { return &listener() == &spot_; }
    /// Under the domain's lock: takes itself out of its spot, and out of the list in which it waits.
    [[nodiscard]] ParkedOp* claim() noexcept { return spot_.claim(); }
    /// Back to the spot, in no list: it waits for nothing but its context's death.
    void leave_in_spot() noexcept { spot_.park(*this); }
    [[nodiscard]] ParkingSpot& place() const noexcept { return spot_; }

    ParkedOp* next = nullptr;   // among those who are to be woken, or destroyed
    bool is_pinned = false;     // and they are not all, or none of them, pinned
    std::uint64_t came_as = 0;  // among those who wait in one line; 0: in none so far; guarded by the domain's lock

protected:
    /// A reference to the spot goes along once the operation has been made.
    explicit ParkedOp(ParkingSpot& spot) noexcept : spot_(spot) {}
    ~ParkedOp() = default;

    /// Until it has ended.
    [[nodiscard]] ParkingSpot& spot() const noexcept { return spot_; }

    /// To be called first when it runs.
    void note_waking() noexcept { spot_.polling.note(std::exchange(woken_, Woken::unparked)); }

    /// Waits in the spot, unless there is something to do already: then the operation is still the caller's.
    [[nodiscard]] bool try_park() {
        const DomainGuard guard(spot_.home());
        if (spot_.phase() != Phase::pending || spot_.home_is_gone() || !is_idle()) return false;
        parked_by_ = this_thread();
        spot_.park(*this);
        list();
        chaos(Point::parked, &spot_);
        return true;
    }

    /// Before it parks: looks for a moment whether there is something to do after all, where that has been worth it.
    template <class Ready>
    [[nodiscard, gnu::always_inline]] inline bool poll(Ready&& ready) {
        waits_since_ = spot_.polling.is_timed() ? Clock::now() : Clock::time_point();
        return spot_.polling.is_due() && poll_for_a_moment(ready);
    }
    template <class Ready>
    [[nodiscard]] bool poll_for_a_moment(Ready&& ready) {
        // the rarer the looks, the more a look finds, and the less it disturbs who writes there
        const Clock::time_point start = Clock::now();
        for (const auto look : {Polling::first_look, Polling::soon}) {
            while (Clock::now() - start < look) relax();
            if (ready()) return true;
        }
        spot_.polling.has_not_paid();
        return false;
    }

    /// Has the context of the operation's executor destroy it, should that context die while it waits. The owner's
    /// own context needs no word: its death is told to the owner.
    /// False if it is dying already.
    [[nodiscard]] bool tie_to(boost::asio::execution_context& context) {
        return spot_.core().context_is(context) || spot_.listen_to(context);
    }

private:
    [[nodiscard]] ContextListener& listener() const noexcept;
    // under the domain's lock
    /// It is destroyed by the end of another context, beside which its own may die: leaves its timers to that.
    virtual void leave_timers() noexcept {}
    /// What it waits for is not there.
    [[nodiscard]] virtual bool is_idle() = 0;
    /// It waits now: who makes it happen must find it.
    virtual void list() noexcept = 0;
    /// It could not be woken: whether there may be another occasion.
    [[nodiscard]] virtual bool may_recur() const noexcept = 0;

    using Clock = std::chrono::steady_clock;

    ThreadId parked_by_ = nullptr;   // nobody: it did not
    Clock::time_point waits_since_;  // the epoch: that was not noted
    Woken woken_ = Woken::unparked;
    ParkingSpot& spot_;
};

inline ParkedOp* ParkingSpot::claim() noexcept {
    ParkedOp* op = std::exchange(parked_, nullptr);
    if (op == nullptr) return nullptr;
    op->unlink();
    chaos(Point::claimed, this);
    return op;
}

/// The function that is posted, in the operation's memory: owns the operation until it runs. (`bind_allocator` would do
/// for the memory, but it has an associated executor in Asio's eyes, and posting such a function costs another unit of
/// work and another dispatch.)
class Wake {
public:
    using allocator_type = PostMemory::Allocator<std::byte>;

    explicit Wake(PostedOp& op) noexcept : op_(&op) {}
    Wake(Wake&& other) noexcept : op_(std::exchange(other.op_, nullptr)) {}
    Wake(const Wake&) = delete;
    Wake& operator=(const Wake&) = delete;
    ~Wake() {
        if (op_ != nullptr) PostedOp::dropped(*op_);
    }
    [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(op_->post_memory()); }
    void operator()() { std::exchange(op_, nullptr)->run(); }

private:
    PostedOp* op_;
};

/// Destroys the operations of a home context that dies, once the locks are released under which they were found: their
/// handlers may own whatever they like. Those on another context, which may die as well, one at a time.
class Doomed {
public:
    Doomed() = default;
    Doomed(const Doomed&) = delete;
    Doomed& operator=(const Doomed&) = delete;
    ~Doomed();
    /// Under the domain's lock. One that was claimed; may be null.
    void add(ParkedOp* op) noexcept;
    void add_all(WaitList& waiting) noexcept {
        while (ParkedOp* op = waiting.front()) add(op->claim());
    }

private:
    ParkedOp* first_ = nullptr;
    ParkingSpot* first_foreign_ = nullptr;  // whose operation waits there for its context's death; with a reference
};

}  // namespace event::detail
