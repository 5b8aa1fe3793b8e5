#include "support.hpp"

#include <optional>
#include <type_traits>
#include <utility>

/// Watchers that look at a state, rather than at its changes.

namespace watch_state_test {

using namespace support;
using Got = Completion<event::Snapshot<Number>>;

struct AtLeast {
    int least;
    bool operator()(const Number& number) const { return number.value >= least; }
};

class WatchState : public testing::Test {
protected:
    asio::io_context io_;
    std::optional<event::Value<Number>> value_{std::in_place, io_};
    event::Watcher<Number> watcher_ = value_->watch();
};

TEST_F(WatchState, IsWaitedForThoughItHasBeenSeen) {
    value_->set({5});
    EXPECT_EQ(watcher_.try_get()->get().value, 5);
    Got until;
    watcher_.async_wait_until(AtLeast{3}, until.handler());
    drive(io_);
    EXPECT_EQ(until.value()->value, 5);
    EXPECT_FALSE(watcher_.try_get());  // seen once for all
}

TEST_F(WatchState, IsWaitedForUntilItComes) {
    value_->set({1});
    Got until;
    watcher_.async_wait_until(AtLeast{3}, until.handler());
    drive(io_);
    EXPECT_TRUE(until.pending());
    value_->set({2});
    drive(io_);
    EXPECT_TRUE(until.pending());
    value_->set({3});
    drive(io_);
    EXPECT_EQ(until.value()->value, 3);
}

TEST_F(WatchState, IsWaitedForBeforeTheFirstSet) {
    Got until;
    watcher_.async_wait_until(AtLeast{3}, until.handler());
    drive(io_);
    EXPECT_TRUE(until.pending());
    value_->set({4});
    drive(io_);
    EXPECT_EQ(until.value()->value, 4);
}

TEST_F(WatchState, ThatWasSeenAndRejectedIsNotAskedForAgain) {
    value_->set({1});
    EXPECT_TRUE(watcher_.try_get());
    int asked = 0;
    Got until;
    watcher_.async_wait_until(
        [&](const Number& number) {
            ++asked;
            return number.value > 1;
        },
        until.handler());
    drive(io_);
    EXPECT_EQ(asked, 1);
    drive(io_);
    EXPECT_EQ(asked, 1);
    watcher_.cancel();
    drive(io_);
    EXPECT_EQ(until.error(), asio::error::operation_aborted);
}

TEST_F(WatchState, IsAcceptedAfterItsValueHasGone) {
    event::ValueView<Number> view = value_->view();
    value_->set({5});
    EXPECT_TRUE(watcher_.try_get());
    value_.reset();
    Got there;
    watcher_.async_wait_until(AtLeast{3}, there.handler());
    drive(io_);
    EXPECT_EQ(there.value()->value, 5);
    Got never;
    watcher_.async_wait_until(AtLeast{6}, never.handler());
    drive(io_);
    EXPECT_EQ(never.error(), event::errc::closed);
}

TEST_F(WatchState, IsNotWaitedForByAClosedWatcher) {
    value_->set({5});
    watcher_.close();
    Got until;
    watcher_.async_wait_until(AtLeast{3}, until.handler());
    drive(io_);
    EXPECT_EQ(until.error(), event::errc::closed);
    EXPECT_FALSE(watcher_.try_peek());
}

TEST_F(WatchState, ThrowsWhatThePredicateThrowsAndWaitsOn) {
    value_->set({5});
    bool throws = true;
    Got until;
    watcher_.async_wait_until(
        [&](const Number&) {
            if (std::exchange(throws, false)) throw 7;
            return true;
        },
        until.handler());
    EXPECT_THROW(drive(io_), int);
    drive(io_);
    EXPECT_TRUE(until.pending());
    value_->set({6});
    drive(io_);
    EXPECT_EQ(until.value()->value, 6);
}

TEST_F(WatchState, IsPeekedAtWithoutBeingSeen) {
    EXPECT_FALSE(watcher_.try_peek());
    value_->set({1});
    EXPECT_EQ(watcher_.try_peek()->get().value, 1);
    EXPECT_EQ(watcher_.try_peek()->get().value, 1);
    EXPECT_EQ(watcher_.try_get()->get().value, 1);
    EXPECT_EQ(watcher_.try_peek()->get().value, 1);
    EXPECT_FALSE(watcher_.try_get());
    auto moved_to = std::move(watcher_);
    EXPECT_FALSE(watcher_.try_peek());  // NOLINT(bugprone-use-after-move)
    EXPECT_FALSE(event::Watcher<Number>().try_peek());
}

static_assert(std::is_same_v<event::Watcher<Number>::value_type, Number>);
static_assert(std::is_same_v<event::Watcher<Number>::snapshot_type, event::Snapshot<Number>>);
static_assert(std::is_same_v<event::Subscription<Number, Text>::delivery_type, event::Delivery<Number, Text>>);
static_assert(std::is_same_v<event::Emitter<Number>::event_type, Number>);

}  // namespace watch_state_test
