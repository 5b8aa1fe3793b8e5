#pragma once

/// A protocol on top, to have traffic worth the name: what one side sends comes back from the other.

#include "events.hpp"
#include "tasks.hpp"

#include <event/bus.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace host {

struct EchoOptions {
    std::size_t bytes = 1024;  ///< of each payload
    std::size_t window = 1;    ///< payloads on their way on each connection that this host dialed; 0: only answer
    /// Sends the next one as soon as one comes back, and not only with the next heartbeat.
    bool is_continuous = false;
};

/// Emits `EchoReturned`; closes a connection over which something else comes back.
///
/// Ownership: it ends with the bus, and is destroyed when its tasks have finished. Threads: everything happens on its
/// own strand.
class Echo {
public:
    Echo(event::EventBus& bus, Tasks& tasks, const EchoOptions& options = {});

    [[nodiscard]] std::vector<event::SubscriptionStat> stats() const { return {events_.stat(), ticks_.stat()}; }

private:
    using Clock = std::chrono::steady_clock;
    using OnTheirWay = std::map<std::uint64_t, Clock::time_point>;  // by number: when it was sent

    [[nodiscard]] asio::awaitable<void> run();
    void fill_window(ConnectionId connection, OnTheirWay& on_their_way);
    [[nodiscard]] asio::awaitable<void> received(const FrameReceived& frame);
    [[nodiscard]] asio::awaitable<void> close(ConnectionId connection, std::string reason);

    const EchoOptions options_;
    const Strand strand_;
    std::map<ConnectionId, OnTheirWay> peers_;  // that this host dialed
    std::uint64_t last_number_ = 0;
    event::Emitter<EchoReturned, SendRequested, CloseRequested> emitter_;
    event::Subscription<ConnEstablished, ConnClosed, FrameReceived> events_;
    event::Subscription<Tick> ticks_;
};

}  // namespace host
