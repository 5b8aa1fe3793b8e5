/// P5: two coroutines of one io_context throw an event to and fro. An iteration is one hop.

#include "check.hpp"
#include "event.hpp"
#include "peers.hpp"
#include "steady_state.hpp"

#include <event/bus.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <benchmark/benchmark.h>

#include <tuple>

namespace bench {
namespace {

namespace asio = boost::asio;
using Ping = Event<0>;
using Pong = Event<1>;

/// One direction of an event bus.
template <class T>
class BusLink {
public:
    BusLink(asio::io_context&, event::EventBus& bus)
        : emitter_(bus.emitter<T>()), subscription_(bus.subscribe<T>({.capacity = batch})) {}

    void send(const T& event) { emitter_.emit(event); }
    auto receive() { return subscription_.async_receive(asio::as_tuple(asio::use_awaitable)); }
    void close() { subscription_.close(); }

private:
    event::Emitter<T> emitter_;
    event::Subscription<T> subscription_;
};

/// The same through a channel, without a bus around it.
template <class T>
class ChannelLink {
public:
    ChannelLink(asio::io_context& io, event::EventBus&) : channel_(io.get_executor(), batch) {}

    void send(const T& event) { channel_.try_send(boost::system::error_code(), event); }
    auto receive() { return channel_.async_receive(asio::as_tuple(asio::use_awaitable)); }
    void close() { channel_.close(); }

private:
    Channel<T> channel_;
};

template <template <class> class Link>
asio::awaitable<void> serve(benchmark::State& state, Link<Ping>& pings, Link<Pong>& pongs) {
    const Ping ping;
    constexpr int rounds_to_warm_up = 16;
    for (int i = 0; i < rounds_to_warm_up; ++i) {
        pings.send(ping);
        [[maybe_unused]] const auto received = co_await pongs.receive();
    }
    {
        const SteadyState steady(state);
        while (state.KeepRunningBatch(2)) {
            pings.send(ping);
            const auto received = co_await pongs.receive();
            check(!std::get<0>(received), "no answer");
        }
    }
    pings.close();
}

template <template <class> class Link>
asio::awaitable<void> answer(Link<Ping>& pings, Link<Pong>& pongs) {
    const Pong pong;
    for (;;) {
        const auto received = co_await pings.receive();
        if (std::get<0>(received)) co_return;
        pongs.send(pong);
    }
}

template <template <class> class Link>
void hop(benchmark::State& state) {
    asio::io_context io;
    event::EventBus bus{io};
    Link<Ping> pings(io, bus);
    Link<Pong> pongs(io, bus);
    asio::co_spawn(io, answer<Link>(pings, pongs), rethrow);
    asio::co_spawn(io, serve<Link>(state, pings, pongs), rethrow);
    io.run();
}

BENCHMARK(hop<BusLink>)->Name("P5/coroutine_hop/eventbus");
BENCHMARK(hop<ChannelLink>)->Name("P5/coroutine_hop/channel_await");

}  // namespace
}  // namespace bench
