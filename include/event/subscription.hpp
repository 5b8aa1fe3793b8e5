#pragma once

/// A component's view of the bus: one ordered queue of the event types it cares about.

#include <event/detail/requirements.hpp>

#include <event/connection.hpp>
#include <event/delivery.hpp>
#include <event/detail/bus/bus_core.hpp>
#include <event/detail/queue/mailbox.hpp>
#include <event/detail/wait/completion_executor.hpp>
#include <event/detail/wait/object_or_context.hpp>
#include <event/detail/wait/receive.hpp>
#include <event/detail/wait/time_limit.hpp>
#include <event/error.hpp>
#include <event/fwd.hpp>
#include <event/report.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace event {

namespace detail {
template <class... Ts>
class Subscribing;
}

/// A bounded, ordered queue of the events of types `Ts...`, and the way to wait for them. `Subscription<Ts...>` is this
/// with `any_io_executor`; `EventBus::subscribe` makes it. With a handler (push) the queue is drained for you: only
/// `close…`, `async_closed` and `stat` are of use, and `try_receive` to empty the queue, on the handler's executor,
/// before starting again from a state known to be right (with more `concurrency` than one, what has come for a run that
/// waits is that run's already).
///
/// Ownership: move-only; destroying it closes it, unless other handles share its queue (`share()`). It outlives its bus
/// safely and then ends with `errc::closed`. Moved from, it has ended so, and keeps nothing of the bus alive; what it
/// begins ends with the context all the same. Default-constructed, it has ended so, and what it begins completes on
/// `boost::asio::system_executor` if neither it nor the handler has one. Threads: distinct objects are independent. On
/// one object, one receive at a time from one executor, `try_receive` included; `cancel()`, the `close` functions,
/// `async_closed`, `is_open()` and `stat()` from any thread. Order: events come in the order in which they were
/// emitted, whatever their types and emitters; any two events that two subscriptions both receive reach them in the
/// same order. Cost: an event in the queue costs no lock (`DropOldest`, `Latest`, `Wait`, `latest_by`, several
/// receivers or runs of the handler: one) and no allocation to take; a wake-up is one post for each time the queue
/// stops being empty.
///
/// For every operation here: the completion is posted, never run inside the initiating function; it runs on the
/// handler's associated executor, by default `get_executor()`. An event is taken when the completion runs, not earlier,
/// and a cancellation (terminal, partial or total: `operation_aborted`) that comes before that takes nothing, so
/// `a.async_receive(…) || b.async_receive(…)` loses nothing when both run on one strand. (`||` waits for a *success*:
/// an ended subscription does not end it unless you use `as_tuple`; then it does so at once and each time, whatever the
/// other one still has, so receive from the other one alone from there on. When both are ready, the left one wins:
/// write what must not wait on the left, or subscribe to both types at once.) A second operation beside a pending one
/// completes with `errc::concurrent_receive`, and the first goes on. Once the subscription has ended: `errc::closed`,
/// or `errc::killed`. A pending operation keeps `run()` from returning, and is destroyed, uninvoked, with whichever
/// dies first of the bus's execution context and its own. Where its executor throws when it is posted, twice, it waits
/// for the next event, and at a shared queue the others are not woken for this one either (who receives gets it); where
/// no event will come, it is destroyed.
template <class Executor, class... Ts>
class [[nodiscard]] BasicSubscription {
    static_assert(detail::check_subscribed_names<Ts...>());
    using error_code = boost::system::error_code;
    using DefaultToken = boost::asio::default_completion_token_t<Executor>;

public:
    using executor_type = Executor;
    using delivery_type = Delivery<Ts...>;
    template <class Other>
    struct rebind_executor {
        using other = BasicSubscription<Other, Ts...>;
    };

    /// One that has ended with `errc::closed`.
    BasicSubscription()
        requires std::default_initializable<Executor>
    = default;
    BasicSubscription(BasicSubscription&& other) noexcept
        : executor_(other.executor_), spot_(other.give_away()), is_push_(other.is_push_) {}
    /// The same subscription with another executor type, as `use_awaitable.as_default_on(…)` asks for.
    template <class Other>
        requires(!std::same_as<Other, Executor> && std::constructible_from<Executor, const Other&>)
    BasicSubscription(BasicSubscription<Other, Ts...>&& other) noexcept(
        std::is_nothrow_constructible_v<Executor, const Other&>)
        : executor_(other.get_executor()), spot_(other.give_away()), is_push_(other.is_push_) {}
    BasicSubscription& operator=(BasicSubscription&& other) noexcept {
        if (this != &other) {
            leave();
            executor_ = other.executor_;
            spot_ = other.give_away();
            is_push_ = other.is_push_;
        }
        return *this;
    }
    ~BasicSubscription() { leave(); }

    /// The same subscription, with its types forgotten. Of one that was moved from, none.
    operator Connection() && {
        if (!spot_) return {};
        return Connection(give_away().object().detach());
    }

    /// One more handle on the same queue. Each event goes to exactly one of them, in the order of the queue, to the one
    /// that has waited longest; from when it is woken until it has run, one is kept for it. They are one subscriber,
    /// with one policy, one capacity, one `missed()` and one `stat()`, and each may have a receive of its own pending.
    /// What was kept for a receive that is cancelled, or dies with its context, goes to the next one; what was received
    /// is the receiver's, and comes to nobody again. `close…` ends the queue for all. A handle that goes cancels its
    /// pending receive and leaves the queue to the others; the last one ends it. What is shared of an ended
    /// subscription has ended, too; of one with a handler this throws `boost::system::system_error`
    /// (`errc::concurrent_receive`): ask for more `SubscriptionOptions::concurrency`. Threads: as a receive on this
    /// one. Cost: from then on, a lock for each event that is taken. (A queue group of NATS, but ordered, and what a
    /// member has not received is not lost with it.)
    [[nodiscard]] BasicSubscription share() {
        if (!spot_) return BasicSubscription(executor_, spot_);
        if (is_push_) detail::refuse_to_share();
        return BasicSubscription(executor_, detail::ObjectOrContext<detail::QueueSpot>(detail::share(*spot_)));
    }

    /// The next event, if there is one. Beside a pending receive it takes the event, and the pending one waits on.
    [[nodiscard]] std::optional<Delivery<Ts...>> try_receive() {
        std::optional<Delivery<Ts...>> delivery(std::in_place);
        if (!spot_ || detail::take_into(*spot_, *delivery) != detail::Look::readable) delivery.reset();
        return delivery;
    }

    /// Waits for the next event. Completion: `void(error_code, Delivery<Ts...>)`.
    template <class Token = DefaultToken>
    auto async_receive(Token&& token = DefaultToken()) {
        return initiate<detail::ReceiveOne<Ts...>, void(error_code, Delivery<Ts...>), Token>(token);
    }

    /// Waits until there is an event, then takes as many as there are and fit: one wait, many events. The span must
    /// stay valid until then; an empty one is filled at once. Deliveries in it are let go as far as it may be filled.
    /// Where an event costs a lock to take, here up to 16 share one. Completion: `void(error_code, std::size_t)`.
    template <class Token = DefaultToken>
    auto async_receive_some(std::span<Delivery<Ts...>> into, Token&& token = DefaultToken()) {
        return initiate<detail::ReceiveSome<Ts...>, void(error_code, std::size_t), Token>(token, into);
    }

    /// Waits for the next event, but no longer than `limit`: then `boost::asio::error::timed_out`, and nothing was
    /// taken. A limit that is negative, or no number, is no time at all. Cheaper than `async_receive(…) ||
    /// timer.async_wait(…)`. Completion: `void(error_code, Delivery<Ts...>)`.
    template <class Rep, class Period, class Token = DefaultToken>
    auto async_receive_for(std::chrono::duration<Rep, Period> limit, Token&& token = DefaultToken()) {
        return detail::initiate<Token, void(error_code, Delivery<Ts...>)>(
            detail::InitiateFor<detail::ReceiveOne<Ts...>, detail::QueueSpot, Executor>(executor_, spot_,
                                                                                        detail::time_limit(limit)),
            token);
    }

    /// Waits until there is an event, and takes nothing. Another's `try_receive` may have taken it when this completes.
    /// Completion: `void(error_code)`.
    template <class Token = DefaultToken>
    auto async_wait(Token&& token = DefaultToken()) {
        return initiate<detail::WaitReadable, void(error_code), Token>(token);
    }

    /// Completes when the subscription has ended, with why: `errc::closed` or `errc::killed`. Any number at a time,
    /// beside any receive, for push subscriptions too: no handler is running or will run then, and what it uses may go.
    /// Completion: `void(error_code)`.
    template <class Token = DefaultToken>
    auto async_closed(Token&& token = DefaultToken()) {
        return detail::initiate<Token, void(error_code)>(
            detail::InitiateBeside<detail::WaitForEnd, Executor>(get_executor(), spot_), token);
    }

    /// Completes once the bus has started (`EventBus::start`), or at once if it has: with success, or, where
    /// `SubscriptionOptions::require_emitters` was asked for and somebody is missing, with `errc::no_emitters`; the
    /// subscription is closed then. `errc::closed` if it ends before; without a call of `start()` it waits until
    /// then. Any number at a time. Completion: `void(error_code)`. (libp2p's RFC: registering first, resolving later,
    /// so that no order of starting is imposed.)
    template <class Token = DefaultToken>
    auto async_ready(Token&& token = DefaultToken()) {
        return detail::initiate<Token, void(error_code)>(
            detail::InitiateBeside<detail::WaitForStart, Executor>(get_executor(), spot_), token);
    }

    /// The labels of the types that nobody emits now.
    [[nodiscard]] std::vector<std::string> missing_emitters() const {
        return spot_ ? mailbox().bus().missing_emitters(mailbox()) : std::vector<std::string>();
    }

    /// Ends the pending receive with `operation_aborted`; until its handler has run, another one is
    /// `errc::concurrent_receive`. Does nothing to a push subscription.
    void cancel() noexcept {
        if (spot_ && !is_push_) spot_->cancel();
    }

    /// Nothing more: queued events are discarded, a pending receive ends with `errc::closed`. When it returns on the
    /// subscription's executor, no handler starts any more; on another thread, one that has begun may still be
    /// finishing. It waits for a `Notify` callback of this subscription that runs on another thread, as destroying
    /// does: hold no lock that the callback takes. Idempotent.
    void close() noexcept {
        if (spot_) spot_->close();
    }

    /// `close()`, and returns when no handler runs, on whichever thread: what it uses may go. Hold no lock that the
    /// handler takes. Instead of waiting for itself it says `resource_deadlock_would_occur`, with the subscription
    /// closed and the handler still running: inside the handler, on its strand, in a filter or a `Notify` callback, and
    /// in a ring of handlers that wait for each other in this way. Not found out: a handler that is a coroutine and is
    /// suspended. It is cancelled, and has to be resumed to end; call this only where another thread runs its context,
    /// or use `async_closed`. (What the handler itself holds, and memory that it brings, goes a moment later, on its
    /// executor.)
    void close_and_wait(error_code& error) {
        error = {};
        if (spot_) spot_->close_and_wait(error);
    }
    /// The same, with `boost::system::system_error` for the error.
    void close_and_wait() {
        if (spot_) spot_->close_and_wait();
    }

    /// Takes no new events, delivers the queued ones, then ends with `errc::closed`: never, if nobody receives them.
    /// Idempotent.
    void close_after_drain() noexcept {
        if (spot_) spot_->close_after_drain();
    }

    /// Whether it takes new events. After `close_after_drain()` it does not, and queued ones still come.
    [[nodiscard]] bool is_open() const noexcept { return spot_ && mailbox().state() == detail::Mailbox::State::open; }

    /// Figures of this moment; all zero where it was moved from, or default-constructed.
    [[nodiscard]] SubscriptionStat stat() const { return spot_ ? mailbox().stat() : SubscriptionStat{}; }

    /// The bus's executor, or the one that is bound to the handler as long as its context lives. If the bus's is a
    /// strand, the context must outlive this handle, as it must every strand of its own.
    [[nodiscard]] executor_type get_executor() const noexcept {
        if constexpr (std::same_as<Executor, boost::asio::any_io_executor>) {
            if (spot_ && is_push_) return spot_->executor_or(executor_);
        }
        return executor_;
    }

private:
    template <class, class...>
    friend class BasicSubscription;
    friend class detail::Subscribing<Ts...>;

    BasicSubscription(detail::IntrusivePtr<detail::QueueSpot> spot, bool is_push) noexcept
        : executor_(spot->core().executor()), spot_(std::move(spot)), is_push_(is_push) {}
    BasicSubscription(Executor executor, detail::ObjectOrContext<detail::QueueSpot> spot) noexcept
        : executor_(std::move(executor)), spot_(std::move(spot)) {}

    [[nodiscard]] detail::Mailbox& mailbox() const noexcept { return spot_->mailbox(); }
    void leave() noexcept {
        if (spot_) spot_->leave();
    }

    /// Leaves behind who knows whether the context of the executor lives. That may be the push handler's: where the
    /// handle was made from one with another executor type.
    [[nodiscard]] detail::ObjectOrContext<detail::QueueSpot> give_away() noexcept {
        if constexpr (detail::HasContext<Executor>) {
            if (spot_ && spot_->has_own_executor() && !detail::is_empty(executor_) &&
                !spot_->core().context_is(detail::context_of(executor_)))
                return spot_.give_away(spot_->registry());
        }
        return spot_.give_away();
    }

    template <class Source, class Signature, class Token, class... Args>
    auto initiate(Token& token, Args&&... args) {
        return detail::initiate<Token, Signature>(
            detail::Initiate<Source, detail::QueueSpot, Executor>(executor_, spot_), token,
            std::forward<Args>(args)...);
    }

    Executor executor_{};
    detail::ObjectOrContext<detail::QueueSpot> spot_;  // moved from: the context; default-constructed: nothing
    bool is_push_ = false;
};

}  // namespace event
