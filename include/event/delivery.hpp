#pragma once

/// One event as a subscription hands it out.

#include <event/detail/requirements.hpp>

#include <event/any_event.hpp>
#include <event/detail/event/payload.hpp>
#include <event/detail/event/stored_event.hpp>
#include <event/detail/queue/delivery_access.hpp>
#include <event/detail/queue/slot.hpp>
#include <event/meta.hpp>
#include <event/overloaded.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <tuple>
#include <utility>
#include <variant>

namespace event {

/// An event of one of the types `Ts...`, or none when default-constructed or moved from.
///
/// Ownership: movable; it owns its copy of the event, or a share of it, and outlives subscription and bus.
/// Threads: distinct objects are independent; one object is not safe to share.
/// Lists: event types, `Implements<Base>`, or `AnyEvent` alone.
/// Cost: small trivially copyable events are inside; others are reached through a pointer. No allocation.
template <class... Ts>
class Delivery {
    static_assert(detail::check_subscribed_types<Ts...>());
    template <std::size_t I>
    using Type = std::tuple_element_t<I, std::tuple<Ts...>>;
    using First = detail::Delivered<Type<0>>;

public:
    // Where a pointer to a shared event would lie is not left as it is: compilers do not see that only the tag decides
    // whether it is read, and warn.
    Delivery() noexcept { std::memset(storage_, 0, sizeof(detail::PayloadBase*)); }
    Delivery(Delivery&& other) noexcept : tag_(std::exchange(other.tag_, {})) { copy_storage(other); }
    Delivery& operator=(Delivery&& other) noexcept {
        if (this != &other) {
            reset();
            tag_ = std::exchange(other.tag_, {});
            copy_storage(other);
        }
        return *this;
    }
    ~Delivery() { reset(); }

    [[nodiscard]] bool empty() const noexcept { return tag_.is_empty(); }
    explicit operator bool() const noexcept { return !empty(); }

    /// The event if it is a `T`, otherwise null. Of `Implements<Base>` a `const Base*`.
    template <class T>
    [[nodiscard]] const detail::Delivered<T>* get_if() const noexcept {
        static_assert(detail::one_of<T, Ts...>, "event: this delivery cannot hold that type");
        return !empty() && tag_.index() == detail::index_of<T, Ts...>() ? pointer<T>() : nullptr;
    }

    /// The type's place in `Ts...`; `std::variant_npos` when empty.
    [[nodiscard]] std::size_t index() const noexcept { return empty() ? std::variant_npos : std::size_t{tag_.index()}; }

    /// Calls `f` with the event as its own type: `f(const T&)` or `f(const T&, const Meta&)`; of several functions, the
    /// first that can be called with it. Throws `std::bad_variant_access` when empty.
    template <class F>
    decltype(auto) visit(F&& f) const {
        static_assert((detail::HandlesEvent<F, detail::Delivered<Ts>> && ...),
                      "event: the visitor must be callable with every event type of the delivery");
        if (empty()) throw std::bad_variant_access{};
        return visit_from<0>(f);
    }
    template <class F, class G, class... Others>
    decltype(auto) visit(F&& f, G&& g, Others&&... others) const {
        return visit(Overloaded<F&, G&, Others&...>(f, g, others...));
    }

    /// The event, which is a `T`. Throws `std::bad_variant_access` when it is none, or empty.
    template <class T>
    [[nodiscard]] const detail::Delivered<T>& get() const {
        const detail::Delivered<T>* event = get_if<T>();
        if (event == nullptr) throw std::bad_variant_access{};
        return *event;
    }
    /// The event of the one type. They throw `std::bad_variant_access` when empty.
    [[nodiscard]] const First& get() const
        requires(sizeof...(Ts) == 1)
    {
        return get<Type<0>>();
    }
    [[nodiscard]] const First& operator*() const
        requires(sizeof...(Ts) == 1)
    {
        return get();
    }
    [[nodiscard]] const First* operator->() const
        requires(sizeof...(Ts) == 1)
    {
        return std::addressof(get());
    }

    [[nodiscard]] std::uint64_t sequence() const noexcept { return tag_.sequence(); }
    [[nodiscard]] std::uint64_t missed() const noexcept { return tag_.missed(); }
    [[nodiscard]] bool replayed() const noexcept { return tag_.is_replayed(); }
    [[nodiscard]] bool relayed() const noexcept { return tag_.is_relayed(); }
    [[nodiscard]] EmitterId emitter() const noexcept { return tag_.emitter(); }
    [[nodiscard]] std::chrono::steady_clock::time_point emitted_at() const noexcept {
        detail::Moment at;
        if (tag_.is_stamped()) std::memcpy(&at, storage_ + storage_size, sizeof(at));
        return at;
    }
    [[nodiscard]] Meta meta() const noexcept {
        return {sequence(), missed(), replayed(), emitter(), emitted_at(), relayed()};
    }

private:
    friend class detail::DeliveryAccess;

    void reset() noexcept {
        if (tag_.is_shared() && !empty()) detail::StoredEvent::payload(storage_)->release();
        tag_ = {};
    }

    template <class T>
    [[nodiscard]] const detail::Delivered<T>* pointer() const noexcept {
        return detail::StoredEvent::as<T>(storage_);
    }

    template <std::size_t I, class F>
    decltype(auto) visit_from(F& f) const {
        if constexpr (I + 1 == sizeof...(Ts)) {
            return detail::handle_event(f, *pointer<Type<I>>(), meta());
        } else {
            if (tag_.index() == I) return detail::handle_event(f, *pointer<Type<I>>(), meta());
            return visit_from<I + 1>(f);
        }
    }

    void copy_storage(const Delivery& other) noexcept { std::memcpy(storage_, other.storage_, sizeof(storage_)); }

    detail::SlotTag tag_;
    static constexpr std::size_t storage_size = detail::storage_size<Ts...>;
    alignas(std::max_align_t) std::byte storage_[storage_size + sizeof(detail::Moment)];  // the event; if stamped, when
};

}  // namespace event
