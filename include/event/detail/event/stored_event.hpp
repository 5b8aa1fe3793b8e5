#pragma once

#include <event/any_event.hpp>
#include <event/detail/event/erased.hpp>
#include <event/detail/event/payload.hpp>

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>

namespace event::detail {

/// An event as it lies in queues and deliveries: its bytes, or a pointer to its payload.
class StoredEvent {
public:
    template <class T>
    [[nodiscard]] static const Delivered<T>* as(const std::byte* storage) noexcept {
        if constexpr (stored_inline<T> || std::is_same_v<T, AnyEvent>) {
            return std::launder(reinterpret_cast<const T*>(storage));
        } else if constexpr (is_erased<T>) {
            return AnyEvent::view<Delivered<T>>(*payload(storage));
        } else {
            return &static_cast<const Payload<T>*>(payload(storage))->value();
        }
    }
    [[nodiscard]] static PayloadBase* payload(const std::byte* storage) noexcept {
        PayloadBase* payload = nullptr;
        std::memcpy(&payload, storage, sizeof(payload));
        return payload;
    }
};

}  // namespace event::detail
