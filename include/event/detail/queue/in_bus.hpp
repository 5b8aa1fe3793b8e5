#pragma once

#include <event/detail/intrusive_list.hpp>

/// Where a subscription stands in the lists of its bus; guarded by the bus's mutex.

namespace event::detail {

class Mailbox;

/// Among all of them.
struct InBus : ListHook<InBus> {
    explicit InBus(Mailbox& owner) noexcept : mailbox(owner) {}
    Mailbox& mailbox;
};

/// Among those that see several topics together, or could.
struct Tie : ListHook<Tie> {
    explicit Tie(Mailbox& owner) noexcept : mailbox(owner) {}
    Mailbox& mailbox;
    /// Without it a domain may fall apart. Where that is not so, others hold together what it does.
    bool is_needed = false;
};

}  // namespace event::detail
