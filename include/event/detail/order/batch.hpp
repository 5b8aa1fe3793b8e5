#pragma once

#include <event/detail/event/payload.hpp>
#include <event/detail/order/retained.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#pragma push_macro("emit")  // Qt has one
#undef emit

/// The events of one emit. A batch owns their payloads until a topic takes them, and the shared forms of inline events,
/// which are built only where somebody wants them.

namespace event::detail {

/// A batch of one.
template <class T>
class OneEvent {
public:
    /// Takes over a payload's reference.
    explicit OneEvent(EventItem<T> item) noexcept : item_(item) {
        if constexpr (!stored_inline<T>) shared_ = item;
    }
    /// An event that is shared already.
    explicit OneEvent(Payload<T>& payload) noexcept : item_(item_of(payload)), shared_(&payload) {}
    OneEvent(OneEvent&& other) noexcept : item_(other.item_), shared_(std::exchange(other.shared_, nullptr)) {}
    OneEvent& operator=(OneEvent&&) = delete;
    ~OneEvent() {
        if (shared_ != nullptr) shared_->release();
    }

    [[nodiscard]] static constexpr std::size_t size() noexcept { return 1; }
    /// A payload's reference is the caller's from now on.
    [[nodiscard]] EventItem<T> take(std::size_t) noexcept {
        if constexpr (!stored_inline<T>) shared_ = nullptr;
        return item_;
    }
    [[nodiscard]] bool is_shared() const noexcept { return shared_ != nullptr; }
    void share(PayloadPool& pool) { shared_ = Payload<T>::create(pool, *item_); }
    [[nodiscard]] Payload<T>* take_shared(std::size_t) noexcept { return std::exchange(shared_, nullptr); }

private:
    [[nodiscard]] static EventItem<T> item_of(Payload<T>& payload) noexcept {
        if constexpr (stored_inline<T>) {
            return std::addressof(payload.value());
        } else {
            return &payload;
        }
    }

    const EventItem<T> item_;
    Payload<T>* shared_ = nullptr;
};

/// Several events, adjacent in the order. Of those that are shared the payloads are built at once.
template <class T>
class ManyEvents {
public:
    explicit ManyEvents(std::span<const T> events) noexcept : events_(events) {}
    ManyEvents(std::span<const T> events, [[maybe_unused]] PayloadPool* pool) : ManyEvents(events) {
        if constexpr (!stored_inline<T>) share(*pool);  // should one not be built, the others go with this
    }
    ManyEvents(ManyEvents&& other) noexcept : events_(other.events_), first_(std::exchange(other.first_, nullptr)) {}
    ManyEvents& operator=(ManyEvents&&) = delete;
    ~ManyEvents() {
        while (first_ != nullptr) take_shared(0)->release();
    }

    [[nodiscard]] std::size_t size() const noexcept { return events_.size(); }
    /// In their order, each once.
    [[nodiscard]] EventItem<T> take(std::size_t i) noexcept {
        if constexpr (stored_inline<T>) {
            return events_.data() + i;
        } else {
            return take_shared(i);
        }
    }
    [[nodiscard]] bool is_shared() const noexcept { return first_ != nullptr; }
    void share(PayloadPool& pool) {
        for (PayloadBase** end = &first_; const T& event : events_) {
            *end = Payload<T>::create(pool, event);
            end = &(*end)->next;
        }
    }
    [[nodiscard]] Payload<T>* take_shared(std::size_t) noexcept {
        return first_ != nullptr ? static_cast<Payload<T>*>(std::exchange(first_, first_->next)) : nullptr;
    }

private:
    const std::span<const T> events_;
    PayloadBase* first_ = nullptr;  // through their `next`
};

/// An event that somebody holds until it is emitted: a copy, or the only reference to its payload.
template <class T>
class HeldEvent {
public:
    /// Takes over the payload's reference.
    explicit HeldEvent(EventItem<T> event) noexcept : event_(event) {}

    /// Calls `emit` with it as a batch; what that does not take stays held.
    template <class Emit>
    decltype(auto) emit_with(Emit&& emit) {
        if constexpr (stored_inline<T>) {
            OneEvent<T> one(event_.item());
            return emit(one);
        } else {
            return emit(event_);
        }
    }

private:
    std::conditional_t<stored_inline<T>, Retained<T>, OneEvent<T>> event_;
};

}  // namespace event::detail

#pragma pop_macro("emit")
