#include <event/detail/order/topic.hpp>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <utility>

namespace event::detail {

const DomainMember& EmitSpot::home() const noexcept { return topic_; }

void EmitSpot::destroy_spot() noexcept { delete this; }

void TopicBase::refresh_attention() noexcept {
    const std::size_t reasons = sinks_.size() + erased_sinks_.size() + (retained_ ? 1U : 0U) +
                                (counts_unheard_ ? 1U : 0U) + (closed_ ? 1U : 0U);
    is_special_ = closed_ || !erased_sinks_.empty();
    attention_.store(static_cast<std::uint32_t>(std::min<std::size_t>(reasons, UINT32_MAX)), std::memory_order_relaxed);
}

void TopicBase::reserve_sinks(SinkKind kind, std::size_t more) {
    // The bus's mutex keeps everybody else from adding, so what is reserved here stays.
    std::size_t& room = sure_room(kind);
    if (room >= more) return;
    std::vector<Sink>& reserved = sinks(kind);
    std::size_t size = 0;
    {
        const DomainGuard guard(*this);
        size = reserved.size();
        room = reserved.capacity() - size;
        if (room >= more) return;
    }
    std::vector<Sink> larger;
    larger.reserve(std::max(size + std::max<std::size_t>(4, more), 2 * size));
    const DomainGuard guard(*this);
    larger.assign(reserved.begin(), reserved.end());
    reserved.swap(larger);
    room = reserved.capacity() - size;
}

void TopicBase::add(Mailbox& mailbox, std::uint16_t type, SinkKind kind, Aftermath& after) noexcept {
    std::vector<Sink>& list = sinks(kind);
    assert(list.size() < list.capacity());
    --sure_room(kind);
    const auto position = static_cast<std::uint32_t>(list.size());
    list.push_back({&mailbox, mailbox.bind({this, position, kind != SinkKind::listed}), type, kind});
    if (mailbox.policy() == Policy::wait) ++waiting_policies_;
    if (kind == SinkKind::wildcard) ++wildcards_;
    sinks_changed(after);
}

void TopicBase::remove_sink(const Binding& binding, Aftermath& after) noexcept {
    std::vector<Sink>& list = binding.is_erased ? erased_sinks_ : sinks_;
    Sink& sink = list[binding.position];
    if (sink.mailbox->policy() == Policy::wait) --waiting_policies_;
    if (sink.kind == SinkKind::wildcard) --wildcards_;
    sink = list.back();
    sink.mailbox->bindings()[sink.binding].position = binding.position;
    list.pop_back();
    sinks_changed(after);
}

void TopicBase::sinks_changed(Aftermath& after) noexcept {
    refresh_attention();
    if (subscriber_count_ != nullptr) tell(*subscriber_count_, subscribers(), after);
}

void TopicBase::tell_subscribers_to(Topic<std::size_t>& count, Aftermath& after) noexcept {
    subscriber_count_ = &count;
    sinks_changed(after);
}

void tell(Topic<std::size_t>& count, std::size_t number, Aftermath& after) noexcept {
    EmitResult ignored;
    DomainGuard domain(count);
    count.publish(&number, nullptr, domain, false, ignored, after);
}

void TopicBase::remove(Mailbox& mailbox, Aftermath& after) noexcept {
    for (const Binding& binding : mailbox.bindings()) binding.topic->remove_sink(binding, after);
    give_turns(mailbox.bindings(), after);
}

void TopicBase::remove_killed(Aftermath& after) noexcept {
    for (std::vector<Sink>* list : {&sinks_, &erased_sinks_}) {
        // removing one may take others from the list: those of the same mailbox
        for (std::size_t position = list->size(); position-- > 0; position = std::min(position, list->size())) {
            Mailbox& mailbox = *(*list)[position].mailbox;
            if (mailbox.has_ended()) remove(mailbox, after);
        }
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
    stat.subscribers = subscribers();
    stat.retained = retained_;
    stat.emitted = emitted_;
    stat.last_sequence = last_sequence_;
    stat.replayable = retained_sequence() != 0;
}

void TopicBase::reset() noexcept {
    retained_ = false;
    emitted_ = 0;
    last_sequence_ = 0;
    refresh_attention();
}

bool TopicBase::has_room() const noexcept {
    if (waiting_policies_ == 0) return true;
    const auto has_room = [](const Sink& sink) {
        return sink.mailbox->policy() != Policy::wait || sink.mailbox->has_room();
    };
    return std::all_of(sinks_.begin(), sinks_.end(), has_room) &&
           std::all_of(erased_sinks_.begin(), erased_sinks_.end(), has_room);
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
