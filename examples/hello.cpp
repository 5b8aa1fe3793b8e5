// [whole]
#include <event/bus.hpp>

#include <boost/asio/io_context.hpp>

#include <iostream>
#include <string>

struct PeerConnected {
    std::string peer;
};

int main() {
    boost::asio::io_context io;
    event::EventBus bus{io};

    // a queue of its own, and a handler that is called for what is in it
    auto log =
        bus.subscribe<PeerConnected>([](const PeerConnected& event) { std::cout << event.peer << " is here\n"; });

    auto connected = bus.emitter<PeerConnected>();
    connected.emit({.peer = "alice"});  // only queues it: no handler runs here
    connected.emit({.peer = "bob"});

    bus.close();  // what is queued is still delivered, and then run() returns
    io.run();
}
// [whole]
