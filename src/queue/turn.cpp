#include <event/detail/bus/bus_core.hpp>
#include <event/detail/chaos.hpp>
#include <event/detail/order/topic.hpp>
#include <event/detail/queue/turn.hpp>

#include <functional>
#include <utility>

namespace event::detail {

EmitSpot::EmitSpot(TopicBase& topic, IntrusiveList<EmitSpot>& siblings, std::size_t queues, bool asks) noexcept
    : ParkingSpot(topic), topic_(topic), asked_(asks), siblings_(siblings), turns_wanted_(queues) {}

void EmitSpot::destroy_spot() noexcept { delete this; }

void EmitSpot::make_room() {
    auto larger = std::make_unique<Turn[]>(turns_wanted_);
    const DomainGuard guard(topic_);
    for (std::size_t i = 0; i < turn_count_; ++i) {
        larger[i].emit = this;
        larger[i].queue = turn_room_[i].queue;
        larger[i].is_ready = turn_room_[i].is_ready;
        larger[i].is_overlooked = turn_room_[i].is_overlooked;
        larger[i].take_place_of(turn_room_[i]);
    }
    more_turns_.swap(larger);
    turn_room_ = {more_turns_.get(), turns_wanted_};
}

bool EmitSpot::came_before(const EmitSpot& other) const noexcept {
    // Arrivals were counted by each domain for itself before they merged, and may be equal: anything decides then.
    return arrival_ != other.arrival_ ? arrival_ < other.arrival_ : std::less<>()(this, &other);
}

bool EmitSpot::may_emit(const Waiting& event) {
    return topic_.all_waiting_queues(event, [&](Mailbox& queue) {
        const Turn* first = queue.line().front();
        return queue.has_room() &&
               (first == nullptr || first->emit == this || (arrival_ != 0 && came_before(*first->emit)));
    });
}

bool EmitSpot::join(const Waiting* event) {
    turns_wanted_ = event != nullptr ? topic_.waiting_queues(*event) : topic_.waiting_queues();
    if (turns_wanted_ > turn_room_.size()) return false;
    for (Turn& turn : turns()) turn.unlink();
    turn_count_ = 0;
    if (arrival_ == 0) {
        arrival_ = topic_.next_arrival();
        siblings_.push_back(*this);
    }
    not_ready_ = 0;
    const auto stand_in_line = [&](Mailbox& queue) {
        Turn* const before = queue.line().find_last(
            [this](const Turn& other) { return other.emit == this || other.emit->came_before(*this); });
        // one that hears of the topic in two ways has one place
        if (before != nullptr && before->emit == this) return true;
        if (turn_count_ == turn_room_.size()) return false;  // its key is another one than a moment ago
        Turn& turn = turn_room_[turn_count_++];
        turn.emit = this;
        turn.queue = &queue;
        queue.line().insert_behind(before, turn);
        turn.is_overlooked = false;
        turn.is_ready = queue.line().front() == &turn && queue.has_room();
        if (!turn.is_ready) ++not_ready_;
        return true;
    };
    event != nullptr ? topic_.all_waiting_queues(*event, stand_in_line) : topic_.all_waiting_queues(stand_in_line);
    is_offered_ = not_ready_ == 0;
    if (is_offered_) return true;
    for (Turn& turn : turns())
        if (turn.is_ready && turn.queue->is_starving()) turn.unlink();
    return true;
}

void EmitSpot::leave(Aftermath& after) noexcept {
    chaos(Point::turn_passed_on, this);
    is_offered_ = false;
    for (Turn& turn : turns()) {
        if (!turn.is_linked()) continue;
        turn.unlink();
        turn.queue->offer_turn(after);
    }
    turn_count_ = 0;
}

void EmitSpot::count_ready(Turn& turn, Aftermath& after) noexcept {
    if (std::exchange(turn.is_ready, true) || --not_ready_ != 0) return;
    is_offered_ = true;
    chaos(Point::turn_offered, this);
    for (Turn& offered : turns()) offered.is_overlooked = false;
    after.wake(claim());
}

void EmitSpot::overlook(Turn& turn, Aftermath& after) noexcept {
    if (std::exchange(turn.is_overlooked, true)) leave(after);
}

void EmitSpot::end(Aftermath& after) noexcept {
    leave(after);
    ListHook<EmitSpot>::unlink();
    static_cast<BusCore&>(core()).tell_progress(after);
}

}  // namespace event::detail
