#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace event::detail {

/// Which slots of a queue are in use, in the order of their events, to be found by key. It knows places only; the
/// events lie in the slots. Nothing but its creation allocates. Guarded by the domain's lock.
class KeyedSlots {
public:
    using Place = std::uint32_t;
    static constexpr Place none = UINT32_MAX;

    /// Throws `std::bad_alloc`.
    explicit KeyedSlots(std::size_t slots);

    [[nodiscard]] Place oldest() const noexcept { return oldest_; }
    [[nodiscard]] Place after(Place place) const noexcept { return links_[place].next; }

    /// The slot that has the key, which `same` tells of a place; else none. Throws what `same` throws.
    template <class Same>
    [[nodiscard]] Place find(std::size_t hash, Same&& same) const {
        for (Place place = chains_[chain_of(hash)]; place != none; place = links_[place].next_in_chain) {
            if (links_[place].hash == hash && same(place)) return place;
        }
        return none;
    }
    /// Takes a free slot, which there must be, for the newest event.
    Place add(std::optional<std::size_t> hash) noexcept;
    void remove(Place place) noexcept;
    /// The event there is the newest from now on.
    void move_to_back(Place place) noexcept;

private:
    struct Link {
        Place previous = none;
        Place next = none;  // in the order; of free slots, among them
        Place next_in_chain = none;
        bool has_key = false;
        std::size_t hash = 0;
    };

    [[nodiscard]] std::size_t chain_of(std::size_t hash) const noexcept;
    void append(Place place) noexcept;
    void unlink(Place place) noexcept;

    std::vector<Link> links_;
    std::vector<Place> chains_;  // a power of two of them
    unsigned chain_bits_ = 0;
    Place free_ = none;
    Place oldest_ = none;
    Place newest_ = none;
};

}  // namespace event::detail
