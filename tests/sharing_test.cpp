/// One queue, several receivers: each event goes to exactly one of them, to the one that has waited longest, as in a
/// queue group of NATS; stronger than there, in the order of the queue, and what a member has not received is not lost
/// with it.

#include "sharing.hpp"
#include "stress/scale.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace sharing_test {

using event::errc;
using testing::ElementsAre;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

INSTANTIATE_TEST_SUITE_P(Ring, ASharedQueue, testing::Values(event::Drop{}));
INSTANTIATE_TEST_SUITE_P(LinkedSlots, ASharedQueue, testing::Values(event::Wait{}, event::DropOldest{}));

TEST_P(ASharedQueue, IsOneSubscriber) {
    EXPECT_EQ(bus_.report().subscriptions.size(), 1U);
    EXPECT_EQ(emitter_.emit({1}).subscribers, 1U);
    for (int i = 2; i <= 6; ++i) emit(i);
    EXPECT_EQ(stat().size, 4U);
    EXPECT_EQ(stat().lost, 2U);
    EXPECT_EQ(workers_[1].handle().stat().size, 4U);
    EXPECT_EQ(workers_[1].handle().stat().name, "shared");
    EXPECT_EQ(stat().receivers, 3U);
    EXPECT_THAT(fmt::format("{}", bus_.report()), testing::HasSubstr(", 3 receivers: "));
    workers_.pop_back();
    EXPECT_EQ(stat().receivers, 2U);
}

TEST_P(ASharedQueue, PassesOnWhatHasComeForOneWhoIsCancelled) {
    for (Worker& worker : workers_) worker.receive();
    emit(1);
    workers_[0].cancel();
    drive(io_);
    EXPECT_THAT(log_, ElementsAre("a: Operation canceled", "b 1"));
    workers_[1].cancel();
    emit(2);
    drive(io_);
    EXPECT_THAT(log_, testing::Contains("c 2"));
}

TEST_P(ASharedQueue, PassesOnWhatHasComeForAHandleThatGoes) {
    for (Worker& worker : workers_) worker.receive();
    emit(1);
    workers_.erase(workers_.begin());
    emit(2);
    drive(io_);
    EXPECT_THAT(log_, ElementsAre("a: Operation canceled", "b 1", "c 2"));
    EXPECT_TRUE(workers_[0].handle().is_open());
}

TEST_P(ASharedQueue, PassesOnWhatHasComeForOneWhoseContextDies) {
    auto other = std::make_unique<asio::io_context>();
    bool is_gone = true;
    workers_[0].handle().async_receive(
        asio::bind_executor(other->get_executor(), [&](error_code, const auto&) { is_gone = false; }));
    workers_[1].receive();
    emit(1);
    other.reset();
    drive(io_);
    EXPECT_TRUE(is_gone);
    EXPECT_THAT(log_, ElementsAre("b 1"));
}

TEST_P(ASharedQueue, PassesOnAtOnceWhatHasComeForOneWhoseContextDoesNotRun) {
    asio::io_context other;
    Completion<event::Delivery<Number>> first;
    workers_[0].handle().async_receive(asio::bind_executor(other, first.handler()));
    workers_[1].receive();
    emit(1);
    drive(io_);
    EXPECT_TRUE(log_.empty()) << "it is on its way to the first";
    workers_[0].handle().cancel();
    drive(io_);
    EXPECT_THAT(log_, ElementsAre("b 1"));
    drive(other);
    EXPECT_EQ(first.error(), asio::error::operation_aborted);
}

TEST_P(ASharedQueue, PassesOnWhatHasComeForOneWhoseTimeIsUp) {
    asio::io_context standing_still;
    event::testing::ManualClock clock(standing_still);
    Completion<event::Delivery<Number>> limited;
    workers_[0].handle().async_receive_for(std::chrono::seconds(1),
                                           asio::bind_executor(standing_still.get_executor(), limited.handler()));
    workers_[1].receive();
    emit(1);
    drive(io_);
    EXPECT_TRUE(log_.empty());
    clock.advance(std::chrono::seconds(2));
    drive(io_);
    EXPECT_THAT(log_, ElementsAre("b 1"));
    drive(standing_still);
    EXPECT_EQ(limited.error(), asio::error::timed_out);
}

TEST_P(ASharedQueue, EndsWithItsLastHandle) {
    const auto stat = [&] { return bus_.report().subscriptions.size(); };
    workers_.pop_back();
    workers_.erase(workers_.begin());
    EXPECT_EQ(stat(), 1U);
    EXPECT_EQ(emitter_.emit({1}).delivered, 1U);
    EXPECT_EQ(workers_[0].handle().try_receive().value()->value, 1);
    workers_.clear();
    EXPECT_EQ(stat(), 0U);
    EXPECT_EQ(emitter_.emit({2}).subscribers, 0U);
}

TEST_P(ASharedQueue, IsClosedForAllByEach) {
    workers_[0].receive();
    workers_[2].receive();
    workers_[1].handle().close();
    drive(io_);
    EXPECT_THAT(log_, testing::UnorderedElementsAre("a: " + make_error_code(errc::closed).message(),
                                                    "c: " + make_error_code(errc::closed).message()));
    EXPECT_FALSE(workers_[2].handle().is_open());
}

TEST_P(ASharedQueue, IsDrainedByAll) {
    for (int i = 0; i < 4; ++i) emit(i);
    workers_[0].handle().close_after_drain();
    for (int i = 0; i < 2; ++i) {
        for (Worker& worker : workers_) worker.receive();
        drive(io_);
    }
    const std::string closed = make_error_code(errc::closed).message();
    EXPECT_THAT(log_, ElementsAre("a 0", "b 1", "c 2", "a 3", "b: " + closed, "c: " + closed));
}

TEST_P(ASharedQueue, TellsAllThatItWasClosedWithItsBus) {
    for (Worker& worker : workers_) worker.receive();
    bus_.close();
    drive(io_);
    const std::string closed = make_error_code(errc::closed).message();
    EXPECT_THAT(log_, testing::UnorderedElementsAre("a: " + closed, "b: " + closed, "c: " + closed));
}

TEST(Sharing, TellsAllThatItWasKilled) {
    asio::io_context io;
    event::EventBus bus(io);
    std::vector<std::string> log;
    Numbers first = bus.subscribe<Number>({.capacity = 1, .on_full = event::Kill{}});
    std::vector<Worker> workers;
    for (const char* name : {"a", "b"}) workers.emplace_back(first.share(), name, log);
    for (Worker& worker : workers) worker.receive();
    auto emitter = bus.emitter<Number>();
    emitter.emit({1});
    EXPECT_EQ(emitter.emit({2}).killed, 1U);
    drive(io);
    const std::string killed = make_error_code(errc::killed).message();
    EXPECT_THAT(log, testing::UnorderedElementsAre("a: " + killed, "b: " + killed));
}

TEST_P(ASharedQueue, HasOneReceiveAtATimeForEachHandle) {
    workers_[0].receive();
    workers_[0].receive();
    workers_[1].receive();
    drive(io_);
    EXPECT_THAT(log_, ElementsAre("a: " + make_error_code(errc::concurrent_receive).message()));
    emit(1);
    emit(2);
    drive(io_);
    EXPECT_EQ(log_.size(), 3U);
}

TEST_P(ASharedQueue, CanBeSharedWhileAReceiveIsPending) {
    event::Subscription<Number> single = bus_.subscribe<Number>({.on_full = GetParam()});
    Completion<event::Delivery<Number>> first, second;
    single.async_receive(first.handler());
    event::Subscription<Number> other = single.share();
    other.async_receive(second.handler());
    emit(1);
    drive(io_);
    EXPECT_TRUE(first.done());
    EXPECT_FALSE(second.done());
    emit(2);
    drive(io_);
    EXPECT_EQ(second.value()->value, 2);
}

TEST_P(ASharedQueue, DiesWithItsContext) {
    auto io = std::make_unique<asio::io_context>();
    event::EventBus bus(*io);
    auto owned = std::make_shared<int>(0);
    {
        event::Subscription<Number> first = bus.subscribe<Number>({.on_full = GetParam()});
        event::Subscription<Number> second = first.share();
        first.async_receive([owned](error_code, const auto&) { FAIL(); });
        second.async_receive([owned](error_code, const auto&) { FAIL(); });
        io.reset();
        EXPECT_EQ(owned.use_count(), 1);
        second.async_receive([owned](error_code, const auto&) { FAIL(); });
        EXPECT_EQ(owned.use_count(), 1);
        event::Subscription<Number> third = second.share();
    }
}

TEST(Sharing, OfWhatHasEndedGivesWhatHasEnded) {
    asio::io_context io;
    event::EventBus bus(io);
    Numbers nothing;
    EXPECT_FALSE(nothing.share().is_open());
    Numbers moved = bus.subscribe<Number>();
    Numbers there = std::move(moved);
    Completion<event::Delivery<Number>> received;
    moved.share().async_receive(received.handler());  // NOLINT
    drive(io);
    EXPECT_EQ(received.error(), errc::closed);
    there.close();
    EXPECT_FALSE(there.share().is_open());
}

TEST(Sharing, OfAQueueThatAHandlerEmptiesIsRefused) {
    asio::io_context io;
    event::EventBus bus(io);
    Numbers pushed = bus.subscribe<Number>([](const Number&) {});
    try {
        static_cast<void>(pushed.share());
        FAIL();
    } catch (const boost::system::system_error& error) {
        EXPECT_EQ(error.code(), errc::concurrent_receive);
    }
    EXPECT_TRUE(pushed.is_open());
}

TEST(Sharing, OfAConnectionLeavesTheOthers) {
    asio::io_context io;
    event::EventBus bus(io);
    Numbers first = bus.subscribe<Number>();
    {
        event::Connection connection = first.share();
        EXPECT_TRUE(connection.is_open());
    }
    EXPECT_TRUE(first.is_open());
}

TEST(Sharing, LetsAnEmitWaitForRoomThatAnyReceiverMakes) {
    asio::io_context io;
    event::EventBus bus(io);
    Numbers first = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    Numbers second = first.share();
    auto emitter = bus.emitter<Number>();
    Completion<event::EmitResult> emits[3];
    for (int i = 0; i < 3; ++i) emitter.async_emit(Number{i}, emits[i].handler());
    drive(io);
    EXPECT_EQ(second.try_receive().value()->value, 0);
    drive(io);
    EXPECT_EQ(first.try_receive().value()->value, 1);
    drive(io);
    EXPECT_TRUE(emits[2].done());
    EXPECT_EQ(second.try_receive().value()->value, 2);
    EXPECT_FALSE(first.try_receive());
}

TEST(Sharing, PassesATurnOnThatIsNotTakenWhoeverWaits) {
    asio::io_context io;
    asio::io_context asleep;
    event::EventBus bus(io);
    Numbers first = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    Numbers second = first.share();
    const auto emitter = bus.emitter<Number>();
    Completion<event::Delivery<Number>> one, other;
    first.async_receive(one.handler());
    second.async_receive(other.handler());
    emitter.emit({0});  // on its way to the first
    Completion<event::EmitResult> never, next;
    emitter.async_emit(Number{1}, asio::bind_executor(asleep, never.handler()));
    emitter.async_emit(Number{2}, next.handler());
    drive(io);
    EXPECT_EQ(one.value()->value, 0);
    EXPECT_TRUE(next.done()) << "who is offered the room first does not run";
    EXPECT_EQ(other.value()->value, 2);
    EXPECT_TRUE(never.pending());
}

TEST(Sharing, LosesAndRepeatsNothingOnSeveralThreads) {
    const int count = stress::rounds(20'000);
    for (const event::Backpressure& policy : {event::Backpressure(event::Wait{}), event::Backpressure(event::Drop{})}) {
        asio::io_context io;
        event::EventBus bus(io);
        const bool waits = std::holds_alternative<event::Wait>(policy);
        Numbers first =
            bus.subscribe<Number>({.capacity = waits ? 16 : 2 * static_cast<std::size_t>(count), .on_full = policy});
        std::vector<std::vector<int>> got(4);
        const auto work = [](Numbers handle, std::vector<int>& mine, bool gives_up) -> asio::awaitable<void> {
            for (;;) {
                const auto [error, delivery] = co_await handle.async_receive(quietly);
                if (error) break;
                mine.push_back(delivery->value);
                if (gives_up && mine.size() == 1'000) break;
            }
        };
        std::atomic<int> producers = 2;
        const auto produce = [](event::EventBus& b, Numbers& handle, std::atomic<int>& left, int from,
                                int numbers) -> asio::awaitable<void> {
            event::Emitter<Number> out = b.emitter<Number>();
            for (int i = 0; i < numbers; ++i) {
                const Number number{from + i};
                co_await out.async_emit(number, quietly);
            }
            if (--left != 0) co_return;
            co_await b.async_idle(quietly);
            handle.close();
        };
        for (std::size_t i = 0; i < 4; ++i)
            asio::co_spawn(asio::make_strand(io), work(first.share(), got[i], i == 0), asio::detached);
        for (const int from : {0, count})
            asio::co_spawn(asio::make_strand(io), produce(bus, first, producers, from, count), asio::detached);
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i) threads.emplace_back([&io] { io.run(); });
        for (std::thread& thread : threads) thread.join();
        std::vector<int> all;
        for (const auto& mine : got) {
            for (const int from : {0, count}) {  // each sees what one emitter has emitted in its order
                std::vector<int> part;
                std::copy_if(mine.begin(), mine.end(), std::back_inserter(part),
                             [&](int number) { return number / count == from / count; });
                EXPECT_TRUE(std::is_sorted(part.begin(), part.end()));
            }
            all.insert(all.end(), mine.begin(), mine.end());
        }
        std::sort(all.begin(), all.end());
        ASSERT_EQ(all.size(), 2 * static_cast<std::size_t>(count));
        EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
    }
}

}  // namespace sharing_test
