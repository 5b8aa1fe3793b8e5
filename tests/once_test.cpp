#include "mended/in_filter.hpp"

#include <boost/asio/redirect_error.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

/// Handlers that run once.

namespace once_test {

using namespace support;

class Once : public testing::Test {
protected:
    asio::io_context io_;
    event::EventBus bus_{io_};
    event::Emitter<Number> emitter_ = bus_.emitter<Number>();
    std::vector<int> seen_;
    /// Keeps what it is given.
    auto keep() {
        return [this](const Number& number) { seen_.push_back(number.value); };
    }
};

TEST_F(Once, TheFirstEventIsHandledAndTheOthersAreDiscarded) {
    auto subscription = bus_.subscribe<Number>({}, event::once, keep());
    emitter_.emit({1});
    emitter_.emit({2});
    EXPECT_TRUE(subscription.is_open());
    drive(io_);
    EXPECT_EQ(seen_, std::vector{1});
    EXPECT_FALSE(subscription.is_open());
    EXPECT_EQ(subscription.stat().delivered, 1U);
    EXPECT_EQ(emitter_.emit({3}).subscribers, 0U);
    EXPECT_EQ(bus_.report().subscriptions.size(), 0U);
    EXPECT_TRUE(io_.stopped());
}

TEST_F(Once, WhatIsRetainedIsTheFirst) {
    auto retained = bus_.emitter<Text>({.retain = true});
    retained.emit({"retained"});
    std::vector<std::string> texts;
    auto subscription = bus_.subscribe<Text>([&](const Text& text) { texts.push_back(text.value); }, event::once);
    retained.emit({"newer"});
    drive(io_);
    EXPECT_EQ(texts, std::vector<std::string>{"retained"});
}

TEST_F(Once, OnlyWhatPassesTheFilterCounts) {
    auto subscription = bus_.subscribe<Number>(event::once, keep(),
                                               event::where([](const Number& number) { return number.value > 1; }));
    for (const int value : {1, 2, 3}) {
        emitter_.emit({value});
        drive(io_);
    }
    EXPECT_EQ(seen_, std::vector{2});
}

TEST_F(Once, TheHandlerMayThrow) {
    auto subscription = bus_.subscribe<Number>({}, event::once, [this](const Number& number) {
        seen_.push_back(number.value);
        throw std::runtime_error("once");
    });
    emitter_.emit({1});
    emitter_.emit({2});
    EXPECT_THROW(drive(io_), std::runtime_error);
    drive(io_);
    EXPECT_EQ(seen_, std::vector{1});
    EXPECT_FALSE(subscription.is_open());
}

TEST_F(Once, TheHandlerMayEmitWhatItHandles) {
    auto subscription = bus_.subscribe<Number>({}, event::once, [this](const Number& number) {
        seen_.push_back(number.value);
        emitter_.emit({number.value + 1});
    });
    emitter_.emit({1});
    drive(io_);
    EXPECT_EQ(seen_, std::vector{1});
    EXPECT_FALSE(subscription.is_open());
}

TEST_F(Once, TheHandlerMayCloseOrDestroyItsSubscription) {
    std::optional<event::Subscription<Number>> subscription;
    subscription = bus_.subscribe<Number>({}, event::once, [&](const Number& number) {
        seen_.push_back(number.value);
        subscription.reset();
    });
    emitter_.emit({1});
    emitter_.emit({2});
    drive(io_);
    EXPECT_EQ(seen_, std::vector{1});
}

TEST_F(Once, ACoroutineEndsBeforeTheSubscription) {
    asio::steady_timer gate(io_, asio::steady_timer::time_point::max());
    auto subscription = bus_.subscribe<Number>({}, event::once, [&](const Number& number) -> asio::awaitable<void> {
        boost::system::error_code ignored;
        co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        seen_.push_back(number.value);
    });
    emitter_.emit({1});
    drive(io_);
    emitter_.emit({2});
    drive(io_);
    EXPECT_TRUE(subscription.is_open());
    gate.cancel();
    drive(io_);
    EXPECT_EQ(seen_, std::vector{1});
    EXPECT_FALSE(subscription.is_open());
    EXPECT_TRUE(io_.stopped());
}

TEST_F(Once, ACoroutineMayEndAtOnceAndThrow) {
    auto at_once = bus_.subscribe<Number>({}, event::once, [&](const Number& number) -> asio::awaitable<void> {
        seen_.push_back(number.value);
        co_return;
    });
    auto throws = bus_.subscribe<Number>({}, event::once, [&](const Number& number) -> asio::awaitable<void> {
        seen_.push_back(-number.value);
        throw std::runtime_error("once");
        co_return;
    });
    emitter_.emit({1});
    emitter_.emit({2});
    EXPECT_THROW(drive(io_), std::runtime_error);
    drive(io_);
    EXPECT_THAT(seen_, testing::UnorderedElementsAre(1, -1));
    EXPECT_FALSE(at_once.is_open());
    EXPECT_FALSE(throws.is_open());
}

TEST_F(Once, WhileItsOwnerLives) {
    auto owner = std::make_shared<int>(0);
    auto subscription = bus_.subscribe<Number>({}, event::while_alive(owner), event::once, keep());
    auto other = bus_.subscribe<Number>({}, event::once, event::while_alive(std::make_shared<int>(0)), keep());
    emitter_.emit({1});
    emitter_.emit({2});
    drive(io_);
    EXPECT_EQ(seen_, std::vector{1});
    EXPECT_FALSE(subscription.is_open());
    EXPECT_FALSE(other.is_open());
}

class OnceInFilter : public InFilter {};

TEST_F(OnceInFilter, OnceAllTheSame) {
    int runs = 0;
    auto subscription = bus_.subscribe<Number>({}, event::once, [&](const Number&) { ++runs; });
    emitter_.emit({1});
    emitter_.emit({2});
    in_filter([&] {
        for (int i = 0; i < 3; ++i) static_cast<void>(is_refused_to_run(io_));
    });
    EXPECT_EQ(runs, 1);
    drive(io_);
    EXPECT_EQ(runs, 1);
    EXPECT_FALSE(subscription.is_open());
}

}  // namespace once_test
