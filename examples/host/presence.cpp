#include "presence.hpp"

#include <event/retain_by.hpp>

#include <boost/asio/bind_executor.hpp>

#include <utility>

namespace host {

Presence::Presence(event::EventBus& bus, std::string name, std::uint64_t incarnation)
    : strand_(asio::make_strand(bus.get_executor())),
      own_{.name = std::move(name), .incarnation = incarnation},
      status_(bus.emitter<HostStatus>({.name = "presence"}, event::retain_by(&HostStatus::name))),
      announcements_(bus.emitter<Announced>({.name = "presence"})),
      events_(bus.subscribe<Tick, QuietRequested>(
          {.on_full = event::DropOldest{}, .name = "presence"},
          asio::bind_executor(strand_, [this](const auto& event) { handle(event); }))) {}

asio::awaitable<void> Presence::ended() { co_await events_.async_closed(quietly); }

void Presence::handle(const Tick&) { say(false); }
void Presence::handle(const QuietRequested&) { say(true); }

void Presence::say(bool is_final) {
    if (own_.is_final) return;
    ++own_.sequence;
    own_.is_final = is_final;
    status_.emit(own_);
    announcements_.emit({.from = own_.name, .incarnation = own_.incarnation, .number = own_.sequence});
}

}  // namespace host
