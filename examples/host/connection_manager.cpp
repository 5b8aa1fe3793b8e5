#include "connection_manager.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/detached.hpp>

#include <fmt/format.h>

#include <string>
#include <utility>

namespace host {

ConnectionManager::ConnectionManager(event::EventBus& bus, event::ValueView<ProtectedConnections> guarded,
                                     const ConnectionManagerOptions& options)
    : options_(options),
      strand_(asio::make_strand(bus.get_executor())),
      protected_(std::move(guarded)),
      count_(bus.get_executor(), ConnectionCount{}),
      close_(bus.emitter<CloseRequested>({.name = "connections"})),
      events_(bus.subscribe<ConnEstablished, ConnClosed>(
          {.on_full = event::Wait{}, .name = "connections"},
          asio::bind_executor(strand_, [this](const auto& event) { handle(event); }))) {}

asio::awaitable<void> ConnectionManager::ended() {
    co_await events_.async_closed(quietly);
    count_.close();
}

void ConnectionManager::handle(const ConnEstablished& event) {
    open_.emplace(event.connection, event.direction);
    publish();
    if (open_.size() - closing_.size() > options_.high_water) trim();
}

void ConnectionManager::handle(const ConnClosed& event) {
    open_.erase(event.connection);
    closing_.erase(event.connection);
    publish();
}

void ConnectionManager::trim() {
    const auto guarded = protected_.try_get();
    const std::string reason = fmt::format("trimmed: {} connections are open, {} are the limit",
                                           open_.size() - closing_.size(), options_.high_water);
    for (const auto& [connection, direction] : open_) {
        if (open_.size() - closing_.size() <= options_.low_water) break;
        if (direction == Direction::outbound || (guarded && (*guarded)->contains(connection))) continue;
        if (!closing_.insert(connection).second) continue;
        ++current_.trimmed;
        close_.async_emplace(asio::detached, connection, reason);
    }
    publish();
}

void ConnectionManager::publish() {
    current_.open = open_.size();
    count_.set(current_);
}

}  // namespace host
