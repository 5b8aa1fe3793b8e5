/// P7: emitters of unrelated types do not contend. With two threads each has a type of its own on the same bus, and
/// twice the events for each second is what there is to gain. An iteration is one delivered event.

#include "event.hpp"
#include "peers.hpp"
#include "steady_state.hpp"

#include <event/bus.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>

namespace bench {
namespace {

class SharedBus {
public:
    /// One for the whole run, since it must be there before the first thread of a row and after the last.
    [[nodiscard]] static event::EventBus& get() {
        static SharedBus shared;
        return shared.bus_;
    }

private:
    boost::asio::io_context io_;
    event::EventBus bus_{io_};
};

template <class T>
void emit_and_drain(benchmark::State& state) {
    event::EventBus& bus = SharedBus::get();
    auto emitter = bus.emitter<T>();
    auto subscription = bus.subscribe<T>({.capacity = batch});
    const SteadyState steady(state);
    while (state.KeepRunningBatch(batch)) {
        for (std::size_t i = 0; i < batch; ++i) emitter.emit(T{{i}});
        std::uint64_t sum = 0;
        while (const auto delivery = subscription.try_receive()) sum += (*delivery)->words[0];
        benchmark::DoNotOptimize(sum);
    }
}

template <class T>
void channel_emit_and_drain(benchmark::State& state) {
    boost::asio::io_context io;
    ChannelBus<T> bus;
    Channel<T> channel(io.get_executor(), batch);
    bus.add(channel);
    const SteadyState steady(state);
    while (state.KeepRunningBatch(batch)) {
        for (std::size_t i = 0; i < batch; ++i) bus.emit(T{{i}});
        std::uint64_t sum = 0;
        while (channel.try_receive([&](boost::system::error_code, const T& event) { sum += event.words[0]; })) {
        }
        benchmark::DoNotOptimize(sum);
    }
}

void unrelated_types(benchmark::State& state) {
    state.thread_index() == 0 ? emit_and_drain<Event<0>>(state) : emit_and_drain<Event<1>>(state);
}

void unrelated_channel_buses(benchmark::State& state) {
    state.thread_index() == 0 ? channel_emit_and_drain<Event<0>>(state) : channel_emit_and_drain<Event<1>>(state);
}

BENCHMARK(unrelated_types)->Name("P7/unrelated_types/eventbus")->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(unrelated_channel_buses)->Name("P7/unrelated_types/channel_try")->Threads(1)->Threads(2)->UseRealTime();

}  // namespace
}  // namespace bench
