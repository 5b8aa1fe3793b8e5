#include "support.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// Who does not want to hear whose events. NATS promises as much for a whole connection (`no_echo`); here
/// each subscription says whom it does not hear, and what is retained is held back, too.

namespace not_from_test {

using namespace support;
using Numbers = std::vector<int>;

struct Answer {
    using event_interfaces = event::Interfaces<Answer>;
    int value = 0;
};

class NotFrom : public testing::Test {
protected:
    asio::io_context io_;
    event::EventBus bus_{io_, {.name = "bus"}};
    event::Emitter<Number> own_ = bus_.emitter<Number>({.name = "own"});
    event::Emitter<Number> other_ = bus_.emitter<Number>({.name = "other"});
};

// ---- echoes -----------------------------------------------------------------------------------------------------

TEST_F(NotFrom, OneDoesNotHearItself) {
    auto numbers = bus_.subscribe<Number>(event::not_from(own_));
    EXPECT_EQ(own_.emit({1}).rejected, 1U);
    EXPECT_EQ(other_.emit({2}).delivered, 1U);
    own_.emit_all(std::array<Number, 2>{});
    EXPECT_EQ(support::numbers(numbers), Numbers{2});
    EXPECT_EQ(numbers.stat().rejected, 3U);
    EXPECT_EQ(numbers.stat().lost, 0U);
}

/// Whatever comes and goes, it is the queue of one whom nobody else's events were offered to.
TEST_F(NotFrom, IsOtherwiseAQueueAsEveryOne) {
    const event::Backpressure policies[] = {event::Drop{}, event::Notify{}, event::Kill{}};
    std::mt19937 random(7);
    for (const event::Backpressure& policy : policies) {
        for (int run = 0; run < 200; ++run) {
            asio::io_context io;
            event::EventBus alone_bus(io, {.on_slow_subscriber = [](const auto&) {}});
            event::EventBus bus(io, {.on_slow_subscriber = [](const auto&) {}});
            const auto own = bus.emitter<Number>(), other = bus.emitter<Number>(), alone = alone_bus.emitter<Number>();
            const event::SubscriptionOptions options{.capacity = 1 + random() % 20, .on_full = policy};
            auto expected = alone_bus.subscribe<Number>(event::SubscriptionOptions(options));
            auto numbers = bus.subscribe<Number>(event::SubscriptionOptions(options), event::not_from(own));
            int woken = 0, expected_woken = 0;
            const auto wait = [](auto& on, int& count) {
                on.async_wait([&count](const auto& error) { count += error ? 0 : 1; });
            };
            for (int step = 0; step < 100; ++step) {
                const int number = run * 1'000 + step;
                switch (random() % 8) {
                    case 0:
                        own.emit({-1});
                        break;
                    case 1:
                        ASSERT_EQ(other.relay({number}, {.missed = 2}).delivered,
                                  alone.relay({number}, {.missed = 2}).delivered);
                        break;
                    case 2:
                        wait(numbers, woken);
                        wait(expected, expected_woken);
                        event::testing::drive(io);
                        ASSERT_EQ(woken, expected_woken);
                        break;
                    case 3:
                    case 4:
                        for (auto left = random() % 6; left > 0; --left) {
                            const auto came = numbers.try_receive(), should = expected.try_receive();
                            ASSERT_EQ(came.has_value(), should.has_value());
                            if (!came) break;
                            ASSERT_EQ((*came)->value, (*should)->value);
                            ASSERT_EQ(came->missed(), should->missed());
                        }
                        break;
                    default:
                        ASSERT_EQ(other.emit({number}).refused, alone.emit({number}).refused);
                        event::testing::drive(io);
                        ASSERT_EQ(woken, expected_woken);
                }
                const auto stat = numbers.stat(), should = expected.stat();
                ASSERT_EQ(stat.size, should.size);
                ASSERT_EQ(stat.lost, should.lost);
                ASSERT_EQ(stat.gap, should.gap);
                ASSERT_EQ(stat.high_water, should.high_water);
                ASSERT_EQ(numbers.is_open(), expected.is_open());
            }
        }
    }
}

TEST_F(NotFrom, HoldsOfAllTypesAndFormsOfAnEvent) {
    const auto both = bus_.emitter<Letter, Text>();
    auto received = bus_.subscribe<Letter, Text>(event::not_from(both));
    both.emit<Letter>({'a'});
    both.emit<Text>({"large"});
    both.emplace<Text>("built in place");
    EXPECT_FALSE(received.try_receive());
}

TEST_F(NotFrom, HoldsForBehavioursAndTheWildcard) {
    const auto own = bus_.emitter<Answer>();
    const auto other = bus_.emitter<Answer>();
    auto answers = bus_.subscribe<event::Implements<Answer>>(event::not_from(own));
    auto all = bus_.subscribe<event::AnyEvent>(event::not_from(own));
    own.emit({1});
    other.emit({2});
    EXPECT_EQ(answers.try_receive()->get().value, 2);
    EXPECT_FALSE(answers.try_receive());
    const auto any = all.try_receive();
    EXPECT_EQ(any->get().get_if<Answer>()->value, 2);
    EXPECT_EQ(any->get().emitter(), other.id());
    EXPECT_EQ(any->emitter(), other.id());
    EXPECT_FALSE(all.try_receive());
}

TEST_F(NotFrom, HoldsForAnEmitThatWaitsForRoom) {
    auto full = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    auto numbers = bus_.subscribe<Number>(event::not_from(own_));
    Completion<event::EmitResult> first, second;
    own_.async_emit({1}, first.handler());
    own_.async_emit({2}, second.handler());
    drive(io_);
    EXPECT_TRUE(second.pending());
    EXPECT_EQ(full.try_receive()->emitter(), own_.id());
    drive(io_);
    EXPECT_EQ(second.value().rejected, 1U);
    EXPECT_EQ(full.try_receive()->emitter(), own_.id());
    EXPECT_FALSE(numbers.try_receive());
}

TEST_F(NotFrom, HoldsForALargeEventThatWaitsForRoom) {
    const auto texts = bus_.emitter<Text>();
    auto full = bus_.subscribe<Text>({.capacity = 1, .on_full = event::Wait{}});
    auto others = bus_.subscribe<Text>(event::not_from(texts));
    Completion<event::EmitResult> first, second;
    texts.async_emit(Text{"a"}, first.handler());
    texts.async_emit(Text{"b"}, second.handler());
    drive(io_);
    static_cast<void>(full.try_receive());
    drive(io_);
    EXPECT_EQ(full.try_receive()->emitter(), texts.id());
    EXPECT_FALSE(others.try_receive());
}

TEST_F(NotFrom, HoldsForWhatIsRetainedAlsoOfOneThatIsClosed) {
    auto retained = bus_.emitter<Letter>({.retain = true});
    retained.emit({'a'});
    retained.close();
    EXPECT_FALSE(bus_.subscribe<Letter>(event::not_from(retained)).try_receive());
    EXPECT_FALSE(bus_.subscribe<event::AnyEvent>({.replay_retained = true}, event::not_from(retained)).try_receive());
    EXPECT_TRUE(bus_.subscribe<Letter>(event::not_from(own_)).try_receive());
}

TEST_F(NotFrom, HoldsForWhatPassesByAsAnAnyEvent) {
    auto wildcard = bus_.subscribe<event::AnyEvent>();
    auto numbers = bus_.subscribe<Number>(event::not_from(own_));
    own_.emit({1});
    other_.emit({2});
    const auto own = wildcard.try_receive(), others = wildcard.try_receive();
    bus_.emit(own->get());
    bus_.emit(others->get());
    EXPECT_EQ(support::numbers(numbers), (Numbers{2, 2}));
    EXPECT_EQ(wildcard.try_receive()->emitter(), own_.id());
}

TEST_F(NotFrom, WhatComesFromAnotherBusIsNobodysAndComesBackAsWhoseItWas) {
    event::EventBus mirror{io_};
    const auto taken = mirror.emitter<Number>();  // may have the same number there
    auto out = bus_.subscribe<event::AnyEvent>();
    auto there = mirror.subscribe<event::AnyEvent>(event::not_from(taken));
    auto back = bus_.subscribe<Number>(event::not_from(own_));
    own_.emit({1});
    mirror.emit(out.try_receive()->get());
    const auto mirrored = there.try_receive();
    EXPECT_EQ(mirrored->emitter(), 0U);
    EXPECT_EQ(mirrored->get().emitter(), own_.id());
    bus_.emit(mirrored->get());
    EXPECT_FALSE(back.try_receive());
}

TEST_F(NotFrom, StandsBesideAFilterAKeyAHandlerAndAnotherOfItsKind) {
    const auto third = bus_.emitter<Number>();
    Numbers handled;
    int asked = 0;
    const auto is_even = [&](const Number& number) {
        ++asked;
        return number.value % 2 == 0;
    };
    const auto numbers = bus_.subscribe<Number>([&](const Number& number) { handled.push_back(number.value); },
                                                event::not_from(own_), event::where(is_even), event::not_from(third));
    auto newest = bus_.subscribe<Number>(event::latest_by([](const Number&) { return 0; }), event::not_from(own_));
    for (int i = 0; i < 4; ++i) {
        own_.emit({i});
        third.emit({i});
        other_.emit({10 + i});
    }
    drive(io_);
    EXPECT_EQ(handled, (Numbers{10, 12}));
    EXPECT_EQ(asked, 4);  // not of those that are excluded
    EXPECT_EQ(support::numbers(newest), Numbers{13});
}

TEST_F(NotFrom, NobodyIsExcludedByAnEmitterThatIsNone) {
    auto value = bus_.value<Letter>();
    auto letters = bus_.subscribe<Letter>(event::not_from(event::Emitter<Letter>()));
    value.set({'a'});
    EXPECT_TRUE(letters.try_receive());
}

TEST_F(NotFrom, AnEmitterOfAnotherBusIsRefused) {
    event::EventBus another{io_};
    EXPECT_THROW(static_cast<void>(another.subscribe<Number>(event::not_from(own_))), std::invalid_argument);
    EXPECT_TRUE(another.report().subscriptions.empty());
}

/// Two components that copy a type to each other's bus would else send one event round for ever.
TEST_F(NotFrom, ABridgeSendsNothingBack) {
    event::EventBus far{io_};
    const auto to_far = far.emitter<Number>();
    const auto to_near = bus_.emitter<Number>();
    const auto out =
        bus_.subscribe<Number>([&](const Number& number) { to_far.emit(number); }, event::not_from(to_near));
    const auto in = far.subscribe<Number>([&](const Number& number) { to_near.emit(number); }, event::not_from(to_far));
    auto there = far.subscribe<Number>();
    auto here = bus_.subscribe<Number>();
    own_.emit({1});
    far.emitter<Number>().emit({2});
    int ran = 0;
    while (ran < 100 && io_.poll_one() != 0) ++ran;
    EXPECT_LT(ran, 100);
    EXPECT_EQ(support::numbers(there), (Numbers{2, 1}));
    EXPECT_EQ(support::numbers(here), (Numbers{1, 2}));
}

// ---- predicates that see it -------------------------------------------------------------------------------------

TEST_F(NotFrom, AFilterMaySeeWhoseItIs) {
    auto numbers = bus_.subscribe<Number>(
        event::where([id = other_.id()](const Number&, const event::Meta& meta) { return meta.emitter == id; }));
    own_.emit({1});
    other_.emit({2});
    EXPECT_EQ(support::numbers(numbers), Numbers{2});
}

TEST_F(NotFrom, AFilterMaySeeAllThatIsKnown) {
    auto retained = bus_.emitter<Letter>({.retain = true});
    retained.emit({'a'});
    std::vector<event::Meta> seen;
    auto letters = bus_.subscribe<Letter>({.capacity = 1, .on_full = event::Drop{}},
                                          event::where([&](const Letter&, const event::Meta& meta) {
                                              seen.push_back(meta);
                                              return true;
                                          }));
    for (const char value : {'b', 'c', 'd'}) retained.emit({value});
    ASSERT_EQ(seen.size(), 4U);
    EXPECT_TRUE(seen[0].replayed);
    EXPECT_FALSE(seen[1].replayed);
    EXPECT_LT(seen[0].sequence, seen[1].sequence);
    EXPECT_EQ(seen[2].missed, 0U);
    EXPECT_EQ(seen[3].missed, 1U);
    EXPECT_EQ(seen[3].emitter, retained.id());
}

TEST_F(NotFrom, AFilterOfSeveralTypesMaySeeItOfSome) {
    const auto texts = bus_.emitter<Text>();
    auto received = bus_.subscribe<Number, Text>(event::where(
        event::overloaded([](const Number& number) { return number.value > 0; },
                          [id = texts.id()](const Text&, const event::Meta& meta) { return meta.emitter != id; })));
    own_.emit({0});
    own_.emit({1});
    texts.emit({"a"});
    EXPECT_EQ(received.try_receive()->get<Number>().value, 1);
    EXPECT_FALSE(received.try_receive());
}

}  // namespace not_from_test
