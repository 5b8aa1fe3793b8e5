#pragma once

/// Where events come from: a component's handle for the types it emits.

#include <event/detail/requirements.hpp>

#include <event/detail/bus/bus_core.hpp>
#include <event/detail/order/typed_topic.hpp>
#include <event/detail/wait/emit_op.hpp>
#include <event/detail/wait/object_or_context.hpp>
#include <event/emit_result.hpp>
#include <event/error.hpp>
#include <event/fwd.hpp>
#include <event/meta.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <concepts>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#pragma push_macro("emit")  // Qt has one
#undef emit

namespace event {

/// Emits events of the types `Ts...` on the bus that made it.
///
/// Ownership: move-only; destroying it closes it. It outlives its bus safely, and is then closed. Moved from, it is
/// closed, and keeps nothing of the bus alive; what it begins ends with the bus's execution context all the same.
/// Default-constructed, it is closed, and `get_executor()` is empty: it completes on `boost::asio::system_executor`
/// unless a handler brings its own. Threads: emitting, `close()` and `is_open()` from any thread at once. An emit never
/// waits for a subscriber and never runs its code (but the callback of `Notify`, and what it filters and chooses with,
/// `where` and `latest_by`), so it may be called under any lock that none of these takes, from inside any handler, and
/// from inside such a callback (not inside a filter: `where`). Order: two emits, one of which returned before the other
/// began, reach every subscriber in that order, whatever their types and emitters. Cost: nobody subscribed: one load of
/// the topic. Otherwise one short lock, and for each subscriber a copy of a trivially copyable event of at most 256
/// bytes; any other event is built once, before the lock, and shared. No allocation on the steady path; one post for
/// each receiver that waits. Errors: on a closed or moved-from emitter, or when the bus is closed, nothing is delivered
/// and `EmitResult::error` is `errc::closed`. If building or copying the event throws, so does the emit, and no
/// subscriber got any of it. What a callback or a filter throws leaves the emit after everybody was served.
template <class... Ts>
class [[nodiscard]] Emitter {
    static_assert(detail::check_named_types<Ts...>());
    using First = std::tuple_element_t<0, std::tuple<Ts...>>;
    static constexpr bool has_one_type = sizeof...(Ts) == 1;

public:
    using executor_type = boost::asio::any_io_executor;
    /// Of an emitter of one type.
    using event_type = std::conditional_t<has_one_type, First, void>;

    /// Closed.
    Emitter() = default;
    Emitter(Emitter&& other) noexcept
        : executor_(other.executor_), topics_(other.topics_), state_(other.state_.give_away()) {}
    Emitter& operator=(Emitter&& other) noexcept {
        if (this != &other) {
            close();
            executor_ = other.executor_;
            topics_ = other.topics_;
            state_ = other.state_.give_away();
        }
        return *this;
    }
    ~Emitter() { close(); }

    /// Emits a copy of the event. An emitter of one type takes `emit({.peer = id})`; one of several `emit<B>({…})`.
    EmitResult emit(const First& event) const
        requires(has_one_type && std::copy_constructible<First>)
    {
        return emit_built<First>(event);
    }
    /// Emits the event, moved where it is not small and trivially copyable.
    EmitResult emit(First&& event) const
        requires(has_one_type && std::move_constructible<First>)
    {
        return emit_built<First>(std::move(event));
    }
    template <class T>
    EmitResult emit(const T& event) const
        requires(detail::one_of<T, Ts...> && std::copy_constructible<T>)
    {
        return emit_built<T>(event);
    }
    template <class T>
    EmitResult emit(T&& event) const
        requires(detail::one_of<T, Ts...> && std::move_constructible<T>)
    {
        return emit_built<T>(std::move(event));
    }
    template <class T = void, class Other>
    EmitResult emit(Other&&) const
        requires(detail::NotEmitted<Other, T, Ts...>)
    {
        detail::check_emitted<Other, T, Ts...>();
        return {};
    }
    template <class T>
    EmitResult emit(const std::type_identity_t<T>&) const
        requires(!detail::one_of<T, Ts...>)
    {
        detail::check_emitted<T, T, Ts...>();
        return {};
    }

    /// Builds the event in place and emits it; builds nothing when nobody listens. For types that can be neither copied
    /// nor moved, and inside `co_await` expressions (GCC 12 destroys an aggregate temporary there twice).
    template <class T = First, class... Args>
    EmitResult emplace(Args&&... args) const {
        static_assert(detail::one_of<T, Ts...>, "event: this emitter does not emit that type");
        static_assert(std::constructible_from<T, Args...>, "event: the event cannot be built from these arguments");
        if constexpr (sizeof...(Args) == 1 && (detail::Slices<Args, T> && ...)) detail::check_not_sliced<Args...>();
        return emit_built<T>(std::forward<Args>(args)...);
    }

    /// Emits the events adjacently in the order, with one lock and one wake-up for the lot. The figures are sums over
    /// all of them; a `Notify` callback runs after the last one, before this returns.
    template <class T = First>
    EmitResult emit_all(std::span<const std::type_identity_t<T>> events) const
        requires(detail::one_of<T, Ts...> && std::copy_constructible<T>)
    {
        if (!accepts_events()) return closed();
        detail::Topic<T>& to = topic<T>();
        if (!to.wanted() || events.empty()) return {};
        if constexpr (detail::stored_inline<T>) {
            return to.emit_all(events.data(), events.size(), state_->origin());
        } else {
            detail::Batch batch(state_->origin());  // should one not be built, the others go with this
            for (const T& event : events) batch.add_new(*detail::Payload<T>::create(to.pool(), event));
            return to.emit_all(std::move(batch));
        }
    }
    template <class T = void, class Events>
    EmitResult emit_all(Events&& events) const
        requires(detail::NotEmitted<decltype(*std::data(events)), T, Ts...>)
    {
        detail::check_emitted<decltype(*std::data(events)), T, Ts...>();
        return {};
    }

    /// Emits an event that comes from elsewhere, and says what is known of it there: from another bus, a file, the
    /// other end of a stream. `missed` events of its type were lost on their way, just before it: each subscriber of
    /// the type learns of them as of those that it lost itself (`Delivery::missed()`, `SubscriptionStat::lost`), also
    /// one whose filter or key might not have wanted them, but not who does not hear the emitter (`not_from`,
    /// `not_relayed`); `Kill` ends nobody for them and `Notify` calls nobody. `replayed`: it was retained there, and is
    /// not new. Otherwise as `emit`, whose result is that of this event alone.
    template <class T = First>
    EmitResult relay(const std::type_identity_t<T>& event, Relayed from) const
        requires(detail::one_of<T, Ts...> && std::copy_constructible<T>)
    {
        return relay_built<T>(from, event);
    }
    template <class T = First>
    EmitResult relay(std::type_identity_t<T>&& event, Relayed from) const
        requires(detail::one_of<T, Ts...> && std::move_constructible<T>)
    {
        return relay_built<T>(from, std::move(event));
    }

    /// The same for several, as `emit_all`: with one lock, and adjacent in the order. Those that are missed were lost
    /// before the first.
    template <class T = First>
    EmitResult relay_all(std::span<const std::type_identity_t<T>> events, Relayed from) const
        requires(detail::one_of<T, Ts...> && std::copy_constructible<T>)
    {
        if (!accepts_events()) return closed();
        detail::Topic<T>& to = topic<T>();
        if (!to.wanted() || events.empty()) return {};
        const detail::Origin origin = state_->origin().as_relayed(from.replayed);
        if constexpr (detail::stored_inline<T>) {
            if (from.missed == 0) return to.emit_all(events.data(), events.size(), origin);
            return to.relay(detail::Batch(to.type(), events.data(), events.size(), origin), from.missed);
        } else {
            detail::Batch batch(origin);
            for (const T& event : events) batch.add_new(*detail::Payload<T>::create(to.pool(), event));
            return from.missed == 0 ? to.emit_all(std::move(batch)) : to.relay(std::move(batch), from.missed);
        }
    }

    /// Waits until every subscriber of the type whose policy is `Wait`, and whose key and filter want the event, has
    /// room, and then is one emit: at once if they have. First come, first served among all types that these take, but
    /// that a queue whose receiver finds it empty is not kept for an emit that waits for another one. A plain emit does
    /// not overtake a waiting one.
    ///
    /// Completion: `void(error_code, EmitResult)`. Cancellation (all types): nothing was delivered, to anybody. Where
    /// there is room it has happened when the call returns: a cancellation then comes too late, the completion says
    /// success, and in `||` that may be thrown away; so put the emit on the left there. When the emitter or the bus is
    /// closed: `errc::closed`. When such a subscription ends, it is waited for no longer. What a `Notify` callback or a
    /// filter throws comes out of `run()` of the bus's context.
    ///
    /// Awaited, an event that is made in the expression is destroyed twice by GCC before 14, if it is an aggregate with
    /// a destructor: there that does not compile. `async_emplace` makes it in place, on every compiler.
    template <class T = First, class Token>
    auto async_emit(const std::type_identity_t<T>& event, Token&& token) const
        requires(detail::one_of<T, Ts...> && std::copy_constructible<T>)
    {
        return async_emplace<T>(std::forward<Token>(token), event);
    }
    template <class T = First, class Token>
    auto async_emit(std::type_identity_t<T>&& event, Token&& token) const
        requires(detail::one_of<T, Ts...> && std::move_constructible<T>)
    {
        using Result = decltype(async_emplace<T>(std::forward<Token>(token), std::move(event)));
        static_assert(
            std::is_void_v<Result> || !detail::is_destroyed_twice<T>,
            "event: GCC before 14 destroys this event twice where async_emit is awaited: name it before, or use "
            "async_emplace<T>(token, …)");
        return async_emplace<T>(std::forward<Token>(token), std::move(event));
    }
    template <class T = void, class Other, class Token>
    void async_emit(Other&&, Token&&) const
        requires(detail::NotEmitted<Other, T, Ts...>)
    {
        detail::check_emitted<Other, T, Ts...>();
    }

    /// The same for an event that is built from the arguments, now.
    template <class T = First, class Token, class... Args>
    auto async_emplace(Token&& token, Args&&... args) const {
        static_assert(detail::one_of<T, Ts...>, "event: this emitter does not emit that type");
        static_assert(std::constructible_from<T, Args...>, "event: the event cannot be built from these arguments");
        if constexpr (sizeof...(Args) == 1 && (detail::Slices<Args, T> && ...)) detail::check_not_sliced<Args...>();
        std::optional<detail::HeldEvent<T>> event = hold<T>(std::forward<Args>(args)...);
        return detail::initiate<Token, void(boost::system::error_code, EmitResult)>(
            detail::InitiateEmit<T>(executor_, state_, detail::index_of<T, Ts...>(), std::move(event)), token);
    }

    // Second spellings of `emit`, `emit_all` and `async_emit`, for where `emit` is a macro (Qt's).

    EmitResult publish(const First& event) const
        requires(has_one_type && std::copy_constructible<First>)
    {
        return emit_built<First>(event);
    }
    EmitResult publish(First&& event) const
        requires(has_one_type && std::move_constructible<First>)
    {
        return emit_built<First>(std::move(event));
    }
    template <class T>
    EmitResult publish(const T& event) const
        requires(detail::one_of<T, Ts...> && std::copy_constructible<T>)
    {
        return emit_built<T>(event);
    }
    template <class T>
    EmitResult publish(T&& event) const
        requires(detail::one_of<T, Ts...> && std::move_constructible<T>)
    {
        return emit_built<T>(std::move(event));
    }
    template <class T = void, class Other>
    EmitResult publish(Other&&) const
        requires(detail::NotEmitted<Other, T, Ts...>)
    {
        detail::check_emitted<Other, T, Ts...>();
        return {};
    }
    template <class T = First>
    EmitResult publish_all(std::span<const std::type_identity_t<T>> events) const
        requires(detail::one_of<T, Ts...> && std::copy_constructible<T>)
    {
        return emit_all<T>(events);
    }
    template <class T = First, class Token>
    auto async_publish(const std::type_identity_t<T>& event, Token&& token) const
        requires(detail::one_of<T, Ts...> && std::copy_constructible<T>)
    {
        return async_emit<T>(event, std::forward<Token>(token));
    }
    template <class T = First, class Token>
    auto async_publish(std::type_identity_t<T>&& event, Token&& token) const
        requires(detail::one_of<T, Ts...> && std::move_constructible<T>)
    {
        return async_emit<T>(std::move(event), std::forward<Token>(token));
    }

    /// From now on nothing is delivered; emits that wait end with `errc::closed`. Idempotent.
    void close() noexcept {
        if (state_) state_->close();
    }
    [[nodiscard]] bool is_open() const noexcept { return accepts_events() && !state_->bus().is_closed(); }
    /// As in `EmitterOptions`; empty where it was moved from, or default-constructed.
    [[nodiscard]] std::string name() const { return state_ ? state_->name() : std::string(); }
    /// What tells its events from those of others on this bus: `Delivery::emitter()`, `not_from`. Kept when it is
    /// closed; 0 where it was moved from, or default-constructed.
    [[nodiscard]] EmitterId id() const noexcept { return state_ ? state_->origin().id() : 0; }
    /// The bus's executor.
    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

private:
    friend class EventBus;
    template <class... Others>
    friend NotFrom not_from(const Emitter<Others...>& emitter) noexcept;

    Emitter(const detail::Core& core, detail::ObjectOrContext<detail::EmitterState> state) noexcept
        : executor_(core.executor()), state_(std::move(state)) {
        if (!state_) return;
        for (std::size_t i = 0; i < topics_.size(); ++i) topics_[i] = state_->topics()[i];
    }

    [[nodiscard]] bool accepts_events() const noexcept { return state_ && state_->is_open(); }

    template <class T>
    [[nodiscard]] detail::Topic<T>& topic() const noexcept {
        return static_cast<detail::Topic<T>&>(*topics_[detail::index_of<T, Ts...>()]);
    }

    template <class T, class... Args>
    EmitResult emit_built(Args&&... args) const {
        if (!accepts_events()) return closed();
        detail::Topic<T>& to = topic<T>();
        if (!to.wanted()) return {};
        if constexpr (!detail::stored_inline<T>) {
            return to.emit(*detail::Payload<T>::create(to.pool(), std::forward<Args>(args)...), state_->origin());
        } else if constexpr (sizeof...(Args) == 1 && (std::is_same_v<std::remove_cvref_t<Args>, T> && ...)) {
            return to.emit((std::addressof(args), ...), state_->origin());  // copied straight into the queues
        } else {
            const T event(std::forward<Args>(args)...);
            return to.emit(std::addressof(event), state_->origin());
        }
    }

    template <class T, class Event>
    EmitResult relay_built(const Relayed& from, Event&& event) const {
        if (!accepts_events()) return closed();
        detail::Topic<T>& to = topic<T>();
        if (!to.wanted()) return {};
        const detail::Origin origin = state_->origin().as_relayed(from.replayed);
        if constexpr (detail::stored_inline<T>) {
            if (from.missed == 0) return to.emit(std::addressof(event), origin);
            return to.relay(detail::Batch(to.type(), std::addressof(event), 1, origin), from.missed);
        } else {
            detail::PayloadBase& payload = *detail::Payload<T>::create(to.pool(), std::forward<Event>(event));
            if (from.missed == 0) return to.emit(payload, origin);
            detail::Batch one(origin);
            one.add_new(payload);
            return to.relay(std::move(one), from.missed);
        }
    }

    template <class T, class... Args>
    [[nodiscard]] std::optional<detail::HeldEvent<T>> hold(Args&&... args) const {
        if (!accepts_events()) return std::nullopt;
        if constexpr (detail::stored_inline<T>) {
            const T event(std::forward<Args>(args)...);
            return std::optional<detail::HeldEvent<T>>(std::in_place, event, state_->origin());
        } else {
            return std::optional<detail::HeldEvent<T>>(
                std::in_place, *detail::Payload<T>::create(topic<T>().pool(), std::forward<Args>(args)...),
                state_->origin());
        }
    }

    [[nodiscard]] static EmitResult closed() noexcept {
        EmitResult result;
        result.error = errc::closed;
        return result;
    }

    executor_type executor_;
    std::array<detail::TopicBase*, sizeof...(Ts)> topics_{};
    detail::ObjectOrContext<detail::EmitterState> state_;  // moved from: the context; default-constructed: nothing
};

}  // namespace event

#pragma pop_macro("emit")
