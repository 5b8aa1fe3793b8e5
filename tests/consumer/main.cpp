#include <event/bus.hpp>

#include <boost/asio/io_context.hpp>

struct Pinged {
    int count;
};

int main() {
    boost::asio::io_context io;
    event::EventBus bus{io};
    auto pings = bus.subscribe<Pinged>();
    bus.emitter<Pinged>().emit({.count = 7});
    const auto ping = pings.try_receive();
    return ping && (*ping)->count == 7 ? 0 : 1;
}
