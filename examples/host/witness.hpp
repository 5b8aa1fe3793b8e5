#pragma once

/// Sees what other hosts say, and judges it.

#include "events.hpp"
#include "sightings.hpp"

#include <event/bus.hpp>

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace host {

/// Tells who appears and vanishes. With each tick it looks, as somebody who comes only now, at what is retained.
///
/// Ownership: it ends with the bus. Threads: everything happens on its own strand; `figures` from any thread.
class Witness {
public:
    Witness(event::EventBus& bus, std::string name, std::uint64_t incarnation);

    [[nodiscard]] Figures figures() const;

    /// Completes on the strand when the bus has closed and no handler is running.
    [[nodiscard]] asio::awaitable<void> ended();
    [[nodiscard]] const Strand& strand() const noexcept { return strand_; }
    [[nodiscard]] std::vector<event::SubscriptionStat> stats() const { return {events_.stat()}; }

private:
    void handle(const HostStatus& event);
    void handle(const Announced& event);
    void handle(const NeighbourLinked& event);
    void handle(const NeighbourLost& event);
    void handle(const Tick& event);

    event::EventBus& bus_;
    const Strand strand_;
    mutable std::mutex mutex_;
    Sightings sightings_;  // guarded by mutex_
    event::Emitter<HostAppeared, HostVanished> emitter_;
    event::Subscription<HostStatus, Announced, NeighbourLinked, NeighbourLost, Tick> events_;
};

}  // namespace host
