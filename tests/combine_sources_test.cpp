#include "combining.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// What a combined value is made of: others that are combined, values that end, and those of buses.

namespace combine_sources_test {

using namespace combining;

class CombineSources : public combining::Combine {};

// ---- of what is combined itself ---------------------------------------------------------------------------------

TEST(CombineTwice, NeverShowsAMixtureWhereAValueComesOnTwoWays) {
    asio::io_context io;
    event::Value<int> value(io, 1), other(io, 0);
    int inner_calls = 0;
    const auto negated = event::combine(value.view(), [&](int number) {
        ++inner_calls;
        return -number;
    });
    int mixtures = 0;
    const auto zero = event::combine(value.view(), negated, other.view(), [&](int number, int minus, int) {
        mixtures += number + minus != 0;
        return number + minus;
    });
    auto watcher = zero.watch();
    std::vector<int> seen;
    const auto connection = zero.watch([&](int sum) { seen.push_back(sum); });
    for (int i = 2; i < 10; ++i) {
        value.set(i);
        EXPECT_EQ(**watcher.try_get(), 0);
        drive(io);
        EXPECT_EQ(inner_calls, i - 1);
        EXPECT_EQ(**negated.try_get(), -i);
        EXPECT_EQ(inner_calls, i - 1);  // it is the same
    }
    EXPECT_EQ(mixtures, 0);
    EXPECT_EQ(seen.size(), 8U);
}

TEST(CombineTwice, HearsOfWhatTheInnerOneIsMadeOf) {
    asio::io_context io;
    event::Value<int> left(io), right(io), third(io, 3);
    const auto inner = event::combine(left.view(), right.view(), [](int a, int b) { return a + b; });
    const auto outer = event::combine(inner, third.view(), [](int a, int b) { return a * b; });
    auto watcher = outer.watch();
    Completion<event::Snapshot<int>> got, again;
    watcher.async_get(got.handler());
    left.set(1);
    drive(io);
    EXPECT_TRUE(got.pending());
    right.set(1);
    drive(io);
    EXPECT_EQ(*got.value(), 6);
    watcher.async_get(again.handler());
    right.set(2);
    drive(io);
    EXPECT_EQ(*again.value(), 9);
}

TEST(CombineTwice, PassesOnWhatTheInnerFunctionThrows) {
    asio::io_context io;
    event::Value<int> value(io, -1);
    const auto inner = event::combine(value.view(), [](int a) {
        if (a < 0) throw std::runtime_error("negative");
        return a;
    });
    const auto outer = event::combine(inner, [](int a) { return a; });
    EXPECT_THROW(static_cast<void>(inner.try_get()), std::runtime_error);
    EXPECT_THROW(static_cast<void>(outer.try_get()), std::runtime_error);
    EXPECT_FALSE(outer.watch().try_get());
    value.set(1);
    EXPECT_EQ(**outer.try_get(), 1);
}

// ---- the end ----------------------------------------------------------------------------------------------------

TEST_F(CombineSources, IsClosedWhenAllAreAsInKotlin) {
    left_->set(1);
    right_->set(1);
    auto watcher = both_.watch();
    GotPair last, end;
    left_.reset();
    watcher.async_get(last.handler());
    drive(io_);
    EXPECT_EQ(*last.value(), (Pair{1, 1}));
    watcher.async_get(end.handler());
    drive(io_);
    EXPECT_TRUE(end.pending());
    right_->set(2);
    right_.reset();
    drive(io_);
    EXPECT_EQ(*end.value(), (Pair{1, 2}));
    GotPair after;
    watcher.async_get(after.handler());
    drive(io_);
    EXPECT_EQ(after.error(), event::errc::closed);
    EXPECT_EQ(now(), (Pair{1, 2}));
}

TEST_F(CombineSources, EndsAWaitingGetAndAHandlerWhenTheLastIsClosed) {
    left_->set(1);
    right_->set(1);
    auto watcher = both_.watch();
    static_cast<void>(watcher.try_get());
    int handled = 0;
    auto connection = both_.watch([&](const Pair&) { ++handled; });
    GotPair got;
    watcher.async_get(got.handler());
    drive(io_);
    left_->close();
    drive(io_);
    EXPECT_TRUE(got.pending());
    right_->close();
    drive(io_);
    EXPECT_EQ(got.error(), event::errc::closed);
    EXPECT_FALSE(connection.is_open());
    EXPECT_EQ(handled, 1);
}

TEST_F(CombineSources, IsClosedWhenOneIsClosedUnsetForItWouldWaitInVainStrongerThanKotlin) {
    left_->set(1);
    auto watcher = both_.watch();
    GotPair got;
    watcher.async_get(got.handler());
    drive(io_);
    right_.reset();
    drive(io_);
    EXPECT_EQ(got.error(), event::errc::closed);
}

TEST_F(CombineSources, OutlivesWhatItIsMadeOf) {
    left_->set(1);
    right_->set(2);
    left_.reset();
    right_.reset();
    EXPECT_EQ(now(), (Pair{1, 2}));
}

TEST_F(CombineSources, ItsWatcherOutlivesTheViewAndGoesBeforeOrAfterAll) {
    left_->set(1);
    auto watcher = std::make_optional(both_.watch());
    both_ = {};
    GotPair got;
    watcher->async_get(got.handler());
    drive(io_);
    right_->set(2);
    drive(io_);
    EXPECT_EQ(*got.value(), (Pair{1, 2}));
    GotPair pending;
    watcher->async_get(pending.handler());
    watcher.reset();
    drive(io_);
    EXPECT_EQ(pending.error(), event::errc::closed);
    right_->set(3);
}

TEST(CombineEnds, WithoutALeakWhereItsLastViewGoesBeforeTheFirstSet) {
    const auto counted = std::make_shared<int>(0);
    asio::io_context io;
    event::Value<int> value(io, 1);
    {
        const auto view = event::combine(value.view(), [counted](int number) { return number; });
        EXPECT_EQ(**view.try_get(), 1);
        EXPECT_EQ(counted.use_count(), 2);
    }
    EXPECT_EQ(counted.use_count(), 1);
    value.set(2);
}

TEST(CombineEnds, RunReturnsThoughItExists) {
    asio::io_context io;
    event::Value<int> value(io, 1);
    const auto view = event::combine(value.view(), [](int number) { return number; });
    auto watcher = view.watch();
    static_cast<void>(watcher.try_get());
    EXPECT_EQ(io.run(), 0U);
}

TEST(CombineEnds, WhatWaitsDiesWithItsContextAndTheOthersGoOn) {
    auto first = std::make_optional<asio::io_context>();
    asio::io_context second;
    event::Value<int> left(*first, 1), right(second, 1);
    const auto both = event::combine(left.view(), right.view(), pair_of);
    const auto other = event::combine(right.view(), left.view(), pair_of);
    auto watcher = both.watch();
    auto others = other.watch();
    static_cast<void>(watcher.try_get());
    static_cast<void>(others.try_get());
    GotPair got, elsewhere;
    watcher.async_get(got.handler());
    others.async_get(elsewhere.handler());
    drive(*first);
    drive(second);
    first.reset();
    EXPECT_TRUE(got.destroyed());
    EXPECT_TRUE(elsewhere.pending());
    left.set(2);
    drive(second);
    EXPECT_EQ(*elsewhere.value(), (Pair{1, 2}));  // stronger than a watcher of that value itself
    EXPECT_EQ(**both.try_get(), (Pair{2, 1}));
    left.close();
    right.close();
}

TEST(CombineEnds, WithContextsThatDieInAnyOrder) {
    for (const bool is_first_first : {true, false}) {
        auto first = std::make_optional<asio::io_context>();
        auto second = std::make_optional<asio::io_context>();
        event::Value<int> left(*first, 1), right(*second, 1);
        const auto both = event::combine(left.view(), right.view(), pair_of);
        auto watcher = both.watch();
        static_cast<void>(watcher.try_get());
        GotPair got;
        watcher.async_get(got.handler());
        (is_first_first ? first : second).reset();
        right.set(2);
        (is_first_first ? second : first).reset();
        EXPECT_TRUE(got.destroyed());
        left.set(2);
        EXPECT_EQ(**both.try_get(), (Pair{2, 2}));
        left.set(3);
    }
}

// ---- on buses ---------------------------------------------------------------------------------------------------

TEST(CombineOnBuses, IsMadeOfValuesOfTwoBusesAndOfNone) {
    asio::io_context io;
    event::EventBus one{io}, other{io};
    auto number = one.value<Number>();
    auto text = other.value<Text>();
    event::Value<int> alone(io, 3);
    const auto all = event::combine(number.view(), text.view(), alone.view(), [](auto&& a, auto&& b, int c) {
        return b.value + std::to_string(a.value) + std::to_string(c);
    });
    auto watcher = all.watch();
    Completion<event::Snapshot<std::string>> got;
    watcher.async_get(got.handler());
    one.emitter<Number>().emit({1});
    text.set({"x"});
    drive(io);
    EXPECT_EQ(*got.value(), "x13");
    one.forget<Number>();
    EXPECT_FALSE(all.try_get());
    number.set({2});
    EXPECT_EQ(**all.try_get(), "x23");
}

TEST(CombineOnBuses, IsMadeOfCounts) {
    asio::io_context io;
    event::EventBus bus{io};
    const auto both =
        event::combine(bus.emitter_count<Number>(), bus.subscriber_count<Number>(),
                       [](std::size_t emitters, std::size_t subscribers) { return emitters * subscribers; });
    auto watcher = both.watch();
    Completion<event::Snapshot<std::size_t>> got;
    watcher.async_get_if([](std::size_t product) { return product != 0; }, got.handler());
    drive(io);
    const auto emitter = bus.emitter<Number>();
    const auto subscription = bus.subscribe<Number>();
    drive(io);
    EXPECT_EQ(*got.value(), 1U);
}

TEST(CombineOnBuses, EndsWithTheBus) {
    asio::io_context io;
    std::optional<event::EventBus> bus(std::in_place, io);
    auto value = bus->value<Number>();
    value.set({1});
    const auto doubled = event::combine(value.view(), [](Number number) { return 2 * number.value; });
    auto watcher = doubled.watch();
    EXPECT_EQ(**watcher.try_get(), 2);
    Completion<event::Snapshot<int>> got;
    watcher.async_get(got.handler());
    drive(io);
    bus.reset();
    drive(io);
    EXPECT_EQ(got.error(), event::errc::closed);
    EXPECT_EQ(**doubled.try_get(), 2);
}

TEST(CombineOnBuses, IsOneWatcherInTheReportBehindWhileNobodyHasLooked) {
    asio::io_context io;
    event::EventBus bus{io};
    auto value = bus.value<Number>();
    value.set({1});
    auto doubled = event::combine(value.view(), [](Number number) { return 2 * number.value; });
    EXPECT_EQ(bus.report().values.at(0).watchers, 1U);
    EXPECT_EQ(bus.report().values.at(0).behind, 1U);
    static_cast<void>(doubled.try_get());
    EXPECT_EQ(bus.report().values.at(0).behind, 0U);
    value.set({2});
    EXPECT_EQ(bus.report().values.at(0).behind, 1U);
    doubled = {};
    EXPECT_EQ(bus.report().values.at(0).watchers, 0U);
}

TEST(CombineOnBuses, IsReadInAFilterAsOfBeforeTheEmit) {
    asio::io_context io;
    event::EventBus bus{io};
    auto number = bus.value<Number>();
    number.set({1});
    event::Value<int> limit(io, 10);
    const auto sum = event::combine(number.view(), limit.view(), [](Number a, int b) { return a.value + b; });
    std::vector<int> read;
    auto subscription = bus.subscribe<Number>(event::where([&](const Number&) {
        read.push_back(**sum.try_get());
        return true;
    }));
    auto watcher = sum.watch();
    Completion<event::Snapshot<int>> got;
    watcher.async_get_if([](int value) { return value > 20; }, got.handler());
    drive(io);
    number.set({5});
    number.set({6});
    EXPECT_EQ(read, (std::vector<int>{11, 11, 15}));  // of the retained one, of which it was asked first, too
    limit.set(20);
    drive(io);
    EXPECT_EQ(*got.value(), 26);
}

}  // namespace combine_sources_test
