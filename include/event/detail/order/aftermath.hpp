#pragma once

#include <event/detail/event/payload.hpp>
#include <event/detail/wait/parked_op.hpp>

#include <boost/asio/execution_context.hpp>

#include <cstdint>
#include <exception>
#include <utility>

namespace event::detail {

class Core;
class Mailbox;

/// What is left to do once the domain's lock is released: operations to wake, payloads to destroy, slow subscribers
/// to call, what filters have asked to end. The lists are threaded through the objects themselves, so that nothing is
/// allocated under the lock.
class Aftermath {
public:
    Aftermath() = default;
    Aftermath(const Aftermath&) = delete;
    Aftermath& operator=(const Aftermath&) = delete;

    /// Under the lock. `op` may be null.
    void wake(ParkedOp* op) noexcept {
        if (op == nullptr || ((unusual_ & only_ends_flag) != 0 && !op->pin())) return;
        append(op);
    }
    /// Under the lock: wakes what others that only end something would wake, as they do.
    void wake_pinned(Aftermath& others) noexcept;
    void wake_all(WaitList& waiting) noexcept {
        while (ParkedOp* op = waiting.front()) wake(op->claim());
    }
    /// Under the lock: gives up references to a payload, and destroys it later if they were the last.
    void drop(PayloadBase& payload, std::uint32_t references = 1) noexcept {
        if (payload.drop_references(references)) payload.next = std::exchange(doomed_, &payload);
    }
    /// Under the lock. The list holds a reference of its own to the mailbox.
    void notify(Mailbox& mailbox) noexcept;
    /// Under the lock, in a handler of an exception that a filter has thrown: the first one is kept.
    void fail() noexcept;
    [[nodiscard]] bool has_thrown() const noexcept { return (unusual_ & has_failed) != 0; }
    /// No emit, whose caller sees to it that no context dies on which a receiver waits: operations are woken maybe
    /// while their context dies elsewhere.
    void only_ends() noexcept { unusual_ |= only_ends_flag; }
    /// A filter ends that context: destroys what was to be woken there.
    void destroy_waiting_on(const boost::asio::execution_context& context) noexcept;
    /// A filter has asked for what can only be done after it.
    void run_deferred() noexcept { unusual_ |= has_deferred; }

    /// Without the lock. Throws what the first filter or callback that failed has thrown, after all is done.
    [[gnu::always_inline]] void settle() {
        if (first_op_ != nullptr) wake_listed();
        if (doomed_ != nullptr) dispose_all();
        if ((unusual_ & ~pinning_flags) != 0) [[unlikely]]
            settle_unusual();
    }

private:
    void append(ParkedOp* op) noexcept {
        op->next = nullptr;
        (last_op_ != nullptr ? last_op_->next : first_op_) = op;
        last_op_ = op;
    }
    [[nodiscard]] bool is_pinned(ParkedOp& op) const noexcept {
        return (unusual_ & pinning_flags) != 0 && ((unusual_ & only_ends_flag) != 0 || op.is_pinned);
    }
    [[nodiscard]] ParkedOp* take_back(const boost::asio::execution_context& context) noexcept;
    void wake_listed() noexcept;
    void dispose_all() noexcept;
    void settle_unusual();

    static constexpr std::uintptr_t has_failed = 1;
    static constexpr std::uintptr_t has_deferred = 2;
    static constexpr std::uintptr_t only_ends_flag = 4;    // all that are woken are pinned
    static constexpr std::uintptr_t some_pinned_flag = 8;  // some are
    static constexpr std::uintptr_t pinning_flags = only_ends_flag | some_pinned_flag;
    static constexpr std::uintptr_t flags = has_failed | has_deferred | pinning_flags;

    ParkedOp* first_op_ = nullptr;
    ParkedOp* last_op_ = nullptr;
    PayloadBase* doomed_ = nullptr;
    std::uintptr_t unusual_ = 0;  // the first of the slow mailboxes, and flags
    union Failure {               // there if has_failed: who has none does not pay for it
        Failure() noexcept {}
        ~Failure() {}
        std::exception_ptr exception;
    } failure_;
};

/// Ends something, under the lock that `Guard` takes of `lockable`, and does what that has left to do.
template <class Guard, class Lockable, class End>
void end_under(Lockable& lockable, End&& end) {
    Aftermath after;
    after.only_ends();
    {
        const Guard guard(lockable);
        end(after);
    }
    after.settle();
}

/// What a callback throws has no caller to go to but whoever runs the bus's context: an initiation must not throw once
/// the event is out, and a completion is not the callback's.
void settle_or_post(Aftermath& after, const Core& core) noexcept;

}  // namespace event::detail
