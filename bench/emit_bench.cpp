/// Emitting on one thread, and taking what was emitted without waiting. An iteration is one delivered event.

#include "event.hpp"
#include "peers.hpp"
#include "steady_state.hpp"

#include <event/bus.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace bench {
namespace {

/// Too large for a queue's slot, and not trivially copyable.
struct Text {
    std::string value;
};

template <class T>
T make_event(std::uint64_t number) {
    return T{{number}};
}
template <>
Text make_event<Text>(std::uint64_t number) {
    return Text{std::string(40, static_cast<char>('a' + number % 16))};
}
template <>
std::shared_ptr<const Text> make_event<std::shared_ptr<const Text>>(std::uint64_t number) {
    return std::make_shared<const Text>(make_event<Text>(number));
}

template <std::size_t Number>
std::uint64_t look_at(const Event<Number>& event) {
    return event.words[0];
}
std::uint64_t look_at(const Text& text) { return text.value.size(); }
std::uint64_t look_at(const std::shared_ptr<const Text>& text) { return look_at(*text); }

// ---- two systems in the same words ------------------------------------------------------------------------------

/// Subscribers of one type on an event bus.
template <class T>
class BusFanOut {
public:
    explicit BusFanOut(std::size_t subscribers) {
        for (std::size_t i = 0; i < subscribers; ++i) {
            subscriptions_.push_back(bus_.subscribe<T>({.capacity = batch}));
        }
    }
    void emit(T&& event) { emitter_.emit(std::move(event)); }
    [[nodiscard]] std::uint64_t drain() {
        std::uint64_t sum = 0;
        for (event::Subscription<T>& subscription : subscriptions_) {
            while (const auto delivery = subscription.try_receive()) sum += look_at(**delivery);
        }
        return sum;
    }

private:
    boost::asio::io_context io_;
    event::EventBus bus_{io_};
    event::Emitter<T> emitter_ = bus_.emitter<T>();
    std::vector<event::Subscription<T>> subscriptions_;
};

/// The same on a channel bus.
template <class T>
class ChannelFanOut {
public:
    explicit ChannelFanOut(std::size_t subscribers) {
        for (std::size_t i = 0; i < subscribers; ++i) bus_.add(channels_.emplace_back(io_.get_executor(), batch));
    }
    void emit(T&& event) { bus_.emit(event); }
    [[nodiscard]] std::uint64_t drain() {
        std::uint64_t sum = 0;
        for (Channel<T>& channel : channels_) {
            while (channel.try_receive([&](boost::system::error_code, const T& event) { sum += look_at(event); })) {
            }
        }
        return sum;
    }

private:
    boost::asio::io_context io_;
    ChannelBus<T> bus_;
    std::deque<Channel<T>> channels_;
};

/// One subscriber of several types on an event bus: one queue, in the order of emission.
template <class... Ts>
class BusTypes {
public:
    void emit_each(std::uint64_t number) { (emitter_.template emplace<Ts>(make_event<Ts>(number)), ...); }
    [[nodiscard]] std::uint64_t drain() {
        std::uint64_t sum = 0;
        while (const auto delivery = subscription_.try_receive()) {
            sum += delivery->visit([](const auto& event) { return look_at(event); });
        }
        return sum;
    }

private:
    boost::asio::io_context io_;
    event::EventBus bus_{io_};
    event::Emitter<Ts...> emitter_ = bus_.emitter<Ts...>();
    event::Subscription<Ts...> subscription_ = bus_.subscribe<Ts...>({.capacity = batch});
};

/// The same on a channel bus, where one queue of several types is one of variants.
template <class... Ts>
class ChannelTypes {
    using Any = std::variant<Ts...>;

public:
    ChannelTypes() { bus_.add(channel_); }
    void emit_each(std::uint64_t number) { (bus_.emit(make_event<Ts>(number)), ...); }
    [[nodiscard]] std::uint64_t drain() {
        std::uint64_t sum = 0;
        const auto add = [&](boost::system::error_code, const Any& any) {
            sum += std::visit([](const auto& event) { return look_at(event); }, any);
        };
        while (channel_.try_receive(add)) {
        }
        return sum;
    }

private:
    boost::asio::io_context io_;
    ChannelBus<Any> bus_;
    Channel<Any> channel_{io_.get_executor(), batch};
};

template <template <class...> class Types, class Numbers>
struct WithTypes;
template <template <class...> class Types, std::size_t... Number>
struct WithTypes<Types, std::index_sequence<Number...>> {
    using type = Types<Event<Number>...>;
};

// ---- rows -------------------------------------------------------------------------------------------------------

/// P0: an iteration is one emit.
template <template <class> class FanOut>
void nobody(benchmark::State& state) {
    FanOut<Event<>> fan_out(0);
    std::uint64_t number = 0;
    const SteadyState steady(state);
    for (auto _ : state) fan_out.emit(make_event<Event<>>(++number));
}

/// P1, P2: a batch is emitted, then every subscriber takes it.
template <class FanOut, class T, std::size_t subscribers>
void deliver(benchmark::State& state) {
    FanOut fan_out(subscribers);
    const auto deliver_batch = [&] {
        for (std::size_t i = 0; i < batch; ++i) fan_out.emit(make_event<T>(i));
        benchmark::DoNotOptimize(fan_out.drain());
    };
    deliver_batch();
    const SteadyState steady(state);
    while (state.KeepRunningBatch(batch * subscribers)) deliver_batch();
}

/// P3: a batch is emitted round robin over the types, then the subscriber takes it.
template <template <class...> class Types, std::size_t types>
void deliver_types(benchmark::State& state) {
    typename WithTypes<Types, std::make_index_sequence<types>>::type subscriber;
    const auto deliver_batch = [&] {
        for (std::size_t i = 0; i < batch / types; ++i) subscriber.emit_each(i);
        benchmark::DoNotOptimize(subscriber.drain());
    };
    deliver_batch();
    const SteadyState steady(state);
    while (state.KeepRunningBatch(batch)) deliver_batch();
}

BENCHMARK(nobody<BusFanOut>)->Name("P0/nobody_subscribed/eventbus");
BENCHMARK(nobody<ChannelFanOut>)->Name("P0/nobody_subscribed/channel_bus");

BENCHMARK(deliver<BusFanOut<Event<>>, Event<>, 1>)->Name("P1/one_subscriber/eventbus");
BENCHMARK(deliver<ChannelFanOut<Event<>>, Event<>, 1>)->Name("P1/one_subscriber/channel_bus");

BENCHMARK(deliver<BusFanOut<Event<>>, Event<>, 8>)->Name("P2/8_subscribers/eventbus");
BENCHMARK(deliver<ChannelFanOut<Event<>>, Event<>, 8>)->Name("P2/8_subscribers/channel_bus");
BENCHMARK(deliver<BusFanOut<Event<>>, Event<>, 64>)->Name("P2/64_subscribers/eventbus");
BENCHMARK(deliver<ChannelFanOut<Event<>>, Event<>, 64>)->Name("P2/64_subscribers/channel_bus");

using SharedText = std::shared_ptr<const Text>;
BENCHMARK(deliver<BusFanOut<Text>, Text, 1>)->Name("P2/text_1_subscriber/eventbus");
BENCHMARK(deliver<ChannelFanOut<Text>, Text, 1>)->Name("P2/text_1_subscriber/channel_bus");
BENCHMARK(deliver<ChannelFanOut<SharedText>, SharedText, 1>)->Name("P2/text_1_subscriber/channel_bus_shared_ptr");
BENCHMARK(deliver<BusFanOut<Text>, Text, 8>)->Name("P2/text_8_subscribers/eventbus");
BENCHMARK(deliver<ChannelFanOut<Text>, Text, 8>)->Name("P2/text_8_subscribers/channel_bus");
BENCHMARK(deliver<ChannelFanOut<SharedText>, SharedText, 8>)->Name("P2/text_8_subscribers/channel_bus_shared_ptr");

BENCHMARK(deliver_types<BusTypes, 1>)->Name("P3/1_type/eventbus");
BENCHMARK(deliver_types<ChannelTypes, 1>)->Name("P3/1_type/channel_bus");
BENCHMARK(deliver_types<BusTypes, 2>)->Name("P3/2_types/eventbus");
BENCHMARK(deliver_types<ChannelTypes, 2>)->Name("P3/2_types/channel_bus");
BENCHMARK(deliver_types<BusTypes, 8>)->Name("P3/8_types/eventbus");
BENCHMARK(deliver_types<ChannelTypes, 8>)->Name("P3/8_types/channel_bus");

}  // namespace
}  // namespace bench
