#pragma once

#include <event/detail/wait/handling.hpp>
#include <event/detail/wait/spot.hpp>
#include <event/report.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <mutex>

namespace event::detail {

/// The executor that a push handler brings, as long as its context lives. Any thread.
class HandlersExecutor {
public:
    void use(const boost::asio::any_io_executor& executor);
    void let_go() noexcept {
        if (kept_ != nullptr) let_kept_go();
    }
    [[nodiscard]] bool was_brought() const noexcept { return kept_ != nullptr; }
    /// `otherwise` where there is none.
    [[nodiscard]] boost::asio::any_io_executor get_or(const boost::asio::any_io_executor& otherwise) const {
        if (!kept_) return otherwise;
        const std::lock_guard guard(kept_->mutex);
        return kept_->executor ? kept_->executor : otherwise;
    }

private:
    struct Kept {
        std::mutex mutex;
        boost::asio::any_io_executor executor;  // guarded by mutex
    };
    void let_kept_go() noexcept;

    std::unique_ptr<Kept> kept_;
};

/// Where a handler waits, again and again, for what it is called with: a subscription's queue, or the watcher of a
/// value. What a `Connection` holds. Nothing is kept here: what a queue has, lies where it has to.
class PushSpot : public ParkingSpot {
public:
    /// Nothing more comes.
    [[nodiscard]] virtual bool has_ended() const noexcept = 0;
    /// Not only because there is no more: what its handler still does is not wanted.
    [[nodiscard]] virtual bool is_given_up() const noexcept = 0;
    /// Whether it takes what is new.
    [[nodiscard]] virtual bool is_open() const noexcept = 0;
    [[nodiscard]] virtual boost::system::error_code end_reason() const noexcept = 0;
    [[nodiscard]] virtual SubscriptionStat stat() = 0;
    /// Whether a handler runs.
    [[nodiscard]] virtual bool handles() const noexcept = 0;
    /// Whether one runs on whose strand this is called, or which calls this.
    [[nodiscard]] virtual bool handles_here() = 0;
    /// Waits until none does. False where that would be for ever: see `Handling`.
    [[nodiscard]] virtual bool await_handlers() = 0;
    /// Those who wait until it has ended, or until its handler does not run. Under the domain's lock.
    [[nodiscard]] virtual WaitList& end_waiters() noexcept = 0;

    // ---- any thread that does not hold the lock --------------------------------------------------------------

    /// Ends it; in a filter, when the emit is done.
    virtual void close() noexcept = 0;
    virtual void close_after_drain() noexcept = 0;
    /// A handle of it goes: closes it if it was the last one.
    virtual void leave() noexcept { close(); }
    /// The same as `close`, and waits until no handler runs; an error where that would be for ever.
    void close_and_wait(boost::system::error_code& error);
    void close_and_wait();

    /// Unless it is the bus's.
    void use_executor(const boost::asio::any_io_executor& executor);
    [[nodiscard]] bool has_own_executor() noexcept { return handlers_executor().was_brought(); }
    /// `otherwise` where it has none.
    [[nodiscard]] boost::asio::any_io_executor executor_or(const boost::asio::any_io_executor& otherwise) {
        return handlers_executor().get_or(otherwise);
    }

protected:
    using ParkingSpot::ParkingSpot;
    [[nodiscard]] bool handles_here(const Handling& handling, const HandlersExecutor& executor) const;

private:
    [[nodiscard]] virtual HandlersExecutor& handlers_executor() noexcept = 0;
    void let_executor_go() noexcept final { handlers_executor().let_go(); }
};

}  // namespace event::detail
