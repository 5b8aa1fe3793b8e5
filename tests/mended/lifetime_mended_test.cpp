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

/// Ended in one of the two ways that are allowed where something is gone.
template <class T>
bool ended(const Completion<T>& completion) {
    return completion.destroyed() || (completion.done() && completion.error());
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

// ---- D2: what need not wait completes on the handler's own executor
// ---------------------------------------------------

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

// ---- D8: watchers of nothing, and executors that are none
// ------------------------------------------------------------

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
    Completion<event::Snapshot<int>> of_view, of_value, limited;
    const auto begin = [](const event::ValueView<int>& view, auto start) {
        try {
            auto watcher = view.watch();
            start(watcher);
        } catch (const std::exception&) {
        }
    };
    begin({}, [&](auto& watcher) { watcher.async_get(of_view.handler()); });
    begin(value.view(), [&](auto& watcher) { watcher.async_get(of_value.handler()); });  // NOLINT
    begin({}, [&](auto& watcher) { watcher.async_get_for(1h, limited.handler()); });
    drive(io);
    EXPECT_TRUE(ended(of_view));
    EXPECT_TRUE(ended(of_value));
    EXPECT_TRUE(ended(limited));
}

TEST(AnEmptyExecutor, IsRefused) {
    // D8, F03
    const asio::any_io_executor none;
    EXPECT_THROW(event::EventBus{none}, std::exception);
    EXPECT_THROW(event::Value<int>{none}, std::exception);
    EXPECT_THROW((event::Value<int>{none, 1}), std::exception);
    EXPECT_THROW((event::Value<Text>{none, Text{"text"}}), std::exception);
}

// ---- D12: a cancellation slot outlives everything
// --------------------------------------------------------------------

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

// ---- D13: a post that fails once
// -------------------------------------------------------------------------------------

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

// ---- F12: an ended pull subscription gives up its events at once
// ------------------------------------------------------

struct Shared {
    std::shared_ptr<int> resource;
    int key = 0;
};

/// A resource that only the queues own.
class AKilledQueue : public testing::Test {
protected:
    /// Emits one event that owns what is returned.
    std::weak_ptr<int> emit(int key = 0) {
        auto resource = std::make_shared<int>();
        std::weak_ptr<int> seen = resource;
        emitter_.emit({std::move(resource), key});
        return seen;
    }

    asio::io_context io_;
    event::EventBus bus_{io_};
    event::Emitter<Shared> emitter_ = bus_.emitter<Shared>();
};
class AnEndedQueue : public AKilledQueue, public testing::WithParamInterface<event::Policy> {
protected:
    [[nodiscard]] static event::Backpressure policy(event::Policy which) {
        switch (which) {
            case event::Policy::notify:
                return event::Notify{[](const event::SlowSubscriber&) {}};
            case event::Policy::drop:
                return event::Drop{};
            case event::Policy::drop_oldest:
                return event::DropOldest{};
            case event::Policy::latest:
                return event::Latest{};
            case event::Policy::kill:
                return event::Kill{};
            case event::Policy::wait:
                return event::Wait{};
        }
        return {};
    }
};

TEST_P(AnEndedQueue, GivesUpItsEventsWhenItIsClosed) {
    // F12: the handle lives
    auto subscription = bus_.subscribe<Shared>({.capacity = 4, .on_full = policy(GetParam())});
    const auto first = emit(), second = emit();
    EXPECT_FALSE(second.expired());
    subscription.close();
    EXPECT_TRUE(first.expired());
    EXPECT_TRUE(second.expired());
}

TEST_P(AnEndedQueue, GivesUpItsEventsWhenItIsClosedOnAnotherThread) {
    // F12
    auto subscription = bus_.subscribe<Shared>({.capacity = 4, .on_full = policy(GetParam())});
    static_cast<void>(emit());
    static_cast<void>(subscription.try_receive());
    const auto event = emit();
    std::thread([&] { subscription.close(); }).join();
    EXPECT_TRUE(event.expired());
}

TEST_P(AnEndedQueue, GivesUpItsEventsBesideAReceiveThatWasWoken) {
    // F12: the receive has not run, so no receiver is inside
    auto subscription = bus_.subscribe<Shared>({.capacity = 4, .on_full = policy(GetParam())});
    Completion<event::Delivery<Shared>> receive;
    subscription.async_receive(receive.handler());
    const auto event = emit();
    subscription.close();
    EXPECT_TRUE(event.expired());
    drive(io_);
    EXPECT_EQ(receive.error(), event::errc::closed);
}

TEST_P(AnEndedQueue, GivesUpWhatItReplayed) {
    // F12
    emitter_.close();
    emitter_ = bus_.emitter<Shared>({.retain = true});
    const auto event = emit();
    auto subscription = bus_.subscribe<Shared>({.capacity = 1, .on_full = policy(GetParam())});
    bus_.forget<Shared>();
    EXPECT_FALSE(event.expired());
    subscription.close();
    EXPECT_TRUE(event.expired());
}

TEST_P(AnEndedQueue, OfAPushSubscriptionWhoseContextDoesNotRunGivesThemUp) {
    // F12
    auto subscription =
        bus_.subscribe<Shared>({.capacity = 4, .on_full = policy(GetParam())}, [](const Shared&) { FAIL(); });
    const auto event = emit();
    subscription.close();
    EXPECT_TRUE(event.expired());
    drive(io_);
}

TEST_P(AnEndedQueue, WithLatestByGivesThemUp) {
    // F12
    if (GetParam() == event::Policy::latest) GTEST_SKIP() << "is a policy of this kind itself";
    auto subscription = bus_.subscribe<Shared>({.capacity = 4, .on_full = policy(GetParam())},
                                               event::latest_by([](const Shared& event) { return event.key; }));
    const auto first = emit(1), second = emit(2), newer = emit(1);
    EXPECT_TRUE(first.expired());
    subscription.close();
    EXPECT_TRUE(second.expired());
    EXPECT_TRUE(newer.expired());
}

TEST_P(AnEndedQueue, OfAWildcardGivesThemUp) {
    // F12
    if (GetParam() == event::Policy::latest) GTEST_SKIP() << "not for erased subscriptions";
    auto subscription = bus_.subscribe<event::AnyEvent>({.capacity = 4, .on_full = policy(GetParam())});
    const auto event = emit();
    subscription.close();
    EXPECT_TRUE(event.expired());
}

TEST_P(AnEndedQueue, LeavesWhatWasReceived) {
    // F12: a delivery owns its share
    auto subscription = bus_.subscribe<Shared>({.capacity = 4, .on_full = policy(GetParam())});
    const auto event = emit();
    const auto delivery = subscription.try_receive();
    ASSERT_TRUE(delivery);
    subscription.close();
    EXPECT_FALSE(event.expired());
    EXPECT_NE((*delivery)->resource, nullptr);
}

constexpr const char* policy_names[] = {"Notify", "Drop", "DropOldest", "Latest", "Kill", "Wait"};
INSTANTIATE_TEST_SUITE_P(Mended, AnEndedQueue,
                         testing::Values(event::Policy::notify, event::Policy::drop, event::Policy::drop_oldest,
                                         event::Policy::latest, event::Policy::kill, event::Policy::wait),
                         [](const auto& tested) { return policy_names[static_cast<std::size_t>(tested.param)]; });

TEST_F(AKilledQueue, GivesUpItsEventsAtOnce) {
    // F12: before the emit that killed it returns to anybody who looks
    auto subscription = bus_.subscribe<Shared>({.capacity = 2, .on_full = event::Kill{}});
    const auto first = emit(), second = emit(), third = emit();
    EXPECT_TRUE(first.expired());
    EXPECT_TRUE(second.expired());
    EXPECT_TRUE(third.expired());
    Completion<event::Delivery<Shared>> receive;
    subscription.async_receive(receive.handler());
    drive(io_);
    EXPECT_EQ(receive.error(), event::errc::killed);
}

TEST_F(AKilledQueue, WithLatestByGivesUpItsEventsAtOnce) {
    // F12
    auto subscription = bus_.subscribe<Shared>({.capacity = 2, .on_full = event::Kill{}},
                                               event::latest_by([](const Shared& event) { return event.key; }));
    const auto first = emit(1), second = emit(2), third = emit(3);
    EXPECT_TRUE(first.expired());
    EXPECT_TRUE(second.expired());
    EXPECT_TRUE(third.expired());
}

TEST_F(AKilledQueue, GivesUpItsEventsBesideAReceiveThatWasWoken) {
    // F12
    auto subscription = bus_.subscribe<Shared>({.capacity = 2, .on_full = event::Kill{}});
    Completion<event::Delivery<Shared>> receive;
    subscription.async_receive(receive.handler());
    const auto first = emit(), second = emit(), third = emit();
    EXPECT_TRUE(first.expired());
    EXPECT_TRUE(second.expired());
    drive(io_);
    EXPECT_EQ(receive.error(), event::errc::killed);
}

TEST_F(AKilledQueue, OfAPushSubscriptionWhoseContextDoesNotRunGivesThemUp) {
    // F12
    auto subscription =
        bus_.subscribe<Shared>({.capacity = 2, .on_full = event::Kill{}}, [](const Shared&) { FAIL(); });
    const auto first = emit(), second = emit(), third = emit();
    EXPECT_TRUE(first.expired());
    EXPECT_TRUE(second.expired());
    drive(io_);
}

TEST_F(AKilledQueue, GivesUpItsEventsWhereTheBusMissesAnEmitterAtTheStart) {
    // F12: the start closes it
    auto subscription = bus_.subscribe<Shared, Silent>({.require_emitters = true});
    const auto event = emit();
    bus_.start();
    EXPECT_TRUE(event.expired());
}

// ---- F13: a retained event that owns a handle of its own bus
// ---------------------------------------------------------

struct Component {
    std::optional<event::Emitter<Number>> emitter = std::nullopt;
    std::optional<event::Subscription<Number>> subscription = std::nullopt;
    std::optional<event::ValueView<Number>> view = std::nullopt;
};
struct Up {
    std::shared_ptr<const Component> component;
};
/// Holds its emitter without any pointer, and can only be moved.
struct Moved {
    event::Emitter<Number> emitter;
    std::shared_ptr<int> resource;
};

class ARetainedEvent : public testing::Test {
protected:
    std::weak_ptr<const Component> announce(Component component) {
        auto shared = std::make_shared<const Component>(std::move(component));
        std::weak_ptr<const Component> seen = shared;
        bus_.emitter<Up>({.retain = true}).emit({std::move(shared)});
        return seen;
    }

    asio::io_context io_;
    event::EventBus bus_{io_};
};

TEST_F(ARetainedEvent, ThatOwnsAnEmitterOfItsBusIsFreedByTheBussClose) {
    // F13
    const auto component = announce({.emitter = bus_.emitter<Number>()});
    EXPECT_FALSE(component.expired());
    bus_.close();
    EXPECT_TRUE(component.expired());
}

TEST_F(ARetainedEvent, ThatOwnsASubscriptionOfItsBusIsFreedByTheBussClose) {
    // F13
    const auto component = announce({.subscription = bus_.subscribe<Number>()});
    bus_.close();
    EXPECT_TRUE(component.expired());
}

TEST_F(ARetainedEvent, ThatOwnsAViewOfItsBusIsFreedByTheBussClose) {
    // F13: of another topic
    const auto component = announce({.view = bus_.value<Number>().view()});
    bus_.close();
    EXPECT_TRUE(component.expired());
}

TEST_F(ARetainedEvent, ThatCanOnlyBeMovedIsFreedByTheBussClose) {
    // F13
    auto resource = std::make_shared<int>();
    bus_.emitter<Moved>({.retain = true}).emit(Moved{bus_.emitter<Number>(), resource});
    EXPECT_EQ(resource.use_count(), 2);
    bus_.close();
    EXPECT_EQ(resource.use_count(), 1);
}

TEST_F(ARetainedEvent, IsFreedByTheBussDestruction) {
    // F13
    std::weak_ptr<const Component> seen;
    {
        event::EventBus bus{io_};
        auto component = std::make_shared<const Component>(Component{.emitter = bus.emitter<Number>()});
        seen = component;
        auto emitter = bus.emitter<Up>({.retain = true});
        emitter.emit({std::move(component)});
    }
    EXPECT_TRUE(seen.expired());
}

TEST_F(ARetainedEvent, IsFreedOfABusWithAWatcherThatHasSeenIt) {
    // F13: the watcher lives, and could not get it again
    auto watcher = bus_.watch<Up>();
    const auto component = announce({.emitter = bus_.emitter<Number>()});
    EXPECT_TRUE(watcher.try_get());
    bus_.close();
    EXPECT_TRUE(component.expired());
}

TEST_F(ARetainedEvent, IsStillReadByViewsOfBefore) {
    // F13
    auto value = bus_.value<Text>();
    value.set(Text{"last"});
    const event::ValueView<Text> view = value.view();
    bus_.close();
    const auto snapshot = view.try_get();
    ASSERT_TRUE(snapshot);
    EXPECT_EQ((*snapshot)->value, "last");
    EXPECT_TRUE(value.try_get());
}

TEST_F(ARetainedEvent, IsStillReadByAWatcherThatHasNotSeenIt) {
    // F13: of two, one had seen it
    auto late = bus_.watch<Text>(), early = bus_.watch<Text>();
    bus_.emitter<Text>().emit(Text{"last"});
    EXPECT_TRUE(early.try_get());
    bus_.close();
    EXPECT_FALSE(early.try_get());
    const auto snapshot = late.try_get();
    ASSERT_TRUE(snapshot);
    EXPECT_EQ((*snapshot)->value, "last");
}

TEST_F(ARetainedEvent, IsStillReadThroughASnapshotAndADelivery) {
    // F13: both own their share
    auto subscription = bus_.subscribe<Up>();
    auto watcher = bus_.watch<Up>();
    const auto component = announce({.emitter = bus_.emitter<Number>()});
    {
        const auto snapshot = watcher.try_get();
        const auto delivery = subscription.try_receive();
        bus_.close();
        EXPECT_FALSE(component.expired());
        ASSERT_TRUE(snapshot);
        EXPECT_NE((*snapshot)->component, nullptr);
    }
    EXPECT_TRUE(component.expired());
}

TEST_F(ARetainedEvent, IsFreedWithTheLastViewOfAClosedBus) {
    // F13: nobody can read it any more
    std::weak_ptr<const Component> component;
    {
        auto value = bus_.value<Up>();
        const event::ValueView<Up> view = value.view();
        component = announce({.emitter = bus_.emitter<Number>()});
        bus_.close();
        EXPECT_FALSE(component.expired());
        ASSERT_TRUE(view.try_get());
    }
    EXPECT_TRUE(component.expired());
}

}  // namespace lifetime_mended_test
