#pragma once

#include <event/detail/event/payload.hpp>

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>

/// How an emit and a topic hold an event.

namespace event::detail {

/// A reference to an event on its way into the queues: where it lies, or its payload.
template <class T>
using EventItem = std::conditional_t<stored_inline<T>, const T*, Payload<T>*>;

/// The retained event of a topic, or a copy of it.
template <class T>
class Retained {
public:
    Retained() = default;
    explicit Retained(EventItem<T> event) noexcept { store(event); }
    Retained(const Retained& other) noexcept { *this = other; }
    Retained& operator=(const Retained& other) noexcept {
        if constexpr (stored_inline<T>) {
            std::memcpy(bytes_, other.bytes_, sizeof(bytes_));
        } else {
            payload_ = other.payload_;
        }
        return *this;
    }
    void store(EventItem<T> event) noexcept {
        if constexpr (stored_inline<T>) {
            std::memcpy(bytes_, event, sizeof(T));
        } else {
            payload_ = event;
        }
    }
    [[nodiscard]] EventItem<T> item() const noexcept {
        if constexpr (stored_inline<T>) {
            return std::launder(static_cast<const T*>(static_cast<const void*>(bytes_)));
        } else {
            return payload_;
        }
    }
    [[nodiscard]] const T& value() const noexcept {
        if constexpr (stored_inline<T>) {
            return *item();
        } else {
            return payload_->value();
        }
    }
    [[nodiscard]] PayloadBase* payload() const noexcept {
        if constexpr (stored_inline<T>) {
            return nullptr;
        } else {
            return payload_;
        }
    }

private:
    struct Empty {};
    alignas(stored_inline<T> ? alignof(T) : 1) std::byte bytes_[stored_inline<T> ? sizeof(T) : 1];
    [[no_unique_address]] std::conditional_t<stored_inline<T>, Empty, Payload<T>*> payload_{};
};

}  // namespace event::detail
