#pragma once

#include <event/detail/bus/bus_core.hpp>
#include <event/detail/bus/given.hpp>
#include <event/detail/bus/listed.hpp>
#include <event/detail/configuration.hpp>
#include <event/detail/queue/slot.hpp>
#include <event/detail/wait/push_events.hpp>
#include <event/fwd.hpp>
#include <event/not_from.hpp>
#include <event/options.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>

namespace event::detail {

/// What a subscription's handler bears, where more concurrency is asked for than that of one.
enum class Handles : std::uint8_t { nothing, one_event, anything };
void check_concurrency(const SubscriptionOptions& options, const std::source_location& where, Handles handles);

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
            if (options.concurrency != 1) check_concurrency(options, where, Handles::nothing);
            return {add(core, std::move(options), where, arguments...), false};
        } else {
            auto function = function_of(arguments...);
            if constexpr (check_handler<decltype(function), Delivered<Ts>...>()) {
                const std::size_t concurrency = options.concurrency;
                if (concurrency != 1) {
                    constexpr bool is_once = count_of<Role::once, Arguments...> != 0;
                    check_concurrency(options, where, is_once ? Handles::one_event : Handles::anything);
                }
                auto mailbox = add(core, std::move(options), where, arguments...);
                Subscription<Ts...> subscription(mailbox, true);
                using Run = RunHandler<decltype(function)>;
                const auto start = [&](QueueSpot& spot, Run&& run) {
                    auto handler = handler_of<Delivered<Ts>...>(std::move(run), core, arguments...);
                    PushOp<decltype(handler), PushedEvents<Ts...>>::start(spot, std::move(handler));
                };
                if (concurrency == 1) {
                    start(*mailbox, Run(std::move(function)));
                } else {
                    using Shared = typename Run::Shared;
                    const auto shared = IntrusivePtr<Shared>::adopt(new Shared(std::move(function)));
                    for (std::size_t i = 1; i < concurrency; ++i) start(*new_run(*mailbox, i - 1), Run(shared));
                    start(*mailbox, Run(shared));
                }
                return subscription;
            }
        }
    }

    static void exclude(const BusCore& core, Refinement& refinement, const NotFrom& given) {
        if (given.relayed) refinement.exclude_relayed();
        const EmitterState* const emitter = given.emitter.get();
        if (emitter == nullptr) return;
        if (&emitter->bus() != &core) throw std::invalid_argument("event: not_from takes an emitter of the same bus");
        refinement.exclude(emitter->origin().id());
    }
    template <class... Arguments>
    static IntrusivePtr<Mailbox> add(BusCore& core, SubscriptionOptions&& options, const std::source_location& where,
                                     Arguments&... arguments) {
        eventbus_was_compiled_with_the_configuration({});
        std::unique_ptr<Refinement> refinement = refinement_of<Ts...>(arguments...);
        if constexpr (count_of<Role::exclusion, Arguments...> != 0) {
            std::apply([&](const auto&... given) { (exclude(core, *refinement, given), ...); },
                       std::tuple_cat(pick<Role::exclusion>(arguments)...));
        }
        if constexpr (count_of<Role::choice, Arguments...> != 0) {
            std::apply([&](const auto&... given) { Choosing<Ts...>::choose(*refinement, given...); },
                       std::tuple_cat(pick<Role::choice>(arguments)...));
        }
        return core.add_subscription(all_listed<Ts...>, slot_stride<Ts...>, std::move(options), refinement.release(),
                                     where);
    }
};

}  // namespace event::detail
