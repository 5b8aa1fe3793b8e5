#include "support.hpp"

#include <event/bus.hpp>

#include <new>

namespace bus_test {

using namespace support;

struct Named {
    static constexpr std::string_view event_name = "named";
};
struct NamedToo {
    static constexpr std::string_view event_name = "named";
};

TEST(EventBus, IsBuiltFromAnExecutorOrAContext) {
    asio::io_context io;
    event::EventBus from_context{io};
    event::EventBus from_executor{io.get_executor()};
    event::EventBus from_strand{asio::make_strand(io)};
    asio::thread_pool pool(1);
    event::EventBus from_pool{pool, {.name = "pool"}};
    EXPECT_EQ(from_context.get_executor(), asio::any_io_executor(io.get_executor()));
    EXPECT_EQ(from_pool.name(), "pool");
}

TEST(EventBus, SeveralInOneProcessShareNothing) {
    asio::io_context io;
    event::EventBus one{io};
    event::EventBus other{io};
    auto emitter = one.emitter<Number>();
    auto here = one.subscribe<Number>();
    auto there = other.subscribe<Number>();
    emitter.emit({1});
    EXPECT_EQ(numbers(here), (std::vector{1}));
    EXPECT_TRUE(numbers(there).empty());
}

TEST(EventBus, MayBeDestroyedBeforeItsHandles) {
    asio::io_context io;
    std::optional<event::EventBus> bus(std::in_place, io);
    auto emitter = bus->emitter<Number>();
    auto subscription = bus->subscribe<Number>();
    std::vector<int> pushed;
    auto push = bus->subscribe<Number>({}, [&](const Number& number) { pushed.push_back(number.value); });
    emitter.emit({1});
    bus.reset();
    EXPECT_FALSE(emitter.is_open());
    EXPECT_EQ(emitter.emit({2}).error, event::errc::closed);
    EXPECT_EQ(numbers(subscription), (std::vector{1})) << "what was queued is still delivered";
    Completion<event::Delivery<Number>> receive;
    subscription.async_receive(receive.handler());
    drive(io);
    EXPECT_EQ(pushed, (std::vector{1}));
    EXPECT_EQ(receive.error(), event::errc::closed);
}

TEST(EventBus, MayBeDestroyedAfterItsHandlesInAnyOrder) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = std::make_optional(bus.emitter<Text>({.retain = true}));
    auto first = std::make_optional(bus.subscribe<Text>());
    auto second = std::make_optional(bus.subscribe<Text>());
    emitter->emit({"a"});
    first.reset();
    emitter->emit({"b"});
    emitter.reset();
    EXPECT_EQ(take_all(*second).size(), 2U);
}

TEST(EventBus, CloseLetsEverySubscriptionDrain) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto full = bus.subscribe<Number>();
    auto idle = bus.subscribe<Letter>();
    Completion<event::Delivery<Letter>> waiting;
    idle.async_receive(waiting.handler());
    emitter.emit({1});
    bus.close();
    bus.close();
    EXPECT_EQ(emitter.emit({2}).error, event::errc::closed);
    drive(io);
    EXPECT_EQ(waiting.error(), event::errc::closed);
    EXPECT_EQ(numbers(full), (std::vector{1}));
    EXPECT_THROW(static_cast<void>(bus.emitter<Number>()), boost::system::system_error);
    EXPECT_THROW(static_cast<void>(bus.subscribe<Number>()), boost::system::system_error);
    error_code error;
    auto late = bus.emitter<Number>({}, error);
    EXPECT_EQ(error, event::errc::closed);
    EXPECT_EQ(late.emit({1}).error, event::errc::closed);
}

TEST(EventBus, StatCountsWhatATypeHas) {
    asio::io_context io;
    event::EventBus bus{io};
    EXPECT_EQ(bus.stat<Number>().emitters, 0U);
    auto emitter = bus.emitter<Number>();
    emitter.emit({0});
    EXPECT_EQ(bus.stat<Number>().emitted, 0U) << "nobody heard it";
    auto subscription = bus.subscribe<Number>();
    emitter.emit({1});
    emitter.emit({2});
    auto deliveries = take_all(subscription);
    const event::TopicStat stat = bus.stat<Number>();
    EXPECT_EQ(stat.emitters, 1U);
    EXPECT_EQ(stat.subscribers, 1U);
    EXPECT_FALSE(stat.retained);
    EXPECT_FALSE(stat.replayable);
    EXPECT_EQ(stat.emitted, 2U);
    EXPECT_EQ(stat.last_sequence, deliveries.back().sequence());
}

TEST(EventBus, CountsUnheardEventsOnlyWhenAsked) {
    asio::io_context io;
    event::EventBus bus{io, {.count_unheard = true}};
    auto emitter = bus.emitter<Number>();
    const event::EmitResult result = emitter.emit({1});
    EXPECT_EQ(result.subscribers, 0U);
    EXPECT_EQ(result.error, event::errc{});
    EXPECT_EQ(bus.stat<Number>().emitted, 1U);
}

TEST(EventBus, ATopicThatNobodyUsesIsGone) {
    asio::io_context io;
    event::EventBus bus{io};
    {
        auto emitter = bus.emitter<Number>({.retain = true});
        auto subscription = bus.subscribe<Number>();
        emitter.emit({1});
        bus.forget<Number>();
    }
    const event::TopicStat stat = bus.stat<Number>();
    EXPECT_EQ(stat.emitters + stat.subscribers, 0U);
    EXPECT_EQ(stat.emitted, 0U);
    EXPECT_FALSE(stat.retained) << "the next user finds a new topic";
    auto emitter = bus.emitter<Number>();
    emitter.emit({2});
    auto subscription = bus.subscribe<Number>();
    EXPECT_TRUE(numbers(subscription).empty());
}

// ---- retained events ------------------------------------------------------------------------------------------------

TEST(Retained, IsInTheQueueBeforeSubscribeReturnsExactlyOnce) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>({.retain = true});
    emitter.emit({1});
    emitter.emit({2});
    auto subscription = bus.subscribe<Number>();
    EXPECT_EQ(subscription.stat().size, 1U);
    emitter.emit({3});
    auto all = take_all(subscription);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0]->value, 2);
    EXPECT_TRUE(all[0].replayed());
    EXPECT_EQ(all[0].missed(), 0U);
    EXPECT_EQ(all[1]->value, 3);
    EXPECT_FALSE(all[1].replayed());
    EXPECT_LT(all[0].sequence(), all[1].sequence());
}

TEST(Retained, DoesNotCountAgainstTheCapacity) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number, Letter, Text>({.retain = true});
    emitter.emit(Letter{'a'});
    emitter.emit(Text{"t"});
    emitter.emit(Number{1});
    auto subscription = bus.subscribe<Number, Letter, Text>({.capacity = 1, .on_full = event::Drop{}});
    EXPECT_EQ(emitter.emit(Number{2}).delivered, 1U);
    EXPECT_EQ(emitter.emit(Number{3}).refused, 1U);
    auto all = take_all(subscription);
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[0].get_if<Letter>()->value, 'a') << "oldest first, whatever the types";
    EXPECT_EQ(all[1].get_if<Text>()->value, "t");
    EXPECT_EQ(all[2].get_if<Number>()->value, 1);
    EXPECT_EQ(all[3].get_if<Number>()->value, 2);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(all[i].replayed());
    EXPECT_EQ(emitter.emit(Number{4}).delivered, 1U);
    EXPECT_EQ(emitter.emit(Number{5}).refused, 1U) << "the room of the replayed events is not given to others";
}

TEST(Retained, StaysWhenOlderEventsAreDisplaced) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number, Text>({.retain = true});
    emitter.emit(Text{"state"});
    emitter.emit(Number{0});
    auto subscription = bus.subscribe<Number, Text>({.capacity = 2, .on_full = event::DropOldest{}});
    for (int i = 1; i <= 7; ++i) emitter.emit(Number{i});
    auto all = take_all(subscription);
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[0].get_if<Text>()->value, "state");
    EXPECT_EQ(all[1].get_if<Number>()->value, 0);
    EXPECT_EQ(all[2].get_if<Number>()->value, 6);
    EXPECT_EQ(all[2].missed(), 5U);
    EXPECT_EQ(all[3].get_if<Number>()->value, 7);
}

TEST(Retained, IsReplayedByEveryPolicy) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Text>({.retain = true});
    emitter.emit({"state"});
    const std::vector<event::Backpressure> policies{event::Drop{}, event::DropOldest{}, event::Latest{},
                                                    event::Kill{}, event::Notify{},     event::Wait{}};
    for (const auto& policy : policies) {
        auto subscription = bus.subscribe<Text>({.capacity = 1, .on_full = policy});
        auto delivery = subscription.try_receive();
        ASSERT_TRUE(delivery);
        EXPECT_TRUE(delivery->replayed());
        EXPECT_EQ((*delivery)->value, "state");
        EXPECT_FALSE(subscription.try_receive());
    }
}

TEST(Retained, IsAPropertyOfTheTopicForEveryEmitter) {
    asio::io_context io;
    event::EventBus bus{io};
    auto plain = bus.emitter<Number>();
    plain.emit({1});
    auto retaining = bus.emitter<Number>({.retain = true});
    EXPECT_FALSE(bus.stat<Number>().replayable) << "what was emitted before is not retained";
    plain.emit({2});
    retaining.close();
    auto subscription = bus.subscribe<Number>();
    EXPECT_EQ(numbers(subscription), (std::vector{2}));
}

TEST(Retained, IsDroppedByForgetAndTheTopicStaysRetained) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>({.retain = true});
    emitter.emit({1});
    bus.forget<Number>();
    EXPECT_TRUE(bus.stat<Number>().retained);
    auto early = bus.subscribe<Number>();
    EXPECT_TRUE(numbers(early).empty());
    emitter.emit({2});
    auto late = bus.subscribe<Number>();
    EXPECT_EQ(numbers(late), (std::vector{2}));
    bus.forget<Letter>();  // nothing to forget
}

TEST(Retained, OutlivesItsEmitter) {
    asio::io_context io;
    event::EventBus bus{io};
    bus.emitter<Number>({.retain = true}).emit({7});
    auto subscription = bus.subscribe<Number>();
    EXPECT_EQ(numbers(subscription), (std::vector{7}));
}

// ---- one order ------------------------------------------------------------------------------------------------------

TEST(Order, IsOneOverAllTypesOfASubscription) {
    asio::io_context io;
    event::EventBus bus{io};
    auto a = bus.emitter<Number>();
    auto b = bus.emitter<Letter>();
    auto both = bus.subscribe<Number, Letter>();
    auto reversed = bus.subscribe<Letter, Number>();
    a.emit({1});
    b.emit({'x'});
    b.emit({'y'});
    a.emit({2});
    auto left = take_all(both);
    auto right = take_all(reversed);
    ASSERT_EQ(left.size(), 4U);
    ASSERT_EQ(right.size(), 4U);
    const std::vector<std::size_t> types{left[0].index(), left[1].index(), left[2].index(), left[3].index()};
    EXPECT_EQ(types, (std::vector<std::size_t>{0, 1, 1, 0}));
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(left[i].sequence(), right[i].sequence());
}

TEST(Order, GoesOnFromTheLargerNumberWhenDomainsMerge) {
    asio::io_context io;
    event::EventBus bus{io};
    auto a = bus.emitter<Number>();
    auto b = bus.emitter<Letter>();
    auto only_a = bus.subscribe<Number>();
    auto only_b = bus.subscribe<Letter>();
    for (int i = 0; i < 10; ++i) a.emit({i});
    b.emit({'x'});
    auto both = bus.subscribe<Number, Letter>();
    b.emit({'y'});
    a.emit({10});
    const auto last_a = std::move(take_all(only_a).back());
    const auto last_b = std::move(take_all(only_b).back());
    auto merged = take_all(both);
    ASSERT_EQ(merged.size(), 2U);
    EXPECT_EQ(merged[0].sequence(), last_b.sequence());
    EXPECT_EQ(merged[1].sequence(), last_a.sequence());
    EXPECT_EQ(merged[0].sequence(), 11U);
    EXPECT_EQ(merged[1].sequence(), 12U);
}

TEST(Order, HoldsForRetainedEventsOfUnrelatedTypes) {
    asio::io_context io;
    event::EventBus bus{io};
    auto a = bus.emitter<Number>({.retain = true});
    auto b = bus.emitter<Letter>({.retain = true});
    for (int i = 0; i < 5; ++i) a.emit({i});
    b.emit({'x'});
    auto both = bus.subscribe<Number, Letter>();
    auto all = take_all(both);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].index(), 0U) << "emitted before";
    EXPECT_EQ(all[1].index(), 1U);
    EXPECT_LT(all[0].sequence(), all[1].sequence());
}

// ---- registration is all or nothing ---------------------------------------------------------------------------------

struct CopyThrows {
    CopyThrows() = default;
    CopyThrows(const CopyThrows&) { throw std::runtime_error("cannot copy"); }
};

TEST(Registration, ACopyThatThrowsReachesNobody) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<CopyThrows>();
    auto one = bus.subscribe<CopyThrows>();
    auto two = bus.subscribe<CopyThrows>();
    const CopyThrows event;
    EXPECT_THROW(emitter.emit(event), std::runtime_error);
    EXPECT_THROW(emitter.emit_all(std::span(&event, 1)), std::runtime_error);
    EXPECT_EQ(one.stat().size + two.stat().size, 0U);
    EXPECT_EQ(emitter.emplace().delivered, 2U) << "the bus works on";
}

TEST(Registration, ACapacityOfZeroNamesTheSubscription) {
    asio::io_context io;
    event::EventBus bus{io};
    try {
        auto subscription = bus.subscribe<Number>({.capacity = 0, .name = "dht"});
        FAIL();
    } catch (const std::invalid_argument& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("dht"));
    }
    try {
        auto subscription = bus.subscribe<Number>({.capacity = 0});
        FAIL();
    } catch (const std::invalid_argument& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("bus_test.cpp"));
    }
    EXPECT_EQ(bus.stat<Number>().subscribers, 0U);
}

TEST(Registration, AnAllocationThatFailsLeavesNothingBehind) {
    asio::io_context io;
    event::EventBus bus{io};
    EXPECT_THROW(static_cast<void>(bus.subscribe<Number, Letter>({.capacity = SIZE_MAX})), std::bad_alloc);
    EXPECT_THROW(static_cast<void>(bus.subscribe<Number, Letter>({.capacity = SIZE_MAX / 64})), std::bad_alloc);
    EXPECT_EQ(bus.stat<Number>().subscribers, 0U);
    EXPECT_EQ(bus.stat<Letter>().subscribers, 0U);
    auto subscription = bus.subscribe<Number, Letter>();
    auto emitter = bus.emitter<Number>();
    EXPECT_EQ(emitter.emit({1}).delivered, 1U);
}

TEST(Registration, GivesSubscriptionsUniqueNames) {
    asio::io_context io;
    event::EventBus bus{io};
    std::vector<event::Subscription<Number>> subscriptions;
    for (int i = 0; i < 3; ++i) subscriptions.push_back(bus.subscribe<Number>());
    std::vector<std::string> names;
    for (auto& subscription : subscriptions) names.push_back(subscription.stat().name);
    for (const auto& name : names) EXPECT_THAT(name, testing::StartsWith("bus_test.cpp:"));
    EXPECT_NE(names[0], names[1]);
    EXPECT_NE(names[1], names[2]);
    EXPECT_EQ(bus.subscribe<Number>({.name = "mine"}).stat().name, "mine");
}

// ---- how many there are ---------------------------------------------------------------------------------------------

struct Counting : testing::Test {
    asio::io_context io;
    event::EventBus bus{io};
    static std::size_t now(const event::ValueView<std::size_t>& count) { return **count.try_get(); }
};

TEST_F(Counting, EmittersThatAreOpen) {
    auto before = bus.emitter<Number>();
    const auto count = bus.emitter_count<Number>();
    EXPECT_EQ(now(count), 1U);
    auto both = bus.emitter<Number, Letter>();
    EXPECT_EQ(now(count), 2U);
    EXPECT_EQ(now(bus.emitter_count<Letter>()), 1U);
    before.close();
    before.close();
    auto moved = std::move(both);
    EXPECT_EQ(now(count), 1U);
    error_code error;
    auto refused = bus.emitter<Number>({.exclusive = true}, error);
    EXPECT_EQ(now(count), 1U);
    moved = bus.emitter<Number, Letter>();
    EXPECT_EQ(now(count), 1U);
    moved.close();
    EXPECT_EQ(now(count), 0U);
    EXPECT_EQ(now(bus.emitter_count<Letter>()), 0U);
}

TEST(Bus, HasRoomForWhoComesHoweverManyWereKilled) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number, Letter>();
    std::vector<event::Subscription<Number>> killed;
    std::vector<event::Subscription<Number>> closed_late;
    for (int round = 1; round <= 100; ++round) {
        for (int i = 0; i < round % 7; ++i)
            killed.push_back(bus.subscribe<Number>({.capacity = 1, .on_full = event::Kill{}}));
        closed_late.push_back(bus.subscribe<Number>());
        auto both = bus.subscribe<Letter, Number>();
        const auto wildcard = bus.subscribe<event::AnyEvent>();
        ASSERT_EQ(emitter.emit(Number{1}).killed, 0U);
        ASSERT_EQ(emitter.emit(Number{2}).killed, static_cast<std::size_t>(round % 7));
        ASSERT_EQ(both.stat().size, 2U);
        if (round % 10 == 0) closed_late.clear();
    }
    EXPECT_EQ(bus.stat<Number>().subscribers, 0U);
    EXPECT_EQ(killed.front().stat().killed, true);
}

TEST_F(Counting, SubscribersHoweverTheyEnd) {
    const auto count = bus.subscriber_count<Number>();
    EXPECT_EQ(now(count), 0U);
    auto emitter = bus.emitter<Number>();
    auto closed = bus.subscribe<Number>();
    auto drained = bus.subscribe<Number, Letter>();
    auto killed = bus.subscribe<Number>({.capacity = 1, .on_full = event::Kill{}});
    auto pushed = bus.subscribe<Number>({}, [](const Number&) {});
    EXPECT_EQ(now(count), 4U);
    emitter.emit({1});
    drained.close_after_drain();
    EXPECT_EQ(now(count), 3U) << "it takes no new ones";
    EXPECT_EQ(now(bus.subscriber_count<Letter>()), 0U);
    emitter.emit({2});
    EXPECT_EQ(now(count), 2U) << "one was killed by that";
    closed.close();
    pushed.close();
    EXPECT_EQ(now(count), 0U);
    killed.close();
    drained.close();
    EXPECT_EQ(now(count), 0U) << "nobody is counted twice";
}

TEST_F(Counting, StartsAServiceWithItsFirstListenerAndStopsItAfterItsLast) {
    std::vector<std::string> log;
    asio::co_spawn(
        io,
        [](event::Watcher<std::size_t> listeners, std::vector<std::string>& lines) -> asio::awaitable<void> {
            bool runs = false;
            for (;;) {
                const auto result = co_await listeners.async_get(asio::as_tuple(asio::use_awaitable));
                const auto& [error, count] = result;
                if (error) break;
                if (runs == (*count != 0)) continue;
                runs = !runs;
                lines.push_back(runs ? "start" : "stop");
            }
            lines.push_back("end");
        }(bus.subscriber_count<Number>().watch(), log),
        asio::detached);
    drive(io);
    EXPECT_TRUE(log.empty());
    auto first = std::make_optional(bus.subscribe<Number>());
    drive(io);
    auto second = std::make_optional(bus.subscribe<Number>());
    drive(io);
    first.reset();
    drive(io);
    EXPECT_EQ(log, (std::vector<std::string>{"start"}));
    second.reset();
    drive(io);
    bus.close();
    drive(io);
    EXPECT_EQ(log, (std::vector<std::string>{"start", "stop", "end"}));
}

TEST_F(Counting, KeepsTheTopicAndItsName) {
    const auto count = bus.emitter_count<Named>();
    bus.emitter<Named>().close();
    error_code error;
    auto other = bus.emitter<NamedToo>({}, error);
    EXPECT_EQ(error, event::errc::name_clash);
    EXPECT_THROW(static_cast<void>(bus.emitter_count<NamedToo>()), boost::system::system_error);
    auto emitter = bus.emitter<Named>();
    EXPECT_EQ(now(count), 1U);
    bus.close();
    EXPECT_THROW(static_cast<void>(bus.subscriber_count<Named>()), boost::system::system_error);
}

TEST_F(Counting, OutlivesTheBus) {
    asio::io_context other;
    auto gone = std::make_unique<event::EventBus>(other);
    auto emitter = gone->emitter<Number>();
    const auto count = gone->emitter_count<Number>();
    auto watcher = count.watch();
    gone.reset();
    emitter.close();
    ASSERT_TRUE(watcher.try_get());
    Completion<event::Snapshot<std::size_t>> get;
    watcher.async_get(get.handler());
    drive(other);
    EXPECT_EQ(get.error(), event::errc::closed);
    EXPECT_EQ(now(count), 1U) << "as it was at the end";
}

TEST_F(Counting, WaitsForAnEmitter) {
    Completion<bool> waited;
    bus.async_wait_emitter<Number>(waited.handler());
    drive(io);
    EXPECT_TRUE(waited.pending());
    bus.emitter<Number>().close();
    drive(io);
    EXPECT_TRUE(waited.pending()) << "it is the newest that counts, and there is none again";
    auto emitter = bus.emitter<Number>();
    EXPECT_FALSE(waited.done());
    drive(io);
    EXPECT_TRUE(waited.done());
    EXPECT_FALSE(waited.error());
    Completion<bool> at_once;
    bus.async_wait_emitter<Number>(at_once.handler());
    EXPECT_FALSE(at_once.done());
    drive(io);
    EXPECT_TRUE(at_once.done());
}

TEST_F(Counting, StopsWaitingForAnEmitterWhenCancelledOrClosed) {
    asio::cancellation_signal signal;
    Completion<bool> cancelled;
    Completion<bool> closed;
    Completion<bool> late;
    bus.async_wait_emitter<Number>(asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
    bus.async_wait_emitter<Number>(closed.handler());
    drive(io);
    signal.emit(asio::cancellation_type::total);
    drive(io);
    EXPECT_EQ(cancelled.error(), asio::error::operation_aborted);
    EXPECT_TRUE(closed.pending());
    bus.close();
    drive(io);
    EXPECT_EQ(closed.error(), event::errc::closed);
    bus.async_wait_emitter<Letter>(late.handler());
    drive(io);
    EXPECT_EQ(late.error(), event::errc::closed);
}

// ---- two-phase start ------------------------------------------------------------------------------------------------

struct Start : testing::Test {
    asio::io_context io;
    event::EventBus bus{io};
    error_code ready(auto& subscription) {
        Completion<bool> completion;
        subscription.async_ready(completion.handler());
        EXPECT_FALSE(completion.done()) << "never inside the initiating function";
        drive(io);
        EXPECT_TRUE(completion.done());
        return completion.error();
    }
};

TEST_F(Start, ResolvesWhoWaitsForIt) {
    auto relaxed = bus.subscribe<Number>();
    auto strict = bus.subscribe<Number, Letter>({.require_emitters = true});
    Completion<bool> relaxed_ready;
    Completion<bool> strict_ready;
    Completion<bool> strict_ready_too;
    relaxed.async_ready(relaxed_ready.handler());
    strict.async_ready(strict_ready.handler());
    strict.async_ready(strict_ready_too.handler());
    drive(io);
    EXPECT_TRUE(relaxed_ready.pending() && strict_ready.pending() && strict_ready_too.pending());
    EXPECT_EQ(strict.missing_emitters().size(), 2U);
    auto emitter = bus.emitter<Letter, Number>();
    EXPECT_TRUE(strict.missing_emitters().empty());
    drive(io);
    EXPECT_TRUE(strict_ready.pending()) << "not before the start";
    bus.start();
    EXPECT_FALSE(strict_ready.done());
    drive(io);
    EXPECT_TRUE(relaxed_ready.done() && strict_ready.done() && strict_ready_too.done());
    EXPECT_FALSE(relaxed_ready.error() || strict_ready.error() || strict_ready_too.error());
    EXPECT_EQ(emitter.emit(Number{1}).delivered, 2U);
    emitter.close();
    EXPECT_FALSE(ready(strict)) << "what was found at the start stays";
}

TEST_F(Start, ClosesWhoRequiresAnEmitterThatIsNotThere) {
    auto gone = bus.emitter<Letter>();
    auto emitter = bus.emitter<Number>();
    auto strict = bus.subscribe<Number, Letter>({.require_emitters = true});
    auto relaxed = bus.subscribe<Number, Letter>();
    int handled = 0;
    auto pushed = bus.subscribe<Letter>({.require_emitters = true}, [&](const Letter&) { ++handled; });
    Completion<bool> waiting;
    Completion<event::Delivery<Number, Letter>> receive;
    Completion<bool> push_closed;
    strict.async_ready(waiting.handler());
    strict.async_receive(receive.handler());
    pushed.async_closed(push_closed.handler());
    gone.close();
    bus.start();
    drive(io);
    EXPECT_EQ(waiting.error(), event::errc::no_emitters);
    EXPECT_EQ(receive.error(), event::errc::closed);
    EXPECT_EQ(push_closed.error(), event::errc::closed);
    EXPECT_EQ(strict.missing_emitters(), (std::vector{std::string(event::name_of<Letter>())}));
    EXPECT_EQ(ready(strict), event::errc::no_emitters) << "for ever";
    EXPECT_EQ(ready(pushed), event::errc::no_emitters);
    EXPECT_FALSE(ready(relaxed));
    EXPECT_EQ(emitter.emit({1}).subscribers, 1U);
    EXPECT_EQ(bus.stat<Letter>().subscribers, 1U);
    auto late = bus.emitter<Letter>();
    late.emit({});
    drive(io);
    EXPECT_EQ(handled, 0);
}

TEST_F(Start, ResolvesAtOnceWhatRegistersLater) {
    bus.start();
    auto lacking = bus.subscribe<Number>({.require_emitters = true});
    EXPECT_EQ(ready(lacking), event::errc::no_emitters);
    EXPECT_FALSE(lacking.try_receive());
    EXPECT_EQ(bus.stat<Number>().subscribers, 0U);
    auto emitter = bus.emitter<Number>();
    auto served = bus.subscribe<Number>({.require_emitters = true});
    EXPECT_FALSE(ready(served));
    EXPECT_EQ(emitter.emit({1}).delivered, 1U);
    EXPECT_EQ(ready(lacking), event::errc::no_emitters) << "it was too early";
}

TEST_F(Start, NobodyNoticesWhoDoesNotAsk) {
    auto subscription = bus.subscribe<Number>();
    auto emitter = bus.emitter<Number>();
    emitter.emit({1});
    bus.start();
    bus.start();
    emitter.emit({2});
    EXPECT_EQ(numbers(subscription), (std::vector{1, 2}));
}

TEST_F(Start, LetsTwoServicesWaitForEachOther) {
    // F48: each registers what it emits before it waits for the other
    auto one_emits = bus.emitter<Number>();
    auto one = bus.subscribe<Letter>({.require_emitters = true});
    auto other_emits = bus.emitter<Letter>();
    auto other = bus.subscribe<Number>({.require_emitters = true});
    bus.start();
    EXPECT_FALSE(ready(one));
    EXPECT_FALSE(ready(other));
}

TEST_F(Start, EmitsARetainedEventOnce) {
    auto early = bus.subscribe<event::BusStarted>();
    bus.start();
    bus.start();
    auto late = bus.subscribe<event::BusStarted>();
    EXPECT_EQ(take_all(early).size(), 1U);
    const auto replayed = take_all(late);
    ASSERT_EQ(replayed.size(), 1U);
    EXPECT_TRUE(replayed[0].replayed());
    EXPECT_EQ(bus.stat<event::BusStarted>().emitters, 0U);
}

TEST_F(Start, ThatNeverComesIsAnErrorForWhoWaits) {
    auto closed = bus.subscribe<Number>();
    auto drained = bus.subscribe<Number>();
    auto killed = bus.subscribe<Number>({.capacity = 1, .on_full = event::Kill{}});
    auto by_bus = bus.subscribe<Letter>();
    auto emitter = bus.emitter<Number, Letter>();
    Completion<bool> closed_ready;
    Completion<bool> drained_ready;
    Completion<bool> killed_ready;
    Completion<bool> bus_ready;
    closed.async_ready(closed_ready.handler());
    drained.async_ready(drained_ready.handler());
    killed.async_ready(killed_ready.handler());
    by_bus.async_ready(bus_ready.handler());
    emitter.emit(Number{1});
    emitter.emit(Number{2});
    emitter.emit(Letter{});
    closed.close();
    drained.close_after_drain();
    drive(io);
    EXPECT_EQ(closed_ready.error(), event::errc::closed);
    EXPECT_EQ(drained_ready.error(), event::errc::closed) << "although events are still queued";
    EXPECT_EQ(killed_ready.error(), event::errc::killed);
    EXPECT_TRUE(bus_ready.pending());
    bus.close();
    bus.start();
    drive(io);
    EXPECT_EQ(bus_ready.error(), event::errc::closed);
    EXPECT_EQ(take_all(by_bus).size(), 1U);
}

TEST_F(Start, WaitingForItIsAnOperationLikeOthers) {
    asio::cancellation_signal signal;
    auto subscription = bus.subscribe<Number>();
    Completion<bool> cancelled;
    Completion<event::Delivery<Number>> receive;
    subscription.async_ready(asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
    subscription.async_receive(receive.handler());
    drive(io);
    signal.emit(asio::cancellation_type::terminal);
    drive(io);
    EXPECT_EQ(cancelled.error(), asio::error::operation_aborted);
    EXPECT_TRUE(receive.pending()) << "it goes on beside it";

    Completion<bool> destroyed;
    auto context = std::make_unique<asio::io_context>();
    event::EventBus dying(*context);
    auto there = dying.subscribe<Number>();
    there.async_ready(destroyed.handler());
    context.reset();
    EXPECT_TRUE(destroyed.destroyed());
    auto moved = std::move(there);
    EXPECT_TRUE(there.missing_emitters().empty());  // NOLINT(bugprone-use-after-move)
}

}  // namespace bus_test
