#pragma once

#include <event/detail/intrusive_ptr.hpp>
#include <event/detail/wait/completion_executor.hpp>
#include <event/detail/wait/contexts.hpp>
#include <event/detail/wait/object_or_context.hpp>
#include <event/detail/wait/parked_op.hpp>
#include <event/detail/wait/spot.hpp>
#include <event/error.hpp>

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/recycling_allocator.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <memory>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

/// The one way in which an operation waits and completes. Its one rule: a handler is invoked once, on its own executor,
/// or destroyed with the first of its contexts that dies. It parks and is claimed under the lock of its spot's domain;
/// woken, run and destroyed under none.

namespace event::detail {

/// What a cancellation slot or a timer holds: effective after the completion was posted, and harmless after it ran.
/// `in_time`: when the time has passed the operation ends, or, as `Phase::pending`, looks again.
class EndPending {
public:
    EndPending(ParkingSpot& spot, std::uint64_t ticket, Phase in_time = Phase::timed_out) noexcept
        : spot_(spot), ticket_(ticket), in_time_(in_time) {}
    void operator()(boost::asio::cancellation_type type) noexcept {
        using boost::asio::cancellation_type;
        constexpr auto all = cancellation_type::terminal | cancellation_type::partial | cancellation_type::total;
        if ((type & all) != cancellation_type::none) spot_->cancel(ticket_, Phase::cancelled);
    }
    void operator()(const boost::system::error_code& error) noexcept {
        if (!error) spot_->cancel(ticket_, in_time_);
    }

private:
    SpotMemory spot_;
    std::uint64_t ticket_;
    Phase in_time_;
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

/// What each operation has: its handler, the executor on which that is invoked (its own, or else that of the handle),
/// and the memory in which both lie. `Base` is a `PostedOp`.
template <class Base, class Derived, class Handler, class Executor>
class HandlerOp : public Base {
public:
    [[nodiscard]] boost::asio::execution_context& context() const noexcept final { return executor_.context(); }

protected:
    using Memory = HandlerAllocation<Derived, Handler>;

    template <class... Args>
    HandlerOp(Handler&& handler, const Executor& executor, Args&&... args)
        : Base(std::forward<Args>(args)...),
          executor_(completion_executor(handler, executor)),
          handler_(std::move(handler)) {}
    ~HandlerOp() = default;

    [[nodiscard]] Handler& handler() noexcept { return handler_; }
    void start_work() { executor_.start_work(); }
    [[nodiscard]] const auto& executor() const noexcept { return executor_; }

    template <class Values>
    void complete(Values& values) {
        // its work outlasts the upcall
        [[maybe_unused]] const auto executor(std::move(executor_));
        Handler invoked = free();
        std::apply([&](auto&... value) { std::move(invoked)(std::move(value)...); }, values);
    }
    /// Asio's rule: the memory goes back before the handler is invoked, which may own whatever the operation needed.
    Handler free() noexcept {
        auto* op = static_cast<Derived*>(this);
        HandlerMemory<Derived, Handler> memory(handler_);
        Handler freed(std::move(handler_));
        op->~Derived();
        memory.deallocate(op);
        return freed;
    }

private:
    void post() final { executor_.post(Wake(*this)); }

    CompletionExecutor<Handler, Executor> executor_;
    Handler handler_;
};

/// An operation that need not wait: made before its values are there, so that nothing can fail once they are. It
/// completes as any other does, and not when the context of what it was begun with, if there is one, is gone.
template <class Values, class Handler, class Executor>
class CompletedOp final : public HandlerOp<PostedOp, CompletedOp<Values, Handler, Executor>, Handler, Executor> {
    using Base = HandlerOp<PostedOp, CompletedOp, Handler, Executor>;

public:
    struct Free {
        void operator()(CompletedOp* op) const noexcept { static_cast<void>(op->free()); }
    };
    using Pointer = std::unique_ptr<CompletedOp, Free>;

    /// Null where it cannot complete any more.
    [[nodiscard]] static Pointer make(IntrusivePtr<ContextRegistry> home, Handler&& handler, const Executor& executor) {
        if (home && home->is_gone()) return nullptr;
        typename Base::Memory memory(handler);
        return Pointer(memory.construct(std::move(home), std::move(handler), executor));
    }
    static void complete(Pointer op, Values&& values) noexcept {
        if (!op) return;
        op->values_ = std::move(values);
        if (op->try_post()) static_cast<void>(op.release());
    }
    /// It has to wait after all.
    [[nodiscard]] static Handler take_back(Pointer op) noexcept { return op.release()->free(); }

    void destroy() noexcept override { static_cast<void>(this->free()); }
    void run() override {
        if (home_ && home_->is_gone()) return destroy();
        Values values(std::move(values_));
        Base::complete(values);
    }

private:
    friend Base;
    friend typename Base::Memory;

    CompletedOp(IntrusivePtr<ContextRegistry> home, Handler&& handler, const Executor& executor)
        : Base(std::move(handler), executor), home_(std::move(home)) {}
    ~CompletedOp() = default;

    IntrusivePtr<ContextRegistry> home_;
    Values values_;
};

/// On the system's executor where neither the handler nor the handle has one.
template <class Values, class Handler, class Executor>
void complete_at_once(IntrusivePtr<ContextRegistry> home, Values values, Handler&& handler, const Executor& executor) {
    using Completed = CompletedOp<Values, std::decay_t<Handler>, Executor>;
    std::decay_t<Handler> stored(std::forward<Handler>(handler));
    Completed::complete(Completed::make(std::move(home), std::move(stored), or_system(executor)), std::move(values));
}

/// `async_initiate`, with a sentence for a token that does not fit.
template <class Token, class Signature, class Initiation, class... Args>
[[gnu::always_inline]] inline auto initiate(Initiation&& initiation, Token& token, Args&&... args) {
    constexpr bool fits = boost::asio::completion_token_for<Token, Signature>;
    static_assert(
        fits,
        "event: this completion token, or handler, does not fit the operation, which completes as the comment "
        "of the function says, and Signature here");
    if constexpr (fits) {
        return boost::asio::async_initiate<Token, Signature>(std::forward<Initiation>(initiation), token,
                                                             std::forward<Args>(args)...);
    }
}

/// The values of an operation that failed at once.
template <class Values>
[[nodiscard]] Values failed(errc error) {
    Values values;
    std::get<0>(values) = error;
    return values;
}

/// What a source finds when it is asked.
enum class Taken : std::uint8_t { nothing, values, more };  // more: to be asked again, after others had their turn

/// An operation with a completion handler. What it waits for is described by its `Source`:
///
///     using Values = std::tuple<error_code, ...>;   what the handler is called with
///     constexpr bool can_look;                      whether ready() ever finds it
///     bool ready();                                 it may be there already; called without a lock
///     bool idle();                                  it is not there; called under the domain's lock
///     void list(ParkedOp&);                         the operation waits now; under the same lock
///     bool may_recur();                             there may be another occasion to wake it; under the same lock
///     Taken take(Values&);                          takes it; nothing: it is gone, wait on
///     void abandon<Guard>();                        the operation ends without having taken anything
///     void limit(spot, ticket);                     begins
///     void leave_timers();                          it is destroyed, beside its own context that may be dying
///     bool arm(executor);                           of some: sets an alarm; false: it is to be asked again at once
template <class Source, class Handler, class Executor>
class Operation final : public HandlerOp<ParkedOp, Operation<Source, Handler, Executor>, Handler, Executor> {
    using Values = typename Source::Values;
    using Base = HandlerOp<ParkedOp, Operation, Handler, Executor>;

public:
    /// Begins, or completes with `errc::concurrent_receive`.
    static void start(IntrusivePtr<ParkingSpot> spot, Source&& source, Handler&& handler, const Executor& executor) {
        typename Base::Memory memory(handler);
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        const std::uint64_t ticket = spot->begin();
        if (ticket == 0) {
            return complete_at_once(spot->home_context(), failed<Values>(errc::concurrent_receive), std::move(handler),
                                    executor);
        }
        ParkingSpot& begun = *spot.detach();
        Operation* op = nullptr;
        try {
            if (slot.is_connected()) slot.template emplace<EndPending>(begun, ticket);
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

    void destroy() noexcept override {
        source_.template abandon<CertainGuard>();
        spot().finish();  // is maybe gone now
        this->free();
    }

private:
    friend Base;
    friend typename Base::Memory;
    using Base::spot;

    Operation(ParkingSpot& place, Source&& source, Handler&& handler, const Executor& executor)
        : Base(std::move(handler), executor, place), source_(std::move(source)) {}
    ~Operation() = default;

    void begin(std::uint64_t ticket) {
        source_.limit(spot(), ticket);
        if (source_.ready()) {
            this->wake();
        } else {
            wait();
        }
    }

    void wait() {
        this->start_work();
        if (!this->tie_to(this->context())) return destroy();
        if constexpr (requires { source_.arm(this->executor()); })
            if (!source_.arm(this->executor())) return this->wake();
        bool found = false;
        if constexpr (Source::can_look) found = this->poll([&] { return source_.ready(); });
        if (found || !this->try_park()) this->wake();
    }

    /// It ran, and found nothing. By an executor that is not its context's (a GUI's): that context may die beside it.
    void wait_on(Taken taken = Taken::nothing) {
        if (this->executor().runs_in_context()) return go_on(taken);
        const IntrusivePtr<ContextRegistry> home = spot().home_context();
        if (!home || !home->pin()) return destroy();
        const ContextRegistry::Pinned pinned(home);
        go_on(taken);
    }
    /// Where there is no memory to wait, it runs once more.
    void go_on(Taken taken) {
        if (taken == Taken::more) return this->wake();
        try {
            wait();
        } catch (...) {
            this->wake();
            throw;
        }
    }

    void run() override {
        this->note_waking();
        if (spot().home_is_gone()) return destroy();
        const Phase phase = spot().phase();
        Values values;
        Taken taken = Taken::values;
        try {
            if (phase == Phase::pending) {
                taken = source_.take(values);
            } else {
                source_.template abandon<DomainGuard>();
                std::get<0>(values) = phase == Phase::timed_out
                                          ? make_error_code(boost::asio::error::timed_out)
                                          : make_error_code(boost::asio::error::operation_aborted);
            }
        } catch (...) {  // a predicate, or, in a filter, the lock: the operation waits on
            wait_on();
            throw;
        }
        if (taken != Taken::values) return wait_on(taken);
        spot().finish();
        this->complete(values);
    }

    void leave_timers() noexcept override { source_.leave_timers(); }
    bool is_idle() override { return source_.idle(); }
    void list() noexcept override { source_.list(*this); }
    bool may_recur() const noexcept override { return source_.may_recur(); }

    Source source_;
};

/// What the sources of all operations have in common.
struct SourceBase {
    static constexpr bool can_look = true;
    void list(ParkedOp&) noexcept {}
    template <class Guard>
    void abandon() noexcept {}
    void limit(ParkingSpot&, std::uint64_t) noexcept {}
    void leave_timers() noexcept {}
};

}  // namespace event::detail
