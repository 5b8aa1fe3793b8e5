/// P12: a subscriber comes and goes beside others of its type. An iteration is one of them.

#include "event.hpp"
#include "peers.hpp"
#include "steady_state.hpp"

#include <event/bus.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/signals2/signal.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t room = 16;

template <std::size_t others>
void subscribe_and_close(benchmark::State& state) {
    boost::asio::io_context io;
    event::EventBus bus{io};
    std::vector<event::Subscription<Event<>>> stay;
    for (std::size_t i = 0; i < others; ++i) stay.push_back(bus.subscribe<Event<>>({.capacity = room}));
    const auto come_and_go = [&] {
        auto subscription = bus.subscribe<Event<>>({.capacity = room});
        subscription.close();
    };
    come_and_go();
    const SteadyState steady(state);
    for (auto _ : state) come_and_go();
}

template <std::size_t others>
void add_and_remove_channel(benchmark::State& state) {
    boost::asio::io_context io;
    ChannelBus<Event<>> bus;
    std::deque<Channel<Event<>>> stay;
    for (std::size_t i = 0; i < others; ++i) bus.add(stay.emplace_back(io.get_executor(), room));
    const auto come_and_go = [&] {
        Channel<Event<>> channel(io.get_executor(), room);
        bus.add(channel);
        bus.remove(channel);
    };
    come_and_go();
    const SteadyState steady(state);
    for (auto _ : state) come_and_go();
}

template <std::size_t others>
void connect_and_disconnect(benchmark::State& state) {
    boost::signals2::signal<void(const Event<>&)> signal;
    std::uint64_t sum = 0;
    const auto slot = [&sum](const Event<>& event) { sum += event.words[0]; };
    for (std::size_t i = 0; i < others; ++i) signal.connect(slot);
    const auto come_and_go = [&] { signal.connect(slot).disconnect(); };
    come_and_go();
    const SteadyState steady(state);
    for (auto _ : state) come_and_go();
}

BENCHMARK(subscribe_and_close<0>)->Name("P12/subscribe_close_0_others/eventbus");
BENCHMARK(add_and_remove_channel<0>)->Name("P12/subscribe_close_0_others/channel_try");
BENCHMARK(connect_and_disconnect<0>)->Name("P12/subscribe_close_0_others/signals2_inline");
BENCHMARK(subscribe_and_close<1000>)->Name("P12/subscribe_close_1000_others/eventbus");
BENCHMARK(add_and_remove_channel<1000>)->Name("P12/subscribe_close_1000_others/channel_try");
BENCHMARK(connect_and_disconnect<1000>)->Name("P12/subscribe_close_1000_others/signals2_inline");

}  // namespace
}  // namespace bench
