#pragma once

/// The event bus: what components of one host share to learn of each other's doings.

#include <event/detail/requirements.hpp>

#include <event/any_event.hpp>
#include <event/backpressure.hpp>
#include <event/delivery.hpp>
#include <event/detail/bus/bus_core.hpp>
#include <event/detail/bus/given.hpp>
#include <event/detail/bus/listed.hpp>
#include <event/detail/bus/next.hpp>
#include <event/detail/bus/subscribing.hpp>
#include <event/detail/bus/when.hpp>
#include <event/detail/configuration.hpp>
#include <event/detail/wait/watch.hpp>
#include <event/emitter.hpp>
#include <event/error.hpp>
#include <event/fwd.hpp>
#include <event/interface.hpp>
#include <event/latest_by.hpp>
#include <event/not_from.hpp>
#include <event/options.hpp>
#include <event/report.hpp>
#include <event/subscription.hpp>
#include <event/value.hpp>
#include <event/where.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>  // who includes this needs one
#include <boost/system/error_code.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

#pragma push_macro("emit")  // Qt has one
#undef emit

namespace event {

/// Emitted, and retained, when a bus starts.
struct BusStarted {};

/// Hands out emitters and subscriptions. A topic is a C++ type: who emits `Connected` reaches who subscribes to
/// `Connected`, on the same bus, and nobody needs to know the other.
///
/// Ownership: a plain object, several in one process; no singleton. Its handles keep what they need alive, so bus,
/// emitters and subscriptions may be destroyed in any order. Destroying it is `close()`.
/// Threads: every function from any thread at once.
/// Cost: registering takes the bus's mutex and a lookup; emitting and receiving never touch the bus. Event types that
/// some subscription takes together share one short lock from then on: all of them, once there was a subscription to
/// `AnyEvent`.
/// Errors: registering is all or nothing. `std::system_error` (`boost::system::system_error`) with `errc::name_clash`
/// when another type of this bus declares the same `event_name`, with `errc::emitter_exists` beside an exclusive
/// emitter, with `errc::closed` once the bus is closed. A push subscription whose handler finds no memory to wait in
/// has been one for a moment: what was queued for it counts as discarded.
class EventBus {
public:
    using executor_type = boost::asio::any_io_executor;

    /// Completions run on `executor` unless a handler brings its own.
    explicit EventBus(const executor_type& executor, BusOptions options = {})
        : core_(detail::BusCore::create(executor, std::move(options))) {
        detail::eventbus_was_compiled_with_the_configuration({});
    }
    template <std::derived_from<boost::asio::execution_context> Context>
    explicit EventBus(Context& context, BusOptions options = {})
        : core_(detail::BusCore::create(context.get_executor(), std::move(options))) {
        detail::eventbus_was_compiled_with_the_configuration({});
    }
    EventBus(const EventBus&) = delete;
    EventBus& operator=(const EventBus&) = delete;
    ~EventBus() { close(); }

    /// An emitter of these types.
    template <class... Ts>
    Emitter<Ts...> emitter(EmitterOptions options = {}) {
        static_assert(detail::check_event_types<Ts...>());
        detail::eventbus_was_compiled_with_the_configuration({});
        return {*core_, core_->make_emitter(detail::all_listed<Ts...>, std::move(options))};
    }
    /// The same with the error as a code (allocation may still throw): on an error, an emitter that is closed.
    template <class... Ts>
    Emitter<Ts...> emitter(EmitterOptions options, boost::system::error_code& error) {
        static_assert(detail::check_event_types<Ts...>());
        detail::eventbus_was_compiled_with_the_configuration({});
        return {*core_, core_->make_emitter(detail::all_listed<Ts...>, std::move(options), {}, error)};
    }
    /// The same of types of which several events are retained: of each key the newest (`retain_by`).
    template <class... Ts, class Key, class Removes>
    Emitter<Ts...> emitter(EmitterOptions options, const RetainBy<Key, Removes>& retained) {
        static_assert(detail::check_event_types<Ts...>());
        detail::eventbus_was_compiled_with_the_configuration({});
        return {*core_, core_->make_emitter(detail::all_listed<Ts...>, std::move(options),
                                            detail::Retaining<Ts...>::by(retained))};
    }
    template <class... Ts, class Key, class Removes>
    Emitter<Ts...> emitter(const RetainBy<Key, Removes>& retained) {
        return emitter<Ts...>(EmitterOptions(), retained);
    }
    template <class... Ts, class Key, class Removes>
    Emitter<Ts...> emitter(EmitterOptions options, const RetainBy<Key, Removes>& retained,
                           boost::system::error_code& error) {
        static_assert(detail::check_event_types<Ts...>());
        detail::eventbus_was_compiled_with_the_configuration({});
        return {*core_, core_->make_emitter(detail::all_listed<Ts...>, std::move(options),
                                            detail::Retaining<Ts...>::by(retained), error)};
    }

    /// A pull subscription: take the events with `try_receive` and the `async_` functions. Its queue already holds the
    /// retained events of its types, oldest first. `Ts...` are event types, behaviours (`Implements<Base>`), or
    /// `AnyEvent` alone, which is every event of the bus (and begins with the retained ones only if asked to). Throws
    /// `std::invalid_argument` for a capacity or a concurrency of 0, for a behaviour or `AnyEvent` under `Latest`, and
    /// for more concurrency than 1 where no handler could use it.
    template <class... Ts>
    Subscription<Ts...> subscribe(SubscriptionOptions options = {},
                                  std::source_location where = std::source_location::current()) {
        return detail::Subscribing<Ts...>::with(*core_, std::move(options), where);
    }

    /// The same with up to four more arguments, in any order, with or without options before them: at most one filter,
    /// one conflation, one `while_alive`, `once`; and `where_key`s, `not_from`s and handlers. More handlers, or several
    /// on a strand, are one: `bind_executor(strand, event::overloaded(f, g, …))`.
    ///
    /// Refinements: a filter (`where(predicate)`), keys (`where_key(projection, key…)`, which has a header of its own),
    /// a conflation (`latest_by(key)`; under `Latest` it throws
    /// `std::invalid_argument`), emitters not to be heard (`not_from(emitter)`). What they throw of a retained event
    /// leaves this function, and there is no subscription.
    ///
    /// A handler, which makes it a push subscription: it is called with each event, as `handler(const T&)` or
    /// `handler(const T&, const Meta&)`; of several handlers, the *first* that can be called with it, not the best: put
    /// `const auto&` last. It may be called before this has returned, if another thread runs the executor: make the
    /// subscription the last of the members that the handler uses. It runs on its associated executor
    /// (`bind_executor(strand, …)`), by default the bus's; its calls never overlap, whatever the executor, unless
    /// `SubscriptionOptions::concurrency` asks for that. An exception leaves through the context's `run()`; nothing is
    /// lost, and the subscription goes on. The handler may emit, subscribe, close and destroy anything, its own
    /// subscription included. A cancellation through its associated slot closes the subscription. It keeps `run()` from
    /// returning until it is closed.
    ///
    /// A handler may be a coroutine, `[](const T&) -> asio::awaitable<void>`: the next event comes when it has ended
    /// (with more concurrency, up to so many run on beside it); until then the event lives, and so does the handler (a
    /// lambda may capture). It runs on its associated executor, or on a strand of that. Closing cancels it (terminal);
    /// the `operation_aborted` that it throws then is dropped, anything else leaves `run()`. Cost: one `co_spawn` for
    /// each event. Any other result of a handler is a compile error.
    ///
    /// `while_alive(owner)` and `once`, beside a handler: see there.
    template <class... Ts, detail::Given A>
    Subscription<Ts...> subscribe(SubscriptionOptions options, A&& a,
                                  std::source_location where = std::source_location::current()) {
        return detail::Subscribing<Ts...>::with(*core_, std::move(options), where, std::forward<A>(a));
    }
    template <class... Ts, detail::Given A, detail::Given B>
    Subscription<Ts...> subscribe(SubscriptionOptions options, A&& a, B&& b,
                                  std::source_location where = std::source_location::current()) {
        return detail::Subscribing<Ts...>::with(*core_, std::move(options), where, std::forward<A>(a),
                                                std::forward<B>(b));
    }
    template <class... Ts, detail::Given A, detail::Given B, detail::Given C>
    Subscription<Ts...> subscribe(SubscriptionOptions options, A&& a, B&& b, C&& c,
                                  std::source_location where = std::source_location::current()) {
        return detail::Subscribing<Ts...>::with(*core_, std::move(options), where, std::forward<A>(a),
                                                std::forward<B>(b), std::forward<C>(c));
    }
    template <class... Ts, detail::Given A, detail::Given B, detail::Given C, detail::Given D>
    Subscription<Ts...> subscribe(SubscriptionOptions options, A&& a, B&& b, C&& c, D&& d,
                                  std::source_location where = std::source_location::current()) {
        return detail::Subscribing<Ts...>::with(*core_, std::move(options), where, std::forward<A>(a),
                                                std::forward<B>(b), std::forward<C>(c), std::forward<D>(d));
    }
    template <class... Ts, detail::Given A>
    Subscription<Ts...> subscribe(A&& a, std::source_location where = std::source_location::current()) {
        return detail::Subscribing<Ts...>::with(*core_, {}, where, std::forward<A>(a));
    }
    template <class... Ts, detail::Given A, detail::Given B>
    Subscription<Ts...> subscribe(A&& a, B&& b, std::source_location where = std::source_location::current()) {
        return detail::Subscribing<Ts...>::with(*core_, {}, where, std::forward<A>(a), std::forward<B>(b));
    }
    template <class... Ts, detail::Given A, detail::Given B, detail::Given C>
    Subscription<Ts...> subscribe(A&& a, B&& b, C&& c, std::source_location where = std::source_location::current()) {
        return detail::Subscribing<Ts...>::with(*core_, {}, where, std::forward<A>(a), std::forward<B>(b),
                                                std::forward<C>(c));
    }
    template <class... Ts, detail::Given A, detail::Given B, detail::Given C, detail::Given D>
    Subscription<Ts...> subscribe(A&& a, B&& b, C&& c, D&& d,
                                  std::source_location where = std::source_location::current()) {
        return detail::Subscribing<Ts...>::with(*core_, {}, where, std::forward<A>(a), std::forward<B>(b),
                                                std::forward<C>(c), std::forward<D>(d));
    }

    /// The next event of the type that `accepts(const T&)` accepts. The subscription begins with this call, not with
    /// the operation: what is emitted from now on is not missed (`asio::deferred`), and a retained event counts. So one
    /// asks and is answered: call this, emit the question (`delivered == 0`: nobody is there to answer), then await.
    ///
    /// `accepts` is the predicate of a `where`: it runs on the emitting thread and must not use a bus. `limit` counts
    /// from when the operation begins; then `boost::asio::error::timed_out`. Completion: `void(error_code,
    /// Delivery<T>)`, as a subscription's receive; cancellation (all types) `operation_aborted`; `errc::closed` when
    /// the bus closes meanwhile. Throws from this call, as `subscribe` does, where the bus is closed already. Cost: a
    /// subscription.
    template <class T, class Predicate, class Rep, class Period, class Token>
    auto async_next(Predicate&& accepts, std::chrono::duration<Rep, Period> limit, Token&& token,
                    std::source_location where_from = std::source_location::current()) {
        using Limit = std::chrono::duration<Rep, Period>;
        using Operation = detail::InitiateNext<T, Limit>;
        using Result = decltype(detail::initiate<Token, void(boost::system::error_code, Delivery<T>)>(
            std::declval<Operation>(), token));
        static_assert(std::is_void_v<Result> || std::is_lvalue_reference_v<Predicate> ||
                          !detail::is_function_destroyed_twice<std::decay_t<Predicate>>,
                      "event: GCC before 14 destroys this predicate twice where it is awaited: name it before");
        auto next = subscribe<T>(
            {.capacity = 1, .on_full = Drop{}},
            where(detail::OnceAccepted<T, std::decay_t<Predicate>>{std::forward<Predicate>(accepts)}), where_from);
        return detail::initiate<Token, void(boost::system::error_code, Delivery<T>)>(Operation(std::move(next), limit),
                                                                                     token);
    }

    /// Emits an event that was received as `AnyEvent`, maybe from another bus, as itself; the event is shared. To
    /// forward, log and replay: for the time of the call there is one more emitter of its type, so
    /// `errc::emitter_exists` beside an exclusive one; further `errc::name_clash` and `errc::closed`, also for no event
    /// at all. Cost: a lookup under the bus's mutex.
    EmitResult emit(const AnyEvent& event) {
        if (!event) {
            EmitResult result;
            result.error = errc::closed;
            return result;
        }
        event.payload_->add_reference();
        return core_->emit(*event.payload_);
    }

    EmitResult publish(const AnyEvent& event) { return emit(event); }  // for where `emit` is a macro (Qt's)
    template <class Event>
    EmitResult emit(const Event&)
        requires(!std::convertible_to<const Event&, const AnyEvent&>)
    {
        static_assert(
            std::convertible_to<const Event&, const AnyEvent&>,
            "event: components emit, not the bus: make an emitter, auto emitter = bus.emitter<T>(), and keep it");
        return {};
    }

    /// The latest event of the type on this bus as a `Value`: `set` emits, and what anybody emits is the newest value,
    /// for watchers and subscribers alike. The type is retained from now on. Each call makes one more handle, an
    /// emitter; closing one ends no watcher. Its versions are the events' sequences. Errors as those of `emitter`.
    template <class T>
    [[nodiscard]] Value<T> value() {
        const std::array type{detail::Listed{&detail::checked_type<T>()}};
        boost::system::error_code error;
        auto emitter =
            core_->add_emitter(type, {.retain = true, .name = "value"}, detail::EmitterState::Kind::value, error);
        if (error) core_->refuse("make a value of", type, error);
        return Value<T>(std::move(emitter));
    }
    /// A watcher of the latest event of the type on this bus, whoever emits it; the type is retained from now on. It
    /// has seen nothing yet, and ends with the bus. Errors as those of `subscribe`.
    template <class T>
    [[nodiscard]] Watcher<T> watch() {
        typename detail::WatchSpot<T>::Memory memory;
        boost::system::error_code error;
        detail::TopicBase* topic = core_->add_watcher(detail::checked_type<T>(), error);
        if (error) core_->refuse("watch", std::array{detail::listed<T>()}, error);
        using Spot = detail::ObjectOrContext<detail::WatchSpot<T>>;
        return Watcher<T>(get_executor(), Spot(memory.make(*topic)));
    }

    /// Figures about the type on this bus, as of now. They begin anew when nobody emits, hears or retains it any more.
    template <class T>
    [[nodiscard]] TopicStat stat() const {
        return core_->stat(detail::checked_type<T>());
    }

    /// Everything on this bus, for people and tools: topics, subscriptions and latest values with their figures. No
    /// subscription of its own, so it merges no domains; emitters wait for none of it but a short lock each.
    [[nodiscard]] BusReport report() const { return core_->report(); }

    /// How many emitters, or subscribers, the type has, and how often something retained was forgotten (`forget`), to
    /// be watched: a service can start with its first listener and stop after its last (F22). A latest value: numbers
    /// in between may be skipped, so one who leaves while another comes may go unseen. The watchers end with the bus. A
    /// type whose counts were asked for keeps its name until then. Errors as in registering.
    template <class T>
    [[nodiscard]] ValueView<std::size_t> emitter_count() {
        return count<T>(&detail::BusCore::Counts::emitters);
    }
    template <class T>
    [[nodiscard]] ValueView<std::size_t> subscriber_count() {
        return count<T>(&detail::BusCore::Counts::subscribers);
    }
    template <class T>
    [[nodiscard]] ValueView<std::size_t> forget_count() {
        return count<T>(&detail::BusCore::Counts::forgotten);
    }

    /// Waits until somebody emits the type. Completion: `void(error_code)`, as a watcher's get; `errc::closed` when the
    /// bus closes before.
    template <class T, class Token>
    auto async_wait_emitter(Token&& token) {
        using Spot = detail::WatchSpot<std::size_t>;
        detail::ObjectOrContext<Spot> spot(core_->registry());
        boost::system::error_code error;
        if (const auto counts = core_->counts(detail::checked_type<T>(), error); counts.emitters) {
            spot = detail::ObjectOrContext<Spot>(Spot::create(counts.emitters->topic()));
        } else if (error != errc::closed) {
            core_->refuse("count the emitters of", std::array{detail::listed<T>()}, error);
        }
        using Initiate = detail::Initiate<detail::WaitFor<Spot, IsNotZero>, Spot, executor_type>;
        return detail::initiate<Token, void(boost::system::error_code)>(Initiate(get_executor(), std::move(spot)),
                                                                        token, IsNotZero{});
    }

    // Of the whole bus, for each of the next four: any number at a time, from any thread. The completion is posted, on
    // the handler's associated executor, by default the bus's. Cancellation (all types): `operation_aborted`. While
    // pending it keeps `run()` from returning, and it dies, uninvoked, with its context or the bus's. Do not wait for
    // it in a handler of this bus: that handler runs.

    /// Completes when, at one moment, every queue of the bus is empty, no handler of a push subscription runs and no
    /// `async_emit` waits; what is emitted after that moment may be there again. Of a coroutine that pulls only the
    /// queue is known, not whether it works on what it took. A queue that nobody receives from is never idle while it
    /// holds anything: use the limit. Handlers of watched values are not looked at. Completion: `void(error_code)`.
    /// Cost: each time something becomes idle, a look at every subscription and topic; nothing while nobody waits.
    template <class Token>
    auto async_idle(Token&& token) {
        return detail::initiate<Token, void(boost::system::error_code)>(detail::InitiateWhen<detail::IsIdle>(core_),
                                                                        token);
    }
    /// The same, but no longer than `limit`: then `boost::asio::error::timed_out`.
    template <class Rep, class Period, class Token>
    auto async_idle_for(std::chrono::duration<Rep, Period> limit, Token&& token) {
        return detail::initiate<Token, void(boost::system::error_code)>(
            detail::InitiateWhen<detail::IsIdle>(core_, detail::time_limit(limit)), token);
    }
    /// `async_idle_for`, and then `close()`, with `timed_out` as well: what is queued then is still delivered, but what
    /// handlers emit of it reaches nobody. After a cancellation the bus stays open.
    template <class Rep, class Period, class Token>
    auto async_drain(std::chrono::duration<Rep, Period> limit, Token&& token) {
        return detail::initiate<Token, void(boost::system::error_code)>(
            detail::InitiateDrain(core_, detail::time_limit(limit)), token);
    }
    /// Completes when the bus is closed, all subscriptions have ended and no handler of theirs runs. A pull
    /// subscription has to be received empty or closed first. Completion: `void(error_code)`; the only error is
    /// `operation_aborted`.
    template <class Token>
    auto async_closed(Token&& token) {
        return detail::initiate<Token, void(boost::system::error_code)>(detail::InitiateWhen<detail::IsOver>(core_),
                                                                        token);
    }

    /// Drops the retained event of the type; the topic stays retained.
    template <class T>
    void forget() {
        core_->forget(detail::checked_type<T>());
    }
    /// Drops what is retained of the type for that key, where that was asked for (`retain_by`); whether there was
    /// something. A watcher still sees the type's newest event. Throws what the key's `==` and hash throw, and
    /// `std::invalid_argument` for what is no key of the type.
    template <class T, class K>
    bool forget(const K& key) {
        return core_->forget(detail::checked_type<T>(), detail::given_key(key));
    }

    /// The end of registration, for those who want one: resolves `async_ready` of every subscription, and emits a
    /// retained `BusStarted`. What registers later is resolved at once. Nothing else changes, and who asks for none of
    /// it never notices. Idempotent.
    void start();

    /// Closes every emitter, and lets every subscription end once what it has queued is received: one that nobody
    /// receives from has to be closed by its owner. Idempotent.
    void close() noexcept { core_->close(); }

    /// As in `BusOptions`.
    [[nodiscard]] const std::string& name() const noexcept { return core_->name(); }
    [[nodiscard]] executor_type get_executor() const noexcept { return core_->executor(); }

private:
    struct IsNotZero {
        bool operator()(std::size_t count) const noexcept { return count != 0; }
    };

    template <class T>
    [[nodiscard]] ValueView<std::size_t> count(detail::BusCore::Count detail::BusCore::Counts::* which) const {
        boost::system::error_code error;
        const auto counts = core_->counts(detail::checked_type<T>(), error);
        if (error) core_->refuse("count", std::array{detail::listed<T>()}, error);
        return ValueView<std::size_t>((counts.*which)->topic());
    }

    const detail::IntrusivePtr<detail::BusCore> core_;
};

}  // namespace event

#pragma pop_macro("emit")
