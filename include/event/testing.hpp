#pragma once

/// What the tests of a component need: its context driven by hand, its time moved by hand, and what it emitted. What
/// the library gives out is printed by GoogleTest as by fmt.

#include <event/detail/requirements.hpp>

#include <event/bus.hpp>
#include <event/detail/configuration.hpp>
#include <event/fmt.hpp>
#include <event/recording.hpp>
#include <event/where.hpp>

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#if __has_include(<gmock/gmock-matchers.h>)
#include <gmock/gmock-matchers.h>
#endif

namespace event::detail {
class ManualTime;
}

namespace event {

namespace detail {

template <class T>
inline constexpr bool is_printed_for_tests =
    one_of<T, errc, Policy, EmitResult, Meta, AnyEvent, SlowSubscriber, TopicStat, SubscriptionStat>;
template <class... Ts>
inline constexpr bool is_printed_for_tests<Delivery<Ts...>> = true;
template <class T>
inline constexpr bool is_printed_for_tests<Snapshot<T>> = true;

}  // namespace detail

/// For GoogleTest, which finds it.
template <class T>
    requires(detail::is_printed_for_tests<T>)
void PrintTo(const T& printed, std::ostream* out) {
    *out << fmt::format("{}", printed);
}

}  // namespace event

namespace event::testing {

/// Runs what is ready until nothing is left, also after the context has stopped, and waits for nothing. Returns how
/// many handlers ran. What a handler throws comes out.
inline std::size_t drive(boost::asio::io_context& io) {
    io.restart();
    return io.poll();
}

/// Takes what is queued for a subscription now, in its order.
template <class... Ts>
std::vector<Delivery<Ts...>> take_all(Subscription<Ts...>& subscription) {
    std::vector<Delivery<Ts...>> all;
    while (std::optional<Delivery<Ts...>> delivery = subscription.try_receive()) all.push_back(*std::move(delivery));
    return all;
}

/// The time of a context, which stands until a test moves it on. While one exists, the time limits of all operations
/// that complete on this context follow it (`async_receive_for`, `async_get_for`, …), and so do the ages of the queues
/// of buses that are made on it (`slow_after`). Timers of one's own do not.
///
/// Make it before the bus. If it is destroyed first, limits that are pending then never pass.
/// Threads: any function from any thread.
class ManualClock {
public:
    /// Throws `std::logic_error` where the context has one already.
    explicit ManualClock(boost::asio::execution_context& context);
    ManualClock(const ManualClock&) = delete;
    ManualClock& operator=(const ManualClock&) = delete;
    ~ManualClock();

    [[nodiscard]] std::chrono::steady_clock::time_point now() const noexcept;
    /// When the next limit passes of what waits now; none if nothing has one.
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> next_limit() const;
    /// Moves the time on. The limits that pass on the way are told in their order, each at its own moment; what has
    /// timed out completes when the context is driven.
    void advance(std::chrono::steady_clock::duration by);

private:
    const std::shared_ptr<detail::ManualTime> time_;
};

/// Moves the time on from one limit to the next, and drives the context before and at each: what a handler begins at
/// its moment is in time for what comes after it. Returns how many handlers ran.
inline std::size_t drive_for(boost::asio::io_context& io, ManualClock& clock, std::chrono::steady_clock::duration by) {
    const auto until = clock.now() + by;
    std::size_t ran = drive(io);
    for (auto next = clock.next_limit(); next && *next < until; next = clock.next_limit()) {
        clock.advance(*next - clock.now());
        ran += drive(io);
    }
    clock.advance(until - clock.now());
    return ran + drive(io);
}

/// Emits on this bus what was recorded, at its intervals by this clock, and drives the context all the while, from
/// before the first event on: a run of what is on the bus is repeated exactly, each time. As `event::replay` otherwise.
inline EmitResult replay(std::span<const Recorded> events, EventBus& bus, boost::asio::io_context& io,
                         ManualClock& clock) {
    drive(io);
    const EmitResult result = event::replay(
        events, bus, [&](std::chrono::nanoseconds interval) { static_cast<void>(drive_for(io, clock, interval)); });
    drive(io);
    return result;
}
inline EmitResult replay(const Recording& recording, EventBus& bus, boost::asio::io_context& io, ManualClock& clock) {
    return replay(recording.events(), bus, io, clock);
}

/// Everything of these types that was emitted on a bus, in its order: a copy of each event, taken on the emitting
/// thread before the emit returns, so that nothing has to be driven; memory grows until `take`. Begins with what is
/// retained. Of event types that can be copied, or `AnyEvent` alone (every type); not of behaviours.
///
/// To the bus it is a subscriber that rejects everything: nothing counts as delivered to it, but `subscriber_count` and
/// `EmitResult::subscribers` count it, and its types share a lock from then on. Stays where it is made; outlives its
/// bus. Threads: any function from any thread.
template <class... Ts>
class Recorder {
public:
    /// One of several types; of one type, that type.
    using value_type =
        std::conditional_t<sizeof...(Ts) == 1, std::tuple_element_t<0, std::tuple<Ts...>>, std::variant<Ts...>>;

    explicit Recorder(EventBus& bus)
        : subscription_(
              bus.subscribe<Ts...>({.capacity = 1, .on_full = Drop{}, .name = "recorder", .replay_retained = true},
                                   where([log = log_](const auto& event) {
                                       const std::lock_guard guard(log->mutex);
                                       log->events.emplace_back(event);
                                       return false;
                                   }))) {}

    /// A copy of what was recorded until now.
    [[nodiscard]] std::vector<value_type> events() const {
        const std::lock_guard guard(log_->mutex);
        return log_->events;
    }
    /// Of one type among several.
    template <class T>
    [[nodiscard]] std::vector<T> events() const {
        static_assert(detail::one_of<T, Ts...>, "event: this recorder does not record that type");
        std::vector<T> chosen;
        for (const value_type& event : events()) {
            if constexpr (sizeof...(Ts) == 1) {
                chosen.push_back(event);
            } else {
                if (const T* found = std::get_if<T>(&event)) chosen.push_back(*found);
            }
        }
        return chosen;
    }
    /// What was recorded since the last `take`; `events()` has it no more.
    [[nodiscard]] std::vector<value_type> take() {
        const std::lock_guard guard(log_->mutex);
        return std::exchange(log_->events, {});
    }
    [[nodiscard]] std::size_t size() const {
        const std::lock_guard guard(log_->mutex);
        return log_->events.size();
    }
    [[nodiscard]] bool empty() const { return size() == 0; }

private:
    struct Log {
        std::mutex mutex;
        std::vector<value_type> events;  // guarded by mutex
    };

    const std::shared_ptr<Log> log_ = std::make_shared<Log>();
    const Subscription<Ts...> subscription_;
};

#if __has_include(<gmock/gmock-matchers.h>)
/// Matches a `Delivery`, an `AnyEvent`, or a `std::variant` that holds a `T` which matches:
/// `Holds<Connected>(Field(…))`.
template <class T, class Matcher>
[[nodiscard]] auto Holds(Matcher matcher) {
    const auto event_of = [](const auto& holder) -> const T* {
        if constexpr (requires { holder.template get_if<T>(); }) {
            return holder.template get_if<T>();
        } else {
            return std::get_if<T>(&holder);
        }
    };
    return ::testing::ResultOf(event_of, ::testing::Pointee(::testing::SafeMatcherCast<const T&>(std::move(matcher))));
}
template <class T>
[[nodiscard]] auto Holds() {
    return Holds<T>(::testing::A<const T&>());
}
#endif

}  // namespace event::testing
