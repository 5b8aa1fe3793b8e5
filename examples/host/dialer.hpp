#pragma once

/// Keeps this host connected to the addresses that it was given.

#include "events.hpp"
#include "tasks.hpp"

#include <event/bus.hpp>

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace host {

struct DialerOptions {
    std::chrono::milliseconds first_pause{200};       ///< after a connection has ended, or the first failure
    std::chrono::milliseconds longest_pause{10'000};  ///< it doubles with each further failure up to this
};

/// How long to wait before the next try.
class Backoff {
public:
    explicit Backoff(const DialerOptions& options) : options_(options) {}
    [[nodiscard]] std::chrono::milliseconds next() {
        const auto pause = next_;
        next_ = std::min(2 * pause, options_.longest_pause);
        return pause;
    }
    /// After a success.
    void reset() { next_ = options_.first_pause; }

private:
    DialerOptions options_;
    std::chrono::milliseconds next_ = options_.first_pause;
};

/// Has each address of a `PeerWanted` dialed, and again after a pause when the connection has ended or there was none.
///
/// Ownership: it ends with `StopRequested`, and is destroyed when its tasks have finished and `ended` has completed.
/// Threads: everything happens on its own strand, its timers included.
class Dialer {
public:
    Dialer(event::EventBus& bus, Tasks& tasks, const DialerOptions& options = {});

    /// Completes on the strand when the bus has closed and no handler is running.
    [[nodiscard]] asio::awaitable<void> ended();
    [[nodiscard]] const Strand& strand() const noexcept { return strand_; }
    [[nodiscard]] std::vector<event::SubscriptionStat> stats() const { return {events_.stat()}; }

private:
    /// An address to stay connected to.
    struct Wanted {
        Wanted(const Strand& strand, const DialerOptions& options) : again(strand), backoff(options) {}
        asio::steady_timer again;
        Backoff backoff;
    };

    void handle(const PeerWanted& event);
    void handle(const ConnEstablished& event);
    void handle(const ConnClosed& event);
    void handle(const DialFailed& event);
    void handle(const StopRequested& event);
    void dial(const std::string& address) const;
    [[nodiscard]] asio::awaitable<void> dial_later(std::string address, Wanted& wanted);

    Tasks& tasks_;
    const DialerOptions options_;
    const Strand strand_;
    std::map<std::string, Wanted> wanted_;
    std::map<ConnectionId, std::string> connected_;  // to one of them
    bool is_stopping_ = false;
    event::Emitter<DialRequested> emitter_;
    event::Subscription<PeerWanted, ConnEstablished, ConnClosed, DialFailed, StopRequested> events_;
};

}  // namespace host
