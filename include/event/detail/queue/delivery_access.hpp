#pragma once

#include <event/detail/queue/slot.hpp>
#include <event/fwd.hpp>

#include <concepts>
#include <cstring>
#include <functional>

namespace event::detail {

/// `f(event, meta)` where `f` takes both, otherwise `f(event)`.
template <class F, class T>
concept HandlesEvent = std::invocable<F&, const T&, const Meta&> || std::invocable<F&, const T&>;

template <class F, class T>
decltype(auto) handle_event(F& f, const T& event, const Meta& meta) {
    if constexpr (std::invocable<F&, const T&, const Meta&>) {
        return std::invoke(f, event, meta);
    } else {
        return std::invoke(f, event);
    }
}

/// How the inside fills a delivery.
class DeliveryAccess {
public:
    /// Moves the slot's event into an empty delivery, together with the reference to its payload if it is shared; false
    /// if who ended the queue has taken that.
    template <class... Ts>
    [[nodiscard]] static bool take(Delivery<Ts...>& delivery, Slot& slot, Moment emitted_at) noexcept {
        if (emitted_at != Moment())
            std::memcpy(delivery.storage_ + delivery.storage_size, &emitted_at, sizeof(emitted_at));
        constexpr bool may_be_inline = (stored_inline<Ts> || ...);
        constexpr bool may_be_shared = !(stored_inline<Ts> && ...);
        if constexpr (may_be_shared) {
            if (!may_be_inline || slot.tag.is_shared()) {
                PayloadBase* const payload = slot.take_payload();
                if (payload == nullptr) return false;
                delivery.tag_ = slot.tag;
                std::memcpy(delivery.storage_, &payload, sizeof(payload));
                return true;
            }
        }
        delivery.tag_ = slot.tag;
        std::memcpy(delivery.storage_, slot.storage(), delivery.storage_size);
        return true;
    }
    template <class Handler, class... Ts>
    static void hand_to(Handler& handler, const Delivery<Ts...>& delivery) {
        delivery.visit([&](const auto& event, const auto& meta) { detail::handle_event(handler, event, meta); });
    }
};

}  // namespace event::detail
