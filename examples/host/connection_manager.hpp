#pragma once

/// Keeps the number of connections between bounds.

#include "events.hpp"
#include "state.hpp"

#include <event/bus.hpp>
#include <event/value.hpp>

#include <cstddef>
#include <map>
#include <set>
#include <vector>

namespace host {

struct ConnectionManagerOptions {
    std::size_t high_water = 512;  ///< with more connections than this, trimming begins
    std::size_t low_water = 384;   ///< and goes on down to this
};

/// Counts connections, from one queue in one order, and has the oldest trimmed when they are too many: never those that
/// this host dialed itself, nor those that are protected. If too few are left to trim, more stay.
///
/// Ownership: it ends with the bus, and its value with it. Threads: everything happens on its own strand; `count` from
/// any thread.
class ConnectionManager {
public:
    ConnectionManager(event::EventBus& bus, event::ValueView<ProtectedConnections> guarded,
                      const ConnectionManagerOptions& options = {});

    [[nodiscard]] event::ValueView<ConnectionCount> count() const { return count_.view(); }

    /// Completes on the strand when the bus has closed and no handler is running.
    [[nodiscard]] asio::awaitable<void> ended();
    [[nodiscard]] const Strand& strand() const noexcept { return strand_; }
    [[nodiscard]] std::vector<event::SubscriptionStat> stats() const { return {events_.stat()}; }

private:
    void handle(const ConnEstablished& event);
    void handle(const ConnClosed& event);
    void trim();
    void publish();

    const ConnectionManagerOptions options_;
    const Strand strand_;
    const event::ValueView<ProtectedConnections> protected_;
    std::map<ConnectionId, Direction> open_;  // the oldest first
    std::set<ConnectionId> closing_;          // of those, the ones that were asked to go
    ConnectionCount current_;
    event::Value<ConnectionCount> count_;
    event::Emitter<CloseRequested> close_;
    event::Subscription<ConnEstablished, ConnClosed> events_;
};

}  // namespace host
