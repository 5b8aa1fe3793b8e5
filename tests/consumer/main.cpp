#include <event/bus.hpp>
#include <event/version.hpp>

#include <boost/asio/io_context.hpp>

#include <string_view>

#if defined(EXPECTED_VERSION)
static_assert(std::string_view(EVENTBUS_VERSION_STRING) == EXPECTED_VERSION);
#endif
static_assert(EVENTBUS_VERSION >= 100, "0.1.0 is the first");

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
