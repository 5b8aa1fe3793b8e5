/// Filters that run a context: what needs the lock is refused to who runs it, and goes on once the filter is over.

#include "../stress/scale.hpp"
#include "in_filter.hpp"

#include <new>
#include <stdexcept>
#include <thread>

namespace contexts_mended_test {

using namespace support;
using namespace std::chrono_literals;

using AFilterThatRunsItsContext = InFilter;

TEST_F(AFilterThatRunsItsContext, RunsAPushHandlerThatWaitsAgainAfterIt) {
    std::vector<int> seen;
    const auto pushed = bus_.subscribe<Number>({}, [&](const Number& number) { seen.push_back(number.value); });
    drive(io_);
    emitter_.emit({1});
    expect_refused();
    drive(io_);
    EXPECT_EQ(seen, std::vector<int>{1});
    emitter_.emit({2});
    EXPECT_EQ(drive(io_), 1U);
    EXPECT_EQ(seen, (std::vector<int>{1, 2}));
}

TEST_F(AFilterThatRunsItsContext, IsRefusedAsOftenAsItTries) {
    std::vector<int> seen;
    const auto pushed = bus_.subscribe<Number>({}, [&](const Number& number) { seen.push_back(number.value); });
    drive(io_);
    emitter_.emit({1});
    in_filter([&] {
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(is_refused_to_run(io_));
    });
    drive(io_);
    emitter_.emit({2});
    drive(io_);
    EXPECT_EQ(seen, (std::vector<int>{1, 2}));
}

TEST_F(AFilterThatRunsItsContext, IsRefusedAPushHandlerWhoseQueueNeedsTheLock) {
    std::vector<int> seen;
    const auto pushed = bus_.subscribe<Number>({.on_full = event::DropOldest{}},
                                               [&](const Number& number) { seen.push_back(number.value); });
    drive(io_);
    emitter_.emit({1});
    in_filter([&] {
        EXPECT_TRUE(is_refused_to_run(io_));
        EXPECT_TRUE(seen.empty());
    });
    drive(io_);
    emitter_.emit({2});
    drive(io_);
    EXPECT_EQ(seen, (std::vector<int>{1, 2}));
}

TEST_F(AFilterThatRunsItsContext, LetsTheExceptionOfAPushHandlerThrough) {
    std::vector<int> seen;
    const auto pushed = bus_.subscribe<Number>({}, [&](const Number& number) {
        seen.push_back(number.value);
        if (number.value == 1) throw std::runtime_error("the handler's");
    });
    drive(io_);
    emitter_.emit({1});
    in_filter([&] {
        io_.restart();
        EXPECT_THROW(io_.poll(), std::runtime_error);
    });
    drive(io_);
    emitter_.emit({2});
    drive(io_);
    EXPECT_EQ(seen, (std::vector<int>{1, 2}));
}

TEST_F(AFilterThatRunsItsContext, OfItsOwnPushSubscription) {
    std::vector<char> seen;
    bool is_refused = false;
    const auto own = bus_.subscribe<Letter>(
        {}, [&](const Letter& letter) { seen.push_back(letter.value); }, event::where([&](const Letter& letter) {
            if (letter.value == 'b') is_refused = is_refused_to_run(io_);
            return true;
        }));
    drive(io_);
    for (const char letter : {'a', 'b', 'c'}) trigger_.emit({letter});
    drive(io_);
    trigger_.emit({'d'});
    drive(io_);
    EXPECT_TRUE(is_refused);
    EXPECT_EQ(seen, (std::vector<char>{'a', 'b', 'c', 'd'}));
}

TEST_F(AFilterThatRunsItsContext, AndLetsThatThrowHasItThrownOutOfTheEmit) {
    std::vector<int> seen;
    const auto pushed = bus_.subscribe<Number>({}, [&](const Number& number) { seen.push_back(number.value); });
    drive(io_);
    emitter_.emit({1});
    EXPECT_THROW(in_filter([&] { io_.restart(), io_.poll(); }), boost::system::system_error);
    drive(io_);
    emitter_.emit({2});
    drive(io_);
    EXPECT_EQ(seen, (std::vector<int>{1, 2}));
}

TEST_F(AFilterThatRunsItsContext, CompletesAReceiveThatNeedsNoLock) {
    auto subscription = bus_.subscribe<Number>();
    Completion<event::Delivery<Number>> receive;
    subscription.async_receive(receive.handler());
    drive(io_);
    emitter_.emit({1});
    expect_not_refused();
    EXPECT_EQ(receive.value()->value, 1);
}

TEST_F(AFilterThatRunsItsContext, IsRefusedAReceiveThatFindsNothing) {
    auto subscription = bus_.subscribe<Number>();
    Completion<event::Delivery<Number>> receive;
    subscription.async_receive(receive.handler());
    drive(io_);
    emitter_.emit({1});
    EXPECT_TRUE(subscription.try_receive());
    expect_refused();
    EXPECT_TRUE(receive.pending());
    drive(io_);
    emitter_.emit({2});
    drive(io_);
    EXPECT_EQ(receive.value()->value, 2);
}

TEST_F(AFilterThatRunsItsContext, IsRefusedAReceiveThatNeedsTheLock) {
    auto subscription = bus_.subscribe<Number>({.on_full = event::Wait{}});
    Completion<event::Delivery<Number>> receive;
    subscription.async_receive(receive.handler());
    drive(io_);
    emitter_.emit({1});
    expect_refused();
    EXPECT_TRUE(receive.pending());
    drive(io_);
    EXPECT_EQ(receive.value()->value, 1);
}

TEST_F(AFilterThatRunsItsContext, IsRefusedAWatcherOfItsBus) {
    auto value = bus_.value<Number>();
    const auto together = bus_.subscribe<Number, Letter>({.on_full = event::Drop{}});
    auto watcher = value.watch();
    Completion<event::Snapshot<Number>> get;
    watcher.async_get(get.handler());
    drive(io_);
    value.set({1});
    expect_refused();
    drive(io_);
    EXPECT_EQ(get.value()->value, 1);
}

TEST_F(AFilterThatRunsItsContext, IsRefusedAnEmitWhoseTurnHasCome) {
    auto slow = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    emitter_.emit({1});
    Completion<event::EmitResult> emit;
    emitter_.async_emit(Number{2}, emit.handler());
    EXPECT_EQ((*slow.try_receive())->value, 1);
    expect_refused();
    drive(io_);
    EXPECT_EQ(emit.value().delivered, 2U);
    EXPECT_EQ(numbers(slow), std::vector<int>{2});
}

TEST_F(AFilterThatRunsItsContext, IsRefusedACancelledEmitWhichThenPassesItsTurnOn) {
    auto slow = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    emitter_.emit({1});
    asio::cancellation_signal signal;
    Completion<event::EmitResult> cancelled;
    emitter_.async_emit(Number{2}, asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
    Completion<event::EmitResult> next;
    emitter_.async_emit(Number{3}, next.handler());
    EXPECT_EQ((*slow.try_receive())->value, 1);
    signal.emit(asio::cancellation_type::total);
    expect_refused();
    EXPECT_TRUE(cancelled.pending());
    drive(io_);
    EXPECT_EQ(cancelled.error(), asio::error::operation_aborted);
    EXPECT_EQ(next.value().delivered, 2U);
    EXPECT_EQ(numbers(slow), std::vector<int>{3});
}

TEST_F(AFilterThatRunsItsContext, HasATimeLimitEndWhatWaitsAfterIt) {
    auto subscription = bus_.subscribe<Number>();
    Completion<event::Delivery<Number>> receive;
    subscription.async_receive_for(0s, receive.handler());
    expect_not_refused();
    EXPECT_TRUE(receive.pending());
    drive(io_);
    EXPECT_EQ(receive.error(), asio::error::timed_out);
}

TEST_F(AFilterThatRunsItsContext, AndCancelsEndsWhatWaitsAfterIt) {
    auto subscription = bus_.subscribe<Number>();
    Completion<event::Delivery<Number>> receive;
    subscription.async_receive(receive.handler());
    in_filter([&] {
        subscription.cancel();
        EXPECT_FALSE(is_refused_to_run(io_));
    });
    EXPECT_TRUE(receive.pending());
    drive(io_);
    EXPECT_EQ(receive.error(), asio::error::operation_aborted);
}

/// An executor that has no memory for a function, as often as it is told to.
class Forgetful {
public:
    Forgetful(asio::io_context& io, int& failures) noexcept : io_(&io), failures_(&failures) {}
    template <class Function>
    void execute(Function&& function) const {
        if (*failures_ > 0 && (*failures_)-- > 0) throw std::bad_alloc();
        asio::post(*io_, std::forward<Function>(function));
    }
    [[nodiscard]] asio::execution_context& query(asio::execution::context_t) const noexcept { return *io_; }
    static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
        return asio::execution::blocking.never;
    }
    [[nodiscard]] Forgetful require(asio::execution::blocking_t::never_t) const noexcept { return *this; }
    bool operator==(const Forgetful&) const noexcept = default;

private:
    asio::io_context* io_;
    int* failures_;
};

TEST_F(AFilterThatRunsItsContext, HasWhatCannotBePostedWaitForTheNextOccasion) {
    int failures = 0;
    std::vector<int> seen;
    const auto pushed = bus_.subscribe<Number>(
        {}, asio::bind_executor(Forgetful(io_, failures), [&](const Number& number) { seen.push_back(number.value); }));
    drive(io_);
    emitter_.emit({1});
    in_filter([&] {
        failures = 2;
        EXPECT_TRUE(is_refused_to_run(io_));
        EXPECT_EQ(failures, 0);
    });
    drive(io_);
    emitter_.emit({2});
    drive(io_);
    EXPECT_EQ(seen, (std::vector<int>{1, 2}));
}

TEST_F(AFilterThatRunsItsContext, BesideAThreadThatEmitsLosesNothing) {
    const int events = stress::rounds(3'000);
    std::vector<int> seen;
    const auto pushed = bus_.subscribe<Number>({.capacity = static_cast<std::size_t>(events)},
                                               [&](const Number& number) { seen.push_back(number.value); });
    std::thread other([&] {
        for (int i = 0; i < events; ++i) emitter_.emit({i});
    });
    for (int i = 0; i < events / 3; ++i) {
        in_filter([&] { static_cast<void>(is_refused_to_run(io_)); });
        if (i % 4 == 0) drive(io_);
    }
    other.join();
    drive(io_);
    ASSERT_EQ(seen.size(), static_cast<std::size_t>(events));
    for (int i = 0; i < events; ++i) ASSERT_EQ(seen[static_cast<std::size_t>(i)], i);
}

}  // namespace contexts_mended_test
