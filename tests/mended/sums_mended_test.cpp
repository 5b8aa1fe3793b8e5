/// What was lost stays known when the subscription goes: monotone sums in topics and reports.

#include "../stress/scale.hpp"
#include "../support.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

namespace sums_mended_test {

using namespace support;

void ignore(const event::SlowSubscriber&) {}

/// In the order of `event::Policy`.
const std::vector<event::Backpressure> policies{event::Notify{ignore}, event::Drop{}, event::DropOldest{},
                                                event::Latest{},       event::Kill{}, event::Wait{}};

class SumsThatOutliveSubscriptions : public testing::TestWithParam<event::Policy> {
protected:
    [[nodiscard]] static event::SubscriptionOptions options(std::size_t capacity) {
        return {.capacity = capacity, .on_full = policies[static_cast<std::size_t>(GetParam())]};
    }
    void add(const event::EmitResult& result) {
        sum_.delivered += result.delivered;
        sum_.rejected += result.rejected;
        sum_.refused += result.refused;
        sum_.displaced += result.displaced;
        sum_.killed += result.killed;
    }
    /// A plain emit, a batch, an async_emit, and one that passes by.
    void emit_in_all_ways() {
        for (int i = 0; i < 3; ++i) add(emitter_.emit({i}));
        add(emitter_.emit_all(std::vector<Number>{{3}, {4}, {5}}));
        Completion<event::EmitResult> emit;
        other_.async_emit(Text{"text"}, asio::detached);  // of another type: not counted here
        emitter_.async_emit(Number{6}, emit.handler());
        drive(io_);
        if (emit.done()) add(emit.value());
    }

    asio::io_context io_;
    event::EventBus bus_{io_, {.on_slow_subscriber = ignore}};
    event::Emitter<Number> emitter_ = bus_.emitter<Number>();
    event::Emitter<Text> other_ = bus_.emitter<Text>();
    event::EmitResult sum_;
};

TEST_P(SumsThatOutliveSubscriptions, OfATopicAreThoseOfItsEmits) {
    // the sum of EmitResult::lost() over all its emits
    std::optional<event::Subscription<Number>> subscription(bus_.subscribe<Number>(options(2)));
    auto odd = bus_.subscribe<Number>(options(1), event::where([](const Number& n) { return n.value % 2 == 1; }));
    emit_in_all_ways();
    EXPECT_EQ(bus_.stat<Number>().lost, sum_.lost());
    EXPECT_EQ(bus_.stat<Text>().lost, 0U);
    subscription.reset();
    odd.close();
    drive(io_);
    EXPECT_EQ(bus_.stat<Number>().lost, sum_.lost()) << "closing loses nothing to an emit";
    for (const auto& topic : bus_.report().topics) {
        if (topic.name == event::name_of<Number>()) {
            EXPECT_EQ(topic.lost, sum_.lost());
        }
    }
}

TEST_P(SumsThatOutliveSubscriptions, OfTheBusAreThoseOfAllSubscriptionsThatThereAre) {
    // as long as all of them are there
    auto one = bus_.subscribe<Number>(options(2));
    auto two = bus_.subscribe<Number, Text>(options(3), event::where([](const Number& n) { return n.value < 4; }));
    emit_in_all_ways();
    static_cast<void>(one.try_receive());
    const auto report = bus_.report();
    const auto first = one.stat(), second = two.stat();
    EXPECT_EQ(report.delivered, first.delivered + second.delivered);
    EXPECT_EQ(report.lost, first.lost + second.lost);
    EXPECT_EQ(report.rejected, first.rejected + second.rejected);
    EXPECT_EQ(report.discarded, first.discarded + second.discarded);
    EXPECT_EQ(report.rejected, sum_.rejected);
}

TEST_P(SumsThatOutliveSubscriptions, OfTheBusStayWhenTheyGo) {
    // closed, destroyed, and drained
    event::BusReport before;
    std::size_t queued = 0;
    {
        auto one = bus_.subscribe<Number>(options(2));
        auto two = bus_.subscribe<Number>(options(3), event::where([](const Number& n) { return n.value < 4; }));
        auto three = bus_.subscribe<Number>(options(3));
        emit_in_all_ways();
        static_cast<void>(one.try_receive());
        static_cast<void>(take_all(three));
        three.close_after_drain();
        before = bus_.report();
        queued = one.stat().size + two.stat().size;
        one.close();
    }
    drive(io_);
    const auto after = bus_.report();
    EXPECT_TRUE(after.subscriptions.empty());
    EXPECT_EQ(after.delivered, before.delivered);
    EXPECT_EQ(after.lost, before.lost);
    EXPECT_EQ(after.rejected, before.rejected);
    EXPECT_EQ(after.discarded, before.discarded + queued);
    bus_.close();
    EXPECT_EQ(bus_.report().lost, before.lost);
    EXPECT_EQ(bus_.report().delivered, before.delivered);
}

TEST_P(SumsThatOutliveSubscriptions, SayWhereEveryQueuedEventIs) {
    // received, displaced, discarded, or still there
    auto subscription = bus_.subscribe<Number>(options(3));
    for (int i = 0; i < 2; ++i) add(emitter_.emit({i}));
    static_cast<void>(subscription.try_receive());
    for (int i = 0; i < 5; ++i) add(emitter_.emit({i}));
    auto stat = subscription.stat();
    EXPECT_EQ(sum_.delivered, stat.delivered + sum_.displaced + stat.discarded + stat.size);
    subscription.close();
    stat = subscription.stat();
    EXPECT_EQ(stat.size, 0U);
    EXPECT_EQ(sum_.delivered, stat.delivered + sum_.displaced + stat.discarded);
    const auto report = bus_.report();
    EXPECT_EQ(report.delivered, stat.delivered);
    EXPECT_EQ(report.discarded, stat.discarded);
}

TEST_P(SumsThatOutliveSubscriptions, CountWhatADrainingOneWasNotAskedFor) {
    // destroyed before anybody received it
    {
        auto subscription = bus_.subscribe<Number>(options(3));
        add(emitter_.emit({1}));
        subscription.close_after_drain();
        EXPECT_EQ(subscription.stat().discarded, 0U);
    }
    EXPECT_EQ(bus_.report().discarded, 1U);
    EXPECT_EQ(bus_.report().delivered, 0U);
}

TEST_P(SumsThatOutliveSubscriptions, CountSharedEventsOfPushSubscriptionsAlike) {
    // received by a handler; then closed with a queue that nobody read
    int calls = 0;
    {
        auto subscription = bus_.subscribe<Text>(options(3), [&](const Text&) { ++calls; });
        other_.emplace("handled");
        drive(io_);
        other_.emplace("discarded");
    }
    drive(io_);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(bus_.report().delivered, 1U);
    EXPECT_EQ(bus_.report().discarded, 1U);
}

constexpr const char* policy_names[] = {"Notify", "Drop", "DropOldest", "Latest", "Kill", "Wait"};
INSTANTIATE_TEST_SUITE_P(Mended, SumsThatOutliveSubscriptions,
                         testing::Values(event::Policy::notify, event::Policy::drop, event::Policy::drop_oldest,
                                         event::Policy::latest, event::Policy::kill, event::Policy::wait),
                         [](const auto& tested) { return policy_names[static_cast<std::size_t>(tested.param)]; });

class Sums : public testing::Test {
protected:
    asio::io_context io_;
    event::EventBus bus_{io_, {.on_slow_subscriber = ignore}};
    event::Emitter<Number> emitter_ = bus_.emitter<Number>();
};

TEST_F(Sums, OfAKilledQueueCountItAsDiscarded) {
    // what was queued; that the last event killed it is no loss of its own
    auto subscription = bus_.subscribe<Number>({.capacity = 2, .on_full = event::Kill{}});
    for (int i = 0; i < 2; ++i) emitter_.emit({i});
    EXPECT_EQ(emitter_.emit({3}).killed, 1U);
    EXPECT_EQ(subscription.stat().discarded, 2U);
    EXPECT_EQ(subscription.stat().delivered, 0U);
    EXPECT_EQ(bus_.report().discarded, 2U);
    subscription.close();
    EXPECT_EQ(bus_.report().discarded, 2U) << "once";
    EXPECT_EQ(bus_.report().delivered, 0U);
}

/// What implements a behaviour: small, and large.
struct Base {};
struct Small : Base {
    using event_interfaces = event::Interfaces<Base>;
};
struct Large : Base {
    using event_interfaces = event::Interfaces<Base>;
    std::string text;
};

/// Of a queue with the policy Kill, which each event reaches in one way, or in two.
template <class T>
class TheSumsOfAKill : public testing::Test {
protected:
    template <class... Ts>
    void expect_to_add_up(std::size_t capacity) {
        asio::io_context io;
        event::EventBus bus{io};
        auto emitter = bus.emitter<T>();
        auto subscription = bus.subscribe<Ts...>({.capacity = capacity, .on_full = event::Kill{}});
        const auto other = bus.subscribe<T>();
        event::EmitResult sum;
        const auto expect = [&] {
            std::uint64_t queued = 0;
            const auto report = bus.report();
            for (const auto& stat : report.subscriptions) queued += stat.size;
            EXPECT_EQ(sum.subscribers,
                      report.delivered + queued + report.lost + report.rejected + report.discarded + report.killed);
            EXPECT_EQ(sum.killed, report.killed);
            EXPECT_EQ(sum.killed, bus.template stat<T>().killed);
            EXPECT_EQ(sum.killed, report.topics.front().killed);
        };
        for (int i = 0; i < 6; ++i) {
            sum += emitter.emplace();
            expect();
            if (i == 0) static_cast<void>(subscription.try_receive());
            expect();
        }
        EXPECT_EQ(sum.killed, 1U);
        subscription.close();
        expect();
    }
};
using KilledBy = testing::Types<Small, Large>;
class NameOfKiller {
public:
    template <class T>
    static std::string GetName(int) {
        return std::is_same_v<T, Small> ? "Small" : "Large";
    }
};
TYPED_TEST_SUITE(TheSumsOfAKill, KilledBy, NameOfKiller);

TYPED_TEST(TheSumsOfAKill, CountTheEventThatKills) {
    for (const std::size_t capacity : {1U, 2U, 3U}) this->template expect_to_add_up<TypeParam>(capacity);
}

TYPED_TEST(TheSumsOfAKill, CountTheEventOnceThatFilledTheQueueInTheOtherWay) {
    for (const std::size_t capacity : {1U, 2U, 3U, 4U})
        this->template expect_to_add_up<TypeParam, event::Implements<Base>>(capacity);
}

TEST_F(Sums, OfATopicCountTheLossOfSetsAndOfWhatPassesBy) {
    // whoever emits: a value, another bus, an emit that displaces another type's event
    auto value = bus_.value<Number>();
    auto letters = bus_.emitter<Letter>();
    auto subscription = bus_.subscribe<Number, Letter>({.capacity = 1, .on_full = event::DropOldest{}});
    value.set({1});
    value.set({2});
    value.update([](Number& number) { ++number.value; });
    EXPECT_EQ(bus_.stat<Number>().lost, 2U);
    EXPECT_EQ(letters.emit({'a'}).displaced, 1U);
    EXPECT_EQ(bus_.stat<Number>().lost, 2U);
    EXPECT_EQ(bus_.stat<Letter>().lost, 1U) << "of the type that was emitted";
    event::AnyEvent any;
    {
        event::EventBus other{io_};
        auto all = other.subscribe<event::AnyEvent>();
        other.emitter<Number>().emit({1});
        any = **all.try_receive();
    }
    bus_.emit(any);
    EXPECT_EQ(bus_.stat<Number>().lost, 3U);
}

TEST_F(Sums, CountWhatAWildcardAndABehaviourLose) {
    // erased subscriptions, which no topic lists
    auto all = bus_.subscribe<event::AnyEvent>({.capacity = 1, .on_full = event::Drop{}});
    for (int i = 0; i < 3; ++i) emitter_.emit({i});
    EXPECT_EQ(bus_.stat<Number>().lost, 2U);
    EXPECT_EQ(bus_.report().lost, 2U);
    all.close();
    EXPECT_EQ(bus_.report().lost, 2U);
    EXPECT_EQ(bus_.report().discarded, 1U);
}

TEST_F(Sums, CountWhatIsReplacedByKey) {
    // displaced, so lost; and what is left of it is discarded
    {
        auto newest =
            bus_.subscribe<Number>({.capacity = 4}, event::latest_by([](const Number& n) { return n.value % 2; }));
        for (int i = 0; i < 6; ++i) emitter_.emit({i});
        EXPECT_EQ(newest.stat().lost, 4U);
    }
    EXPECT_EQ(bus_.stat<Number>().lost, 4U);
    EXPECT_EQ(bus_.report().lost, 4U);
    EXPECT_EQ(bus_.report().discarded, 2U);
}

TEST_F(Sums, CountReplayedEventsThatNobodyReceived) {
    // they were queued, too
    auto retained = bus_.emitter<Text>({.retain = true});
    retained.emplace("retained");
    {
        auto subscription = bus_.subscribe<Text>();
    }
    EXPECT_EQ(bus_.report().discarded, 1U);
    EXPECT_EQ(bus_.report().lost, 0U);
}

TEST_F(Sums, CountWhatTheStartDiscards) {
    // whose emitters are missing
    auto subscription = bus_.subscribe<Number, Silent>({.require_emitters = true});
    emitter_.emit({1});
    bus_.start();
    EXPECT_EQ(subscription.stat().discarded, 1U);
    EXPECT_EQ(bus_.report().discarded, 1U);
}

TEST_F(Sums, AreNothingForWhatWasMovedFromOrNeverUsed) {
    auto subscription = bus_.subscribe<Number>();
    const auto moved = std::move(subscription);
    EXPECT_EQ(subscription.stat().discarded, 0U);  // NOLINT(bugprone-use-after-move): what is tested
    const auto report = bus_.report();
    EXPECT_EQ(report.delivered + report.lost + report.rejected + report.discarded, 0U);
}

TEST_F(Sums, NeverFallWhileSubscriptionsComeAndGo) {
    // read by a third thread meanwhile
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> delivered{0}, lost{0};
    std::thread emitting([&] {
        while (!stop) lost += emitter_.emit({1}).lost();
    });
    std::thread reading([&] {
        event::BusReport last;
        std::uint64_t last_lost = 0;
        bool fell = false;
        while (!stop) {
            const auto now = bus_.report();
            const auto of_topic = bus_.stat<Number>().lost;
            fell |= now.delivered < last.delivered || now.lost < last.lost || now.rejected < last.rejected ||
                    now.discarded < last.discarded || of_topic < last_lost;
            last = now;
            last_lost = of_topic;
        }
        EXPECT_FALSE(fell);
    });
    for (int i = 0; i < stress::rounds(2'000); ++i) {
        auto subscription = bus_.subscribe<Number>(
            {.capacity = 2, .on_full = i % 2 == 0 ? event::Backpressure(event::Drop{}) : event::DropOldest{}},
            event::where([i](const Number&) { return i % 3 != 0; }));
        for (int k = 0; k < i % 5; ++k) delivered += subscription.try_receive().has_value();
    }
    stop = true;
    emitting.join();
    reading.join();
    const auto report = bus_.report();
    EXPECT_EQ(report.delivered, delivered);
    EXPECT_EQ(report.lost, lost);
    EXPECT_EQ(bus_.stat<Number>().lost, lost);
}

}  // namespace sums_mended_test
