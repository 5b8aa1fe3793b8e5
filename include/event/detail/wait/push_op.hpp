#pragma once

#include <event/detail/queue/mailbox.hpp>
#include <event/detail/wait/operation.hpp>
#include <event/detail/wait/receive.hpp>
#include <event/fwd.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>

#include <utility>

namespace event::detail {

/// What a push subscription's cancellation slot holds: a cancellation of any type closes the subscription.
class ClosePushed {
public:
    explicit ClosePushed(Mailbox& mailbox) noexcept : mailbox_(mailbox), memory_(mailbox) {}
    void operator()(boost::asio::cancellation_type) noexcept {
        if (mailbox_.try_add_reference()) IntrusivePtr<Mailbox>::adopt(&mailbox_)->close();
    }

private:
    Mailbox& mailbox_;
    SpotMemory memory_;
};

/// The standing receive of a push subscription: runs the handler for what is queued, a bounded batch at a time, and
/// parks again. Handlers never overlap, because there is one of it.
template <class Handler, class... Ts>
class PushOp final : public HandlerOp<ParkedOp, PushOp<Handler, Ts...>, Handler, boost::asio::any_io_executor> {
    using Base = HandlerOp<ParkedOp, PushOp, Handler, boost::asio::any_io_executor>;

public:
    static void start(const IntrusivePtr<Mailbox>& mailbox, Handler&& handler) {
        if (mailbox->home_is_gone()) return mailbox->close();
        typename Base::Memory memory(handler);
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) slot.template emplace<ClosePushed>(*mailbox);
        PushOp* op = memory.construct(*mailbox, std::move(handler), mailbox->core().executor());
        static_cast<void>(mailbox->begin());
        mailbox->add_reference();
        try {
            op->start_work();
            if (!op->tie_to(op->context())) return op->destroy();
        } catch (...) {
            op->destroy();
            throw;
        }
        op->go_on();
    }

    void destroy() noexcept override {
        mailbox_.finish();  // is maybe gone now
        this->free();
    }

private:
    friend Base;
    friend typename Base::Memory;

    static constexpr int most_at_once = 64;  // then the executor's other work has its turn

    PushOp(Mailbox& mailbox, Handler&& handler, const boost::asio::any_io_executor& executor)
        : Base(std::move(handler), executor, mailbox), mailbox_(mailbox) {}
    ~PushOp() = default;

    void run() override {
        this->note_waking();
        if (mailbox_.home_is_gone()) return destroy();
        try {
            for (int budget = most_at_once; budget > 0; --budget) {
                Delivery<Ts...> delivery;
                const Look look = take_into(mailbox_, delivery);
                if (look == Look::empty) break;
                if (look == Look::ended) return destroy();
                DeliveryAccess::hand_to(this->handler(), delivery);
            }
        } catch (...) {  // the handler: nothing is lost, and the subscription goes on
            go_on();
            throw;
        }
        rearm();
    }
    /// Where it may not wait, in a filter, it runs once more; who runs the context there learns of that.
    void rearm() {
        const bool found = this->poll([&] { return mailbox_.look() != Look::empty; });
        try {
            if (found || !this->try_park()) this->wake();
        } catch (...) {
            this->wake();
            throw;
        }
    }
    void go_on() noexcept {
        try {
            rearm();
        } catch (...) {  // it runs once more
        }
    }

    bool is_idle() override { return mailbox_.is_idle(); }
    void list() noexcept override { mailbox_.wake_at_next(); }
    bool may_recur() const noexcept override { return !mailbox_.has_ended(); }

    Mailbox& mailbox_;
};

}  // namespace event::detail
