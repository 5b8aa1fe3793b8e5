#pragma once

#include <event/detail/configuration.hpp>
#include <event/detail/order/lock.hpp>
#include <event/detail/wait/context_clock.hpp>
#include <event/detail/wait/contexts.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/query.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace event::detail {

class ParkedOp;
class TopicBase;

/// What the handles of one bus, or of one value, share and keep alive.
class Core : public ContextListener {
public:
    void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    [[nodiscard]] bool try_add_reference() noexcept final {
        std::uint32_t count = references_.load(std::memory_order_relaxed);
        while (count != 0 && !references_.compare_exchange_weak(count, count + 1, std::memory_order_relaxed)) {
        }
        return count != 0;
    }
    void release() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        stop_listening([this] { executor_ = {}; });  // its context may die from here on
        destroy_core();
    }

    /// Empty once its context is gone.
    [[nodiscard]] boost::asio::any_io_executor executor() const {
        const std::lock_guard guard(lock_);
        return executor_;
    }
    /// Memory of dead events that each topic keeps for new ones, in bytes.
    [[nodiscard]] std::size_t pooled_bytes() const noexcept { return pooled_bytes_; }
    /// Whether it is said of each event when it was emitted.
    [[nodiscard]] bool stamps() const noexcept { return stamp_clock_ != nullptr; }
    /// Now, if so.
    [[nodiscard]] Moment stamp() const noexcept { return stamps() ? stamp_clock_->now() : Moment(); }
    [[nodiscard]] bool context_is(const boost::asio::execution_context& context) const noexcept {
        return context_ == &context;
    }
    [[nodiscard]] bool context_is_gone() const noexcept { return context_is_gone_.load(std::memory_order_acquire); }

    /// An operation whose context, this core's, is dying: it goes with that. Under the lock of the operation's domain.
    void adopt(ParkedOp& op) noexcept;
    /// Closes the bus, or the value. Idempotent.
    virtual void close() noexcept = 0;
    /// Somebody begins, and ends, to watch the latest value of a topic of this core. No lock is held.
    virtual void begin_watching(TopicBase& topic) = 0;
    virtual void end_watching(TopicBase& topic, std::uint64_t seen) noexcept = 0;
    /// The last view of a topic has gone, or a watcher has seen its last event.
    virtual void unviewed(TopicBase& topic) noexcept = 0;

protected:
    /// Throws `std::invalid_argument` for an empty executor.
    Core(boost::asio::any_io_executor executor, std::size_t pooled_bytes)
        : pooled_bytes_(pooled_bytes),
          executor_(std::move(executor)),
          context_(executor_ ? &boost::asio::query(executor_, boost::asio::execution::context)
                             : throw std::invalid_argument("event: the executor is empty")) {
        eventbus_was_compiled_with_the_configuration({});
        context_is_gone_.store(!listen_to(*context_), std::memory_order_relaxed);
    }
    ~Core() override { stop_listening(); }
    /// Once, before anybody else knows it.
    void stamp_by(const ContextClock& clock) noexcept { stamp_clock_ = &clock; }
    /// As long as it lives.
    [[nodiscard]] boost::asio::execution_context& context() const noexcept { return *context_; }

private:
    virtual void destroy_core() noexcept = 0;
    /// Destroys all operations that wait for something in this core.
    virtual void destroy_pending() noexcept = 0;
    void context_gone(const boost::asio::execution_context&) noexcept final;
    void defer_reference() noexcept final { add_reference(); }
    void run_deferred() noexcept final {
        close();
        release();
    }

    const std::size_t pooled_bytes_;
    const ContextClock* stamp_clock_ = nullptr;
    mutable Lock lock_;
    boost::asio::any_io_executor executor_;  // guarded by lock_
    boost::asio::execution_context* context_;
    std::atomic<bool> context_is_gone_{false};
    IntrusiveList<ParkedOp> adopted_;  // guarded by lock_
    std::atomic<std::uint32_t> references_{1};
};

}  // namespace event::detail
