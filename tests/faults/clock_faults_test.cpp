/// A clock that jumps, stands, and goes back: time limits and ages.

#include "clock.hpp"
#include "scene.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>

namespace clock_faults_test {

using namespace faults;
using namespace std::chrono_literals;
using turned_clock::Clock;
using turned_clock::Hand;

/// Runs what is ready by that clock: Asio sleeps by the kernel's, and looks anew when a timer comes to the front.
void look_at_clock(asio::io_context& io) {
    asio::steady_timer front(io, Clock::time_point::min());
    bool has_looked = false;
    front.async_wait([&](error_code) { has_looked = true; });
    while (!has_looked) drive(io);
    drive(io);
}

class ATurnedClock : public testing::Test {
protected:
    Hand clock;
    asio::io_context io;
    event::EventBus bus{io};
    event::Emitter<Number> emitter = bus.emitter<Number>();
    event::Subscription<Number> in = bus.subscribe<Number>();
    event::Value<Number> value{io};
    event::Watcher<Number> watcher = value.watch();
    Completion<event::Delivery<Number>> receive;
    Completion<event::Snapshot<Number>> get;
};

TEST_F(ATurnedClock, EndsWhatWaitedWhenItJumps) {
    in.async_receive_for(1h, receive.handler());
    watcher.async_get_for(2h, get.handler());
    clock.turn(59min);
    look_at_clock(io);
    EXPECT_TRUE(receive.pending());
    clock.turn(1min);
    look_at_clock(io);
    ASSERT_TRUE(receive.done());
    EXPECT_EQ(receive.error(), asio::error::timed_out);
    EXPECT_TRUE(get.pending());
    clock.turn(24h * 365 * 100);
    look_at_clock(io);
    ASSERT_TRUE(get.done());
    EXPECT_EQ(get.error(), asio::error::timed_out);
    // nothing was taken, and it can be waited for once more
    emitter.emit({1});
    value.set({2});
    Completion<event::Delivery<Number>> again;
    Completion<event::Snapshot<Number>> get_again;
    in.async_receive_for(1s, again.handler());
    watcher.async_get_for(1s, get_again.handler());
    drive(io);
    ASSERT_TRUE(again.done());
    EXPECT_EQ(again.value()->value, 1);
    ASSERT_TRUE(get_again.done());
    EXPECT_EQ(get_again.value()->value, 2);
}

TEST_F(ATurnedClock, EndsNothingThatIsOverWhenItJumps) {
    in.async_receive_for(1h, receive.handler());
    emitter.emit({1});
    drive(io);
    ASSERT_TRUE(receive.done());
    EXPECT_FALSE(receive.error());
    Completion<event::Delivery<Number>> next;
    in.async_receive(next.handler());
    clock.turn(2h);
    look_at_clock(io);
    EXPECT_TRUE(next.pending()) << "the limit was the other one's";
}

TEST_F(ATurnedClock, EndsNothingWhileItStands) {
    in.async_receive_for(1ns, receive.handler());
    watcher.async_get_for(1ns, get.handler());
    for (int i = 0; i < 10; ++i) look_at_clock(io);
    EXPECT_TRUE(receive.pending());
    emitter.emit({1});
    look_at_clock(io);
    ASSERT_TRUE(receive.done());
    EXPECT_FALSE(receive.error());
    watcher.cancel();
    look_at_clock(io);
    EXPECT_EQ(get.error(), asio::error::operation_aborted);
}

TEST_F(ATurnedClock, StandingStillLetsNoTimeBeOver) {
    in.async_receive_for(0s, receive.handler());
    watcher.async_get_for(-1h, get.handler());
    look_at_clock(io);
    EXPECT_EQ(receive.error(), asio::error::timed_out);
    EXPECT_EQ(get.error(), asio::error::timed_out);
}

TEST_F(ATurnedClock, ThatGoesBackEndsNothingTooEarly) {
    in.async_receive_for(1h, receive.handler());
    clock.turn(-24h);
    look_at_clock(io);
    EXPECT_TRUE(receive.pending());
    clock.turn(24h + 30min);
    look_at_clock(io);
    EXPECT_TRUE(receive.pending());
    clock.turn(30min);
    look_at_clock(io);
    EXPECT_EQ(receive.error(), asio::error::timed_out);
}

TEST(AClockNearItsEnd, CountsNoLimitBeyondIt) {
    Hand clock(Clock::time_point::max() - 1h);
    asio::io_context io;
    event::EventBus bus{io};
    auto in = bus.subscribe<Number>();
    auto too = bus.subscribe<Number>();
    Completion<event::Delivery<Number>> beyond, before;
    in.async_receive_for(2h, beyond.handler());
    too.async_receive_for(30min, before.handler());
    clock.turn(1h - 1ns);
    look_at_clock(io);
    EXPECT_TRUE(beyond.pending()) << "the clock cannot count that far: no limit";
    EXPECT_EQ(before.error(), asio::error::timed_out);
}

/// A bus that measures ages.
class AnAge : public testing::Test {
protected:
    Hand clock;
    asio::io_context io;
    std::vector<std::chrono::nanoseconds> told;
    event::EventBus bus{io, {.measure_age = true, .slow_after = 1s, .on_slow_subscriber = [this](const auto& slow) {
                                 told.push_back(slow.age);
                             }}};
    event::Emitter<Number> emitter = bus.emitter<Number>();
    event::Subscription<Number> in = bus.subscribe<Number>();
};

TEST_F(AnAge, IsThatOfTheOldestEventToTheNanosecond) {
    EXPECT_FALSE(in.stat().age);
    emitter.emit({1});
    EXPECT_EQ(in.stat().age, 0ns);
    clock.turn(999'999'999ns);
    emitter.emit({2});
    EXPECT_EQ(in.stat().age, 999'999'999ns);
    EXPECT_TRUE(told.empty());
    clock.turn(1ns);
    emitter.emit({3});
    EXPECT_THAT(told, testing::ElementsAre(1s));
    clock.turn(24h * 365 * 100);
    emitter.emit({4});
    EXPECT_EQ(told.size(), 1U) << "once an episode";
    EXPECT_EQ(in.stat().age, 1s + 24h * 365 * 100);
}

TEST_F(AnAge, BeginsAnewOnceTheQueueWasEmpty) {
    emitter.emit({1});
    clock.turn(2s);
    emitter.emit({2});
    static_cast<void>(take_all(in));
    EXPECT_FALSE(in.stat().age);
    clock.turn(2s);
    emitter.emit({3});
    EXPECT_EQ(in.stat().age, 0ns);
    EXPECT_EQ(told.size(), 1U);
    clock.turn(2s);
    emitter.emit({4});
    EXPECT_THAT(told, testing::ElementsAre(2s, 2s));
}

TEST_F(AnAge, OfAClockThatStandsOrGoesBackIsNothingToTell) {
    for (int i = 0; i < 10; ++i) emitter.emit({i});
    EXPECT_EQ(in.stat().age, 0ns);
    clock.turn(-1h);
    emitter.emit({10});
    EXPECT_TRUE(told.empty());
    EXPECT_THAT(numbers(in), testing::SizeIs(11));
}

TEST(AThreadThatPolls, SleepsWhenTheClockJumpsAndWorksWhenItStands) {
    Hand clock;
    asio::io_context io;
    auto work = asio::make_work_guard(io);
    int count = 0;
    asio::post(io, [&] {
        ++count;
        clock.turn(24h);
        asio::post(io, [&] {
            ++count;
            work.reset();
        });
    });
    EXPECT_EQ(event::run_polling(io, 1h), 2U);
    EXPECT_EQ(count, 2);
}

}  // namespace clock_faults_test
