#pragma once

#include <event/detail/parked_op.hpp>
#include <event/detail/payload.hpp>

#include <utility>

namespace event::detail {

class Mailbox;

/// What is left to do once the domain's lock is released: operations to wake, payloads to destroy, slow subscribers
/// to call. The lists are threaded through the objects themselves, so that nothing is allocated under the lock.
class Aftermath {
public:
    Aftermath() = default;
    Aftermath(const Aftermath&) = delete;
    Aftermath& operator=(const Aftermath&) = delete;

    /// Under the lock. `op` may be null.
    void wake(ParkedOp* op) noexcept {
        if (op == nullptr) return;
        op->next = nullptr;
        (last_op_ != nullptr ? last_op_->next : first_op_) = op;
        last_op_ = op;
    }
    /// Under the lock: gives up references to a payload, and destroys it later if they were the last.
    void drop(PayloadBase& payload, std::uint32_t references = 1) noexcept {
        if (payload.drop_references(references)) payload.next = std::exchange(doomed_, &payload);
    }
    /// Under the lock. The list holds a reference of its own to the mailbox.
    void notify(Mailbox& mailbox) noexcept;

    /// Without the lock. Throws what the first callback that failed has thrown, after all is done.
    void settle() {
        if (first_op_ != nullptr) wake_all();
        if (doomed_ != nullptr) dispose_all();
        if (slow_ != nullptr) [[unlikely]]
            notify_all();
    }

private:
    void wake_all() noexcept;
    void dispose_all() noexcept;
    void notify_all();

    ParkedOp* first_op_ = nullptr;
    ParkedOp* last_op_ = nullptr;
    PayloadBase* doomed_ = nullptr;
    Mailbox* slow_ = nullptr;
};

}  // namespace event::detail
