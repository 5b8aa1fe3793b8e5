#include <event/detail/order/aftermath.hpp>
#include <event/detail/queue/mailbox.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <utility>

namespace event::detail {

void Aftermath::notify(Mailbox& mailbox) noexcept {
    static_assert(alignof(Mailbox) > has_failed);
    mailbox.next_slow = reinterpret_cast<Mailbox*>(unusual_ & ~has_failed);
    unusual_ = reinterpret_cast<std::uintptr_t>(&mailbox) | (unusual_ & has_failed);
}

void Aftermath::fail() noexcept {
    if ((unusual_ & has_failed) != 0) return;
    ::new (&failure_.exception) std::exception_ptr(std::current_exception());
    unusual_ |= has_failed;
}

void Aftermath::wake_all() noexcept {
    last_op_ = nullptr;
    for (ParkedOp* op = std::exchange(first_op_, nullptr); op != nullptr;) {
        ParkedOp* next = op->next;  // the operation may be gone as soon as it is posted
        op->wake();
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
    for (auto* mailbox = reinterpret_cast<Mailbox*>(unusual & ~has_failed); mailbox != nullptr;) {
        Mailbox* next = std::exchange(mailbox->next_slow, nullptr);
        try {
            mailbox->call_back();
        } catch (...) {
            if (!first) first = std::current_exception();
        }
        mailbox = next;
    }
    if (first) std::rethrow_exception(first);
}

}  // namespace event::detail
