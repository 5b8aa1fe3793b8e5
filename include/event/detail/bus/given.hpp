#pragma once

#include <event/backpressure.hpp>
#include <event/detail/queue/delivery_access.hpp>
#include <event/detail/queue/refine.hpp>
#include <event/detail/wait/push_events.hpp>
#include <event/fwd.hpp>
#include <event/once.hpp>
#include <event/options.hpp>
#include <event/overloaded.hpp>
#include <event/while_alive.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
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

template <class T>
inline constexpr bool is_while_alive = false;
template <class Owner>
inline constexpr bool is_while_alive<WhileAlive<Owner>> = true;

template <class T>
inline constexpr bool is_where_key = false;
template <class Projection, class... Keys>
inline constexpr bool is_where_key<WhereKey<Projection, Keys...>> = true;
/// What takes the keys of a subscription to `Ts...`: defined in what `where_key.hpp` includes, for who has one.
template <class... Ts>
struct Choosing;

enum class Role : std::uint8_t { refinement, choice, exclusion, owner, once, handler };
template <class Argument>
inline constexpr Role role_of = Refines<Argument>                   ? Role::refinement
                                : is_where_key<Argument>            ? Role::choice
                                : std::is_same_v<Argument, NotFrom> ? Role::exclusion
                                : is_while_alive<Argument>          ? Role::owner
                                : std::is_same_v<Argument, Once>    ? Role::once
                                                                    : Role::handler;
template <Role role, class... Arguments>
inline constexpr std::size_t count_of = (std::size_t{role_of<Arguments> == role} + ... + 0);

template <class Argument, class... Ts>
[[nodiscard]] consteval bool check_given() noexcept {
    constexpr bool is_known = role_of<Argument> != Role::handler || (HandlesEvent<Argument, Delivered<Ts>> || ...);
    constexpr bool is_policy = detail::is_policy<Argument> || std::is_same_v<Argument, Backpressure>;
    static_assert(!is_policy, "event: a policy is one of the options: {.on_full = event::Drop{}}");
    static_assert(is_policy || is_known,
                  "event: this is neither a refinement nor a handler that can be called with an event of the "
                  "subscription");
    return is_known;
}

/// The first argument that has that role.
template <Role role, class First, class... Others>
[[nodiscard]] auto& first_of(First& first, Others&... others) noexcept {
    if constexpr (role_of<First> == role) {
        return first;
    } else {
        return first_of<role>(others...);
    }
}
/// Those arguments that have that role.
template <Role role, class Argument>
[[nodiscard]] auto pick(Argument& argument) noexcept {
    if constexpr (role_of<Argument> == role) {
        return std::tuple<Argument&>(argument);
    } else {
        return std::tuple<>();
    }
}

/// What only excludes emitters, or chooses by key.
template <class... Ts>
[[nodiscard]] std::unique_ptr<Refinement> refine() {
    return refine<Ts...>(Where<EverythingIsWanted>{}, LatestBy<NothingHasAKey, NoMerge>{});
}

template <class... Ts, class... Arguments>
[[nodiscard]] std::unique_ptr<Refinement> refinement_of(Arguments&... arguments) {
    constexpr std::size_t count = count_of<Role::refinement, Arguments...>;
    static_assert(count <= 2, "event: at most one where and one latest_by in a subscription");
    constexpr std::size_t others = count_of<Role::exclusion, Arguments...> + count_of<Role::choice, Arguments...>;
    if constexpr (count > 2 || (count == 0 && others == 0)) {
        return nullptr;
    } else {
        return std::apply([](auto&... given) { return refine<Ts...>(std::move(given)...); },
                          std::tuple_cat(pick<Role::refinement>(arguments)...));
    }
}

/// The handler, or several as one.
template <class... Arguments>
[[nodiscard]] auto function_of(Arguments&... arguments) {
    if constexpr (count_of<Role::handler, Arguments...> == 1) {
        return std::move(first_of<Role::handler>(arguments...));
    } else {
        static_assert(
            ((role_of<Arguments> != Role::handler || !BringsAssociations<Arguments>) && ...),
            "event: of several handlers none can bring an executor, an allocator or a cancellation slot: bind "
            "it to event::overloaded(f, g)");
        return std::apply([](auto&... handlers) { return overloaded(std::move(handlers)...); },
                          std::tuple_cat(pick<Role::handler>(arguments)...));
    }
}

template <class... Arguments, class Function>
[[nodiscard]] auto with_once(Function&& function) {
    static_assert(count_of<Role::once, Arguments...> <= 1, "event: at most one once in a subscription");
    if constexpr (count_of<Role::once, Arguments...> == 0) {
        return std::forward<Function>(function);
    } else {
        return OnceHandler<Function>{std::move(function)};
    }
}

template <class Function, class... Arguments>
[[nodiscard]] auto with_owner(Function&& function, Arguments&... arguments) {
    static_assert(count_of<Role::owner, Arguments...> <= 1, "event: at most one while_alive in a subscription");
    if constexpr (count_of<Role::owner, Arguments...> == 0) {
        return std::forward<Function>(function);
    } else {
        auto& owner = first_of<Role::owner>(arguments...).owner;
        using Owner = typename std::remove_cvref_t<decltype(owner)>::element_type;
        return OwnedHandler<Function, Owner>{std::move(function), owner};
    }
}

/// The function as the handler of a subscription to `Ts...`: on a strand if it is a coroutine, and with its owner if it
/// has one, and once if that is asked for.
template <class... Ts, class Function, class... Arguments>
[[nodiscard]] auto handler_of(RunHandler<Function>&& function, const Core& home, Arguments&... arguments) {
    return with_owner(
        with_once<Arguments...>(serial_if_coroutine<is_coroutine<Function, Ts...>>(std::move(function), home)),
        arguments...);
}

template <class Handler, class... Ts>
inline constexpr bool is_called_whole = true;
template <class... Functions, class... Ts>
    requires(HandlesEvent<Overloaded<Functions...>, Ts> && ...)
inline constexpr bool is_called_whole<Overloaded<Functions...>, Ts...> =
    Overloaded<Functions...>::template calls_all_with<Ts...>();

template <class Handler, class T>
inline constexpr bool has_result =
    std::is_void_v<HandlerResult<Handler, T>> || std::is_same_v<HandlerResult<Handler, T>, Coroutine>;

template <class Handler, class... Ts>
[[nodiscard]] consteval bool check_handler() noexcept {
    constexpr bool is_callable = (HandlesEvent<Handler, Ts> && ...);
    static_assert(is_callable, "event: the handler must be callable with every event type of the subscription");
    static_assert(is_called_whole<Handler, Ts...>,
                  "event: one of the handlers is never called: another one before it takes its events");
    if constexpr (is_callable) {
        static_assert((has_result<Handler, Ts> && ...),
                      "event: a handler returns nothing, or is a coroutine that returns boost::asio::awaitable<void>");
    }
    return is_callable;
}

}  // namespace event::detail
