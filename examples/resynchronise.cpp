/// A slow component that is told that it lost events: it empties its queue and starts again from its owner's state.

#include <event/bus.hpp>
#include <event/value.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/error_code.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <set>
#include <string>
#include <utility>

namespace asio = boost::asio;
using boost::system::error_code;

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

class AddressBook {
public:
    AddressBook(event::EventBus& bus, event::ValueView<SwarmState> swarm)
        : strand_(asio::make_strand(bus.get_executor())),
          swarm_(std::move(swarm)),
          behind_(strand_, true),  // it starts the way it starts again
          watcher_(behind_.watch()),
          // [notify]
          events_(bus.subscribe<ConnectednessChanged>(
              {.capacity = 4, .on_full = event::Notify{[this](const auto&) { behind_.set(true); }}},
              asio::bind_executor(strand_, [this](const auto& event) { handle(event); })))
    // [notify]
    {
        start_when_behind();
        events_.async_closed(asio::bind_executor(strand_, [this](error_code) { behind_.close(); }));
    }
    SwarmState known;
    int starts = 0;

private:
    // [start]
    void handle(const ConnectednessChanged& event) {
        if (event.change > known.change) known.apply(event);  // otherwise the state had it already
    }
    void start_when_behind() {
        watcher_.async_get([this](error_code error, const auto&) {
            if (error) return;
            while (events_.try_receive()) {
            }
            known = **swarm_.try_get();  // after the queue is empty: a loss from then on tells again
            ++starts;
            start_when_behind();
        });
    }
    // [start]

    asio::strand<asio::any_io_executor> strand_;
    event::ValueView<SwarmState> swarm_;
    event::Value<bool> behind_;
    event::Watcher<bool> watcher_;
    event::Subscription<ConnectednessChanged> events_;
};

int main() {
    asio::io_context io;
    event::EventBus bus{io};
    event::Value<SwarmState> swarm{io, SwarmState{}};
    auto changed = bus.emitter<ConnectednessChanged>();
    AddressBook book{bus, swarm.view()};
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
    if (book.starts != 2 || book.known.connected != (*swarm.try_get())->connected) return 1;

    bus.close();
    io.run();
}
