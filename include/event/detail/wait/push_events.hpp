#pragma once

#include <event/detail/event/erased.hpp>
#include <event/detail/queue/delivery_access.hpp>
#include <event/detail/wait/push_op.hpp>
#include <event/detail/wait/receive.hpp>
#include <event/fwd.hpp>
#include <event/meta.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace event::detail {

/// What a handler returns for the event.
template <class Handler, class T>
using HandlerResult =
    decltype(handle_event(std::declval<Handler&>(), std::declval<const T&>(), std::declval<const Meta&>()));
template <class Handler, class... Ts>
inline constexpr bool is_coroutine = (std::is_same_v<HandlerResult<Handler, Ts>, Coroutine> || ...);

extern template class StandingOp<MailboxSource>;

/// The events of a subscription, for its handler.
template <class... Ts>
class PushedEvents {
public:
    using Waits = MailboxSource;
    using Item = Delivery<Ts...>;
    struct Kept {
        Item item;
        Meta meta;
    };
    template <class Function>
    static constexpr bool may_be_coroutine = is_coroutine<Function, Delivered<Ts>...>;

    [[nodiscard]] static Look take(QueueSpot& spot, Item& item) { return take_into(spot, item); }
    template <class Function>
    static void call(QueueSpot&, Function& function, const Item& item) {
        item.visit([&](const auto& event, const auto& meta) { handle_event(function, event, meta); });
    }
    template <class Function>
    [[nodiscard]] static std::optional<Coroutine> begin(QueueSpot&, Function& function, Kept& kept) {
        kept.meta = kept.item.meta();
        return kept.item.visit([&](const auto& event) -> std::optional<Coroutine> {
            using Event = std::remove_cvref_t<decltype(event)>;
            if constexpr (std::is_same_v<HandlerResult<Function, Event>, Coroutine>) {
                return handle_event(function, event, kept.meta);
            } else {
                handle_event(function, event, kept.meta);
                return std::nullopt;
            }
        });
    }
};

}  // namespace event::detail
