#include <event/detail/queue/linked_slots.hpp>

#include <bit>
#include <limits>
#include <new>
#include <utility>

namespace event::detail {

std::size_t LinkedSlots::chains(std::size_t slots) const noexcept { return has_keys_ ? std::bit_ceil(slots) : 0; }

std::size_t LinkedSlots::bytes(std::size_t slots) const noexcept {
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
    if (slots >= none || slots > most / 2 / stride_) return most;
    return slots * stride_ + chains(slots) * sizeof(Place);
}

void LinkedSlots::use(std::unique_ptr<std::byte[]> memory, std::size_t slots) noexcept {
    memory_ = std::move(memory);
    slots_ = slots;
    free_ = none;
    for (std::size_t place = slots_; place-- > 0;) {
        ::new (static_cast<void*>(at(static_cast<Place>(place)))) Link{.next = free_};
        free_ = static_cast<Place>(place);
    }
    Place* chain = as<Place>(memory_.get() + slots_ * stride_);
    for (std::size_t i = 0; i < chains(slots_); ++i) ::new (static_cast<void*>(chain + i)) Place{none};
}

LinkedSlots::Place* LinkedSlots::chain_of(std::size_t hash) const noexcept {
    Place* chain = as<Place>(memory_.get() + slots_ * stride_);
    const auto bits = static_cast<unsigned>(std::countr_zero(chains(slots_)));
    // std::hash of a number is that number: spread it
    const std::uint64_t spread = std::uint64_t{hash} * 0x9E3779B97F4A7C15U;
    return bits == 0 ? chain : chain + (spread >> (64U - bits));
}

void LinkedSlots::add(std::optional<std::size_t> hash, const SlotTag& tag, const OfferedEvent& event) noexcept {
    const Place place = free_;
    Link& link = this->link(place);
    free_ = link.next;
    link.has_key = hash.has_value();
    if (hash) chain(place, *hash);
    append(place, tag, event);
}

void LinkedSlots::remove(Place place) noexcept {
    Link& link = this->link(place);
    if (link.has_key) unchain(place);
    unlink(place);
    link.next = std::exchange(free_, place);
}

void LinkedSlots::chain(Place place, std::size_t hash) noexcept {
    link(place).hash = hash;
    link(place).next_in_chain = std::exchange(*chain_of(hash), place);
}

void LinkedSlots::unchain(Place place) noexcept {
    Place* next = chain_of(link(place).hash);
    while (*next != place) next = &link(*next).next_in_chain;
    *next = link(place).next_in_chain;
}

void LinkedSlots::replace(Place place, std::size_t hash, const SlotTag& tag, const OfferedEvent& event) noexcept {
    if (link(place).hash != hash) {
        unchain(place);
        chain(place, hash);
    }
    unlink(place);
    append(place, tag, event);
}

void LinkedSlots::append(Place place, const SlotTag& tag, const OfferedEvent& event) noexcept {
    ::new (static_cast<void*>(&(*this)[place])) Slot;
    (*this)[place].store(tag, event);
    link(place).previous = newest_;
    link(place).next = none;
    (newest_ != none ? link(newest_).next : oldest_) = place;
    newest_ = place;
    if (tag.is_replay()) return;
    ++new_events_;
    if (oldest_new_ == none) oldest_new_ = place;
}

void LinkedSlots::unlink(Place place) noexcept {
    const Link& link = this->link(place);
    if (!(*this)[place].tag.is_replay()) --new_events_;
    if (oldest_new_ == place) oldest_new_ = link.next;
    (link.previous != none ? this->link(link.previous).next : oldest_) = link.next;
    (link.next != none ? this->link(link.next).previous : newest_) = link.previous;
}

}  // namespace event::detail
