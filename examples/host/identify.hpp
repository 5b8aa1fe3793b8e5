#pragma once

/// Tells every peer who this host is, and learns who they are: over each new connection, and again when the addresses
/// at which this host can be reached have changed. (The first example in libp2p's RFC for an event bus.)

#include "events.hpp"
#include "state.hpp"
#include "tasks.hpp"

#include <event/bus.hpp>
#include <event/value.hpp>

#include <string>
#include <vector>

namespace host {

/// Emits `PeerIdentified`; the latest of each connection is in `peers`, which is set before the event is emitted.
///
/// Ownership: it ends with the bus, and is destroyed when its tasks have finished. Threads: everything happens on its
/// own strand; `peers` from any thread.
class Identify {
public:
    /// `self` without addresses: these come from `NetworkStarted` and `ReachableAddressesChanged`.
    Identify(event::EventBus& bus, Tasks& tasks, PeerInfo self);

    [[nodiscard]] event::ValueView<IdentifiedPeers> peers() const { return peers_.view(); }
    [[nodiscard]] std::vector<event::SubscriptionStat> stats() const { return {events_.stat()}; }

private:
    [[nodiscard]] asio::awaitable<void> run();
    [[nodiscard]] asio::awaitable<void> introduce(ConnectionId connection);
    [[nodiscard]] asio::awaitable<void> identified(const FrameReceived& frame);

    PeerInfo self_;
    IdentifiedPeers current_;
    event::Value<IdentifiedPeers> peers_;
    event::Emitter<PeerIdentified, SendRequested, CloseRequested> emitter_;
    event::Subscription<NetworkStarted, ConnEstablished, ConnClosed, FrameReceived, ReachableAddressesChanged> events_;
};

}  // namespace host
