#pragma once

#include <event/detail/queue/full_limit.hpp>
#include <event/detail/queue/refinement.hpp>
#include <event/detail/queue/slow_notifier.hpp>
#include <event/options.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>

namespace event::detail {

class SlowLine;
class Subject;

/// What the queue of a subscription is made of, as far as that is known before it registers.
struct MailboxOptions {
    SubscriptionOptions& wanted;  // moved from
    std::source_location where;
    const BusOptions& bus;  // lives as long as the core, as does slow_line
    SlowLine& slow_line;
    std::size_t stride = 0;                       // bytes from slot to slot
    std::unique_ptr<Refinement> refinement = {};  // null: every event is wanted as it is
    bool is_unusual = false;                      // found out by `create`: it is to be furnished
};

/// What most subscriptions do not bring.
struct MailboxOwn {
    std::string name;
    SlowNotifier::Callback callback;
    std::optional<FullLimit> full_limit;

    [[nodiscard]] FullLimit* limit() noexcept { return full_limit ? &*full_limit : nullptr; }
};

/// The rest.
struct MailboxPlace {
    std::uint64_t number;                // among the subscriptions of the bus
    std::span<Subject* const> subjects;  // what was subscribed to; copied
    std::size_t topics;                  // that feed it, so far
    bool is_erased;                      // more may come
    std::size_t replay_room;             // slots beside the capacity, for retained events
};

}  // namespace event::detail
