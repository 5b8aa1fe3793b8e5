#include <event/detail/bus/core.hpp>
#include <event/detail/order/aftermath.hpp>
#include <event/detail/queue/mailbox.hpp>

#include <boost/asio/post.hpp>

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

void Aftermath::wake_pinned(Aftermath& others) noexcept {
    for (ParkedOp* op = std::exchange(others.first_op_, nullptr); op != nullptr;) {
        ParkedOp* next = op->next;
        op->is_pinned = true;
        append(op);
        unusual_ |= some_pinned_flag;
        op = next;
    }
    others.last_op_ = nullptr;
}

ParkedOp* Aftermath::take_back(const boost::asio::execution_context& context) noexcept {
    ParkedOp* before = nullptr;
    for (ParkedOp* op = first_op_; op != nullptr; before = std::exchange(op, op->next)) {
        if (&op->context() != &context) continue;
        (before != nullptr ? before->next : first_op_) = op->next;
        if (last_op_ == op) last_op_ = before;
        return op;
    }
    return nullptr;
}

void Aftermath::destroy_waiting_on(const boost::asio::execution_context& context) noexcept {
    while (ParkedOp* op = take_back(context)) is_pinned(*op) ? op->destroy_pinned() : op->destroy();
}

void Aftermath::wake_listed() noexcept {
    last_op_ = nullptr;
    for (ParkedOp* op = std::exchange(first_op_, nullptr); op != nullptr;) {
        ParkedOp* next = op->next;  // the operation may be gone as soon as it is posted
        is_pinned(*op) ? op->wake_pinned() : op->wake();
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
    const std::uintptr_t unusual = std::exchange(unusual_, 0) & ~pinning_flags;
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

void settle_or_post(Aftermath& after, const Core& core) noexcept {
    class Rethrow {
    public:
        explicit Rethrow(std::exception_ptr exception) noexcept : exception_(std::move(exception)) {}
        void operator()() const { std::rethrow_exception(exception_); }

    private:
        std::exception_ptr exception_;
    };
    try {
        after.settle();
    } catch (...) {
        try {
            if (const auto executor = core.executor()) boost::asio::post(executor, Rethrow(std::current_exception()));
        } catch (...) {  // nobody can be told
        }
    }
}

}  // namespace event::detail
