#include "support.hpp"

#include <event/testing.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

/// What the library gives to the tests of others.

namespace testing_test {

using namespace support;
using event::testing::Holds;
using event::testing::ManualClock;
using event::testing::Recorder;
using namespace std::chrono_literals;

TEST(Recorder, HasWhatWasEmittedWithoutBeingDriven) {
    asio::io_context io;
    event::EventBus bus{io};
    const Recorder<Number> recorder(bus);
    auto emitter = bus.emitter<Number>();
    for (int i = 0; i < 1000; ++i) emitter.emit({i});
    const std::vector<Number> events = recorder.events();
    ASSERT_EQ(events.size(), 1000U);
    EXPECT_EQ(events.front(), Number{0});
    EXPECT_EQ(events.back(), Number{999});
}

TEST(Recorder, HasSeveralTypesInTheirOrder) {
    asio::io_context io;
    event::EventBus bus{io};
    Recorder<Number, Text> recorder(bus);
    auto emitter = bus.emitter<Number, Text>();
    emitter.emit(Number{1});
    emitter.emit(Text{"two"});
    emitter.emit(Number{3});
    EXPECT_THAT(recorder.events(),
                testing::ElementsAre(Holds<Number>(Number{1}), Holds<Text>(testing::Field(&Text::value, "two")),
                                     Holds<Number>()));
    EXPECT_THAT(recorder.events<Number>(), testing::ElementsAre(Number{1}, Number{3}));
    EXPECT_EQ(recorder.take().size(), 3U);
    EXPECT_TRUE(recorder.empty());
    emitter.emit(Text{"four"});
    EXPECT_EQ(recorder.size(), 1U);
}

TEST(Recorder, HasEveryTypeAsAnyEvent) {
    asio::io_context io;
    event::EventBus bus{io};
    auto retained = bus.emitter<Text>({.retain = true});
    retained.emit({"retained"});
    const Recorder<event::AnyEvent> recorder(bus);
    bus.emitter<Number>().emit({1});
    EXPECT_THAT(recorder.events(), testing::ElementsAre(Holds<Text>(), Holds<Number>(Number{1})));
    EXPECT_THAT(recorder.events(), testing::Not(testing::Contains(Holds<Letter>())));
}

TEST(Recorder, IsNobodyToWhomAnythingIsDelivered) {
    asio::io_context io;
    event::EventBus bus{io};
    const Recorder<Number> recorder(bus);
    const auto result = bus.emitter<Number>().emit({1});
    EXPECT_EQ(result.delivered, 0U);
    EXPECT_EQ(result.rejected, 1U);
}

TEST(ManualClock, LetsTimeLimitsPass) {
    asio::io_context io;
    ManualClock clock(io);
    event::EventBus bus{io};
    auto subscription = bus.subscribe<Number>();
    Completion<event::Delivery<Number>> received;
    subscription.async_receive_for(1h, received.handler());
    drive(io);
    clock.advance(1h - 1ns);
    drive(io);
    EXPECT_TRUE(received.pending());
    clock.advance(1ns);
    EXPECT_TRUE(received.pending());  // until the context is driven
    drive(io);
    EXPECT_EQ(received.error(), asio::error::timed_out);
}

TEST(ManualClock, LetsThemPassInTheirOrder) {
    asio::io_context io;
    ManualClock clock(io);
    event::Value<Number> value{io};
    std::vector<int> order;
    std::vector<event::Watcher<Number>> watchers;
    for (const int hours : {3, 1, 2}) {
        watchers.push_back(value.watch());
        watchers.back().async_get_for(std::chrono::hours(hours), [&order, hours](error_code error, auto) {
            if (error == asio::error::timed_out) order.push_back(hours);
        });
    }
    clock.advance(10h);
    drive(io);
    EXPECT_THAT(order, testing::ElementsAre(1, 2, 3));
}

TEST(ManualClock, ForgetsTheLimitsOfWhatHasCompleted) {
    asio::io_context io;
    ManualClock clock(io);
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>();
    Completion<event::Delivery<Number>> received;
    subscription.async_receive_for(1s, received.handler());
    emitter.emit({1});
    drive(io);
    EXPECT_FALSE(received.error());
    io.restart();
    EXPECT_EQ(io.run(), 0U);
    Completion<event::Delivery<Number>> next;
    subscription.async_receive(next.handler());
    clock.advance(1h);
    drive(io);
    EXPECT_TRUE(next.pending());
}

TEST(ManualClock, LeavesWhatNeedNotWaitAsItIs) {
    asio::io_context io;
    ManualClock clock(io);
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>();
    emitter.emit({1});
    Completion<event::Delivery<Number>> there;
    Completion<event::Delivery<Number>> not_there;
    subscription.async_receive_for(0s, there.handler());
    drive(io);
    EXPECT_EQ(there.value()->value, 1);
    subscription.async_receive_for(0s, not_there.handler());
    drive(io);
    EXPECT_EQ(not_there.error(), asio::error::timed_out);
}

TEST(ManualClock, IsTheTimeByWhichQueuesAge) {
    asio::io_context io;
    ManualClock clock(io);
    std::vector<std::chrono::nanoseconds> ages;
    event::EventBus bus{io, {.measure_age = true, .slow_after = 1min, .on_slow_subscriber = [&](const auto& slow) {
                                 ages.push_back(slow.age);
                             }}};
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>();
    emitter.emit({1});
    clock.advance(1min - 1ns);
    emitter.emit({2});
    EXPECT_TRUE(ages.empty());
    clock.advance(1ns);
    emitter.emit({3});
    EXPECT_THAT(ages, testing::ElementsAre(std::chrono::nanoseconds(1min)));
    EXPECT_EQ(subscription.stat().age, std::chrono::nanoseconds(1min));
}

TEST(ManualClock, CountsToTheEndOfTime) {
    asio::io_context io;
    ManualClock clock(io);
    event::EventBus bus{io};
    auto subscription = bus.subscribe<Number>();
    clock.advance(1h);
    Completion<event::Delivery<Number>> received;
    subscription.async_receive_for(
        std::chrono::steady_clock::time_point::max() - std::chrono::steady_clock::now() - 1min, received.handler());
    clock.advance(std::chrono::steady_clock::duration::max());
    EXPECT_EQ(clock.now(), std::chrono::steady_clock::time_point::max());
    drive(io);
    EXPECT_EQ(received.error(), asio::error::timed_out);
}

TEST(ManualClock, IsMovedOnByManyThreads) {
    asio::io_context io;
    ManualClock clock(io);
    const auto start = clock.now();
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                for (int n = 0; n < 1000; ++n) clock.advance(1ms);
            });
    }
    EXPECT_EQ(clock.now() - start, 4000ms);
}

TEST(ManualClock, IsOneForAContext) {
    asio::io_context io;
    asio::io_context other;
    {
        const ManualClock clock(io);
        EXPECT_THROW(ManualClock{io}, std::logic_error);
        const ManualClock beside(other);
    }
    const ManualClock again(io);
}

TEST(ManualClock, MayGoBeforeOrAfterItsContext) {
    auto io = std::make_unique<asio::io_context>();
    auto clock = std::make_unique<ManualClock>(*io);
    auto bus = std::make_unique<event::EventBus>(*io);
    auto subscription = bus->subscribe<Number>();
    Completion<event::Delivery<Number>> received;
    subscription.async_receive_for(1s, received.handler());
    io.reset();
    EXPECT_TRUE(received.destroyed());
    clock->advance(1h);
    clock.reset();

    io = std::make_unique<asio::io_context>();
    clock = std::make_unique<ManualClock>(*io);
    event::Value<Number> value{*io};
    auto watcher = value.watch();
    Completion<event::Snapshot<Number>> got;
    watcher.async_get_for(1s, got.handler());
    clock.reset();
    drive(*io);
    EXPECT_TRUE(got.pending());
    value.set({1});
    drive(*io);
    EXPECT_EQ(got.value()->value, 1);
}

TEST(PrintTo, PrintsWhatTheLibraryGivesOutAsFmtDoes) {
    asio::io_context io;
    event::EventBus bus{io};
    auto subscription = bus.subscribe<std::string>();
    auto all = bus.subscribe<event::AnyEvent>();
    EXPECT_EQ(testing::PrintToString(bus.emitter<std::string>().emit("text")), "2 subscribers: 2 delivered");
    EXPECT_EQ(testing::PrintToString(**all.try_receive()), "text");
    EXPECT_EQ(testing::PrintToString(*subscription.try_receive()), "text");
    EXPECT_EQ(testing::PrintToString(event::errc::closed), "closed");
    EXPECT_EQ(testing::PrintToString(event::Policy::wait), "Wait");
    event::Value<int> value(io.get_executor(), 7);
    EXPECT_EQ(testing::PrintToString(value.try_get()), "(7)");
}

}  // namespace testing_test
