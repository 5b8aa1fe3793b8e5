#pragma once

#include <event/backpressure.hpp>
#include <event/detail/queue/delivery_access.hpp>
#include <event/detail/queue/refine.hpp>
#include <event/options.hpp>
#include <event/overloaded.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <source_location>
#include <tuple>
#include <type_traits>
#include <utility>

/// What `EventBus::subscribe` is given beside its options: handlers and refinements, in any order.

namespace event::detail {

template <class T>
concept Given =
    !std::convertible_to<T, std::source_location> && !std::same_as<std::remove_cvref_t<T>, SubscriptionOptions>;

template <class Handler>
concept BringsAssociations = requires { typename Handler::executor_type; } || requires {
    typename Handler::cancellation_slot_type;
} || requires { typename Handler::allocator_type; };

template <class Argument, class... Ts>
[[nodiscard]] consteval bool check_given() noexcept {
    constexpr bool is_known = Refines<Argument> || (HandlesEvent<Argument, Delivered<Ts>> || ...);
    constexpr bool is_policy = detail::is_policy<Argument> || std::is_same_v<Argument, Backpressure>;
    static_assert(!is_policy, "event: a policy is one of the options: {.on_full = event::Drop{}}");
    static_assert(is_policy || is_known,
                  "event: this is neither a refinement nor a handler that can be called with an event of the "
                  "subscription");
    return is_known;
}

/// Those arguments that refine, or those that do not.
template <bool refines, class Argument>
[[nodiscard]] auto pick(Argument& argument) noexcept {
    if constexpr (Refines<Argument> == refines) {
        return std::tuple<Argument&>(argument);
    } else {
        return std::tuple<>();
    }
}

template <class... Ts, class... Arguments>
[[nodiscard]] std::unique_ptr<Refinement> refinement_of(Arguments&... arguments) {
    constexpr std::size_t count = (std::size_t{Refines<Arguments>} + ... + 0);
    static_assert(count <= 2, "event: at most one where and one latest_by in a subscription");
    if constexpr (count == 0 || count > 2) {
        return nullptr;
    } else {
        return std::apply([](auto&... given) { return refine<Ts...>(std::move(given)...); },
                          std::tuple_cat(pick<true>(arguments)...));
    }
}

template <class... Arguments>
[[nodiscard]] auto handler_of(Arguments&... arguments) {
    constexpr std::size_t count = (std::size_t{!Refines<Arguments>} + ... + 0);
    if constexpr (count == 1) {
        return std::get<0>(std::tuple_cat(pick<false>(arguments)...));
    } else {
        static_assert(
            ((Refines<Arguments> || !BringsAssociations<Arguments>) && ...),
            "event: of several handlers none can bring an executor, an allocator or a cancellation slot: bind "
            "it to event::overloaded(f, g)");
        return std::apply([](auto&... handlers) { return overloaded(std::move(handlers)...); },
                          std::tuple_cat(pick<false>(arguments)...));
    }
}

template <class Handler, class... Ts>
inline constexpr bool is_called_whole = true;
template <class... Functions, class... Ts>
    requires(HandlesEvent<Overloaded<Functions...>, Ts> && ...)
inline constexpr bool is_called_whole<Overloaded<Functions...>, Ts...> =
    Overloaded<Functions...>::template calls_all_with<Ts...>();

template <class Handler, class... Ts>
[[nodiscard]] consteval bool check_handler() noexcept {
    static_assert((HandlesEvent<Handler, Ts> && ...),
                  "event: the handler must be callable with every event type of the subscription");
    static_assert(is_called_whole<Handler, Ts...>,
                  "event: one of the handlers is never called: another one before it takes its events");
    return true;
}

}  // namespace event::detail
