#pragma once

#include <event/delivery.hpp>
#include <event/detail/bus/bus_core.hpp>
#include <event/detail/wait/parked_op.hpp>
#include <event/detail/wait/receive.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>

#include <type_traits>
#include <utility>

namespace event::detail {

/// What a push subscription's cancellation slot holds: a cancellation of any type closes the subscription.
class CloseSubscription {
public:
    explicit CloseSubscription(IntrusivePtr<Mailbox> mailbox) noexcept : mailbox_(std::move(mailbox)) {}
    void operator()(boost::asio::cancellation_type) noexcept {
        static_cast<BusCore&>(mailbox_->core()).close_subscription(*mailbox_);
    }

private:
    IntrusivePtr<Mailbox> mailbox_;
};

/// The standing receive of a push subscription: runs the handler for what is queued, a bounded batch at a time, and
/// parks again. Handlers never overlap, because there is one of it.
template <class Handler, class... Ts>
class PushOp final : public ParkedOp {
    using HandlerExecutor = std::decay_t<boost::asio::associated_executor_t<Handler, boost::asio::any_io_executor>>;

public:
    static void start(const IntrusivePtr<Mailbox>& mailbox, Handler&& handler) {
        HandlerAllocation<PushOp, Handler> memory(handler);
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) slot.template emplace<CloseSubscription>(mailbox);
        PushOp* op = memory.construct(*mailbox, std::move(handler), mailbox->core().executor());
        static_cast<void>(mailbox->begin(1));
        try {
            op->executor_.start_work();
            op->tie_to(op->executor_.context());
        } catch (...) {
            op->destroy();
            throw;
        }
        op->rearm();
    }

    void run() override {
        if (mailbox_.home_is_gone()) return destroy();
        Rearm rearm{this};  // also when the handler throws: nothing is lost, and the subscription goes on
        for (int budget = most_at_once; budget > 0; --budget) {
            Delivery<Ts...> delivery;
            const Look look = take_into(mailbox_, delivery);
            if (look == Look::empty) return;
            if (look == Look::ended) {
                rearm.op = nullptr;
                return destroy();
            }
            delivery.visit([this](const auto& event, const Meta& meta) { handle_event(handler_, event, meta); });
        }
    }

    void destroy() noexcept override {
        mailbox_.finish();  // is maybe gone now
        HandlerMemory<PushOp, Handler> memory(handler_);
        [[maybe_unused]] const Handler handler(std::move(handler_));
        this->~PushOp();
        memory.deallocate(this);
    }

    [[nodiscard]] boost::asio::execution_context& context() const noexcept override { return executor_.context(); }

private:
    friend class HandlerAllocation<PushOp, Handler>;

    struct Rearm {
        PushOp* op;
        ~Rearm() {
            if (op != nullptr) op->rearm();
        }
    };

    static constexpr int most_at_once = 64;  // then the executor's other work has its turn

    PushOp(Mailbox& mailbox, Handler&& handler, const boost::asio::any_io_executor& executor)
        : ParkedOp(mailbox),
          mailbox_(mailbox),
          executor_(boost::asio::get_associated_executor(handler, executor), executor),
          handler_(std::move(handler)) {}
    ~PushOp() = default;

    void rearm() noexcept {
        const bool found = poll([&] { return mailbox_.look() != Look::empty; });
        if (found || !try_park([&] { return mailbox_.is_idle(); })) wake();
    }

    void post() override { executor_.post(Wake(*this), post_memory_); }

    Mailbox& mailbox_;
    CompletionExecutor<HandlerExecutor> executor_;
    Handler handler_;
};

}  // namespace event::detail
