/// P4: events pushed to a callback through an io_context, driven by hand. An iteration is one event.

#include "check.hpp"
#include "event.hpp"
#include "fan_out_rows.hpp"
#include "peers.hpp"
#include "steady_state.hpp"

#include <event/bus.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/error_code.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>

namespace bench {
namespace {

class EventBusPush {
public:
    void emit(const Event<>& event) { emitter_.emit(event); }
    void drive() { io_.drive(); }
    [[nodiscard]] std::uint64_t sum() const noexcept { return sum_; }

private:
    std::uint64_t sum_ = 0;
    HandDriven io_;
    event::EventBus bus_{io_.context()};
    event::Emitter<Event<>> emitter_ = bus_.emitter<Event<>>();
    event::Subscription<Event<>> subscription_ =
        bus_.subscribe<Event<>>({.capacity = batch}, [this](const Event<>& event) { sum_ += event.words[0]; });
};

/// The floor: what Asio takes to run a function with an event in it.
class BarePost {
public:
    void emit(const Event<>& event) {
        boost::asio::post(io_.context(), [this, event] { sum_ += event.words[0]; });
    }
    void drive() { io_.drive(); }
    [[nodiscard]] std::uint64_t sum() const noexcept { return sum_; }

private:
    std::uint64_t sum_ = 0;
    HandDriven io_;
};

/// The same through the strand of the subscriber, which serialises it whoever runs the context.
class StrandPost {
public:
    void emit(const Event<>& event) {
        boost::asio::post(strand_, [this, event] { sum_ += event.words[0]; });
    }
    void drive() { io_.drive(); }
    [[nodiscard]] std::uint64_t sum() const noexcept { return sum_; }

private:
    std::uint64_t sum_ = 0;
    HandDriven io_;
    boost::asio::strand<boost::asio::io_context::executor_type> strand_ = boost::asio::make_strand(io_.context());
};

/// A channel whose receiver asks for the next event in its callback.
class ChannelPush {
public:
    ChannelPush() {
        bus_.add(channel_);
        receive();
    }
    void emit(const Event<>& event) { bus_.emit(event); }
    void drive() { io_.drive(); }
    [[nodiscard]] std::uint64_t sum() const noexcept { return sum_; }

private:
    void receive() {
        channel_.async_receive([this](boost::system::error_code error, const Event<>& event) {
            if (error) return;
            sum_ += event.words[0];
            receive();
        });
    }

    std::uint64_t sum_ = 0;
    HandDriven io_;
    ChannelBus<Event<>> bus_;
    Channel<Event<>> channel_{io_.context().get_executor(), batch};
};

template <class Push, std::size_t events>
void push(benchmark::State& state) {
    Push push;
    std::uint64_t rounds = 0;
    const auto push_batch = [&] {
        for (std::size_t i = 0; i < events; ++i) push.emit({{i + 1}});
        push.drive();
        ++rounds;
    };
    push_batch();
    {
        const SteadyState steady(state);
        while (state.KeepRunningBatch(events)) push_batch();
    }
    check(push.sum() == rounds * (events * (events + 1) / 2), "an event did not arrive");
}

BENCHMARK(push<EventBusPush, 1>)->Name("P4/one_per_wake/eventbus");
BENCHMARK(push<BarePost, 1>)->Name("P4/one_per_wake/bare_post");
BENCHMARK(push<StrandPost, 1>)->Name("P4/one_per_wake/post");
BENCHMARK(push<ChannelPush, 1>)->Name("P4/one_per_wake/channel_await");
BENCHMARK(push<EventBusPush, batch>)->Name("P4/batch_per_wake/eventbus");
BENCHMARK(push<BarePost, batch>)->Name("P4/batch_per_wake/bare_post");
BENCHMARK(push<StrandPost, batch>)->Name("P4/batch_per_wake/post");
BENCHMARK(push<ChannelPush, batch>)->Name("P4/batch_per_wake/channel_await");

}  // namespace
}  // namespace bench
