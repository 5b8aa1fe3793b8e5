#pragma once

/// The reading side of a latest value.

#include <event/detail/requirements.hpp>

#include <event/connection.hpp>
#include <event/detail/bus/bus_core.hpp>
#include <event/detail/wait/combination.hpp>
#include <event/detail/wait/projected.hpp>
#include <event/detail/wait/push_values.hpp>
#include <event/detail/wait/watch.hpp>
#include <event/fwd.hpp>
#include <event/snapshot.hpp>
#include <event/watcher.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

namespace event {

namespace detail {
class ViewAccess;
}

/// The reading side of a `Value`, or of what `combine` makes of several (combine.hpp).
///
/// Ownership: copyable; it outlives the value and then still reads its last state. Default-constructed, it never holds
/// anything.
/// Threads: every function from any thread at once.
template <class T>
class ValueView {
public:
    using executor_type = boost::asio::any_io_executor;
    using value_type = T;

    ValueView() noexcept = default;

    ValueView(const ValueView& other) noexcept : core_(other.core_), topic_(other.topic_) {
        if (core_) topic_->add_view();
    }
    ValueView(ValueView&& other) noexcept : core_(std::move(other.core_)), topic_(other.topic_) {}
    ValueView& operator=(ValueView other) noexcept {
        std::swap(core_, other.core_);
        std::swap(topic_, other.topic_);
        return *this;
    }
    ~ValueView() {
        if (core_) topic_->remove_view();
    }

    /// The current value; none before the first `set`. In a filter, too: then the newest that was set before the emit
    /// began, or a newer one. Of what `combine` makes it throws as said there, or `std::bad_alloc`; otherwise nothing.
    [[nodiscard]] std::optional<Snapshot<T>> try_get() const {
        if (!core_) return std::nullopt;
        if (detail::Combination* combination = topic_->combination())
            if (combination->is_stale() || combination->has_failed()) combination->refresh();
        std::optional<Snapshot<T>> snapshot(std::in_place);
        const detail::ReadGuard guard(*topic_);
        snapshot->read(*topic_);
        if (!*snapshot) snapshot.reset();
        return snapshot;
    }

    /// A new watcher, which has seen nothing yet: its first get finds the current value.
    [[nodiscard]] Watcher<T> watch() const {
        detail::ObjectOrContext<detail::WatchSpot<T>> spot;
        if (core_) spot = decltype(spot)(detail::WatchSpot<T>::create(*topic_));
        return Watcher<T>(get_executor(), std::move(spot));
    }

    /// With a handler, `f(const T&)` or `f(Snapshot<T>)`, which returns nothing or is a coroutine
    /// (`boost::asio::awaitable<void>`): a `Connection`. The handler gets the current value, if there is one, and then
    /// each newest one: it skips what was overtaken, never goes back, and never runs twice at once; a coroutine gets
    /// the next one when it has ended. It runs on its associated executor, by default the value's, never in `watch` or
    /// `set`. The connection's functions, its exceptions, its cancellation slot and what becomes of a coroutine are as
    /// those of a push subscription (subscription.hpp). When the value is closed it gets the one that it has not yet
    /// seen, and the connection has ended.
    ///
    /// With a projection, which gives anything else for a `const T&`, a pointer to a member say: a `Watcher<T,
    /// Projection>` of that, which is told only of changes (watcher.hpp).
    template <class F>
    [[nodiscard]] auto watch(F&& f) const {
        using Function = std::decay_t<F>;
        constexpr detail::WatchedBy by = detail::watched_by<Function, T>();
        static_assert(by != detail::WatchedBy::nothing,
                      "event: watch takes a handler that can be called with const T& or with Snapshot<T>, or a "
                      "projection of const T&");
        if constexpr (by == detail::WatchedBy::handler) {
            return connect<detail::WatchSpot<T, detail::PushedWatch>>(std::forward<F>(f));
        } else if constexpr (by == detail::WatchedBy::projection) {
            if constexpr (detail::check_projected<detail::Projected<Function, T>>()) {
                using Spot = detail::WatchSpotOf<T, Function>;
                detail::ObjectOrContext<Spot> spot;
                if (core_) spot = decltype(spot)(Spot::create(*topic_, std::forward<F>(f)));
                return Watcher<T, Function>(get_executor(), std::move(spot));
            }
        }
    }
    /// With both: the handler gets what the projection gives, when that has changed.
    template <class Projection, class F>
    [[nodiscard]] Connection watch(Projection&& projection, F&& handler) const {
        using Function = std::decay_t<Projection>;
        constexpr bool is_projection = detail::watched_by<Function, T>() == detail::WatchedBy::projection;
        static_assert(is_projection, "event: of two, watch takes a projection of const T& first, and then a handler");
        if constexpr (is_projection) {
            using Result = detail::Projected<Function, T>;
            constexpr bool is_handler = std::invocable<std::decay_t<F>&, const Result&>;
            static_assert(is_handler, "event: the handler must be callable with what the projection gives");
            if constexpr (detail::check_projected<Result>() && is_handler)
                return connect<detail::WatchSpotOf<T, Function, detail::PushedWatch>>(
                    std::forward<F>(handler), std::forward<Projection>(projection));
        }
    }

    [[nodiscard]] executor_type get_executor() const noexcept { return core_ ? core_->executor() : executor_type(); }

private:
    friend class Value<T>;
    friend class EventBus;
    friend detail::ViewAccess;
    explicit ValueView(detail::TopicBase& topic) noexcept : core_(&topic.core()), topic_(&topic) { topic.add_view(); }

    [[nodiscard]] auto& topic() const noexcept { return static_cast<detail::Topic<T>&>(*topic_); }
    template <class Watch, class Handler, class... Projection>
    [[nodiscard]] Connection connect(Handler&& handler, Projection&&... projection) const {
        if (!core_) return Connection();
        return Connection(detail::watch_with<Watch>(*topic_, std::forward<Handler>(handler),
                                                    std::forward<Projection>(projection)...));
    }

    detail::IntrusivePtr<detail::Core> core_;
    detail::TopicBase* topic_ = nullptr;  // the core's
};

}  // namespace event
