#include "support.hpp"

#include <event/watcher.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>

namespace watcher_test {

using namespace support;
using namespace std::chrono_literals;

struct Watching : testing::Test {
    asio::io_context io;
    event::Value<int> value{io};
    event::Watcher<int> watcher = value.watch();
    using Get = Completion<event::Snapshot<int>>;
};

TEST_F(Watching, TheFirstGetFindsTheCurrentValueOrWaitsForIt) {
    Get first;
    watcher.async_get(first.handler());
    drive(io);
    EXPECT_TRUE(first.pending());
    value.set(1);
    EXPECT_FALSE(first.done()) << "not on the setter's stack";
    drive(io);
    EXPECT_EQ(*first.value(), 1);
    auto late = value.watch();
    Get current;
    late.async_get(current.handler());
    EXPECT_FALSE(current.done());
    drive(io);
    EXPECT_EQ(*current.value(), 1);
}

TEST_F(Watching, LaterGetsWaitForANewerSet) {
    value.set(1);
    EXPECT_EQ(**watcher.try_get(), 1);
    EXPECT_FALSE(watcher.try_get());
    Get next;
    watcher.async_get(next.handler());
    drive(io);
    EXPECT_TRUE(next.pending());
    value.set(1);
    drive(io);
    EXPECT_EQ(*next.value(), 1) << "an equal value notifies too";
}

TEST_F(Watching, GetsTheNewestAtTheMomentOfCompletion) {
    Get get;
    watcher.async_get(get.handler());
    value.set(1);
    value.set(2);
    value.set(3);
    drive(io);
    EXPECT_EQ(*get.value(), 3);
    EXPECT_FALSE(watcher.try_get()) << "never a log";
}

TEST_F(Watching, ASecondGetIsRefusedAndTheFirstGoesOn) {
    Get first;
    Get second;
    watcher.async_get(first.handler());
    watcher.async_get(second.handler());
    drive(io);
    EXPECT_EQ(second.error(), event::errc::concurrent_receive);
    value.set(1);
    drive(io);
    EXPECT_EQ(*first.value(), 1);
}

TEST_F(Watching, ACancelledGetConsumesNothing) {
    Get parked;
    watcher.async_get(parked.handler());
    watcher.cancel();
    drive(io);
    EXPECT_EQ(parked.error(), asio::error::operation_aborted);

    asio::cancellation_signal signal;
    Get posted;
    watcher.async_get(asio::bind_cancellation_slot(signal.slot(), posted.handler()));
    value.set(1);
    signal.emit(asio::cancellation_type::total);
    drive(io);
    EXPECT_EQ(posted.error(), asio::error::operation_aborted);
    Get next;
    watcher.async_get(next.handler());
    drive(io);
    EXPECT_EQ(*next.value(), 1);
}

TEST_F(Watching, GetIfSkipsAndConsumesWhatItRejects) {
    Get even;
    value.set(1);
    watcher.async_get_if([](int n) { return n % 2 == 0; }, even.handler());
    drive(io);
    EXPECT_TRUE(even.pending());
    EXPECT_FALSE(watcher.try_get()) << "consumed";
    value.set(3);
    drive(io);
    EXPECT_TRUE(even.pending());
    value.set(4);
    drive(io);
    EXPECT_EQ(*even.value(), 4);
}

TEST_F(Watching, GetIfCallsThePredicateOnTheReceiversExecutor) {
    Get get;
    int calls = 0;
    watcher.async_get_if([&](int) { return ++calls == 3; }, get.handler());
    value.set(1);
    EXPECT_EQ(calls, 0);
    drive(io);
    EXPECT_EQ(calls, 1);
    value.set(2);
    value.set(3);
    drive(io);
    EXPECT_EQ(calls, 2) << "what was never the newest is never seen";
}

TEST_F(Watching, APredicateThatThrowsLeavesTheWatcherUsable) {
    Get get;
    watcher.async_get_if(
        [](int n) {
            if (n == 1) throw std::runtime_error("no");
            return true;
        },
        get.handler());
    value.set(1);
    EXPECT_THROW(drive(io), std::runtime_error);
    EXPECT_TRUE(get.pending());
    value.set(2);
    drive(io);
    EXPECT_EQ(*get.value(), 2);
}

TEST_F(Watching, WaitTakesNothing) {
    Completion<bool> wait;
    watcher.async_wait(wait.handler());
    drive(io);
    EXPECT_TRUE(wait.pending());
    value.set(1);
    drive(io);
    EXPECT_TRUE(wait.value());
    EXPECT_EQ(**watcher.try_get(), 1);
}

TEST_F(Watching, TryGetBesideAPendingGetTakesTheValue) {
    Get get;
    watcher.async_get(get.handler());
    value.set(1);
    EXPECT_EQ(**watcher.try_get(), 1);
    drive(io);
    EXPECT_TRUE(get.pending());
    value.set(2);
    drive(io);
    EXPECT_EQ(*get.value(), 2);
}

TEST_F(Watching, GetForEndsWhenItsTimeHasPassed) {
    Get get;
    watcher.async_get_for(0s, get.handler());
    drive(io);
    ASSERT_TRUE(get.done());
    EXPECT_EQ(get.error(), asio::error::timed_out);
    value.set(1);
    Get past;
    watcher.async_get_for(-1h, past.handler());
    drive(io);
    EXPECT_FALSE(past.error()) << "a value that is there is preferred, and was not consumed before";
    EXPECT_EQ(*past.value(), 1);
}

TEST_F(Watching, GetForGetsWhatIsSetInTime) {
    for (auto start : {0, 1}) {
        Get get;
        if (start == 0) watcher.async_get_for(1h, get.handler());
        if (start == 1) watcher.async_get_for(std::chrono::hours::max(), get.handler());
        drive(io);
        EXPECT_TRUE(get.pending());
        value.set(start);
        drive(io);
        ASSERT_TRUE(get.done());
        EXPECT_EQ(*get.value(), start);
    }
    EXPECT_EQ(io.run(), 0U) << "a time limit that is no longer needed keeps nothing waiting";
}

TEST_F(Watching, GetForIsOneGetAmongOthers) {
    Get first;
    Get second;
    watcher.async_get_for(1h, first.handler());
    watcher.async_get(second.handler());
    drive(io);
    EXPECT_EQ(second.error(), event::errc::concurrent_receive);
    watcher.cancel();
    drive(io);
    EXPECT_EQ(first.error(), asio::error::operation_aborted);
    Get closed;
    watcher.async_get_for(1h, closed.handler());
    watcher.close();
    drive(io);
    EXPECT_EQ(closed.error(), event::errc::closed);
}

TEST_F(Watching, CloseWakesAPendingGet) {
    Get get;
    Completion<bool> wait;
    watcher.async_get(get.handler());
    watcher.close();
    watcher.close();
    drive(io);
    EXPECT_EQ(get.error(), event::errc::closed);
    value.set(1);
    EXPECT_FALSE(watcher.try_get());
    watcher.async_wait(wait.handler());
    drive(io);
    EXPECT_EQ(wait.error(), event::errc::closed);
    auto other = value.watch();
    EXPECT_EQ(**other.try_get(), 1);
}

TEST_F(Watching, WhenTheValueGoesTheUnseenValueComesFirst) {
    auto dying = std::make_optional<event::Value<std::string>>(io);
    auto waiting = dying->watch();
    auto behind = dying->watch();
    dying->set("last");
    EXPECT_TRUE(waiting.try_get());
    Completion<event::Snapshot<std::string>> closed;
    waiting.async_get(closed.handler());
    dying.reset();
    drive(io);
    EXPECT_EQ(closed.error(), event::errc::closed);
    Completion<event::Snapshot<std::string>> last;
    behind.async_get(last.handler());
    drive(io);
    EXPECT_EQ(*last.value(), "last");
    Completion<event::Snapshot<std::string>> then;
    behind.async_get(then.handler());
    drive(io);
    EXPECT_EQ(then.error(), event::errc::closed);
}

TEST_F(Watching, AClosedValueEndsItsWatchersAndStaysReadable) {
    auto behind = value.watch();
    auto waiting = value.watch();
    value.set(1);
    ASSERT_TRUE(waiting.try_get());
    Get end;
    waiting.async_get(end.handler());
    drive(io);
    value.close();
    value.close();
    drive(io);
    EXPECT_EQ(end.error(), event::errc::closed);
    EXPECT_EQ(**behind.try_get(), 1);

    value.set(2);
    EXPECT_FALSE(value.set_if_changed(3));
    value.update([](int now) { return now + 1; });
    EXPECT_EQ(**value.try_get(), 1);
    EXPECT_EQ(**value.view().try_get(), 1);
    Get closed;
    behind.async_get(closed.handler());
    drive(io);
    EXPECT_EQ(closed.error(), event::errc::closed);
}

TEST_F(Watching, AClosedValueThatIsSharedReleasesWhatIsSet) {
    event::Value<std::shared_ptr<int>> shared(io);
    shared.close();
    const auto number = std::make_shared<int>(1);
    shared.set(number);
    EXPECT_FALSE(shared.set_if_changed(number));
    EXPECT_FALSE(shared.try_get());
    EXPECT_EQ(number.use_count(), 1);
}

TEST_F(Watching, MovedFromIsClosed) {
    auto moved = std::move(watcher);
    Get get;
    watcher.async_get(get.handler());  // NOLINT(bugprone-use-after-move)
    drive(io);
    EXPECT_EQ(get.error(), event::errc::closed);
    EXPECT_FALSE(watcher.try_get());
    watcher.cancel();
    watcher.close();
    value.set(1);
    EXPECT_EQ(**moved.try_get(), 1);
    watcher = std::move(moved);
    value.set(2);
    EXPECT_EQ(**watcher.try_get(), 2);
}

TEST_F(Watching, DestroyingAWatcherEndsItsGet) {
    Get get;
    {
        auto short_lived = value.watch();
        short_lived.async_get(get.handler());
    }
    drive(io);
    EXPECT_EQ(get.error(), event::errc::closed);
    value.set(1);
}

CO_TEST(WatcherCoroutine, FollowsUntilTheValueGoes) {
    auto value = std::make_optional<event::Value<int>>(io);
    auto watcher = value->watch();
    asio::post(io, [&] { value->set(1); });
    asio::post(io, [&] {
        value->set(2);
        value->set(3);
        value.reset();
    });
    std::vector<int> seen;
    for (;;) {
        const auto result = co_await watcher.async_get(asio::as_tuple(asio::use_awaitable));
        if (std::get<0>(result)) {
            EXPECT_EQ(std::get<0>(result), event::errc::closed);
            break;
        }
        seen.push_back(*std::get<1>(result));
    }
    EXPECT_EQ(seen.back(), 3);
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST(WatcherThreads, UpdatesOfManyThreadsAllCount) {
    asio::io_context io;
    event::Value<long> value(io, 0);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 500; ++i) value.update([](long n) { return n + 1; });
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(**value.try_get(), 2000);
}

}  // namespace watcher_test
