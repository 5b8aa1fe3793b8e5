#pragma once

#include <event/detail/wait/operation.hpp>
#include <event/detail/wait/push_spot.hpp>
#include <event/detail/wait/receive.hpp>
#include <event/detail/wait/wrapped_handler.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#pragma push_macro("emit")  // Qt has one
#undef emit

namespace event::detail {

/// What a push handler's cancellation slot holds: a cancellation of any type closes what it waits for.
class ClosePushed {
public:
    explicit ClosePushed(PushSpot& spot) noexcept : spot_(spot), memory_(spot) {}
    void operator()(boost::asio::cancellation_type) noexcept {
        if (spot_.try_add_reference()) IntrusivePtr<PushSpot>::adopt(&spot_)->close();
    }

private:
    PushSpot& spot_;
    SpotMemory memory_;
};

using Coroutine = boost::asio::awaitable<void>;

/// A coroutine that was cancelled.
[[nodiscard]] bool is_cancellation(const std::exception_ptr& exception) noexcept;

/// One on which nothing overlaps: the executor itself if it is a strand.
[[nodiscard]] boost::asio::any_io_executor make_serial(const boost::asio::any_io_executor& executor);

/// The function as a handler: on a strand of its own if it is a coroutine.
template <bool may_be_coroutine, class Function>
[[nodiscard]] auto serial_if_coroutine(Function&& function, const Core& core) {
    using Stored = std::remove_cvref_t<Function>;
    if constexpr (may_be_coroutine) {
        const auto home = core.executor();
        using Associated = decltype(boost::asio::get_associated_executor(function, home));
        static_assert(
            std::convertible_to<Associated, boost::asio::any_io_executor>,
            "event: a handler that is a coroutine runs on an executor that boost::asio::any_io_executor can hold");
        auto strand = make_serial(boost::asio::get_associated_executor(function, home));
        return SerialHandler<Stored>{std::forward<Function>(function), std::move(strand)};
    } else {
        return Stored(std::forward<Function>(function));
    }
}

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

/// The standing operation of a push handler, as far as it depends neither on the handler nor on what that is called
/// with: has it called for what is there, a bounded batch at a time, and parks again. Its calls never overlap; where
/// several may, there is one of these for each run. `Waits` says what it waits for, as the `Source` of an operation
/// does (see there), in a `PushSpot` that has an `end_handling()`.
template <class Waits>
class StandingOp : public ParkedOp {
public:
    void run() final {
        note_waking();
        if (spot().home_is_gone()) return destroy();
        Handled handled = Handled::one;
        handling_.begin();
        try {
            handled = handle_some();
        } catch (...) {  // the handler: nothing is lost, and it goes on
            spot().end_handling(handling_);
            go_on();
            throw;
        }
        if (handled == Handled::runs_on) return;
        spot().end_handling(handling_);
        if (handled == Handled::to_the_end) return destroy();
        rearm();
    }

protected:
    using Spot = std::remove_reference_t<decltype(std::declval<Waits&>().spot())>;

    explicit StandingOp(Spot& spot) noexcept : ParkedOp(spot), waits_(spot), handling_(spot.handling()) {}
    ~StandingOp() = default;

    enum class Handled : std::uint8_t { one, all, to_the_end, runs_on };
    static constexpr int most_at_once = 64;  // then the executor's other work has its turn

    [[nodiscard]] Spot& spot() const noexcept { return waits_.spot(); }
    [[nodiscard]] Handling& handling() const noexcept { return handling_; }
    /// It will take nothing more.
    void abandon() noexcept { waits_.template abandon<CertainGuard>(); }
    /// Once it keeps its context at work.
    void begin() {
        if (!tie_to(context())) return destroy();
        go_on();
    }
    void go_on() noexcept {
        try {
            rearm();
        } catch (...) {  // it runs once more
        }
    }

    bool is_over_ = false;  // with `once`: the handler has run

private:
    [[nodiscard]] virtual Handled handle_some() = 0;

    /// Where it may not wait, in a filter, it runs once more; who runs the context there learns of that.
    [[gnu::always_inline]] inline void rearm() {
        if (is_over_) [[unlikely]]
            spot().close();
        const bool found = this->poll([&] { return waits_.ready(); });
        try {
            if (found || !try_park()) wake();
        } catch (...) {
            wake();
            throw;
        }
    }

    bool is_idle() final { return waits_.idle(); }
    void list() noexcept final { waits_.list(*this); }
    bool may_recur() const noexcept final { return waits_.may_recur(); }

    Waits waits_;
    Handling& handling_;
};

/// It calls this handler. While one that is a coroutine runs, the coroutine owns it. What the handler is called with:
///
///     using Waits = ...;                              what it waits for
///     using Item = ...;                               what is taken
///     template <class Function> constexpr bool may_be_coroutine;
///     struct Kept { Item item; ... };                 what a coroutine uses as long as it runs
///     static Look take(spot, Item&);
///     static void call(spot, function, const Item&);
///     static std::optional<Coroutine> begin(spot, function, Kept&);
template <class Handler, class Source>
class PushOp final : public HandlerOp<StandingOp<typename Source::Waits>, PushOp<Handler, Source>, Handler,
                                      boost::asio::any_io_executor> {
    using Base = HandlerOp<StandingOp<typename Source::Waits>, PushOp, Handler, boost::asio::any_io_executor>;
    using Item = typename Source::Item;
    static constexpr bool may_be_coroutine = Source::template may_be_coroutine<FunctionIn<Handler>>;

public:
    using typename Base::Spot;

    static void start(Spot& spot, Handler&& handler) {
        const auto home = spot.core().executor();
        const auto& associated = boost::asio::get_associated_executor(handler, home);
        if constexpr (std::convertible_to<decltype(associated), boost::asio::any_io_executor>)
            spot.use_executor(associated);
        if (spot.home_is_gone()) return spot.close();
        typename Base::Memory memory(handler);
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) slot.template emplace<ClosePushed>(spot);
        PushOp* op = memory.construct(spot, std::move(handler), home);
        static_cast<void>(spot.begin());
        spot.add_reference();
        try {
            if constexpr (may_be_coroutine) op->cancel_when_closed();
            op->start_work();
            op->begin();
        } catch (...) {
            op->destroy();
            throw;
        }
    }

    void destroy() noexcept override {
        if constexpr (may_be_coroutine) {
            if (this->handling().runs()) spot().end_handling(this->handling());
        }
        this->abandon();
        spot().finish();  // is maybe gone now
        this->free();
    }

private:
    friend Base;
    friend typename Base::Memory;

    using Base::spot;
    using typename Base::Handled;

    static constexpr int most_at_once = is_once<Handler> ? 1 : Base::most_at_once;

    using Function = FunctionIn<Handler>;
    [[nodiscard]] Function& function() noexcept { return function_in(this->handler()); }

    PushOp(Spot& waits_in, Handler&& handler, const boost::asio::any_io_executor& executor)
        : Base(std::move(handler), executor, waits_in) {}
    ~PushOp() = default;

    struct Nothing {};
    using Owner = std::conditional_t<is_owned<Handler>, std::shared_ptr<const void>, Nothing>;

    Handled handle_some() override {
        if constexpr (may_be_coroutine) {
            try {
                const Handled handled = handle_batch();
                if (handled != Handled::runs_on) let_go_of_item();
                return handled;
            } catch (...) {
                let_go_of_item();
                throw;
            }
        } else {
            return handle_batch();
        }
    }
    [[nodiscard, gnu::always_inline]] inline Handled handle_batch() {
        for (int budget = most_at_once; budget > 0; --budget) {
            Handled handled = Handled::one;
            if constexpr (may_be_coroutine) {
                held_.kept.item = Item();
                handled = handle_one(held_.kept.item, held_.owner);
            } else {
                Item item{};
                [[maybe_unused]] Owner owner;
                handled = handle_one(item, owner);
            }
            if (handled != Handled::one) return handled;
        }
        return Handled::one;
    }
    [[nodiscard, gnu::always_inline]] inline Handled handle_one(Item& item, [[maybe_unused]] Owner& owner) {
        const Look look = Source::take(spot(), item);
        if (look == Look::empty) return Handled::all;
        if (look == Look::ended) return Handled::to_the_end;
        if constexpr (is_once<Handler>) {
            if (std::exchange(this->is_over_, true)) return Handled::one;  // in a filter, where it cannot yet be closed
        }
        if constexpr (is_owned<Handler>) {
            owner = this->handler().owner.lock();
            if (!owner) {
                spot().close();
                return Handled::to_the_end;
            }
        }
        if constexpr (may_be_coroutine) {
            auto coroutine = Source::begin(spot(), function(), held_.kept);
            if (!coroutine) return Handled::one;
            return spawn(std::move(*coroutine));
        } else {
            Source::call(spot(), function(), item);
            return Handled::one;
        }
    }

    // ---- where the handler may be a coroutine -----------------------------------------------------------------

    /// Owns the operation while the coroutine runs: of the runs of a handler's coroutines, the one with that
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
        typename Source::Kept kept;
        [[no_unique_address]] Owner owner;
        std::shared_ptr<CoroutineState> state;
    };

    void cancel_when_closed() {
        held_.state = std::make_shared<CoroutineState>();
        auto& strand = held_.state->strand;
        strand = boost::asio::get_associated_executor(this->handler(), boost::asio::any_io_executor());
        using Wait = InitiateBeside<WaitForGivingUp, boost::asio::any_io_executor, Spot>;
        Wait(strand, ObjectOrContext<Spot>(IntrusivePtr<Spot>(&spot())))(CancelCoroutine(strand, held_.state));
    }
    void let_go_of_item() noexcept {
        if constexpr (may_be_coroutine) {
            held_.kept.item = Item();
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
            this->handling().leave_thread();
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
        let_go_of_item();
        spot().end_handling(this->handling());
        if (spot().home_is_gone()) {
            destroy();
        } else {
            this->go_on();
        }
        if (is_thrown) std::rethrow_exception(std::move(exception));
    }
    /// With whatever it waited for, while its own context lives: nobody is called any more.
    void thrown_away() noexcept {
        held_.state->run = 0;
        if (!spot().home_is_gone()) spot().close();
        destroy();
    }
    [[nodiscard]] bool is_to_be_thrown(const std::exception_ptr& exception) const noexcept {
        return exception != nullptr && !(spot().is_given_up() && is_cancellation(exception));
    }

    [[no_unique_address]] std::conditional_t<may_be_coroutine, Held, Nothing> held_;
};

}  // namespace event::detail

#pragma pop_macro("emit")
