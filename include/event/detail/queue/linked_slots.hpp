#pragma once

#include <event/detail/queue/slot.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace event::detail {

/// The queue of whom not every event just takes the next place: slots that are linked in the order of their events and
/// may be found by key. For policies whose producer takes events away (`DropOldest`, `Latest`) or promises room
/// (`Wait`), and for keys (`latest_by`). Retained events that were replayed come first, and do not count against the
/// capacity. Everything is guarded by the domain's lock, and nothing but making the slots allocates.
class LinkedSlots {
public:
    using Place = std::uint32_t;
    static constexpr Place none = UINT32_MAX;

    LinkedSlots(std::size_t stride, bool has_keys) noexcept : stride_(sizeof(Link) + stride), has_keys_(has_keys) {}

    /// Bytes that so many slots need; the largest number if there can be no such memory.
    [[nodiscard]] std::size_t bytes(std::size_t slots) const noexcept;
    [[nodiscard]] bool has_memory() const noexcept { return memory_ != nullptr; }
    /// Of so many, which are empty; none was used before.
    void use(std::unique_ptr<std::byte[]> memory, std::size_t slots) noexcept;

    [[nodiscard]] Slot& operator[](Place place) const noexcept { return *as<Slot>(at(place) + sizeof(Link)); }
    [[nodiscard]] Place oldest() const noexcept { return oldest_; }
    [[nodiscard]] Place newest() const noexcept { return newest_; }
    /// The oldest that was not replayed.
    [[nodiscard]] Place oldest_new() const noexcept { return oldest_new_; }
    [[nodiscard]] Place after(Place place) const noexcept { return link(place).next; }
    /// Events that were not replayed.
    [[nodiscard]] std::size_t new_events() const noexcept { return new_events_; }

    /// The slot that has the key, which `same` tells of a slot; else none. Throws what `same` throws.
    template <class Same>
    [[nodiscard]] Place find(std::size_t hash, Same&& same) const {
        if (!has_keys_ || !has_memory()) return none;
        for (Place place = *chain_of(hash); place != none; place = link(place).next_in_chain) {
            if (link(place).hash == hash && same((*this)[place])) return place;
        }
        return none;
    }
    /// Takes a free slot, which there must be, for the newest event.
    void add(std::optional<std::size_t> hash, const SlotTag& tag, const OfferedEvent& event) noexcept;
    void remove(Place place) noexcept;
    /// The slot, which has a key, holds this event from now on, which is the newest.
    void replace(Place place, std::size_t hash, const SlotTag& tag, const OfferedEvent& event) noexcept;

private:
    struct alignas(Slot) Link {
        Place previous = none;
        Place next = none;  // in the order; of free slots, among them
        Place next_in_chain = none;
        bool has_key = false;
        std::size_t hash = 0;
    };
    static_assert(sizeof(Link) % alignof(Slot) == 0);

    template <class T>
    [[nodiscard]] static T* as(std::byte* bytes) noexcept {
        return static_cast<T*>(static_cast<void*>(bytes));
    }
    [[nodiscard]] std::byte* at(Place place) const noexcept { return memory_.get() + place * stride_; }
    [[nodiscard]] Link& link(Place place) const noexcept { return *as<Link>(at(place)); }
    [[nodiscard]] std::size_t chains(std::size_t slots) const noexcept;
    [[nodiscard]] Place* chain_of(std::size_t hash) const noexcept;
    void append(Place place, const SlotTag& tag, const OfferedEvent& event) noexcept;
    void unlink(Place place) noexcept;
    void chain(Place place, std::size_t hash) noexcept;
    void unchain(Place place) noexcept;

    std::size_t slots_ = 0;
    const std::size_t stride_;
    const bool has_keys_;
    std::unique_ptr<std::byte[]> memory_;  // the slots, each behind its link; then the chains, a power of two of them
    Place free_ = none;
    Place oldest_ = none;
    Place newest_ = none;
    Place oldest_new_ = none;
    std::size_t new_events_ = 0;
};

}  // namespace event::detail
