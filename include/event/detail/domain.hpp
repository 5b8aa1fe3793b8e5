#pragma once

#include <event/detail/lock.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

/// Lock order of the whole library, outermost first:
///
///     the bus's mutex (registration) → one domain's lock → a payload pool's lock
///
/// Two domains are locked together only while they are merged, which needs the bus's mutex, and where a topic tells the
/// value that counts its subscribers, which never is in a domain with others. The mutex of a `ContextService` is never
/// held together with any of them. User code runs under none of them.

namespace event::detail {

class DomainMember;

/// The topics that some subscription sees together: one lock and one sequence for all that happens to them. This is
/// the one place where the order of events is decided.
struct Domain {
    Domain() = default;
    Domain(const Domain&) = delete;
    Domain& operator=(const Domain&) = delete;

    Lock lock;
    // guarded by lock
    std::uint64_t sequence = 0;  // of the last event
    std::uint64_t arrivals = 0;  // emits that had to wait, ever

    // guarded by the bus's mutex
    DomainMember* members = nullptr;
    std::size_t size = 0;
};

/// A topic as its domain sees it: born in a domain of its own, moved to another when the two are merged. A domain
/// that was merged away lives on, empty, inside the topic that brought it: who has just locked it finds the topic
/// gone and looks again.
class DomainMember {
public:
    DomainMember() noexcept : domain_(&own_) {
        own_.members = this;
        own_.size = 1;
    }
    DomainMember(const DomainMember&) = delete;
    DomainMember& operator=(const DomainMember&) = delete;

    /// Makes one domain of two: the smaller joins the larger, and the sequence goes on from the larger number. Needs
    /// the bus's mutex. Domains never part again.
    static void merge(DomainMember& left, DomainMember& right) noexcept;

protected:
    ~DomainMember() = default;

    /// Under the domain's lock.
    [[nodiscard]] std::uint64_t next_arrival() noexcept { return ++domain_.load(std::memory_order_relaxed)->arrivals; }

private:
    friend class DomainGuard;

    Domain own_;
    std::atomic<Domain*> domain_;             // written under the locks of the old and the new domain
    DomainMember* next_in_domain_ = nullptr;  // guarded by the bus's mutex
};

/// Holds the lock of the domain that a topic belongs to.
class DomainGuard {
public:
    explicit DomainGuard(const DomainMember& topic) noexcept {
        for (;;) {
            domain_ = topic.domain_.load(std::memory_order_acquire);
            domain_->lock.lock();
            if (topic.domain_.load(std::memory_order_relaxed) == domain_) [[likely]]
                return;
            domain_->lock.unlock();
        }
    }
    ~DomainGuard() {
        if (domain_ != nullptr) domain_->lock.unlock();
    }
    DomainGuard(const DomainGuard&) = delete;
    DomainGuard& operator=(const DomainGuard&) = delete;

    void unlock() noexcept {
        domain_->lock.unlock();
        domain_ = nullptr;
    }

    [[nodiscard]] std::uint64_t next_sequence() noexcept { return ++domain_->sequence; }

private:
    Domain* domain_ = nullptr;
};

}  // namespace event::detail
