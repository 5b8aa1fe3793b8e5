/// P0 to P3 of the event bus.

#include "bus_fan_out.hpp"
#include "event.hpp"
#include "fan_out_rows.hpp"

#include <event/bus.hpp>

#include <boost/asio/io_context.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

namespace bench {
namespace {

// ---- P2: several topics -----------------------------------------------------------------------------------------

/// What is done with a topic whose type is forgotten.
class AnyTopic {
public:
    AnyTopic() = default;
    AnyTopic(const AnyTopic&) = delete;
    AnyTopic& operator=(const AnyTopic&) = delete;
    virtual ~AnyTopic() = default;
    virtual void emit(std::uint64_t number) = 0;
    virtual void drain(Tally& tally) = 0;
};

template <class T>
class TopicOf final : public AnyTopic {
public:
    TopicOf(event::EventBus& bus, std::size_t subscribers) : emitter_(bus.emitter<T>()) {
        for (std::size_t i = 0; i < subscribers; ++i) {
            subscriptions_.push_back(bus.subscribe<T>({.capacity = batch}));
        }
    }
    void emit(std::uint64_t number) override { emitter_.emit({{number}}); }
    void drain(Tally& tally) override {
        for (event::Subscription<T>& subscription : subscriptions_) {
            while (const auto delivery = subscription.try_receive()) tally(**delivery);
        }
    }

private:
    event::Emitter<T> emitter_;
    std::vector<event::Subscription<T>> subscriptions_;
};

constexpr std::size_t topics_of_a_bus = 16;

/// A topic is a type, of which each takes the compiler a while: further ones are the same types on further buses. An
/// emitter holds its topic, so an emit does not know the difference.
void deliver_topics(benchmark::State& state, std::size_t buses) {
    constexpr std::size_t subscribers = 8;
    HandDriven io;
    std::deque<event::EventBus> all;
    std::vector<std::unique_ptr<AnyTopic>> topics;
    for (std::size_t i = 0; i < buses; ++i) {
        event::EventBus& bus = all.emplace_back(io.context());
        [&]<std::size_t... Number>(std::index_sequence<Number...>) {
            (topics.push_back(std::make_unique<TopicOf<Event<Number>>>(bus, subscribers)), ...);
        }(std::make_index_sequence<topics_of_a_bus>());
    }
    Tally tally;
    std::uint64_t rounds = 0;
    const auto round = [&] {
        for (std::size_t i = 0; i < batch; ++i) {
            for (const auto& topic : topics) topic->emit(i);
        }
        for (const auto& topic : topics) topic->drain(tally);
        ++rounds;
    };
    round();
    const auto deliveries = batch * subscribers * topics.size();
    {
        const SteadyState steady(state);
        while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(deliveries))) round();
    }
    check(tally.events == rounds * deliveries, "a subscriber missed an event");
}

bool add_rows() {
    const std::string system = "eventbus";
    add_fan_out_rows<BusFanOut>(system);
    add_deliver_row<StampedFanOut<Event<>>, Event<>>("P1/1_subscriber", system + "_stamped", 1);
    add_deliver_row<StampedFanOut<Event<>>, Event<>>("P2/8_subscribers", system + "_stamped", 8);
    add_deliver_row<RecordedFanOut<Event<>>, Event<>>("P1/1_subscriber", system + "_recorded", 1);
    add_row("P2/16_topics", system, [](benchmark::State& state) { deliver_topics(state, 1); });
    add_row("P2/256_topics", system, [](benchmark::State& state) { deliver_topics(state, 256 / topics_of_a_bus); });
    add_row("P3/1_type", system,
            [](benchmark::State& state) { deliver_types_of_bus(state, std::make_index_sequence<1>()); });
    add_row("P3/2_types", system,
            [](benchmark::State& state) { deliver_types_of_bus(state, std::make_index_sequence<2>()); });
    add_row("P3/8_types", system,
            [](benchmark::State& state) { deliver_types_of_bus(state, std::make_index_sequence<8>()); });
    return true;
}
[[maybe_unused]] const bool added = add_rows();

}  // namespace
}  // namespace bench
