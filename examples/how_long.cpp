/// Where the time goes: how long events wait for a component, and how long it has them.

#include <event/bus.hpp>
#include <event/fmt.hpp>

#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

namespace asio = boost::asio;
using namespace std::chrono_literals;

struct BlockReceived {
    std::string hash;
};

int main() {
    // [stamp]
    asio::io_context io;
    event::EventBus bus{io, {.stamp = true, .name = "node"}};

    auto verify = bus.subscribe<BlockReceived>({.name = "verifier"}, [](const BlockReceived&, const event::Meta& meta) {
        if (std::chrono::steady_clock::now() - meta.emitted_at > 1s) return;  // too late for this one
        std::this_thread::sleep_for(2ms);                                     // the work
    });
    auto blocks = bus.emitter<BlockReceived>({.name = "peers"});
    for (const char* hash : {"a1", "b2", "c3", "d4"}) blocks.emit({hash});
    io.poll();

    const event::SubscriptionStat stat = verify.stat();
    fmt::print("waited: {}\n", *stat.latency);       // the last one for the three before it
    fmt::print("worked: {}\n", *stat.handler_time);  // at least 2 ms each
    // [stamp]

    const bool is_plausible = stat.latency->count == 4 && stat.latency->max >= 6ms && stat.handler_time->p50 >= 2ms;
    return is_plausible ? EXIT_SUCCESS : EXIT_FAILURE;
}
