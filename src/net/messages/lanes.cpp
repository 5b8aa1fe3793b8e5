#include "net/messages/lanes.hpp"

#include <utility>

namespace event::net::messages {

void Lanes::push(Priority priority, Outgoing&& message) {
    Lane& lane = lanes_[static_cast<std::size_t>(priority)];
    const std::size_t size = message.size();
    const bool may_be_displaced = message.may_be_displaced();
    lane.queue.push(std::move(message));
    ++size_;
    bytes_ += size;
    if (!may_be_displaced) return;
    ++lane.displaceable.count;
    lane.displaceable.bytes += size;
}

std::size_t Lanes::next_lane() const noexcept {
    std::size_t first = priorities;
    for (std::size_t i = 0; i < priorities; ++i) {
        if (lanes_[i].queue.empty()) continue;
        if (first == priorities) first = i;
        if (lanes_[i].passed >= most_passed) return i;
    }
    return first;
}

Outgoing Lanes::pop() {
    const std::size_t next = next_lane();
    for (std::size_t i = next + 1; i < priorities; ++i)
        if (!lanes_[i].queue.empty()) ++lanes_[i].passed;
    lanes_[next].passed = 0;
    return take(lanes_[next], 0);
}

Outgoing Lanes::take(Lane& lane, std::size_t place) {
    Outgoing message = lane.queue.take(place);
    --size_;
    bytes_ -= message.size();
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

}  // namespace event::net::messages
