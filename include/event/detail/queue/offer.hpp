#pragma once

#include <event/detail/order/aftermath.hpp>
#include <event/detail/order/subject.hpp>
#include <event/detail/queue/slot.hpp>

#include <cstddef>
#include <cstdint>

/// What a queue is offered, by whom, and what becomes of it.

namespace event::detail {

class EmitSpot;
class TopicBase;

/// What was subscribed to.
struct Listing {
    Subject* subject;
    static constexpr std::size_t nowhere = SIZE_MAX;
    std::size_t position = nowhere;  // of a behaviour: in its list of subscribers; guarded by the bus's mutex
};

/// Where a mailbox stands in a topic's list of sinks, or in its index of keys.
struct Binding {
    TopicBase* topic = nullptr;
    std::uint32_t position = 0;  // guarded by the domain's lock; of keys: their place in the mailbox's list
    bool is_erased = false;      // in its list of erased sinks
    bool is_keyed = false;       // in its index
};

/// The event is in the queue, for the first two of them only. `merged_away`: an older one went, too. `killed_twice`:
/// the same event had just been queued, in another of the ways in which it reaches the subscription. `gone`: the
/// subscription has ended meanwhile, and was counted when it did.
enum class Pushed : std::uint8_t { queued, displaced, refused, rejected, merged_away, killed, killed_twice, gone };
enum class Look : std::uint8_t { empty, readable, ended, stale };  // stale: of a value that is to be made anew

/// What all pushes of one emit have in common.
struct Offer {
    std::uint64_t sequence;
    const EmitSpot* turn;  // where the emit has waited; null: it takes no room that others wait for
    Aftermath& after;
    Origin origin;
    Moment emitted_at = {};  // where the bus stamps its events
};

/// What became of all the events that were offered to a queue.
struct Figures {
    std::uint64_t delivered = 0;
    std::uint64_t lost = 0;
    std::uint64_t rejected = 0;
    std::uint64_t discarded = 0;
    std::uint64_t killed = 0;

    Figures& operator+=(const Figures& other) noexcept {
        delivered += other.delivered;
        lost += other.lost;
        rejected += other.rejected;
        discarded += other.discarded;
        killed += other.killed;
        return *this;
    }
};

}  // namespace event::detail
