#include <event/detail/bus/bus_core.hpp>
#include <event/detail/chaos.hpp>
#include <event/detail/order/topic.hpp>
#include <event/detail/queue/mailbox.hpp>
#include <event/detail/queue/turn.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace event::detail {

EmitSpot::EmitSpot(TopicBase& topic, IntrusiveList<EmitSpot>& siblings, std::size_t queues, bool joins_early) noexcept
    : ParkingSpot(topic), topic_(topic), joins_early_(joins_early), siblings_(siblings), turns_wanted_(queues) {}

void EmitSpot::destroy_spot() noexcept { delete this; }

void EmitSpot::make_room() {
    auto larger = std::make_unique<Turn[]>(turns_wanted_);
    const DomainGuard guard(topic_);
    for (std::size_t i = 0; i < turn_room_.size(); ++i) {
        Turn& turn = turn_room_[i];
        larger[i].emit = this;
        larger[i].queue = turn.queue;
        larger[i].number = turn.number;
        larger[i].since = turn.since;
        larger[i].is_wanted = turn.is_wanted;
        larger[i].is_ready = turn.is_ready;
        larger[i].is_overlooked = turn.is_overlooked;
        larger[i].take_place_of(turn);
    }
    more_turns_.swap(larger);
    turn_room_ = {more_turns_.get(), turns_wanted_};
}

bool EmitSpot::came_before(const EmitSpot& other) const noexcept {
    // Arrivals were counted by each domain for itself before they merged, and may be equal: anything decides then.
    return arrival_ != other.arrival_ ? arrival_ < other.arrival_ : std::less<>()(this, &other);
}

bool EmitSpot::may_take_room(IntrusiveList<Turn>& line, std::size_t room) const noexcept {
    for (const Turn& turn : line) {
        if (may_pass(turn)) return true;
        if (room-- <= 1) return false;
    }
    return true;
}

bool EmitSpot::may_emit(const Waiting& event) {
    return topic_.all_waiting_queues(event, [&](Mailbox& queue) {
        const Turn* first = queue.line().front();
        return queue.has_room() && (first == nullptr || may_pass(*first));
    });
}

bool EmitSpot::join(const Waiting* event) {
    turns_wanted_ = event != nullptr ? topic_.waiting_queues(*event) : topic_.waiting_queues();
    if (turns_wanted_ > turn_room_.size()) return false;
    const bool has_come = arrival_ != 0;
    if (!has_come) {
        arrival_ = topic_.next_arrival();
        siblings_.push_back(*this);
    } else {
        for (Turn& turn : turn_room_) turn.is_wanted = false;
    }
    const bool has_limits = topic_.limits_waiting();
    places_ = not_ready_ = 0;
    patient_until_ = Moment::max();
    has_looked_ = false;
    std::size_t next = 0;
    const auto stand_in_line = [&](Mailbox& queue) {
        const FullLimit* const limit = has_limits ? queue.patience() : nullptr;
        Turn* turn = queue.line().find_last(
            [this](const Turn& other) { return other.emit == this || other.emit->came_before(*this); });
        if (turn == nullptr || turn->emit != this) {
            Turn* const before = turn;
            if (limit == nullptr && next < turn_room_.size() && !turn_room_[next].is_linked()) [[likely]] {
                turn = &turn_room_[next++];
                turn->emit = this;
                turn->queue = &queue;
                turn->number = 0;
            } else {
                turn = new_turn(queue, limit, next);
                if (turn == nullptr) return false;  // its key is another one than a moment ago
            }
            queue.line().insert_behind(before, *turn);
        } else if (turn->is_wanted) {
            return true;  // one that hears of the topic in two ways has one place
        }
        ++places_;
        turn->is_wanted = true;
        turn->is_overlooked = false;
        turn->is_ready = (queue.line().front() == turn && queue.has_room()) ||
                         (limit != nullptr && is_out_of_patience(*turn, *limit));
        if (!turn->is_ready) ++not_ready_;
        return true;
    };
    event != nullptr ? topic_.all_waiting_queues(*event, stand_in_line) : topic_.all_waiting_queues(stand_in_line);
    if (has_come) leave_unwanted(event != nullptr ? &event->after : nullptr);
    is_offered_ = not_ready_ == 0;
    if (is_offered_) return true;
    for (Turn& turn : turn_room_)
        if (turn.is_linked() && turn.is_ready && turn.queue->is_starving()) turn.pass_by();
    return true;
}

Turn* EmitSpot::new_turn(Mailbox& queue, const FullLimit* limit, std::size_t& next) noexcept {
    const std::uint64_t number = limit != nullptr ? queue.number() : 0;
    Turn* const turn = free_turn(number, next);
    if (turn == nullptr) return nullptr;
    turn->emit = this;
    turn->queue = &queue;
    if (limit != nullptr && turn->number != number) turn->since = look_at(*limit);
    turn->number = number;
    return turn;
}

Turn* EmitSpot::free_turn(std::uint64_t number, std::size_t& next) noexcept {
    for (int attempts = 2; attempts > 0; --attempts) {
        while (next < turn_room_.size() && turn_room_[next].is_linked()) ++next;
        if (next < turn_room_.size()) {
            Turn& free = turn_room_[next];
            if (number == 0 || !has_left_ || free.number == number) return &free;
            const auto same = std::find_if(turn_room_.begin(), turn_room_.end(), [number](const Turn& turn) {
                return !turn.is_linked() && turn.number == number;
            });
            return same != turn_room_.end() ? &*same : &free;
        }
        // those are in the way that it does not want, or has not come to yet
        for (Turn& turn : turn_room_)
            if (!turn.is_wanted) turn.unlink();
        has_left_ = true;
        next = 0;
    }
    return nullptr;
}

void EmitSpot::leave_unwanted(Aftermath* after) noexcept {
    for (Turn& turn : turn_room_) {
        if (!turn.is_linked() || turn.is_wanted) continue;
        turn.unlink();
        if (after != nullptr) turn.queue->offer_turn(*after);
    }
}

Moment EmitSpot::look_at(const FullLimit& limit) noexcept {
    if (!std::exchange(has_looked_, true)) looked_at_ = limit.now();
    return looked_at_;
}

bool EmitSpot::is_out_of_patience(const Turn& turn, const FullLimit& limit) noexcept {
    const Moment end = limit.end_of(turn.since);
    if (look_at(limit) >= end) return true;
    patient_until_ = std::min(patient_until_, end);
    return false;
}

void EmitSpot::leave(Aftermath& after) noexcept {
    chaos(Point::turn_passed_on, this);
    is_offered_ = false;
    has_left_ = true;
    places_ = 0;
    for (Turn& turn : turn_room_) {
        if (!turn.is_linked()) continue;
        turn.unlink();
        turn.queue->offer_turn(after);
    }
}

void EmitSpot::count_ready(Turn& turn, Aftermath& after) noexcept {
    if (std::exchange(turn.is_ready, true) || --not_ready_ != 0) return;
    is_offered_ = true;
    chaos(Point::turn_offered, this);
    for (Turn& offered : turn_room_) offered.is_overlooked = false;
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
