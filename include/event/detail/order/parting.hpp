#pragma once

#include <event/detail/order/domain.hpp>

#include <cstddef>

namespace event::detail {

/// Finds out which topics of a domain still have to share it, and gives the others domains of their own. Exists under
/// the bus's mutex, while nobody merges: so no topic comes to the domain, or leaves it, meanwhile.
class Parting {
public:
    /// Of the domain of that one: nothing ties its topics yet.
    explicit Parting(const DomainMember& one) noexcept;
    Parting(const Parting&) = delete;
    Parting& operator=(const Parting&) = delete;

    [[nodiscard]] bool concerns(const DomainMember& member) const noexcept {
        return member.domain_.load(std::memory_order_relaxed) == &domain_;
    }
    /// The two stay together. Whether nothing has said so before.
    bool tie(DomainMember& left, DomainMember& right) noexcept;
    /// Whether all stay together.
    [[nodiscard]] bool is_whole() const noexcept { return groups_ <= 1; }
    /// Those who are tied to who brought the domain keep it; each other group moves to that of one of its own. Their
    /// sequences go on. Gets its turn at the lock as an emit does. (In tests/protocol/parking.pml: `Registration`.)
    void part() noexcept;

private:
    /// The one of a group that stands for all of it.
    [[nodiscard]] static DomainMember& leader_of(DomainMember& member) noexcept;

    Domain& domain_;
    DomainMember* owner_ = nullptr;
    std::size_t groups_ = 0;
};

}  // namespace event::detail
