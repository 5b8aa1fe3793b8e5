#pragma once

#include <event/detail/order/deferred.hpp>
#include <event/detail/order/lock.hpp>
#include <event/detail/thread.hpp>

#include <boost/asio/execution_context.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

/// Lock order of the whole library, outermost first:
///
///     the bus's mutex (registration) → one domain's lock → a payload pool's lock, or one of `Core`, `ContextRegistry`,
///                                                          `HandlersExecutor`, `Source` or `SlowLine`
///
/// Nothing is locked under one of the last ones. Two domains are locked together only while they are merged or parted,
/// and where a topic tells the value that counts its subscribers, which never is in a domain with others. User code
/// runs under none of them, but for filters and keys, which decide what comes into a queue: `UserCode`.

namespace event::detail {

class Aftermath;
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
    DomainMember* members = nullptr;
    std::size_t size = 0;
    Domain* next_parted = nullptr;  // while it is made

    /// Under both locks: what comes from the other one comes after all that was there.
    void go_on_from(const Domain& other) noexcept {
        sequence = std::max(sequence, other.sequence);
        arrivals = std::max(arrivals, other.arrivals);
    }

    /// The thread that holds the lock at a standstill, if one does.
    std::atomic<ThreadId> holder{nullptr};
    static constexpr std::int32_t nobody_may = -1;
    /// Those who read what is retained here at a standstill.
    std::atomic<std::int32_t> readers{nobody_may};

    [[nodiscard]] bool is_held_by_this_thread() const noexcept {
        return holder.load(std::memory_order_relaxed) == this_thread();
    }
    /// Waits for the lock. On a thread that runs a user's code under a lock, throws `boost::system::system_error`
    /// (`resource_deadlock_would_occur`) when such code runs under this one, too: the two could be the same, or wait
    /// for each other.
    void wait();
};

/// While it exists, who holds the domain's lock may wait for another thread: filters that need this lock do not wait
/// for it, and read what is retained here without it. Nothing here changes meanwhile.
class Standstill {
public:
    explicit Standstill(Domain& domain) noexcept;
    Standstill(const Standstill&) = delete;
    Standstill& operator=(const Standstill&) = delete;
    ~Standstill();

private:
    Domain& domain_;
};

/// While it exists, this thread runs a user's code under the lock of a domain: what that code calls and could wait for
/// ever throws instead, and what it closes ends when the emit is done.
class UserCode {
public:
    /// Under the domain's lock.
    UserCode(const DomainMember& home, Aftermath& after) noexcept;
    /// Whether this thread's filter may register with a bus now, which is not that of one of its filters: only one
    /// filter at a time may, where no other runs, and so it waits for nobody who could wait for it.
    [[nodiscard]] static bool begin_registering(const Core& bus) noexcept;
    static void end_registering() noexcept;
    UserCode(const UserCode&) = delete;
    UserCode& operator=(const UserCode&) = delete;
    ~UserCode();

    /// Whether this thread runs such code.
    [[nodiscard]] static bool runs() noexcept { return innermost_ != nullptr; }
    [[noreturn]] static void refuse();
    /// That context ends on this thread: nothing is woken there by the emits whose filters it runs.
    static void destroy_waiting_on(const boost::asio::execution_context& context) noexcept;

private:
    const Standstill standstill_;
    const Core& core_;
    Aftermath& after_;
    const UserCode* const outer_;

    static constinit thread_local const UserCode* innermost_;  // of this thread
};

/// A topic as its domain sees it: born in a domain of its own, moved to another when the two are merged, and maybe back
/// when they part. A domain that is in use is that of one of its members. One that was merged away lives on, empty,
/// inside the topic that brought it: who has just locked it finds the topic gone and looks again.
class DomainMember {
public:
    /// Of the core that it lives as long as.
    explicit DomainMember(Core& core) noexcept : core_(core), domain_(&own_) {
        own_.members = this;
        own_.size = 1;
    }
    DomainMember(const DomainMember&) = delete;
    DomainMember& operator=(const DomainMember&) = delete;

    [[nodiscard]] Core& core() const noexcept { return core_; }

    /// Whether somebody holds the lock at a standstill just now.
    [[nodiscard]] bool is_at_standstill() const noexcept {
        return domain_.load(std::memory_order_acquire)->holder.load(std::memory_order_relaxed) != nullptr;
    }
    /// Whether both share a domain: until somebody parts them, under the bus's mutex.
    [[nodiscard]] bool is_together_with(const DomainMember& other) const noexcept {
        return domain_.load(std::memory_order_acquire) == other.domain_.load(std::memory_order_acquire);
    }
    /// Makes one domain of two: the smaller joins the larger, and the sequence goes on from the larger number. Gets its
    /// turn at each lock as an emit does. No lock is held. (In tests/protocol/parking.pml: `Registration`.)
    static void merge(const DomainMember& left, const DomainMember& right) noexcept;

    /// Under the domain's lock: of the event that would come now.
    [[nodiscard]] std::uint64_t coming_sequence() const noexcept {
        return domain_.load(std::memory_order_relaxed)->sequence + 1;
    }

protected:
    ~DomainMember() = default;

    /// Under the domain's lock.
    [[nodiscard]] std::uint64_t next_arrival() const noexcept {
        return ++domain_.load(std::memory_order_relaxed)->arrivals;
    }

private:
    friend class CertainGuard;
    friend class DomainGuard;
    friend class Parting;
    friend class ReadGuard;
    friend class UserCode;

    /// Under the locks of both: from its old domain, whose list it has left, to this one.
    void move_to(Domain& into) noexcept;
    void list_in(Domain& domain) noexcept;

    Core& core_;
    Domain own_;
    mutable std::atomic<Domain*> domain_;     // written under the locks of the old and the new domain
    DomainMember* next_in_domain_ = nullptr;  // guarded by the domain's lock
    DomainMember* tied_to_ = nullptr;         // itself, or another one: see `Parting`
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
    ~DomainGuard() {
        if (domain_ != nullptr) domain_->lock.unlock();
    }
    DomainGuard(const DomainGuard&) = delete;
    DomainGuard& operator=(const DomainGuard&) = delete;

    void unlock() noexcept {
        domain_->lock.unlock();
        domain_ = nullptr;
    }
    /// Again, after `unlock`. Throws as `Domain::wait`.
    void lock(const DomainMember& topic);

    [[nodiscard]] std::uint64_t next_sequence() noexcept { return ++domain_->sequence; }
    [[nodiscard]] std::uint64_t sequence() const noexcept { return domain_->sequence; }

private:
    /// To the domain that the topic has moved to.
    void follow(const DomainMember& topic);

    Domain* domain_;
};

/// Holds the lock for what can be neither refused nor put off: an operation ends with its context, say. Where this
/// thread's filter runs under it, it is held already, and the filter stands still meanwhile; for another thread's
/// filter it waits.
class CertainGuard {
public:
    explicit CertainGuard(const DomainMember& topic) noexcept;
    CertainGuard(const CertainGuard&) = delete;
    CertainGuard& operator=(const CertainGuard&) = delete;
    ~CertainGuard() {
        if (domain_ != nullptr) domain_->lock.unlock();
    }

private:
    Domain* domain_ = nullptr;  // if it is this guard's to unlock
};

/// Lets a thread read what a topic retains: under the lock, or, where that is held for a filter, at its standstill. It
/// waits for nobody's code and never throws, whoever calls: a filter, too.
class ReadGuard {
public:
    explicit ReadGuard(const DomainMember& topic) noexcept : domain_(topic.domain_.load(std::memory_order_acquire)) {
        const bool is_locked = domain_->lock.try_lock();
        if (!is_locked || topic.domain_.load(std::memory_order_relaxed) != domain_) [[unlikely]]
            enter(topic, is_locked);
    }
    ReadGuard(const ReadGuard&) = delete;
    ReadGuard& operator=(const ReadGuard&) = delete;
    ~ReadGuard() { leave(); }

private:
    enum class Way : std::uint8_t { lock, standstill, own, none };  // own: this thread holds the lock already

    void enter(const DomainMember& topic, bool is_locked) noexcept;
    [[nodiscard]] Way try_enter() noexcept;
    void leave() noexcept {
        if (way_ == Way::lock) [[likely]] {
            domain_->lock.unlock();
        } else if (way_ == Way::standstill) {
            domain_->readers.fetch_sub(1, std::memory_order_release);
        }
    }

    Domain* domain_;
    Way way_ = Way::lock;
};

}  // namespace event::detail
