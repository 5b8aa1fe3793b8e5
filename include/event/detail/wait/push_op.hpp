#pragma once

#include <event/detail/queue/mailbox.hpp>
#include <event/detail/wait/operation.hpp>
#include <event/detail/wait/receive.hpp>
#include <event/detail/wait/wrapped_handler.hpp>
#include <event/fwd.hpp>
#include <event/meta.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#pragma push_macro("emit")  // Qt has one
#undef emit

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

using Coroutine = boost::asio::awaitable<void>;

/// What a handler returns for the event.
template <class Handler, class T>
using HandlerResult =
    decltype(handle_event(std::declval<Handler&>(), std::declval<const T&>(), std::declval<const Meta&>()));
template <class Handler, class... Ts>
inline constexpr bool is_coroutine = (std::is_same_v<HandlerResult<Handler, Ts>, Coroutine> || ...);

/// A coroutine that was cancelled.
[[nodiscard]] bool is_cancellation(const std::exception_ptr& exception) noexcept;

/// One on which nothing overlaps: the executor itself if it is a strand.
[[nodiscard]] boost::asio::any_io_executor make_serial(const boost::asio::any_io_executor& executor);

/// What an operation keeps while its handler, a coroutine, runs. All of it is used on the handler's strand.
struct CoroutineState {
    boost::asio::cancellation_signal cancel;
    boost::asio::any_io_executor strand;
    std::uint64_t run = 0;  // the number of the one that runs; 0: none does
    std::uint64_t runs_ever = 0;
    bool is_starting = false;
    bool has_ended_at_once = false;  // while it was starting, and with what
    std::exception_ptr exception;
};

/// Completes when the subscription is given up, on the handler's strand, and cancels the coroutine that runs then.
class CancelCoroutine {
public:
    using executor_type = boost::asio::any_io_executor;

    CancelCoroutine(executor_type strand, std::shared_ptr<CoroutineState> state) noexcept
        : strand_(std::move(strand)), state_(std::move(state)) {}
    [[nodiscard]] executor_type get_executor() const noexcept { return strand_; }
    void operator()(boost::system::error_code) const {
        if (state_->run != 0) state_->cancel.emit(boost::asio::cancellation_type::terminal);
    }

private:
    executor_type strand_;
    std::shared_ptr<CoroutineState> state_;
};

/// The standing receive of a push subscription: runs the handler for what is queued, a bounded batch at a time, and
/// parks again. Handlers never overlap, because there is one of it. While a handler that is a coroutine runs, the
/// coroutine owns it.
template <class Handler, class... Ts>
class PushOp final : public HandlerOp<ParkedOp, PushOp<Handler, Ts...>, Handler, boost::asio::any_io_executor> {
    using Base = HandlerOp<ParkedOp, PushOp, Handler, boost::asio::any_io_executor>;
    static constexpr bool may_be_coroutine = is_coroutine<FunctionIn<Handler>, Delivered<Ts>...>;

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
            if constexpr (may_be_coroutine) op->cancel_when_closed();
            op->start_work();
            if (!op->tie_to(op->context())) return op->destroy();
        } catch (...) {
            op->destroy();
            throw;
        }
        op->go_on();
    }

    void destroy() noexcept override {
        if constexpr (may_be_coroutine) {
            if (mailbox_.handling().runs()) mailbox_.end_handling();
        }
        mailbox_.finish();  // is maybe gone now
        this->free();
    }

private:
    friend Base;
    friend typename Base::Memory;

    static constexpr int most_at_once = is_once<Handler> ? 1 : 64;  // then the executor's other work has its turn

    using Function = FunctionIn<Handler>;
    [[nodiscard]] Function& function() noexcept { return function_in(this->handler()); }

    PushOp(Mailbox& mailbox, Handler&& handler, const boost::asio::any_io_executor& executor)
        : Base(std::move(handler), executor, mailbox), mailbox_(mailbox) {}
    ~PushOp() = default;

    enum class Handled : std::uint8_t { one, all, to_the_end, runs_on };
    struct Nothing {};
    struct Often {};
    using Owner = std::conditional_t<is_owned<Handler>, std::shared_ptr<const void>, Nothing>;

    void run() override {
        this->note_waking();
        if (mailbox_.home_is_gone()) return destroy();
        Handled handled = Handled::one;
        mailbox_.handling().begin();
        try {
            handled = handle_some();
        } catch (...) {  // the handler: nothing is lost, and the subscription goes on
            let_go_of_event();
            mailbox_.end_handling();
            close_after_once();
            go_on();
            throw;
        }
        if (handled == Handled::runs_on) return;
        let_go_of_event();
        mailbox_.end_handling();
        if (handled == Handled::to_the_end) return destroy();
        close_after_once();
        rearm();
    }

    Handled handle_some() {
        for (int budget = most_at_once; budget > 0; --budget) {
            Handled handled = Handled::one;
            if constexpr (may_be_coroutine) {
                held_.delivery = {};
                handled = handle_one(held_.delivery, held_.owner);
            } else {
                Delivery<Ts...> delivery;
                [[maybe_unused]] Owner owner;
                handled = handle_one(delivery, owner);
            }
            if (handled != Handled::one) return handled;
        }
        return Handled::one;
    }
    [[nodiscard, gnu::always_inline]] inline Handled handle_one(Delivery<Ts...>& delivery,
                                                                [[maybe_unused]] Owner& owner) {
        const Look look = take_into(mailbox_, delivery);
        if (look == Look::empty) return Handled::all;
        if (look == Look::ended) return Handled::to_the_end;
        if constexpr (is_once<Handler>) {
            if (std::exchange(has_run_, true)) return Handled::one;  // in a filter, where it cannot yet be closed
        }
        if constexpr (is_owned<Handler>) {
            owner = this->handler().owner.lock();
            if (!owner) {
                mailbox_.close();
                return Handled::to_the_end;
            }
        }
        if constexpr (may_be_coroutine) {
            held_.meta = delivery.meta();
            auto coroutine = delivery.visit([&](const auto& event) -> std::optional<Coroutine> {
                using Event = std::remove_cvref_t<decltype(event)>;
                if constexpr (std::is_same_v<HandlerResult<Function, Event>, Coroutine>) {
                    return handle_event(function(), event, held_.meta);
                } else {
                    handle_event(function(), event, held_.meta);
                    return std::nullopt;
                }
            });
            if (!coroutine) return Handled::one;
            return spawn(std::move(*coroutine));
        } else {
            delivery.visit([&](const auto& event, const auto& meta) { handle_event(function(), event, meta); });
            return Handled::one;
        }
    }

    /// Where it may not wait, in a filter, it runs once more; who runs the context there learns of that.
    [[gnu::always_inline]] inline void rearm() {
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

    void close_after_once() noexcept {
        if constexpr (is_once<Handler>) {
            if (has_run_) mailbox_.close();
        }
    }

    // ---- where the handler may be a coroutine -----------------------------------------------------------------

    /// Owns the operation while the coroutine runs: of the runs of a subscription's coroutines, the one with that
    /// number.
    class Resume {
    public:
        using executor_type = boost::asio::any_io_executor;
        using cancellation_slot_type = boost::asio::cancellation_slot;

        explicit Resume(PushOp& op) noexcept : op_(&op), state_(op.held_.state), run_(state_->run) {}
        Resume(Resume&& other) noexcept
            : op_(std::exchange(other.op_, nullptr)), state_(other.state_), run_(other.run_) {}
        Resume& operator=(Resume&&) = delete;
        ~Resume() {
            if (op_ != nullptr && owns() && !state_->is_starting) op_->thrown_away();
        }
        [[nodiscard]] executor_type get_executor() const noexcept { return state_->strand; }
        [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept { return state_->cancel.slot(); }
        void operator()(std::exception_ptr exception) {
            PushOp* const op = std::exchange(op_, nullptr);
            if (owns()) op->ended(std::move(exception));
        }

    private:
        /// No more where the coroutine could not begin: its frame may be destroyed much later.
        [[nodiscard]] bool owns() const noexcept { return state_->run == run_; }

        PushOp* op_;
        std::shared_ptr<CoroutineState> state_;
        std::uint64_t run_;
    };
    struct Held {
        Delivery<Ts...> delivery;
        Meta meta;
        [[no_unique_address]] Owner owner;
        std::shared_ptr<CoroutineState> state;
    };

    void cancel_when_closed() {
        held_.state = std::make_shared<CoroutineState>();
        auto& strand = held_.state->strand;
        strand = boost::asio::get_associated_executor(this->handler(), boost::asio::any_io_executor());
        using Wait = InitiateBeside<WaitForGivingUp, boost::asio::any_io_executor>;
        Wait(strand, ObjectOrContext<Mailbox>(IntrusivePtr<Mailbox>(&mailbox_)))(CancelCoroutine(strand, held_.state));
    }
    void let_go_of_event() noexcept {
        if constexpr (may_be_coroutine) {
            held_.delivery = {};
            held_.owner = {};
        }
    }
    [[nodiscard]] Handled spawn(Coroutine&& coroutine) {
        CoroutineState& state = *held_.state;
        state.run = ++state.runs_ever;
        state.is_starting = true;
        state.has_ended_at_once = false;
        try {
            boost::asio::co_spawn(state.strand, std::move(coroutine), Resume(*this));
        } catch (...) {  // it could not begin, or not begin to wait: as if the handler had thrown that
            state.is_starting = false;
            state.run = 0;
            throw;
        }
        state.is_starting = false;
        if (!state.has_ended_at_once) {
            mailbox_.handling().leave_thread();
            return Handled::runs_on;
        }
        if (is_to_be_thrown(state.exception)) std::rethrow_exception(std::exchange(state.exception, nullptr));
        state.exception = nullptr;
        return Handled::one;
    }
    void ended(std::exception_ptr exception) {
        CoroutineState& state = *held_.state;
        state.run = 0;
        if (state.is_starting) {  // who starts it goes on
            state.has_ended_at_once = true;
            state.exception = std::move(exception);
            return;
        }
        const bool is_thrown = is_to_be_thrown(exception);
        let_go_of_event();
        mailbox_.end_handling();
        if (mailbox_.home_is_gone()) {
            destroy();
        } else {
            close_after_once();
            go_on();
        }
        if (is_thrown) std::rethrow_exception(std::move(exception));
    }
    /// With whatever it waited for, while its own context lives: nobody receives the events any more.
    void thrown_away() noexcept {
        held_.state->run = 0;
        if (!mailbox_.home_is_gone()) mailbox_.close();
        destroy();
    }
    [[nodiscard]] bool is_to_be_thrown(const std::exception_ptr& exception) const noexcept {
        return exception != nullptr && !(mailbox_.is_given_up() && is_cancellation(exception));
    }

    bool is_idle() override { return mailbox_.is_idle(); }
    void list() noexcept override { mailbox_.wake_at_next(); }
    bool may_recur() const noexcept override { return !mailbox_.has_ended(); }

    Mailbox& mailbox_;
    [[no_unique_address]] std::conditional_t<is_once<Handler>, bool, Often> has_run_{};
    [[no_unique_address]] std::conditional_t<may_be_coroutine, Held, Nothing> held_;
};

}  // namespace event::detail

#pragma pop_macro("emit")
