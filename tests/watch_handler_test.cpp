#include "support.hpp"

#include <boost/asio/this_coro.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

/// Handlers that get each newest value.

namespace watch_handler_test {

using namespace support;
using Seen = std::vector<std::string>;

class WatchHandler : public testing::Test {
protected:
    auto note() {
        return [this](const Number& number) { seen_.push_back(std::to_string(number.value)); };
    }
    Seen seen() { return std::exchange(seen_, {}); }

    asio::io_context io_;
    std::optional<event::Value<Number>> value_{std::in_place, io_};
    Seen seen_;
};

TEST_F(WatchHandler, GetsTheCurrentValueAndThenEachNewest) {
    value_->set({1});
    const event::Connection connection = value_->watch(note());
    EXPECT_THAT(seen(), testing::IsEmpty());  // never on the stack of who registers it
    drive(io_);
    EXPECT_THAT(seen(), testing::ElementsAre("1"));
    drive(io_);
    EXPECT_THAT(seen(), testing::IsEmpty());
    value_->set({2});
    drive(io_);
    EXPECT_THAT(seen(), testing::ElementsAre("2"));
    value_->set({2});
    drive(io_);
    EXPECT_THAT(seen(), testing::ElementsAre("2"));  // an equal value is one more
}

TEST_F(WatchHandler, GetsTheFirstValueWhenItIsSet) {
    const event::Connection connection = value_->watch(note());
    drive(io_);
    EXPECT_THAT(seen(), testing::IsEmpty());
    value_->set({1});
    drive(io_);
    EXPECT_THAT(seen(), testing::ElementsAre("1"));
}

TEST_F(WatchHandler, SkipsWhatWasOvertaken) {
    const event::Connection connection = value_->watch(note());
    for (int i = 0; i < 10; ++i) value_->set({i});
    drive(io_);
    EXPECT_THAT(seen(), testing::ElementsAre("9"));
}

TEST_F(WatchHandler, GetsWhatIsSetWhileItRuns) {
    const event::Connection connection = value_->watch([&](const Number& number) {
        seen_.push_back(std::to_string(number.value));
        if (number.value < 3) value_->set({number.value + 1});
    });
    value_->set({1});
    drive(io_);
    EXPECT_THAT(seen(), testing::ElementsAre("1", "2", "3"));
}

TEST_F(WatchHandler, MayTakeTheSnapshot) {
    std::vector<event::Snapshot<Number>> snapshots;
    const auto one = value_->watch([&](event::Snapshot<Number> snapshot) { snapshots.push_back(snapshot); });
    const auto other =
        value_->view().watch([&](const event::Snapshot<Number>& snapshot) { snapshots.push_back(snapshot); });
    value_->set({7});
    drive(io_);
    ASSERT_EQ(snapshots.size(), 2U);
    EXPECT_EQ(snapshots[0]->value, 7);
    EXPECT_EQ(snapshots[0].version(), value_->try_get()->version());
    EXPECT_EQ(snapshots[1]->value, 7);
}

TEST_F(WatchHandler, RunsOnTheExecutorThatItBrings) {
    asio::io_context other;
    value_->set({1});
    const auto connection = value_->watch(asio::bind_executor(other, note()));
    drive(io_);
    EXPECT_THAT(seen(), testing::IsEmpty());
    drive(other);
    EXPECT_THAT(seen(), testing::ElementsAre("1"));
    value_->set({2});
    drive(other);
    EXPECT_THAT(seen(), testing::ElementsAre("2"));
}

TEST_F(WatchHandler, OfABusSeesWhatIsEmitted) {
    event::EventBus bus{io_};
    auto value = bus.value<Number>();
    const auto emitter = bus.emitter<Number>();
    const auto connection = value.watch(note());
    emitter.emit({1});
    drive(io_);
    value.set({2});
    drive(io_);
    EXPECT_THAT(seen(), testing::ElementsAre("1", "2"));
    EXPECT_EQ(bus.report().values.front().watchers, 1U);
    EXPECT_EQ(bus.report().values.front().behind, 0U);
    emitter.emit({3});
    bus.close();
    drive(io_);
    EXPECT_THAT(seen(), testing::ElementsAre("3"));
    EXPECT_FALSE(connection.is_open());
}

// ---- the end ----------------------------------------------------------------------------------------------------

TEST_F(WatchHandler, DoesNotBeginAfterItWasClosed) {
    auto connection = value_->watch(note());
    EXPECT_TRUE(connection.is_open());
    value_->set({1});
    connection.close();
    EXPECT_FALSE(connection.is_open());
    drive(io_);
    value_->set({2});
    drive(io_);
    EXPECT_THAT(seen(), testing::IsEmpty());
    connection.close();
}

TEST_F(WatchHandler, GoesWithItsConnection) {
    auto alive = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = alive;
    {
        const auto connection = value_->watch([alive = std::move(alive)](const Number&) {});
        drive(io_);
        EXPECT_FALSE(watched.expired());
    }
    drive(io_);
    EXPECT_TRUE(watched.expired());
    io_.restart();
    EXPECT_EQ(io_.run(), 0U);  // no work is left
}

TEST_F(WatchHandler, GetsTheLastValueOfAValueThatGoes) {
    const auto connection = value_->watch(note());
    drive(io_);
    value_->set({1});
    value_.reset();
    io_.restart();
    io_.run();
    EXPECT_THAT(seen(), testing::ElementsAre("1"));
    EXPECT_FALSE(connection.is_open());
}

TEST_F(WatchHandler, OfAValueThatIsGoneGetsItsLastValue) {
    const event::ValueView<Number> view = value_->view();
    value_->set({1});
    value_.reset();
    const auto connection = view.watch(note());
    io_.restart();
    io_.run();
    EXPECT_THAT(seen(), testing::ElementsAre("1"));
    EXPECT_FALSE(connection.is_open());
}

TEST_F(WatchHandler, OfNothingIsNeverCalled) {
    auto alive = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = alive;
    auto connection = event::ValueView<Number>().watch([alive = std::move(alive)](const Number&) {});
    EXPECT_TRUE(watched.expired());
    EXPECT_FALSE(connection.is_open());
    connection.close_and_wait();
}

TEST_F(WatchHandler, GetsWhatIsThereWhenItIsDrained) {
    auto connection = value_->watch(note());
    value_->set({1});
    connection.close_after_drain();
    EXPECT_FALSE(connection.is_open());
    drive(io_);
    EXPECT_THAT(seen(), testing::ElementsAre("1"));
    value_->set({2});
    io_.restart();
    EXPECT_EQ(io_.run(), 0U);
    EXPECT_THAT(seen(), testing::IsEmpty());
}

TEST_F(WatchHandler, EndsAtOnceWhereThereIsNothingToDrain) {
    auto connection = value_->watch(note());
    drive(io_);
    connection.close_after_drain();
    connection.close_after_drain();
    value_->set({1});
    io_.restart();
    io_.run();
    EXPECT_THAT(seen(), testing::IsEmpty());
}

TEST_F(WatchHandler, MayCloseItsOwnConnection) {
    event::Connection connection = value_->watch([&](const Number& number) {
        seen_.push_back(std::to_string(number.value));
        connection.close();
        value_->set({number.value + 1});
    });
    value_->set({1});
    drive(io_);
    EXPECT_THAT(seen(), testing::ElementsAre("1"));
    io_.restart();
    EXPECT_EQ(io_.run(), 0U);
}

TEST_F(WatchHandler, IsRefusedToBeWaitedForInItself) {
    event::Connection connection = value_->watch([&](const Number&) {
        error_code error;
        connection.close_and_wait(error);
        seen_.push_back(error == boost::system::errc::resource_deadlock_would_occur ? "refused" : "waited");
    });
    value_->set({1});
    drive(io_);
    EXPECT_THAT(seen(), testing::ElementsAre("refused"));
}

TEST_F(WatchHandler, IsWaitedForByWhoClosesItElsewhere) {
    asio::thread_pool pool(1);
    event::Value<Number> value{pool, Number{1}};
    std::atomic<bool> has_begun = false;
    std::atomic<bool> is_to_end = false;
    std::atomic<bool> has_ended = false;
    auto connection = value.watch([&](const Number&) {
        has_begun = true;
        while (!is_to_end) std::this_thread::yield();
        has_ended = true;
    });
    while (!has_begun) std::this_thread::yield();
    std::thread lets_it_end([&] { is_to_end = true; });
    connection.close_and_wait();
    EXPECT_TRUE(has_ended);
    lets_it_end.join();
    pool.join();
}

TEST_F(WatchHandler, NeverOverlapsAndNeverGoesBack) {
    asio::thread_pool pool(2);
    std::optional<event::Value<Number>> value(std::in_place, pool);
    std::atomic<int> running = 0;
    std::atomic<bool> is_right = true;
    int last = -1;
    std::promise<void> ended;
    auto connection = value->watch([&](const Number& number) {
        if (++running != 1 || number.value <= last) is_right = false;
        last = number.value;
        --running;
        if (number.value == 1999) ended.set_value();
    });
    for (int i = 0; i < 2000; ++i) value->set({i});
    value.reset();
    ended.get_future().wait();
    connection.close_and_wait();
    EXPECT_TRUE(is_right);
    pool.join();
}

TEST_F(WatchHandler, DoesNotRunAnyMoreWhenItWasWaitedFor) {
    asio::thread_pool pool(2);
    event::Value<Number> value{pool};
    std::atomic<bool> goes_on = true;
    std::thread sets([&] {
        for (int i = 0; goes_on; ++i) value.set({i});
    });
    for (int i = 0; i < 300; ++i) {
        auto used = std::make_unique<int>(0);
        auto plain = value.watch([&used](const Number&) { ++*used; });
        auto coroutine = value.watch([at = std::make_unique<int>(0)](const Number&) -> asio::awaitable<void> {
            ++*at;
            co_await asio::post(asio::use_awaitable);
            ++*at;
        });
        if (i % 3 == 0) std::this_thread::yield();
        plain.close_and_wait();
        used.reset();
        if (i % 2 == 0) coroutine.close_and_wait();
    }
    goes_on = false;
    sets.join();
    pool.join();
}

TEST_F(WatchHandler, IsClosedWhileItsContextDies) {
    for (int i = 0; i < 100; ++i) {
        auto io = std::make_unique<asio::io_context>();
        auto plain = value_->watch(asio::bind_executor(*io, note()));
        auto coroutine =
            value_->watch(asio::bind_executor(*io, [](const Number&) -> asio::awaitable<void> { co_return; }));
        drive(*io);
        std::thread dies([&] { io.reset(); });
        plain.close();
        coroutine.close();
        dies.join();
    }
    EXPECT_THAT(seen(), testing::IsEmpty());
}

TEST_F(WatchHandler, IsClosedByItsCancellationSlot) {
    asio::cancellation_signal signal;
    const auto connection = value_->watch(asio::bind_cancellation_slot(signal.slot(), note()));
    value_->set({1});
    signal.emit(asio::cancellation_type::terminal);
    EXPECT_FALSE(connection.is_open());
    io_.restart();
    io_.run();
    EXPECT_THAT(seen(), testing::IsEmpty());
}

TEST_F(WatchHandler, LetsItsExceptionsOutOfRunAndGoesOn) {
    const auto connection = value_->watch([&](const Number& number) {
        seen_.push_back(std::to_string(number.value));
        if (number.value == 1) throw std::runtime_error("1");
    });
    value_->set({1});
    EXPECT_THROW(drive(io_), std::runtime_error);
    drive(io_);
    value_->set({2});
    drive(io_);
    EXPECT_THAT(seen(), testing::ElementsAre("1", "2"));
}

TEST_F(WatchHandler, GoesWithItsContext) {
    auto alive = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = alive;
    auto io = std::make_unique<asio::io_context>();
    const auto connection =
        value_->watch(asio::bind_executor(*io, [alive = std::move(alive)](const Number&) { FAIL(); }));
    io.reset();
    EXPECT_TRUE(watched.expired());
    value_->set({1});
    drive(io_);
}

TEST_F(WatchHandler, GoesWithTheContextOfTheValue) {
    auto alive = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = alive;
    auto io = std::make_unique<asio::io_context>();
    event::Value<Number> value{*io};
    const auto connection = value.watch([alive = std::move(alive)](const Number&) {});
    io.reset();
    EXPECT_TRUE(watched.expired());
    value.set({1});
    EXPECT_FALSE(value.watch(note()).is_open());
}

TEST_F(WatchHandler, IsClosedByAFilterWhenTheEmitIsDone) {
    event::EventBus bus{io_};
    auto value = bus.value<Number>();
    auto connection = value.watch(note());
    auto drained = value.watch(note());
    drive(io_);
    const auto filtered = bus.subscribe<Number>(event::where([&](const Number&) {
        connection.close();
        drained.close_after_drain();
        return true;
    }));
    value.set({1});
    EXPECT_FALSE(connection.is_open());
    EXPECT_FALSE(drained.is_open());
    drive(io_);
    EXPECT_THAT(seen(), testing::ElementsAre("1"));  // of the one that was drained
}

TEST_F(WatchHandler, IsKnownByItsFigures) {
    auto connection = value_->watch(note());
    value_->set({1});
    EXPECT_EQ(connection.stat().size, 1U);
    drive(io_);
    EXPECT_EQ(connection.stat().size, 0U);
    EXPECT_EQ(connection.stat().delivered, 1U);
    EXPECT_TRUE(connection.stat().waiting);
    EXPECT_EQ(connection.stat().policy, event::Policy::latest);
    connection = {};
    EXPECT_EQ(connection.stat().capacity, 0U);
}

// ---- coroutines -------------------------------------------------------------------------------------------------

/// Waits until it is cancelled or the gate is opened.
class WatchCoroutine : public WatchHandler {
protected:
    auto note_both_ends() {
        return [this](const Number& number) -> asio::awaitable<void> {
            const int before = number.value;
            seen_.push_back("begin " + std::to_string(before));
            const auto [error] = co_await gate_.async_wait(asio::as_tuple(asio::use_awaitable));
            const auto state = co_await asio::this_coro::cancellation_state;
            if (state.cancelled() != asio::cancellation_type::none) throw boost::system::system_error(error);
            seen_.push_back("end " + std::to_string(number.value));
        };
    }
    void open() {
        gate_.cancel();
        drive(io_);
    }

    asio::steady_timer gate_{io_, asio::steady_timer::time_point::max()};
};

TEST_F(WatchCoroutine, GetsTheNewestValueWhenTheOneBeforeHasEnded) {
    const auto connection = value_->watch(note_both_ends());
    value_->set({1});
    drive(io_);
    for (int i = 2; i < 5; ++i) {
        value_->set({i});
        drive(io_);
    }
    EXPECT_THAT(seen(), testing::ElementsAre("begin 1"));
    open();
    EXPECT_THAT(seen(), testing::ElementsAre("end 1", "begin 4"));
    open();
    EXPECT_THAT(seen(), testing::ElementsAre("end 4"));
    value_->set({5});
    drive(io_);
    EXPECT_THAT(seen(), testing::ElementsAre("begin 5"));
}

TEST_F(WatchCoroutine, IsCancelledWhenItsConnectionGoes) {
    std::optional<event::Connection> connection(value_->watch(note_both_ends()));
    value_->set({1});
    drive(io_);
    connection.reset();
    io_.restart();
    io_.run();
    EXPECT_THAT(seen(), testing::ElementsAre("begin 1"));
}

TEST_F(WatchCoroutine, EndsInPeaceWhenTheValueGoes) {
    const auto connection = value_->watch(note_both_ends());
    value_->set({1});
    drive(io_);
    value_->set({2});
    value_.reset();
    drive(io_);
    EXPECT_THAT(seen(), testing::ElementsAre("begin 1"));
    open();
    EXPECT_THAT(seen(), testing::ElementsAre("end 1", "begin 2"));
    open();
    EXPECT_THAT(seen(), testing::ElementsAre("end 2"));
    EXPECT_FALSE(connection.is_open());
    io_.restart();
    EXPECT_EQ(io_.run(), 0U);  // no work is left, though the connection is there
}

TEST_F(WatchCoroutine, LeavesNoWorkWhenTheValueGoesWhileItIsIdle) {
    const auto connection = value_->watch(note_both_ends());
    drive(io_);
    value_.reset();
    io_.restart();
    io_.run();
    EXPECT_THAT(seen(), testing::IsEmpty());
}

TEST_F(WatchCoroutine, MayTakeTheSnapshot) {
    const auto connection = value_->watch([this](event::Snapshot<Number> snapshot) -> asio::awaitable<void> {
        co_await asio::post(asio::use_awaitable);
        seen_.push_back(std::to_string(snapshot->value));
    });
    value_->set({1});
    drive(io_);
    EXPECT_THAT(seen(), testing::ElementsAre("1"));
}

TEST_F(WatchCoroutine, LetsItsExceptionsOutOfRunAndGoesOn) {
    const auto connection = value_->watch([this](const Number& number) -> asio::awaitable<void> {
        co_await asio::post(asio::use_awaitable);
        if (number.value == 1) throw std::runtime_error("1");
        seen_.push_back(std::to_string(number.value));
    });
    value_->set({1});
    EXPECT_THROW(drive(io_), std::runtime_error);
    value_->set({2});
    drive(io_);
    EXPECT_THAT(seen(), testing::ElementsAre("2"));
}

TEST_F(WatchCoroutine, GoesWithTheContextOfTheValue) {
    auto alive = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = alive;
    auto io = std::make_unique<asio::io_context>();
    event::Value<Number> value{*io, Number{1}};
    const auto connection = value.watch([alive = std::move(alive)](const Number&) -> asio::awaitable<void> {
        asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
        co_await timer.async_wait(asio::use_awaitable);
    });
    drive(*io);
    EXPECT_FALSE(watched.expired());
    io.reset();
    EXPECT_TRUE(watched.expired());
}

TEST_F(WatchCoroutine, GoesWithTheContextOfTheValueWhileItIsIdle) {
    auto alive = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = alive;
    auto io = std::make_unique<asio::io_context>();
    event::Value<Number> value{*io};
    const auto connection =
        value.watch([alive = std::move(alive)](const Number&) -> asio::awaitable<void> { co_return; });
    drive(*io);
    io.reset();
    EXPECT_TRUE(watched.expired());
}

TEST_F(WatchCoroutine, GoesWithTheContextOfTheBus) {
    auto io = std::make_unique<asio::io_context>();
    event::EventBus bus{*io};
    auto value = bus.value<Number>();
    const auto idle = value.watch([](const Number&) -> asio::awaitable<void> { co_return; });
    const auto other = value.watch(asio::bind_executor(io_, [](const Number&) -> asio::awaitable<void> { co_return; }));
    drive(*io);
    drive(io_);
    io.reset();
    io_.restart();
    EXPECT_EQ(io_.run(), 0U);
}

TEST_F(WatchCoroutine, GoesWithItsOwnContext) {
    auto io = std::make_unique<asio::io_context>();
    const auto connection = value_->watch(asio::bind_executor(*io, [](const Number&) -> asio::awaitable<void> {
        asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
        co_await timer.async_wait(asio::use_awaitable);
    }));
    value_->set({1});
    drive(*io);
    io.reset();
    value_->set({2});
    drive(io_);
}

TEST_F(WatchHandler, ThatDrainsEndsWhenTheValueIsForgotten) {
    event::EventBus bus{io_};
    auto value = bus.value<Number>();
    auto connection = value.watch(note());
    value.set({1});
    connection.close_after_drain();
    bus.forget<Number>();
    drive(io_);
    EXPECT_THAT(seen(), testing::IsEmpty());
    EXPECT_FALSE(connection.is_open());
    value.set({2});
    drive(io_);
    EXPECT_THAT(seen(), testing::IsEmpty());
}

}  // namespace watch_handler_test
