#include <event/detail/queue/keyed_slots.hpp>

#include <bit>
#include <cstdint>
#include <new>
#include <utility>

namespace event::detail {

KeyedSlots::KeyedSlots(std::size_t slots) {
    if (slots >= none) throw std::bad_alloc{};
    links_.resize(slots);
    chains_.resize(std::bit_ceil(slots), none);
    chain_bits_ = static_cast<unsigned>(std::countr_zero(chains_.size()));
    for (std::size_t place = slots; place-- > 0;) {
        links_[place].next = free_;
        free_ = static_cast<Place>(place);
    }
}

std::size_t KeyedSlots::chain_of(std::size_t hash) const noexcept {
    // std::hash of a number is that number: spread it
    const std::uint64_t spread = std::uint64_t{hash} * 0x9E3779B97F4A7C15U;
    return chain_bits_ == 0 ? 0 : static_cast<std::size_t>(spread >> (64U - chain_bits_));
}

KeyedSlots::Place KeyedSlots::add(std::optional<std::size_t> hash) noexcept {
    const Place place = free_;
    Link& link = links_[place];
    free_ = link.next;
    link.has_key = hash.has_value();
    if (hash) {
        link.hash = *hash;
        link.next_in_chain = std::exchange(chains_[chain_of(*hash)], place);
    }
    append(place);
    return place;
}

void KeyedSlots::remove(Place place) noexcept {
    Link& link = links_[place];
    if (link.has_key) {
        Place* next = &chains_[chain_of(link.hash)];
        while (*next != place) next = &links_[*next].next_in_chain;
        *next = link.next_in_chain;
    }
    unlink(place);
    link.next = std::exchange(free_, place);
}

void KeyedSlots::move_to_back(Place place) noexcept {
    unlink(place);
    append(place);
}

void KeyedSlots::append(Place place) noexcept {
    links_[place].previous = newest_;
    links_[place].next = none;
    (newest_ != none ? links_[newest_].next : oldest_) = place;
    newest_ = place;
}

void KeyedSlots::unlink(Place place) noexcept {
    const Link& link = links_[place];
    (link.previous != none ? links_[link.previous].next : oldest_) = link.next;
    (link.next != none ? links_[link.next].previous : newest_) = link.previous;
}

}  // namespace event::detail
