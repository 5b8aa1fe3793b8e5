#pragma once

/// Finds out whether others can reach this host.

#include "events.hpp"
#include "state.hpp"

#include <event/bus.hpp>
#include <event/value.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace host {

/// Public while somebody has reached us, private while we have only reached others, unknown without connections. Where
/// it can be reached, while public, is told with `ReachableAddressesChanged`.
///
/// Ownership: it ends with the bus, and its value with it. Threads: everything happens on its own strand; `value` from
/// any thread.
class ReachabilityMonitor {
public:
    explicit ReachabilityMonitor(event::EventBus& bus);

    [[nodiscard]] event::ValueView<Reachability> value() const { return value_.view(); }

    /// Completes on the strand when the bus has closed and no handler is running.
    [[nodiscard]] asio::awaitable<void> ended();
    [[nodiscard]] const Strand& strand() const noexcept { return strand_; }
    [[nodiscard]] std::vector<event::SubscriptionStat> stats() const { return {events_.stat()}; }

private:
    void handle(const NetworkStarted& event);
    void handle(const NetworkStopped& event);
    void handle(const ConnEstablished& event);
    void handle(const ConnClosed& event);
    void judge();

    const Strand strand_;
    std::string listening_;  // empty: nowhere
    std::map<ConnectionId, Direction> connections_;
    std::size_t inbound_ = 0;
    event::Value<Reachability> value_;
    std::vector<std::string> told_;
    event::Emitter<ReachableAddressesChanged> emitter_;
    event::Subscription<NetworkStarted, NetworkStopped, ConnEstablished, ConnClosed> events_;
};

}  // namespace host
