#pragma once

/// P0 to P3: emitting on one thread, and taking what was emitted, in the same words for each system. From 32 bytes, 8
/// subscribers, 1 type, 1 topic and queues of 64, each dimension is varied alone. An iteration is one delivered event
/// (P0: one emit).
///
/// A system is a template `FanOut<T>`, one topic:
///     FanOut(boost::asio::io_context&, std::size_t subscribers);   // subscribers that count into a `Tally`
///     void emit(T&& event);
///     void drain();                                                // each subscriber takes what has come
///     const Tally& tally() const;                                  // of all subscribers

#include "check.hpp"
#include "event.hpp"
#include "steady_state.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace bench {

/// A context that is polled by hand; the work guard is for those who leave it without work.
class HandDriven {
public:
    [[nodiscard]] boost::asio::io_context& context() noexcept { return io_; }
    void drive() { io_.poll(); }

private:
    boost::asio::io_context io_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
};

/// An iteration is one emit that nobody hears.
template <class FanOut>
void emit_unheard(benchmark::State& state) {
    HandDriven io;
    FanOut fan_out(io.context(), 0);
    std::uint64_t number = 0;
    const SteadyState steady(state);
    for (auto _ : state) fan_out.emit({{++number}});
}

/// In each round a batch is emitted on every topic, in turn; then every subscriber takes its own.
template <class FanOut, class T>
void deliver(benchmark::State& state, std::size_t subscribers, std::size_t topics) {
    const Make<T> make;
    HandDriven io;
    std::deque<FanOut> fan_outs;
    for (std::size_t i = 0; i < topics; ++i) fan_outs.emplace_back(io.context(), subscribers);
    std::uint64_t rounds = 0;
    const auto round = [&] {
        for (std::size_t i = 0; i < batch; ++i) {
            for (FanOut& topic : fan_outs) topic.emit(make(i));
        }
        for (FanOut& topic : fan_outs) topic.drain();
        ++rounds;
    };
    round();
    {
        const SteadyState steady(state);
        while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(batch * subscribers * topics))) round();
    }
    Tally expected;
    for (std::size_t i = 0; i < batch; ++i) expected(make(i));
    expected.events *= rounds * subscribers;
    expected.sum *= rounds * subscribers;
    for (const FanOut& topic : fan_outs) check(topic.tally() == expected, "a subscriber missed an event");
}

/// One subscriber of several types, which a peer has as one queue of variants: emitted round robin over the types.
template <template <class> class FanOut, std::size_t... Number>
void deliver_types(benchmark::State& state, std::index_sequence<Number...>) {
    using Any = std::variant<Event<Number>...>;
    HandDriven io;
    FanOut<Any> fan_out(io.context(), 1);
    std::uint64_t rounds = 0;
    const auto round = [&] {
        for (std::size_t i = 0; i < batch / sizeof...(Number); ++i) (fan_out.emit(Any(Event<Number>{{i}})), ...);
        fan_out.drain();
        ++rounds;
    };
    round();
    {
        const SteadyState steady(state);
        while (state.KeepRunningBatch(batch)) round();
    }
    check(fan_out.tally().events == rounds * batch, "the subscriber missed an event");
}

template <class Row>
void add_row(const std::string& group, const std::string& system, Row row) {
    benchmark::RegisterBenchmark((group + '/' + system).c_str(), row);
}

template <class FanOut, class T>
void add_deliver_row(const std::string& group, const std::string& system, std::size_t subscribers,
                     std::size_t topics = 1) {
    add_row(group, system, [=](benchmark::State& state) { deliver<FanOut, T>(state, subscribers, topics); });
}

/// The rows in which all systems differ only by the `FanOut`. Topics of a peer are objects.
template <template <class> class FanOut>
void add_fan_out_rows(const std::string& system) {
    add_row("P0/nobody_subscribed", system, emit_unheard<FanOut<Event<>>>);
    add_deliver_row<FanOut<Event<>>, Event<>>("P1/1_subscriber", system, 1);
    add_deliver_row<FanOut<Event<>>, Event<>>("P2/2_subscribers", system, 2);
    add_deliver_row<FanOut<Event<>>, Event<>>("P2/8_subscribers", system, 8);
    add_deliver_row<FanOut<Event<>>, Event<>>("P2/64_subscribers", system, 64);
    add_deliver_row<FanOut<Event<>>, Event<>>("P2/1000_subscribers", system, 1000);
    add_deliver_row<FanOut<Event<0, 8>>, Event<0, 8>>("P2/8_bytes", system, 8);
    add_deliver_row<FanOut<Event<0, 256>>, Event<0, 256>>("P2/256_bytes", system, 8);
    add_deliver_row<FanOut<Text>, Text>("P2/string", system, 8);
}

/// And those in which the event bus has a form of its own.
template <template <class> class FanOut>
bool add_peer(const std::string& system) {
    add_fan_out_rows<FanOut>(system);
    add_deliver_row<FanOut<SharedText>, SharedText>("P2/string", system + "_shared_ptr", 8);
    add_deliver_row<FanOut<Event<>>, Event<>>("P2/16_topics", system, 8, 16);
    add_deliver_row<FanOut<Event<>>, Event<>>("P2/256_topics", system, 8, 256);
    add_row("P3/1_type", system,
            [](benchmark::State& state) { deliver_types<FanOut>(state, std::make_index_sequence<1>()); });
    add_row("P3/2_types", system,
            [](benchmark::State& state) { deliver_types<FanOut>(state, std::make_index_sequence<2>()); });
    add_row("P3/8_types", system,
            [](benchmark::State& state) { deliver_types<FanOut>(state, std::make_index_sequence<8>()); });
    return true;
}

}  // namespace bench
