#include "address.hpp"
#include "journal.hpp"

#include <boost/asio/bind_executor.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace host {

Journal::Journal(event::EventBus& bus, Console& console, std::string host)
    : console_(console),
      host_(std::move(host)),
      strand_(asio::make_strand(bus.get_executor())),
      events_(bus.subscribe<NetworkStarted, NetworkStopped, ConnEstablished, ConnClosed, ConnRefused, AcceptFailed,
                            DialFailed, PeerIdentified, HostAppeared, HostVanished, NeighbourLost>(
          {.capacity = 256, .on_full = event::DropOldest{}, .name = "journal"},
          asio::bind_executor(strand_, [this](const auto& event, const event::Meta& meta) {
              if (meta.missed != 0) log("journal", fmt::format("... {} more", meta.missed));
              handle(event);
          }))) {}

asio::awaitable<void> Journal::ended() { co_await events_.async_closed(quietly); }

void Journal::handle(const NetworkStarted& event) { log("swarm", "listening on " + to_string(event.address)); }

void Journal::handle(const NetworkStopped&) { log("swarm", "stopped"); }

void Journal::handle(const ConnEstablished& event) {
    const bool is_inbound = event.direction == Direction::inbound;
    log("swarm",
        fmt::format("#{} connected {} {}", event.connection, is_inbound ? "from" : "to", to_string(event.remote)));
}

void Journal::handle(const ConnClosed& event) {
    log("swarm", fmt::format("#{} closed: {}", event.connection, event.reason));
}

void Journal::handle(const ConnRefused& event) {
    log("swarm", fmt::format("refused {}: {}", to_string(event.remote), event.reason));
}

void Journal::handle(const AcceptFailed& event) { log("swarm", "cannot accept: " + event.reason); }

void Journal::handle(const DialFailed& event) {
    log("swarm", fmt::format("cannot reach {}: {}", event.address, event.reason));
}

void Journal::handle(const PeerIdentified& event) {
    const PeerInfo& info = event.info;
    const std::string where = !info.reachable.empty() ? fmt::format("reachable at {}", fmt::join(info.reachable, ", "))
                              : !info.listening.empty()
                                  ? fmt::format("listening on {}", fmt::join(info.listening, ", "))
                                  : "not listening";
    log("identify", fmt::format("#{} is {} ({}), {}", event.connection, info.name, info.version, where));
}

void Journal::handle(const HostAppeared& event) {
    log("witness", fmt::format("{} is here{}", event.name, event.is_started_anew ? ", started anew" : ""));
}

void Journal::handle(const HostVanished& event) { log("witness", event.name + " is gone"); }

void Journal::handle(const NeighbourLost& event) {
    if (!event.reason.empty()) log("neighbours", "link lost: " + event.reason);
}

}  // namespace host
