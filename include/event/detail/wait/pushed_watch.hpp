#pragma once

#include <event/detail/intrusive_list.hpp>
#include <event/detail/order/aftermath.hpp>
#include <event/detail/order/topic.hpp>
#include <event/detail/wait/handling.hpp>
#include <event/detail/wait/push_spot.hpp>
#include <event/error.hpp>
#include <event/report.hpp>

#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstdint>
#include <limits>

namespace event::detail {

/// What a watcher has beside what it has seen, where a handler is called with what it sees.
class PushedWatch : public PushSpot, public ListHook<PushedWatch> {
public:
    [[nodiscard]] bool has_ended() const noexcept final { return has_ended_.load(std::memory_order_seq_cst); }
    [[nodiscard]] bool is_given_up() const noexcept final { return is_given_up_.load(std::memory_order_seq_cst); }
    [[nodiscard]] bool is_open() const noexcept final;
    [[nodiscard]] boost::system::error_code end_reason() const noexcept final { return errc::closed; }
    [[nodiscard]] Handling& handling() noexcept { return handling_; }
    [[nodiscard]] bool handles() const noexcept final { return handling_.runs(); }
    [[nodiscard]] bool handles_here() final { return PushSpot::handles_here(handling_, handlers_executor_); }
    [[nodiscard]] bool await_handlers() final { return handling_.await_end(); }
    [[nodiscard]] WaitList& end_waiters() noexcept final { return end_waiters_; }
    void close_after_drain() noexcept final;
    /// The handler does not run any more: tells who waits for that and for the end.
    void end_handling(Handling& handling) noexcept {
        handling.end();
        if (has_ended()) tell_end();
    }
    /// Under the domain's lock: the value was forgotten, so that there may be nothing to drain.
    void note_forgotten(Aftermath& after) noexcept {
        if (is_draining()) after.wake(claim());
    }
    void count_handled() noexcept { handled_.fetch_add(1, std::memory_order_relaxed); }

protected:
    explicit PushedWatch(TopicBase& topic) noexcept;

    /// Under the domain's lock: whether it takes nothing more once it has seen the value of that version.
    [[nodiscard]] bool is_drained(std::uint64_t seen) const noexcept { return seen >= drains_until_; }
    [[nodiscard]] bool is_draining() const noexcept { return drains_until_ != never; }
    /// Under the domain's lock.
    void give_up(Aftermath& after) noexcept;
    /// The handler has got the last value.
    void note_end() noexcept { has_ended_.store(true, std::memory_order_seq_cst); }
    [[nodiscard]] SubscriptionStat stat_when(std::uint64_t seen) const;
    void let_go() noexcept override;

private:
    [[nodiscard]] HandlersExecutor& handlers_executor() noexcept final { return handlers_executor_; }
    void tell_end() noexcept;

    TopicBase& topic_;
    Handling handling_;
    HandlersExecutor handlers_executor_;
    std::atomic<bool> has_ended_{false};
    std::atomic<bool> is_given_up_{false};
    std::atomic<std::uint64_t> handled_{0};

    // guarded by the domain's lock
    static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t drains_until_ = never;
    WaitList end_waiters_;
};

}  // namespace event::detail
