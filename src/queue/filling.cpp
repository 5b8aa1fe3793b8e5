#include <event/detail/order/topic.hpp>
#include <event/detail/queue/mailbox.hpp>

#include <algorithm>
#include <optional>

/// How a queue fills where a push has to look at more than the next place of a ring.

namespace event::detail {

Pushed Mailbox::push_specially(std::uint16_t type, const OfferedEvent& event, const Offer& offer,
                               bool replayed) noexcept {
    if (has_ended()) return Pushed::gone;
    const bool is_wanted = !refinement_ || (!refinement_->has_filter() && !refinement_->excludes(offer.origin));
    if (is_wanted && !linked_ && !slow_.measures_age() && full_limit() == nullptr && !replayed) {
        const Pushed pushed = make_room(type, offer);
        if (pushed != Pushed::queued) return pushed;
        append_specially(tag_of(type, offer), event, offer);
        if (timings_ || refinement_) wake_at_next();  // each of them is stamped, or asked whose it is
        wake_receiver(offer.after);
        return pushed;
    }
    wake_at_next();
    const bool is_empty = reader_.count.load(std::memory_order_acquire) == tail();
    if (is_empty) slow_.end_episodes();
    if (refinement_) {
        try {
            const Pushed said = ask(type, event, offer, replayed);
            if (said == Pushed::rejected) ++rejected_;
            if (said != Pushed::queued) return said;
        } catch (...) {
            offer.after.fail();
            ++rejected_;
            return Pushed::rejected;
        }
    }
    if (slow_.measures_age()) tell_if(slow_.note_age(is_empty, type), offer.after);
    SlotTag tag = tag_of(type, offer);
    if (replayed) tag.set_replay();
    // what takes another's place leaves a queue full that was full
    const bool may_fill = full_limit() != nullptr && policy_ == Policy::kill && !is_full();
    Pushed pushed = Pushed::queued;
    if (linked_) {
        pushed = push_linked(event, tag, offer);
        if (timings_ && pushed <= Pushed::displaced) (*linked_)[linked_->newest()].set_stamp(stride_, offer.emitted_at);
    } else {
        if (!replayed) pushed = make_room(type, offer);
        if (pushed != Pushed::queued) return pushed;
        append_specially(tag, event, offer);
        if (replayed) replay_end_ = high_water_ = tail();
    }
    if (pushed > Pushed::displaced) return pushed;
    if (may_fill && is_full()) full_limit()->note_full();
    wake_at_next();
    wake_receiver(offer.after);
    return pushed;
}

void Mailbox::replay(std::uint16_t type, const OfferedEvent& event, const Offer& offer) noexcept {
    if (push_specially(type, event, offer, true) > Pushed::displaced && event.is_shared)
        offer.after.drop(*event.payload());
}

SlotTag Mailbox::tag_of(std::uint16_t type, const Offer& offer) const noexcept {
    SlotTag tag(type, offer.sequence, offer.origin);
    if (timings_) tag.set_stamped();
    return tag;
}

void Mailbox::append_specially(SlotTag tag, const OfferedEvent& event, const Offer& offer) noexcept {
    tag.set_missed(std::exchange(gap_, 0));
    if (timings_) writer_.slot().set_stamp(stride_, offer.emitted_at);
    append(tag, event);
}

Pushed Mailbox::ask(std::uint16_t type, const OfferedEvent& event, const Offer& offer, bool replayed) const {
    if (const ChosenKeys* keys = replayed ? refinement_->chosen(type) : nullptr) {  // others are offered by key
        const UserCode key(home(), offer.after);
        if (!keys->are_of(event.bytes)) return Pushed::gone;
    }
    if (refinement_->excludes(offer.origin)) return Pushed::rejected;
    if (!refinement_->has_filter()) return Pushed::queued;
    const UserCode filter(home(), offer.after);
    const bool is_old = replayed || offer.origin.is_old();
    const Meta meta{offer.sequence, gap_, is_old, offer.origin.id(), offer.emitted_at, offer.origin.is_relayed()};
    return refinement_->accepts(type, event.bytes, meta) ? Pushed::queued : Pushed::rejected;
}

// ---- linked slots -----------------------------------------------------------------------------------------------

Pushed Mailbox::push_linked(const OfferedEvent& event, SlotTag tag, const Offer& offer) noexcept {
    using Merged = Refinement::Merged;
    const std::uint16_t type = tag.index();
    if (!linked_->has_memory() && !make_memory(false)) return refuse(type, offer.after);
    std::optional<std::size_t> hash;
    LinkedSlots::Place place = LinkedSlots::none;
    Merged merged = Merged::unasked;
    alignas(std::max_align_t) std::byte both[most_inline_bytes];
    OfferedEvent made = event;  // what takes the place
    if (policy_ == Policy::latest) {
        hash = type;
        place = linked_->find(*hash, [](const Slot&) { return true; });
    } else if (refinement_ && refinement_->has_keys()) {
        try {
            const UserCode code(home(), offer.after);
            hash = refinement_->hash(type, event.bytes);
            if (hash) {
                place = linked_->find(*hash, [&](Slot& queued) {
                    return queued.tag.index() == type && refinement_->same_key(type, queued.storage(), event.bytes);
                });
            }
            if (place != LinkedSlots::none)
                merged = refinement_->merge(type, (*linked_)[place].storage(), event.bytes, both);
            if (merged == Merged::event) {
                made.bytes = both;
                hash = refinement_->hash(type, both);  // a merge may change the key
            }
        } catch (...) {
            if (made.bytes == both && made.is_shared) offer.after.drop(*made.payload());
            offer.after.fail();
            ++rejected_;
            return Pushed::rejected;
        }
    }
    if (place != LinkedSlots::none) {
        if (made.bytes == both && event.is_shared) offer.after.drop(*event.payload());
        return replace(place, *hash, made, tag, merged == Merged::nothing, offer.after);
    }

    Pushed pushed = Pushed::queued;
    const auto is_promised = [&] {
        const Turn* first = line_.front();
        if (first == nullptr || first->emit == offer.turn) return false;
        return offer.turn == nullptr || !offer.turn->may_take_room(line_, capacity_ - linked_->new_events());
    };
    if (!tag.is_replay() && (!has_room() || is_promised())) {
        if (policy_ != Policy::drop_oldest) return overflow(type, offer);
        ++lost_;
        remove(linked_->oldest_new(), offer.after);
        pushed = Pushed::displaced;
    }
    tag.set_missed(std::exchange(gap_, 0));
    linked_->add(hash, tag, event);
    writer_.count_one();
    high_water_ = std::max(high_water_, tail() - reader_.own_count());
    return pushed;
}

Pushed Mailbox::replace(LinkedSlots::Place place, std::size_t hash, const OfferedEvent& event, SlotTag tag,
                        bool leaves_nothing, Aftermath& after) noexcept {
    ++lost_;
    if (leaves_nothing) {
        ++rejected_;
        remove(place, after);
        offer_turn(after);
        return Pushed::merged_away;
    }
    Slot& slot = (*linked_)[place];
    tag.set_missed(std::exchange(gap_, 0) + slot.tag.missed() + 1);
    if (slot.tag.is_shared()) after.drop(*slot.payload());
    linked_->replace(place, hash, tag, event);
    return Pushed::displaced;
}

void Mailbox::remove(LinkedSlots::Place place, Aftermath& after) noexcept {
    Slot& slot = (*linked_)[place];
    const std::uint64_t missed = slot.tag.missed() + 1;
    if (const auto next = linked_->after(place); next != LinkedSlots::none) {
        SlotTag& tag = (*linked_)[next].tag;
        tag.set_missed(tag.missed() + missed);
    } else {
        gap_ += missed;
    }
    if (slot.tag.is_shared()) after.drop(*slot.payload());
    linked_->remove(place);
    ++removed_;
    reader_.count_one();
    tell_progress(after);
}

bool Mailbox::has_room() const noexcept { return linked_->new_events() < capacity_; }

bool Mailbox::is_full() const noexcept {
    if (linked_) return !has_room();
    return tail() >= std::max(reader_.count.load(std::memory_order_acquire), replay_end_) + capacity_;
}

// ---- a full queue -----------------------------------------------------------------------------------------------

Pushed Mailbox::make_room(std::uint16_t type, const Offer& offer) noexcept {
    if (has_ended()) return Pushed::gone;
    const std::uint64_t tail = this->tail();
    const std::uint64_t head = reader_.count.load(std::memory_order_acquire);
    if (head == tail) slow_.end_episodes();
    if (!writer_.has_memory() && !make_memory(false)) [[unlikely]]
        return refuse(type, offer.after);
    const std::uint64_t end = std::max(head, replay_end_) + capacity_;
    if (tail >= end) return overflow(type, offer);
    high_water_ = std::max(high_water_, tail + 1 - head);
    limit_ = std::min(end, head + high_water_);
    // an episode ends when the queue has been empty, which only a look at the reader's end can tell
    if (slow_.is_open(SlowNotifier::Reason::loss)) limit_ = tail + 1;
    return Pushed::queued;
}

Pushed Mailbox::overflow(std::uint16_t type, const Offer& offer) noexcept {
    if (policy_ != Policy::kill) return refuse(type, offer.after);
    if (has_ended()) return Pushed::gone;
    if (const FullLimit* limit = full_limit(); limit != nullptr && !limit->is_over()) return refuse(type, offer.after);
    is_killed_by_last_ = last_sequence() == offer.sequence;
    end(State::killed, offer.after);
    return is_killed_by_last_ ? Pushed::killed_twice : Pushed::killed;
}

std::uint64_t Mailbox::last_sequence() const noexcept {
    if (linked_) return linked_->newest() != LinkedSlots::none ? (*linked_)[linked_->newest()].tag.sequence() : 0;
    if (tail() == reader_.count.load(std::memory_order_acquire)) return 0;
    const std::byte* last = slots_.get() + (tail() - 1) % slot_count_ * stride_;
    return static_cast<const Slot*>(static_cast<const void*>(last))->tag.sequence();
}

std::uint64_t Mailbox::miss(std::uint64_t events, Origin of) noexcept {
    if (has_ended() || (refinement_ && refinement_->excludes(of))) return 0;
    lost_ += events;
    gap_ += events;
    wake_at_next();  // the next one tells of it
    return events;
}

Pushed Mailbox::refuse(std::uint16_t type, Aftermath& after) noexcept {
    ++lost_;
    ++gap_;
    wake_at_next();
    if (reader_.count.load(std::memory_order_acquire) == tail()) slow_.end_episodes();
    if (policy_ == Policy::notify || policy_ == Policy::wait)
        tell_if(slow_.open(SlowNotifier::Reason::loss, type), after);
    return Pushed::refused;
}

void Mailbox::tell_if(bool is_due, Aftermath& after) noexcept {
    if (!is_due) return;
    add_reference();
    after.notify(*this);
}

}  // namespace event::detail
