#pragma once

#include <event/detail/order/lock.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>

/// Lock order of the whole library, outermost first:
///
///     the bus's mutex (registration) → one domain's lock → a payload pool's lock
///
/// Two domains are locked together only while they are merged, which needs the bus's mutex, and where a topic tells the
/// value that counts its subscribers, which never is in a domain with others. The mutex of a `ContextService` is never
/// held together with any of them. User code runs under none of them, but for filters and keys, which decide what comes
/// into a queue: `UserCode`.

namespace event::detail {

class Core;
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

    /// The thread that runs a user's code under the lock, if one does.
    std::atomic<std::thread::id> user_code{};

    /// Waits for the lock. On a thread that runs a user's code under a lock, throws `boost::system::system_error`
    /// (`resource_deadlock_would_occur`) when such code runs under this one, too: the two could be the same, or wait
    /// for each other.
    void wait();
};

/// While it exists, this thread runs a user's code under the lock of a domain: what that code calls and could wait for
/// ever throws instead (and terminates the program where it is noexcept).
class UserCode {
public:
    /// Under the domain's lock.
    UserCode(const DomainMember& home, const Core& core) noexcept;
    UserCode(const UserCode&) = delete;
    UserCode& operator=(const UserCode&) = delete;
    ~UserCode();

    /// Whether this thread runs such code.
    [[nodiscard]] static bool runs() noexcept;
    [[noreturn]] static void refuse();
    /// Throws when such code of this core runs on this thread.
    static void refuse_in(const Core& core);

private:
    Domain& domain_;
    const Core* const core_;
    const UserCode* const outer_;
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
    friend class UserCode;

    Domain own_;
    std::atomic<Domain*> domain_;             // written under the locks of the old and the new domain
    DomainMember* next_in_domain_ = nullptr;  // guarded by the bus's mutex
};

/// Holds the lock of the domain that a topic belongs to.
class DomainGuard {
public:
    /// Throws as `Domain::wait`.
    [[gnu::always_inline]] explicit DomainGuard(const DomainMember& topic)
        : domain_(topic.domain_.load(std::memory_order_acquire)) {
        if (!domain_->lock.try_lock()) [[unlikely]]
            domain_->wait();
        if (topic.domain_.load(std::memory_order_relaxed) != domain_) [[unlikely]]
            follow(topic);
    }
    /// The same for an event on its way: should it throw, one reference to the payload is given up.
    template <class Payload>
    DomainGuard(const DomainMember& topic, Payload* payload) try : DomainGuard(topic) {
    } catch (...) {
        payload->release();
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
    /// To the domain that the topic has moved to.
    void follow(const DomainMember& topic);

    Domain* domain_;
};

}  // namespace event::detail
