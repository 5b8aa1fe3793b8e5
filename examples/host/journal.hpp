#pragma once

/// Writes down, for people, what happens.

#include "console.hpp"
#include "events.hpp"

#include <event/bus.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace host {

/// Prints what happens to the network. A queue of its own, and `DropOldest`: when there is more to tell than can be
/// printed, the newest is, and how much is missing.
///
/// Ownership: it ends with the bus. Threads: everything happens on its own strand.
class Journal {
public:
    Journal(event::EventBus& bus, Console& console, std::string host);

    /// Completes on the strand when the bus has closed and no handler is running.
    [[nodiscard]] asio::awaitable<void> ended();
    [[nodiscard]] const Strand& strand() const noexcept { return strand_; }
    [[nodiscard]] std::vector<event::SubscriptionStat> stats() const { return {events_.stat()}; }

private:
    void handle(const NetworkStarted& event);
    void handle(const NetworkStopped& event);
    void handle(const ConnEstablished& event);
    void handle(const ConnClosed& event);
    void handle(const ConnRefused& event);
    void handle(const AcceptFailed& event);
    void handle(const DialFailed& event);
    void handle(const PeerIdentified& event);
    void handle(const HostAppeared& event);
    void handle(const HostVanished& event);
    void handle(const NeighbourLost& event);
    void log(std::string_view component, std::string_view text) { console_.log(host_, component, text); }

    Console& console_;
    const std::string host_;
    const Strand strand_;
    event::Subscription<NetworkStarted, NetworkStopped, ConnEstablished, ConnClosed, ConnRefused, AcceptFailed,
                        DialFailed, PeerIdentified, HostAppeared, HostVanished, NeighbourLost>
        events_;
};

}  // namespace host
