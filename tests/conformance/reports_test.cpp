/// What users of other systems have reported of what is done here since: groups that share a queue, filters, retained
/// events, recordings, emits that wait. Each test bears the name of what cannot happen; the rows (R01 …) are those of
/// the table in README.md beside this file.

#include "support.hpp"

#include <event/recording.hpp>
#include <event/retain_by.hpp>
#include <event/where_key.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace reports_test {

using namespace support;
using testing::ElementsAre;
using testing::IsEmpty;

// R01: a receiver of a shared ring is told that it lags by what its own filter would have thrown away, or its cache is
// full of it; so the size of its buffer depends on what others are interested in.

struct Quote {
    int market = 0;
    int price = 0;
};

class WhatASubscriberDoesNotWant : public testing::TestWithParam<event::Backpressure> {
protected:
    using Quotes = event::Subscription<Quote>;

    /// 100 that it does not want, one that it does.
    void expect_one_of_many(Quotes quotes) {
        for (int i = 0; i < 100; ++i) of_others_.emit({.market = 2, .price = i});
        wanted_.emit({.market = 1, .price = 1000});
        ASSERT_TRUE(quotes.is_open());
        const auto quote = quotes.try_receive();
        ASSERT_TRUE(quote);
        EXPECT_EQ((*quote)->price, 1000);
        EXPECT_EQ(quote->missed(), 0U);
        EXPECT_FALSE(quotes.try_receive());
        EXPECT_EQ(quotes.stat().lost, 0U);
        EXPECT_EQ(quotes.stat().high_water, 1U);
    }

    asio::io_context io_;
    event::EventBus bus_{io_};
    event::Emitter<Quote> of_others_ = bus_.emitter<Quote>();
    event::Emitter<Quote> wanted_ = bus_.emitter<Quote>();
    const event::SubscriptionOptions options_{.capacity = 2, .on_full = GetParam()};
};

TEST_P(WhatASubscriberDoesNotWant, CannotMakeItLoseEvents) {
    const auto is_of_market_1 = [](const Quote& quote) { return quote.market == 1; };
    expect_one_of_many(bus_.subscribe<Quote>(options_, event::where(is_of_market_1)));
    expect_one_of_many(bus_.subscribe<Quote>(options_, event::where_key(&Quote::market, 1)));
    expect_one_of_many(bus_.subscribe<Quote>(options_, event::not_from(of_others_)));
}

INSTANTIATE_TEST_SUITE_P(Policies, WhatASubscriberDoesNotWant,
                         testing::Values(event::Notify{}, event::Drop{}, event::DropOldest{}, event::Latest{},
                                         event::Kill{}, event::Wait{}));

// R02: what was retained is sent to each member of a group that joins, so that one job is done several times; or, since
// then, to none of them, so that the group never learns what was before it.

TEST(CannotHappen, EachMemberOfAGroupGetsTheRetainedEventsOrNoneDoes) {
    asio::io_context io;
    event::EventBus bus{io};
    const auto jobs = bus.emitter<Number>(event::retain_by(&Number::value));
    for (int i = 1; i <= 5; ++i) jobs.emit({i});

    auto first = bus.subscribe<Number>({.capacity = 1});
    auto second = first.share();
    std::vector<int> done;
    const auto work = [&](error_code error, const event::Delivery<Number>& job) {
        if (!error) done.push_back(job->value);
    };
    first.async_receive(work);
    second.async_receive(work);
    drive(io);
    EXPECT_THAT(done, ElementsAre(1, 2));

    auto third = first.share();  // it joins, and nothing begins again for it
    EXPECT_THAT(numbers(third), ElementsAre(3, 4, 5));
    EXPECT_THAT(numbers(first), IsEmpty());
    EXPECT_THAT(numbers(second), IsEmpty());
}

// R03: a player that sorts by time changed the order of messages of one moment, which are common where time is
// simulated.

TEST(CannotHappen, EventsOfOneMomentChangeTheirOrderInAReplay) {
    asio::io_context io;
    event::testing::ManualClock clock{io};  // it stands still
    event::EventBus bus{io, {.stamp = true}};
    const event::Recording recording(bus);
    const auto number = bus.emitter<Number>();
    const auto letter = bus.emitter<Letter>();
    const auto text = bus.emitter<Text>();
    std::vector<std::string> emitted;
    for (int i = 0; i < 40; ++i) {
        number.emit({i});
        letter.emit({static_cast<char>('a' + i % 26)});
        text.emit({std::to_string(-i)});
        emitted.insert(emitted.end(),
                       {std::to_string(i), std::string(1, static_cast<char>('a' + i % 26)), std::to_string(-i)});
    }
    for (const event::Recorded& recorded : recording.events())
        ASSERT_EQ(recorded.meta.emitted_at, clock.now()) << "else this would be about something else";

    const auto replayed = [&emitted](const auto& replay) {
        asio::io_context there_io;
        event::testing::ManualClock there_clock{there_io};
        event::EventBus there{there_io};
        std::vector<std::string> seen;
        auto all = there.subscribe<Number, Letter, Text>(
            {.capacity = 1000}, [&](const Number& event) { seen.push_back(std::to_string(event.value)); },
            [&](const Letter& event) { seen.emplace_back(1, event.value); },
            [&](const Text& event) { seen.push_back(event.value); });
        replay(there, there_io, there_clock);
        drive(there_io);
        EXPECT_EQ(seen, emitted);
    };
    replayed([&](event::EventBus& there, auto&, auto&) { event::replay(recording, there); });
    replayed([&](event::EventBus& there, asio::io_context& there_io, event::testing::ManualClock& there_clock) {
        event::testing::replay(recording, there, there_io, there_clock);
    });
}

// R04: when a slow subscriber made room for an emit that waited, a fast one that had read everything and waited was not
// woken, if something was kept for who comes later; nothing was emitted any more.

TEST(CannotHappen, AFastSubscriberIsForgottenWhereAnEmitWaitedForASlowOne) {
    for (const bool retain : {false, true}) {
        asio::io_context io;
        event::EventBus bus{io};
        const auto emitter = bus.emitter<Number>({.retain = retain});
        auto fast = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
        auto slow = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
        std::vector<int> fast_has;
        std::vector<int> slow_has;
        std::vector<int> emitted;
        const std::function<void()> read = [&] {
            fast.async_receive([&](error_code error, const event::Delivery<Number>& number) {
                if (error) return;
                fast_has.push_back(number->value);
                read();
            });
        };
        const std::function<void(int)> emit = [&](int i) {
            emitter.async_emit(Number{i}, [&, i](error_code error, const event::EmitResult& result) {
                EXPECT_FALSE(error);
                EXPECT_EQ(result.delivered, 2U);
                emitted.push_back(i);
                if (i < 4) emit(i + 1);
            });
        };
        read();
        emit(1);
        drive(io);
        EXPECT_THAT(emitted, ElementsAre(1)) << "the second one waits for the slow subscriber";
        EXPECT_THAT(fast_has, ElementsAre(1)) << "and the fast one waits for the second event";
        while (auto number = slow.try_receive()) {
            slow_has.push_back((*number)->value);
            drive(io);
            EXPECT_EQ(fast_has, emitted);
        }
        EXPECT_THAT(slow_has, ElementsAre(1, 2, 3, 4));
        EXPECT_THAT(fast_has, ElementsAre(1, 2, 3, 4));
    }
}

// R05: each message woke one receiver after the other, who found nothing and woke the next, which kept a processor busy
// with idle workers; an earlier channel woke one for two messages, and the second message stayed where it was.

TEST(CannotHappen, AnEventWakesReceiversForWhomThereIsNothing) {
    constexpr std::size_t receivers = 100;
    for (const event::Backpressure& policy :
         {event::Backpressure(event::Drop{}), event::Backpressure(event::DropOldest{})}) {
        for (const std::size_t events : {1U, 2U, 7U}) {
            asio::io_context io;
            event::EventBus bus{io};
            const auto emitter = bus.emitter<Number>();
            std::vector<event::Subscription<Number>> handles;
            handles.push_back(bus.subscribe<Number>({.on_full = policy}));
            while (handles.size() < receivers) handles.push_back(handles[0].share());
            std::size_t received = 0;
            for (auto& handle : handles)
                handle.async_receive([&](error_code error, const auto&) { received += error ? 0U : 1U; });
            ASSERT_EQ(drive(io), 0U);
            for (std::size_t i = 0; i < events; ++i) emitter.emit({static_cast<int>(i)});
            EXPECT_EQ(drive(io), events) << "so many were woken";
            EXPECT_EQ(received, events);
            EXPECT_EQ(handles[0].stat().size, 0U);
        }
    }
}

}  // namespace reports_test
