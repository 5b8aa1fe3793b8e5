#include <event/detail/order/history.hpp>

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace event::detail {

History::History(const EventType& type, std::unique_ptr<RetainedKey> key, std::size_t keys, bool forgets_oldest)
    : type_(type), key_(std::move(key)), most_(keys), forgets_oldest_(forgets_oldest), slots_(stride, true) {
    if (keys == 0) throw std::invalid_argument("event: retain_by: there must be room for at least one key");
    make_slots();
}

History::History(const EventType& type, std::size_t last)
    : type_(type), most_(last), forgets_oldest_(true), slots_(stride, false) {
    make_slots();
}

void History::make_slots() { slots_.use(std::unique_ptr<std::byte[]>(new std::byte[slots_.bytes(most_)]), most_); }

History::~History() {
    for (Place place = slots_.oldest(); place != none; place = slots_.after(place)) payload(place).release();
}

bool History::is_like(const History& other) const {
    const bool both_keyed = key_ && other.key_;
    return most_ == other.most_ && forgets_oldest_ == other.forgets_oldest_ &&
           (both_keyed ? key_->is_like(*other.key_) : !key_ && !other.key_);
}

const std::byte* History::event_in(Slot& slot) const noexcept {
    return type_.is_inline ? static_cast<const std::byte*>(type_.value(*slot.payload())) : slot.storage();
}

History::Decision History::decide(const std::byte* event) const {
    if (!key_) return {.action = Action::keep};
    Decision decision;
    decision.hash = key_->hash(event);
    decision.place = slots_.find(*decision.hash, [&](Slot& kept) { return key_->is_same(event_in(kept), event); });
    const bool is_known = decision.place != none;
    if (!is_known && !key_->is_same(event, event)) return {};  // not a number: nothing could ever replace or remove it
    if (key_->removes(event)) {
        decision.action = is_known ? Action::forget : Action::nothing;
    } else {
        decision.action = is_known || forgets_oldest_ || size() < most_ ? Action::keep : Action::refuse;
    }
    return decision;
}

void History::carry_out(const Decision& decision, const SlotTag& tag, Moment emitted_at, PayloadBase& payload,
                        Aftermath& after) noexcept {
    if (decision.place != none) remove(decision.place, after);
    if (decision.action != Action::keep) return after.drop(payload);
    if (size() == most_) remove(slots_.oldest(), after);
    PayloadBase* const kept = &payload;
    slots_.add(decision.hash, tag, OfferedEvent(kept));
    slots_[slots_.newest()].set_stamp(stride, emitted_at);
}

bool History::forget(const GivenKey& key, Aftermath& after) {
    if (!key_) return false;
    const std::optional<std::size_t> hash = key_->hash(key);
    if (!hash)
        throw std::invalid_argument(
            fmt::format("event: the events of {} are not retained by a key of that type", type_.label()));
    const Place place = slots_.find(*hash, [&](Slot& kept) { return key_->is_of(key, event_in(kept)); });
    if (place != none) remove(place, after);
    return place != none;
}

void History::clear(Aftermath& after) noexcept {
    while (slots_.oldest() != none) remove(slots_.oldest(), after);
}

void History::remove(Place place, Aftermath& after) noexcept {
    after.drop(payload(place));
    slots_.remove(place);
}

}  // namespace event::detail
