#include "support.hpp"

#include <event/clock.hpp>
#include <event/latest_by.hpp>
#include <event/retain_by.hpp>
#include <event/where_key.hpp>

#include <string>
#include <vector>

/// Events that come from elsewhere: what was lost on their way, and what was retained there, is said here.

namespace relay_test {

using namespace support;

struct Joined {
    std::string room;
    int number = 0;
};

class Relaying : public testing::Test {
protected:
    asio::io_context io_;
    int told_ = 0;
    event::EventBus bus_{io_, {.on_slow_subscriber = [this](const auto&) { ++told_; }}};
    event::Emitter<Number, Text> emitter_ = bus_.emitter<Number, Text>();
};

TEST_F(Relaying, TellsEachSubscriberWhatWasLostOnTheWay) {
    auto one = bus_.subscribe<Number>();
    auto both = bus_.subscribe<Number, Text>();
    auto all = bus_.subscribe<event::AnyEvent>();
    emitter_.emit(Number{1});
    const auto result = emitter_.relay<Number>({2}, {.missed = 7});
    EXPECT_EQ(result.delivered, 3U);
    EXPECT_EQ(result.refused, 0U) << "the result is of this event";
    EXPECT_EQ(one.try_receive()->missed(), 0U);
    EXPECT_EQ(one.try_receive()->missed(), 7U);
    EXPECT_EQ(both.try_receive()->missed(), 0U);
    EXPECT_EQ(both.try_receive()->missed(), 7U);
    EXPECT_EQ(all.try_receive()->missed(), 0U);
    EXPECT_EQ(all.try_receive()->missed(), 7U);
    EXPECT_EQ(one.stat().lost, 7U);
    EXPECT_EQ(bus_.stat<Number>().lost, 21U);
}

TEST_F(Relaying, OfAnEventThatIsSharedToo) {
    auto texts = bus_.subscribe<Text>();
    emitter_.relay<Text>({"a"}, {.missed = 2});
    const Text text{"b"};
    emitter_.relay<Text>(text, {.missed = 0, .replayed = true});
    const auto first = texts.try_receive();
    EXPECT_EQ((*first)->value, "a");
    EXPECT_EQ(first->missed(), 2U);
    EXPECT_FALSE(first->replayed());
    const auto second = texts.try_receive();
    EXPECT_EQ((*second)->value, "b");
    EXPECT_EQ(second->missed(), 0U);
    EXPECT_TRUE(second->replayed());
}

TEST_F(Relaying, OfSeveralEventsIsOneEmit) {
    const auto other = bus_.emitter<Number>();
    auto numbers =
        bus_.subscribe<Number>({}, event::where([&, seen = 0](const Number&) mutable { return ++seen != 2; }));
    auto texts = bus_.subscribe<Text>();
    const std::vector<Number> three{{1}, {2}, {3}};
    const auto result = emitter_.relay_all<Number>(three, {.missed = 7, .replayed = true});
    EXPECT_EQ(result.delivered, 2U);
    EXPECT_EQ(result.rejected, 1U) << "the sums";
    const auto first = numbers.try_receive(), second = numbers.try_receive();
    ASSERT_TRUE(first && second);
    EXPECT_EQ((*first)->value, 1);
    EXPECT_EQ(first->missed(), 7U);
    EXPECT_TRUE(first->replayed() && first->relayed() && second->replayed() && second->relayed());
    EXPECT_EQ((*second)->value, 3);
    EXPECT_EQ(second->missed(), 0U) << "they were lost before the first";
    EXPECT_EQ(second->sequence(), first->sequence() + 2) << "with nothing in between";
    EXPECT_EQ(second->emitter(), emitter_.id());

    const std::vector<Text> two{{"a"}, {"b"}};
    EXPECT_EQ(emitter_.relay_all<Text>(two, {}).delivered, 2U);
    EXPECT_EQ(emitter_.relay_all<Text>(two, {.missed = 3}).delivered, 2U);
    std::string came;
    while (const auto text = texts.try_receive()) came += (*text)->value + std::to_string(text->missed());
    EXPECT_EQ(came, "a0b0a3b0");
    EXPECT_EQ(emitter_.relay_all<Text>({}, {.missed = 3}).delivered, 0U);
    bus_.close();
    EXPECT_EQ(emitter_.relay_all<Text>(two, {}).error, event::errc::closed);
}

TEST_F(Relaying, AddsWhatWasLostHere) {
    auto slow = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Drop{}});
    emitter_.emit(Number{1});
    emitter_.relay<Number>({2}, {.missed = 3});
    EXPECT_EQ(slow.stat().gap, 4U);
    EXPECT_EQ(slow.try_receive()->missed(), 0U);
    emitter_.emit(Number{3});
    EXPECT_EQ(slow.try_receive()->missed(), 4U);
}

TEST_F(Relaying, IsNoFaultOfTheSubscribers) {
    auto told = bus_.subscribe<Number>();
    auto killed = bus_.subscribe<Number>({.on_full = event::Kill{}});
    emitter_.relay<Number>({1}, {.missed = 1'000});
    EXPECT_EQ(told_, 0);
    EXPECT_EQ(killed.try_receive()->missed(), 1'000U);
    EXPECT_EQ(told.stat().lost, 1'000U);
}

TEST_F(Relaying, CountsForWhoFiltersAndChoosesToo) {
    auto rooms = bus_.emitter<Joined>();
    auto chosen = bus_.subscribe<Joined>({}, event::where_key(&Joined::room, "a", "b"));
    auto filtered = bus_.subscribe<Joined>({}, event::where([](const Joined& joined) { return joined.number > 0; }));
    rooms.relay<Joined>({"a", 1}, {.missed = 2});
    EXPECT_EQ(chosen.try_receive()->missed(), 2U) << "once, though it has two keys";
    EXPECT_EQ(filtered.try_receive()->missed(), 2U);
    rooms.relay<Joined>({"c", 1}, {.missed = 5});
    EXPECT_EQ(chosen.stat().gap, 5U);
}

TEST_F(Relaying, SaysThatAnEventIsOldAndYetCountsItAgainstTheCapacity) {
    for (const event::Backpressure& policy :
         {event::Backpressure(event::DropOldest{}), event::Backpressure(event::Drop{})}) {
        auto numbers = bus_.subscribe<Number>({.capacity = 2, .on_full = policy});
        for (int i = 1; i <= 5; ++i) emitter_.relay<Number>({i}, {.replayed = true});
        EXPECT_EQ(numbers.stat().size, 2U);
        EXPECT_EQ(numbers.stat().lost, 3U);
        EXPECT_TRUE(numbers.try_receive()->replayed());
        EXPECT_TRUE(numbers.try_receive()->replayed());
        EXPECT_FALSE(numbers.try_receive());
        emitter_.emit(Number{6});
        EXPECT_FALSE(numbers.try_receive()->replayed());
    }
}

TEST_F(Relaying, TellsAFilterAndAHandler) {
    std::vector<bool> seen, handled;
    auto filtered = bus_.subscribe<Number>({}, event::where([&](const Number&, const event::Meta& meta) {
                                               seen.push_back(meta.replayed);
                                               return true;
                                           }));
    auto push =
        bus_.subscribe<Number>({}, [&](const Number&, const event::Meta& meta) { handled.push_back(meta.replayed); });
    emitter_.relay<Number>({1}, {.replayed = true});
    emitter_.relay<Number>({2}, {});
    drive(io_);
    EXPECT_THAT(seen, testing::ElementsAre(true, false));
    EXPECT_THAT(handled, testing::ElementsAre(true, false));
}

TEST_F(Relaying, KeepsWhoseItIs) {
    auto numbers = bus_.subscribe<Number>();
    auto others = bus_.subscribe<Number>({}, event::not_from(emitter_));
    emitter_.relay<Number>({1}, {.missed = 1, .replayed = true});
    EXPECT_EQ(numbers.try_receive()->emitter(), emitter_.id());
    EXPECT_FALSE(others.try_receive());
    EXPECT_EQ(others.stat().rejected, 1U);
}

TEST_F(Relaying, SaysThatItComesFromElsewhere) {
    std::vector<bool> handled;
    auto retaining = bus_.emitter<Text>({.retain = true});
    auto rooms = bus_.emitter<Joined>({}, event::retain_by(&Joined::room));
    auto numbers = bus_.subscribe<Number>();
    auto all = bus_.subscribe<event::AnyEvent>();
    auto push =
        bus_.subscribe<Number>([&](const Number&, const event::Meta& meta) { handled.push_back(meta.relayed); });
    emitter_.relay<Number>({1}, {});
    emitter_.emit(Number{2});
    emitter_.relay<Text>({"x"}, {.replayed = true});
    rooms.relay({"a", 1}, {});
    drive(io_);
    EXPECT_TRUE(numbers.try_receive()->relayed());
    EXPECT_FALSE(numbers.try_receive()->relayed());
    EXPECT_THAT(handled, testing::ElementsAre(true, false));
    EXPECT_TRUE(all.try_receive()->relayed());
    EXPECT_TRUE(bus_.subscribe<Text>().try_receive()->relayed()) << "also as one that is retained";
    EXPECT_TRUE(bus_.subscribe<Joined>().try_receive()->relayed());
}

TEST_F(Relaying, IsNothingToWhoWantsWhatIsTheBussOwn) {
    auto own = bus_.subscribe<Number>({}, event::not_relayed());
    auto all = bus_.subscribe<event::AnyEvent>({}, event::not_relayed());
    auto chosen = bus_.subscribe<Joined>({}, event::where_key(&Joined::room, "a"), event::not_relayed());
    auto rooms = bus_.emitter<Joined>();
    const auto result = emitter_.relay<Number>({1}, {.missed = 3});
    EXPECT_EQ(result.rejected, 2U);
    rooms.relay({"a", 1}, {.missed = 2});
    emitter_.emit(Number{2});
    rooms.emit({"a", 2});
    const auto number = own.try_receive();
    EXPECT_EQ((*number)->value, 2);
    EXPECT_EQ(number->missed(), 0U) << "what was lost on the way of the others is none of its own";
    EXPECT_EQ(own.stat().lost, 0U);
    EXPECT_EQ(all.try_receive()->missed(), 0U);
    EXPECT_EQ(chosen.try_receive()->missed(), 0U);
    EXPECT_EQ(bus_.stat<Number>().lost, 0U);
}

TEST_F(Relaying, TellsNotWhoDoesNotHearTheEmitterOfItsGaps) {
    auto others = bus_.subscribe<Number>({}, event::not_from(emitter_));
    emitter_.relay<Number>({1}, {.missed = 3});
    EXPECT_EQ(others.stat().lost, 0U);
}

TEST_F(Relaying, IsRetainedAndWatched) {
    auto retaining = bus_.emitter<Text>({.retain = true});
    auto watcher = bus_.watch<Text>();
    emitter_.relay<Text>({"x"}, {.missed = 4, .replayed = true});
    EXPECT_EQ(watcher.try_get().value()->value, "x");
    auto late = bus_.subscribe<Text>();
    EXPECT_EQ(late.try_receive()->missed(), 0U) << "what was lost before it subscribed";
}

TEST_F(Relaying, OfAClosedEmitterOrBusIsAnError) {
    auto numbers = bus_.subscribe<Number>();
    auto closed = bus_.emitter<Number>();
    closed.close();
    EXPECT_EQ(closed.relay({1}, {.missed = 1}).error, event::errc::closed);
    EXPECT_EQ(numbers.stat().lost, 0U);
    bus_.close();
    EXPECT_EQ(emitter_.relay<Number>({1}, {.missed = 1}).error, event::errc::closed);
    EXPECT_EQ(numbers.stat().lost, 0U);
}

TEST_F(Relaying, NoMoreAreMissedThanCanBeSaid) {
    auto numbers = bus_.subscribe<Number>();
    emitter_.relay<Number>({1}, {.missed = std::uint64_t{1} << 40});
    EXPECT_EQ(numbers.try_receive()->missed(), (std::uint64_t{1} << 29) - 1);
    EXPECT_EQ(numbers.stat().lost, std::uint64_t{1} << 40);
}

TEST_F(Relaying, WhoWaitsIsWokenByTheEventOnly) {
    auto numbers = bus_.subscribe<Number>();
    Completion<event::Delivery<Number>> received;
    numbers.async_receive(received.handler());
    drive(io_);
    emitter_.relay<Number>({1}, {.missed = 9});
    drive(io_);
    ASSERT_TRUE(received.done());
    EXPECT_EQ(received.value().missed(), 9U);
}

// ---- what was forgotten -----------------------------------------------------------------------------------------

TEST_F(Relaying, CountsWhatIsForgotten) {
    auto retaining = bus_.emitter<Number>({.retain = true});
    const auto count = bus_.forget_count<Number>();
    EXPECT_EQ(*count.try_get().value(), 0U);
    bus_.forget<Number>();
    EXPECT_EQ(*count.try_get().value(), 0U) << "there was nothing";
    retaining.emit({1});
    bus_.forget<Number>();
    EXPECT_EQ(*count.try_get().value(), 1U);
    auto watcher = count.watch();
    EXPECT_TRUE(watcher.try_get());
    Completion<event::Snapshot<std::size_t>> get;
    watcher.async_get(get.handler());
    retaining.emit({2});
    drive(io_);
    EXPECT_TRUE(get.pending());
    bus_.forget<Number>();
    drive(io_);
    ASSERT_TRUE(get.done());
    EXPECT_EQ(*get.value(), 2U);
}

TEST_F(Relaying, CountsKeysThatAreForgotten) {
    auto rooms = bus_.emitter<Joined>({}, event::retain_by(&Joined::room));
    const auto count = bus_.forget_count<Joined>();
    rooms.emit({"a", 1});
    rooms.emit({"b", 2});
    EXPECT_FALSE(bus_.forget<Joined>("c"));
    EXPECT_EQ(*count.try_get().value(), 0U);
    EXPECT_TRUE(bus_.forget<Joined>("a"));
    EXPECT_EQ(*count.try_get().value(), 1U);
}

TEST(Clock, IsThatWhichATestMoves) {
    asio::io_context io;
    event::testing::ManualClock manual{io};
    const event::Clock clock(io);
    const auto before = clock.now();
    EXPECT_EQ(before, manual.now());
    manual.advance(std::chrono::hours(3));
    EXPECT_EQ(clock.now() - before, std::chrono::hours(3));
}

TEST(Keys, OfAWhereKeyAreThoseThatAreCompared) {
    const auto chosen = event::where_key(&Joined::room, "a", std::vector<std::string>{"b", "c"});
    const auto keys = chosen.keys_of<Joined>();
    ASSERT_EQ(keys.size(), 3U);
    EXPECT_EQ(keys[0].key, "a");
    EXPECT_EQ(keys[2].key, "c");
}

}  // namespace relay_test
