#include <event/bus.hpp>
#include <event/version.hpp>

#if defined(WITH_NET)
#include <event/net/json.hpp>
#include <event/net/schema.hpp>
#endif

#if defined(WITH_NET_TLS)
#include <event/net/supervisor.hpp>
#include <event/net/tls/dialer.hpp>

#include <boost/system/system_error.hpp>
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
#elif defined(WITH_NET_TLS)
bool sends(Pinged) {
    try {
        boost::asio::io_context io;
        event::EventBus bus{io};
        const event::net::TlsContext tls({.certificate_chain = "none.pem", .private_key = "", .trusted = ""});
        const event::net::Supervisor supervisor(bus, event::net::TlsDialer(io, tls, "relay.example", "4001"));
    } catch (const boost::system::system_error& error) {
        return std::string_view(error.what()).find("'none.pem'") != std::string_view::npos;
    }
    return false;
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
