#include "support.hpp"

#include <event/testing.hpp>

#include <chrono>
#include <memory>
#include <optional>

/// One event, once.

namespace next_test {

using namespace support;
using namespace std::chrono_literals;
using Next = Completion<event::Delivery<Number>>;

bool is_even(const Number& number) { return number.value % 2 == 0; }

struct NextEvent : testing::Test {
    asio::io_context io;
    event::testing::ManualClock clock{io};
    event::EventBus bus{io};
    event::Emitter<Number> emitter = bus.emitter<Number>();
    Next next;
};

TEST_F(NextEvent, IsTheFirstThatIsAccepted) {
    bus.async_next<Number>(is_even, 1h, next.handler());
    emitter.emit({1});
    drive(io);
    EXPECT_TRUE(next.pending());
    emitter.emit({2});
    EXPECT_EQ(emitter.emit({4}).refused, 0U);  // nobody wanted it
    drive(io);
    EXPECT_EQ(next.value()->value, 2);
    EXPECT_EQ(bus.stat<Number>().subscribers, 0U);
}

TEST_F(NextEvent, IsNotMissedBeforeTheOperationBegins) {
    auto operation = bus.async_next<Number>(is_even, 1h, asio::deferred);
    emitter.emit({2});
    std::move(operation)(next.handler());
    drive(io);
    EXPECT_EQ(next.value()->value, 2);
}

TEST_F(NextEvent, MayBeARetainedOne) {
    const auto retained = bus.emitter<Number>({.retain = true});
    retained.emit({4});
    bus.async_next<Number>(is_even, 1h, next.handler());
    drive(io);
    EXPECT_EQ(next.value()->value, 4);
    EXPECT_TRUE(next.value().replayed());
}

TEST_F(NextEvent, IsWaitedForNoLongerThanItsLimit) {
    bus.async_next<Number>(is_even, 1h, next.handler());
    clock.advance(1h);
    drive(io);
    EXPECT_EQ(next.error(), asio::error::timed_out);
    EXPECT_EQ(bus.stat<Number>().subscribers, 0U);
}

TEST_F(NextEvent, IsNotWaitedForAnyMoreOnceThatIsCancelled) {
    asio::cancellation_signal signal;
    bus.async_next<Number>(is_even, 1h, asio::bind_cancellation_slot(signal.slot(), next.handler()));
    signal.emit(asio::cancellation_type::terminal);
    drive(io);
    EXPECT_EQ(next.error(), asio::error::operation_aborted);
    EXPECT_EQ(bus.stat<Number>().subscribers, 0U);
}

TEST_F(NextEvent, NeverComesOnceTheBusIsClosed) {
    bus.async_next<Number>(is_even, 1h, next.handler());
    bus.close();
    drive(io);
    EXPECT_EQ(next.error(), event::errc::closed);
}

TEST_F(NextEvent, CompletesOnTheExecutorOfItsHandler) {
    auto strand = asio::make_strand(io);
    bool is_there = false;
    bus.async_next<Number>(is_even, 1h, asio::bind_executor(strand, [&](error_code, const event::Delivery<Number>&) {
                               is_there = strand.running_in_this_thread();
                           }));
    emitter.emit({2});
    drive(io);
    EXPECT_TRUE(is_there);
}

TEST(NextEventEnds, WithItsContext) {
    auto io = std::make_unique<asio::io_context>();
    Next next;
    std::optional<event::EventBus> bus{*io};
    bus->async_next<Number>(is_even, 1h, next.handler());
    io.reset();
    EXPECT_TRUE(next.destroyed());
}

struct Question {
    int number = 0;
};
struct Answer {
    int number = 0;
    int square = 0;
};

CO_TEST(NextEventCoroutine, IsTheAnswerToAQuestion) {
    event::EventBus bus{io};
    auto answers = bus.emitter<Answer>();
    const auto server = bus.subscribe<Question>(
        [&](const Question& question) { answers.emit({question.number, question.number * question.number}); });
    auto questions = bus.emitter<Question>();
    const auto is_ours = [](const Answer& answer) { return answer.number == 7; };
    auto answered = bus.async_next<Answer>(is_ours, 1h, asio::deferred);
    EXPECT_EQ(questions.emit({7}).delivered, 1U);
    const auto answer = co_await std::move(answered)(asio::use_awaitable);
    EXPECT_EQ(answer->square, 49);
}

}  // namespace next_test
