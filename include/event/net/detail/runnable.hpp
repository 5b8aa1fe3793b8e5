#pragma once

#include <event/net/error.hpp>
#include <event/net/reason.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <memory>
#include <utility>

namespace event::net::detail {

/// What runs until it ends, on a strand of its own. The handler of `async_run` waits in the context, with a timer that
/// never passes: so it goes with the context, also where it owns what runs.
class Runnable : public std::enable_shared_from_this<Runnable> {
public:
    Runnable(const Runnable&) = delete;
    Runnable& operator=(const Runnable&) = delete;
    virtual ~Runnable() = default;

    [[nodiscard]] const boost::asio::any_io_executor& strand() const noexcept { return strand_; }
    /// Calls `f` on the strand, before this returns where nothing else runs there and this thread runs its context. An
    /// erased strand would be copied twice for that.
    template <class F>
    void dispatch(F&& f) const {
        if (io_strand_ != nullptr) {
            boost::asio::dispatch(*io_strand_, std::forward<F>(f));
        } else {
            boost::asio::dispatch(strand_, std::forward<F>(f));
        }
    }
    /// What one `async_run` and its cancellation know of each other; on the strand.
    struct Ticket {
        bool is_refused = false;  // another one runs it
    };
    /// Any thread.
    void cancel_run(std::shared_ptr<const Ticket> ticket);

    // ---- on the strand ---------------------------------------------------------------------------------------

    using RunHandler = boost::asio::any_completion_handler<void(error_code)>;
    void run(RunHandler handler, Ticket& ticket);
    [[nodiscard]] bool has_finished() const noexcept { return has_finished_; }

protected:
    explicit Runnable(const boost::asio::any_io_executor& executor);

    virtual void begin() = 0;
    virtual void stop(const Reason& reason) = 0;
    /// Of what has finished: none if it ended in order.
    [[nodiscard]] virtual error_code result() const = 0;
    void finish();

private:
    using IoStrand = boost::asio::strand<boost::asio::io_context::executor_type>;

    const boost::asio::any_io_executor strand_;  // erased once: to erase it costs an allocation
    const IoStrand* const io_strand_;            // what is below the erasure; null: something else
    boost::asio::steady_timer finished_;         // is cancelled when it has
    bool has_begun_ = false;
    bool has_finished_ = false;
    bool was_cancelled_ = false;
};

/// What a cancellation slot holds while it runs.
class CancelRun {
public:
    CancelRun(std::weak_ptr<Runnable> runs, std::shared_ptr<const Runnable::Ticket> ticket) noexcept
        : runs_(std::move(runs)), ticket_(std::move(ticket)) {}
    void operator()(boost::asio::cancellation_type type) const {
        if (type == boost::asio::cancellation_type::none) return;
        if (const auto runs = runs_.lock()) runs->cancel_run(ticket_);
    }

private:
    std::weak_ptr<Runnable> runs_;
    std::shared_ptr<const Runnable::Ticket> ticket_;
};

/// Begins `async_run`.
class InitiateRun {
public:
    using executor_type = boost::asio::any_io_executor;

    explicit InitiateRun(std::shared_ptr<Runnable> runs) noexcept : runs_(std::move(runs)) {}
    [[nodiscard]] executor_type get_executor() const noexcept { return runs_->strand(); }

    template <class Handler>
    void operator()(Handler&& handler) const {
        const auto ticket = std::make_shared<Runnable::Ticket>();
        Runnable::RunHandler erased(std::forward<Handler>(handler));
        auto slot = boost::asio::get_associated_cancellation_slot(erased);  // passes on what it is told (all types)
        if (slot.is_connected()) slot.template emplace<CancelRun>(runs_, ticket);
        auto run = [runs = runs_, ticket, erased = std::move(erased)]() mutable {
            runs->run(std::move(erased), *ticket);
        };
        boost::asio::post(runs_->strand(), std::move(run));
    }

private:
    std::shared_ptr<Runnable> runs_;
};

}  // namespace event::net::detail
