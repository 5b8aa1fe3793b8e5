/// Who of several receivers of one queue gets an event.

#include "sharing.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace sharing_test {

using testing::ElementsAre;

class TheOrderOfReceivers : public ASharedQueue {};

INSTANTIATE_TEST_SUITE_P(Ring, TheOrderOfReceivers, testing::Values(event::Drop{}));
INSTANTIATE_TEST_SUITE_P(LinkedSlots, TheOrderOfReceivers, testing::Values(event::Wait{}, event::DropOldest{}));

TEST_P(TheOrderOfReceivers, GivesEachEventToTheOneWhoHasWaitedLongest) {
    for (const std::size_t i : {1U, 0U, 2U}) workers_[i].receive();
    for (int i = 0; i < 3; ++i) emit(i);
    drive(io_);
    EXPECT_THAT(log_, ElementsAre("b 0", "a 1", "c 2"));
    emit(3);
    workers_[2].receive();
    workers_[0].receive();
    drive(io_);
    emit(4);
    drive(io_);
    EXPECT_THAT(log_, ElementsAre("b 0", "a 1", "c 2", "c 3", "a 4"));
}

TEST_P(TheOrderOfReceivers, IsKeptByOneWhoWasWokenAndCameTooLate) {
    workers_[0].handle().async_wait([&](error_code) {  // who sees it first is the next to be woken, and comes too late
        log_.push_back(fmt::format("a {}", workers_[0].handle().try_receive().value()->value));
    });
    workers_[1].receive();
    workers_[2].receive();
    emit(1);
    drive(io_);
    EXPECT_THAT(log_, ElementsAre("a 1"));
    emit(2);
    emit(3);
    drive(io_);
    EXPECT_THAT(log_, ElementsAre("a 1", "b 2", "c 3"));
}

TEST_P(TheOrderOfReceivers, KeepsWhatHasComeForTheOneWhoWaits) {
    workers_[0].receive();
    emit(1);
    EXPECT_FALSE(workers_[1].handle().try_receive()) << "it is on its way to the first";
    workers_[1].receive();
    emit(2);
    emit(3);
    EXPECT_EQ(workers_[2].handle().try_receive().value()->value, 1) << "the oldest: two are kept, and three are there";
    drive(io_);
    EXPECT_THAT(log_, ElementsAre("a 2", "b 3"));
}

TEST_P(TheOrderOfReceivers, KeepsWhatHadComeForTheOneWhoWaitedBeforeItWasShared) {
    event::Subscription<Number> single = bus_.subscribe<Number>({.on_full = GetParam()});
    Completion<event::Delivery<Number>> first;
    single.async_receive(first.handler());
    emit(1);
    event::Subscription<Number> other = single.share();
    EXPECT_FALSE(other.try_receive());
    drive(io_);
    EXPECT_EQ(first.value()->value, 1);
}

TEST_P(TheOrderOfReceivers, KeepsNothingForWhoTakesNothing) {
    event::Subscription<Number> single = bus_.subscribe<Number>({.on_full = GetParam()});
    emit(1);
    Completion<std::size_t> nothing;
    single.async_receive_some({}, nothing.handler());
    event::Subscription<Number> other = single.share();
    drive(io_);
    EXPECT_EQ(nothing.value(), 0U);
    EXPECT_EQ(other.try_receive().value()->value, 1);
}

TEST_P(TheOrderOfReceivers, LeavesToWaitingOnesWhatSeveralAreTakenAtOnce) {
    workers_[0].receive();
    emit(1);
    emit(2);
    emit(3);
    std::vector<event::Delivery<Number>> several(3);
    Completion<std::size_t> count;
    workers_[1].handle().async_receive_some(several, count.handler());
    drive(io_);
    EXPECT_EQ(count.value(), 2U);
    EXPECT_THAT(log_, ElementsAre("a 1"));
}

/// An event that tells when the last who has it lets it go.
struct Telling {
    int value = 0;
    std::shared_ptr<void> end;
};

TEST_P(TheOrderOfReceivers, IsThatOfTheQueueWhereManyAreTakenAtOnceAndOldOnesGoUnderNoLock) {
    event::Subscription<Telling> single = bus_.subscribe<Telling>({.capacity = 64, .on_full = GetParam()});
    event::Subscription<Telling> other = single.share();
    event::Emitter<Telling> out = bus_.emitter<Telling>();
    int next = 0;
    int gone = 0;
    const auto look = [&](int*) { gone += single.stat().capacity == 64 ? 1 : 0; };  // it needs the queue's lock
    const auto emit_some = [&](int count) {
        for (; count > 0; --count) out.emit({next++, std::shared_ptr<int>(nullptr, look)});
    };
    std::vector<event::Delivery<Telling>> several(40);
    const auto take = [&] {
        Completion<std::size_t> count;
        other.async_receive_some(several, count.handler());
        drive(io_);
        return count.value();
    };
    emit_some(40);
    ASSERT_EQ(take(), 40U);
    for (int i = 0; i < 40; ++i) EXPECT_EQ(several[static_cast<std::size_t>(i)]->value, i);
    EXPECT_EQ(gone, 0);
    emit_some(20);
    ASSERT_EQ(take(), 20U);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(several[static_cast<std::size_t>(i)]->value, 40 + i);
    EXPECT_GE(gone, 20);
}

TEST_P(TheOrderOfReceivers, LeavesToWhoWasWokenAfterwardsWhatSeveralAreTakenAtOnce) {
    std::vector<event::Delivery<Number>> several(3);
    Completion<std::size_t> count;
    workers_[1].handle().async_receive_some(several, count.handler());
    workers_[0].receive();
    for (int i = 1; i < 4; ++i) emit(i);
    drive(io_);
    EXPECT_EQ(count.value(), 2U);
    EXPECT_THAT(log_, ElementsAre("a 3"));
}

TEST_P(TheOrderOfReceivers, WakesTheNextWhereOneHasOnlyLooked) {
    bool is_readable = false;
    workers_[0].handle().async_wait([&](error_code error) { is_readable = !error; });
    workers_[1].receive();
    emit(1);
    drive(io_);
    EXPECT_TRUE(is_readable);
    EXPECT_THAT(log_, ElementsAre("b 1"));
}

TEST_P(TheOrderOfReceivers, WakesTheOneAfterTheNextWhereTheNextIsCancelled) {
    bool is_readable = false;
    workers_[0].handle().async_wait([&](error_code error) { is_readable = !error; });
    workers_[1].receive();
    workers_[2].receive();
    emit(1);
    while (!is_readable) io_.poll_one();
    workers_[1].cancel();
    drive(io_);
    EXPECT_THAT(log_, ElementsAre("b: Operation canceled", "c 1"));
}

TEST_P(TheOrderOfReceivers, GoesOnWhereAllLookAndThenTake) {
    std::vector<int> got;
    const std::function<void(Numbers&)> look_and_take = [&](Numbers& handle) {
        handle.async_wait([&](error_code error) {
            if (error) return;
            if (const auto delivery = handle.try_receive()) got.push_back((*delivery)->value);
            look_and_take(handle);
        });
    };
    for (Worker& worker : workers_) look_and_take(worker.handle());
    for (int i = 0; i < 4; ++i) emit(i);
    int steps = 0;
    while (steps < 1'000 && io_.poll_one() != 0) ++steps;
    EXPECT_LT(steps, 1'000) << "each was shown the events and then denied them";
    EXPECT_THAT(got, ElementsAre(0, 1, 2, 3));
}

/// Refuses what is posted to it for a while.
struct FullExecutor {
    asio::io_context::executor_type inner;
    const bool* is_full;

    [[nodiscard]] asio::execution_context& query(asio::execution::context_t) const noexcept { return inner.context(); }
    static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
        return asio::execution::blocking.never;
    }
    [[nodiscard]] FullExecutor require(asio::execution::blocking_t::never_t) const noexcept { return *this; }
    template <class F>
    void execute(F function) const {
        if (*is_full) throw std::bad_alloc();
        asio::post(inner, std::move(function));
    }
    bool operator==(const FullExecutor&) const noexcept = default;
};

TEST_P(TheOrderOfReceivers, GivesToOthersWhatOneCouldNotBeWokenForOnceTheNextComes) {
    bool is_full = false;
    Completion<event::Delivery<Number>> first;
    workers_[0].handle().async_receive(
        asio::bind_executor(FullExecutor{io_.get_executor(), &is_full}, first.handler()));
    workers_[1].receive();
    drive(io_);
    is_full = true;
    emit(1);
    is_full = false;
    emit(2);
    drive(io_);
    EXPECT_EQ(first.value()->value, 1) << "there were two events, and two that waited: this one longer";
    EXPECT_THAT(log_, ElementsAre("b 2"));
}

TEST(Sharing, SurvivesWhatIsDisplacedUnderThoseWhoWereWoken) {
    asio::io_context io;
    event::EventBus bus(io);
    std::vector<std::string> log;
    Numbers first = bus.subscribe<Number>({.capacity = 1, .on_full = event::DropOldest{}});
    std::vector<Worker> workers;
    for (const char* name : {"a", "b", "c"}) workers.emplace_back(first.share(), name, log);
    auto emitter = bus.emitter<Number>();
    for (Worker& worker : workers) worker.receive();
    for (int i = 1; i <= 3; ++i) emitter.emit({i});  // wakes all three, and one event is left
    drive(io);
    EXPECT_THAT(log, ElementsAre("a 3"));
    emitter.emit({4});
    drive(io);
    emitter.emit({5});
    drive(io);
    EXPECT_THAT(log, ElementsAre("a 3", "b 4", "c 5"));
}

TEST(Sharing, WakesNobodyMoreForWhatTakesAnothersPlace) {
    for (const event::Backpressure& policy :
         {event::Backpressure(event::DropOldest{}), event::Backpressure(event::Latest{})}) {
        asio::io_context io;
        event::EventBus bus(io);
        std::vector<std::string> log;
        Numbers first = bus.subscribe<Number>({.capacity = 1, .on_full = policy});
        std::vector<Worker> workers;
        for (const char* name : {"a", "b", "c"}) workers.emplace_back(first.share(), name, log);
        auto emitter = bus.emitter<Number>();
        for (Worker& worker : workers) worker.receive();
        emitter.emit({1});
        emitter.emit({2});
        drive(io);
        emitter.emit({3});
        drive(io);
        EXPECT_THAT(log, ElementsAre("a 2", "b 3")) << "the second has waited longer than the third";
    }
}

}  // namespace sharing_test
