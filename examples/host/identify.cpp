#include "address.hpp"
#include "identify.hpp"
#include "peer_info.hpp"

#include <event/where_key.hpp>

#include <memory>
#include <set>
#include <utility>
#include <variant>

namespace host {

Identify::Identify(event::EventBus& bus, Tasks& tasks, PeerInfo self)
    : self_(std::move(self)),
      peers_(bus.get_executor(), IdentifiedPeers{}),
      emitter_(bus.emitter<PeerIdentified, SendRequested, CloseRequested>({.name = "identify"})),
      events_(bus.subscribe<NetworkStarted, ConnEstablished, ConnClosed, FrameReceived, ReachableAddressesChanged>(
          {.on_full = event::Wait{}, .name = "identify"},
          event::where_key(&FrameReceived::protocol, Protocol::identify))) {
    tasks.spawn(asio::make_strand(bus.get_executor()), "identify", run());
}

asio::awaitable<void> Identify::run() {
    std::set<ConnectionId> open;
    for (;;) {
        const auto received = co_await events_.async_receive(quietly);
        const auto& [error, event] = received;
        if (error) break;
        if (const auto* established = event.get_if<ConnEstablished>()) {
            open.insert(established->connection);
            co_await introduce(established->connection);
        } else if (const auto* closed = event.get_if<ConnClosed>()) {
            open.erase(closed->connection);
            if (current_.erase(closed->connection) != 0) peers_.set(current_);
        } else if (const auto* changed = event.get_if<ReachableAddressesChanged>()) {
            self_.reachable = changed->addresses;
            for (const ConnectionId connection : open) co_await introduce(connection);
        } else if (const auto* started = event.get_if<NetworkStarted>()) {
            self_.listening = {to_string(started->address)};
            for (const ConnectionId connection : open) co_await introduce(connection);
        } else if (const auto* frame = event.get_if<FrameReceived>()) {
            co_await identified(*frame);
        }
    }
}

asio::awaitable<void> Identify::introduce(ConnectionId connection) {
    SendRequested request{.connection = connection, .protocol = Protocol::identify, .payload = encode(self_)};
    co_await emitter_.async_emplace<SendRequested>(quietly, std::move(request));
}

asio::awaitable<void> Identify::identified(const FrameReceived& frame) {
    auto decoded = decode_peer_info(frame.payload);
    if (const auto* malformed = std::get_if<Malformed>(&decoded)) {
        CloseRequested request{.connection = frame.connection, .reason = "malformed identify: " + malformed->reason};
        co_await emitter_.async_emplace<CloseRequested>(quietly, std::move(request));
        co_return;
    }
    PeerIdentified event{.connection = frame.connection, .info = std::get<PeerInfo>(std::move(decoded))};
    current_[event.connection] = std::make_shared<const PeerInfo>(event.info);
    peers_.set(current_);
    co_await emitter_.async_emplace<PeerIdentified>(quietly, std::move(event));
}

}  // namespace host
