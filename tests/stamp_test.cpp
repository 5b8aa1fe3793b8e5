#include "support.hpp"

#include <event/detail/queue/durations.hpp>

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// When an event was emitted, and how long it took. (ROS 2 has it as `source_timestamp` of a message's info; there the
/// clock is the machine's, and may go back.)

namespace stamp_test {

using namespace support;
using namespace std::chrono_literals;
using event::testing::ManualClock;
using Moment = std::chrono::steady_clock::time_point;

struct Shape {
    using event_interfaces = event::Interfaces<Shape>;
};
struct Square : Shape {
    using event_interfaces = event::Interfaces<Shape>;
    int side = 0;
};

class Stamp : public testing::Test {
protected:
    asio::io_context io_;
    ManualClock clock_{io_};
    event::EventBus bus_{io_, {.stamp = true, .name = "bus"}};
};

// ---- when an event was emitted ----------------------------------------------------------------------------------

TEST_F(Stamp, TellsEverySubscriberTheSameMoment) {
    auto pulled = bus_.subscribe<Number>();
    auto any = bus_.subscribe<event::AnyEvent>();
    auto shared = pulled.share();
    std::vector<Moment> told;
    const auto pushed =
        bus_.subscribe<Number>([&](const Number&, const event::Meta& meta) { told.push_back(meta.emitted_at); });
    const auto emitter = bus_.emitter<Number>();
    const Moment first = clock_.now();
    emitter.emit({1});
    clock_.advance(1s);
    emitter.emit({2});
    clock_.advance(1s);
    drive(io_);
    EXPECT_EQ(told, (std::vector{first, first + 1s}));
    EXPECT_EQ(pulled.try_receive()->emitted_at(), first);
    EXPECT_EQ(shared.try_receive()->meta().emitted_at, first + 1s);
    EXPECT_EQ(any.try_receive()->emitted_at(), first);
    EXPECT_EQ(any.try_receive()->emitted_at(), first + 1s);
}

TEST_F(Stamp, IsAlsoThatOfWhatIsSharedAndOfBehaviours) {
    auto texts = bus_.subscribe<Text>();
    auto shapes = bus_.subscribe<event::Implements<Shape>>();
    const auto text = bus_.emitter<Text>();
    const auto square = bus_.emitter<Square>();
    const Moment start = clock_.now();
    text.emit({"one"});
    clock_.advance(1ms);
    square.emit(Square{});
    EXPECT_EQ(texts.try_receive()->emitted_at(), start);
    EXPECT_EQ(shapes.try_receive()->emitted_at(), start + 1ms);
}

TEST_F(Stamp, IsThatOfTheEventThatIsQueuedUnderEveryPolicy) {
    struct Case {
        event::Backpressure on_full;
        Moment expected;
    };
    const Moment start = clock_.now();
    const auto emitter = bus_.emitter<Number>();
    std::vector<std::pair<event::Subscription<Number>, Moment>> all;
    for (const Case& one :
         {Case{event::Drop{}, start}, Case{event::DropOldest{}, start + 1s}, Case{event::Latest{}, start + 1s},
          Case{event::Wait{}, start}, Case{event::Notify{}, start}})
        all.emplace_back(bus_.subscribe<Number>({.capacity = 1, .on_full = one.on_full}), one.expected);
    auto merged = bus_.subscribe<Number>(
        event::latest_by([](const Number&) { return 1; },
                         [](const Number& left, const Number& right) { return Number{left.value + right.value}; }));
    emitter.emit({1});
    clock_.advance(1s);
    emitter.emit({2});
    for (auto& [subscription, expected] : all) EXPECT_EQ(subscription.try_receive()->emitted_at(), expected);
    const auto sum = merged.try_receive();
    EXPECT_EQ(sum->get().value, 3);
    EXPECT_EQ(sum->emitted_at(), start + 1s);
}

TEST_F(Stamp, IsThatOfEachOfManyBursts) {
    const auto emitter = bus_.emitter<Number>();
    auto pulled = bus_.subscribe<Number>();
    auto shared = bus_.subscribe<Number>();
    auto other = shared.share();
    std::vector<Moment> told;
    const auto pushed =
        bus_.subscribe<Number>([&](const Number&, const event::Meta& meta) { told.push_back(meta.emitted_at); });
    std::vector<Moment> expected;
    for (int burst = 0; burst < 4; ++burst) {
        for (int i = 0; i < 5; ++i) {
            clock_.advance(1ms);
            expected.push_back(clock_.now());
            emitter.emit({i});
        }
        drive(io_);
        for (auto* subscription : {&pulled, &shared}) {
            const auto all = take_all(*subscription);
            ASSERT_EQ(all.size(), 5U);
            for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(all[i].emitted_at(), expected[expected.size() - 5 + i]);
        }
    }
    EXPECT_EQ(told, expected);
    EXPECT_EQ(pulled.stat().latency->sum, 4 * (4 + 3 + 2 + 1) * 1ms);
}

TEST_F(Stamp, IsOneMomentForOneEmitOfMany) {
    auto numbers = bus_.subscribe<Number>();
    bus_.emitter<Number>().emit_all(std::array<Number, 3>{});
    for (const auto& number : take_all(numbers)) EXPECT_EQ(number.emitted_at(), clock_.now());
}

TEST_F(Stamp, OfARetainedEventStaysThatOfItsEmit) {
    const auto number = bus_.emitter<Number>({.retain = true});
    const auto text = bus_.emitter<Text>({.retain = true});
    const Moment start = clock_.now();
    number.emit({1});
    text.emit({"one"});
    clock_.advance(1h);
    auto both = bus_.subscribe<Number, Text>();
    auto any = bus_.subscribe<event::AnyEvent>({.replay_retained = true});
    for (auto& delivery : take_all(both)) EXPECT_EQ(delivery.emitted_at(), start);
    for (auto& delivery : take_all(any)) EXPECT_EQ(delivery.emitted_at(), start);
}

TEST_F(Stamp, OfAnEmitThatWaitedIsThatOfItsTurn) {
    auto numbers = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    const auto emitter = bus_.emitter<Number>();
    emitter.emit({1});
    emitter.async_emit(Number{2}, asio::detached);
    drive(io_);
    clock_.advance(1s);
    EXPECT_EQ(numbers.try_receive()->emitted_at(), clock_.now() - 1s);
    drive(io_);
    EXPECT_EQ(numbers.try_receive()->emitted_at(), clock_.now());
}

TEST_F(Stamp, IsSeenByAFilter) {
    const Moment start = clock_.now();
    auto late = bus_.subscribe<Number>(
        event::where([&](const Number&, const event::Meta& meta) { return meta.emitted_at > start; }));
    const auto emitter = bus_.emitter<Number>();
    emitter.emit({1});
    clock_.advance(1ns);
    emitter.emit({2});
    EXPECT_EQ(late.try_receive()->get().value, 2);
}

TEST_F(Stamp, IsSeenByAFilterThatSaysWhetherAnEmitWaits) {
    auto numbers = bus_.subscribe<Number>(
        {.capacity = 1, .on_full = event::Wait{}},
        event::where([](const Number&, const event::Meta& meta) { return meta.emitted_at != Moment(); }));
    const auto emitter = bus_.emitter<Number>();
    emitter.emit({1});
    bool is_over = false;
    emitter.async_emit(Number{2}, [&](error_code, const event::EmitResult&) { is_over = true; });
    drive(io_);
    EXPECT_FALSE(is_over);
}

TEST_F(Stamp, ComesWithAValueOfTheBus) {
    auto value = bus_.value<Number>();
    auto numbers = bus_.subscribe<Number>();
    value.set({1});
    EXPECT_EQ(numbers.try_receive()->emitted_at(), clock_.now());
}

TEST_F(Stamp, GoesAlongWithADeliveryThatIsMoved) {
    auto numbers = bus_.subscribe<Number>();
    auto texts = bus_.subscribe<Text>();
    bus_.emitter<Number>().emit({1});
    bus_.emitter<Text>().emit({"one"});
    auto number = *numbers.try_receive();
    event::Delivery<Number> other;
    EXPECT_EQ(other.emitted_at(), Moment());
    other = std::move(number);
    EXPECT_EQ(other.emitted_at(), clock_.now());
    auto text = *texts.try_receive();
    const event::Delivery<Text> moved(std::move(text));
    EXPECT_EQ(moved.emitted_at(), clock_.now());
    EXPECT_EQ(moved->value, "one");
}

TEST(Unstamped, EventsSayNothing) {
    asio::io_context io;
    event::EventBus bus(io);
    auto numbers = bus.subscribe<Number>();
    bus.emitter<Number>().emit({1});
    EXPECT_EQ(numbers.try_receive()->emitted_at(), Moment());
    EXPECT_EQ(numbers.stat().latency, std::nullopt);
    EXPECT_EQ(numbers.stat().handler_time, std::nullopt);
}

TEST(Unstamped, IsTheBusToWhichAnEventOfAnotherComes) {
    asio::io_context io;
    event::EventBus stamped(io, {.stamp = true});
    event::EventBus plain(io);
    auto from = stamped.subscribe<event::AnyEvent>();
    auto to = plain.subscribe<Text>();
    stamped.emitter<Text>().emit({"one"});
    plain.emit(**from.try_receive());
    EXPECT_EQ(to.try_receive()->emitted_at(), Moment());
}

TEST(StampByTheSteadyClock, NeverGoesBackAlongTheOrder) {
    asio::io_context io;
    event::EventBus bus(io, {.stamp = true});
    auto all = bus.subscribe<Number, Letter>({.capacity = 2000});
    const auto emit = [](const auto& emitter, auto event) {
        for (int i = 0; i < 1000; ++i) emitter.emit(event);
    };
    {
        const auto numbers = bus.emitter<Number>();
        const auto letters = bus.emitter<Letter>();
        std::thread other([&] { emit(letters, Letter{}); });
        emit(numbers, Number{});
        other.join();
    }
    Moment last;
    for (const auto& delivery : take_all(all)) {
        EXPECT_LE(last, delivery.emitted_at());
        last = delivery.emitted_at();
    }
    EXPECT_LE(last, std::chrono::steady_clock::now());
    EXPECT_EQ(all.stat().delivered, 2000U);
}

// ---- how long it took -------------------------------------------------------------------------------------------

TEST_F(Stamp, LatencyIsFromTheEmitToTheReceiver) {
    auto numbers = bus_.subscribe<Number>();
    const auto emitter = bus_.emitter<Number>();
    emitter.emit({1});
    clock_.advance(5ms);
    emitter.emit({2});
    clock_.advance(1ms);
    static_cast<void>(take_all(numbers));
    const auto latency = numbers.stat().latency;
    ASSERT_TRUE(latency);
    EXPECT_EQ(latency->count, 2U);
    EXPECT_EQ(latency->sum, 7ms);
    EXPECT_EQ(latency->max, 6ms);
    EXPECT_EQ(numbers.stat().handler_time, std::nullopt);
}

TEST_F(Stamp, LatencyIsWithoutWhatWasReplayed) {
    const auto emitter = bus_.emitter<Number>({.retain = true});
    emitter.emit({1});
    clock_.advance(1h);
    auto numbers = bus_.subscribe<Number>();
    EXPECT_TRUE(numbers.try_receive()->replayed());
    EXPECT_EQ(numbers.stat().latency->count, 0U);
}

TEST_F(Stamp, LatencyIsThatOfAllWhoShareAQueue) {
    auto first = bus_.subscribe<Number>({.on_full = event::Wait{}});
    auto second = first.share();
    const auto emitter = bus_.emitter<Number>();
    emitter.emit({1});
    emitter.emit({2});
    clock_.advance(1s);
    static_cast<void>(first.try_receive());
    static_cast<void>(second.try_receive());
    EXPECT_EQ(second.stat().latency->sum, 2s);
}

TEST_F(Stamp, HandlerTimeIsThatOfEachRun) {
    const auto numbers =
        bus_.subscribe<Number>([&](const Number& number) { clock_.advance(std::chrono::milliseconds(number.value)); });
    const auto emitter = bus_.emitter<Number>();
    emitter.emit({1});
    emitter.emit({10});
    drive(io_);
    clock_.advance(1h);  // nothing runs
    emitter.emit({100});
    drive(io_);
    const auto stat = numbers.stat();
    EXPECT_EQ(stat.handler_time->count, 3U);
    EXPECT_EQ(stat.handler_time->sum, 111ms);
    EXPECT_EQ(stat.handler_time->max, 100ms);
    EXPECT_EQ(stat.latency->sum, 1ms);  // the second waited for the first
}

TEST_F(Stamp, HandlerTimeEndsWithTheBatch) {
    const auto numbers = bus_.subscribe<Number>({.capacity = 128}, [&](const Number&) { clock_.advance(1ms); });
    bus_.emitter<Number>().emit_all(std::array<Number, 65>{});
    for (io_.restart(); numbers.stat().delivered < 64; io_.poll_one()) {
    }
    EXPECT_EQ(numbers.stat().handler_time->sum, 64ms);
    clock_.advance(1h);  // other work of the executor
    drive(io_);
    EXPECT_EQ(numbers.stat().handler_time->sum, 65ms);
}

TEST_F(Stamp, HandlerTimeIsThatOfOneThatThrows) {
    const auto numbers = bus_.subscribe<Number>([&](const Number&) {
        clock_.advance(1ms);
        throw std::runtime_error("no");
    });
    bus_.emitter<Number>().emit({1});
    EXPECT_THROW(drive(io_), std::runtime_error);
    EXPECT_EQ(numbers.stat().handler_time->sum, 1ms);
}

TEST_F(Stamp, HandlerTimeOfACoroutineIsUntilItHasEnded) {
    asio::steady_timer gate(io_, asio::steady_timer::time_point::max());
    const auto numbers = bus_.subscribe<Number>(
        [&](const Number&) -> asio::awaitable<void> { co_await gate.async_wait(asio::as_tuple(asio::use_awaitable)); });
    bus_.emitter<Number>().emit({1});
    drive(io_);
    EXPECT_EQ(numbers.stat().handler_time, std::nullopt);
    clock_.advance(7ms);
    gate.cancel();
    drive(io_);
    EXPECT_EQ(numbers.stat().handler_time->sum, 7ms);
}

TEST_F(Stamp, HandlerTimeOfSeveralRunsIsThatOfEach) {
    asio::steady_timer gate(io_, asio::steady_timer::time_point::max());
    const auto numbers = bus_.subscribe<Number>({.concurrency = 3}, [&](const Number&) -> asio::awaitable<void> {
        co_await gate.async_wait(asio::as_tuple(asio::use_awaitable));
    });
    const auto emitter = bus_.emitter<Number>();
    emitter.emit({1});
    drive(io_);
    clock_.advance(1ms);
    emitter.emit({2});
    drive(io_);
    clock_.advance(1ms);
    gate.cancel();
    drive(io_);
    EXPECT_EQ(numbers.stat().handler_time->count, 2U);
    EXPECT_EQ(numbers.stat().handler_time->sum, 3ms);
    EXPECT_EQ(numbers.stat().handler_time->max, 2ms);
}

TEST(StampByTheSteadyClock, MayBeReadWhileHandlersRun) {
    asio::thread_pool threads(3);
    event::EventBus bus(threads, {.stamp = true});
    const auto numbers = bus.subscribe<Number>({.capacity = 4000, .concurrency = 3}, [](const Number&) {});
    const auto emitter = bus.emitter<Number>();
    asio::post(threads, [&] {
        for (int i = 0; i < 2000; ++i) emitter.emit({i});
    });
    for (std::uint64_t seen = 0; seen < 2000;) {
        const auto stat = numbers.stat();
        ASSERT_GE(stat.latency->count, seen);
        ASSERT_LE(stat.latency->p50, stat.latency->max);
        seen = stat.latency->count;
    }
    bus.close();
    threads.join();
    EXPECT_EQ(numbers.stat().handler_time->count, 2000U);
}

TEST(StampByTheSteadyClock, MayBeTakenBySeveralAtOnce) {
    asio::io_context io;
    event::EventBus bus(io, {.stamp = true});
    auto numbers = bus.subscribe<Number>({.capacity = 4000});
    auto shared = numbers.share();
    const auto emitter = bus.emitter<Number>();
    for (int i = 0; i < 4000; ++i) emitter.emit({i});
    const auto take = [](auto& subscription) {
        while (subscription.try_receive()) {
        }
    };
    std::thread other([&] { take(shared); });
    take(numbers);
    other.join();
    EXPECT_EQ(numbers.stat().latency->count, 4000U);
}

TEST_F(Stamp, StaysWhenAQueueDrains) {
    auto numbers = bus_.subscribe<Number>();
    bus_.emitter<Number>().emit({1});
    numbers.close_after_drain();
    clock_.advance(1ms);
    EXPECT_EQ(numbers.try_receive()->emitted_at(), clock_.now() - 1ms);
    EXPECT_EQ(numbers.try_receive(), std::nullopt);
    EXPECT_FALSE(numbers.is_open());
}

TEST_F(Stamp, IsInTheReport) {
    const auto numbers = bus_.subscribe<Number>({.name = "numbers"}, [&](const Number&) { clock_.advance(2ms); });
    const auto idle = bus_.subscribe<Letter>({.name = "letters"});
    bus_.emitter<Number>().emit({1});
    clock_.advance(1500us);
    drive(io_);
    const std::string report = fmt::format("{}", bus_.report());
    EXPECT_THAT(report, testing::HasSubstr("\n    latency p50 1.5ms, p90 1.5ms, p99 1.5ms, max 1.5ms\n"
                                           "    handler p50 2ms, p90 2ms, p99 2ms, max 2ms\n"));
    EXPECT_THAT(report, testing::HasSubstr("\n    latency none yet"));
    EXPECT_THAT(fmt::format("{}", numbers.stat()), testing::EndsWith("; handler p50 2ms, p90 2ms, p99 2ms, max 2ms"));
}

// ---- the buckets ------------------------------------------------------------------------------------------------

TEST(Durations, AreRoundedUpByAtMostAnEighth) {
    for (std::int64_t duration = 0; duration < 4'000'000'000'000; duration += 1 + duration / 37) {
        event::detail::Durations durations;
        durations.add(std::chrono::nanoseconds(duration));
        durations.add(std::chrono::hours(10));  // or the largest of them would be exact
        const std::int64_t half = durations.stat().p50.count();
        ASSERT_LE(duration, half);
        if (duration < std::int64_t{1} << 40) {
            ASSERT_LE(half, duration + duration / 8);
        }
    }
}

TEST(Durations, HavePercentiles) {
    event::detail::Durations durations;
    for (int i = 1; i <= 100; ++i) durations.add(std::chrono::nanoseconds(i <= 50 ? 1 : i <= 90 ? 2 : i <= 99 ? 3 : 4));
    const auto stat = durations.stat();
    EXPECT_EQ(stat.p50, 1ns);
    EXPECT_EQ(stat.p90, 2ns);
    EXPECT_EQ(stat.p99, 3ns);
    EXPECT_EQ(stat.max, 4ns);
    EXPECT_EQ(stat.sum, 161ns);
}

TEST(Durations, AreNeverNegative) {
    event::detail::Durations durations;
    durations.add(-5ns);
    EXPECT_EQ(durations.stat().sum, 0ns);
    EXPECT_EQ(durations.stat().count, 1U);
}

TEST(Durations, PrintInThreeDigits) {
    event::DurationStat stat{.count = 1, .p50 = 999ns, .p90 = 1234ns, .p99 = 999600us, .max = 5000s};
    EXPECT_EQ(to_string(stat), "p50 999ns, p90 1.23us, p99 1s, max 5000s");
    EXPECT_EQ(fmt::format("{}", stat), to_string(stat));
}

}  // namespace stamp_test
