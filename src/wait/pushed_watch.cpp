#include <event/backpressure.hpp>
#include <event/detail/order/domain.hpp>
#include <event/detail/wait/combination.hpp>
#include <event/detail/wait/pushed_watch.hpp>

#include <algorithm>
#include <cstdint>

namespace event::detail {

PushedWatch::PushedWatch(TopicBase& topic) noexcept : PushSpot(topic), topic_(topic) {
    const CertainGuard guard(topic_);
    topic_.pushed().push_back(*this);
}

void PushedWatch::let_go() noexcept {
    const CertainGuard guard(topic_);
    ListHook<PushedWatch>::unlink();
}

bool PushedWatch::is_open() const noexcept {
    if (has_ended()) return false;
    const ReadGuard guard(topic_);
    return !topic_.is_closed() && drains_until_ == never;
}

void PushedWatch::give_up(Aftermath& after) noexcept {
    is_given_up_.store(true, std::memory_order_seq_cst);
    has_ended_.store(true, std::memory_order_seq_cst);  // against a handler that begins: see Handling
    after.wake_all(end_waiters_);
}

void PushedWatch::close_after_drain() noexcept {
    if (defer_request(drain_it)) return;
    end_under<DomainGuard>(topic_, [this](Aftermath& after) {
        const Combination* combination = topic_.combination();
        const std::uint64_t to_come = combination != nullptr && combination->is_stale() ? 1 : 0;
        drains_until_ = std::min(drains_until_, topic_.retained_sequence() + to_come);
        after.wake(claim());  // it finds the end, or gets there
    });
}

void PushedWatch::tell_end() noexcept {
    end_under<CertainGuard>(topic_, [this](Aftermath& after) { after.wake_all(end_waiters_); });
}

SubscriptionStat PushedWatch::stat_when(std::uint64_t seen) const {
    SubscriptionStat stat;
    stat.types.emplace_back(topic_.label());
    stat.capacity = 1;
    stat.policy = Policy::latest;
    stat.delivered = handled_.load(std::memory_order_relaxed);
    const DomainGuard guard(topic_);
    stat.size = !has_ended() && topic_.retained_sequence() > seen ? 1 : 0;
    stat.waiting = occupied();
    return stat;
}

}  // namespace event::detail
