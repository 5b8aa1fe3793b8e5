#include <event/detail/order/aftermath.hpp>
#include <event/detail/order/domain.hpp>
#include <event/detail/order/key_index.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>

namespace event::detail {

// ---- one index --------------------------------------------------------------------------------------------------

KeyIndex::Chains KeyIndex::chains_for(std::size_t keys) {
    const std::size_t count = std::bit_ceil(std::max<std::size_t>(keys, 2));
    return {std::make_unique<Chain[]>(count), count};
}

KeyIndex::Chain& KeyIndex::chain_of(std::size_t hash) const noexcept {
    // std::hash of a number is that number: spread it
    const std::uint64_t spread = std::uint64_t{hash} * 0x9E3779B97F4A7C15U;
    return chains_.of[spread >> (64U - static_cast<unsigned>(std::countr_zero(chains_.count)))];
}

void KeyIndex::use(Chains& larger) noexcept {
    std::swap(chains_, larger);
    for (std::size_t i = 0; i < larger.count; ++i)
        while (ChosenKey* key = larger.of[i].pop_front()) chain_of(key->hash).push_back(*key);
}

bool ChosenKeys::are_of(const std::byte* event) const {
    FoundKeys found;
    index_->find(event, found);
    for (const ChosenKey* key = found.first; key != nullptr; key = key->next_found)
        if (&key->owner == this) return true;
    return false;
}

// ---- those of a topic -------------------------------------------------------------------------------------------

void KeyedSinks::reserve(ChosenKeys& keys, const DomainMember& topic, Aftermath& after) {
    std::size_t wanted = 0;
    {
        const DomainGuard guard(topic);
        if (indexes_.empty()) return;
        try {
            const UserCode code(topic, after);
            for (KeyIndex& index : indexes_) {
                if (!index.is_same(*keys.index_)) continue;
                keys.other_ = index.shared_from_this();
                break;
            }
        } catch (...) {
            return after.fail();
        }
        if (!keys.other_ || keys.other_->has_room_for(keys.other_->size() + keys.size())) return;
        wanted = 2 * (keys.other_->size() + keys.size());
    }
    // The bus's mutex keeps everybody else from adding, so what is reserved here stays.
    KeyIndex::Chains larger = KeyIndex::chains_for(wanted);
    const DomainGuard guard(topic);
    keys.other_->use(larger);
}

void KeyedSinks::add(ChosenKeys& keys, Mailbox& mailbox) noexcept {
    if (keys.other_) {
        for (ChosenKey* key = keys.first_; key != nullptr; key = key->next_of_owner) {
            keys.index_->remove(*key);
            keys.other_->add(*key);
        }
        std::swap(keys.index_, keys.other_);
    }
    if (!keys.index_->is_linked()) indexes_.push_back(*keys.index_);
    keys.mailbox_ = &mailbox;
    ++count_;
}

void KeyedSinks::remove(ChosenKeys& keys) noexcept {
    for (ChosenKey* key = keys.first_; key != nullptr; key = key->next_of_owner) keys.index_->remove(*key);
    if (keys.index_->is_empty()) keys.index_->unlink();
    keys.mailbox_ = nullptr;
    --count_;
}

FoundKeys KeyedSinks::find(const std::byte* event, const DomainMember& topic, Aftermath& after,
                           bool is_emitted) noexcept {
    FoundKeys found;
    const UserCode code(topic, after);
    for (KeyIndex& index : indexes_) {
        const FoundKeys before = found;
        try {
            index.find(event, found);
        } catch (...) {
            found = before;
            if (is_emitted) after.fail();
        }
    }
    return found;
}

}  // namespace event::detail
