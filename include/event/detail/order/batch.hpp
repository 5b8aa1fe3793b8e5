#pragma once

#include <event/detail/event/event_type.hpp>
#include <event/detail/event/payload.hpp>
#include <event/detail/order/retained.hpp>
#include <event/detail/queue/slot.hpp>

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#pragma push_macro("emit")  // Qt has one
#undef emit

namespace event::detail {

/// The events of one emit, adjacent in the order, whatever their type. It owns their payloads until a topic takes them,
/// and the shared forms of inline events, which are built only where somebody wants them.
class Batch {
public:
    /// Inline events, one behind the other, which live as long as this.
    Batch(const EventType& type, const void* events, std::size_t size, Origin origin) noexcept
        : type_(&type), events_(static_cast<const std::byte*>(events)), size_(size), origin_(origin) {}
    /// None yet.
    explicit Batch(Origin origin) noexcept : origin_(origin) {}
    /// An event that is shared already; takes over the payload's reference.
    Batch(PayloadBase& payload, Origin origin) noexcept : origin_(origin) {
        if (payload.type().is_inline) events_ = static_cast<const std::byte*>(payload.type().value(payload));
        add(payload);
    }
    Batch(Batch&& other) noexcept
        : type_(other.type_),
          events_(other.events_),
          size_(other.size_),
          first_(std::exchange(other.first_, nullptr)),
          last_(other.last_),
          origin_(other.origin_) {}
    Batch& operator=(Batch&&) = delete;
    ~Batch() {
        while (is_shared()) take_shared()->release();
    }

    /// Takes over the payload's reference. Of several, nobody else holds one: they are linked through themselves.
    void add(PayloadBase& payload) noexcept {
        append(payload);
        ++size_;
    }
    void add_new(PayloadBase& payload) noexcept {
        payload.set_emitter(origin_.id());
        add(payload);
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] Origin origin() const noexcept { return origin_; }
    /// An inline event.
    [[nodiscard]] const std::byte* event(std::size_t i) const noexcept {
        return i == 0 ? events_ : events_ + i * type_->id->size;
    }
    [[nodiscard]] bool is_shared() const noexcept { return first_ != nullptr; }
    /// The first, as it would lie in a queue. It lives as long as this, and points into it.
    [[nodiscard]] OfferedEvent first_as(bool shared) const noexcept {
        return shared ? OfferedEvent(first_) : OfferedEvent(event(0), type_->id->size);
    }
    void share(PayloadPool& pool) {
        for (std::size_t i = 0; i < size_; ++i) {
            PayloadBase& payload = *type_->share(PayloadBlock(pool), event(i));
            payload.set_emitter(origin_.id());
            append(payload);
        }
    }
    /// The next in their order, if they are shared, otherwise null. The reference is the caller's from now on.
    [[nodiscard]] PayloadBase* take_shared() noexcept {
        PayloadBase* const taken = first_;
        // others may hold one that is alone
        if (taken != nullptr) first_ = taken != last_ ? taken->next : nullptr;
        return taken;
    }

private:
    void append(PayloadBase& payload) noexcept {
        (first_ != nullptr ? last_->next : first_) = &payload;
        last_ = &payload;
    }

    const EventType* type_ = nullptr;    // of inline events
    const std::byte* events_ = nullptr;  // the same
    std::size_t size_ = 0;
    PayloadBase* first_ = nullptr;  // through their `next`
    PayloadBase* last_ = nullptr;
    Origin origin_;
};

/// An event that somebody holds until it is emitted: a copy, or the only reference to its payload.
template <class T>
class HeldEvent {
public:
    HeldEvent(const T& event, Origin origin) noexcept
        requires(stored_inline<T>)
        : event_(event), origin_(origin) {}
    /// Takes over the reference to a new payload.
    HeldEvent(Payload<T>& payload, Origin origin) noexcept
        requires(!stored_inline<T>)
        : event_(payload, origin), origin_(origin) {
        payload.set_emitter(origin.id());
    }

    /// Calls `emit` with it as a batch; what that does not take stays held.
    template <class Emit>
    decltype(auto) emit_with(const EventType& type, Emit&& emit) {
        if constexpr (stored_inline<T>) {
            Batch one(type, std::addressof(event_.value()), 1, origin_);
            return emit(one);
        } else {
            return emit(event_);
        }
    }

private:
    std::conditional_t<stored_inline<T>, Retained<T>, Batch> event_;
    Origin origin_;
};

}  // namespace event::detail

#pragma pop_macro("emit")
