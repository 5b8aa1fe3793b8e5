#include "address.hpp"
#include "reachability.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/detached.hpp>

#include <utility>

namespace host {

ReachabilityMonitor::ReachabilityMonitor(event::EventBus& bus)
    : strand_(asio::make_strand(bus.get_executor())),
      value_(bus.get_executor(), Reachability::unknown),
      emitter_(bus.emitter<ReachableAddressesChanged>({.retain = true, .name = "reachability"})),
      events_(bus.subscribe<NetworkStarted, NetworkStopped, ConnEstablished, ConnClosed>(
          {.on_full = event::Wait{}, .name = "reachability"},
          asio::bind_executor(strand_, [this](const auto& event) { handle(event); }))) {}

asio::awaitable<void> ReachabilityMonitor::ended() {
    co_await events_.async_closed(quietly);
    value_.close();
}

void ReachabilityMonitor::handle(const NetworkStarted& event) {
    listening_ = to_string(event.address);
    judge();
}

void ReachabilityMonitor::handle(const NetworkStopped&) {
    listening_.clear();
    judge();
}

void ReachabilityMonitor::handle(const ConnEstablished& event) {
    connections_.emplace(event.connection, event.direction);
    if (event.direction == Direction::inbound) ++inbound_;
    judge();
}

void ReachabilityMonitor::handle(const ConnClosed& event) {
    const auto found = connections_.find(event.connection);
    if (found == connections_.end()) return;  // from before this component
    if (found->second == Direction::inbound) --inbound_;
    connections_.erase(found);
    judge();
}

void ReachabilityMonitor::judge() {
    const Reachability now = inbound_ != 0           ? Reachability::open_to_all
                             : !connections_.empty() ? Reachability::behind_nat
                                                     : Reachability::unknown;
    value_.set_if_changed(now);
    std::vector<std::string> addresses;
    if (now == Reachability::open_to_all && !listening_.empty()) addresses.push_back(listening_);
    if (addresses == told_) return;
    told_ = addresses;
    emitter_.async_emplace(asio::detached, std::move(addresses));
}

}  // namespace host
