#include <event/detail/order/aftermath.hpp>
#include <event/detail/queue/mailbox.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <utility>

namespace event::detail {

void Aftermath::notify(Mailbox& mailbox) noexcept {
    static_assert(alignof(Mailbox) > flags);
    mailbox.next_slow = reinterpret_cast<Mailbox*>(unusual_ & ~flags);
    unusual_ = reinterpret_cast<std::uintptr_t>(&mailbox) | (unusual_ & flags);
}

void Aftermath::fail() noexcept {
    if ((unusual_ & has_failed) != 0) return;
    ::new (&failure_.exception) std::exception_ptr(std::current_exception());
    unusual_ |= has_failed;
}

void Aftermath::wake_listed() noexcept {
    last_op_ = nullptr;
    for (ParkedOp* op = std::exchange(first_op_, nullptr); op != nullptr;) {
        ParkedOp* next = op->next;  // the operation may be gone as soon as it is posted
        (unusual_ & only_ends_flag) != 0 ? op->wake_pinned() : op->wake();
        op = next;
    }
}

void Aftermath::dispose_all() noexcept {
    for (PayloadBase* payload = std::exchange(doomed_, nullptr); payload != nullptr;) {
        PayloadBase* next = payload->next;
        payload->dispose();
        payload = next;
    }
}

void Aftermath::settle_unusual() {
    const std::uintptr_t unusual = std::exchange(unusual_, 0);
    std::exception_ptr first;
    if ((unusual & has_failed) != 0) {
        first = std::move(failure_.exception);
        std::destroy_at(&failure_.exception);
    }
    for (auto* mailbox = reinterpret_cast<Mailbox*>(unusual & ~flags); mailbox != nullptr;) {
        Mailbox* next = std::exchange(mailbox->next_slow, nullptr);
        UserCode::runs() ? mailbox->tell() : mailbox->slow().run(*mailbox, first);
        mailbox = next;
    }
    if ((unusual & has_deferred) != 0) Deferred::run_all();
    if (first) std::rethrow_exception(first);
}

}  // namespace event::detail
