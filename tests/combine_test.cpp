#include "combining.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// One latest value made of several. Where Kotlin's `combine` says what such a thing does, the tests name it.

namespace combine_test {

using namespace combining;
using namespace std::chrono_literals;

class Combine : public combining::Combine {};

// ---- what it is -------------------------------------------------------------------------------------------------

TEST_F(Combine, HasAValueOnceAllHaveOneAsInKotlin) {
    EXPECT_EQ(now(), std::nullopt);
    right_->set(2);
    EXPECT_EQ(now(), std::nullopt);
    left_->set(1);
    EXPECT_EQ(now(), (Pair{1, 2}));
}

TEST_F(Combine, IsReadAsItIsAfterEachSetWithoutRunningAnything) {
    left_->set(1);
    right_->set(2);
    EXPECT_EQ(now(), (Pair{1, 2}));
    right_->set(3);
    EXPECT_EQ(now(), (Pair{1, 3}));
    left_->set(4);
    EXPECT_EQ(now(), (Pair{4, 3}));
}

TEST_F(Combine, HasVersionsThatGrowWithEachChange) {
    left_->set(1);
    right_->set(1);
    const auto first = both_.try_get();
    EXPECT_EQ(both_.try_get()->version(), first->version());
    right_->set(1);
    EXPECT_GT(both_.try_get()->version(), first->version());
    EXPECT_EQ(**first, (Pair{1, 1}));
}

TEST(CombineOf, AnyNumberOfViews) {
    asio::io_context io;
    event::Value<int> one(io, 1), two(io, 2);
    event::Value<std::string> name(io, "n");
    const auto text = event::combine(one.view(), name.view(), two.view(), [](int a, const std::string& b, int c) {
        return b + std::to_string(a) + std::to_string(c);
    });
    EXPECT_EQ(**text.try_get(), "n12");
    const auto twice = event::combine(two.view(), [](int value) { return 2 * value; });
    EXPECT_EQ(**twice.try_get(), 4);
}

TEST(CombineOf, TheSameViewTwiceGivesOneStateTwice) {
    asio::io_context io;
    event::Value<int> value(io, 1);
    const auto both = event::combine(value.view(), value.view(), pair_of);
    auto watcher = both.watch();
    EXPECT_EQ(**watcher.try_get(), (Pair{1, 1}));
    GotPair got;
    watcher.async_get(got.handler());
    value.set(2);
    drive(io);
    EXPECT_EQ(*got.value(), (Pair{2, 2}));
}

TEST(CombineOf, AViewThatNobodyMadeNeverHoldsAnything) {
    asio::io_context io;
    event::Value<int> value(io, 1);
    const auto both = event::combine(value.view(), event::ValueView<int>(), pair_of);
    EXPECT_FALSE(both.try_get());
    EXPECT_FALSE(both.watch().try_get());
}

TEST(CombineOf, WhatCannotBeCopied) {
    asio::io_context io;
    event::Value<int> value(io, 1);
    const auto owned = event::combine(value.view(), [](int number) { return std::make_unique<int>(number); });
    EXPECT_EQ(***owned.try_get(), 1);
    value.set(2);
    EXPECT_EQ(***owned.try_get(), 2);
}

TEST(CombineOf, ContextsThatAreAllGoneIsRefused) {
    std::optional<asio::io_context> io(std::in_place);
    event::Value<int> value(*io, 1);
    io.reset();
    EXPECT_THROW(static_cast<void>(event::combine(value.view(), value.view(), pair_of)), std::invalid_argument);
}

// ---- every way of watching --------------------------------------------------------------------------------------

TEST_F(Combine, WakesAGetWhenEitherChanges) {
    left_->set(1);
    right_->set(1);
    auto watcher = both_.watch();
    EXPECT_EQ(**watcher.try_get(), (Pair{1, 1}));
    EXPECT_FALSE(watcher.try_get());
    GotPair first;
    watcher.async_get(first.handler());
    drive(io_);
    EXPECT_TRUE(first.pending());
    left_->set(2);
    drive(io_);
    EXPECT_EQ(*first.value(), (Pair{2, 1}));
    GotPair second;
    watcher.async_get(second.handler());
    drive(io_);
    EXPECT_TRUE(second.pending());
    right_->set(2);
    drive(io_);
    EXPECT_EQ(*second.value(), (Pair{2, 2}));
}

TEST_F(Combine, WakesAGetThatWaitsForTheFirstValueOfAll) {
    auto watcher = both_.watch();
    GotPair got;
    watcher.async_get(got.handler());
    drive(io_);
    left_->set(1);
    drive(io_);
    EXPECT_TRUE(got.pending());
    right_->set(2);
    drive(io_);
    EXPECT_EQ(*got.value(), (Pair{1, 2}));
}

TEST_F(Combine, SkipsWhatIsOvertaken) {
    auto watcher = both_.watch();
    GotPair got;
    watcher.async_get(got.handler());
    for (int i = 1; i <= 10; ++i) {
        left_->set(i);
        right_->set(-i);
    }
    drive(io_);
    EXPECT_EQ(*got.value(), (Pair{10, -10}));
}

TEST_F(Combine, IsWaitedForUntilAPredicateAcceptsIt) {
    left_->set(0);
    right_->set(0);
    auto watcher = both_.watch();
    GotPair newer, until;
    watcher.async_get_if([](const Pair& pair) { return pair.left + pair.right > 2; }, newer.handler());
    drive(io_);
    left_->set(2);
    drive(io_);
    EXPECT_TRUE(newer.pending());
    right_->set(1);
    drive(io_);
    EXPECT_EQ(*newer.value(), (Pair{2, 1}));
    watcher.async_wait_until([](const Pair& pair) { return pair.left == 2; }, until.handler());
    drive(io_);
    EXPECT_EQ(*until.value(), (Pair{2, 1}));
}

TEST_F(Combine, IsWaitedForWithoutBeingTaken) {
    auto watcher = both_.watch();
    Completion<bool> readable;
    watcher.async_wait(readable.handler());
    left_->set(1);
    drive(io_);
    EXPECT_TRUE(readable.pending());
    right_->set(1);
    drive(io_);
    EXPECT_TRUE(readable.done());
    EXPECT_EQ(**watcher.try_peek(), (Pair{1, 1}));
    EXPECT_EQ(**watcher.try_get(), (Pair{1, 1}));
    right_->set(2);
    EXPECT_EQ(**watcher.try_peek(), (Pair{1, 2}));
}

TEST_F(Combine, SettlesWhenNoneOfThemChangesAnyMore) {
    event::testing::ManualClock clock(io_);
    left_->set(1);
    right_->set(1);
    auto watcher = both_.watch();
    GotPair got;
    watcher.async_get_settled(10ms, got.handler());
    drive(io_);
    clock.advance(9ms);
    drive(io_);
    right_->set(2);
    drive(io_);
    clock.advance(9ms);
    drive(io_);
    EXPECT_TRUE(got.pending());
    clock.advance(1ms);
    drive(io_);
    EXPECT_EQ(*got.value(), (Pair{1, 2}));
}

TEST_F(Combine, CallsAHandlerForEachChange) {
    std::vector<Pair> seen;
    const auto connection = both_.watch([&](const Pair& pair) { seen.push_back(pair); });
    drive(io_);
    left_->set(1);
    drive(io_);
    right_->set(1);
    drive(io_);
    right_->set(1);
    drive(io_);
    EXPECT_EQ(seen, (std::vector<Pair>{{1, 1}, {1, 1}}));  // an equal one, too, as of a value
}

TEST_F(Combine, TellsAProjectionOnlyOfChanges) {
    std::vector<int> seen;
    const auto connection = both_.watch(&Pair::left, [&](int left) { seen.push_back(left); });
    const auto projected = both_.watch(std::identity());
    left_->set(1);
    for (const int right : {1, 2, 2}) {
        right_->set(right);
        drive(io_);
    }
    left_->set(2);
    drive(io_);
    EXPECT_EQ(seen, (std::vector<int>{1, 2}));
}

TEST_F(Combine, GivesAHandlerThatDrainsWhatWasSetBefore) {
    std::vector<Pair> seen;
    auto connection = both_.watch([&](const Pair& pair) { seen.push_back(pair); });
    drive(io_);
    left_->set(1);
    right_->set(1);
    connection.close_after_drain();
    drive(io_);
    EXPECT_EQ(seen, (std::vector<Pair>{{1, 1}}));
    EXPECT_FALSE(connection.is_open());
}

// ---- the function -----------------------------------------------------------------------------------------------

class Counted : public testing::Test {
protected:
    asio::io_context io_;
    event::Value<int> left_{io_, 0};
    event::Value<int> right_{io_, 0};
    int calls_ = 0;
    event::ValueView<int> sum_ = event::combine(left_.view(), right_.view(), [this](int left, int right) {
        ++calls_;
        if (right < 0) throw std::runtime_error("negative");
        return left + right;
    });
};

TEST_F(Counted, IsCalledOnceForAChangeHoweverManyWatch) {
    std::vector<event::Watcher<int>> watchers;
    std::vector<Completion<event::Snapshot<int>>> got(10);
    for (auto& completion : got) {
        watchers.push_back(sum_.watch());
        static_cast<void>(watchers.back().try_get());
        watchers.back().async_get(completion.handler());
    }
    drive(io_);
    EXPECT_EQ(calls_, 1);
    left_.set(1);
    drive(io_);
    EXPECT_EQ(calls_, 2);
    for (auto& completion : got) EXPECT_EQ(*completion.value(), 1);
    EXPECT_EQ(**sum_.try_get(), 1);
    EXPECT_EQ(calls_, 2);
}

TEST_F(Counted, IsNeverCalledByWhoSetsNorWhereNobodyLooks) {
    auto watcher = sum_.watch();
    const auto nobody = [](auto, auto) {};
    watcher.async_get(nobody);
    for (int i = 0; i < 100; ++i) left_.set(i);
    EXPECT_EQ(calls_, 0);
    drive(io_);
    EXPECT_EQ(calls_, 1);
    left_.set(1);
    drive(io_);
    EXPECT_EQ(calls_, 1);
}

TEST_F(Counted, ThrowsOutOfTryGetAndHasNoValueWhileItDoes) {
    EXPECT_EQ(**sum_.try_get(), 0);
    right_.set(-1);
    auto watcher = sum_.watch();
    EXPECT_THROW(static_cast<void>(sum_.try_get()), std::runtime_error);
    EXPECT_THROW(static_cast<void>(sum_.try_get()), std::runtime_error);
    EXPECT_FALSE(watcher.try_get());  // nothing that was, but is no more
    left_.set(1);
    EXPECT_THROW(static_cast<void>(watcher.try_get()), std::runtime_error);
    EXPECT_FALSE(watcher.try_get());
    right_.set(1);
    EXPECT_EQ(**watcher.try_get(), 2);
    EXPECT_EQ(**sum_.try_get(), 2);
}

TEST_F(Counted, ThrowsThroughRunAndTheGetWaitsOn) {
    auto watcher = sum_.watch();
    EXPECT_EQ(**watcher.try_get(), 0);
    Completion<event::Snapshot<int>> got;
    watcher.async_get(got.handler());
    right_.set(-1);
    EXPECT_THROW(drive(io_), std::runtime_error);
    drive(io_);
    EXPECT_TRUE(got.pending());
    right_.set(5);
    drive(io_);
    EXPECT_EQ(*got.value(), 5);
}

TEST(CombineWith, AFunctionThatReadsAnotherValueIsFine) {
    asio::io_context io;
    event::Value<int> one(io, 1), other(io, 10);
    const auto sum = event::combine(one.view(), [view = other.view()](int a) { return a + **view.try_get(); });
    EXPECT_EQ(**sum.try_get(), 11);
    other.set(20);
    EXPECT_EQ(**sum.try_get(), 11);  // it is not made of that one
    one.set(2);
    EXPECT_EQ(**sum.try_get(), 22);
}

TEST(CombineWith, AFunctionThatReadsWhatItMakesIsRefused) {
    asio::io_context io;
    event::Value<int> one(io, 1);
    event::ValueView<int> self;
    self = event::combine(one.view(), [&self](int a) { return a + (self.try_get() ? 1 : 0); });
    EXPECT_THROW(static_cast<void>(self.try_get()), boost::system::system_error);
}

TEST(CombineWith, AFunctionThatSetsOneOfThemEnds) {
    asio::io_context io;
    event::Value<int> one(io, 1);
    const auto odd = event::combine(one.view(), [&one](int a) {
        if (a < 100) one.set(a + 1);
        return a;
    });
    EXPECT_EQ(**odd.try_get(), 1);
    EXPECT_EQ(**odd.try_get(), 2);
}

}  // namespace combine_test
