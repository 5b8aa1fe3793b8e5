/// A service that starts with its first listener and stops after its last.

#include <event/bus.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <tuple>

namespace asio = boost::asio;
using namespace std::chrono_literals;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

struct BandwidthMeasured {
    std::size_t bytes_per_second = 0;
};
struct Meter {
    int starts = 0, stops = 0;
};

bool is_some(std::size_t count) { return count != 0; }

// [service]
asio::awaitable<void> measure_bandwidth(event::EventBus& bus, Meter& meter) {
    const auto measured = bus.emitter<BandwidthMeasured>({.name = "bandwidth meter"});
    auto listeners = bus.subscriber_count<BandwidthMeasured>().watch();
    for (;;) {
        const auto come = co_await listeners.async_get_if(&is_some, quietly);
        if (std::get<0>(come)) co_return;  // event::errc::closed: the bus is gone
        fmt::print("meter: the first listener is here\n");
        ++meter.starts;
        for (std::size_t count = *std::get<1>(come); count != 0;) {
            const auto changed = co_await listeners.async_get_for(1ms, quietly);
            const auto& [error, now] = changed;
            if (error == asio::error::timed_out) {
                measured.emit({.bytes_per_second = 1'000'000});  // what is expensive to find out
            } else if (error) {
                co_return;
            } else {
                count = *now;
                fmt::print("meter: {} listening\n", count);
            }
        }
        ++meter.stops;
    }
}
// [service]

int main() {
    asio::io_context io;
    event::EventBus bus{io};
    Meter meter;
    asio::co_spawn(io, measure_bandwidth(bus, meter), asio::detached);
    io.poll();
    if (meter.starts != 0) return 1;

    for (int day = 1; day <= 2; ++day) {
        int samples = 0;
        auto monitor = bus.subscribe<BandwidthMeasured>([&](const BandwidthMeasured&) { ++samples; });
        auto journal = bus.subscribe<BandwidthMeasured>([&](const BandwidthMeasured&) { ++samples; });
        while (samples < 6) io.run_one();
        monitor.close();
        io.poll();  // one is left
        if (meter.stops != day - 1) return 1;
        journal.close();
        io.poll();  // and now nobody
        if (meter.starts != day || meter.stops != day) return 1;
    }
    bus.close();
    io.run();
}
