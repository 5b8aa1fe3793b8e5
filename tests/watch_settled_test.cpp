#include "support.hpp"

#include <event/testing.hpp>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

/// Watchers that wait until a value does not change any more.

namespace watch_settled_test {

using namespace support;
using namespace std::chrono_literals;
using Got = Completion<event::Snapshot<Number>>;

class InManualTime : public testing::Test {
protected:
    void pass(std::chrono::nanoseconds time) {
        clock_.advance(time);
        drive(io_);
    }

    asio::io_context io_;
    event::testing::ManualClock clock_{io_};
};

class WatchSettled : public InManualTime {
protected:
    void set(int number) {
        value_->set({number});
        drive(io_);
    }
    void begin() {
        watcher_.async_get_settled(10ms, got_.handler());
        drive(io_);
    }

    std::optional<event::Value<Number>> value_{std::in_place, io_};
    event::Watcher<Number> watcher_ = value_->watch();
    Got got_;
};

TEST_F(WatchSettled, GetsWhatHasNotChangedForSoLong) {
    begin();
    set(1);
    pass(10ms - 1ns);
    EXPECT_TRUE(got_.pending());
    pass(1ns);
    ASSERT_TRUE(got_.done());
    EXPECT_EQ(got_.value()->value, 1);
    EXPECT_FALSE(watcher_.try_get());
}

TEST_F(WatchSettled, BeginsToCountAnewWithEachNewerValue) {
    begin();
    for (int i = 0; i < 5; ++i) {
        set(i);
        pass(9ms);
    }
    EXPECT_TRUE(got_.pending());
    pass(1ms);
    EXPECT_EQ(got_.value()->value, 4);
}

TEST_F(WatchSettled, CountsFromItsBeginWhereTheValueIsThereAlready) {
    set(1);
    pass(1h);
    begin();
    pass(10ms - 1ns);
    EXPECT_TRUE(got_.pending());
    pass(1ns);
    EXPECT_EQ(got_.value()->value, 1);
}

TEST_F(WatchSettled, WaitsForTheFirstValueAsLongAsItTakes) {
    begin();
    pass(24h);
    EXPECT_TRUE(got_.pending());
    set(1);
    pass(10ms);
    EXPECT_EQ(got_.value()->value, 1);
}

TEST_F(WatchSettled, BeginsToCountAnewWhereTheTimeHasPassedAndNobodyHasLooked) {
    begin();
    set(1);
    clock_.advance(10ms);
    value_->set({2});
    drive(io_);
    EXPECT_TRUE(got_.pending());
    pass(10ms);
    EXPECT_EQ(got_.value()->value, 2);
}

TEST_F(WatchSettled, TakesTheLastValueAtOnceWhenTheValueGoes) {
    begin();
    set(1);
    value_.reset();
    drive(io_);
    EXPECT_EQ(got_.value()->value, 1);
    Got next;
    watcher_.async_get_settled(10ms, next.handler());
    drive(io_);
    EXPECT_EQ(next.error(), event::errc::closed);
}

TEST_F(WatchSettled, EndsWithAValueOfWhichNothingIsUnseen) {
    begin();
    value_.reset();
    drive(io_);
    EXPECT_EQ(got_.error(), event::errc::closed);
}

TEST_F(WatchSettled, ConsumesNothingWhenItIsCancelled) {
    begin();
    set(1);
    watcher_.cancel();
    drive(io_);
    EXPECT_EQ(got_.error(), asio::error::operation_aborted);
    EXPECT_EQ(watcher_.try_get()->get().value, 1);
    pass(1h);
}

TEST_F(WatchSettled, IsCancelledByItsSlotAndByItsClose) {
    asio::cancellation_signal signal;
    watcher_.async_get_settled(10ms, asio::bind_cancellation_slot(signal.slot(), got_.handler()));
    set(1);
    signal.emit(asio::cancellation_type::partial);
    drive(io_);
    EXPECT_EQ(got_.error(), asio::error::operation_aborted);
    Got closed;
    watcher_.async_get_settled(10ms, closed.handler());
    drive(io_);
    watcher_.close();
    drive(io_);
    EXPECT_EQ(closed.error(), event::errc::closed);
}

TEST_F(WatchSettled, IsTheOneGetThatIsPending) {
    begin();
    Got second;
    watcher_.async_get_settled(10ms, second.handler());
    drive(io_);
    EXPECT_EQ(second.error(), event::errc::concurrent_receive);
    set(1);
    pass(10ms);
    EXPECT_EQ(got_.value()->value, 1);
}

TEST_F(WatchSettled, WaitsOnWhereSomebodyElseHasTakenTheValue) {
    begin();
    set(1);
    EXPECT_TRUE(watcher_.try_get());
    pass(1h);
    EXPECT_TRUE(got_.pending());
    set(2);
    pass(10ms - 1ns);
    EXPECT_TRUE(got_.pending());
    pass(1ns);
    EXPECT_EQ(got_.value()->value, 2);
}

TEST_F(WatchSettled, LeavesTheNextGetAlone) {
    begin();
    set(1);
    watcher_.cancel();
    drive(io_);
    static_cast<void>(watcher_.try_get());
    Got next;
    watcher_.async_get(next.handler());
    pass(1h);  // the time of the one before
    EXPECT_TRUE(next.pending());
    set(2);
    EXPECT_EQ(next.value()->value, 2);
}

TEST_F(WatchSettled, IsWithoutPatienceAnOrdinaryGet) {
    value_->set({1});
    watcher_.async_get_settled(0s, got_.handler());
    io_.restart();
    io_.run();
    EXPECT_EQ(got_.value()->value, 1);
}

TEST_F(WatchSettled, WaitsForTheEndWhereTheClockCannotCountSoFar) {
    watcher_.async_get_settled(std::chrono::hours::max(), got_.handler());
    set(1);
    pass(24h);
    EXPECT_TRUE(got_.pending());
    value_.reset();
    drive(io_);
    EXPECT_EQ(got_.value()->value, 1);
}

TEST_F(WatchSettled, WorksByTheClockOfTheWorldToo) {
    asio::io_context io;
    event::Value<Number> value{io, Number{1}};
    auto watcher = value.watch();
    watcher.async_get_settled(1ns, got_.handler());
    io.run();
    EXPECT_EQ(got_.value()->value, 1);
}

TEST_F(WatchSettled, GoesWithItsContext) {
    auto io = std::make_unique<asio::io_context>();
    event::testing::ManualClock clock(*io);
    watcher_.async_get_settled(10ms, asio::bind_executor(*io, got_.handler()));
    value_->set({1});
    drive(*io);
    io.reset();
    EXPECT_TRUE(got_.destroyed());
    clock.advance(1h);
}

TEST_F(WatchSettled, WaitsBesideWhoSetsOnAnotherThread) {
    asio::thread_pool pool(2);
    event::Value<Number> value{pool};
    auto watcher = value.watch();
    std::thread sets([&] {
        for (int i = 0; i < 3000; ++i) value.set({i});
    });
    for (int last = -1; last < 2999;) {
        const auto number = watcher.async_get_settled(1us, asio::use_future).get();
        EXPECT_GT(number->value, last);
        last = number->value;
    }
    sets.join();
    for (int i = 0; i < 300; ++i) {  // cancelled at any moment
        std::promise<error_code> got;
        int number = -1;
        watcher.async_get_settled(20us, [&](error_code why, const event::Snapshot<Number>& snapshot) {
            if (!why) number = snapshot->value;
            got.set_value(why);
        });
        value.set({i});
        if (i % 2 == 0) std::this_thread::yield();
        watcher.cancel();
        const error_code error = got.get_future().get();
        if (error) {
            EXPECT_EQ(error, asio::error::operation_aborted);
            EXPECT_EQ(watcher.try_get()->get().value, i);
        } else {
            EXPECT_EQ(number, i);
        }
    }
    pool.join();
}

CO_TEST(WatchSettledIn, ACoroutine) {
    event::testing::ManualClock clock(io);
    event::Value<Number> value{io, Number{1}};
    auto watcher = value.watch();
    bool is_there = false;
    const std::function<void()> tick = [&] {
        clock.advance(1ms);
        if (!is_there) asio::post(io, tick);
    };
    asio::post(io, tick);
    const auto number = co_await watcher.async_get_settled(10ms, asio::use_awaitable);
    is_there = true;
    co_await asio::post(asio::use_awaitable);  // what ticks sees that
    EXPECT_EQ(number->value, 1);
}

// ---- of a projection --------------------------------------------------------------------------------------------

struct Pair {
    int left = 0;
    int right = 0;
};

class WatchSettledProjection : public InManualTime {
protected:
    void set(Pair pair) {
        value_.set(pair);
        drive(io_);
    }
    void begin() {
        watcher_.async_get_settled(10ms, got_.handler());
        drive(io_);
    }

    event::Value<Pair> value_{io_};
    event::Watcher<Pair, int Pair::*> watcher_ = value_.watch(&Pair::left);
    Completion<int> got_;
};

TEST_F(WatchSettledProjection, IsNotDisturbedByTheRest) {
    begin();
    set({1, 1});
    pass(9ms);
    set({1, 2});
    pass(1ms);
    EXPECT_EQ(got_.value(), 1);
}

TEST_F(WatchSettledProjection, BeginsToCountAnewWithEachChange) {
    begin();
    set({1, 1});
    pass(9ms);
    set({2, 1});
    pass(9ms);
    EXPECT_TRUE(got_.pending());
    pass(1ms);
    EXPECT_EQ(got_.value(), 2);
}

TEST_F(WatchSettledProjection, HasNothingToTellOfWhatCameAndWent) {
    set({1, 0});
    EXPECT_EQ(watcher_.try_get(), 1);
    begin();
    set({2, 0});
    pass(9ms);
    set({1, 0});
    pass(1h);
    EXPECT_TRUE(got_.pending());
    set({2, 0});
    pass(10ms - 1ns);
    EXPECT_TRUE(got_.pending());
    pass(1ns);
    EXPECT_EQ(got_.value(), 2);
}

TEST_F(WatchSettledProjection, ForgetsWhatOneHadNoticedThatWasCancelled) {
    begin();
    set({1, 0});
    watcher_.cancel();
    drive(io_);
    Completion<int> got;
    watcher_.async_get_settled(10ms, got.handler());
    drive(io_);
    pass(10ms);
    EXPECT_EQ(got.value(), 1);
}

TEST_F(WatchSettledProjection, ThrowsWhatItThrowsAndWaitsOn) {
    auto watcher = value_.watch([](const Pair& pair) {
        if (pair.left == 1) throw std::runtime_error("1");
        return pair.left;
    });
    watcher.async_get_settled(10ms, got_.handler());
    value_.set({1, 0});
    EXPECT_THROW(drive(io_), std::runtime_error);
    pass(1h);
    EXPECT_TRUE(got_.pending());
    set({2, 0});
    pass(10ms);
    EXPECT_EQ(got_.value(), 2);
}

}  // namespace watch_settled_test
