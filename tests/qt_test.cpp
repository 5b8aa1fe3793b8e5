/// Beside Qt, whose headers make `emit` a macro of nothing: before ours and behind them.

#define emit
#include <event/all.hpp>
#undef emit

#include "support.hpp"

#define emit

namespace qt_test {

using namespace support;

TEST(WhereEmitIsAMacro, EventsArePublished) {
    asio::io_context io;
    event::EventBus bus{io};
    const auto numbers = bus.emitter<Number>();
    const auto both = bus.emitter<Number, Text>();
    auto subscription = bus.subscribe<Number, Text>({.on_full = event::Wait{}});
    EXPECT_EQ(numbers.publish({.value = 1}).delivered, 1U);
    const Number two{2};
    EXPECT_EQ(numbers.publish(two).delivered, 1U);
    EXPECT_EQ(both.publish(Text{"three"}).delivered, 1U);
    EXPECT_EQ(both.publish<Text>({"four"}).delivered, 1U);
    const std::vector<Number> more{{5}, {6}};
    EXPECT_EQ(numbers.publish_all(more).delivered, 2U);
    EXPECT_EQ(both.publish_all<Number>(more).delivered, 2U);
    int completions = 0;
    const auto count = [&](error_code, const event::EmitResult& result) { completions += int(result.delivered); };
    numbers.async_publish({7}, count);
    numbers.async_publish(two, count);
    both.async_publish<Text>({"eight"}, count);
    drive(io);
    EXPECT_EQ(completions, 3);
    std::vector<std::string> seen;
    while (const auto delivery = subscription.try_receive()) {
        delivery->visit([&](const Number& number) { seen.push_back(std::to_string(number.value)); },
                        [&](const Text& text) { seen.push_back(text.value); });
    }
    EXPECT_THAT(seen, testing::ElementsAre("1", "2", "three", "four", "5", "6", "5", "6", "7", "2", "eight"));
}

TEST(WhereEmitIsAMacro, WhatWasReceivedIsPublishedElsewhere) {
    asio::io_context io;
    event::EventBus here{io};
    event::EventBus there{io};
    auto subscription = there.subscribe<Text>();
    const auto forward = here.subscribe<event::AnyEvent>([&](const event::AnyEvent& event) { there.publish(event); });
    here.emitter<Text>().publish({"on"});
    drive(io);
    EXPECT_EQ(subscription.try_receive()->get().value, "on");
}

TEST(WhereEmitIsAMacro, ItIsOneStill) {
    emit emit static_assert(true);  // nothing, twice
}

}  // namespace qt_test
