#include <event/detail/domain.hpp>

#include <algorithm>
#include <utility>

namespace event::detail {

void DomainMember::merge(DomainMember& left, DomainMember& right) noexcept {
    Domain* into = left.domain_.load(std::memory_order_relaxed);
    Domain* from = right.domain_.load(std::memory_order_relaxed);
    if (into == from) return;
    if (into->size < from->size) std::swap(into, from);

    into->lock.lock();
    from->lock.lock();
    into->sequence = std::max(into->sequence, from->sequence);
    into->arrivals = std::max(into->arrivals, from->arrivals);
    DomainMember* last = from->members;
    for (DomainMember* member = from->members; member != nullptr; member = member->next_in_domain_) {
        member->domain_.store(into, std::memory_order_release);
        last = member;
    }
    from->lock.unlock();
    into->lock.unlock();

    last->next_in_domain_ = std::exchange(into->members, std::exchange(from->members, nullptr));
    into->size += std::exchange(from->size, 0);
}

}  // namespace event::detail
