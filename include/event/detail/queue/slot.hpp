#pragma once

#include <event/detail/event/payload.hpp>
#include <event/meta.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace event::detail {

/// Whose event it is, in the place that it has in a tag.
class Origin {
public:
    Origin() = default;
    explicit Origin(EmitterId id) noexcept : bits_(std::uint64_t{id & last_emitter_id} << shift) {}
    [[nodiscard]] EmitterId id() const noexcept { return static_cast<EmitterId>(bits_ >> shift); }
    /// The same of an event that comes from elsewhere, where it may have been retained.
    [[nodiscard]] Origin as_relayed(bool was_retained) const noexcept {
        Origin relayed = *this;
        relayed.bits_ |= relayed_flag | (was_retained ? old_flag : 0);
        return relayed;
    }
    [[nodiscard]] bool is_relayed() const noexcept { return (bits_ & relayed_flag) != 0; }
    [[nodiscard]] bool is_old() const noexcept { return (bits_ & old_flag) != 0; }

private:
    friend class SlotTag;
    static constexpr int shift = 64 - emitter_id_bits;
    static constexpr std::uint64_t old_flag = std::uint64_t{1} << 19;
    static constexpr std::uint64_t relayed_flag = std::uint64_t{1} << 20;
    static constexpr std::uint64_t mask = ~std::uint64_t{0} << shift | old_flag | relayed_flag;
    std::uint64_t bits_ = 0;
};

/// What a queue knows of an event beside the event itself. Two words, so that to make one takes no more than to store
/// them: the sequence, and above it the upper part of how many were missed; the type's place, five flags, the lower
/// part of how many were missed, and whose event it is.
class SlotTag {
public:
    SlotTag() = default;
    SlotTag(std::uint16_t type, std::uint64_t sequence, Origin origin) noexcept
        : place_(sequence), rest_(origin.bits_ | type) {}

    /// One word after the other: GCC makes a vector of both, which takes longer, where they are just copied.
    void write(const SlotTag& tag) noexcept {
        place_ = tag.place_;
        std::atomic_ref<std::uint64_t>(rest_).store(tag.rest_, std::memory_order_relaxed);
    }

    [[nodiscard]] bool is_empty() const noexcept { return place_ == 0; }
    [[nodiscard]] std::uint64_t sequence() const noexcept { return place_ & sequence_mask; }
    /// The event's type among those of the subscription.
    [[nodiscard]] std::uint16_t index() const noexcept { return static_cast<std::uint16_t>(rest_); }
    [[nodiscard]] EmitterId emitter() const noexcept { return static_cast<EmitterId>(rest_ >> Origin::shift); }
    [[nodiscard]] Origin origin() const noexcept {
        Origin origin;
        origin.bits_ = rest_ & Origin::mask;
        return origin;
    }
    /// The storage holds a PayloadBase*, with one reference.
    [[nodiscard]] bool is_shared() const noexcept { return (rest_ & shared_flag) != 0; }
    void set_shared() noexcept { rest_ |= shared_flag; }
    /// It was there when the subscription began, and takes none of its capacity.
    [[nodiscard]] bool is_replay() const noexcept { return (rest_ & replay_flag) != 0; }
    void set_replay() noexcept { rest_ |= replay_flag; }
    /// Or was so where it comes from.
    [[nodiscard]] bool is_replayed() const noexcept { return (rest_ & (replay_flag | Origin::old_flag)) != 0; }
    [[nodiscard]] bool is_relayed() const noexcept { return (rest_ & Origin::relayed_flag) != 0; }
    /// The slot says when it was emitted.
    [[nodiscard]] bool is_stamped() const noexcept { return (rest_ & stamped_flag) != 0; }
    void set_stamped() noexcept { rest_ |= stamped_flag; }
    /// Events lost to the subscription just before this one: up to so many.
    [[nodiscard]] std::uint64_t missed() const noexcept {
        return place_ >> sequence_bits << missed_low_bits | (rest_ & missed_low_mask) >> missed_low_shift;
    }
    void set_missed(std::uint64_t missed) noexcept {
        missed = std::min(missed, most_missed);
        place_ = sequence() | missed >> missed_low_bits << sequence_bits;
        rest_ = (rest_ & ~missed_low_mask) | (missed << missed_low_shift & missed_low_mask);
    }

private:
    static constexpr int sequence_bits = 52;  // for fourteen years of ten million events a second
    static constexpr std::uint64_t sequence_mask = (std::uint64_t{1} << sequence_bits) - 1;
    static constexpr std::uint64_t shared_flag = std::uint64_t{1} << 16;
    static constexpr std::uint64_t replay_flag = std::uint64_t{1} << 17;
    static constexpr std::uint64_t stamped_flag = std::uint64_t{1} << 18;
    static constexpr int missed_low_shift = 21;
    static constexpr int missed_low_bits = Origin::shift - missed_low_shift;
    static constexpr std::uint64_t missed_low_mask = ((std::uint64_t{1} << missed_low_bits) - 1) << missed_low_shift;
    static constexpr std::uint64_t most_missed = (std::uint64_t{1} << (64 - sequence_bits + missed_low_bits)) - 1;

    std::uint64_t place_ = 0;  // 0: no event
    std::uint64_t rest_ = 0;
};
static_assert(sizeof(SlotTag) == 16);

/// An event on its way into a queue, as it will lie there.
struct OfferedEvent {
    const std::byte* bytes;  // of the event, or of a pointer to its payload
    std::uint16_t size;
    bool is_shared;

    /// An inline event.
    OfferedEvent(const std::byte* event, std::size_t bytes_of_event) noexcept
        : bytes(event), size(static_cast<std::uint16_t>(bytes_of_event)), is_shared(false) {}
    explicit OfferedEvent(PayloadBase* const& payload) noexcept
        : bytes(reinterpret_cast<const std::byte*>(&payload)), size(sizeof(PayloadBase*)), is_shared(true) {}
    template <class T>
        requires stored_inline<T>
    explicit OfferedEvent(const T* const& event) noexcept
        : bytes(reinterpret_cast<const std::byte*>(event)), size(sizeof(T)), is_shared(false) {}

    [[nodiscard]] PayloadBase* payload() const noexcept {
        PayloadBase* payload = nullptr;
        std::memcpy(&payload, bytes, sizeof(payload));
        return payload;
    }
};

/// One place of a queue: the tag, and behind it the event's bytes or a pointer to its payload. How many bytes there
/// are is the same for all slots of a queue.
struct alignas(std::max_align_t) Slot {
    SlotTag tag;

    [[nodiscard]] std::byte* storage() noexcept { return reinterpret_cast<std::byte*>(this) + sizeof(Slot); }
    [[nodiscard]] PayloadBase* payload() noexcept {
        PayloadBase* payload = nullptr;
        std::memcpy(&payload, storage(), sizeof(payload));
        return payload;
    }
    /// Takes the payload out, for the first of the receiver and of who ends the queue; null for the other.
    [[nodiscard]] PayloadBase* take_payload() noexcept {
        auto* pointer = static_cast<PayloadBase**>(static_cast<void*>(storage()));
        return std::atomic_ref<PayloadBase*>(*pointer).exchange(nullptr, std::memory_order_acq_rel);
    }
    /// When the event was emitted: in the last bytes of the slots of a stamped queue.
    [[nodiscard]] Moment stamp(std::size_t stride) noexcept {
        Moment at;
        std::memcpy(&at, stamp_in(stride), sizeof(at));
        return at;
    }
    void set_stamp(std::size_t stride, Moment at) noexcept { std::memcpy(stamp_in(stride), &at, sizeof(at)); }
    /// Both, the event as the one that the tag is of.
    void store(SlotTag of_event, PayloadBase* payload) noexcept {
        of_event.set_shared();
        tag.write(of_event);
        std::memcpy(storage(), &payload, sizeof(payload));
    }
    void store(SlotTag of_event, const OfferedEvent& event) noexcept {
        if (event.is_shared) of_event.set_shared();
        tag.write(of_event);
        std::memcpy(storage(), event.bytes, event.size);
    }
    template <class T>
        requires stored_inline<T>
    void store(const SlotTag& of_event, const T* event) noexcept {
        tag.write(of_event);
        std::memcpy(storage(), event, sizeof(T));
    }

private:
    [[nodiscard]] std::byte* stamp_in(std::size_t stride) noexcept {
        return reinterpret_cast<std::byte*>(this) + stride - sizeof(Moment);
    }
};
static_assert(sizeof(Slot) == sizeof(SlotTag));

template <class T>
inline constexpr std::size_t stored_size = sizeof(PayloadBase*);
template <class T>
    requires stored_inline<T>
inline constexpr std::size_t stored_size<T> = sizeof(T);

template <class... Ts>
inline constexpr std::size_t storage_size = [] {
    std::size_t largest = sizeof(PayloadBase*);
    for (const std::size_t size : {stored_size<Ts>...}) largest = size > largest ? size : largest;
    return largest;
}();

/// What a stamped queue adds to the distance of two slots.
inline constexpr std::size_t stamp_stride = alignof(Slot);
static_assert(sizeof(Moment) <= stamp_stride);

/// Distance of two slots in a queue of these types.
template <class... Ts>
inline constexpr std::size_t slot_stride =
    sizeof(Slot) + (storage_size<Ts...> + alignof(Slot) - 1) / alignof(Slot) * alignof(Slot);

template <class T, class... Ts>
consteval std::size_t index_of() {
    const std::array<bool, sizeof...(Ts)> same{std::is_same_v<T, Ts>...};
    std::size_t index = 0;
    while (index < same.size() && !same[index]) ++index;
    return index;
}

template <class T, class... Ts>
inline constexpr bool one_of = (std::is_same_v<T, Ts> || ...);

template <class... Ts>
inline constexpr bool all_different = true;
template <class T, class... Ts>
inline constexpr bool all_different<T, Ts...> = !one_of<T, Ts...> && all_different<Ts...>;

/// Whether emitting it as the chosen type, or by default (`void`) as one of those listed, would slice it.
template <class From, class Chosen, class... Ts>
concept SlicedInto = Slices<From, Chosen> ||
                     (std::is_void_v<Chosen> && !one_of<std::remove_cvref_t<From>, Ts...> && (Slices<From, Ts> || ...));

/// Whether it is the chosen type, or by default (`void`) one of those listed, or converts to the only one.
template <class From, class Chosen, class... Ts>
concept EmittedAs = one_of<Chosen, Ts...> ||
                    (std::is_void_v<Chosen> && (one_of<std::remove_cvref_t<From>, Ts...> ||
                                                (sizeof...(Ts) == 1 && (std::is_convertible_v<From, Ts> || ...))));

/// What fits no `emit`, and deserves a sentence.
template <class From, class Chosen, class... Ts>
concept NotEmitted = SlicedInto<From, Chosen, Ts...> || !EmittedAs<From, Chosen, Ts...>;

template <class From, class Chosen, class... Ts>
consteval bool check_emitted() noexcept {
    if constexpr (SlicedInto<From, Chosen, Ts...>) {
        return check_not_sliced<From>();
    } else {
        static_assert(EmittedAs<From, Chosen, Ts...>,
                      "event: this emitter does not emit that type: name it where the emitter is made");
        return true;
    }
}

template <class... Ts>
consteval bool check_list() noexcept {
    static_assert(sizeof...(Ts) > 0, "event: list at least one event type");
    static_assert(sizeof...(Ts) < 65536, "event: too many event types in one list");
    static_assert(all_different<Ts...>, "event: a type is listed twice; list each event type once");
    return true;
}

/// What every list of types to emit must be.
template <class... Ts>
consteval bool check_event_types() noexcept {
    return check_list<Ts...>() && (check_event_type<Ts>() && ...);
}
/// The same, as far as their declarations tell: handles may be members where their events are only declared.
template <class... Ts>
consteval bool check_named_types() noexcept {
    return check_list<Ts...>() && (check_named_type<Ts>() && ...);
}

template <class T>
consteval bool check_subscribed_name() noexcept {
    if constexpr (is_erased<T>) {
        static_assert(std::is_class_v<Delivered<T>>, "event: a behaviour must be a class");
        static_assert(std::is_same_v<Delivered<T>, std::remove_cv_t<Delivered<T>>>,
                      "event: name a behaviour without const or volatile; it is received as const anyway");
        return true;
    } else {
        return check_named_type<T>();
    }
}
template <class T>
consteval bool check_subscribed_type() noexcept {
    if constexpr (is_erased<T>) {
        return check_defined_type<Delivered<T>>();
    } else {
        return check_event_type<T>();
    }
}

/// What every list of types to subscribe to must be, likewise.
template <class... Ts>
consteval bool check_subscribed_names() noexcept {
    static_assert(sizeof...(Ts) == 1 || !one_of<AnyEvent, Ts...>,
                  "event: AnyEvent stands for every type; it cannot be listed with others");
    return check_list<Ts...>() && (check_subscribed_name<Ts>() && ...);
}
template <class... Ts>
consteval bool check_subscribed_types() noexcept {
    return check_subscribed_names<Ts...>() && (check_subscribed_type<Ts>() && ...);
}

}  // namespace event::detail
