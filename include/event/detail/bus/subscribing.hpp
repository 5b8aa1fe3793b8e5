#pragma once

#include <event/detail/bus/bus_core.hpp>
#include <event/detail/bus/given.hpp>
#include <event/detail/bus/listed.hpp>
#include <event/detail/configuration.hpp>
#include <event/detail/queue/slot.hpp>
#include <event/detail/wait/push_events.hpp>
#include <event/fwd.hpp>
#include <event/options.hpp>

#include <boost/system/error_code.hpp>

#include <array>
#include <memory>
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
        auto refinement = refinement_of<Ts...>(arguments...);
        if constexpr (count_of<Role::handler, Arguments...> == 0) {
            static_assert(count_of<Role::owner, Arguments...> + count_of<Role::once, Arguments...> == 0,
                          "event: while_alive and once are for a handler, and there is none");
            return {core.executor(), add(core, std::move(options), std::move(refinement), where), false};
        } else {
            auto function = function_of(arguments...);
            if constexpr (check_handler<decltype(function), Delivered<Ts>...>()) {
                return push(core, std::move(options),
                            handler_of<Delivered<Ts>...>(std::move(function), core.executor(), arguments...),
                            std::move(refinement), where);
            }
        }
    }

    template <class Handler>
    static Subscription<Ts...> push(BusCore& core, SubscriptionOptions&& options, Handler handler,
                                    std::unique_ptr<Refinement> refinement, const std::source_location& where) {
        auto mailbox = add(core, std::move(options), std::move(refinement), where);
        Subscription<Ts...> subscription(core.executor(), mailbox, true);
        PushOp<Handler, PushedEvents<Ts...>>::start(mailbox, std::move(handler));
        return subscription;
    }

    static IntrusivePtr<Mailbox> add(BusCore& core, SubscriptionOptions&& options,
                                     std::unique_ptr<Refinement> refinement, const std::source_location& where) {
        eventbus_was_compiled_with_the_configuration({});
        const std::array<Listed, sizeof...(Ts)> types{listed<Ts>()...};
        boost::system::error_code error;
        auto mailbox =
            core.add_subscription(types, slot_stride<Ts...>, std::move(options), std::move(refinement), where, error);
        if (error) core.refuse("subscribe to", types, error);
        return mailbox;
    }
};

}  // namespace event::detail
