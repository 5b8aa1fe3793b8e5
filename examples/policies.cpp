/// What each policy does when five events meet a queue of two, and what subscriber and emitter learn of it.

#include <event/bus.hpp>
#include <event/fmt.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string>

namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

struct PeerFound {
    std::string peer;
};
const std::array<PeerFound, 4> crowd{{{"alice"}, {"bob"}, {"carol"}, {"dave"}}};

std::string lossy(const event::Backpressure& policy) {
    asio::io_context io;
    event::EventBus bus{io};
    auto found = bus.emitter<PeerFound>();
    // [subscriber]
    std::string learns;
    auto slow = bus.subscribe<PeerFound>({.capacity = 2, .on_full = policy, .name = "slow"},
                                         [&](const PeerFound& event, const event::Meta& meta) {
                                             learns += ' ' + event.peer;
                                             if (meta.missed != 0) learns += fmt::format("({} missed)", meta.missed);
                                         });
    slow.async_closed([&](error_code why) { learns += why == event::errc::killed ? " killed" : " closed"; });
    // [subscriber]

    const event::EmitResult result = found.emit_all(crowd);  // its figures are sums over the four
    io.poll();
    found.emit({.peer = "erin"});  // now there is room again
    bus.close();
    io.run();
    fmt::print("{}\n    emitter: {}\n    subscriber:{}\n", policy, result, learns);
    return learns;
}

/// With a limit, nobody receives until it has passed.
std::string waiting(const event::Wait& policy) {
    asio::io_context io;
    event::EventBus bus{io};
    auto found = bus.emitter<PeerFound>();
    auto slow = bus.subscribe<PeerFound>({.capacity = 2, .on_full = policy, .name = "slow"});
    int accepted = 0;
    for (const PeerFound& event : crowd)
        found.async_emit(event, [&](error_code, event::EmitResult result) { accepted += result.delivered == 1; });
    io.poll();
    const int at_once = accepted;  // the others wait
    if (policy.limit.count() > 0) io.run();
    std::string learns;
    while (const auto delivery = slow.try_receive()) {
        learns += ' ' + (*delivery)->peer;
        io.poll();  // what was taken made room for the next
    }
    found.emit({.peer = "erin"});
    const auto last = slow.try_receive();
    learns += fmt::format(" {}({} missed)", (*last)->peer, last->missed());
    fmt::print("{}\n    emitter: {} at once, {} in the end\n    subscriber:{}\n", event::Policy::wait, at_once,
               accepted, learns);
    return at_once == 2 ? learns : "";
}

int main() {
    int told = 0;
    const event::Notify notify{[&](const event::SlowSubscriber& slow) {
        fmt::print("told at once: {}\n", slow);
        ++told;
    }};
    if (lossy(event::Drop{}) != " alice bob erin(2 missed) closed") return 1;
    if (lossy(event::DropOldest{}) != " carol(2 missed) dave erin closed") return 1;
    if (lossy(event::Latest{}) != " dave(3 missed) erin closed") return 1;
    if (lossy(event::Kill{}) != " killed") return 1;
    if (lossy(notify) != " alice bob erin(2 missed) closed" || told != 1) return 1;
    if (waiting(event::Wait{}) != " alice bob carol dave erin(0 missed)") return 1;
    if (waiting(event::Wait{.limit = 5ms}) != " alice bob erin(2 missed)") return 1;
}
