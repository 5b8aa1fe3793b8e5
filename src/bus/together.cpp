#include <event/detail/bus/bus_core.hpp>
#include <event/detail/order/parting.hpp>

#include <algorithm>

/// Which topics of a bus share a domain: all that a subscription sees together, and all that are retained, as long as
/// that is so.

namespace event::detail {

bool BusCore::are_together(std::span<Subject* const> members) {
    Subject& first = *members.front();
    if (std::all_of(members.begin(), members.end(),
                    [&](const Subject* other) { return other->is_together_with(first); }))
        return true;
    const bool is_given_back = !UserCode::runs();  // a filter might not get it again
    ++merging_;
    if (is_given_back) mutex_.unlock();
    for (const Subject* member : members) DomainMember::merge(first, *member);
    if (is_given_back) mutex_.lock();
    --merging_;
    loosen(first);  // it may not register after all; and if it does, it is found out what it ties
    return false;
}

void BusCore::untie(Tie& tie) noexcept {
    tie.unlink();
    if (tie.is_needed) loosen(*tie.mailbox.listings().front().subject);
}

void BusCore::part_loose() noexcept {
    if (merging_ != 0 || UserCode::runs()) return;
    while (Subject* one = loose_.pop_front()) part(*one);
}

void BusCore::part(Subject& one) noexcept {
    Parting parting(one);
    if (retained_ != nullptr && parting.concerns(*retained_)) {
        retained_ = nullptr;
        for (const auto& topic : topics_) {
            if (!topic->is_retained()) continue;
            if (retained_ != nullptr) parting.tie(*retained_, *topic);
            retained_ = topic.get();
        }
    }
    // The newest first, and no more than it takes: so where many hold the same together, and go one after the other,
    // few of them are needed, and what is looked at is found soon. One that was killed still counts: it is taken from
    // the bus when its handle closes it.
    for (Tie& tie : ties_) {
        if (parting.is_whole()) return;
        Mailbox& mailbox = tie.mailbox;
        Subject& home = *mailbox.listings().front().subject;
        if (!parting.concerns(home)) continue;
        tie.is_needed = false;
        for (const Listing& listing : mailbox.listings()) tie.is_needed |= parting.tie(home, *listing.subject);
        if (!mailbox.is_erased()) continue;
        for (const Binding& binding : mailbox.bindings()) tie.is_needed |= parting.tie(home, *binding.topic);
    }
    if (!parting.is_whole()) parting.part();
}

}  // namespace event::detail
