#include <event/detail/order/parting.hpp>

#include <atomic>
#include <cassert>
#include <mutex>
#include <utility>

namespace event::detail {

Parting::Parting(const DomainMember& one) noexcept : domain_(*one.domain_.load(std::memory_order_relaxed)) {
    for (DomainMember* member = domain_.members; member != nullptr; member = member->next_in_domain_) {
        member->tied_to_ = member;
        if (&member->own_ == &domain_) owner_ = member;
        ++groups_;
    }
    assert(owner_ != nullptr);
}

DomainMember& Parting::leader_of(DomainMember& member) noexcept {
    DomainMember* at = &member;
    while (at->tied_to_ != at) at = at->tied_to_ = at->tied_to_->tied_to_;  // halves the way for the next one
    return *at;
}

bool Parting::tie(DomainMember& left, DomainMember& right) noexcept {
    assert(concerns(left) && concerns(right));
    DomainMember& leader = leader_of(left);
    DomainMember& other = leader_of(right);
    if (&leader == &other) return false;
    other.tied_to_ = &leader;
    --groups_;
    return true;
}

void Parting::part() noexcept {
    const DomainMember& staying = leader_of(*owner_);
    const std::lock_guard guard(domain_.lock);
    // Nobody uses the new domains yet, and so what they have is this thread's.
    Domain* parted = nullptr;
    domain_.size = 0;
    for (DomainMember* next = std::exchange(domain_.members, nullptr); next != nullptr;) {
        DomainMember& member = *next;
        next = member.next_in_domain_;
        DomainMember& leader = leader_of(member);
        Domain& into = &leader == &staying ? domain_ : leader.own_;
        if (&into != &domain_ && into.members == nullptr) into.next_parted = std::exchange(parted, &into);
        member.list_in(into);
    }
    // A group moves as a whole: once one of it has moved, emits and filters run under the new lock, and this thread,
    // which holds the old one, must not wait for them. Until then only who has looked for its topic there long ago
    // holds that lock, and looks again.
    for (; parted != nullptr; parted = parted->next_parted) {
        const std::lock_guard guard_of_new(parted->lock);
        parted->go_on_from(domain_);
        for (DomainMember* member = parted->members; member != nullptr; member = member->next_in_domain_)
            member->move_to(*parted);
    }
}

}  // namespace event::detail
