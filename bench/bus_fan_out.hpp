#pragma once

#include "check.hpp"
#include "event.hpp"
#include "fan_out_rows.hpp"
#include "steady_state.hpp"

#include <event/bus.hpp>
#include <event/recording.hpp>

#include <boost/asio/io_context.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace bench {

/// The event bus in the words of fan_out_rows.hpp: subscribers of one type, each with a queue of that capacity.
template <class T>
class BusFanOut {
public:
    BusFanOut(boost::asio::io_context& io, std::size_t subscribers, std::size_t capacity = batch,
              event::BusOptions options = {})
        : bus_(io, std::move(options)), emitter_(bus_.emitter<T>()) {
        for (std::size_t i = 0; i < subscribers; ++i) {
            subscriptions_.push_back(bus_.subscribe<T>({.capacity = capacity}));
        }
    }
    void emit(T&& event) { emitter_.emit(std::move(event)); }
    void drain() {
        for (event::Subscription<T>& subscription : subscriptions_) {
            while (const auto delivery = subscription.try_receive()) tally_(**delivery);
        }
    }
    [[nodiscard]] const Tally& tally() const { return tally_; }
    [[nodiscard]] event::EventBus& bus() { return bus_; }

private:
    Tally tally_;
    event::EventBus bus_;
    event::Emitter<T> emitter_;
    std::vector<event::Subscription<T>> subscriptions_;
};

/// The same on a bus that says of each event when it was emitted, and how long it took.
template <class T>
class StampedFanOut : public BusFanOut<T> {
public:
    StampedFanOut(boost::asio::io_context& io, std::size_t subscribers)
        : BusFanOut<T>(io, subscribers, batch, {.stamp = true}) {}
};

/// The same on a bus of which a recording keeps the last events.
template <class T>
class RecordedFanOut : public BusFanOut<T> {
public:
    RecordedFanOut(boost::asio::io_context& io, std::size_t subscribers)
        : BusFanOut<T>(io, subscribers), io_(io), recording_(this->bus(), {.most = batch}) {}
    void drain() {
        BusFanOut<T>::drain();
        io_.poll();  // destroys what was forgotten
    }

private:
    boost::asio::io_context& io_;
    event::Recording recording_;
};

/// One subscription of several types: in each round a batch is emitted, round robin over them.
template <std::size_t... Number>
void deliver_types_of_bus(benchmark::State& state, std::index_sequence<Number...>) {
    HandDriven io;
    event::EventBus bus{io.context()};
    const auto emitter = bus.emitter<Event<Number>...>();
    auto subscription = bus.subscribe<Event<Number>...>({.capacity = batch});
    Tally tally;
    std::uint64_t rounds = 0;
    const auto round = [&] {
        for (std::size_t i = 0; i < batch / sizeof...(Number); ++i) {
            (emitter.template emit<Event<Number>>(Event<Number>{{i}}), ...);
        }
        while (const auto delivery = subscription.try_receive()) {
            delivery->visit([&](const auto& event) { tally(event); });
        }
        ++rounds;
    };
    round();
    {
        const SteadyState steady(state);
        while (state.KeepRunningBatch(batch)) round();
    }
    check(tally.events == rounds * batch, "the subscriber missed an event");
}

}  // namespace bench
