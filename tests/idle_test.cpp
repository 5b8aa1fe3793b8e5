#include "support.hpp"

#include <event/testing.hpp>

#include <atomic>
#include <chrono>
#include <latch>
#include <thread>
#include <vector>

/// Waiting for all of a bus: until it is idle, drained, or over.

namespace idle_test {

using namespace support;
using namespace std::chrono_literals;
using Done = Completion<bool>;

struct First : Number {};
struct Second : Number {};

class Idle : public testing::Test {
protected:
    asio::io_context io_;
    asio::io_context elsewhere_;
    event::EventBus bus_{io_};
    event::Emitter<Number> emitter_ = bus_.emitter<Number>();
    Done idle_;

    [[nodiscard]] bool is_idle() {
        Done idle;
        bus_.async_idle(idle.handler());
        drive(io_);
        return idle.done() && !idle.error();
    }
};

TEST_F(Idle, IsABusWithNothingInIt) {
    EXPECT_TRUE(is_idle());
    auto subscription = bus_.subscribe<Number>();
    EXPECT_TRUE(is_idle());
}

TEST_F(Idle, CompletesNotInsideTheFunctionThatBegins) {
    bus_.async_idle(idle_.handler());
    EXPECT_TRUE(idle_.pending());
    drive(io_);
    EXPECT_TRUE(idle_.done());
}

class IdlePolicies : public Idle, public testing::WithParamInterface<event::Backpressure> {};
INSTANTIATE_TEST_SUITE_P(Idle, IdlePolicies,
                         testing::Values(event::Notify{}, event::DropOldest{}, event::Latest{}, event::Wait{}));

TEST_P(IdlePolicies, OnceThePulledQueueIsEmpty) {
    auto subscription = bus_.subscribe<Number>({.on_full = GetParam()});
    emitter_.emit({1});
    bus_.async_idle(idle_.handler());
    drive(io_);
    EXPECT_TRUE(idle_.pending());
    EXPECT_TRUE(subscription.try_receive());
    drive(io_);
    EXPECT_TRUE(idle_.done());
    EXPECT_FALSE(idle_.error());
    EXPECT_TRUE(is_idle());
    emitter_.emit({2});
    EXPECT_FALSE(is_idle());
}

TEST_P(IdlePolicies, OnceTheHandlersQueueIsEmpty) {
    const auto subscription =
        bus_.subscribe<Number>({.on_full = GetParam()}, asio::bind_executor(elsewhere_, [](const Number&) {}));
    emitter_.emit({1});
    bus_.async_idle(idle_.handler());
    drive(io_);
    EXPECT_TRUE(idle_.pending());
    drive(elsewhere_);
    drive(io_);
    EXPECT_TRUE(idle_.done());
}

TEST_P(IdlePolicies, OnceTheSubscriptionGoes) {
    auto subscription = std::make_optional(bus_.subscribe<Number>({.on_full = GetParam()}));
    emitter_.emit({1});
    bus_.async_idle(idle_.handler());
    drive(io_);
    EXPECT_TRUE(idle_.pending());
    subscription.reset();
    drive(io_);
    EXPECT_TRUE(idle_.done());
}

TEST_F(Idle, IsNotWhereAHandlerRuns) {
    std::vector<bool> seen;
    const auto subscription = bus_.subscribe<Number>([&](const Number&) {
        bus_.async_idle(idle_.handler());
        io_.poll();
        seen.push_back(idle_.done());
    });
    emitter_.emit({1});
    drive(io_);
    EXPECT_THAT(seen, testing::ElementsAre(false));
    EXPECT_TRUE(idle_.done());
}

TEST_F(Idle, IsNotWhereACoroutineHandlerWaits) {
    asio::steady_timer gate(io_, asio::steady_timer::time_point::max());
    const auto subscription = bus_.subscribe<Number>(
        [&](const Number&) -> asio::awaitable<void> { co_await gate.async_wait(asio::as_tuple(asio::use_awaitable)); });
    emitter_.emit({1});
    bus_.async_idle(idle_.handler());
    drive(io_);
    EXPECT_TRUE(idle_.pending());
    gate.cancel();
    drive(io_);
    EXPECT_TRUE(idle_.done());
}

TEST_F(Idle, IsNotWhileStagesFeedEachOther) {
    const auto first = bus_.emitter<First>();
    const auto second = bus_.emitter<Second>();
    int stored = 0;
    const auto one = bus_.subscribe<Number>(
        asio::bind_executor(elsewhere_, [&](const Number& number) { first.emit(First{{number.value}}); }));
    const auto two = bus_.subscribe<First>([&](const First& number) { second.emit(Second{{number.value}}); });
    const auto three = bus_.subscribe<Second>(asio::bind_executor(elsewhere_, [&](const Second&) { ++stored; }));
    for (int i = 0; i < 10; ++i) emitter_.emit({i});
    bus_.async_idle(idle_.handler());
    for (int turn = 0; turn < 10 && idle_.pending(); ++turn) {
        drive(io_);
        EXPECT_TRUE(idle_.pending() || stored == 10);
        drive(elsewhere_);
    }
    drive(io_);
    EXPECT_TRUE(idle_.done());
    EXPECT_EQ(stored, 10);
}

TEST_F(Idle, IsNotWhileAnEmitWaitsForRoom) {
    auto subscription = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    emitter_.emit({1});
    Completion<event::EmitResult> emitted;
    emitter_.async_emit({2}, asio::bind_executor(elsewhere_, emitted.handler()));
    bus_.async_idle(idle_.handler());
    drive(io_);
    EXPECT_TRUE(subscription.try_receive());  // a turn is offered
    drive(io_);
    EXPECT_TRUE(idle_.pending());
    drive(elsewhere_);
    drive(io_);
    EXPECT_TRUE(idle_.pending());
    EXPECT_TRUE(subscription.try_receive());
    drive(io_);
    EXPECT_TRUE(idle_.done());
}

TEST_F(Idle, IsOnceAnEmitThatWaitedIsCancelled) {
    auto subscription = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    emitter_.emit({1});
    asio::cancellation_signal signal;
    Completion<event::EmitResult> emitted;
    emitter_.async_emit(
        {2}, asio::bind_executor(elsewhere_, asio::bind_cancellation_slot(signal.slot(), emitted.handler())));
    EXPECT_TRUE(subscription.try_receive());
    bus_.async_idle(idle_.handler());
    drive(io_);
    EXPECT_TRUE(idle_.pending());
    signal.emit(asio::cancellation_type::terminal);
    drive(elsewhere_);
    drive(io_);
    EXPECT_TRUE(idle_.done());
}

TEST_F(Idle, IsNotWhileAnEmitHasBeenLetGoByAQueueThatCloses) {
    auto heard = bus_.subscribe<Number>();
    auto waited_for = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    emitter_.emit({1});
    EXPECT_TRUE(heard.try_receive());
    emitter_.async_emit({2}, asio::detached);
    bool is_heard_first = false;
    bus_.async_idle([&](error_code) { is_heard_first = heard.stat().size == 0 && heard.stat().delivered == 2; });
    drive(io_);
    waited_for.close();
    drive(io_);
    EXPECT_TRUE(heard.try_receive());
    drive(io_);
    EXPECT_TRUE(is_heard_first);
}

TEST_F(Idle, IsWaitedForOnAfterAFilterHasRunTheContext) {
    auto subscription = bus_.subscribe<Number>(event::where([&](const Number&) {
        try {
            io_.poll();
        } catch (const boost::system::system_error&) {  // what may not be looked at here
        }
        return true;
    }));
    bus_.async_idle(idle_.handler());
    emitter_.emit({1});
    EXPECT_TRUE(idle_.pending());
    EXPECT_TRUE(subscription.try_receive());
    drive(io_);
    EXPECT_TRUE(idle_.done());
}

TEST_F(Idle, IsOnceWhatIsMergedLeavesNothing) {
    auto subscription = bus_.subscribe<Number>(
        event::latest_by([](const Number&) { return 0; },
                         [](const Number&, const Number&) -> std::optional<Number> { return std::nullopt; }));
    emitter_.emit({1});
    bus_.async_idle(idle_.handler());
    drive(io_);
    EXPECT_TRUE(idle_.pending());
    emitter_.emit({2});
    drive(io_);
    EXPECT_TRUE(idle_.done());
}

TEST_F(Idle, IsWaitedForByAnyNumber) {
    auto subscription = bus_.subscribe<Number>();
    emitter_.emit({1});
    std::vector<Done> all(5);
    for (Done& one : all) bus_.async_idle(one.handler());
    drive(io_);
    EXPECT_TRUE(subscription.try_receive());
    drive(io_);
    for (const Done& one : all) EXPECT_TRUE(one.done());
}

TEST_F(Idle, IsWaitedForNoLongerThanALimit) {
    event::testing::ManualClock clock(io_);
    auto subscription = bus_.subscribe<Number>();
    emitter_.emit({1});
    bus_.async_idle_for(1s, idle_.handler());
    drive(io_);
    clock.advance(1s);
    drive(io_);
    EXPECT_EQ(idle_.error(), asio::error::timed_out);
}

TEST_F(Idle, IsNotWaitedForAfterACancellation) {
    auto subscription = bus_.subscribe<Number>();
    emitter_.emit({1});
    asio::cancellation_signal signal;
    bus_.async_idle(asio::bind_cancellation_slot(signal.slot(), idle_.handler()));
    drive(io_);
    signal.emit(asio::cancellation_type::terminal);
    drive(io_);
    EXPECT_EQ(idle_.error(), asio::error::operation_aborted);
}

TEST(IdleEnds, WithItsContext) {
    auto io = std::make_unique<asio::io_context>();
    event::EventBus bus{*io};
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>();
    emitter.emit({1});
    Done before;
    bus.async_idle(before.handler());
    drive(*io);
    io.reset();
    EXPECT_TRUE(before.destroyed());
    Done after;
    bus.async_idle(after.handler());
    EXPECT_TRUE(ended(after));
}

TEST_F(Idle, IsDrainedAndClosed) {
    int handled = 0;
    const auto subscription =
        bus_.subscribe<Number>(asio::bind_executor(elsewhere_, [&](const Number&) { ++handled; }));
    for (int i = 0; i < 100; ++i) emitter_.emit({i});
    bus_.async_drain(1h, idle_.handler());
    drive(io_);
    EXPECT_TRUE(emitter_.is_open());
    drive(elsewhere_);
    drive(io_);
    EXPECT_FALSE(idle_.error());
    EXPECT_FALSE(emitter_.is_open());
    EXPECT_EQ(handled, 64);  // the queue's capacity
}

TEST_F(Idle, IsClosedWhereTheLimitOfItsDrainingPasses) {
    event::testing::ManualClock clock(io_);
    auto subscription = bus_.subscribe<Number>();
    emitter_.emit({1});
    bus_.async_drain(1s, idle_.handler());
    drive(io_);
    clock.advance(1s);
    drive(io_);
    EXPECT_EQ(idle_.error(), asio::error::timed_out);
    EXPECT_FALSE(emitter_.is_open());
}

TEST_F(Idle, IsNotClosedWhereItsDrainingIsCancelled) {
    auto subscription = bus_.subscribe<Number>();
    emitter_.emit({1});
    asio::cancellation_signal signal;
    bus_.async_drain(1h, asio::bind_cancellation_slot(signal.slot(), idle_.handler()));
    drive(io_);
    signal.emit(asio::cancellation_type::terminal);
    drive(io_);
    EXPECT_EQ(idle_.error(), asio::error::operation_aborted);
    EXPECT_TRUE(emitter_.is_open());
}

TEST_F(Idle, IsOverWhenAllHasEnded) {
    Done over;
    auto pulled = bus_.subscribe<Number>();
    const auto pushed = bus_.subscribe<Number>(asio::bind_executor(elsewhere_, [](const Number&) {}));
    emitter_.emit({1});
    bus_.async_closed(over.handler());
    drive(io_);
    EXPECT_TRUE(over.pending());
    bus_.close();
    drive(io_);
    EXPECT_TRUE(over.pending());
    drive(elsewhere_);
    drive(io_);
    EXPECT_TRUE(over.pending());
    EXPECT_TRUE(pulled.try_receive());
    drive(io_);
    EXPECT_TRUE(over.done());
    EXPECT_FALSE(over.error());
}

TEST_F(Idle, IsOverAtOnceWhereThereIsNobody) {
    Done over;
    bus_.async_closed(over.handler());
    drive(io_);
    EXPECT_TRUE(over.pending());
    bus_.close();
    drive(io_);
    EXPECT_TRUE(over.done());
}

TEST(IdleThreads, AHandlerOfAClosedSubscriptionIsWaitedFor) {
    asio::io_context io;
    asio::io_context other;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    std::latch begun(1);
    std::latch let_on(1);
    auto subscription = std::make_optional(bus.subscribe<Number>(asio::bind_executor(other, [&](const Number&) {
        begun.count_down();
        let_on.wait();
    })));
    emitter.emit({1});
    Done idle;
    Done over;
    {
        std::jthread runner([&] { other.run(); });
        begun.wait();
        subscription.reset();
        bus.close();
        bus.async_idle(idle.handler());
        bus.async_closed(over.handler());
        drive(io);
        EXPECT_TRUE(idle.pending());
        EXPECT_TRUE(over.pending());
        let_on.count_down();
    }
    drive(io);
    EXPECT_TRUE(idle.done());
    EXPECT_TRUE(over.done());
}

TEST(IdleThreads, NothingIsLostInAPipelineThatIsDrained) {
    for (int round = 0; round < 100; ++round) {
        asio::thread_pool pool(2);
        event::EventBus bus{pool};
        const auto numbers = bus.emitter<Number>();
        const auto first = bus.emitter<First>();
        const auto second = bus.emitter<Second>();
        std::atomic<int> stored = 0;
        const auto one =
            bus.subscribe<Number>({.capacity = 1000}, [&](const Number& number) { first.emit(First{{number.value}}); });
        const auto two =
            bus.subscribe<First>({.capacity = 1000}, [&](const First& number) { second.emit(Second{{number.value}}); });
        const auto three = bus.subscribe<Second>({.capacity = 1000}, [&](const Second&) { ++stored; });
        for (int i = 0; i < 100; ++i) numbers.emit({i});
        bus.async_drain(1h, asio::use_future).get();
        EXPECT_EQ(stored, 100);
        bus.async_closed(asio::use_future).get();
        pool.join();
    }
}

TEST(IdleThreads, IsFoundBesideWhoTakesTheLastEvent) {
    for (int round = 0; round < 2000; ++round) {
        asio::io_context io;
        event::EventBus bus{io};
        auto emitter = bus.emitter<Number>();
        auto subscription = bus.subscribe<Number>();
        emitter.emit({1});
        Done idle;
        std::latch both(2);
        {
            std::jthread taker([&] {
                both.arrive_and_wait();
                static_cast<void>(subscription.try_receive());
            });
            bus.async_idle(idle.handler());
            both.arrive_and_wait();
            drive(io);
        }
        drive(io);
        ASSERT_TRUE(idle.done()) << "round " << round;
    }
}

}  // namespace idle_test
