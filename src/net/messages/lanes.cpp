#include "net/messages/lanes.hpp"

#include <utility>

namespace event::net::messages {

void Lanes::push(Priority priority, Outgoing&& message) {
    Lane& lane = lanes_[static_cast<std::size_t>(priority)];
    const std::size_t size = message.size();
    const bool may_be_displaced = message.may_be_displaced();
    const bool takes_room = message.takes_room();
    lane.queue.push(std::move(message));
    ++size_;
    bytes_ += size;
    if (!takes_room) ++lane.without_room;
    if (!may_be_displaced) return;
    ++lane.displaceable.count;
    lane.displaceable.bytes += size;
}

std::size_t Lanes::next_lane(Writable writable) const noexcept {
    std::size_t first = priorities;
    for (std::size_t i = 0; i < priorities; ++i) {
        if (!lanes_[i].has(writable)) continue;
        if (first == priorities) first = i;
        if (lanes_[i].passed >= most_passed) return i;
    }
    return first;
}

std::size_t Lanes::place(const Lane& lane, Writable writable) noexcept {
    std::size_t place = 0;
    while (writable == Writable::without_room && lane.queue[place].takes_room()) ++place;
    return place;
}

Outgoing Lanes::pop(Writable writable) {
    const std::size_t next = next_lane(writable);
    for (std::size_t i = next + 1; i < priorities; ++i)
        if (!lanes_[i].queue.empty()) ++lanes_[i].passed;
    lanes_[next].passed = 0;
    return take(lanes_[next], place(lanes_[next], writable));
}

Outgoing Lanes::take(Lane& lane, std::size_t place) {
    Outgoing message = lane.queue.take(place);
    --size_;
    bytes_ -= message.size();
    if (!message.takes_room()) --lane.without_room;
    if (lane.queue.empty()) lane.passed = 0;
    if (message.may_be_displaced()) {
        --lane.displaceable.count;
        lane.displaceable.bytes -= message.size();
    }
    return message;
}

Lanes::Size Lanes::displaceable(Priority by) const noexcept {
    Size sum;
    for (auto i = static_cast<std::size_t>(by); i < priorities; ++i) {
        sum.count += lanes_[i].displaceable.count;
        sum.bytes += lanes_[i].displaceable.bytes;
    }
    return sum;
}

void Lanes::displace(Priority by) {
    for (std::size_t i = priorities; i-- > static_cast<std::size_t>(by);) {
        Lane& lane = lanes_[i];
        if (lane.displaceable.count == 0) continue;
        std::size_t place = 0;
        while (!lane.queue[place].may_be_displaced()) ++place;
        static_cast<void>(take(lane, place));
        return;
    }
}

bool Lanes::take_back(std::uint64_t request) {
    for (Lane& lane : lanes_) {
        for (std::size_t place = 0; place < lane.queue.size(); ++place) {
            if (lane.queue[place].kind != Kind::request || lane.queue[place].id != request) continue;
            static_cast<void>(take(lane, place));
            return true;
        }
    }
    return false;
}

void Lanes::keep_only(std::uint64_t session) {
    for (Lane& lane : lanes_) {
        for (std::size_t place = 0; place < lane.queue.size();) {
            const std::uint64_t only_to = lane.queue[place].only_to;
            if (only_to != 0 && only_to != session) {
                static_cast<void>(take(lane, place));
            } else {
                ++place;
            }
        }
    }
}

void Lanes::hand_over(std::uint64_t session, Lanes& to) {
    for (std::size_t i = 0; i < priorities; ++i) {
        for (std::size_t place = 0; place < lanes_[i].queue.size();) {
            if (lanes_[i].queue[place].only_to != session) {
                ++place;
                continue;
            }
            to.lanes_[i].queue.make_room();
            to.push(static_cast<Priority>(i), take(lanes_[i], place));
        }
    }
}

}  // namespace event::net::messages
