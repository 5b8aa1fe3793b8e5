#include "address_book.hpp"

#include <boost/asio/bind_executor.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace host {

AddressBook::AddressBook(event::EventBus& bus, Tasks& tasks, const asio::any_io_executor& executor,
                         event::ValueView<SwarmState> swarm, event::ValueView<IdentifiedPeers> identified,
                         const AddressBookOptions& options)
    : options_(options),
      strand_(asio::make_strand(executor)),
      swarm_(std::move(swarm)),
      identified_(std::move(identified)),
      forget_timer_(strand_),
      behind_(strand_),
      events_(bus.subscribe<ConnEstablished, ConnClosed, PeerIdentified>(
          {.capacity = options.capacity,
           .on_full = event::Notify{[this](const event::SlowSubscriber&) { behind_.set(true); }},
           .name = "address book"},
          asio::bind_executor(strand_, [this](const auto& event) { handle(event); }),
          event::latest_by([](const PeerIdentified& event) { return event.connection; }))) {
    tasks.spawn(strand_, "address book", resynchronise_when_behind());
    tasks.spawn(strand_, "address book", forget_old_ones());
    tasks.spawn(strand_, "address book", end_with_bus());
}

void AddressBook::handle(const ConnEstablished& event) {
    if (!follows(event.change)) return;
    Entry& entry = entries_[event.connection];
    entry.remote = event.remote;
    entry.direction = event.direction;
}

void AddressBook::handle(const ConnClosed& event) {
    if (!follows(event.change)) return;
    if (const auto found = entries_.find(event.connection); found != entries_.end()) disconnected(found->second);
}

void AddressBook::handle(const PeerIdentified& event) {
    if (const auto found = entries_.find(event.connection); found != entries_.end()) found->second.info = event.info;
}

bool AddressBook::follows(std::uint64_t change) {
    if (change <= change_) return false;  // it was in the state that we started again from
    if (change == change_ + 1) {
        change_ = change;
        return true;
    }
    behind_.set(true);  // this one, and what is missing before it, are in the swarm's state
    return false;
}

void AddressBook::disconnected(Entry& entry) {
    if (!std::exchange(entry.is_connected, false)) return;
    entry.forget_at = Clock::now() + options_.forget_after;
    if (forget_timer_.expiry() > entry.forget_at) forget_timer_.cancel();  // it sleeps too long
}

void AddressBook::resynchronise() {
    ++resynchronised_;
    // First the queue is emptied, then the state is read: what was lost or thrown away is in it, and a loss from here
    // on is a new episode, and calls back again.
    while (events_.try_receive()) {
    }
    const auto state = *swarm_.try_get();
    const auto identified = *identified_.try_get();
    if (state->change >= change_) {
        change_ = state->change;
        Entries connected;
        for (const ConnectionInfo& info : state->connections) {
            auto node = entries_.extract(info.id);
            Entry& entry = node ? connected.insert(std::move(node)).position->second : connected[info.id];
            entry.remote = info.remote;
            entry.direction = info.direction;
        }
        for (auto& [id, entry] : entries_) disconnected(entry);
        entries_.merge(connected);
    }
    for (const auto& [id, info] : *identified)
        if (const auto found = entries_.find(id); found != entries_.end()) found->second.info = *info;
}

asio::awaitable<void> AddressBook::resynchronise_when_behind() {
    auto watcher = behind_.watch();
    for (;;) {
        const auto behind = co_await watcher.async_get(quietly);
        if (std::get<0>(behind)) break;
        resynchronise();
    }
}

asio::awaitable<void> AddressBook::forget_old_ones() {
    while (!has_ended_) {
        Clock::time_point next = Clock::time_point::max();
        for (auto at = entries_.begin(); at != entries_.end();) {
            const Entry& entry = at->second;
            const bool is_old = !entry.is_connected && entry.forget_at <= Clock::now();
            if (!entry.is_connected && !is_old) next = std::min(next, entry.forget_at);
            at = is_old ? entries_.erase(at) : std::next(at);
        }
        forget_timer_.expires_at(next);
        co_await forget_timer_.async_wait(quietly);
    }
}

asio::awaitable<void> AddressBook::end_with_bus() {
    co_await events_.async_closed(quietly);
    has_ended_ = true;
    behind_.close();
    forget_timer_.cancel();
}

}  // namespace host
