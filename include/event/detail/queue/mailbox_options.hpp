#pragma once

#include <event/detail/queue/refinement.hpp>
#include <event/options.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>

namespace event::detail {

class SlowLine;
class Subject;

/// What the queue of a subscription is made of.
struct MailboxOptions {
    SubscriptionOptions& wanted;  // moved from
    std::source_location where;
    const BusOptions& bus;  // lives as long as the core, as does slow_line
    SlowLine& slow_line;
    std::uint64_t number = 0;                     // among the subscriptions of the bus
    std::span<Subject* const> subjects = {};      // what was subscribed to; copied
    std::size_t topics = 0;                       // that feed it, so far
    bool is_erased = false;                       // more may come
    std::size_t stride = 0;                       // bytes from slot to slot
    std::size_t replay_room = 0;                  // slots beside the capacity, for retained events
    std::unique_ptr<Refinement> refinement = {};  // null: every event is wanted as it is
    bool is_unusual = false;                      // found out by `create`: it is to be furnished
};

}  // namespace event::detail
