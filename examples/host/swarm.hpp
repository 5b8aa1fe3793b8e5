#pragma once

/// Owns the connections: listens, dials, and moves frames between them and the bus.

#include "connection.hpp"
#include "state.hpp"
#include "tasks.hpp"

#include <event/bus.hpp>
#include <event/value.hpp>

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace host {

struct SwarmOptions {
    std::size_t max_connections = 1024;  ///< further ones are refused
    std::chrono::milliseconds dial_timeout{3000};
    ConnectionLimits limits = {};
};

/// Emits what happens to the network, and serves what is asked of it; `events.hpp` lists both. Frames and connections
/// are emitted with `async_emit`: a component that subscribes with `Wait` loses none of them, and a peer that sends
/// more than the components can take is slowed down by its own TCP window.
///
/// Ownership: it ends with `StopRequested`, and is destroyed when its tasks have finished and `ended` has completed.
/// Threads: `listen` and `state` from any thread; all else happens on its own strand.
class Swarm {
public:
    Swarm(event::EventBus& bus, Tasks& tasks, const SwarmOptions& options = {});

    /// Listens there; at most once. Gives the address that it got: port 0 asks for a free one. Throws
    /// `boost::system::system_error`.
    tcp::endpoint listen(const tcp::endpoint& address);

    [[nodiscard]] event::ValueView<SwarmState> state() const { return state_.view(); }
    /// Completes on the strand when the bus has closed and no handler is running.
    [[nodiscard]] asio::awaitable<void> ended();
    [[nodiscard]] const Strand& strand() const noexcept { return strand_; }
    [[nodiscard]] std::vector<event::SubscriptionStat> stats() const { return {requests_.stat(), ticks_.stat()}; }

private:
    struct Dial;

    [[nodiscard]] asio::awaitable<void> accept(tcp::acceptor acceptor);
    [[nodiscard]] asio::awaitable<void> dial(std::shared_ptr<Dial> dial);
    [[nodiscard]] asio::awaitable<std::string> connect(Dial& dial) const;
    [[nodiscard]] bool is_full() const { return connections_.size() >= options_.max_connections; }
    [[nodiscard]] std::string too_many() const;
    void refuse(tcp::socket socket, const tcp::endpoint& remote);

    void begin(tcp::socket socket, const tcp::endpoint& remote, Direction direction, std::string dialed = {});
    [[nodiscard]] asio::awaitable<void> serve(std::shared_ptr<Connection> connection, ConnEstablished established);
    [[nodiscard]] asio::awaitable<std::string> receive_frames(Connection& connection);
    void stop_if_last();

    void handle(const DialRequested& request);
    void handle(const SendRequested& request);
    void handle(const CloseRequested& request);
    void handle(const StopRequested& request);
    void handle(const Tick& tick);
    [[nodiscard]] Connection* find(ConnectionId id) const;

    const SwarmOptions options_;
    Tasks& tasks_;
    const Strand strand_;
    tcp::acceptor acceptor_;
    asio::steady_timer accept_again_;
    std::map<ConnectionId, std::shared_ptr<Connection>> connections_;
    std::map<const Dial*, std::shared_ptr<Dial>> dials_;
    std::size_t unfinished_ = 0;  // connections and dials whose end is still to be told
    ConnectionId last_id_ = 0;
    std::chrono::steady_clock::time_point now_ = std::chrono::steady_clock::now();  // of the last heartbeat
    bool is_stopping_ = false;
    SwarmState current_;
    event::Value<SwarmState> state_;
    event::Emitter<NetworkStarted, NetworkStopped> network_;
    event::Emitter<ConnEstablished, ConnClosed, ConnRefused, AcceptFailed, DialFailed, FrameReceived> emitter_;
    // last: once they are gone, nothing more is asked of the rest
    event::Subscription<DialRequested, SendRequested, CloseRequested, StopRequested> requests_;
    event::Subscription<Tick> ticks_;
};

}  // namespace host
