#pragma once

#include <event/detail/intrusive_ptr.hpp>
#include <event/detail/wait/push_op.hpp>
#include <event/detail/wait/pushed_watch.hpp>
#include <event/detail/wait/watch.hpp>
#include <event/fwd.hpp>
#include <event/report.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

/// The values that a watcher sees, for a handler.

namespace event::detail {

/// The watcher of a handler. `Watch` is what it sees, a `WatchSpot` on a `PushedWatch`.
template <class Watch>
class HandlersWatch final : public Watch {
public:
    using typename Watch::Got;

    template <class... Args>
    [[nodiscard]] static IntrusivePtr<HandlersWatch> create(TopicBase& topic, Args&&... args) {
        auto watch =
            IntrusivePtr<HandlersWatch>::adopt(new HandlersWatch(topic, Watch::keep(std::forward<Args>(args))...));
        topic.core().begin_watching(topic);
        return watch;
    }

    [[nodiscard]] Look take(Got& got) {
        const Look found = Watch::take(got);
        if (found == Look::ended) this->note_end();
        return found;
    }
    void close() noexcept override { this->stop_watching(); }
    [[nodiscard]] SubscriptionStat stat() override { return this->stat_when(this->seen()); }

private:
    using Watch::Watch;
};

/// A handler gets the value where it takes that, otherwise the snapshot of it.
template <class Spot, class Function>
decltype(auto) handle_value(Function& function, const typename Spot::Got& got) {
    if constexpr (std::invocable<Function&, const typename Spot::Value&>) {
        return std::invoke(function, Spot::value_in(got));
    } else {
        return std::invoke(function, got);
    }
}

template <class Spot>
class PushedValues {
    template <class Function>
    using Result = decltype(handle_value<Spot>(std::declval<Function&>(), std::declval<const typename Spot::Got&>()));

public:
    using Waits = WaitNewer<Spot>;
    using Item = typename Spot::Got;
    struct Kept {
        Item item{};
    };
    template <class Function>
    static constexpr bool may_be_coroutine = std::is_same_v<Result<Function>, Coroutine>;

    [[nodiscard]] static Look take(Spot& spot, Item& item) { return spot.take(item); }
    template <class Function>
    static void call(Spot& spot, Function& function, const Item& item) {
        if (!is_to_be_told(spot, item)) return;
        spot.count_handled();
        handle_value<Spot>(function, item);
    }
    template <class Function>
    [[nodiscard]] static std::optional<Coroutine> begin(Spot& spot, Function& function, const Kept& kept) {
        if (!is_to_be_told(spot, kept.item)) return std::nullopt;
        spot.count_handled();
        return handle_value<Spot>(function, kept.item);
    }

private:
    /// The projection, or its `==`, may have closed it.
    [[nodiscard]] static bool is_to_be_told(Spot& spot, const Item& item) {
        return spot.is_news(item) && !spot.is_given_up();
    }
};

/// What `watch` is given.
enum class WatchedBy : std::uint8_t { handler, projection, nothing };
template <class Result>
inline constexpr bool is_handled = std::is_void_v<Result> || std::is_same_v<Result, Coroutine>;
template <class F, class T>
[[nodiscard]] consteval WatchedBy watched_by() noexcept {
    if constexpr (std::invocable<F&, const T&>) {
        return is_handled<std::invoke_result_t<F&, const T&>> ? WatchedBy::handler : WatchedBy::projection;
    } else {
        return std::invocable<F&, const Snapshot<T>&> ? WatchedBy::handler : WatchedBy::nothing;
    }
}

/// Watches the topic with a handler that sees what `Watch` gives. The watcher, with a reference.
template <class Watch, class Handler, class... Args>
[[nodiscard]] PushSpot* watch_with(TopicBase& topic, Handler&& function, Args&&... args) {
    using Spot = HandlersWatch<Watch>;
    using Values = PushedValues<Spot>;
    using Function = std::decay_t<Handler>;
    static_assert(
        is_handled<decltype(handle_value<Spot>(std::declval<Function&>(), std::declval<const typename Spot::Got&>()))>,
        "event: a handler returns nothing, or is a coroutine that returns boost::asio::awaitable<void>");
    auto handler = serial_if_coroutine<Values::template may_be_coroutine<Function>>(
        Function(std::forward<Handler>(function)), topic.core());
    auto spot = Spot::create(topic, std::forward<Args>(args)...);
    try {
        PushOp<decltype(handler), Values>::start(*spot, std::move(handler));
    } catch (...) {
        spot->close();
        throw;
    }
    return spot.detach();
}

}  // namespace event::detail
