#pragma once

/// An event of any type: what a wildcard subscription receives.

#include <event/detail/requirements.hpp>

#include <event/detail/event/erased.hpp>
#include <event/detail/event/event_type.hpp>
#include <event/detail/event/payload.hpp>
#include <event/fwd.hpp>
#include <event/meta.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace event {

/// A share of one event, whose type only the event itself knows. `bus.subscribe<AnyEvent>(…)` receives every event of
/// every type, also of types that first appear later, in the one order in which all others see them. Nobody emits an
/// `AnyEvent`; one that was received can be passed on with `EventBus::emit`. Prints through fmt (`event/fmt.hpp`).
///
/// Ownership: copyable; the event is immutable, lives as long as its last share, and outlives its bus.
/// Threads: distinct objects are independent, copies of one event too. Cost: a copy is a count.
class AnyEvent {
public:
    /// No event; only the test for emptiness, `name`, `size` and `get_if` may be used.
    AnyEvent() noexcept = default;
    AnyEvent(const AnyEvent& other) noexcept : payload_(other.payload_) {
        if (payload_ != nullptr) payload_->add_reference();
    }
    AnyEvent(AnyEvent&& other) noexcept : payload_(std::exchange(other.payload_, nullptr)) {}
    AnyEvent& operator=(AnyEvent other) noexcept {
        std::swap(payload_, other.payload_);
        return *this;
    }
    ~AnyEvent() {
        if (payload_ != nullptr) payload_->release();
    }

    explicit operator bool() const noexcept { return payload_ != nullptr; }

    /// As `name_of` of the event's type; empty if there is no event. Lives as long as the program.
    [[nodiscard]] std::string_view name() const noexcept {
        return payload_ != nullptr ? payload_->type().label() : std::string_view();
    }
    /// Of the event's type, in bytes; 0 if there is no event.
    [[nodiscard]] std::size_t size() const noexcept { return payload_ != nullptr ? payload_->type().id->size : 0; }

    /// Who has emitted it first, as `Emitter::id()` on the bus where that was; 0 if there is no event. (Of a delivery,
    /// `emitter()` tells of this bus.)
    [[nodiscard]] EmitterId emitter() const noexcept { return payload_ != nullptr ? payload_->emitter() : 0; }

    /// The event if it is a `T`, otherwise null. No RTTI.
    template <class T>
    [[nodiscard]] const T* get_if() const noexcept {
        static_assert(detail::check_event_type<T>());
        if (payload_ == nullptr || !payload_->type().id->is(detail::type_id<T>)) return nullptr;
        return std::addressof(detail::Payload<T>::value_of(*payload_));
    }
    /// The event as a `Base`, if its type names that among its `event_interfaces`, otherwise null.
    template <class Base>
    [[nodiscard]] const Base* as() const noexcept {
        return payload_ != nullptr ? detail::view_as<Base>(*payload_) : nullptr;
    }

    /// The event if its type can be printed, otherwise its name and size. There must be one. Declare the formatter of
    /// an event beside it: where only some of a program's files have seen it, any of the two forms may be printed.
    fmt::appender print_to(fmt::appender out) const { return detail::print_shared(*payload_, out); }

private:
    friend class EventBus;

    detail::PayloadBase* payload_ = nullptr;
};
// In queues and deliveries lies what it holds, a pointer, and is looked at as an AnyEvent: beyond the letter of the
// language, and good with the compilers that are tested.
static_assert(sizeof(AnyEvent) == sizeof(void*));

}  // namespace event
