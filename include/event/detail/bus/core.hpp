#pragma once

#include <event/detail/wait/context_service.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/query.hpp>

#include <atomic>
#include <cstdint>
#include <utility>

namespace event::detail {

class TopicBase;

/// What the handles of one bus, or of one value, share and keep alive.
class Core : public ContextListener {
public:
    void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy_core();
    }

    [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] bool context_is(const boost::asio::execution_context& context) const noexcept {
        return context_ == &context;
    }
    [[nodiscard]] bool context_is_gone() const noexcept { return context_is_gone_.load(std::memory_order_acquire); }

    /// Somebody begins, and ends, to watch the latest value of a topic of this core. No lock is held.
    virtual void begin_watching(TopicBase& topic) = 0;
    virtual void end_watching(TopicBase& topic, std::uint64_t seen) noexcept = 0;

protected:
    explicit Core(boost::asio::any_io_executor executor)
        : executor_(std::move(executor)), context_(&boost::asio::query(executor_, boost::asio::execution::context)) {
        listen_to(*context_);
    }
    ~Core() { stop_listening(); }

private:
    virtual void destroy_core() noexcept = 0;
    /// Destroys all operations that wait for something in this core.
    virtual void destroy_pending() noexcept = 0;
    void context_gone(boost::asio::execution_context&) noexcept final {
        context_is_gone_.store(true, std::memory_order_release);
        destroy_pending();
    }

    boost::asio::any_io_executor executor_;
    boost::asio::execution_context* context_;
    std::atomic<bool> context_is_gone_{false};
    std::atomic<std::uint32_t> references_{1};
};

}  // namespace event::detail
