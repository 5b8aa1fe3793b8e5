#pragma once

#include <event/detail/event/event_type.hpp>
#include <event/detail/event/payload.hpp>
#include <event/detail/order/aftermath.hpp>
#include <event/detail/queue/linked_slots.hpp>
#include <event/detail/queue/slot.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

/// What a topic retains beside its newest event. Its one rule: what is kept is decided before the event is offered to
/// anybody, and kept after it.

namespace event::detail {

/// A key as the user names it, for who does not know of what type it is.
struct GivenKey {
    const TypeId* type = nullptr;
    const void* key = nullptr;
    // and as what else it may be meant
    std::optional<std::string_view> text = {};
    bool is_whole = false;
    bool is_negative = false;
    std::uint64_t whole = 0;  // of a number that is negative, two's complement
};

/// The key, for who does not know its type; what it points to is the caller's.
template <class Key>
[[nodiscard]] GivenKey given_key(const Key& key) {
    GivenKey given{.type = &type_id<Key>, .key = std::addressof(key)};
    if constexpr (std::convertible_to<const Key&, std::string_view>) given.text = std::string_view(key);
    if constexpr (std::integral<Key>) {
        given.is_whole = true;
        given.is_negative = key < Key{};
        given.whole = static_cast<std::uint64_t>(key);
    }
    return given;
}

/// By what a topic keeps the newest event of each: what the user gave. Under the domain's lock; it may throw what the
/// user's code throws. Events are given as they lie in a queue.
class RetainedKey {
public:
    /// `kind`: which class it is; no RTTI.
    explicit RetainedKey(const void* kind) noexcept : kind_(kind) {}
    RetainedKey(const RetainedKey&) = delete;
    RetainedKey& operator=(const RetainedKey&) = delete;
    virtual ~RetainedKey() = default;

    /// Whether it surely is the same.
    [[nodiscard]] bool is_like(const RetainedKey& other) const { return kind_ == other.kind_ && is_equal(other); }
    [[nodiscard]] virtual std::size_t hash(const std::byte* event) = 0;
    [[nodiscard]] virtual bool is_same(const std::byte* left, const std::byte* right) = 0;
    [[nodiscard]] virtual bool removes(const std::byte* event) = 0;
    /// None if it is no key of this type.
    [[nodiscard]] virtual std::optional<std::size_t> hash(const GivenKey& key) = 0;
    [[nodiscard]] virtual bool is_of(const GivenKey& key, const std::byte* event) = 0;

private:
    [[nodiscard]] virtual bool is_equal(const RetainedKey& of_same_kind) const = 0;

    const void* const kind_;
};

/// What the topics of an emitter of `Ts...` retain (retaining.hpp).
template <class... Ts>
struct Retaining;

/// The events that a new subscriber of the topic gets first, in their shared form: of each key the newest, or the last
/// few. Under the domain's lock, but for making and destroying it.
class History {
public:
    using Place = LinkedSlots::Place;
    static constexpr Place none = LinkedSlots::none;

    /// Of each key the newest; one key more is refused, or takes the place of the oldest. Throws `std::bad_alloc`.
    History(const EventType& type, std::unique_ptr<RetainedKey> key, std::size_t keys, bool forgets_oldest);
    /// The last ones.
    History(const EventType& type, std::size_t last);
    History(const History&) = delete;
    History& operator=(const History&) = delete;
    ~History();

    /// Whether it surely keeps the same. Without the lock.
    [[nodiscard]] bool is_like(const History& other) const;

    enum class Action : std::uint8_t { nothing, keep, forget, refuse };
    struct Decision {
        Action action = Action::nothing;
        std::optional<std::size_t> hash = {};
        Place place = none;  // that has the key already
    };
    /// What is to become of an event, given as it lies in a queue. Throws what the user's code throws.
    [[nodiscard]] Decision decide(const std::byte* event) const;
    /// Does it. A reference to the payload goes along.
    void carry_out(const Decision& decision, const SlotTag& tag, Moment emitted_at, PayloadBase& payload,
                   Aftermath& after) noexcept;
    /// Forgets what is kept for the key; whether there was something. Throws what the user's code throws, and
    /// `std::invalid_argument` for what is no key of this.
    bool forget(const GivenKey& key, Aftermath& after);
    void clear(Aftermath& after) noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return slots_.new_events(); }
    [[nodiscard]] Place oldest() const noexcept { return slots_.oldest(); }
    [[nodiscard]] Place after(Place place) const noexcept { return slots_.after(place); }
    [[nodiscard]] const SlotTag& tag(Place place) const noexcept { return slots_[place].tag; }
    [[nodiscard]] Moment emitted_at(Place place) const noexcept { return slots_[place].stamp(stride); }
    [[nodiscard]] PayloadBase& payload(Place place) const noexcept { return *slots_[place].payload(); }

private:
    static constexpr std::size_t stride = sizeof(Slot) + sizeof(PayloadBase*) + sizeof(Moment);
    static_assert(stride % alignof(Slot) == 0);

    void make_slots();
    /// As it lies in a queue.
    [[nodiscard]] const std::byte* event_in(Slot& slot) const noexcept;
    void remove(Place place, Aftermath& after) noexcept;

    const EventType& type_;
    const std::unique_ptr<RetainedKey> key_;  // null: the last ones are kept
    const std::size_t most_;
    const bool forgets_oldest_;
    LinkedSlots slots_;
};

}  // namespace event::detail
