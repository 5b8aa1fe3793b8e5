/// A slow component that is told that it lost events: it empties its queue and starts again from its owner's state.

#include <event/bus.hpp>
#include <event/value.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <set>
#include <string>

// [types]
struct ConnectednessChanged {
    std::uint64_t change = 0;  // its number
    std::string peer = {};
    bool is_connected = false;
};
struct SwarmState {
    std::uint64_t change = 0;  // the last one that is in it
    std::set<std::string> connected;

    void apply(const ConnectednessChanged& event) {
        change = event.change;
        event.is_connected ? void(connected.insert(event.peer)) : void(connected.erase(event.peer));
    }
};
// [types]

struct AddressBook {
    AddressBook(event::EventBus& on, const event::ValueView<SwarmState>& of) : bus(on), swarm(of) {}
    event::EventBus& bus;
    event::ValueView<SwarmState> swarm;
    SwarmState known;
    int starts = 0;

    // [start]
    void start_when_behind() {
        watcher.async_get([this](auto error, const auto&) {
            if (error) return;
            while (events.try_receive()) continue;
            known = **swarm.try_get();  // after the queue is empty: a loss from then on tells again
            ++starts;
            start_when_behind();
        });
    }
    event::Value<bool> behind{bus.get_executor(), true};  // it starts the way it starts again
    event::Watcher<bool> watcher = behind.watch();
    event::Subscription<ConnectednessChanged> events = bus.subscribe<ConnectednessChanged>(
        {.capacity = 4, .on_full = event::Notify{[this](const auto&) { behind.set(true); }}},
        [this](const auto& event) {
            if (event.change > known.change) known.apply(event);  // otherwise the state had it already
        });
    // [start]
};

int main() {
    boost::asio::io_context io;
    event::EventBus bus{boost::asio::make_strand(io)};  // what the book does never overlaps
    event::Value<SwarmState> swarm{io, SwarmState{}};
    auto changed = bus.emitter<ConnectednessChanged>();
    AddressBook book(bus, swarm.view());
    book.start_when_behind();
    io.poll();
    for (int i = 0; i < 100; ++i) {
        // [owner]
        ConnectednessChanged event{.peer = fmt::format("peer {}", i % 10), .is_connected = i < 95};
        swarm.update([&](SwarmState& state) {
            event.change = state.change + 1;
            state.apply(event);
        });
        changed.emit(event);  // after the state is set: who loses the event finds it there
        // [owner]
    }
    io.poll();
    fmt::print("after a burst of 100 and a queue of 4: {} connected\n", book.known.connected.size());
    return book.starts == 2 && book.known.connected == (*swarm.try_get())->connected ? 0 : 1;
}
