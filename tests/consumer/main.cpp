#include <event/bus.hpp>
#include <event/version.hpp>

#if defined(WITH_NET)
#include <event/net/json.hpp>
#include <event/net/schema.hpp>
#endif

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#if defined(EXPECTED_VERSION)
static_assert(std::string_view(EVENTBUS_VERSION_STRING) == EXPECTED_VERSION);
#endif
static_assert(EVENTBUS_VERSION >= 100, "0.1.0 is the first");

struct Pinged {
    int count;
};

#if defined(WITH_NET)
bool sends(Pinged pinged) {
    static_assert(event::net::fingerprint<Pinged>() != 0);
    std::vector<std::byte> bytes;
    std::string text;
    Pinged read{};
    return !event::net::encode(pinged, bytes) && !event::net::decode(bytes, read) && !event::net::to_json(read, text) &&
           !event::net::from_json(text, read) && read.count == pinged.count;
}
#else
bool sends(Pinged) { return true; }
#endif

int main() {
    boost::asio::io_context io;
    event::EventBus bus{io};
    auto pings = bus.subscribe<Pinged>();
    bus.emitter<Pinged>().emit({.count = 7});
    const auto ping = pings.try_receive();
    return ping && (*ping)->count == 7 && sends(**ping) ? 0 : 1;
}
