/// A component: its emitter, its handler and its timer share one strand, so that it needs no lock of its own.

#include <event/bus.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/error_code.hpp>

#include <fmt/format.h>

#include <chrono>
#include <string>

namespace asio = boost::asio;
using boost::system::error_code;

struct DialRequested {
    std::string peer;
};
struct ConnClosed {
    std::string peer;
};

/// Dials a peer again, a moment after its connection was closed.
// [component]
class Redialer {
public:
    explicit Redialer(event::EventBus& bus)
        : strand_(asio::make_strand(bus.get_executor())),
          pause_(strand_),
          requests_(bus.emitter<DialRequested>({.name = "redialer"})),
          closed_(bus.subscribe<ConnClosed>(
              {.name = "redialer"}, asio::bind_executor(strand_, [this](const auto& event) { handle(event); }))) {
        closed_.async_closed(asio::bind_executor(strand_, [this](error_code) { pause_.cancel(); }));
    }
    int dialed = 0;

private:
    void handle(const ConnClosed& event) {
        peer_ = event.peer;
        pause_.expires_after(std::chrono::milliseconds(2));
        pause_.async_wait([this](error_code error) {
            if (error) return;  // cancelled: a newer wait, or the end
            ++dialed;
            requests_.emit({.peer = peer_});
        });
    }

    asio::strand<asio::any_io_executor> strand_;
    asio::steady_timer pause_;
    std::string peer_;
    event::Emitter<DialRequested> requests_;
    event::Subscription<ConnClosed> closed_;  // last: it goes first, and its handler uses all the others
};
// [component]

int main() {
    // [end]
    asio::thread_pool threads{2};
    event::EventBus bus{threads};
    Redialer redialer{bus};

    // the swarm's part: the peer is lost as soon as it was dialed, until the host has had enough of it
    auto lost = bus.emitter<ConnClosed>();
    int requested = 0;
    auto requests = bus.subscribe<DialRequested>([&](const DialRequested& event) {
        fmt::print("swarm: dialing {}\n", event.peer);
        if (++requested == 3) bus.close();
        lost.emit({.peer = event.peer});  // once the bus is closed, nobody hears it
    });
    lost.emit({.peer = "alice"});

    threads.join();  // every handler, timer and wait has ended: now the component may go
    // [end]
    fmt::print("dialed {} times\n", redialer.dialed);
    if (redialer.dialed != 3 || requested != 3) return 1;
}
