#include "support.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

/// `Wait{.limit}`: an emit goes on without a subscription that it has waited for long enough. (A reliable writer of DDS
/// gives up after `max_blocking_time`, for all of its readers; here each has a time of its own, and only who uses it up
/// loses the event.)

namespace patience_test {

using namespace support;
using namespace std::chrono_literals;

struct Other {
    int value = 0;
};

class PatienceOfAnEmit : public testing::Test {
protected:
    using Emitted = Completion<event::EmitResult>;
    using Numbers = event::Subscription<Number>;

    [[nodiscard]] Numbers subscribe(std::chrono::nanoseconds limit, std::size_t capacity = 1) {
        return bus_.subscribe<Number>({.capacity = capacity, .on_full = event::Wait{.limit = limit}});
    }
    void emit(int value, const Emitted& emitted) { emitter_.async_emit(Number{value}, emitted.handler()); }
    void pass(std::chrono::steady_clock::duration time) {
        clock_.advance(time);
        drive(io_);
    }

    asio::io_context io_;
    event::testing::ManualClock clock_{io_};
    int told_ = 0;
    event::EventBus bus_{io_, {.on_slow_subscriber = [this](const auto&) { ++told_; }}};
    event::Emitter<Number> emitter_ = bus_.emitter<Number>();
};

TEST_F(PatienceOfAnEmit, EndsWithTheLimitAndTheLossIsCountedThereAsByNotify) {
    auto patient = subscribe(0ns, 8);
    auto slow = subscribe(100ms);
    Emitted first, second;
    emit(1, first);
    emit(2, second);
    drive(io_);
    EXPECT_TRUE(first.done());
    pass(99ms);
    EXPECT_TRUE(second.pending());
    pass(1ms);
    EXPECT_EQ(second.value().delivered, 1U);
    EXPECT_EQ(second.value().refused, 1U);
    EXPECT_EQ(slow.stat().lost, 1U);
    EXPECT_EQ(told_, 1);
    EXPECT_THAT(numbers(patient), testing::ElementsAre(1, 2));
    EXPECT_THAT(numbers(slow), testing::ElementsAre(1));
    emitter_.emit({3});
    EXPECT_EQ(slow.try_receive()->missed(), 1U);
}

TEST_F(PatienceOfAnEmit, IsNotNeededWhereThereIsRoomInTime) {
    auto slow = subscribe(100ms);
    Emitted first, second;
    emit(1, first);
    emit(2, second);
    pass(99ms);
    EXPECT_EQ(slow.try_receive()->get().value, 1);
    drive(io_);
    EXPECT_EQ(second.value().delivered, 1U);
    pass(1h);
    EXPECT_EQ(slow.try_receive()->get().value, 2);
    EXPECT_EQ(slow.stat().lost, 0U);
}

TEST_F(PatienceOfAnEmit, OfEachSubscriptionIsItsOwn) {
    auto short_one = subscribe(10ms);
    auto long_one = subscribe(50ms);
    auto endless = subscribe(0ns);
    Emitted first, second;
    emit(1, first);
    emit(2, second);
    pass(50ms);
    EXPECT_TRUE(second.pending()) << "one of them is waited for for ever";
    EXPECT_EQ(long_one.try_receive()->get().value, 1);  // late, and in time for the one that is still waited for
    drive(io_);
    EXPECT_TRUE(second.pending());
    EXPECT_EQ(endless.try_receive()->get().value, 1);
    drive(io_);
    EXPECT_EQ(second.value().delivered, 2U) << "there was room again when it was emitted";
    EXPECT_EQ(second.value().refused, 1U);
    EXPECT_EQ(short_one.stat().lost, 1U);
    EXPECT_EQ(long_one.stat().lost, 0U);
}

TEST_F(PatienceOfAnEmit, WithTheNextOneGoesOnWhenThatWithAnotherIsOver) {
    auto short_one = subscribe(10ms);
    auto long_one = subscribe(50ms);
    Emitted first, second;
    emit(1, first);
    emit(2, second);
    pass(10ms);
    EXPECT_TRUE(second.pending());
    pass(39ms);
    EXPECT_TRUE(second.pending());
    pass(1ms);
    EXPECT_EQ(second.value().refused, 2U);
}

TEST_F(PatienceOfAnEmit, IsCountedFromWhenTheEmitBeganToWaitForThatOne) {
    auto endless = subscribe(0ns);
    Emitted first, second;
    emit(1, first);
    emit(2, second);
    pass(90ms);
    auto late = subscribe(100ms);  // comes when the emit has waited already
    emitter_.emit({9});            // and is full at once
    EXPECT_EQ(late.stat().size, 1U);
    EXPECT_EQ(endless.try_receive()->get().value, 1);
    drive(io_);
    EXPECT_TRUE(second.pending()) << "it waits for the late one now";
    pass(99ms);
    EXPECT_TRUE(second.pending());
    pass(1ms);
    EXPECT_EQ(second.value().refused, 1U);
    EXPECT_EQ(late.stat().lost, 1U);
}

TEST_F(PatienceOfAnEmit, IsThatOfEachEmitInTheLine) {
    auto slow = subscribe(100ms);
    Emitted first, second, third;
    emit(1, first);
    emit(2, second);
    pass(60ms);
    emit(3, third);
    pass(40ms);
    EXPECT_TRUE(second.done());
    EXPECT_TRUE(third.pending());
    pass(59ms);
    EXPECT_TRUE(third.pending());
    pass(1ms);
    EXPECT_EQ(third.value().refused, 1U);
    EXPECT_EQ(slow.stat().lost, 2U);
}

TEST_F(PatienceOfAnEmit, ThatIsOverTakesNoRoomThatIsPromisedToWhoCameBefore) {
    const event::Emitter<Other> others = bus_.emitter<Other>();
    auto both = bus_.subscribe<Number, Other>({.capacity = 1, .on_full = event::Wait{.limit = 30ms}});
    auto only_others = bus_.subscribe<Other>({.capacity = 1, .on_full = event::Wait{}});
    auto only_numbers = subscribe(0ns);
    Emitted first, early, late;
    others.async_emit(Other{1}, first.handler());
    EXPECT_TRUE(both.try_receive());
    emitter_.emit({1});
    others.async_emit(Other{2}, early.handler());
    emit(2, late);
    drive(io_);
    EXPECT_TRUE(both.try_receive());  // there is room for the early one, which waits for `only_others`
    pass(30ms);
    EXPECT_TRUE(only_numbers.try_receive());
    drive(io_);
    EXPECT_EQ(late.value().delivered, 1U);
    EXPECT_EQ(late.value().refused, 1U);
    EXPECT_TRUE(early.pending());
    EXPECT_TRUE(only_others.try_receive());
    drive(io_);
    EXPECT_EQ(early.value().delivered, 2U);
}

TEST_F(PatienceOfAnEmit, ThatIsOverTakesRoomThatIsThereForAllWhoCameBefore) {
    const event::Emitter<Other> others = bus_.emitter<Other>();
    auto both = bus_.subscribe<Number, Other>({.capacity = 8, .on_full = event::Wait{.limit = 30ms}});
    auto only_numbers = subscribe(0ns);
    Emitted first, early, late;
    emit(0, first);
    for (int i = 0; i < 7; ++i) others.emit({i});
    emit(1, early);  // waits for `only_numbers` as well, and is the first in the line of `both`
    others.async_emit(Other{7}, late.handler());
    drive(io_);
    for (int i = 0; i < 7; ++i) EXPECT_TRUE(both.try_receive());
    pass(30ms);
    EXPECT_EQ(late.value().delivered, 1U) << "of seven places one is promised";
    EXPECT_TRUE(only_numbers.try_receive());
    drive(io_);
    EXPECT_EQ(early.value().delivered, 2U);
}

/// Whose turn is passed on because it has not run has stood there all the same.
TEST_F(PatienceOfAnEmit, GoesOnForWhoWasOverlooked) {
    auto endless = subscribe(0ns);
    auto limited = subscribe(100ms);
    Emitted first, second;
    emit(0, first);
    emit(1, second);
    pass(100ms);
    EXPECT_TRUE(endless.try_receive());
    for (int looks = 2; looks > 0; --looks) EXPECT_FALSE(endless.try_receive());  // before it has run
    drive(io_);
    EXPECT_EQ(second.value().delivered, 1U);
    EXPECT_EQ(second.value().refused, 1U);
}

TEST_F(PatienceOfAnEmit, IsOverForAllWhoWaitAndTheOrderIsTheirs) {
    auto all = bus_.subscribe<Number>({.capacity = 16, .on_full = event::Wait{}});
    auto slow = subscribe(5ms);
    std::vector<Emitted> emitted(6);
    for (int i = 0; i < 6; ++i) emit(i, emitted[static_cast<std::size_t>(i)]);
    pass(5ms);
    for (const Emitted& one : emitted) EXPECT_TRUE(one.done());
    EXPECT_THAT(numbers(all), testing::ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_EQ(slow.stat().lost, 5U);
}

TEST_F(PatienceOfAnEmit, IsOnlyWithThoseWhoWantTheEvent) {
    auto endless = subscribe(0ns, 1);
    auto filtered = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Wait{.limit = 10ms}},
                                           event::where([](const Number& number) { return number.value > 10; }));
    Emitted first, second, third;
    emit(11, first);
    emit(2, second);
    emit(12, third);
    pass(10ms);
    EXPECT_TRUE(second.pending());
    EXPECT_EQ(take_all(endless).size(), 1U);
    drive(io_);
    EXPECT_EQ(second.value().delivered, 1U);
    EXPECT_EQ(second.value().rejected, 1U);
    EXPECT_EQ(take_all(endless).size(), 1U);
    drive(io_);
    EXPECT_EQ(third.value().refused, 1U);
    EXPECT_EQ(filtered.stat().lost, 1U);
}

TEST_F(PatienceOfAnEmit, CanBeCancelledMeanwhile) {
    auto slow = subscribe(10ms);
    Emitted first, second, third;
    emit(1, first);
    asio::cancellation_signal signal;
    emitter_.async_emit(Number{2}, asio::bind_cancellation_slot(signal.slot(), second.handler()));
    emit(3, third);
    pass(5ms);
    signal.emit(asio::cancellation_type::terminal);
    drive(io_);
    EXPECT_EQ(second.error(), asio::error::operation_aborted);
    EXPECT_TRUE(slow.try_receive());
    drive(io_);
    EXPECT_EQ(third.value().delivered, 1U);
    pass(1h);
}

TEST_F(PatienceOfAnEmit, EndsWithTheSubscriptionAndWithTheEmitter) {
    auto slow = subscribe(10ms);
    Emitted first, second, third;
    emit(1, first);
    emit(2, second);
    pass(5ms);
    slow.close();
    drive(io_);
    EXPECT_EQ(second.value().subscribers, 0U);
    auto next = subscribe(10ms);
    emitter_.emit({9});
    emit(3, third);
    drive(io_);
    emitter_ = {};
    pass(10ms);
    EXPECT_EQ(third.error(), event::errc::closed);
    EXPECT_EQ(next.stat().lost, 0U);
}

TEST_F(PatienceOfAnEmit, WithoutALimitNeverEnds) {
    auto endless = subscribe(0ns);
    auto negative = subscribe(-1s);
    Emitted first, second;
    emit(1, first);
    emit(2, second);
    pass(24h * 365);
    EXPECT_TRUE(second.pending());
}

TEST_F(PatienceOfAnEmit, OfAYearIsNoOverflow) {
    auto slow = subscribe(std::chrono::nanoseconds::max());
    Emitted first, second;
    emit(1, first);
    emit(2, second);
    pass(24h * 365);
    EXPECT_TRUE(second.pending());
    EXPECT_TRUE(slow.try_receive());
    drive(io_);
    EXPECT_TRUE(second.done());
}

/// The subscription whose receiver has found nothing is passed by, and its time begins anew when it is full again.
TEST_F(PatienceOfAnEmit, DoesNotRunWhereTheQueueIsWaitedFor) {
    auto limited = subscribe(10ms);
    auto endless = subscribe(0ns);
    Emitted first, second;
    emit(1, first);
    drive(io_);
    EXPECT_TRUE(limited.try_receive());
    Completion<event::Delivery<Number>> received;
    limited.async_receive(received.handler());
    emit(2, second);  // waits for `endless` alone: who receives from `limited` has found it empty
    pass(1h);
    EXPECT_TRUE(second.pending());
    emitter_.emit({7});  // which `limited` gets, and nobody else has room for
    drive(io_);
    EXPECT_EQ(received.value()->value, 7);
    emitter_.emit({8});
    EXPECT_TRUE(endless.try_receive());
    drive(io_);
    EXPECT_TRUE(second.pending()) << "its time for `limited` has just begun";
    pass(10ms);
    EXPECT_EQ(second.value().delivered, 1U);
    EXPECT_EQ(limited.stat().lost, 1U);
}

TEST_F(PatienceOfAnEmit, OfACoroutine) {
    auto slow = subscribe(10ms);
    std::optional<event::EmitResult> last;
    const auto produce = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i) last = co_await emitter_.async_emplace(asio::use_awaitable, i);
    };
    asio::co_spawn(io_, produce(), asio::detached);
    drive(io_);
    EXPECT_EQ(last->delivered, 1U);
    pass(10ms);
    EXPECT_EQ(last->refused, 1U);
    EXPECT_TRUE(slow.try_receive());
    pass(10ms);
    EXPECT_EQ(slow.stat().lost, 1U);
}

}  // namespace patience_test
