/// Components that end while their handlers may be running on other threads.

#include <event/bus.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string>

namespace asio = boost::asio;

struct PeerFound {
    std::string peer;
};

// [waits]
/// Ends when it is destroyed: its destructor waits for a handler that runs.
class AddressBook {
public:
    explicit AddressBook(event::EventBus& bus)
        : found_(bus.subscribe<PeerFound>([this](const PeerFound& event) { last_ = event.peer; })) {}
    ~AddressBook() { found_.close_and_wait(); }

private:
    std::string last_;
    event::Subscription<PeerFound> found_;
};
// [waits]

// [owned]
/// Ends with its last owner, wherever that is: its handler runs only while somebody owns it, and owns it meanwhile.
class Dialer : public std::enable_shared_from_this<Dialer> {
public:
    void start(event::EventBus& bus) {
        found_ = bus.subscribe<PeerFound>(event::while_alive(weak_from_this()),
                                          [this](const PeerFound& event) { return dial(event); });
    }

    [[nodiscard]] int dialed() const { return dialed_; }

private:
    /// A coroutine: the next event comes when it has ended.
    asio::awaitable<void> dial(const PeerFound& event) {
        asio::steady_timer connecting(co_await asio::this_coro::executor, std::chrono::milliseconds(1));
        co_await connecting.async_wait(asio::use_awaitable);
        fmt::print("dialed {}\n", event.peer);
        ++dialed_;
    }

    int dialed_ = 0;
    event::Subscription<PeerFound> found_;
};
// [owned]

int main() {
    asio::thread_pool threads{2};
    event::EventBus bus{threads};
    auto found = bus.emitter<PeerFound>();
    auto dialer = std::make_shared<Dialer>();
    dialer->start(bus);
    {
        const AddressBook book{bus};
        found.emit({.peer = "alice"});
        found.emit({.peer = "bob"});
    }
    bus.close();  // what is queued is still dialed
    threads.join();
    fmt::print("dialed {} peers\n", dialer->dialed());
    return dialer->dialed() == 2 ? 0 : 1;
}
