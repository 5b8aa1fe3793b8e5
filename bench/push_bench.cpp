/// P4: events pushed to a callback through an io_context, driven by hand. An iteration is one event.

#include "check.hpp"
#include "event.hpp"
#include "peers.hpp"
#include "steady_state.hpp"

#include <event/bus.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>

namespace bench {
namespace {

/// Runs what is ready. The work guard is for the peers, which leave the context without work.
class HandDriven {
public:
    [[nodiscard]] boost::asio::io_context& context() noexcept { return io_; }
    void drive() { io_.poll(); }

private:
    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
};

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
    const auto push_batch = [&] {
        for (std::size_t i = 0; i < events; ++i) push.emit({{i + 1}});
        push.drive();
    };
    push_batch();
    const SteadyState steady(state);
    while (state.KeepRunningBatch(events)) push_batch();
    check(push.sum() != 0, "no event arrived");
}

BENCHMARK(push<EventBusPush, 1>)->Name("P4/one_per_wake/eventbus");
BENCHMARK(push<BarePost, 1>)->Name("P4/one_per_wake/bare_post");
BENCHMARK(push<ChannelPush, 1>)->Name("P4/one_per_wake/channel_bus");
BENCHMARK(push<EventBusPush, batch>)->Name("P4/batch_per_wake/eventbus");
BENCHMARK(push<BarePost, batch>)->Name("P4/batch_per_wake/bare_post");
BENCHMARK(push<ChannelPush, batch>)->Name("P4/batch_per_wake/channel_bus");

}  // namespace
}  // namespace bench
