#pragma once

/// Measures the round trip on every connection, again and again, until the connection ends.

#include "events.hpp"

#include <event/bus.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace host {

struct PingOptions {
    std::chrono::milliseconds interval{1000};  ///< between the starts of two pings
    std::chrono::milliseconds timeout{5000};   ///< a peer that has not answered by then is closed
};

/// Emits `PingMeasured`. Answers the pings of others.
///
/// Ownership: it ends with the bus. Threads: everything happens on its own strand.
class Ping {
public:
    Ping(event::EventBus& bus, const PingOptions& options = {});

    /// Completes on the strand when the bus has closed and no handler is running.
    [[nodiscard]] asio::awaitable<void> ended();
    [[nodiscard]] const Strand& strand() const noexcept { return strand_; }
    [[nodiscard]] std::vector<event::SubscriptionStat> stats() const { return {events_.stat(), ticks_.stat()}; }

private:
    using Clock = std::chrono::steady_clock;
    /// What is known of one connection.
    struct Peer {
        Clock::time_point due;      // by the heartbeat
        Clock::time_point sent_at;  // by the clock
        std::uint64_t awaited = 0;  // the number in the ping that is on its way; 0: none
    };

    void handle(const ConnEstablished& event);
    void handle(const ConnClosed& event);
    void handle(const FrameReceived& event);
    void handle(const Tick& tick);
    void answered(ConnectionId connection, std::uint64_t number);
    void send(ConnectionId connection, char kind, std::uint64_t number) const;
    void close(ConnectionId connection, std::string reason) const;

    const PingOptions options_;
    const Strand strand_;
    std::map<ConnectionId, Peer> peers_;
    Clock::time_point now_;  // of the last heartbeat
    std::uint64_t last_number_ = 0;
    event::Emitter<PingMeasured, SendRequested, CloseRequested> emitter_;
    event::Subscription<ConnEstablished, ConnClosed, FrameReceived> events_;
    event::Subscription<Tick> ticks_;
};

}  // namespace host
