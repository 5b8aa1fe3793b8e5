#pragma once

#include <event/detail/event/erased.hpp>
#include <event/detail/event/payload.hpp>
#include <event/fwd.hpp>

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

namespace event::detail {

/// An event as it lies in queues and deliveries: its bytes, or a pointer to its payload.
class StoredEvent {
public:
    template <class T>
    [[nodiscard]] static const Delivered<T>* as(const std::byte* storage) noexcept {
        if constexpr (stored_inline<T> || std::is_same_v<T, AnyEvent>) {
            return std::launder(static_cast<const T*>(static_cast<const void*>(storage)));
        } else if constexpr (is_erased<T>) {
            return view_as<Delivered<T>>(*payload(storage));
        } else {
            return std::addressof(static_cast<const Payload<T>*>(payload(storage))->value());
        }
    }
    [[nodiscard]] static PayloadBase* payload(const std::byte* storage) noexcept {
        PayloadBase* payload = nullptr;
        std::memcpy(&payload, storage, sizeof(payload));
        return payload;
    }
};

}  // namespace event::detail
