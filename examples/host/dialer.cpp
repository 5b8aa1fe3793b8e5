#include "dialer.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/detached.hpp>

#include <tuple>
#include <utility>

namespace host {

Dialer::Dialer(event::EventBus& bus, Tasks& tasks, const DialerOptions& options)
    : tasks_(tasks),
      options_(options),
      strand_(asio::make_strand(bus.get_executor())),
      emitter_(bus.emitter<DialRequested>({.name = "dialer"})),
      events_(bus.subscribe<PeerWanted, ConnEstablished, ConnClosed, DialFailed, StopRequested>(
          {.on_full = event::Wait{}, .name = "dialer"},
          asio::bind_executor(strand_, [this](const auto& event) { handle(event); }))) {}

asio::awaitable<void> Dialer::ended() { co_await events_.async_closed(quietly); }

void Dialer::handle(const PeerWanted& event) {
    if (wanted_.try_emplace(event.address, strand_, options_).second) dial(event.address);
}

void Dialer::handle(const ConnEstablished& event) {
    const auto found = wanted_.find(event.dialed);
    if (found == wanted_.end()) return;
    found->second.backoff.reset();
    connected_.emplace(event.connection, event.dialed);
}

void Dialer::handle(const ConnClosed& event) {
    const auto found = connected_.find(event.connection);
    if (found == connected_.end()) return;
    tasks_.spawn(strand_, "dialer", dial_later(found->second, wanted_.at(found->second)));
    connected_.erase(found);
}

void Dialer::handle(const DialFailed& event) {
    const auto found = wanted_.find(event.address);
    if (found == wanted_.end()) return;
    tasks_.spawn(strand_, "dialer", dial_later(event.address, found->second));
}

void Dialer::handle(const StopRequested&) {
    is_stopping_ = true;
    for (auto& [address, wanted] : wanted_) wanted.again.cancel();
}

void Dialer::dial(const std::string& address) const { emitter_.async_emplace(asio::detached, address); }

asio::awaitable<void> Dialer::dial_later(std::string address, Wanted& wanted) {
    if (is_stopping_) co_return;
    wanted.again.expires_after(wanted.backoff.next());
    const auto waited = co_await wanted.again.async_wait(quietly);
    if (!std::get<0>(waited) && !is_stopping_) dial(address);
}

}  // namespace host
