#include <event/detail/topic.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace event::detail {

const DomainMember& EmitSpot::home() const noexcept { return topic_; }

void EmitSpot::destroy_spot() noexcept { delete this; }

void TopicBase::refresh_attention() noexcept {
    const std::size_t reasons =
        sinks_.size() + (retained_ ? 1U : 0U) + (counts_unheard_ ? 1U : 0U) + (closed_ ? 1U : 0U);
    attention_.store(static_cast<std::uint32_t>(std::min<std::size_t>(reasons, UINT32_MAX)), std::memory_order_relaxed);
}

void TopicBase::reserve_sink() {
    // The bus's mutex keeps everybody else from adding, so what is reserved here stays.
    std::size_t size = 0;
    {
        const DomainGuard guard(*this);
        size = sinks_.size();
        if (size < sinks_.capacity()) return;
    }
    std::vector<Sink> larger;
    larger.reserve(std::max<std::size_t>(4, 2 * size));
    const DomainGuard guard(*this);
    larger.assign(sinks_.begin(), sinks_.end());
    sinks_.swap(larger);
}

void TopicBase::add(Sink sink, Aftermath& after) noexcept {
    sink.mailbox->bindings()[sink.type] = {this, sinks_.size()};
    sinks_.push_back(sink);
    if (sink.mailbox->policy() == Policy::wait) ++waiting_policies_;
    sinks_changed(after);
}

void TopicBase::remove_sink(std::size_t position, Aftermath& after) noexcept {
    if (sinks_[position].mailbox->policy() == Policy::wait) --waiting_policies_;
    sinks_[position] = sinks_.back();
    sinks_[position].mailbox->bindings()[sinks_[position].type].position = position;
    sinks_.pop_back();
    sinks_changed(after);
}

void TopicBase::sinks_changed(Aftermath& after) noexcept {
    refresh_attention();
    if (subscriber_count_ != nullptr) tell(*subscriber_count_, sinks_.size(), after);
}

void TopicBase::tell_subscribers_to(Topic<std::size_t>& count, Aftermath& after) noexcept {
    subscriber_count_ = &count;
    sinks_changed(after);
}

void tell(Topic<std::size_t>& count, std::size_t number, Aftermath& after) noexcept {
    EmitResult ignored;
    DomainGuard domain(count);
    count.publish(&number, domain, false, ignored, after);
}

void TopicBase::remove(Mailbox& mailbox, Aftermath& after) noexcept {
    for (const Binding& binding : mailbox.bindings()) binding.topic->remove_sink(binding.position, after);
    give_turns(mailbox.bindings(), after);
}

void TopicBase::remove_killed(Aftermath& after) noexcept {
    for (std::size_t position = sinks_.size(); position-- > 0;) {
        Mailbox& mailbox = *sinks_[position].mailbox;
        if (mailbox.has_ended()) remove(mailbox, after);
    }
}

void TopicBase::retain() noexcept {
    retained_ = true;
    refresh_attention();
}

void TopicBase::count_unheard() noexcept {
    counts_unheard_ = true;
    refresh_attention();
}

void TopicBase::close(Aftermath& after) noexcept {
    closed_ = true;
    refresh_attention();
    wake_watchers(after);
    while (ParkingSpot* spot = emitting_.front()) {
        SpotList::remove(*spot);
        after.wake(spot->claim());
    }
}

void TopicBase::close_emitter(const EmitterState& emitter, Aftermath& after) noexcept {
    for (ParkingSpot* spot = emitting_.front(); spot != nullptr;) {
        ParkingSpot* next = SpotList::after(*spot);
        if (static_cast<EmitSpot*>(spot)->belongs_to(emitter)) {
            SpotList::remove(*spot);
            after.wake(spot->claim());
        }
        spot = next;
    }
    give_turn(after);
}

void TopicBase::stat_into(TopicStat& stat) const noexcept {
    stat.subscribers = sinks_.size();
    stat.retained = retained_;
    stat.emitted = emitted_;
    stat.last_sequence = last_sequence_;
    stat.replayable = retained_sequence_ != 0;
}

void TopicBase::reset() noexcept {
    retained_ = false;
    emitted_ = 0;
    last_sequence_ = 0;
    refresh_attention();
}

bool TopicBase::has_room() const noexcept {
    if (waiting_policies_ == 0) return true;
    return std::all_of(sinks_.begin(), sinks_.end(), [](const Sink& sink) {
        return sink.mailbox->policy() != Policy::wait || sink.mailbox->has_room();
    });
}

void TopicBase::enlist(EmitSpot& spot) noexcept {
    spot.arrival = next_arrival();
    emitting_.push_back(spot);
}

void TopicBase::give_turn(Aftermath& after) noexcept {
    EmitSpot* first = first_emitting();
    if (first != nullptr && first->occupied() && has_room()) after.wake(first->claim());
}

void TopicBase::give_turns(std::span<Binding> bindings, Aftermath& after) noexcept {
    // Arrivals were counted by each domain for itself before they merged, and may be equal: the topic's place decides.
    std::pair<std::uint64_t, std::size_t> done{0, 0};
    for (;;) {
        EmitSpot* next = nullptr;
        std::pair<std::uint64_t, std::size_t> next_rank;
        for (std::size_t i = 0; i < bindings.size(); ++i) {
            EmitSpot* first = bindings[i].topic->first_emitting();
            if (first == nullptr) continue;
            const std::pair<std::uint64_t, std::size_t> rank{first->arrival, i};
            if (rank <= done || (next != nullptr && next_rank <= rank)) continue;
            next = first;
            next_rank = rank;
        }
        if (next == nullptr) return;
        done = next_rank;
        next->topic().give_turn(after);
    }
}

void TopicBase::wake_watchers(Aftermath& after) noexcept {
    while (ParkingSpot* watcher = watching_.front()) {
        SpotList::remove(*watcher);
        after.wake(watcher->claim());
    }
}

}  // namespace event::detail
