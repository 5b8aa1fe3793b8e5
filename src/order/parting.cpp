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
    // Nobody merges, and so nobody holds one of those locks for longer than a look and then waits for this one. A group
    // may move piece by piece: who needs the others finds that they are here, and waits.
    const std::lock_guard guard(domain_.lock);
    domain_.size = 0;
    for (DomainMember* next = std::exchange(domain_.members, nullptr); next != nullptr;) {
        DomainMember& member = *next;
        next = member.next_in_domain_;
        DomainMember& leader = leader_of(member);
        if (&leader == &staying) {
            member.move_to(domain_);
            continue;
        }
        Domain& into = leader.own_;
        const std::lock_guard guard_of_new(into.lock);
        into.go_on_from(domain_);
        member.move_to(into);
    }
}

}  // namespace event::detail
