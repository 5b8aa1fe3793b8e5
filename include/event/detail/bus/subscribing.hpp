#pragma once

#include <event/detail/bus/bus_core.hpp>
#include <event/detail/bus/given.hpp>
#include <event/detail/bus/listed.hpp>
#include <event/detail/configuration.hpp>
#include <event/detail/queue/slot.hpp>
#include <event/detail/wait/push_events.hpp>
#include <event/fwd.hpp>
#include <event/options.hpp>

#include <source_location>
#include <type_traits>
#include <utility>

namespace event::detail {

/// Makes the subscriptions to `Ts...`: from a bus, the options, where that is asked for, and what `given.hpp` sorts.
template <class... Ts>
class Subscribing {
public:
    template <class... Arguments>
    static Subscription<Ts...> with(BusCore& core, SubscriptionOptions&& options, const std::source_location& where,
                                    Arguments&&... arguments) {
        static_assert(check_subscribed_types<Ts...>());
        if constexpr ((check_given<std::decay_t<Arguments>, Ts...>() && ...)) {
            return with_own(core, std::move(options), where,
                            std::decay_t<Arguments>(std::forward<Arguments>(arguments))...);
        }
    }

private:
    template <class... Arguments>
    static Subscription<Ts...> with_own(BusCore& core, SubscriptionOptions&& options, const std::source_location& where,
                                        Arguments... arguments) {
        if constexpr (count_of<Role::handler, Arguments...> == 0) {
            static_assert(count_of<Role::owner, Arguments...> + count_of<Role::once, Arguments...> == 0,
                          "event: while_alive and once are for a handler, and there is none");
            return {core.executor(), add(core, std::move(options), where, arguments...), false};
        } else {
            auto function = function_of(arguments...);
            if constexpr (check_handler<decltype(function), Delivered<Ts>...>()) {
                auto handler = handler_of<Delivered<Ts>...>(std::move(function), core.executor(), arguments...);
                auto mailbox = add(core, std::move(options), where, arguments...);
                Subscription<Ts...> subscription(core.executor(), mailbox, true);
                PushOp<decltype(handler), PushedEvents<Ts...>>::start(*mailbox, std::move(handler));
                return subscription;
            }
        }
    }

    template <class... Arguments>
    static IntrusivePtr<Mailbox> add(BusCore& core, SubscriptionOptions&& options, const std::source_location& where,
                                     Arguments&... arguments) {
        eventbus_was_compiled_with_the_configuration({});
        return core.add_subscription(all_listed<Ts...>, slot_stride<Ts...>, std::move(options),
                                     refinement_of<Ts...>(arguments...).release(), where);
    }
};

}  // namespace event::detail
