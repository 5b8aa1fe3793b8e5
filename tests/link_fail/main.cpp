/// What must not link when it is of another version than the library, or sees Asio otherwise, whatever of it makes the
/// first contact.

#if defined(OTHER_VERSION)
#include <event/version.hpp>
#undef EVENTBUS_VERSION
#define EVENTBUS_VERSION OTHER_VERSION
#endif
#include <event/all.hpp>

#include <boost/asio/io_context.hpp>

struct Pinged {};

#if defined(HANDLES_ALONE)
event::Subscription<Pinged> pings(event::EventBus& bus) {
    return bus.subscribe<Pinged>({}, [](const Pinged&) {});
}
int main() {}
#elif defined(VALUE_ALONE)
int main() {
    boost::asio::io_context io;
    const event::Value<Pinged> value{io};
}
#else
int main() {
    boost::asio::io_context io;
    event::EventBus bus{io};
}
#endif
