#include "support.hpp"

#include <event/subscription.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>
#include <stdexcept>

namespace subscription_test {

using namespace support;
using namespace std::chrono_literals;

struct Pull : testing::Test {
    asio::io_context io;
    event::EventBus bus{io};
    event::Emitter<Number> emitter = bus.emitter<Number>();
    event::Subscription<Number> subscription = bus.subscribe<Number>();
};

TEST_F(Pull, TryReceiveTakesWhatIsThere) {
    EXPECT_FALSE(subscription.try_receive());
    emitter.emit({1});
    emitter.emit({2});
    auto first = subscription.try_receive();
    ASSERT_TRUE(first);
    EXPECT_EQ((*first)->value, 1);
    EXPECT_EQ((**first).value, 1);
    EXPECT_EQ(first->index(), 0U);
    EXPECT_EQ(numbers(subscription), (std::vector{2}));
}

TEST_F(Pull, ReceiveCompletesLaterNeverInside) {
    Completion<event::Delivery<Number>> ready;
    emitter.emit({1});
    subscription.async_receive(ready.handler());
    EXPECT_FALSE(ready.done());
    drive(io);
    EXPECT_EQ(ready.value()->value, 1);

    Completion<event::Delivery<Number>> waiting;
    subscription.async_receive(waiting.handler());
    drive(io);
    EXPECT_TRUE(waiting.pending());
    emitter.emit({2});
    EXPECT_FALSE(waiting.done()) << "not on the emitter's stack";
    drive(io);
    EXPECT_EQ(waiting.value()->value, 2);
}

TEST_F(Pull, ASecondReceiveIsRefusedAndTheFirstGoesOn) {
    Completion<event::Delivery<Number>> first;
    Completion<event::Delivery<Number>> second;
    Completion<bool> wait;
    subscription.async_receive(first.handler());
    subscription.async_receive(second.handler());
    subscription.async_wait(wait.handler());
    drive(io);
    EXPECT_EQ(second.error(), event::errc::concurrent_receive);
    EXPECT_EQ(wait.error(), event::errc::concurrent_receive);
    EXPECT_TRUE(first.pending());
    emitter.emit({1});
    drive(io);
    EXPECT_EQ(first.value()->value, 1);
}

TEST_F(Pull, TryReceiveBesideAPendingReceiveTakesTheEvent) {
    Completion<event::Delivery<Number>> pending;
    subscription.async_receive(pending.handler());
    emitter.emit({1});  // wakes it
    EXPECT_EQ(numbers(subscription), (std::vector{1}));
    drive(io);
    EXPECT_TRUE(pending.pending()) << "it waits on";
    emitter.emit({2});
    drive(io);
    EXPECT_EQ(pending.value()->value, 2);
}

TEST_F(Pull, WaitTakesNothing) {
    Completion<bool> wait;
    subscription.async_wait(wait.handler());
    emitter.emit({1});
    drive(io);
    EXPECT_TRUE(wait.value());
    EXPECT_EQ(numbers(subscription), (std::vector{1}));
}

TEST_F(Pull, ReceiveSomeTakesManyWithOneWait) {
    std::array<event::Delivery<Number>, 3> batch;
    Completion<std::size_t> completion;
    subscription.async_receive_some(batch, completion.handler());
    for (int i = 0; i < 5; ++i) emitter.emit({i});
    EXPECT_EQ(drive(io), 1U);
    EXPECT_EQ(completion.value(), 3U);
    EXPECT_EQ(batch[2]->value, 2);
    Completion<std::size_t> rest;
    subscription.async_receive_some(batch, rest.handler());
    drive(io);
    EXPECT_EQ(rest.value(), 2U);
    EXPECT_EQ(batch[0]->value, 3);
    EXPECT_TRUE(batch[1]);
    Completion<std::size_t> none;
    subscription.async_receive_some({}, none.handler());
    drive(io);
    EXPECT_TRUE(none.done());
    EXPECT_EQ(none.value(), 0U);
    EXPECT_FALSE(none.error());
}

TEST_F(Pull, CancelEndsThePendingReceiveAndTakesNothing) {
    Completion<event::Delivery<Number>> parked;
    subscription.async_receive(parked.handler());
    subscription.cancel();
    drive(io);
    EXPECT_EQ(parked.error(), asio::error::operation_aborted);

    Completion<event::Delivery<Number>> posted;
    emitter.emit({1});
    subscription.async_receive(posted.handler());
    subscription.cancel();
    drive(io);
    EXPECT_EQ(posted.error(), asio::error::operation_aborted);
    EXPECT_EQ(numbers(subscription), (std::vector{1}));
    subscription.cancel();  // nothing pending
    Completion<event::Delivery<Number>> after;
    subscription.async_receive(after.handler());
    drive(io);
    EXPECT_TRUE(after.pending());
}

TEST_F(Pull, CloseEndsEverythingAtOnce) {
    Completion<event::Delivery<Number>> pending;
    Completion<bool> closed;
    emitter.emit({1});
    subscription.async_receive(pending.handler());
    subscription.async_closed(closed.handler());
    EXPECT_TRUE(subscription.is_open());
    subscription.close();
    subscription.close();
    EXPECT_FALSE(subscription.is_open());
    EXPECT_EQ(bus.stat<Number>().subscribers, 0U);
    EXPECT_EQ(emitter.emit({2}).subscribers, 0U);
    drive(io);
    EXPECT_EQ(pending.error(), event::errc::closed);
    EXPECT_EQ(closed.error(), event::errc::closed);
    EXPECT_FALSE(subscription.try_receive()) << "queued events are discarded";
    Completion<bool> again;
    subscription.async_closed(again.handler());
    drive(io);
    EXPECT_EQ(again.error(), event::errc::closed);
}

TEST_F(Pull, CloseAfterDrainDeliversWhatIsQueued) {
    Completion<bool> closed;
    subscription.async_closed(closed.handler());
    emitter.emit({1});
    emitter.emit({2});
    subscription.close_after_drain();
    subscription.close_after_drain();
    EXPECT_FALSE(subscription.is_open());
    EXPECT_EQ(emitter.emit({3}).subscribers, 0U);
    drive(io);
    EXPECT_TRUE(closed.pending());
    EXPECT_EQ(numbers(subscription), (std::vector{1, 2}));
    drive(io);
    EXPECT_EQ(closed.error(), event::errc::closed) << "with the last event taken";
    Completion<event::Delivery<Number>> receive;
    subscription.async_receive(receive.handler());
    drive(io);
    EXPECT_EQ(receive.error(), event::errc::closed);
}

TEST_F(Pull, CloseAfterDrainWakesAReceiverThatWaitsForNothing) {
    Completion<event::Delivery<Number>> pending;
    subscription.async_receive(pending.handler());
    subscription.close_after_drain();
    drive(io);
    EXPECT_EQ(pending.error(), event::errc::closed);
}

TEST_F(Pull, CloseBeatsDrain) {
    emitter.emit({1});
    subscription.close_after_drain();
    subscription.close();
    EXPECT_FALSE(subscription.try_receive());
}

TEST_F(Pull, MovedFromIsClosed) {
    auto moved = std::move(subscription);
    EXPECT_TRUE(moved.is_open());
    EXPECT_FALSE(subscription.is_open());
    Completion<event::Delivery<Number>> receive;
    Completion<bool> closed;
    Completion<event::Delivery<Number>> timed;
    subscription.async_receive(receive.handler());  // NOLINT(bugprone-use-after-move)
    subscription.async_closed(closed.handler());
    subscription.async_receive_for(1h, timed.handler());
    EXPECT_FALSE(receive.done());
    drive(io);
    EXPECT_EQ(receive.error(), event::errc::closed);
    EXPECT_EQ(closed.error(), event::errc::closed);
    EXPECT_EQ(timed.error(), event::errc::closed);
    EXPECT_FALSE(subscription.try_receive());
    EXPECT_EQ(subscription.stat().capacity, 0U);
    subscription.close();
    subscription.cancel();
    subscription.close_after_drain();
    emitter.emit({1});
    EXPECT_EQ(numbers(moved), (std::vector{1}));
}

TEST_F(Pull, MovesWithAPendingReceive) {
    Completion<event::Delivery<Number>> receive;
    subscription.async_receive(receive.handler());
    auto moved = std::move(subscription);
    emitter.emit({1});
    drive(io);
    EXPECT_EQ(receive.value()->value, 1);
}

TEST_F(Pull, StatTellsWhatHappened) {
    auto small = bus.subscribe<Number, Letter>({.capacity = 2, .on_full = event::Drop{}, .name = "small"});
    for (int i = 0; i < 5; ++i) emitter.emit({i});
    ASSERT_TRUE(small.try_receive());
    const event::SubscriptionStat stat = small.stat();
    EXPECT_EQ(stat.name, "small");
    EXPECT_EQ(stat.types, (std::vector{std::string(event::name_of<Number>()), std::string(event::name_of<Letter>())}));
    EXPECT_EQ(stat.size, 1U);
    EXPECT_EQ(stat.capacity, 2U);
    EXPECT_EQ(stat.high_water, 2U);
    EXPECT_EQ(stat.delivered, 1U);
    EXPECT_EQ(stat.lost, 3U);
    EXPECT_EQ(stat.gap, 3U);
    EXPECT_EQ(stat.policy, event::Policy::drop);
}

TEST_F(Pull, HasADefaultQueueOf64) {
    for (int i = 0; i < 64; ++i) EXPECT_EQ(emitter.emit({i}).delivered, 1U);
    testing::internal::CaptureStderr();
    EXPECT_EQ(emitter.emit({64}).refused, 1U);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("subscription_test.cpp"));
}

// ---- time limits ----------------------------------------------------------------------------------------------------

TEST_F(Pull, ReceiveForEndsWhenItsTimeHasPassed) {
    Completion<event::Delivery<Number>> receive;
    subscription.async_receive_for(0s, receive.handler());
    drive(io);
    ASSERT_TRUE(receive.done());
    EXPECT_EQ(receive.error(), asio::error::timed_out);
    emitter.emit({1});
    EXPECT_EQ(numbers(subscription), (std::vector{1})) << "nothing was taken";
    Completion<event::Delivery<Number>> past;
    subscription.async_receive_for(-1h, past.handler());
    drive(io);
    EXPECT_EQ(past.error(), asio::error::timed_out);
}

TEST_F(Pull, ReceiveForPrefersAnEventThatIsThere) {
    emitter.emit({1});
    Completion<event::Delivery<Number>> receive;
    subscription.async_receive_for(0s, receive.handler());
    drive(io);
    EXPECT_FALSE(receive.error());
    EXPECT_EQ(receive.value()->value, 1);
}

TEST_F(Pull, ReceiveForWithAnUnreachableLimitJustWaits) {
    for (auto start : {0, 1, 2}) {
        Completion<event::Delivery<Number>> receive;
        if (start == 0) subscription.async_receive_for(std::chrono::hours::max(), receive.handler());
        if (start == 1) subscription.async_receive_for(std::chrono::nanoseconds::max(), receive.handler());
        if (start == 2) subscription.async_receive_for(24h, receive.handler());
        drive(io);
        EXPECT_TRUE(receive.pending());
        emitter.emit({start});
        drive(io);
        EXPECT_EQ(receive.value()->value, start);
    }
    subscription.close();
    drive(io);
    EXPECT_TRUE(io.stopped()) << "no timer is left";
}

TEST_F(Pull, ReceiveForTakesAnyDuration) {
    const auto receive_for = [&](auto limit) {
        Completion<event::Delivery<Number>> receive;
        subscription.async_receive_for(limit, receive.handler());
        drive(io);
        const bool waits = receive.pending();
        emitter.emit({1});
        drive(io);
        EXPECT_TRUE(receive.done());
        EXPECT_EQ(numbers(subscription).size(), waits ? 0U : 1U);
        return waits;
    };
    const auto no_time = [&](auto limit) { return !receive_for(limit); };
    const auto no_limit = [&](auto limit) { return receive_for(limit); };
    const auto of = [&]<class Rep>(Rep) {
        using Limit = std::numeric_limits<Rep>;
        using Seconds = std::chrono::duration<Rep>;
        using Thirds = std::chrono::duration<Rep, std::ratio<1, 3>>;
        using Ages = std::chrono::duration<Rep, std::giga>;
        EXPECT_TRUE(no_time(Seconds(Limit::lowest())));
        EXPECT_TRUE(no_time(Ages(Limit::lowest())));
        EXPECT_TRUE(no_limit(Seconds(Limit::max())));
        EXPECT_TRUE(no_limit(Ages(Limit::max())));
        EXPECT_TRUE(no_limit(Thirds(Limit::max())));
        if constexpr (Limit::has_quiet_NaN) {
            EXPECT_TRUE(no_time(Seconds(Limit::quiet_NaN())));
            EXPECT_TRUE(no_time(Seconds(-Limit::infinity())));
            EXPECT_TRUE(no_limit(Seconds(Limit::infinity())));
            EXPECT_TRUE(no_time(Seconds(Limit::denorm_min()))) << "one tick";
        }
    };
    of(float{});
    of(double{});
    of(static_cast<long double>(0));
    of(std::int64_t{});
    of(std::uint64_t{});
    using Frames = std::chrono::duration<std::int64_t, std::ratio<1, 60>>;
    EXPECT_TRUE(no_limit(Frames(std::int64_t{60} * 3600 * 24 * 365 * 200))) << "two hundred years";
    using Clock = std::chrono::steady_clock;
    EXPECT_TRUE(no_limit(Clock::time_point::max() - Clock::now()));
    EXPECT_TRUE(no_limit(Clock::time_point::max() - Clock::now() - 1s));
}

// ---- push -----------------------------------------------------------------------------------------------------------

struct Push : testing::Test {
    asio::io_context io;
    event::EventBus bus{io};
    event::Emitter<Number, Text> emitter = bus.emitter<Number, Text>();
};

TEST_F(Push, CallsTheOverloadForEachTypeInOrder) {
    std::string seen;
    struct Handler {
        std::string& seen;
        void operator()(const Number& number) const { seen += std::to_string(number.value); }
        void operator()(const Text& text, const event::Meta& meta) const {
            seen += text.value + "@" + std::to_string(meta.sequence);
        }
    };
    auto subscription = bus.subscribe<Number, Text>({}, Handler{seen});
    emitter.emit(Number{1});
    emitter.emit(Text{"a"});
    emitter.emit(Number{2});
    EXPECT_EQ(seen, "") << "never on the emitter's stack";
    drive(io);
    EXPECT_EQ(seen, "1a@22");
}

TEST_F(Push, TellsWhatWasMissedAndReplayed) {
    auto retaining = bus.emitter<Letter>({.retain = true});
    retaining.emit({'a'});
    std::vector<event::Meta> metas;
    auto subscription = bus.subscribe<Letter>({.capacity = 1, .on_full = event::Drop{}},
                                              [&](const Letter&, const event::Meta& meta) { metas.push_back(meta); });
    retaining.emit({'b'});
    retaining.emit({'c'});
    retaining.emit({'d'});
    drive(io);
    retaining.emit({'e'});
    drive(io);
    ASSERT_EQ(metas.size(), 3U);
    EXPECT_TRUE(metas[0].replayed);
    EXPECT_FALSE(metas[1].replayed);
    EXPECT_EQ(metas[2].missed, 2U);
}

TEST_F(Push, WakesOncePerEmptyToNonEmpty) {
    int calls = 0;
    auto subscription = bus.subscribe<Number>({}, [&](const Number&) { ++calls; });
    for (int i = 0; i < 50; ++i) emitter.emit(Number{i});
    EXPECT_EQ(drive(io), 1U);
    EXPECT_EQ(calls, 50);
}

TEST_F(Push, GivesOthersATurnBetweenBatches) {
    std::vector<std::string> order;
    auto subscription = bus.subscribe<Number>({.capacity = 1000}, [&](const Number& n) {
        if (n.value % 100 == 0) order.push_back(std::to_string(n.value));
    });
    for (int i = 0; i < 200; ++i) emitter.emit(Number{i});
    asio::post(io, [&] { order.push_back("other"); });
    drive(io);
    EXPECT_EQ(order, (std::vector<std::string>{"0", "other", "100"}));
}

TEST_F(Push, AHandlerMayDoAnything) {
    std::optional<event::Subscription<Number>> subscription;
    std::vector<int> seen;
    int others = 0;
    std::optional<event::Subscription<Number>> made_inside;
    subscription.emplace(bus.subscribe<Number>({}, [&](const Number& number) {
        seen.push_back(number.value);
        if (number.value == 1) {
            emitter.emit(Number{2});
            made_inside.emplace(bus.subscribe<Number>({}, [&](const Number&) { ++others; }));
        }
        if (number.value == 2) subscription.reset();
    }));
    emitter.emit(Number{1});
    emitter.emit(Number{5});
    drive(io);
    EXPECT_EQ(seen, (std::vector{1, 5, 2}));
    emitter.emit(Number{3});
    drive(io);
    EXPECT_EQ(seen.size(), 3U);
    EXPECT_EQ(others, 1);
}

TEST_F(Push, AHandlerMayEmptyItsQueueToStartAgain) {
    std::optional<event::Subscription<Number>> subscription;
    std::vector<int> seen;
    int episodes = 0;
    subscription.emplace(bus.subscribe<Number>(
        {.capacity = 2, .on_full = event::Notify{[&](const event::SlowSubscriber&) { ++episodes; }}},
        [&](const Number& number) {
            seen.push_back(number.value);
            if (number.value != 1) return;
            while (subscription->try_receive()) {
            }
            for (int i : {4, 5, 6}) emitter.emit<Number>({i});
        }));
    for (int i : {1, 2, 3}) emitter.emit<Number>({i});
    EXPECT_EQ(episodes, 1);
    drive(io);
    EXPECT_EQ(seen, (std::vector{1, 4, 5}));
    EXPECT_EQ(episodes, 2) << "an empty queue ends the episode: the next loss is told again";
}

TEST_F(Push, NoHandlerStartsAfterCloseReturned) {
    int calls = 0;
    std::optional<event::Subscription<Number>> subscription;
    subscription.emplace(bus.subscribe<Number>({}, [&](const Number&) {
        ++calls;
        subscription->close();
    }));
    emitter.emit(Number{1});
    emitter.emit(Number{2});
    drive(io);
    EXPECT_EQ(calls, 1);
    EXPECT_TRUE(io.stopped()) << "nothing is left of it";
}

TEST_F(Push, AnExceptionComesOutOfRunAndNothingIsLost) {
    std::vector<int> seen;
    auto subscription = bus.subscribe<Number>({}, [&](const Number& number) {
        seen.push_back(number.value);
        if (number.value == 2) throw std::runtime_error("trouble");
    });
    for (int i = 1; i <= 4; ++i) emitter.emit(Number{i});
    EXPECT_THROW(drive(io), std::runtime_error);
    drive(io);
    emitter.emit(Number{5});
    drive(io);
    EXPECT_EQ(seen, (std::vector{1, 2, 3, 4, 5}));
}

TEST_F(Push, RunsOnTheStrandThatIsBoundToIt) {
    auto strand = asio::make_strand(io);
    int calls = 0;
    auto subscription = bus.subscribe<Number>({}, asio::bind_executor(strand, [&](const Number&) {
                                                  EXPECT_TRUE(strand.running_in_this_thread());
                                                  ++calls;
                                              }));
    EXPECT_EQ(subscription.get_executor(), asio::any_io_executor(strand));
    emitter.emit(Number{1});
    drive(io);
    EXPECT_EQ(calls, 1);
}

TEST_F(Push, RunsOnAnotherContext) {
    asio::io_context other;
    int calls = 0;
    auto subscription = bus.subscribe<Number>({}, asio::bind_executor(other, [&](const Number&) { ++calls; }));
    emitter.emit(Number{1});
    drive(io);
    EXPECT_EQ(calls, 0);
    drive(other);
    EXPECT_EQ(calls, 1);
}

TEST_F(Push, ACancellationClosesIt) {
    asio::cancellation_signal signal;
    int calls = 0;
    auto subscription =
        bus.subscribe<Number>({}, asio::bind_cancellation_slot(signal.slot(), [&](const Number&) { ++calls; }));
    emitter.emit(Number{1});
    signal.emit(asio::cancellation_type::terminal);
    drive(io);
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(bus.stat<Number>().subscribers, 0U);
}

TEST_F(Push, HasAReceivePendingAlways) {
    int calls = 0;
    auto subscription = bus.subscribe<Number>({}, [&](const Number&) { ++calls; });
    Completion<event::Delivery<Number>> second;
    subscription.async_receive(second.handler());
    subscription.cancel();  // does nothing to it
    drive(io);
    EXPECT_EQ(second.error(), event::errc::concurrent_receive);
    emitter.emit(Number{1});
    drive(io);
    EXPECT_EQ(calls, 1);
}

TEST_F(Push, DrainsBeforeItEnds) {
    int calls = 0;
    auto subscription = bus.subscribe<Number>({}, [&](const Number&) { ++calls; });
    Completion<bool> closed;
    subscription.async_closed(closed.handler());
    emitter.emit(Number{1});
    emitter.emit(Number{2});
    subscription.close_after_drain();
    drive(io);
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(closed.error(), event::errc::closed);
    EXPECT_TRUE(io.stopped());
}

TEST_F(Push, CarriesAHandlerThatCanOnlyBeMoved) {
    auto count = std::make_unique<int>(0);
    int* seen = count.get();
    auto subscription = bus.subscribe<Number>({}, [owned = std::move(count)](const Number&) { ++*owned; });
    emitter.emit(Number{1});
    drive(io);
    EXPECT_EQ(*seen, 1);
}

}  // namespace subscription_test
