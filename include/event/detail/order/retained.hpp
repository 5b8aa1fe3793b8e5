#pragma once

#include <event/detail/event/payload.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

namespace event::detail {

/// A copy of the retained event of a topic, or of another one: its bytes, or its payload, without a reference of its
/// own.
template <class T>
class Retained {
public:
    Retained() = default;
    Retained(const Retained& other) noexcept { *this = other; }
    Retained& operator=(const Retained& other) noexcept {
        std::memcpy(bytes_, other.bytes_, sizeof(bytes_));
        return *this;
    }
    /// An inline event.
    explicit Retained(const T& event) noexcept
        requires(stored_inline<T>)
    {
        std::memcpy(bytes_, std::addressof(event), sizeof(T));
    }
    /// The retained event of the topic, which adds a reference, and its sequence; 0 if there is none.
    template <class Topic>
    [[nodiscard]] std::uint64_t read(const Topic& topic) noexcept {
        return topic.read(bytes_);
    }
    [[nodiscard]] const T& value() const noexcept {
        if constexpr (stored_inline<T>) {
            return *std::launder(static_cast<const T*>(static_cast<const void*>(bytes_)));
        } else {
            return Payload<T>::value_of(*payload());
        }
    }
    [[nodiscard]] PayloadBase* payload() const noexcept {
        PayloadBase* payload = nullptr;
        if constexpr (!stored_inline<T>) std::memcpy(&payload, bytes_, sizeof(payload));
        return payload;
    }

private:
    static constexpr std::size_t size = stored_inline<T> ? sizeof(T) : sizeof(PayloadBase*);
    static constexpr std::size_t alignment = stored_inline<T> ? alignof(T) : alignof(PayloadBase*);

    alignas(alignment) std::byte bytes_[size];
};

}  // namespace event::detail
