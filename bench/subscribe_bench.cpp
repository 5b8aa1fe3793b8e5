/// P12: a subscriber comes and goes beside others of its type. An iteration is one of them.

#include "check.hpp"
#include "event.hpp"
#include "peers.hpp"
#include "steady_state.hpp"

#include <event/bus.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/signals2/signal.hpp>

#include <benchmark/benchmark.h>

#ifdef EVENTBUS_BENCH_moodycamel
#include <concurrentqueue.h>
#endif

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <shared_mutex>
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
    {
        const SteadyState steady(state);
        for (auto _ : state) come_and_go();
    }
    check(bus.stat<Event<>>().subscribers == others, "somebody stayed");
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

/// Whom a peer without a bus of its own delivers to: pointers under a lock that emitters share.
template <class Receiver>
class Receivers {
public:
    void add(Receiver& receiver) {
        const std::unique_lock lock(mutex_);
        receivers_.push_back(&receiver);
    }
    void remove(Receiver& receiver) {
        const std::unique_lock lock(mutex_);
        const auto found = std::find(receivers_.begin(), receivers_.end(), &receiver);
        *found = receivers_.back();
        receivers_.pop_back();
    }
    [[nodiscard]] std::size_t size() const { return receivers_.size(); }

private:
    std::shared_mutex mutex_;
    std::vector<Receiver*> receivers_;  // guarded by mutex_
};

struct Strand {
    explicit Strand(boost::asio::io_context& io) : strand(boost::asio::make_strand(io)) {}
    boost::asio::strand<boost::asio::io_context::executor_type> strand;
};

struct Queue {
    explicit Queue(boost::asio::io_context&) {}
    std::mutex mutex;
    std::condition_variable filled;
    std::deque<Event<>> events;
};

#ifdef EVENTBUS_BENCH_moodycamel
struct Moodycamel {
    explicit Moodycamel(boost::asio::io_context&) {}
    moodycamel::ConcurrentQueue<Event<>> queue{room};
};
#endif

template <class Receiver, std::size_t others>
void add_and_remove(benchmark::State& state) {
    boost::asio::io_context io;
    Receivers<Receiver> receivers;
    std::deque<Receiver> stay;
    for (std::size_t i = 0; i < others; ++i) receivers.add(stay.emplace_back(io));
    const auto come_and_go = [&] {
        Receiver receiver(io);
        receivers.add(receiver);
        receivers.remove(receiver);
    };
    come_and_go();
    {
        const SteadyState steady(state);
        for (auto _ : state) come_and_go();
    }
    check(receivers.size() == others, "somebody stayed");
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
BENCHMARK(add_and_remove<Strand, 0>)->Name("P12/subscribe_close_0_others/post");
BENCHMARK(add_and_remove<Queue, 0>)->Name("P12/subscribe_close_0_others/mutex_deque");
BENCHMARK(connect_and_disconnect<0>)->Name("P12/subscribe_close_0_others/signals2_inline");
BENCHMARK(subscribe_and_close<1000>)->Name("P12/subscribe_close_1000_others/eventbus");
BENCHMARK(add_and_remove_channel<1000>)->Name("P12/subscribe_close_1000_others/channel_try");
BENCHMARK(add_and_remove<Strand, 1000>)->Name("P12/subscribe_close_1000_others/post");
BENCHMARK(add_and_remove<Queue, 1000>)->Name("P12/subscribe_close_1000_others/mutex_deque");
BENCHMARK(connect_and_disconnect<1000>)->Name("P12/subscribe_close_1000_others/signals2_inline");

#ifdef EVENTBUS_BENCH_moodycamel
BENCHMARK(add_and_remove<Moodycamel, 0>)->Name("P12/subscribe_close_0_others/moodycamel");
BENCHMARK(add_and_remove<Moodycamel, 1000>)->Name("P12/subscribe_close_1000_others/moodycamel");
#endif

}  // namespace
}  // namespace bench
