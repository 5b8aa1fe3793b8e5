#pragma once

/// One follower of a latest value.

#include <event/detail/requirements.hpp>

#include <event/detail/wait/object_or_context.hpp>
#include <event/detail/wait/projected.hpp>
#include <event/detail/wait/settle.hpp>
#include <event/detail/wait/time_limit.hpp>
#include <event/detail/wait/watch.hpp>
#include <event/error.hpp>
#include <event/fwd.hpp>
#include <event/snapshot.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

namespace event {

/// Follows a `Value`: each get finds the newest value at the moment it completes, and never the same `set` twice or an
/// older one after a newer one. It is not a log: values between two gets are skipped. `Watcher<T>` is this with
/// `any_io_executor`; `Value::watch` and `ValueView::watch` make it.
///
/// Ownership: move-only; destroying it closes it. It outlives its value safely: it still gets the value that it has not
/// seen, then `errc::closed`. Moved from, it has ended so, and keeps no value alive; what it begins ends with the
/// context all the same. Default-constructed, it has ended so, and what it begins completes on
/// `boost::asio::system_executor` if neither it nor the handler has one. Threads: distinct objects are independent. On
/// one object, one get at a time from one executor; `cancel()` and `close()` from any thread. Cost: one short lock for
/// a get, no allocation; a watcher that is not waiting costs a `set` nothing.
///
/// Completion, cancellation and lifetime of its operations are those of a subscription's receive: posted, on the
/// handler's associated executor, by default `get_executor()`; a get that is cancelled (`operation_aborted`, all types)
/// or loses in `||` has consumed nothing; a second operation beside a pending one completes with
/// `errc::concurrent_receive`, and the first goes on; after `close()`: `errc::closed`.
///
/// `Watcher<T, Projection>`, which `watch(projection)` makes, sees what the projection gives for the value, as a value
/// of its own in place of a snapshot (so of `watch(&Config::level)`, an `int` in place of a `Snapshot<int>`): also
/// where `Snapshot<T>` is written below, and where a predicate takes a `const T&`. It is told only of what does not
/// equal what it has seen last; the first time, of whatever there is. The projection is called, and `==`, under no
/// lock: on the executor of the completion, or by who calls `try_get` and `try_peek`. What they throw leaves as what a
/// predicate throws, and the value counts as seen. The result is made empty and moved without failing (`noexcept`).
template <class Executor, class T, class Projection>
class [[nodiscard]] BasicWatcher {
    using error_code = boost::system::error_code;
    using DefaultToken = boost::asio::default_completion_token_t<Executor>;
    using Spot = detail::WatchSpotOf<T, Projection>;
    using Got = typename Spot::Got;

public:
    using executor_type = Executor;
    /// What is watched: `T`, or what the projection gives.
    using value_type = typename Spot::Value;
    /// What a get gets: `Snapshot<T>`, or what the projection gives.
    using snapshot_type = Got;
    template <class Other>
    struct rebind_executor {
        using other = BasicWatcher<Other, T, Projection>;
    };

    /// One that was closed.
    BasicWatcher()
        requires std::default_initializable<Executor>
    = default;
    BasicWatcher(BasicWatcher&& other) noexcept : executor_(other.executor_), spot_(other.spot_.give_away()) {}
    template <class Other>
        requires(!std::same_as<Other, Executor> && std::constructible_from<Executor, const Other&>)
    BasicWatcher(BasicWatcher<Other, T, Projection>&& other) noexcept(
        std::is_nothrow_constructible_v<Executor, const Other&>)
        : executor_(other.executor_), spot_(other.spot_.give_away()) {}
    BasicWatcher& operator=(BasicWatcher&& other) noexcept {
        if (this != &other) {
            close();
            executor_ = other.executor_;
            spot_ = other.spot_.give_away();
        }
        return *this;
    }
    ~BasicWatcher() { close(); }

    /// The first time the current value, or the first one ever set; then waits for a newer `set`.
    /// Completion: `void(error_code, Snapshot<T>)`.
    template <class Token = DefaultToken>
    auto async_get(Token&& token = DefaultToken()) {
        return initiate<detail::GetNewer<Spot, detail::AcceptAll>, void(error_code, Got), Token>(token,
                                                                                                 detail::AcceptAll{});
    }

    /// The same, skipping (and so consuming) what `accepts(const T&)` rejects. The predicate is called on the handler's
    /// executor, outside every lock; what it throws leaves through `run()`, and the operation waits on. Awaited, a
    /// predicate that is made in the expression and has a destructor does not compile with GCC before 14 (see
    /// `async_emit`).
    template <class Predicate, class Token = DefaultToken>
    auto async_get_if(Predicate&& accepts, Token&& token = DefaultToken()) {
        return initiate_if<detail::GetNewer>(std::forward<Predicate>(accepts), token);
    }

    /// Waits for a state, not for a point in time: completes with the newest value if `accepts(const T&)` accepts it,
    /// seen or not, else with the first newer one that it accepts; what is rejected counts as seen, as in
    /// `async_get_if`, whose words on the predicate hold here, too. With a time limit: `async_wait_until(…) ||
    /// timer.async_wait(…)`. Completion: `void(error_code, Snapshot<T>)`.
    template <class Predicate, class Token = DefaultToken>
    auto async_wait_until(Predicate&& accepts, Token&& token = DefaultToken()) {
        return initiate_if<detail::GetUntil>(std::forward<Predicate>(accepts), token);
    }

    /// `async_get`, but no longer than `limit`: then `boost::asio::error::timed_out`, and nothing was consumed. A
    /// limit that is negative, or no number, is no time at all. Cheaper than `async_get(…) || timer.async_wait(…)`.
    /// Completion: `void(error_code, Snapshot<T>)`.
    template <class Rep, class Period, class Token = DefaultToken>
    auto async_get_for(std::chrono::duration<Rep, Period> limit, Token&& token = DefaultToken()) {
        using Get = detail::GetNewer<Spot, detail::AcceptAll>;
        return detail::initiate<Token, void(error_code, Got)>(
            detail::InitiateFor<Get, Spot, Executor>(executor_, spot_, detail::time_limit(limit)), token,
            detail::AcceptAll{});
    }

    /// `async_get` of a value that does not change any more: completes with the newest one once no newer one has come
    /// for as long as `quiet`. What was set before counts from when this is begun. When the value is closed meanwhile,
    /// the one that was not seen comes at once. Of a projection, what changes and changes back between two looks does
    /// not count. Until it completes nothing is consumed. A `quiet` that is negative, or no number, is no time at all;
    /// one that the clock cannot count waits for the end. Costs, for each newer value that it notices, a wake-up and a
    /// timer. Completion: `void(error_code, Snapshot<T>)`.
    template <class Rep, class Period, class Token = DefaultToken>
    auto async_get_settled(std::chrono::duration<Rep, Period> quiet, Token&& token = DefaultToken()) {
        return detail::initiate<Token, void(error_code, Got)>(
            detail::InitiateSettled<Spot, Executor>(executor_, spot_, detail::time_limit(quiet)), token);
    }

    /// Waits until there is a value that was not seen, and takes nothing. Completion: `void(error_code)`.
    template <class Token = DefaultToken>
    auto async_wait(Token&& token = DefaultToken()) {
        return initiate<detail::WaitNewer<Spot>, void(error_code), Token>(token);
    }

    /// The newest value, if this watcher has not seen it. Beside a pending get it takes it, and the pending one waits
    /// on.
    [[nodiscard]] std::optional<Got> try_get() {
        std::optional<Got> got(std::in_place);
        do {
            if (!spot_ || spot_->take(*got) != detail::Look::readable) {
                got.reset();
                return got;
            }
        } while (!spot_->is_news(*got));
        return got;
    }

    /// The newest value, seen or not, without marking it as seen. None before the first `set`, after `close()`, and of
    /// a bus that is closed perhaps none once everybody has seen it.
    [[nodiscard]] std::optional<Got> try_peek() const {
        std::optional<Got> got(std::in_place);
        if (!spot_ || !spot_->peek(*got)) got.reset();
        return got;
    }

    /// Ends the pending get with `operation_aborted`; nothing was consumed. Until its handler has run, another one is
    /// `errc::concurrent_receive`.
    void cancel() noexcept {
        if (spot_) spot_->cancel();
    }
    /// Ends the pending get, and every later one, with `errc::closed`. Idempotent.
    void close() noexcept {
        if (spot_) spot_->stop_watching();
    }

    /// The value's executor.
    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

private:
    template <class, class, class>
    friend class BasicWatcher;
    friend class ValueView<T>;
    friend class EventBus;

    BasicWatcher(const Executor& executor, detail::ObjectOrContext<Spot> spot) noexcept
        : executor_(executor), spot_(std::move(spot)) {}

    template <template <class, class> class Source, class Predicate, class Token>
    auto initiate_if(Predicate&& accepts, Token& token) {
        using Stored = std::decay_t<Predicate>;
        static_assert(std::predicate<Stored&, const value_type&>,
                      "event: the predicate must be callable with const T&, or with what the projection gives");
        using Result = decltype(initiate<Source<Spot, Stored>, void(error_code, Got), Token>(
            token, std::forward<Predicate>(accepts)));
        static_assert(std::is_void_v<Result> || std::is_lvalue_reference_v<Predicate> ||
                          !detail::is_function_destroyed_twice<Stored>,
                      "event: GCC before 14 destroys this predicate twice where it is awaited: name it before");
        return initiate<Source<Spot, Stored>, void(error_code, Got), Token>(token, std::forward<Predicate>(accepts));
    }
    template <class Source, class Signature, class Token, class... Args>
    auto initiate(Token& token, Args&&... args) {
        return detail::initiate<Token, Signature>(detail::Initiate<Source, Spot, Executor>(executor_, spot_), token,
                                                  std::forward<Args>(args)...);
    }

    Executor executor_{};
    detail::ObjectOrContext<Spot> spot_;  // moved from: the context; default-constructed: nothing
};

}  // namespace event
