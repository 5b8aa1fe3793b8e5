#pragma once

/// Links to hosts that are other processes.

#include "events.hpp"
#include "tasks.hpp"

#include <event/bus.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace host {

/// Each neighbour hears what is said here, and the other way round: `HostStatus` is mirrored, `Announced` is imported.
/// What came by a link goes on by none, so that each host is to be linked with each. Who a neighbour is, it says
/// itself: hosts that link take each other's word for their names.
///
/// Ownership: it ends when a stop is requested, and is destroyed when its tasks have finished. Threads: `listen`, at
/// most once, and `keep` from any thread; what it tells comes from its strand and from those of its links, of each link
/// its loss last.
class Neighbours {
public:
    Neighbours(event::EventBus& bus, Tasks& tasks, std::uint64_t incarnation);
    ~Neighbours();

    /// Takes links there. Throws `boost::system::system_error`.
    tcp::endpoint listen(const tcp::endpoint& address);
    /// Keeps a link to HOST:PORT; after a failure it tries again within half a second. Throws
    /// `boost::system::system_error` for what is no address.
    void keep(const std::string& address);

    /// Completes on the strand when the bus has closed and no handler is running.
    [[nodiscard]] asio::awaitable<void> ended();
    [[nodiscard]] const Strand& strand() const noexcept { return strand_; }
    [[nodiscard]] std::vector<event::SubscriptionStat> stats() const { return {stop_.stat()}; }

private:
    struct Links;

    void stop();

    const std::uint64_t incarnation_;
    Tasks& tasks_;
    event::EventBus& bus_;
    const Strand strand_;
    const std::unique_ptr<Links> links_;
    event::Subscription<StopRequested> stop_;
};

}  // namespace host
