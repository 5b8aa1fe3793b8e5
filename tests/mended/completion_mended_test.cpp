/// Completions: on the handler's own executor, whatever else runs, dies or fails; and nothing is kept alive by what is
/// over.

#include "../support.hpp"

#include <future>

namespace completion_mended_test {

using namespace support;
using namespace std::chrono_literals;

// ---- D2: what need not wait completes on the handler's own executor -------------------------------------------------

/// The bus's context does not run.
class WithoutRunningItsContext : public testing::Test {
protected:
    template <class Handler>
    auto there(Handler handler) {
        return asio::bind_executor(mine_, std::move(handler));
    }
    void run() { drive(mine_); }

    asio::io_context home_, mine_;
    event::EventBus bus_{home_};
    event::Emitter<Number> emitter_ = bus_.emitter<Number>();
    event::Subscription<Number> waits_ = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    event::Value<int> value_{home_};
    event::Watcher<int> watcher_ = value_.watch();
};

TEST_F(WithoutRunningItsContext, AnEmitWithRoomCompletes) {
    // D2
    Completion<event::EmitResult> emit;
    emitter_.async_emit(Number{1}, there(emit.handler()));
    EXPECT_FALSE(emit.done()) << "never inside the initiating function";
    run();
    ASSERT_TRUE(emit.done());
    EXPECT_EQ(emit.value().delivered, 1U);
}

TEST_F(WithoutRunningItsContext, AnEmitToNobodyCompletes) {
    // D2
    Completion<event::EmitResult> emit;
    bus_.emitter<Text>().async_emit(Text{"nobody"}, there(emit.handler()));
    run();
    EXPECT_TRUE(emit.done());
}

TEST_F(WithoutRunningItsContext, AnEmitThatHasWaitedCompletes) {
    // D2
    Completion<event::EmitResult> emit;
    emitter_.emit({1});
    emitter_.async_emit(Number{2}, there(emit.handler()));
    EXPECT_TRUE(waits_.try_receive());
    run();
    EXPECT_TRUE(emit.done());
}

TEST_F(WithoutRunningItsContext, AnEmitOfAClosedEmitterCompletes) {
    // D2: closed, moved from, of a closed bus
    std::array<Completion<event::EmitResult>, 3> emits;
    auto closed = bus_.emitter<Number>();
    closed.close();
    closed.async_emit(Number{1}, there(emits[0].handler()));
    auto moved = std::move(emitter_);
    emitter_.async_emit(Number{1}, there(emits[1].handler()));  // NOLINT(bugprone-use-after-move): what is tested
    bus_.close();
    moved.async_emit(Number{1}, there(emits[2].handler()));
    run();
    for (auto& emit : emits) {
        ASSERT_TRUE(emit.done());
        EXPECT_EQ(emit.error(), event::errc::closed);
    }
}

TEST_F(WithoutRunningItsContext, ASecondReceiveCompletes) {
    // D2: beside each kind of pending operation
    Completion<event::Delivery<Number>> first, second, limited;
    Completion<std::size_t> some;
    Completion<bool> wait;
    std::array<event::Delivery<Number>, 2> batch;
    waits_.async_receive(there(first.handler()));
    waits_.async_receive(there(second.handler()));
    waits_.async_receive_for(1h, there(limited.handler()));
    waits_.async_receive_some(batch, there(some.handler()));
    waits_.async_wait(there(wait.handler()));
    run();
    EXPECT_TRUE(first.pending());
    EXPECT_EQ(second.error(), event::errc::concurrent_receive);
    EXPECT_EQ(limited.error(), event::errc::concurrent_receive);
    EXPECT_EQ(some.error(), event::errc::concurrent_receive);
    EXPECT_EQ(wait.error(), event::errc::concurrent_receive);
}

TEST_F(WithoutRunningItsContext, ASecondGetCompletes) {
    // D2
    Completion<event::Snapshot<int>> first, second, conditional, limited;
    Completion<bool> wait;
    watcher_.async_get(there(first.handler()));
    watcher_.async_get(there(second.handler()));
    watcher_.async_get_if([](int) { return true; }, there(conditional.handler()));
    watcher_.async_get_for(1h, there(limited.handler()));
    watcher_.async_wait(there(wait.handler()));
    run();
    EXPECT_TRUE(first.pending());
    EXPECT_EQ(second.error(), event::errc::concurrent_receive);
    EXPECT_EQ(conditional.error(), event::errc::concurrent_receive);
    EXPECT_EQ(limited.error(), event::errc::concurrent_receive);
    EXPECT_EQ(wait.error(), event::errc::concurrent_receive);
}

TEST_F(WithoutRunningItsContext, AReceiveBesideAPushHandlerCompletes) {
    // D2
    Completion<event::Delivery<Number>> receive;
    auto push = bus_.subscribe<Number>({}, there([](const Number&) {}));
    push.async_receive(there(receive.handler()));
    run();
    EXPECT_EQ(receive.error(), event::errc::concurrent_receive);
    push.close();
    run();
}

TEST_F(WithoutRunningItsContext, WhatIsMovedFromCompletes) {
    // D2
    auto subscription = std::move(waits_);
    auto watcher = std::move(watcher_);
    Completion<event::Delivery<Number>> receive, limited;
    Completion<event::Snapshot<int>> get;
    Completion<bool> wait, end, start;
    // NOLINTBEGIN(bugprone-use-after-move): what is tested
    waits_.async_receive(there(receive.handler()));
    waits_.async_receive_for(1h, there(limited.handler()));
    waits_.async_wait(there(wait.handler()));
    waits_.async_closed(there(end.handler()));
    waits_.async_ready(there(start.handler()));
    watcher_.async_get(there(get.handler()));
    // NOLINTEND(bugprone-use-after-move)
    run();
    EXPECT_EQ(receive.error(), event::errc::closed);
    EXPECT_EQ(limited.error(), event::errc::closed);
    EXPECT_EQ(wait.error(), event::errc::closed);
    EXPECT_EQ(end.error(), event::errc::closed);
    EXPECT_EQ(start.error(), event::errc::closed);
    EXPECT_EQ(get.error(), event::errc::closed);
}

TEST_F(WithoutRunningItsContext, WhatHasEndedCompletes) {
    // D2
    bus_.start();
    Completion<bool> started, end;
    waits_.async_ready(there(started.handler()));
    run();
    EXPECT_TRUE(started.done());
    waits_.close();
    watcher_.close();
    Completion<event::Delivery<Number>> receive;
    Completion<event::Snapshot<int>> get;
    waits_.async_receive(there(receive.handler()));
    waits_.async_closed(there(end.handler()));
    watcher_.async_get(there(get.handler()));
    run();
    EXPECT_EQ(receive.error(), event::errc::closed);
    EXPECT_EQ(end.error(), event::errc::closed);
    EXPECT_EQ(get.error(), event::errc::closed);
}

TEST_F(WithoutRunningItsContext, AReceiveIntoNothingAndAWaitForAnEmitterComplete) {
    // D2
    Completion<std::size_t> some;
    Completion<bool> emitter;
    waits_.async_receive_some({}, there(some.handler()));
    bus_.async_wait_emitter<Number>(there(emitter.handler()));
    run();
    EXPECT_TRUE(some.done());
    EXPECT_TRUE(emitter.done());
}

TEST_F(WithoutRunningItsContext, AStrandAndAnErasedExecutorAreUsedAsTheyAre) {
    // D2: with room, and beside a pending receive
    Completion<event::EmitResult> emit;
    Completion<event::Delivery<Number>> first, second;
    emitter_.async_emit(Number{1}, asio::bind_executor(asio::make_strand(mine_), emit.handler()));
    run();
    EXPECT_TRUE(emit.done());
    EXPECT_TRUE(waits_.try_receive());
    const asio::any_io_executor erased = asio::make_strand(mine_);
    waits_.async_receive(asio::bind_executor(erased, first.handler()));
    waits_.async_receive(asio::bind_executor(erased, second.handler()));
    run();
    EXPECT_EQ(second.error(), event::errc::concurrent_receive);
}

// ---- D8: watchers of nothing, and executors that are none -----------------------------------------------------------

TEST(AWatcherOfNothing, OfADefaultViewEndsWithClosed) {
    // D8, F03
    asio::io_context io;
    auto watcher = event::ValueView<int>{}.watch();
    EXPECT_FALSE(watcher.try_get());
    Completion<event::Snapshot<int>> get, conditional, limited;
    Completion<bool> wait;
    watcher.async_get(asio::bind_executor(io, get.handler()));
    watcher.async_get_if([](int) { return true; }, asio::bind_executor(io, conditional.handler()));
    watcher.async_get_for(1h, asio::bind_executor(io, limited.handler()));
    watcher.async_wait(asio::bind_executor(io, wait.handler()));
    watcher.cancel();
    drive(io);
    EXPECT_EQ(get.error(), event::errc::closed);
    EXPECT_EQ(conditional.error(), event::errc::closed);
    EXPECT_EQ(limited.error(), event::errc::closed);
    EXPECT_EQ(wait.error(), event::errc::closed);
}

TEST(AWatcherOfNothing, OfAMovedFromValueEndsWithClosed) {
    // D8, F03
    asio::io_context io;
    event::Value<Text> value{io, Text{"text"}};
    const event::Value<Text> taken = std::move(value);
    auto watcher = value.watch();  // NOLINT(bugprone-use-after-move): what is tested
    EXPECT_FALSE(watcher.try_get());
    Completion<event::Snapshot<Text>> get;
    watcher.async_get(asio::bind_executor(io, get.handler()));
    drive(io);
    EXPECT_EQ(get.error(), event::errc::closed);
}

TEST(AWatcherOfNothing, OfAMovedFromValueOfABusEndsWithClosed) {
    // D8, F03
    asio::io_context io;
    event::EventBus bus{io};
    auto value = bus.value<Number>();
    const auto taken = std::move(value);
    auto watcher = value.watch();  // NOLINT(bugprone-use-after-move): what is tested
    Completion<event::Snapshot<Number>> get;
    watcher.async_get(asio::bind_executor(io, get.handler()));
    drive(io);
    EXPECT_EQ(get.error(), event::errc::closed);
}

TEST(AWatcherOfNothing, WithoutAnyExecutorIsNoCrash) {
    // D8, F03: an exception, or a handler that is destroyed or gets an error
    asio::io_context io;
    event::Value<int> value{io};
    const event::Value<int> taken = std::move(value);
    const auto ends = [](const event::ValueView<int>& view, auto start) {
        std::promise<error_code> promise;
        auto error = promise.get_future();
        try {
            auto watcher = view.watch();
            start(watcher, [promise = std::move(promise)](error_code result, const event::Snapshot<int>&) mutable {
                promise.set_value(result);
            });
            return error.get().failed();   // maybe on a thread of the system's executor
        } catch (const std::exception&) {  // the operation's, or that of a promise that was destroyed
            return true;
        }
    };
    const auto get = [](auto& watcher, auto handler) { watcher.async_get(std::move(handler)); };
    const auto get_for = [](auto& watcher, auto handler) { watcher.async_get_for(1h, std::move(handler)); };
    EXPECT_TRUE(ends({}, get));
    EXPECT_TRUE(ends(value.view(), get));  // NOLINT(bugprone-use-after-move): what is tested
    EXPECT_TRUE(ends({}, get_for));
}

TEST(AnEmptyExecutor, IsRefused) {
    // D8, F03
    const asio::any_io_executor none;
    EXPECT_THROW(event::EventBus{none}, std::exception);
    EXPECT_THROW(event::Value<int>{none}, std::exception);
    EXPECT_THROW((event::Value<int>{none, 1}), std::exception);
    EXPECT_THROW((event::Value<Text>{none, Text{"text"}}), std::exception);
}

// ---- D12: a cancellation slot outlives everything -------------------------------------------------------------------

struct Loaded {
    std::shared_ptr<int> resource;
};

/// A component's signal, used for one operation after the other, and what the events and handlers hold.
class ASignalThatOutlivesAll : public testing::Test {
protected:
    /// A handler that holds the resource, too.
    auto handler() {
        return asio::bind_cancellation_slot(signal_.slot(), [resource = resource_](auto&&...) {});
    }
    void nothing_is_kept() const { EXPECT_EQ(resource_.use_count(), 1); }

    std::shared_ptr<int> resource_ = std::make_shared<int>(1);
    asio::cancellation_signal signal_;
};

TEST_F(ASignalThatOutlivesAll, KeepsNothingOfACompletedReceive) {
    // D12
    {
        asio::io_context io;
        event::EventBus bus{io};
        auto emitter = bus.emitter<Loaded>();
        auto subscription = bus.subscribe<Loaded>();
        subscription.async_receive(handler());
        emitter.emplace(resource_);
        drive(io);
        for (int i = 0; i < 10; ++i) emitter.emplace(resource_);
    }
    nothing_is_kept();
    signal_.emit(asio::cancellation_type::all);
}

TEST_F(ASignalThatOutlivesAll, KeepsNothingOfAReceiveThatDiedWithItsContext) {
    // D12
    {
        auto io = std::make_unique<asio::io_context>();
        event::EventBus bus{*io};
        auto emitter = bus.emitter<Loaded>({.retain = true});
        auto subscription = bus.subscribe<Loaded>();
        subscription.async_receive(handler());
        emitter.emplace(resource_);
        io.reset();
    }
    nothing_is_kept();
    signal_.emit(asio::cancellation_type::all);
}

TEST_F(ASignalThatOutlivesAll, KeepsNothingOfACancelledReceive) {
    // D12
    {
        asio::io_context io;
        event::EventBus bus{io};
        auto emitter = bus.emitter<Loaded>();
        auto subscription = bus.subscribe<Loaded>();
        subscription.async_receive(handler());
        signal_.emit(asio::cancellation_type::terminal);
        drive(io);
        emitter.emplace(resource_);
    }
    nothing_is_kept();
}

TEST_F(ASignalThatOutlivesAll, KeepsNothingOfAReceiveWithATimeLimit) {
    // D12: in time, and too late
    for (const bool is_in_time : {false, true}) {
        {
            asio::io_context io;
            event::EventBus bus{io};
            auto emitter = bus.emitter<Loaded>();
            auto subscription = bus.subscribe<Loaded>();
            subscription.async_receive_for(is_in_time ? 1h : 0h, handler());
            if (is_in_time) emitter.emplace(resource_);
            drive(io);
            for (int i = 0; i < 10; ++i) emitter.emplace(resource_);
        }
        EXPECT_EQ(resource_.use_count(), 1) << is_in_time;
    }
    signal_.emit(asio::cancellation_type::all);
}

TEST_F(ASignalThatOutlivesAll, KeepsNothingOfAGet) {
    // D12: of a value by itself, and of one of a bus
    {
        asio::io_context io;
        event::Value<Loaded> value{io};
        auto watcher = value.watch();
        watcher.async_get(handler());
        value.set({resource_});
        drive(io);
    }
    nothing_is_kept();
    {
        asio::io_context io;
        event::EventBus bus{io};
        auto value = bus.value<Loaded>();
        auto watcher = bus.watch<Loaded>();
        watcher.async_get_if([](const Loaded&) { return true; }, handler());
        value.set({resource_});
        drive(io);
    }
    nothing_is_kept();
    signal_.emit(asio::cancellation_type::all);
}

TEST_F(ASignalThatOutlivesAll, KeepsNothingOfAWaitForTheEndOrTheStart) {
    // D12
    for (const bool for_the_end : {false, true}) {
        {
            asio::io_context io;
            event::EventBus bus{io};
            auto emitter = bus.emitter<Loaded>({.retain = true});
            auto subscription = bus.subscribe<Loaded>();
            for (int i = 0; i < 10; ++i) emitter.emplace(resource_);
            if (for_the_end) {
                subscription.async_closed(handler());
                subscription.close();
            } else {
                subscription.async_ready(handler());
                bus.start();
            }
            drive(io);
        }
        EXPECT_EQ(resource_.use_count(), 1) << for_the_end;
    }
    signal_.emit(asio::cancellation_type::all);
}

TEST_F(ASignalThatOutlivesAll, KeepsNothingOfAPushSubscription) {
    // D12
    {
        asio::io_context io;
        event::EventBus bus{io};
        auto emitter = bus.emitter<Loaded>({.retain = true});
        auto subscription = bus.subscribe<Loaded>({}, handler());
        emitter.emplace(resource_);
        drive(io);
        emitter.emplace(resource_);
    }
    nothing_is_kept();
    signal_.emit(asio::cancellation_type::all);
}

TEST_F(ASignalThatOutlivesAll, KeepsNothingOfAnEmit) {
    // D12: that had room, that has waited, and that waits
    for (int takes = 0; takes < 3; ++takes) {
        {
            asio::io_context io;
            event::EventBus bus{io};
            auto emitter = bus.emitter<Loaded>({.retain = true});
            auto subscription = bus.subscribe<Loaded>({.capacity = 1, .on_full = event::Wait{}});
            if (takes > 0) emitter.emplace(resource_);
            emitter.async_emit(Loaded{resource_}, handler());
            if (takes > 1) static_cast<void>(subscription.try_receive());
            drive(io);
        }
        EXPECT_EQ(resource_.use_count(), 1) << takes;
    }
    signal_.emit(asio::cancellation_type::all);
}

TEST_F(ASignalThatOutlivesAll, KeepsNothingOfAHandleThatWent) {
    // D12: bus and context live on
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Loaded>();
    {
        auto subscription = bus.subscribe<Loaded>({.on_full = event::DropOldest{}});
        subscription.async_receive(handler());
        emitter.emplace(resource_);
        drive(io);
        for (int i = 0; i < 10; ++i) emitter.emplace(resource_);
    }
    nothing_is_kept();
    signal_.emit(asio::cancellation_type::all);
}

// ---- D13: a post that fails once ------------------------------------------------------------------------------------

/// An executor whose `execute` throws when it is told to, once.
struct Unreliable {
    asio::io_context* io;
    bool* fails;

    asio::execution_context& query(asio::execution::context_t) const noexcept { return *io; }
    static constexpr auto query(asio::execution::blocking_t) noexcept { return asio::execution::blocking.never; }
    bool operator==(const Unreliable&) const noexcept = default;
    template <class F>
    void execute(F f) const {
        if (std::exchange(*fails, false)) throw std::bad_alloc{};
        io->get_executor().execute(std::move(f));
    }
};

class APostThatFailsOnce : public testing::Test {
protected:
    template <class Handler>
    auto there(Handler handler) {
        return asio::bind_executor(Unreliable{&io_, &fails_}, std::move(handler));
    }
    /// The next post fails, and that was needed.
    template <class F>
    void failing(F&& f) {
        fails_ = true;
        f();
        EXPECT_FALSE(fails_) << "nothing was posted";
        fails_ = false;
        drive(io_);
    }

    bool fails_ = false;
    asio::io_context io_;
    event::EventBus bus_{io_, {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
    event::Emitter<Number> emitter_ = bus_.emitter<Number>();
    event::Subscription<Number> subscription_ = bus_.subscribe<Number>();
};

TEST_F(APostThatFailsOnce, LosesNoReceive) {
    // D13
    Completion<event::Delivery<Number>> receive;
    subscription_.async_receive(there(receive.handler()));
    failing([&] { emitter_.emit({1}); });
    emitter_.emit({2});
    drive(io_);
    ASSERT_TRUE(receive.done());
    EXPECT_EQ(receive.value()->value, 1);
}

TEST_F(APostThatFailsOnce, LosesNothingThatNeedNotWait) {
    // D13
    emitter_.emit({1});
    Completion<event::Delivery<Number>> receive;
    failing([&] { subscription_.async_receive(there(receive.handler())); });
    EXPECT_TRUE(receive.done());
    EXPECT_FALSE(receive.error());
    Completion<event::EmitResult> emit;
    failing([&] { emitter_.async_emit({2}, there(emit.handler())); });
    EXPECT_TRUE(emit.done());
    Completion<event::Delivery<Number>> first;
    Completion<event::Delivery<Number>> second;
    drive(io_);
    subscription_.async_receive(there(first.handler()));
    failing([&] { subscription_.async_receive(there(second.handler())); });
    EXPECT_TRUE(second.done());
    EXPECT_EQ(second.error(), event::errc::concurrent_receive);
}

TEST_F(APostThatFailsOnce, LosesNoReceiveOfSeveral) {
    // D13
    Completion<std::size_t> receive;
    std::array<event::Delivery<Number>, 4> batch;
    subscription_.async_receive_some(batch, there(receive.handler()));
    failing([&] { emitter_.emit({1}); });
    emitter_.emit({2});
    drive(io_);
    ASSERT_TRUE(receive.done());
    EXPECT_GE(receive.value(), 1U);
}

TEST_F(APostThatFailsOnce, LosesNoReceiveWithATimeLimit) {
    // D13
    Completion<event::Delivery<Number>> receive;
    subscription_.async_receive_for(1h, there(receive.handler()));
    failing([&] { emitter_.emit({1}); });
    emitter_.emit({2});
    drive(io_);
    EXPECT_TRUE(receive.done());
    subscription_.close();
}

TEST_F(APostThatFailsOnce, LosesNoWait) {
    // D13
    Completion<bool> wait;
    subscription_.async_wait(there(wait.handler()));
    failing([&] { emitter_.emit({1}); });
    emitter_.emit({2});
    drive(io_);
    EXPECT_TRUE(wait.done());
}

TEST_F(APostThatFailsOnce, LosesNoCancellation) {
    // D13: the cancellation's own post fails; closing is the next occasion
    Completion<event::Delivery<Number>> receive;
    subscription_.async_receive(there(receive.handler()));
    failing([&] { subscription_.cancel(); });
    subscription_.close();
    drive(io_);
    EXPECT_TRUE(receive.done());
    EXPECT_TRUE(receive.error());
}

TEST_F(APostThatFailsOnce, LosesNoGet) {
    // D13
    event::Value<int> value{io_};
    auto watcher = value.watch();
    Completion<event::Snapshot<int>> get;
    watcher.async_get(there(get.handler()));
    failing([&] { value.set(1); });
    value.set(2);
    drive(io_);
    ASSERT_TRUE(get.done());
    EXPECT_GE(*get.value(), 1);
}

TEST_F(APostThatFailsOnce, LosesNoGetOfAValueThatIsClosed) {
    // D13: setting failed; the end is the next occasion
    event::Value<Text> value{io_};
    auto watcher = value.watch();
    Completion<event::Snapshot<Text>> get;
    watcher.async_get(there(get.handler()));
    failing([&] { value.set(Text{"last"}); });
    value.close();
    drive(io_);
    ASSERT_TRUE(get.done());
    EXPECT_FALSE(get.error());
}

TEST_F(APostThatFailsOnce, LosesNoGetWithAConditionNorAWaitOfAWatcher) {
    // D13: of a bus, too
    auto value = bus_.value<Letter>();
    auto first = bus_.watch<Letter>();
    Completion<event::Snapshot<Letter>> get;
    first.async_get_if([](const Letter& letter) { return letter.value == 'b'; }, there(get.handler()));
    failing([&] { value.set({'a'}); });
    value.set({'b'});
    drive(io_);
    EXPECT_TRUE(get.done());

    auto second = bus_.watch<Letter>();
    static_cast<void>(second.try_get());
    Completion<bool> wait;
    second.async_wait(there(wait.handler()));
    failing([&] { value.set({'c'}); });
    value.set({'d'});
    drive(io_);
    EXPECT_TRUE(wait.done());
}

TEST_F(APostThatFailsOnce, LosesNoWaitForAnEmitter) {
    // D13
    Completion<bool> wait;
    bus_.async_wait_emitter<Letter>(there(wait.handler()));
    drive(io_);  // it has seen that there is none
    std::optional<event::Emitter<Letter>> one, two;
    failing([&] { one.emplace(bus_.emitter<Letter>()); });
    two.emplace(bus_.emitter<Letter>());
    drive(io_);
    EXPECT_TRUE(wait.done());
}

TEST_F(APostThatFailsOnce, LosesNobodyWhoWaitsForTheEnd) {
    // D13: there is one end only; the next occasion is the next thing that happens to the subscription or the bus
    Completion<bool> end, other;
    subscription_.async_closed(there(end.handler()));
    failing([&] { subscription_.close(); });
    subscription_.close();
    subscription_.async_closed(there(other.handler()));
    drive(io_);
    EXPECT_TRUE(other.done());
    {
        const auto moved = std::move(subscription_);
    }
    bus_.close();
    drive(io_);
    EXPECT_TRUE(end.done());
    EXPECT_EQ(end.error(), event::errc::closed);
}

TEST_F(APostThatFailsOnce, LosesNobodyWhoWaitsForTheEndOfAKilledOne) {
    // D13: further emits, the handle's end and the bus's are the occasions
    Completion<bool> end;
    {
        auto killed = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Kill{}});
        killed.async_closed(there(end.handler()));
        emitter_.emit({1});
        failing([&] { emitter_.emit({2}); });
        emitter_.emit({3});
        drive(io_);
    }
    bus_.close();
    drive(io_);
    EXPECT_TRUE(end.done());
    EXPECT_EQ(end.error(), event::errc::killed);
}

TEST_F(APostThatFailsOnce, LosesNobodyWhoWaitsForTheStart) {
    // D13: starting once more, or the end, is the next occasion
    Completion<bool> start;
    subscription_.async_ready(there(start.handler()));
    failing([&] { bus_.start(); });
    bus_.start();
    drive(io_);
    subscription_.close();
    drive(io_);
    EXPECT_TRUE(start.done());
}

TEST_F(APostThatFailsOnce, LosesNoEmitThatWaits) {
    // D13: whoever takes or emits next is the occasion
    auto full = bus_.subscribe<Letter>({.capacity = 1, .on_full = event::Wait{}});
    auto letters = bus_.emitter<Letter>();
    letters.emit({'a'});
    Completion<event::EmitResult> emit;
    letters.async_emit(Letter{'b'}, there(emit.handler()));
    failing([&] { EXPECT_TRUE(full.try_receive()); });
    for (int i = 0; i < 4 && !emit.done(); ++i) {
        letters.emit({'c'});
        drive(io_);
        static_cast<void>(full.try_receive());
        drive(io_);
    }
    EXPECT_TRUE(emit.done());
    EXPECT_FALSE(emit.error());
}

TEST_F(APostThatFailsOnce, LosesNoEmitWhoseEmitterCloses) {
    // D13: the post of its end fails; the bus's end is the next occasion
    auto full = bus_.subscribe<Letter>({.capacity = 1, .on_full = event::Wait{}});
    auto letters = bus_.emitter<Letter>();
    letters.emit({'a'});
    Completion<event::EmitResult> emit;
    letters.async_emit(Letter{'b'}, there(emit.handler()));
    failing([&] { letters.close(); });
    letters.close();
    full.close();
    bus_.close();
    drive(io_);
    EXPECT_TRUE(emit.done());
    EXPECT_EQ(emit.error(), event::errc::closed);
}

TEST_F(APostThatFailsOnce, LosesNoCallOfAPushHandler) {
    // D13
    std::vector<int> seen;
    auto push = bus_.subscribe<Number>({}, there([&](const Number& number) { seen.push_back(number.value); }));
    drive(io_);
    failing([&] { emitter_.emit({1}); });
    emitter_.emit({2});
    drive(io_);
    EXPECT_EQ(seen, (std::vector{1, 2}));
    push.close();
    drive(io_);
}

TEST_F(APostThatFailsOnce, LeavesNoPushHandlerBehindThatIsClosed) {
    // D13: the handler is destroyed, at the latest with the handle
    auto resource = std::make_shared<int>();
    {
        auto push = bus_.subscribe<Number>({}, there([resource](const Number&) {}));
        drive(io_);
        fails_ = true;
        push.close();
        fails_ = false;
        drive(io_);
    }
    drive(io_);
    EXPECT_EQ(resource.use_count(), 1);
}

}  // namespace completion_mended_test
