#pragma once

#include <event/detail/intrusive_ptr.hpp>
#include <event/detail/order/domain.hpp>
#include <event/detail/order/lock.hpp>
#include <event/detail/wait/completion_executor.hpp>
#include <event/detail/wait/context_service.hpp>
#include <event/detail/wait/polling.hpp>
#include <event/error.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/recycling_allocator.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>

/// The one place where an operation waits.
///
/// A `ParkingSpot` is the shared state of whoever can wait (a subscription's queue, a watcher, one `async_emit`): it
/// outlives the operation and says whether one is pending and whether it was cancelled. A `ParkedOp` is the operation:
/// a handler with its executor. It *parks* by being left in the spot under the domain's lock, after one more look
/// whether what it waits for is there; whoever makes that happen holds the same lock, claims the operation, and posts
/// it once the lock is released. What the operation waited for is taken when it runs on its own executor; if it is
/// gone by then, the operation parks again.

namespace event::detail {

class ParkedOp;
class SpotList;

/// How a pending operation is to end before what it waits for has come.
enum class Phase : std::uint8_t { idle, pending, cancelled, timed_out };

/// Where at most one operation waits. Counted: its owner, the operation and its cancellation handlers share it. The
/// count and the phase are one word, so that an operation begins and ends with one read-modify-write each.
class ParkingSpot : public ContextListener {
public:
    void add_reference() noexcept {
        [[maybe_unused]] const std::uint64_t state = state_.fetch_add(one_reference, std::memory_order_relaxed);
        assert((state & reference_mask) != reference_mask);
    }
    void release() noexcept {
        // who holds the last reference has nobody to race with
        if (is_last(state_.load(std::memory_order_acquire)) ||
            is_last(state_.fetch_sub(one_reference, std::memory_order_acq_rel)))
            destroy_spot();
    }

    /// Begins an operation: its ticket, or 0 when another one is pending. Adds so many references, if it begins.
    [[nodiscard]] std::uint64_t begin(std::uint32_t references) noexcept;
    /// Ends the operation that was begun, and gives up one reference.
    void finish() noexcept;
    [[nodiscard]] Phase phase() const noexcept { return phase_of(state_.load(std::memory_order_acquire)); }

    /// Ends the operation with that ticket, if it is still pending, as cancelled or timed out. Any thread.
    void cancel(std::uint64_t ticket, Phase why) noexcept;
    /// The same for whichever operation is pending.
    void cancel() noexcept;

    /// What guards parking here.
    [[nodiscard]] virtual const DomainMember& home() const noexcept = 0;
    /// The execution context that the owner was made with.
    [[nodiscard]] virtual bool home_is(const boost::asio::execution_context& context) const noexcept = 0;
    /// That context is gone: nothing will complete here any more.
    [[nodiscard]] virtual bool home_is_gone() const noexcept = 0;

    // guarded by the domain's lock
    [[nodiscard]] bool occupied() const noexcept { return parked_ != nullptr; }
    void park(ParkedOp& op) noexcept { parked_ = &op; }
    /// The waiting operation, now the caller's to wake or destroy; null if there is none.
    [[nodiscard]] ParkedOp* claim() noexcept { return std::exchange(parked_, nullptr); }

protected:
    ParkingSpot() = default;
    ~ParkingSpot() { stop_listening(); }

private:
    friend class SpotList;
    friend class ParkedOp;

    virtual void destroy_spot() noexcept = 0;
    /// An operation could not be woken, and waits for the next occasion. Under the domain's lock.
    virtual void parked_again() noexcept {}
    void context_gone(boost::asio::execution_context& context) noexcept final;
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

    // guarded by the domain's lock
    SpotList* list_ = nullptr;
    ParkingSpot* previous_ = nullptr;
    ParkingSpot* next_ = nullptr;

    std::atomic<std::uint64_t> state_{one_reference};

    // guarded by the domain's lock; here, to share a cache line with what a mailbox's producer writes
    ParkedOp* parked_ = nullptr;

    Polling polling_;  // the pending operation's: the one hands it on to the next
};

/// Spots whose operations wait for the same thing, first come first. Guarded by the domain's lock.
class SpotList {
public:
    SpotList() = default;
    SpotList(const SpotList&) = delete;
    SpotList& operator=(const SpotList&) = delete;

    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] ParkingSpot* front() const noexcept { return first_; }
    [[nodiscard]] static ParkingSpot* after(const ParkingSpot& spot) noexcept { return spot.next_; }
    void push_back(ParkingSpot& spot) noexcept;
    /// Nothing if the spot is in no list.
    static void remove(ParkingSpot& spot) noexcept;

private:
    ParkingSpot* first_ = nullptr;
    ParkingSpot* last_ = nullptr;
};

/// An operation that can wait in a spot.
class ParkedOp {
public:
    ParkedOp(const ParkedOp&) = delete;
    ParkedOp& operator=(const ParkedOp&) = delete;

    /// Has the operation run on its executor. When that fails (no memory for the post), it parks again and waits for
    /// the next occasion.
    void wake() noexcept;
    /// Its executor has thrown away what `wake` posted.
    static void dropped(ParkedOp& op) noexcept;
    /// On the operation's executor, once `wake` has brought it there.
    void resume() {
        spot_.polling_.note(std::exchange(woken_, Woken::unparked));
        run();
    }
    /// Ends the operation without invoking its handler.
    virtual void destroy() noexcept = 0;
    [[nodiscard]] virtual boost::asio::execution_context& context() const noexcept = 0;

    ParkedOp* next = nullptr;  // among those who are to be woken

protected:
    /// A reference to the spot goes along once the operation has been made.
    explicit ParkedOp(ParkingSpot& spot) noexcept : spot_(spot) {}
    ~ParkedOp() = default;

    /// Until it has ended.
    [[nodiscard]] ParkingSpot& spot() const noexcept { return spot_; }

    /// Waits in the spot, unless there is something to do already: then the operation is still the caller's.
    /// `nothing_to_do` is called under the domain's lock.
    template <class Idle>
    [[nodiscard]] bool try_park(Idle&& nothing_to_do) {
        DomainGuard guard(spot_.home());
        if (spot_.phase() != Phase::pending || spot_.home_is_gone() || !nothing_to_do()) return false;
        parked_by_ = std::this_thread::get_id();
        spot_.park(*this);
        return true;
    }

    /// Before it parks: looks for a moment whether there is something to do after all, where that has been worth it.
    template <class Ready>
    [[nodiscard]] bool poll(Ready&& ready) {
        waits_since_ = spot_.polling_.is_timed() ? Clock::now() : Clock::time_point();
        if (!spot_.polling_.is_due()) return false;
        // the rarer the looks, the more a look finds, and the less it disturbs who writes there
        const Clock::time_point start = Clock::now();
        for (const auto look : {Polling::first_look, Polling::soon}) {
            while (Clock::now() - start < look) relax();
            if (ready()) return true;
        }
        spot_.polling_.has_not_paid();
        return false;
    }

    /// Has the context of the operation's executor destroy it, should that context die while it waits. The owner's
    /// own context needs no word: its death is told to the owner.
    void tie_to(boost::asio::execution_context& context) {
        if (!spot_.home_is(context)) spot_.listen_to(context);
    }

    PostMemory post_memory_;

private:
    virtual void run() = 0;
    virtual void post() = 0;

    using Clock = std::chrono::steady_clock;

    std::thread::id parked_by_;      // nobody: it did not
    Clock::time_point waits_since_;  // the epoch: that was not noted
    Woken woken_ = Woken::unparked;
    ParkingSpot& spot_;
};

/// The function that is posted: owns the operation until it runs.
class Wake {
public:
    explicit Wake(ParkedOp& op) noexcept : op_(&op) {}
    Wake(Wake&& other) noexcept : op_(std::exchange(other.op_, nullptr)) {}
    Wake(const Wake&) = delete;
    Wake& operator=(const Wake&) = delete;
    ~Wake() {
        if (op_ != nullptr) ParkedOp::dropped(*op_);
    }
    void operator()() { std::exchange(op_, nullptr)->resume(); }

private:
    ParkedOp* op_;
};

/// What a cancellation slot holds: it stays effective after the completion was posted, and harmless after it ran.
class CancelPending {
public:
    CancelPending(IntrusivePtr<ParkingSpot> spot, std::uint64_t ticket) noexcept
        : spot_(std::move(spot)), ticket_(ticket) {}
    void operator()(boost::asio::cancellation_type type) noexcept {
        using boost::asio::cancellation_type;
        constexpr auto all = cancellation_type::terminal | cancellation_type::partial | cancellation_type::total;
        if ((type & all) != cancellation_type::none) spot_->cancel(ticket_, Phase::cancelled);
    }

private:
    IntrusivePtr<ParkingSpot> spot_;
    std::uint64_t ticket_;
};

/// Allocates where the handler's associated allocator says, by default from Asio's recycled memory.
template <class T, class Handler>
class HandlerMemory {
    using Associated = std::decay_t<decltype(boost::asio::get_associated_allocator(
        std::declval<const Handler&>(), std::declval<const boost::asio::recycling_allocator<void>&>()))>;
    using Allocator = typename std::allocator_traits<Associated>::template rebind_alloc<T>;

public:
    explicit HandlerMemory(const Handler& handler)
        : allocator_(boost::asio::get_associated_allocator(handler, boost::asio::recycling_allocator<void>())) {}
    [[nodiscard]] T* allocate() { return std::to_address(std::allocator_traits<Allocator>::allocate(allocator_, 1)); }
    void deallocate(T* memory) noexcept { std::allocator_traits<Allocator>::deallocate(allocator_, memory, 1); }

private:
    Allocator allocator_;
};

/// Memory for one T that goes back unless it was taken over.
template <class T, class Handler>
class HandlerAllocation {
public:
    explicit HandlerAllocation(const Handler& handler) : memory_(handler), block_(memory_.allocate()) {}
    HandlerAllocation(const HandlerAllocation&) = delete;
    HandlerAllocation& operator=(const HandlerAllocation&) = delete;
    ~HandlerAllocation() {
        if (block_ != nullptr) memory_.deallocate(block_);
    }
    template <class... Args>
    [[nodiscard]] T* construct(Args&&... args) {
        T* object = ::new (static_cast<void*>(block_)) T(std::forward<Args>(args)...);
        block_ = nullptr;
        return object;
    }

private:
    HandlerMemory<T, Handler> memory_;
    T* block_;
};

/// Completes a handler that never had to wait: posted, with these arguments.
template <class Executor, class Handler, class... Args>
void complete_at_once(const Executor& executor, Handler&& handler, Args&&... args) {
    boost::asio::post(executor, boost::asio::append(std::forward<Handler>(handler), std::forward<Args>(args)...));
}

/// An operation with a completion handler. What it waits for is described by its `Source`:
///
///     using Values = std::tuple<error_code, ...>;   what the handler is called with
///     constexpr bool can_look;                      whether ready() ever finds it
///     bool ready();                                 it may be there already; called without a lock
///     bool idle();                                  it is not there; called under the domain's lock
///     void parked();                                the operation waits now; under the same lock
///     bool take(Values&);                           takes it; false: it is gone, wait on
///     void abandon() noexcept;                      the operation ends without having taken anything
///     void limit(spot, ticket);                     begins
template <class Source, class Handler, class Executor>
class Operation final : public ParkedOp {
    using Values = typename Source::Values;
    using HandlerExecutor = std::decay_t<boost::asio::associated_executor_t<Handler, Executor>>;

public:
    /// Begins, or completes with `errc::concurrent_receive`.
    static void start(IntrusivePtr<ParkingSpot> spot, Source&& source, Handler&& handler, const Executor& executor) {
        HandlerAllocation<Operation, Handler> memory(handler);
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        const std::uint64_t ticket = spot->begin(slot.is_connected() ? 1 : 0);
        if (ticket == 0) {
            Values values;
            std::get<0>(values) = errc::concurrent_receive;
            std::apply([&](auto&... value) { complete_at_once(executor, std::move(handler), std::move(value)...); },
                       values);
            return;
        }
        ParkingSpot& begun = *spot.detach();
        Operation* op = nullptr;
        try {
            if (slot.is_connected())
                slot.template emplace<CancelPending>(IntrusivePtr<ParkingSpot>::adopt(&begun), ticket);
            op = memory.construct(begun, std::move(source), std::move(handler), executor);
        } catch (...) {
            begun.finish();
            throw;
        }
        try {
            op->begin(ticket);
        } catch (...) {  // no memory for a timer or a service: it has neither parked nor been posted
            op->destroy();
            throw;
        }
    }

    void run() override {
        if (spot().home_is_gone()) return destroy();
        const Phase phase = spot().phase();
        Values values;
        if (phase == Phase::pending) {
            bool taken = false;
            try {
                taken = source_.take(values);
            } catch (...) {  // a predicate: the operation waits on
                wait();
                throw;
            }
            if (!taken) return wait();
        } else {
            source_.abandon();
            std::get<0>(values) = phase == Phase::timed_out ? make_error_code(boost::asio::error::timed_out)
                                                            : make_error_code(boost::asio::error::operation_aborted);
        }
        complete(values);
    }

    void destroy() noexcept override {
        source_.abandon();
        spot().finish();                                  // is maybe gone now
        [[maybe_unused]] const Handler handler = free();  // may own whatever the operation needed
    }

    [[nodiscard]] boost::asio::execution_context& context() const noexcept override { return executor_.context(); }

private:
    friend class HandlerAllocation<Operation, Handler>;

    Operation(ParkingSpot& spot, Source&& source, Handler&& handler, const Executor& executor)
        : ParkedOp(spot),
          source_(std::move(source)),
          executor_(boost::asio::get_associated_executor(handler, executor), executor),
          handler_(std::move(handler)) {}
    ~Operation() = default;

    void begin(std::uint64_t ticket) {
        source_.limit(spot(), ticket);
        if (source_.ready()) {
            wake();
        } else {
            wait();
        }
    }

    void wait() {
        executor_.start_work();
        tie_to(executor_.context());
        bool found = false;
        if constexpr (Source::can_look) found = poll([&] { return source_.ready(); });
        const bool parked = !found && try_park([&] {
            if (!source_.idle()) return false;
            source_.parked();
            return true;
        });
        if (!parked) wake();
    }

    void post() override { executor_.post(Wake(*this), post_memory_); }

    void complete(Values& values) {
        spot().finish();
        // its work outlasts the upcall
        [[maybe_unused]] const CompletionExecutor<HandlerExecutor> executor(std::move(executor_));
        Handler handler = free();
        std::apply([&](auto&... value) { std::move(handler)(std::move(value)...); }, values);
    }

    /// Asio's rule: the memory goes back before the handler is invoked.
    [[nodiscard]] Handler free() noexcept {
        HandlerMemory<Operation, Handler> memory(handler_);
        Handler handler(std::move(handler_));
        this->~Operation();
        memory.deallocate(this);
        return handler;
    }

    Source source_;
    CompletionExecutor<HandlerExecutor> executor_;
    Handler handler_;
};

/// What the sources of all operations have in common.
struct SourceBase {
    static constexpr bool can_look = true;  // ready() may find it
    void parked() noexcept {}
    void abandon() noexcept {}
    void limit(ParkingSpot&, std::uint64_t) noexcept {}
};

/// Starts operations of this source in a spot: the initiation of the `async_` functions. Without a spot (the handle was
/// moved from) they complete with `errc::closed`. A named class with a constructor: GCC 12 destroys aggregate
/// temporaries of a `co_await` expression twice.
template <class Source, class Spot, class Executor>
class Initiate {
public:
    using executor_type = Executor;

    Initiate(const Executor& executor, IntrusivePtr<Spot> spot) : executor_(executor), spot_(std::move(spot)) {}

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

    template <class Handler, class... Args>
    void operator()(Handler&& handler, Args&&... args) const& {
        start(spot_, std::forward<Handler>(handler), std::forward<Args>(args)...);
    }
    template <class Handler, class... Args>
    void operator()(Handler&& handler, Args&&... args) && {
        start(std::move(spot_), std::forward<Handler>(handler), std::forward<Args>(args)...);
    }

private:
    template <class Handler, class... Args>
    void start(IntrusivePtr<Spot> spot, Handler&& handler, Args&&... args) const {
        if (!spot) return fail(std::forward<Handler>(handler), typename Source::Values{});
        std::decay_t<Handler> stored(std::forward<Handler>(handler));
        Source source(*spot, std::forward<Args>(args)...);
        Operation<Source, std::decay_t<Handler>, Executor>::start(std::move(spot), std::move(source), std::move(stored),
                                                                  executor_);
    }
    template <class Handler, class Values>
    void fail(Handler&& handler, Values values) const {
        std::get<0>(values) = errc::closed;
        std::apply(
            [&](auto&... value) { complete_at_once(executor_, std::forward<Handler>(handler), std::move(value)...); },
            values);
    }

    Executor executor_;
    IntrusivePtr<Spot> spot_;
};

}  // namespace event::detail
