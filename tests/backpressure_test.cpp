#include "support.hpp"

#include <event/backpressure.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

namespace backpressure_test {

using namespace support;
using namespace std::chrono_literals;
using event::Drop;
using event::DropOldest;
using event::Kill;
using event::Latest;
using event::Notify;
using event::Wait;

// ---- the table: capacity × policy × steps → what was received, missed, refused, displaced, and how it ended
// -----------

struct Received {
    int value;
    std::uint64_t missed;
    friend bool operator==(const Received&, const Received&) = default;
    friend void PrintTo(const Received& received, std::ostream* out) {
        *out << received.value << " (missed " << received.missed << ")";
    }
};

struct Row {
    std::string name;
    std::size_t capacity;
    event::Backpressure on_full;
    std::string steps;  // 'e': emit the next number; 'r': receive one; 'x': close after draining
    std::vector<Received> received;
    struct {
        std::size_t refused = 0;
        std::size_t displaced = 0;
        std::size_t killed = 0;
        std::uint64_t gap = 0;  // at the end
        event::errc ended = {};
        std::size_t high_water = 0;
    } then = {};

    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class Policies : public testing::TestWithParam<Row> {};

template <class Event, class Make, class Value>
void play(const Row& row, Make make, Value value) {
    asio::io_context io;
    int reports = 0;
    event::EventBus bus(io, {.on_slow_subscriber = [&](const event::SlowSubscriber&) { ++reports; }});
    auto emitter = bus.emitter<Event>();
    auto subscription = bus.subscribe<Event>({.capacity = row.capacity, .on_full = row.on_full});

    std::vector<Received> received;
    std::size_t delivered = 0;
    std::size_t refused = 0;
    std::size_t displaced = 0;
    std::size_t killed = 0;
    int next = 0;
    error_code ended;
    const auto receive = [&] {
        Completion<event::Delivery<Event>> completion;
        subscription.async_receive(completion.handler());
        drive(io);
        if (!completion.done()) return;
        ended = completion.error();
        if (!ended) received.push_back({value(*completion.value()), completion.value().missed()});
    };
    for (char step : row.steps) {
        if (step == 'e') {
            const event::EmitResult result = emitter.emit(make(next++));
            EXPECT_EQ(result.subscribers, result.delivered + result.rejected + result.refused + result.killed);
            EXPECT_EQ(result.lost(), result.refused + result.displaced);
            delivered += result.delivered;
            refused += result.refused;
            displaced += result.displaced;
            killed += result.killed;
        } else if (step == 'r') {
            receive();
        } else {
            subscription.close_after_drain();
        }
    }
    EXPECT_EQ(received, row.received);
    EXPECT_EQ(refused, row.then.refused);
    EXPECT_EQ(displaced, row.then.displaced);
    EXPECT_EQ(killed, row.then.killed);
    EXPECT_EQ(ended, row.then.ended == event::errc{} ? error_code() : make_error_code(row.then.ended));

    const event::SubscriptionStat stat = subscription.stat();
    EXPECT_EQ(stat.policy, event::policy_of(row.on_full));
    EXPECT_EQ(stat.gap, row.then.gap);
    EXPECT_EQ(stat.lost, refused + displaced);
    EXPECT_EQ(stat.delivered, received.size());
    if (row.then.high_water != 0) {
        EXPECT_EQ(stat.high_water, row.then.high_water);
    }
    if (row.then.ended == event::errc{}) {
        EXPECT_EQ(stat.size, delivered - displaced - received.size());
    } else {
        EXPECT_EQ(stat.size, 0U);
    }
    const bool speaks_up = std::holds_alternative<Notify>(row.on_full) || std::holds_alternative<Wait>(row.on_full);
    EXPECT_EQ(reports != 0, speaks_up && refused != 0);
}

TEST_P(Policies, TreatSmallEventsAsTheTableSays) {
    play<Number>(GetParam(), [](int i) { return Number{i}; }, [](const Number& number) { return number.value; });
}

TEST_P(Policies, TreatSharedEventsAsTheTableSays) {
    play<Text>(
        GetParam(), [](int i) { return Text{std::to_string(i) + std::string(100, 'x')}; },
        [](const Text& text) { return std::stoi(text.value); });
}

INSTANTIATE_TEST_SUITE_P(
    Table, Policies,
    testing::Values(
        Row{"drop_with_room", 2, Drop{}, "eerr", {{0, 0}, {1, 0}}, {.high_water = 2}},
        Row{"drop_loses_the_new_one", 2, Drop{}, "eeerr", {{0, 0}, {1, 0}}, {.refused = 1, .gap = 1, .high_water = 2}},
        Row{"drop_shows_the_gap", 2, Drop{}, "eeeererr", {{0, 0}, {1, 0}, {4, 2}}, {.refused = 2}},
        Row{"drop_two_gaps", 1, Drop{}, "eererererr", {{0, 0}, {2, 1}, {3, 0}, {4, 0}}, {.refused = 1}},
        Row{"drop_gap_at_the_end", 1, Drop{}, "eeee", {}, {.refused = 3, .gap = 3, .high_water = 1}},
        Row{"drop_wraps_around", 3, Drop{}, "eeererererrr", {{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}}},
        Row{"drop_oldest_with_room", 2, DropOldest{}, "eerr", {{0, 0}, {1, 0}}},
        Row{"drop_oldest_loses_the_old_one",
            2,
            DropOldest{},
            "eeerr",
            {{1, 1}, {2, 0}},
            {.displaced = 1, .high_water = 2}},
        Row{"drop_oldest_adds_up", 2, DropOldest{}, "eeeeeerr", {{4, 4}, {5, 0}}, {.displaced = 4}},
        Row{"drop_oldest_capacity_one", 1, DropOldest{}, "eeer", {{2, 2}}, {.displaced = 2}},
        Row{"drop_oldest_between_receives", 2, DropOldest{}, "eeereerr", {{1, 1}, {3, 1}, {4, 0}}, {.displaced = 2}},
        Row{"latest_keeps_one", 64, Latest{}, "eeer", {{2, 2}}, {.displaced = 2, .high_water = 1}},
        Row{"latest_ignores_the_capacity", 1, Latest{}, "erer", {{0, 0}, {1, 0}}},
        Row{"latest_counts_anew", 3, Latest{}, "eereeerr", {{1, 1}, {4, 2}}, {.displaced = 3}},
        Row{"kill_with_room", 2, Kill{}, "eerr", {{0, 0}, {1, 0}}},
        Row{"kill_when_full", 2, Kill{}, "eeer", {}, {.killed = 1, .ended = event::errc::killed}},
        Row{"kill_is_for_ever", 1, Kill{}, "eeerrr", {}, {.killed = 1, .ended = event::errc::killed}},
        Row{"kill_after_reading", 1, Kill{}, "ereer", {{0, 0}}, {.killed = 1, .ended = event::errc::killed}},
        Row{"notify_loses_the_new_one", 2, Notify{}, "eeerr", {{0, 0}, {1, 0}}, {.refused = 1, .gap = 1}},
        Row{"notify_shows_the_gap", 1, Notify{}, "eeerer", {{0, 0}, {3, 2}}, {.refused = 2}},
        Row{"wait_refuses_a_plain_emit", 1, Wait{}, "eerer", {{0, 0}, {2, 1}}, {.refused = 1}},
        Row{"drained_ends_as_closed", 4, Drop{}, "eexrrr", {{0, 0}, {1, 0}}, {.ended = event::errc::closed}},
        Row{"drained_takes_nothing_new", 4, Drop{}, "exerr", {{0, 0}}, {.ended = event::errc::closed}},
        Row{"drained_when_empty", 4, DropOldest{}, "xr", {}, {.ended = event::errc::closed}},
        Row{"latest_drains", 4, Latest{}, "eexrr", {{1, 1}}, {.displaced = 1, .ended = event::errc::closed}}),
    [](const auto& row) { return row.param.name; });

// ---- what the table cannot say --------------------------------------------------------------------------------------

TEST(Latest, KeepsOneOfEachTypeInTheOrderOfEmission) {
    asio::io_context io;
    event::EventBus bus(io);
    auto emitter = bus.emitter<Number, Letter, Text>();
    auto subscription = bus.subscribe<Number, Letter, Text>({.capacity = 1, .on_full = Latest{}});
    emitter.emit(Number{1});
    emitter.emit(Text{"old"});
    emitter.emit(Letter{'a'});
    emitter.emit(Number{2});
    emitter.emit(Text{"new"});

    auto all = take_all(subscription);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].get_if<Letter>()->value, 'a');
    EXPECT_EQ(all[1].get_if<Number>()->value, 2);
    EXPECT_EQ(all[1].missed(), 1U);
    EXPECT_EQ(all[2].get_if<Text>()->value, "new");
    EXPECT_EQ(all[2].missed(), 1U);
    EXPECT_LT(all[0].sequence(), all[1].sequence());
    EXPECT_LT(all[1].sequence(), all[2].sequence());
}

TEST(Kill, EndsAPendingReceiveAndReleasesTheQueue) {
    asio::io_context io;
    event::EventBus bus(io);
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>({.capacity = 1, .on_full = Kill{}});
    Completion<bool> closed;
    subscription.async_closed(closed.handler());
    emitter.emit({1});
    EXPECT_EQ(emitter.emit({2}).killed, 1U);
    EXPECT_EQ(emitter.emit({3}).subscribers, 0U) << "a killed subscription is gone at once";
    EXPECT_EQ(bus.stat<Number>().subscribers, 0U);
    drive(io);
    ASSERT_TRUE(closed.done());
    EXPECT_EQ(closed.error(), event::errc::killed);
    subscription.close();
    Completion<event::Delivery<Number>> receive;
    subscription.async_receive(receive.handler());
    drive(io);
    EXPECT_EQ(receive.error(), event::errc::killed) << "closing does not change why it ended";
}

TEST(Kill, LeavesAllTopicsOfTheSubscriptionAndNoOther) {
    asio::io_context io;
    event::EventBus bus(io);
    auto emitter = bus.emitter<Number, Letter>();
    auto doomed = bus.subscribe<Letter, Number>({.capacity = 1, .on_full = Kill{}});
    auto before = bus.subscribe<Number>();
    auto doomed_too = bus.subscribe<Number>({.capacity = 1, .on_full = Kill{}});
    auto after = bus.subscribe<Number, Letter>();
    emitter.emit(Number{1});
    const event::EmitResult result = emitter.emit(Number{2});
    EXPECT_EQ(result.subscribers, 4U);
    EXPECT_EQ(result.killed, 2U);
    EXPECT_EQ(result.delivered, 2U);
    EXPECT_EQ(bus.stat<Number>().subscribers, 2U);
    EXPECT_EQ(bus.stat<Letter>().subscribers, 1U);
    EXPECT_EQ(emitter.emit(Letter{'a'}).delivered, 1U);
    EXPECT_EQ(numbers(before), (std::vector{1, 2}));
    EXPECT_EQ(take_all(after).size(), 3U);
}

TEST(KillAfter, PutsUpWithAFullQueueForSoLong) {
    asio::io_context io;
    event::testing::ManualClock clock(io);
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    for (const bool is_linked : {false, true}) {
        const event::SubscriptionOptions options{.capacity = 2, .on_full = event::Kill{.after = 100ms}};
        auto subscription =
            is_linked
                ? bus.subscribe<Number>(options, event::latest_by([](const Number& number) { return number.value; }))
                : bus.subscribe<Number>(options);
        clock.advance(1s);
        emitter.emit({1});
        clock.advance(1s);
        emitter.emit({2});  // it is full from here on
        clock.advance(99ms);
        EXPECT_EQ(emitter.emit({3}).refused, 1U) << is_linked;
        EXPECT_TRUE(subscription.is_open());
        EXPECT_EQ(subscription.try_receive().value()->value, 1);
        clock.advance(1s);
        EXPECT_EQ(emitter.emit({4}).delivered, 1U) << "it had room meanwhile";
        clock.advance(99ms);
        EXPECT_EQ(emitter.emit({5}).refused, 1U);
        clock.advance(1ms);
        EXPECT_EQ(emitter.emit({6}).killed, 1U);
        EXPECT_FALSE(subscription.is_open());
        EXPECT_TRUE(subscription.stat().killed);
        EXPECT_EQ(subscription.stat().lost, 2U);
        EXPECT_FALSE(subscription.try_receive());
    }
}

TEST(KillAfter, SaysWhatWasLostMeanwhile) {
    asio::io_context io;
    event::testing::ManualClock clock(io);
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>({.capacity = 1, .on_full = event::Kill{.after = 1h}});
    auto shared = subscription.share();
    for (int i = 0; i < 4; ++i) emitter.emit({i});
    EXPECT_EQ(shared.try_receive().value()->value, 0);
    emitter.emit({4});
    EXPECT_EQ(subscription.try_receive().value().missed(), 3U);
}

TEST(KillAfter, CountsFromWhenItWasFullAlsoWhereNewerOnesTakeThePlacesOfOthers) {
    asio::io_context io;
    event::testing::ManualClock clock(io);
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>({.capacity = 2, .on_full = event::Kill{.after = 100ms}},
                                              event::latest_by([](const Number& number) { return number.value; }));
    emitter.emit({1});
    emitter.emit({2});  // it is full from here on
    for (int i = 0; i < 2; ++i) {
        clock.advance(50ms);
        EXPECT_EQ(emitter.emit({1}).displaced, 1U);
    }
    EXPECT_EQ(emitter.emit({3}).killed, 1U);
}

TEST(KillAfter, IsAtOnceWithoutPatience) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    for (const auto after : {0ns, -1ns}) {
        auto subscription = bus.subscribe<Number>({.capacity = 1, .on_full = event::Kill{.after = after}});
        emitter.emit({1});
        EXPECT_EQ(emitter.emit({2}).killed, 1U);
    }
}

TEST(Notify, CallsOncePerEpisodeOnTheEmittersStack) {
    asio::io_context io;
    event::EventBus bus(io);
    auto emitter = bus.emitter<Number>();
    std::vector<event::SlowSubscriber> calls;
    auto subscription =
        bus.subscribe<Number>({.capacity = 2,
                               .on_full = Notify{[&](const event::SlowSubscriber& slow) { calls.push_back(slow); }},
                               .name = "dht"});
    for (int i = 0; i < 5; ++i) emitter.emit({i});
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].name, "dht");
    EXPECT_EQ(calls[0].type, event::name_of<Number>());
    EXPECT_EQ(calls[0].capacity, 2U);
    EXPECT_EQ(calls[0].lost, 1U);
    EXPECT_EQ(calls[0].episodes, 1U);

    // room, but the queue has not been empty: the same episode
    ASSERT_TRUE(subscription.try_receive());
    emitter.emit({5});
    emitter.emit({6});
    EXPECT_EQ(calls.size(), 1U);

    // it has been empty: the next loss opens another one
    EXPECT_EQ(numbers(subscription), (std::vector{1, 5}));
    for (int i = 7; i < 10; ++i) emitter.emit({i});
    ASSERT_EQ(calls.size(), 2U);
    EXPECT_EQ(calls[1].episodes, 2U);
    EXPECT_EQ(calls[1].lost, 5U);
}

TEST(Notify, MayEmitSubscribeAndCloseFromTheCallback) {
    asio::io_context io;
    event::EventBus bus(io);
    auto emitter = bus.emitter<Number>();
    std::optional<event::Subscription<Number>> subscription;
    int calls = 0;
    const Notify restart{[&](const event::SlowSubscriber&) {
        ++calls;
        subscription.reset();
        subscription.emplace(bus.subscribe<Number>({.capacity = 4}));
        EXPECT_EQ(emitter.emit({100}).delivered, 1U);
    }};
    subscription.emplace(bus.subscribe<Number>({.capacity = 1, .on_full = restart}));
    emitter.emit({1});
    EXPECT_EQ(emitter.emit({2}).refused, 1U);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(numbers(*subscription), (std::vector{100}));
}

TEST(Notify, AnEpisodeThatOpensDuringTheCallGivesOneFurtherCall) {
    asio::io_context io;
    event::EventBus bus(io);
    auto emitter = bus.emitter<Number>();
    std::optional<event::Subscription<Number>> subscription;
    int calls = 0;
    int depth = 0;
    const Notify again{[&](const event::SlowSubscriber& slow) {
        EXPECT_EQ(++depth, 1) << "it never runs twice at once";
        if (++calls == 1) {
            while (subscription->try_receive()) {
            }
            emitter.emit({3});
            emitter.emit({4});  // a second episode
            EXPECT_EQ(slow.episodes, 1U);
        } else {
            EXPECT_EQ(slow.episodes, 2U);
        }
        --depth;
    }};
    subscription.emplace(bus.subscribe<Number>({.capacity = 1, .on_full = again}));
    emitter.emit({1});
    emitter.emit({2});
    EXPECT_EQ(calls, 2);
}

TEST(Notify, AnExceptionReachesTheEmitterAfterEverybodyWasServed) {
    asio::io_context io;
    event::EventBus bus(io);
    auto emitter = bus.emitter<Number>();
    struct Trouble {};
    int others_called = 0;
    auto first = bus.subscribe<Number>(
        {.capacity = 1, .on_full = Notify{[&](const event::SlowSubscriber&) { ++others_called; }}});
    auto thrower = bus.subscribe<Number>(
        {.capacity = 1, .on_full = Notify{[](const event::SlowSubscriber&) { throw Trouble{}; }}});
    auto last = bus.subscribe<Number>(
        {.capacity = 1, .on_full = Notify{[&](const event::SlowSubscriber&) { ++others_called; }}});
    auto waiting = bus.subscribe<Number>({.capacity = 8});
    emitter.emit({1});
    numbers(waiting);
    Completion<event::Delivery<Number>> completion;
    waiting.async_receive(completion.handler());
    EXPECT_THROW(emitter.emit({2}), Trouble);
    EXPECT_EQ(others_called, 2);
    drive(io);
    ASSERT_TRUE(completion.done());
    EXPECT_EQ(completion.value()->value, 2);
    EXPECT_NO_THROW(emitter.emit({3})) << "one call for each episode, and the bus works on";
}

TEST(Notify, CloseWaitsForACallbackOnAnotherThread) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>();
    for (int round = 0; round < 10; ++round) {
        std::promise<void> entered;
        std::promise<void> may_leave;
        std::atomic<bool> has_left = false;
        auto subscription = bus.subscribe<Number>({.capacity = 1, .on_full = Notify{[&](const event::SlowSubscriber&) {
                                                                      entered.set_value();
                                                                      may_leave.get_future().wait();
                                                                      has_left = true;
                                                                  }}});
        emitter.emit({1});
        std::thread emitting([&] { emitter.emit({2}); });
        entered.get_future().wait();
        bool had_left = false;
        std::thread closing([&] {
            subscription.close();
            had_left = has_left;
        });
        while (emitter.emit({3}).subscribers != 0) std::this_thread::yield();  // until close() is under way
        for (int i = 0; i < 100; ++i) std::this_thread::yield();
        may_leave.set_value();
        closing.join();
        EXPECT_TRUE(had_left) << "the callback was still running when close() returned";
        emitting.join();
    }
}

TEST(Notify, WithoutACallbackTellsTheBus) {
    asio::io_context io;
    std::vector<event::SlowSubscriber> told;
    event::EventBus bus(io, {.on_slow_subscriber = [&](const event::SlowSubscriber& slow) { told.push_back(slow); }});
    auto emitter = bus.emitter<Number>();
    auto named = bus.subscribe<Number>({.capacity = 1, .name = "address book"});
    auto unnamed = bus.subscribe<Number>({.capacity = 1});
    emitter.emit({1});
    emitter.emit({2});
    emitter.emit({3});
    ASSERT_EQ(told.size(), 2U);
    std::vector<std::string> names{told[0].name, told[1].name};
    EXPECT_THAT(names, testing::UnorderedElementsAre("address book", testing::HasSubstr("backpressure_test.cpp:")));
}

TEST(Notify, SaysItOnStderrAtEachDoublingOfTheEpisodes) {
    asio::io_context io;
    event::EventBus bus(io);
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>({.capacity = 1, .name = "sleepy"});
    testing::internal::CaptureStderr();
    for (int episode = 0; episode < 9; ++episode) {
        emitter.emit({1});
        emitter.emit({2});
        numbers(subscription);
    }
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 4) << said;  // episodes 1, 2, 4 and 8
    EXPECT_THAT(said, testing::HasSubstr("sleepy"));
    EXPECT_THAT(said, testing::HasSubstr(std::string(event::name_of<Number>())));
}

TEST(Wait, LosesNothingThroughAsyncEmit) {
    asio::io_context io;
    event::EventBus bus(io);
    auto emitter = bus.emitter<Number>();
    auto subscription = bus.subscribe<Number>({.capacity = 2, .on_full = Wait{}});
    std::vector<Completion<event::EmitResult>> emits(5);
    for (int i = 0; i < 5; ++i) emitter.async_emit({i}, emits[static_cast<std::size_t>(i)].handler());
    drive(io);
    EXPECT_TRUE(emits[0].done());
    EXPECT_TRUE(emits[1].done());
    EXPECT_TRUE(emits[2].pending());
    EXPECT_EQ(emitter.emit({99}).refused, 1U) << "a plain emit finds the queue full";
    std::vector<int> received;
    for (int i = 0; i < 5; ++i) {
        auto delivery = subscription.try_receive();
        ASSERT_TRUE(delivery);
        received.push_back((*delivery)->value);
        drive(io);
    }
    EXPECT_EQ(received, (std::vector{0, 1, 2, 3, 4}));
    for (auto& emit : emits) {
        ASSERT_TRUE(emit.done());
        EXPECT_FALSE(emit.error());
        EXPECT_EQ(emit.value().delivered, 1U);
    }
}

}  // namespace backpressure_test
