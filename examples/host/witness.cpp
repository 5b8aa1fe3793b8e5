#include "witness.hpp"

#include <boost/asio/bind_executor.hpp>

#include <optional>
#include <utility>

namespace host {

Witness::Witness(event::EventBus& bus, std::string name, std::uint64_t incarnation)
    : bus_(bus),
      strand_(asio::make_strand(bus.get_executor())),
      sightings_(std::move(name), incarnation),
      emitter_(bus.emitter<HostAppeared, HostVanished>({.name = "witness"})),
      events_(bus.subscribe<HostStatus, Announced, NeighbourLinked, NeighbourLost, Tick>(
          {.capacity = 4096, .on_full = event::DropOldest{}, .name = "witness"},
          asio::bind_executor(strand_, [this](const auto& event, const event::Meta& meta) {
              if (meta.missed != 0) {
                  const std::lock_guard lock(mutex_);
                  sightings_.missed(meta.missed);
              }
              handle(event);
          }))) {}

asio::awaitable<void> Witness::ended() { co_await events_.async_closed(quietly); }

Figures Witness::figures() const {
    const std::lock_guard lock(mutex_);
    return sightings_.figures();
}

void Witness::handle(const HostStatus& event) {
    std::unique_lock lock(mutex_);
    auto appeared = sightings_.saw(event);
    lock.unlock();
    if (appeared) emitter_.emit(*std::move(appeared));
}

void Witness::handle(const Announced& event) {
    const std::lock_guard lock(mutex_);
    sightings_.heard(event);
}

void Witness::handle(const NeighbourLinked& event) {
    const std::lock_guard lock(mutex_);
    sightings_.linked(event.incarnation);
}

void Witness::handle(const NeighbourLost& event) {
    std::unique_lock lock(mutex_);
    auto vanished = sightings_.lost(event.incarnation);
    lock.unlock();
    if (vanished) emitter_.emit(*std::move(vanished));
}

void Witness::handle(const Tick&) {
    std::vector<HostStatus> statuses;
    try {
        auto late = bus_.subscribe<HostStatus>({.name = "late comer"});
        for (auto retained = late.try_receive(); retained && retained->replayed(); retained = late.try_receive())
            statuses.push_back(**retained);
    } catch (const boost::system::system_error&) {  // the bus has closed meanwhile
        return;
    }
    const std::lock_guard lock(mutex_);
    sightings_.shown(std::move(statuses));
}

}  // namespace host
