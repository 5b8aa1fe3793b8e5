/// Lifetime and executors: contexts, handles and signals die in any order, also at once, and nobody keeps the others
/// alive.

#include "../stress/scale.hpp"
#include "../support.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <new>
#include <thread>

namespace lifetime_mended_test {

using namespace support;
using namespace std::chrono_literals;

/// All on threads of their own, at the same time and, from call to call, a little earlier or later than each other.
template <class... Actions>
void at_once(Actions&&... actions) {
    static unsigned call = 0;
    ++call;
    std::atomic<unsigned> ready{0};
    const auto wait = [&](unsigned which) {
        // not a barrier, out of which one comes long after the other
        for (++ready; ready < sizeof...(Actions);) std::this_thread::yield();
        const unsigned later = which % 2 == call % 2 ? call / 2 * 37 % 1'500 : 0;
        for (volatile unsigned i = 0; i < later;) i = i + 1;
    };
    std::vector<std::thread> threads;
    unsigned count = 0;
    (threads.emplace_back([&, which = count++] {
        wait(which);
        actions();
    }),
     ...);
    for (auto& thread : threads) thread.join();
}

/// Does something in the middle of its context's death. Services die in the order opposite to that of their making.
class LastWords final : public asio::execution_context::service {
public:
    using key_type = LastWords;
    inline static asio::execution_context::id id;
    explicit LastWords(asio::execution_context& context) : asio::execution_context::service(context) {}
    std::function<void()> at_shutdown;
    std::function<void()> at_destruction;

private:
    ~LastWords() override {
        if (at_destruction) at_destruction();
    }
    void shutdown() override {
        if (at_shutdown) std::exchange(at_shutdown, {})();
    }
};

// ---- D1: a context dies on one thread while a handle goes on another ------------------------------------------------

constexpr int races = 500;

TEST(AContextMayDie, WhileAValueGoesOnAnotherThread) {
    // D1
    for (int i = 0; i < stress::rounds(races); ++i) {
        auto io = std::make_unique<asio::io_context>();
        auto value = std::make_unique<event::Value<int>>(*io, 1);
        at_once([&] { io.reset(); }, [&] { value.reset(); });
    }
}

TEST(AContextMayDie, WhileAWatcherGoesOnAnotherThread) {
    // D1: idle, and with a get that waits
    for (int i = 0; i < stress::rounds(races); ++i) {
        auto io = std::make_unique<asio::io_context>();
        event::Value<int> value{*io};
        auto watcher = std::make_unique<event::Watcher<int>>(value.watch());
        Completion<event::Snapshot<int>> get;
        if (i % 2 == 0) watcher->async_get(get.handler());
        at_once([&] { io.reset(); }, [&] { watcher.reset(); });
        EXPECT_TRUE(get.destroyed());
    }
}

TEST(AContextMayDie, WhileAWatcherThatWaitsOnItGoesOnAnotherThread) {
    // D1: the value lives elsewhere
    asio::io_context home;
    event::Value<int> value{home};
    for (int i = 0; i < stress::rounds(races); ++i) {
        auto foreign = std::make_unique<asio::io_context>();
        auto watcher = std::make_unique<event::Watcher<int>>(value.watch());
        Completion<event::Snapshot<int>> get;
        watcher->async_get(asio::bind_executor(foreign->get_executor(), get.handler()));
        at_once([&] { foreign.reset(); },
                [&] {
                    if (i % 2 == 0) watcher->cancel();
                    watcher.reset();
                });
        EXPECT_TRUE(get.destroyed());
    }
}

TEST(AContextMayDie, WhileAViewAndItsWatcherGoOnTwoOthers) {
    // D1
    for (int i = 0; i < stress::rounds(races); ++i) {
        auto io = std::make_unique<asio::io_context>();
        auto value = std::make_unique<event::Value<Text>>(*io, Text{"text"});
        auto view = std::make_unique<event::ValueView<Text>>(value->view());
        auto watcher = std::make_unique<event::Watcher<Text>>(view->watch());
        value.reset();
        at_once([&] { io.reset(); }, [&] { view.reset(); }, [&] { watcher.reset(); });
    }
}

TEST(AContextMayDie, WhileAPullSubscriptionGoesOnAnotherThread) {
    // D1: idle, and with a receive that waits
    for (int i = 0; i < stress::rounds(races); ++i) {
        auto io = std::make_unique<asio::io_context>();
        event::EventBus bus{*io};
        auto subscription = std::make_unique<event::Subscription<Number>>(bus.subscribe<Number>());
        Completion<event::Delivery<Number>> receive;
        if (i % 2 == 0) subscription->async_receive(receive.handler());
        at_once([&] { io.reset(); }, [&] { subscription.reset(); });
        EXPECT_TRUE(receive.destroyed());
    }
}

TEST(AContextMayDie, WhileAReceiverWithATimeLimitGoesOnAnotherThread) {
    // D1
    for (int i = 0; i < stress::rounds(races); ++i) {
        auto io = std::make_unique<asio::io_context>();
        event::EventBus bus{*io};
        auto subscription = std::make_unique<event::Subscription<Number>>(bus.subscribe<Number>());
        Completion<event::Delivery<Number>> receive;
        subscription->async_receive_for(1h, receive.handler());
        at_once([&] { io.reset(); }, [&] { subscription.reset(); });
        EXPECT_TRUE(receive.destroyed());
    }
}

TEST(AContextMayDie, WhileAPushSubscriptionOnItGoesOnAnotherThread) {
    // D1: the bus lives elsewhere
    asio::io_context home;
    event::EventBus bus{home};
    for (int i = 0; i < stress::rounds(races); ++i) {
        auto foreign = std::make_unique<asio::io_context>();
        auto subscription = std::make_unique<event::Subscription<Number>>(
            bus.subscribe<Number>({}, asio::bind_executor(foreign->get_executor(), [](const Number&) {})));
        at_once([&] { foreign.reset(); }, [&] { subscription.reset(); });
    }
}

TEST(AContextMayDie, WhileAReceiverOnItIsClosedOnAnotherThread) {
    // D1: closed and cancelled, not destroyed; a strand, erased and not
    asio::io_context home;
    event::EventBus bus{home};
    for (int i = 0; i < stress::rounds(races); ++i) {
        auto foreign = std::make_unique<asio::io_context>();
        auto subscription = bus.subscribe<Number>();
        Completion<event::Delivery<Number>> receive;
        if (i % 2 == 0) {
            subscription.async_receive(asio::bind_executor(asio::make_strand(*foreign), receive.handler()));
        } else {
            subscription.async_receive(
                asio::bind_executor(asio::any_io_executor(asio::make_strand(*foreign)), receive.handler()));
        }
        at_once([&] { foreign.reset(); },
                [&] {
                    if (i % 4 < 2) subscription.cancel();
                    subscription.close();
                });
        EXPECT_TRUE(receive.destroyed());
    }
}

TEST(AContextMayDie, WhileTheOtherOneAndThePushSubscriptionDoToo) {
    // D1, D18
    for (int i = 0; i < stress::rounds(races); ++i) {
        auto home = std::make_unique<asio::io_context>();
        auto foreign = std::make_unique<asio::io_context>();
        event::EventBus bus{*home};
        auto subscription = std::make_unique<event::Subscription<Number>>(bus.subscribe<Number>(
            {}, asio::bind_executor(asio::any_io_executor(asio::make_strand(*foreign)), [](const Number&) {})));
        at_once([&] { home.reset(); }, [&] { foreign.reset(); }, [&] { subscription.reset(); });
    }
}

TEST(AContextMayDie, WhileAnEmitterGoesOnAnotherThread) {
    // D1: idle, and with an emit that waits for room
    for (int i = 0; i < stress::rounds(races); ++i) {
        auto io = std::make_unique<asio::io_context>();
        event::EventBus bus{*io};
        auto subscription = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
        auto emitter = std::make_unique<event::Emitter<Number>>(bus.emitter<Number>());
        emitter->emit({1});
        Completion<event::EmitResult> waiting;
        if (i % 2 == 0) emitter->async_emit(Number{2}, waiting.handler());
        at_once([&] { io.reset(); }, [&] { emitter.reset(); });
        EXPECT_TRUE(waiting.destroyed());
    }
}

TEST(AContextMayDie, WhileItsBusGoesOnAnotherThread) {
    // D1: the bus, and everything that it has, as the last
    for (int i = 0; i < stress::rounds(races); ++i) {
        auto io = std::make_unique<asio::io_context>();
        auto bus = std::make_unique<event::EventBus>(*io);
        std::optional<event::Subscription<Number>> subscription(bus->subscribe<Number>());
        std::optional<event::Watcher<Text>> watcher(bus->watch<Text>());
        Completion<bool> end;
        subscription->async_closed(end.handler());
        if (i % 2 == 0) subscription.reset();
        at_once([&] { io.reset(); }, [&] { bus.reset(); });
        EXPECT_TRUE(end.destroyed());
    }
}

TEST(AContextMayDie, WhileOneWaitsForTheEndOfAnother) {
    // D1: two contexts die, each with an async_closed of the subscription that goes
    asio::io_context home;
    event::EventBus bus{home};
    for (int i = 0; i < stress::rounds(races); ++i) {
        auto one = std::make_unique<asio::io_context>();
        auto two = std::make_unique<asio::io_context>();
        std::optional<event::Subscription<Number>> subscription(bus.subscribe<Number>());
        std::array<Completion<bool>, 2> end;
        subscription->async_closed(asio::bind_executor(one->get_executor(), end[0].handler()));
        subscription->async_closed(asio::bind_executor(two->get_executor(), end[1].handler()));
        at_once([&] { one.reset(); }, [&] { two.reset(); }, [&] { subscription.reset(); });
        EXPECT_TRUE(end[0].destroyed());
        EXPECT_TRUE(end[1].destroyed());
    }
}

/// Everything that may wait on a context, or be idle there.
struct Household {
    std::optional<event::EventBus> bus;
    std::optional<event::Emitter<Number>> emitter;
    std::optional<event::Subscription<Number>> pull;
    std::optional<event::Subscription<Text>> push;
    std::optional<event::Value<int>> value;
    std::optional<event::Watcher<int>> watcher;
    Completion<event::Delivery<Number>> receive;
    Completion<event::Snapshot<int>> get;
    Completion<bool> end;

    void move_in(asio::io_context& io) {
        bus.emplace(io);
        emitter.emplace(bus->emitter<Number>());
        pull.emplace(bus->subscribe<Number>());
        push.emplace(bus->subscribe<Text>({}, [](const Text&) {}));
        value.emplace(io);
        watcher.emplace(value->watch());
        pull->async_receive(receive.handler());
        pull->async_closed(end.handler());
        watcher->async_get(get.handler());
    }
    void move_out() {
        watcher.reset();
        value.reset();
        push.reset();
        pull.reset();
        emitter.reset();
        bus.reset();
    }
};

TEST(AContextMayDie, AndTakeEverythingWithItInItsMiddle) {
    // D1: the handles go while the context's services are being shut down, before the library's one, and after it
    for (const bool is_later : {false, true}) {
        Household household;
        auto io = std::make_unique<asio::io_context>();
        if (is_later) asio::use_service<LastWords>(*io).at_shutdown = [&] { household.move_out(); };
        household.move_in(*io);
        if (!is_later) asio::use_service<LastWords>(*io).at_shutdown = [&] { household.move_out(); };
        io.reset();
        EXPECT_TRUE(household.receive.destroyed()) << is_later;
        EXPECT_TRUE(household.get.destroyed()) << is_later;
        EXPECT_TRUE(household.end.destroyed()) << is_later;
    }
}

TEST(AContextMayDie, AndTakeEverythingWithItAtItsVeryEnd) {
    // D1: the handles go while the services are being destroyed, after the library's one is no more
    Household household;
    auto io = std::make_unique<asio::io_context>();
    asio::use_service<LastWords>(*io).at_destruction = [&] { household.move_out(); };
    household.move_in(*io);
    io.reset();
    EXPECT_TRUE(household.receive.destroyed());
    EXPECT_TRUE(household.get.destroyed());
    EXPECT_TRUE(household.end.destroyed());
}

/// Everything that waits, on executors of one kind, of a context that is not the bus's.
template <class Executor>
void either_context_dies_first(Executor (*make)(asio::io_context&)) {
    for (const bool home_first : {false, true}) {
        auto home = std::make_unique<asio::io_context>();
        auto foreign = std::make_unique<asio::io_context>();
        event::EventBus bus{*home, {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
        auto emitter = bus.emitter<Number>();
        auto queue = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
        auto empty = bus.subscribe<Text>(), limited = bus.subscribe<Text>();
        event::Value<int> value{*home};
        auto watcher = value.watch();
        Completion<event::Delivery<Text>> receive, in_time;
        Completion<event::Snapshot<int>> get;
        Completion<event::EmitResult> emit;
        Completion<bool> end, start;
        auto resource = std::make_shared<int>();
        // none is left here: a strand must not outlive its context
        const auto executor = [&] { return make(*foreign); };
        auto push = bus.subscribe<Text>({}, asio::bind_executor(executor(), [resource](const Text&) {}));
        emitter.emit({0});
        empty.async_receive(asio::bind_executor(executor(), receive.handler()));
        limited.async_receive_for(1h, asio::bind_executor(executor(), in_time.handler()));
        empty.async_closed(asio::bind_executor(executor(), end.handler()));
        empty.async_ready(asio::bind_executor(executor(), start.handler()));
        watcher.async_get(asio::bind_executor(executor(), get.handler()));
        emitter.async_emit(Number{1}, asio::bind_executor(executor(), emit.handler()));
        (home_first ? home : foreign).reset();
        EXPECT_TRUE(receive.destroyed()) << home_first;
        EXPECT_TRUE(in_time.destroyed()) << home_first;
        EXPECT_TRUE(end.destroyed()) << home_first;
        EXPECT_TRUE(start.destroyed()) << home_first;
        EXPECT_TRUE(get.destroyed()) << home_first;
        EXPECT_TRUE(emit.destroyed()) << home_first;
        EXPECT_EQ(resource.use_count(), 1) << home_first;
        EXPECT_EQ(emitter.emit({2}).refused, 1U) << home_first;
        push.close();
        empty.close();
        (home_first ? foreign : home).reset();
    }
}

TEST(EitherContextMayDieFirst, WhereHandlersRunOnThePlainExecutorOfAnother) {
    // D1
    either_context_dies_first<asio::io_context::executor_type>([](asio::io_context& io) { return io.get_executor(); });
}

TEST(EitherContextMayDieFirst, WhereHandlersRunOnAStrandOfAnother) {
    // D18
    either_context_dies_first<asio::strand<asio::io_context::executor_type>>(
        [](asio::io_context& io) { return asio::make_strand(io); });
}

TEST(EitherContextMayDieFirst, WhereHandlersRunOnAnErasedExecutorOfAnother) {
    // D18
    either_context_dies_first<asio::any_io_executor>(
        [](asio::io_context& io) { return asio::any_io_executor(io.get_executor()); });
}

TEST(EitherContextMayDieFirst, WhereHandlersRunOnAnErasedStrandOfAnother) {
    // D18
    either_context_dies_first<asio::any_io_executor>(
        [](asio::io_context& io) { return asio::any_io_executor(asio::make_strand(io)); });
}

// ---- D2: an operation begins after a context died -------------------------------------------------------------------

/// A bus whose context is gone, and another context that lives.
class AfterItsContextDied : public testing::Test {
protected:
    AfterItsContextDied() {
        emitter_.emit({0});  // the Wait queue is full
        home_.reset();
    }

    /// Whatever still runs has run.
    void run() { drive(mine_); }

    std::unique_ptr<asio::io_context> home_ = std::make_unique<asio::io_context>();
    asio::io_context mine_;
    event::EventBus bus_{*home_, {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
    event::Emitter<Number> emitter_ = bus_.emitter<Number>();
    event::Emitter<Letter> letters_ = bus_.emitter<Letter>();
    event::Subscription<Number> waits_ = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    event::Subscription<Text> empty_ = bus_.subscribe<Text>();
    event::Value<int> value_{*home_, 1};
    event::Watcher<int> watcher_ = value_.watch();
    event::ValueView<std::size_t> emitters_ = bus_.emitter_count<Number>();
};

TEST_F(AfterItsContextDied, AReceiveEnds) {
    // D2, F20
    Completion<event::Delivery<Text>> here, there;
    empty_.async_receive(here.handler());
    empty_.async_receive(asio::bind_executor(mine_, there.handler()));
    run();
    EXPECT_TRUE(ended(here));
    EXPECT_TRUE(ended(there));
}

TEST_F(AfterItsContextDied, AReceiveOfWhatIsThereEnds) {
    // D2, F20: destroyed, or with an error, or, where its own context lives, with the event
    Completion<event::Delivery<Number>> here, there;
    waits_.async_receive(here.handler());
    run();
    EXPECT_TRUE(ended(here));
    waits_.async_receive(asio::bind_executor(mine_, there.handler()));
    run();
    EXPECT_FALSE(there.pending());
}

TEST_F(AfterItsContextDied, AReceiveOfSeveralEnds) {
    // D2, F20
    Completion<std::size_t> here, there;
    std::array<event::Delivery<Text>, 2> batch;
    empty_.async_receive_some(batch, here.handler());
    empty_.async_receive_some(batch, asio::bind_executor(mine_, there.handler()));
    run();
    EXPECT_TRUE(ended(here));
    EXPECT_TRUE(ended(there));
}

TEST_F(AfterItsContextDied, AReceiveWithATimeLimitEnds) {
    // D2, F20
    Completion<event::Delivery<Text>> here, there;
    empty_.async_receive_for(1h, here.handler());
    empty_.async_receive_for(1h, asio::bind_executor(mine_, there.handler()));
    run();
    EXPECT_TRUE(ended(here));
    EXPECT_TRUE(ended(there));
}

TEST_F(AfterItsContextDied, AWaitEnds) {
    // D2, F20
    Completion<bool> here, there;
    empty_.async_wait(here.handler());
    empty_.async_wait(asio::bind_executor(mine_, there.handler()));
    run();
    EXPECT_TRUE(ended(here));
    EXPECT_TRUE(ended(there));
}

TEST_F(AfterItsContextDied, AWaitForTheEndEnds) {
    // D2, F20: before the end, and after it
    Completion<bool> here, there, afterwards, elsewhere;
    empty_.async_closed(here.handler());
    empty_.async_closed(asio::bind_executor(mine_, there.handler()));
    run();
    EXPECT_TRUE(ended(here));
    EXPECT_TRUE(ended(there));
    empty_.close();
    empty_.async_closed(afterwards.handler());
    empty_.async_closed(asio::bind_executor(mine_, elsewhere.handler()));
    run();
    EXPECT_TRUE(ended(afterwards));
    EXPECT_TRUE(ended(elsewhere));
}

TEST_F(AfterItsContextDied, AWaitForTheStartEnds) {
    // D2, F20
    Completion<bool> here, there;
    empty_.async_ready(here.handler());
    empty_.async_ready(asio::bind_executor(mine_, there.handler()));
    run();
    EXPECT_TRUE(ended(here));
    EXPECT_TRUE(ended(there));
    bus_.start();
    Completion<bool> afterwards;
    empty_.async_ready(afterwards.handler());
    EXPECT_TRUE(ended(afterwards));
}

TEST_F(AfterItsContextDied, AGetEnds) {
    // D2, F20: with a value that was not seen, and without one
    Completion<event::Snapshot<int>> unseen, here, there, limited;
    watcher_.async_get(unseen.handler());
    run();
    EXPECT_TRUE(ended(unseen));
    static_cast<void>(watcher_.try_get());
    watcher_.async_get(here.handler());
    watcher_.async_get(asio::bind_executor(mine_, there.handler()));
    watcher_.async_get_for(1h, limited.handler());
    run();
    EXPECT_TRUE(ended(here));
    EXPECT_TRUE(ended(there));
    EXPECT_TRUE(ended(limited));
}

TEST_F(AfterItsContextDied, AGetOfAWatcherThatWasMadeAfterwardsEnds) {
    // D2, F20
    Completion<event::Snapshot<int>> here, there;
    auto watcher = value_.watch();
    static_cast<void>(watcher.try_get());
    watcher.async_get(here.handler());
    watcher.async_get(asio::bind_executor(mine_, there.handler()));
    run();
    EXPECT_TRUE(ended(here));
    EXPECT_TRUE(ended(there));
}

TEST_F(AfterItsContextDied, AGetWithAConditionEnds) {
    // D2, F20
    Completion<event::Snapshot<int>> here, there;
    const auto never = [](int) { return false; };
    watcher_.async_get_if(never, here.handler());
    watcher_.async_get_if(never, asio::bind_executor(mine_, there.handler()));
    run();
    EXPECT_TRUE(ended(here));
    EXPECT_TRUE(ended(there));
}

TEST_F(AfterItsContextDied, AnEmitThatNeedNotWaitEnds) {
    // D2, F20: nobody's queue is full; destroyed, or with an error, or done where its own context lives
    Completion<event::EmitResult> here, there;
    letters_.async_emit(Letter{'a'}, here.handler());
    letters_.async_emit(Letter{'b'}, asio::bind_executor(mine_, there.handler()));
    run();
    EXPECT_TRUE(ended(here));
    EXPECT_FALSE(there.pending());
}

TEST_F(AfterItsContextDied, AnEmitThatWaitsEnds) {
    // D2, F20
    Completion<event::EmitResult> here, there;
    emitter_.async_emit(Number{1}, here.handler());
    emitter_.async_emit(Number{2}, asio::bind_executor(mine_, there.handler()));
    run();
    EXPECT_TRUE(ended(here));
    EXPECT_TRUE(ended(there));
}

TEST_F(AfterItsContextDied, AnEmitOfAClosedEmitterEnds) {
    // D2, F20
    Completion<event::EmitResult> here, there;
    emitter_.close();
    emitter_.async_emit(Number{1}, here.handler());
    emitter_.async_emit(Number{2}, asio::bind_executor(mine_, there.handler()));
    run();
    EXPECT_TRUE(ended(here));
    EXPECT_TRUE(ended(there));
}

TEST_F(AfterItsContextDied, AWaitForAnEmitterEnds) {
    // D2, F20: one that is there, one that is not
    Completion<bool> here, there, nobody;
    bus_.async_wait_emitter<Number>(here.handler());
    bus_.async_wait_emitter<Number>(asio::bind_executor(mine_, there.handler()));
    bus_.async_wait_emitter<Silent>(nobody.handler());
    run();
    EXPECT_TRUE(ended(here));
    EXPECT_FALSE(there.pending());
    EXPECT_TRUE(ended(nobody));
}

TEST_F(AfterItsContextDied, APushSubscriptionIsWithoutEffect) {
    // D2, F20: its handler is destroyed, or an exception says that there is none
    auto here = std::make_shared<int>(), there = std::make_shared<int>();
    int calls = 0;
    std::vector<event::Subscription<Number>> subscriptions;
    try {
        subscriptions.push_back(bus_.subscribe<Number>({}, [&calls, here](const Number&) { ++calls; }));
    } catch (const std::exception&) {
    }
    try {
        subscriptions.push_back(
            bus_.subscribe<Number>({}, asio::bind_executor(mine_, [&calls, there](const Number&) { ++calls; })));
    } catch (const std::exception&) {
    }
    emitter_.emit({1});
    run();
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(here.use_count(), 1);
    EXPECT_EQ(there.use_count(), 1);
}

TEST_F(AfterItsContextDied, EmitsSetsAndClosesAreHarmless) {
    // D2: what needs no context goes on
    EXPECT_EQ(emitter_.emit({1}).refused, 1U);
    value_.set(2);
    ASSERT_TRUE(watcher_.try_get());
    EXPECT_TRUE(waits_.try_receive());
    empty_.cancel();
    empty_.close();
    bus_.start();
    bus_.close();
    value_.close();
}

TEST(AfterTheContextOfItsHandlerDied, APushSubscriptionStillEnds) {
    // D2: its own executor is of a context that is gone, and the library has seen it go
    asio::io_context home, mine;
    event::EventBus bus{home};
    auto emitter = bus.emitter<Number>();
    auto foreign = std::make_unique<asio::io_context>();
    auto resource = std::make_shared<int>();
    auto subscription =
        bus.subscribe<Number>({}, asio::bind_executor(foreign->get_executor(), [resource](const Number&) {}));
    foreign.reset();
    EXPECT_EQ(resource.use_count(), 1);
    emitter.emit({1});
    Completion<bool> there, without;
    subscription.async_closed(asio::bind_executor(mine, there.handler()));
    subscription.async_closed(without.handler());  // on the one that is gone
    subscription.close();
    drive(mine);
    drive(home);
    EXPECT_TRUE(there.done());
    EXPECT_EQ(there.error(), event::errc::closed);
    EXPECT_TRUE(ended(without));
}

TEST(AfterTheContextOfItsHandlerDied, AnotherReceiveStillWorks) {
    // D2: a pending receive went with its context; the subscription serves the next one
    asio::io_context home;
    event::EventBus bus{home};
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>();
    for (const bool was_woken : {false, true}) {
        auto foreign = std::make_unique<asio::io_context>();
        Completion<event::Delivery<Number>> lost, next;
        subscription.async_receive(asio::bind_executor(foreign->get_executor(), lost.handler()));
        if (was_woken) emitter.emit({1});
        foreign.reset();
        EXPECT_TRUE(lost.destroyed());
        if (!was_woken) emitter.emit({1});
        subscription.async_receive(next.handler());
        drive(home);
        ASSERT_TRUE(next.done());
        EXPECT_FALSE(next.error());
    }
}

/// Begins every kind of operation, and holds them.
struct Beginnings {
    Completion<event::Delivery<Text>> receive, limited;
    Completion<event::Snapshot<int>> get, conditional;
    Completion<bool> end, start, emitter;
    Completion<event::EmitResult> with_room, waiting;
    std::shared_ptr<int> handler = std::make_shared<int>();
    std::optional<event::Subscription<Number>> push;

    void begin(event::EventBus& bus, event::Subscription<Text>& one, event::Subscription<Text>& two,
               event::Watcher<int>& first, event::Watcher<int>& second, event::Emitter<Number>& full,
               event::Emitter<Letter>& free) {
        one.async_receive(receive.handler());
        two.async_receive_for(1h, limited.handler());
        first.async_get(get.handler());
        second.async_get_if([](int) { return false; }, conditional.handler());
        one.async_closed(end.handler());
        one.async_ready(start.handler());
        bus.async_wait_emitter<Silent>(emitter.handler());
        free.async_emit(Letter{'a'}, with_room.handler());
        full.async_emit(Number{1}, waiting.handler());
        try {
            push.emplace(bus.subscribe<Number>({}, [resource = handler](const Number&) {}));
        } catch (const std::exception&) {
        }
    }
    void all_ended() const {
        EXPECT_TRUE(ended(receive));
        EXPECT_TRUE(ended(limited));
        EXPECT_TRUE(ended(get));
        EXPECT_TRUE(ended(conditional));
        EXPECT_TRUE(ended(end));
        EXPECT_TRUE(ended(start));
        EXPECT_TRUE(ended(emitter));
        EXPECT_TRUE(ended(with_room));
        EXPECT_TRUE(ended(waiting));
        EXPECT_EQ(handler.use_count(), 1);
    }
};

TEST(WhileItsContextDies, AnOperationThatBeginsEnds) {
    // D2: begun while the services are being shut down, before the library's one, and after it
    for (const bool is_later : {false, true}) {
        auto io = std::make_unique<asio::io_context>();
        Beginnings beginnings;
        {
            std::function<void()> begin;
            if (is_later) asio::use_service<LastWords>(*io).at_shutdown = [&] { begin(); };
            event::EventBus bus{*io};
            auto full = bus.emitter<Number>();
            auto free = bus.emitter<Letter>();
            auto queue = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
            auto one = bus.subscribe<Text>();
            auto two = bus.subscribe<Text>();
            event::Value<int> value{*io};
            auto first = value.watch();
            auto second = value.watch();
            full.emit({0});
            if (!is_later) asio::use_service<LastWords>(*io).at_shutdown = [&] { begin(); };
            begin = [&] { beginnings.begin(bus, one, two, first, second, full, free); };
            io.reset();
            beginnings.all_ended();
        }
        beginnings.all_ended();
    }
}

}  // namespace lifetime_mended_test
