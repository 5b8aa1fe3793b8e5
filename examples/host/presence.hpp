#pragma once

/// Says to all hosts how this one is.

#include "events.hpp"

#include <event/bus.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace host {

/// With each tick the host's status changes, and that is announced; status first, so that who hears of it finds it.
///
/// Ownership: it ends with the bus. Threads: everything happens on its own strand.
class Presence {
public:
    Presence(event::EventBus& bus, std::string name, std::uint64_t incarnation);

    /// Completes on the strand when the bus has closed and no handler is running.
    [[nodiscard]] asio::awaitable<void> ended();
    [[nodiscard]] const Strand& strand() const noexcept { return strand_; }
    [[nodiscard]] std::vector<event::SubscriptionStat> stats() const { return {events_.stat()}; }

private:
    void handle(const Tick& event);
    void handle(const QuietRequested& event);
    void say(bool is_final);

    const Strand strand_;
    HostStatus own_;
    event::Emitter<HostStatus> status_;
    event::Emitter<Announced> announcements_;
    event::Subscription<Tick, QuietRequested> events_;
};

}  // namespace host
