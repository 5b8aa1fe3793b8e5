#pragma once

/// Figures about topics and subscriptions. All are copies of a moment; reading them disturbs nobody.

#include <event/backpressure.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace event {

struct TopicStat {
    std::size_t emitters = 0;
    std::size_t subscribers = 0;
    bool retained = false;            ///< the topic keeps its last event for new subscribers
    std::uint64_t emitted = 0;        ///< events that found a subscriber or were retained; all, under `count_unheard`
    std::uint64_t last_sequence = 0;  ///< `sequence()` of the last of them
    bool replayable = false;          ///< there is such an event now: `forget` drops it
};

struct SubscriptionStat {
    std::string name;
    std::vector<std::string> types;  ///< labels, in the order of the template arguments
    std::size_t size = 0;            ///< events queued now
    std::size_t capacity = 0;
    std::size_t high_water = 0;   ///< most events ever queued at once
    std::uint64_t delivered = 0;  ///< events taken by the receiver
    std::uint64_t lost = 0;       ///< events lost to this subscription, refused, displaced and replaced ones together
    std::uint64_t gap = 0;        ///< those of them that were lost since the last event was queued
    Policy policy = Policy::notify;
};

}  // namespace event
