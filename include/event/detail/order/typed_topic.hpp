#pragma once

#include <event/detail/event/event_type.hpp>
#include <event/detail/event/payload.hpp>
#include <event/detail/order/aftermath.hpp>
#include <event/detail/order/batch.hpp>
#include <event/detail/order/topic.hpp>
#include <event/emit_result.hpp>
#include <event/interface.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#pragma push_macro("emit")  // Qt has one
#undef emit

namespace event::detail {

/// The topic of events of so many bytes that are copied into each queue. The code of an emit depends on nothing else
/// that is said of their type: so types of one size share it.
template <std::size_t size>
class InlineTopic final : public TopicBase {
public:
    InlineTopic(const EventType& type, std::string&& label, Core& core)
        : TopicBase(type, std::move(label), core, &kept_) {}
    [[nodiscard]] static std::unique_ptr<TopicBase> make(const EventType& type, std::string&& label, Core& core) {
        return std::make_unique<InlineTopic>(type, std::move(label), core);
    }

    EmitResult emit(const void* event, Origin origin = {}) { return emit_batch(event, 1, origin); }
    /// Emits events that lie one behind the other, with nothing in between.
    EmitResult emit_all(const void* events, std::size_t count, Origin origin) {
        return emit_batch(events, count, origin);
    }

    /// Sets the latest value of a count, whose lock may be taken under that of another one: who holds it takes no
    /// further lock.
    void tell(const void* number, Aftermath& after) noexcept {
        DomainGuard domain(*this);
        EmitResult result;
        if (!closed_) fan_out(static_cast<const Bytes*>(number), {}, domain, after, result);
    }

    /// The retained event and its sequence; 0 if there is none.
    std::uint64_t read(void* copy) const noexcept {
        if (retained_sequence() != 0) std::memcpy(copy, &kept_, size);
        return retained_sequence();
    }

private:
    using Bytes = std::array<std::byte, size>;

    [[gnu::always_inline]] EmitResult emit_batch(const void* events, std::size_t count, Origin origin) {
        const auto* event = static_cast<const Bytes*>(events);
        // Nothing is made ready before the lock: to take it waits for every store before it.
        DomainGuard domain(*this);
        if (is_special_) [[unlikely]] {
            domain.unlock();
            return emit_specially(events, count, origin);
        }
        Aftermath after;
        EmitResult result;
        fan_out(event, origin, domain, after, result);
        for (std::size_t i = 1; i < count && wanted(); ++i)  // the one before may have killed all
            fan_out(event + i, origin, domain, after, result);
        domain.unlock();
        after.settle();
        return result;
    }

    /// Gives the event its place in the order, and offers it to every queue. The figures are added.
    void fan_out(const Bytes* event, Origin origin, DomainGuard& domain, Aftermath& after,
                 EmitResult& result) noexcept {
        const std::size_t killed = result.killed;
        result.subscribers += sinks_.size();
        const std::uint64_t sequence = domain.next_sequence();
        if (!sinks_.empty())  // a value that nobody subscribes to makes no offer
            result.delivered += offer_to(sinks_, event, {sequence, nullptr, after, origin}, result);
        if (retained_) {
            std::memcpy(&kept_, event, size);
            note_kept(sequence, origin, after);
        }
        note_emitted(sequence, result.killed != killed, after);
    }

    alignas(std::max_align_t) Bytes kept_;  // guarded by the domain's lock
};

/// The topic of events that are built once and shared.
class SharedTopic final : public TopicBase {
public:
    SharedTopic(const EventType& type, std::string&& label, Core& core);
    ~SharedTopic() override;
    [[nodiscard]] static std::unique_ptr<TopicBase> make(const EventType& type, std::string&& label, Core& core);

    /// Emits a new event; its reference goes along.
    EmitResult emit(PayloadBase& payload, Origin origin = {});
    /// Emits new events one after the other, with nothing in between.
    EmitResult emit_all(Batch&& events);

    /// The retained event and its sequence; 0 if there is none. A reference goes along.
    std::uint64_t read(void* copy) const noexcept {
        if (retained_sequence() == 0) return 0;
        kept_->add_reference();
        std::memcpy(copy, &kept_, sizeof(kept_));
        return retained_sequence();
    }

private:
    PayloadBase* kept_ = nullptr;  // guarded by the domain's lock
};

/// What a topic needs to know of a type that is stored inline.
template <class T>
[[nodiscard]] PayloadBase* share_event(PayloadBlock&& block, const void* event) noexcept {
    return Payload<T>::create(std::move(block), *static_cast<const T*>(event));
}
template <class T>
[[nodiscard]] const void* event_in(const PayloadBase& payload) noexcept {
    return std::addressof(Payload<T>::value_of(payload));
}
/// Null where no topic needs it.
template <class T>
[[nodiscard]] consteval auto share_function() noexcept -> decltype(EventType::share) {
    if constexpr (stored_inline<T>) {
        return &share_event<T>;
    } else {
        return nullptr;
    }
}
template <class T>
[[nodiscard]] consteval auto value_function() noexcept -> decltype(EventType::value) {
    if constexpr (stored_inline<T>) {
        return &event_in<T>;
    } else {
        return nullptr;
    }
}

template <class T>
[[nodiscard]] fmt::appender print_payload(const PayloadBase& payload, fmt::appender out) {
    return detail::print_event(Payload<T>::value_of(payload), out);
}
/// Null where it is printed as all are that say nothing of it.
template <class T>
[[nodiscard]] consteval auto print_function() noexcept -> decltype(EventType::print) {
    if constexpr (Printable<T>) {
        return &print_payload<T>;
    } else {
        return nullptr;
    }
}

/// The type's `event_interfaces`, as a table.
template <class T>
struct InterfacesOf {
    template <class... Bases>
    [[nodiscard]] static consteval std::span<const ImplementedInterface> table(const Interfaces<Bases...>*) noexcept {
        static_assert((std::is_convertible_v<const T*, const Bases*> && ...),
                      "event: an event type must publicly derive from each of its event_interfaces");
        return all<Bases...>;
    }
    [[nodiscard]] static consteval std::span<const ImplementedInterface> table() noexcept {
        if constexpr (requires { typename T::event_interfaces; }) {
            static_assert(
                requires { table(static_cast<const typename T::event_interfaces*>(nullptr)); },
                "event: event_interfaces must be event::Interfaces<…> of the behaviours");
            return table(static_cast<const typename T::event_interfaces*>(nullptr));
        } else {
            return {};
        }
    }

private:
    template <class Base>
    [[nodiscard]] static const void* view(const PayloadBase& payload) noexcept {
        return static_cast<const Base*>(std::addressof(Payload<T>::value_of(payload)));
    }
    template <class... Bases>
    static constexpr std::array<ImplementedInterface, sizeof...(Bases)> all{{{&type_id<Bases>, &view<Bases>}...}};
};

/// The type as the bus sees it.
template <class T>
inline constexpr EventType event_type{.id = &type_id<T>,
                                      .interfaces = InterfacesOf<T>::table(),
                                      .payload_size = sizeof(Payload<T>),
                                      .payload_alignment = alignof(Payload<T>),
                                      .is_inline = stored_inline<T>,
                                      .share = share_function<T>(),
                                      .value = value_function<T>(),
                                      .dispose = &Payload<T>::dispose_payload,
                                      .print = print_function<T>(),
                                      .make_topic = &Topic<T>::make};

}  // namespace event::detail

#pragma pop_macro("emit")
