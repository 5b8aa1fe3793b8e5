#include "support.hpp"

#include <event/recording.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// What passed a bus, kept in memory, and emitted again on another. (Nobody whom we follow has it; the nearest are the
/// bags of ROS 2, which are files, and whose replay keeps intervals by the clock on the wall.)

namespace recording_test {

using namespace support;
using namespace std::chrono_literals;
using event::Recording;
using event::testing::ManualClock;
using event::testing::Recorder;
using testing::ElementsAre;

std::vector<std::string> names(const Recording& recording) {
    std::vector<std::string> all;
    for (const auto& recorded : recording.events()) all.emplace_back(recorded.event.name());
    return all;
}

class Recorded : public testing::Test {
protected:
    asio::io_context io_;
    ManualClock clock_{io_};
    event::EventBus bus_{io_};
};

TEST_F(Recorded, EverythingThatPassesWithWhatIsKnownOfIt) {
    const auto retained = bus_.emitter<Letter>({.retain = true});
    retained.emit({'a'});
    const Recording recording(bus_);
    const auto number = bus_.emitter<Number>({.name = "number"});
    const auto text = bus_.emitter<Text>();
    auto numbers = bus_.subscribe<Number>();
    clock_.advance(1s);
    number.emit({1});
    clock_.advance(1s);
    text.emit({"two"});
    number.emit({3});
    const auto all = recording.events();
    EXPECT_THAT(names(recording), ElementsAre(event::name_of<Letter>(), event::name_of<Number>(),
                                              event::name_of<Text>(), event::name_of<Number>()));
    EXPECT_TRUE(all[0].meta.replayed);
    EXPECT_FALSE(all[1].meta.replayed);
    EXPECT_EQ(all[1].meta.emitter, number.id());
    EXPECT_EQ(all[1].meta.sequence, numbers.try_receive()->sequence());
    EXPECT_EQ(all[3].meta.emitted_at - all[1].meta.emitted_at, 1s);
    EXPECT_EQ(all[2].event.get_if<Text>()->value, "two");
}

TEST_F(Recorded, SharesTheEventsWithWhoReceivesThem) {
    const Recording recording(bus_);
    auto texts = bus_.subscribe<Text>();
    bus_.emitter<Text>().emit({"one"});
    EXPECT_EQ(recording.events().front().event.get_if<Text>(), &texts.try_receive()->get());
}

TEST_F(Recorded, IsNobodyToWhomAnythingIsDelivered) {
    const Recording recording(bus_);
    EXPECT_EQ(bus_.emitter<Number>().emit({1}).delivered, 0U);
    bool is_idle = false;
    bus_.async_idle([&](error_code) { is_idle = true; });
    drive(io_);
    EXPECT_TRUE(is_idle);
}

TEST_F(Recorded, TheNewestOfMoreThanThereIsRoomFor) {
    const Recording recording(bus_, {.most = 3});
    const auto number = bus_.emitter<Number>();
    for (int i = 0; i < 10; ++i) number.emit({i});
    EXPECT_EQ(recording.size(), 3U);
    EXPECT_EQ(recording.forgotten(), 7U);
    EXPECT_EQ(recording.events().front().event.get_if<Number>()->value, 7);
}

TEST_F(Recorded, UntilItIsStoppedAndLongerThanItsBus) {
    auto bus = std::make_unique<event::EventBus>(io_);
    Recording recording(*bus);
    const auto number = bus->emitter<Number>();
    number.emit({1});
    recording.stop();
    number.emit({2});
    bus.reset();
    Recording moved = std::move(recording);
    EXPECT_EQ(moved.size(), 1U);
    EXPECT_EQ(moved.events().front().event.get_if<Number>()->value, 1);
}

/// Emits when it goes, as a destructor may.
struct Parting {
    std::shared_ptr<event::Emitter<Number>> farewell;
    int number = 0;
    Parting(std::shared_ptr<event::Emitter<Number>> emitter, int its_number)
        : farewell(std::move(emitter)), number(its_number) {}
    Parting(const Parting&) = delete;
    Parting& operator=(const Parting&) = delete;
    ~Parting() { farewell->emit({number}); }
};

TEST_F(Recorded, WhatIsForgottenIsDestroyedUnderNoLock) {
    const auto farewell = std::make_shared<event::Emitter<Number>>(bus_.emitter<Number>());
    auto numbers = bus_.subscribe<Number>({.capacity = 1000});
    {
        const Recording recording(bus_, {.most = 1});
        const auto parting = bus_.emitter<Parting>();
        for (int i = 0; i < 200; ++i) parting.emplace(farewell, i);
        drive(io_);
        EXPECT_GE(take_all(numbers).size(), 64U);
    }
    drive(io_);
    farewell->close();
}

// ---- and emitted again ------------------------------------------------------------------------------------------

TEST_F(Recorded, IsReplayedInItsOrderAtOnce) {
    const Recording recording(bus_);
    const auto number = bus_.emitter<Number>();
    const auto text = bus_.emitter<Text>();
    number.emit({1});
    text.emit({"two"});
    number.emit({3});
    event::EventBus other(io_);
    auto seen = other.subscribe<Number, Text>();
    const auto result = event::replay(recording, other);
    EXPECT_EQ(result.delivered, 3U);
    const auto all = take_all(seen);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].get<Number>().value, 1);
    EXPECT_EQ(all[1].get<Text>().value, "two");
    EXPECT_EQ(all[2].get<Number>().value, 3);
}

TEST_F(Recorded, IsReplayedWithoutWhatTheComponentEmitsItself) {
    const Recording recording(bus_);
    const auto number = bus_.emitter<Number>();
    const auto own = bus_.emitter<Text>();
    number.emit({1});
    own.emit({"one"});
    number.emit({2});
    auto left = recording.events();
    std::erase_if(left, [&](const event::Recorded& recorded) { return recorded.meta.emitter == own.id(); });
    event::EventBus other(io_);
    auto seen = other.subscribe<Number, Text>();
    EXPECT_EQ(event::replay(left, other).delivered, 2U);
    EXPECT_EQ(event::testing::replay(left, other, io_, clock_).delivered, 2U);
    asio::co_spawn(io_, event::replay_at_intervals(left, other), asio::detached);
    drive(io_);
    const auto all = take_all(seen);
    ASSERT_EQ(all.size(), 6U);
    for (const auto& delivery : all) EXPECT_NE(delivery.get_if<Number>(), nullptr);
}

TEST_F(Recorded, IsReplayedToWhoSubscribesAsSoonAsTheContextIsDriven) {
    const Recording recording(bus_);
    const auto number = bus_.emitter<Number>();
    for (int i = 1; i <= 3; ++i) number.emit({i});
    event::EventBus other(io_);
    int seen = 0;
    const auto count = [&]() -> asio::awaitable<void> {
        auto numbers = other.subscribe<Number>();
        while (seen < 3) {
            const auto delivery = co_await numbers.async_receive(asio::use_awaitable);
            EXPECT_EQ(delivery->value, ++seen);
        }
    };
    asio::co_spawn(io_, count(), asio::detached);
    event::testing::replay(recording, other, io_, clock_);
    EXPECT_EQ(seen, 3);
}

TEST_F(Recorded, IsReplayedAtItsIntervals) {
    const Recording recording(bus_);
    const auto number = bus_.emitter<Number>();
    for (const auto pause : {0s, 1s, 5s}) {
        clock_.advance(pause);
        number.emit({1});
    }
    event::EventBus other(io_);
    std::vector<std::chrono::nanoseconds> intervals;
    event::replay(recording, other, [&](std::chrono::nanoseconds interval) { intervals.push_back(interval); });
    EXPECT_THAT(intervals, ElementsAre(1s, 5s));
}

TEST_F(Recorded, WhatWasRetainedIsReplayedWithoutAPause) {
    event::EventBus stamped(io_, {.stamp = true});
    const auto letter = stamped.emitter<Letter>({.retain = true});
    letter.emit({'a'});
    clock_.advance(24h);
    const Recording recording(stamped);
    letter.emit({'b'});
    clock_.advance(1s);
    letter.emit({'c'});
    event::EventBus other(io_);
    std::vector<std::chrono::nanoseconds> intervals;
    event::replay(recording, other, [&](std::chrono::nanoseconds interval) { intervals.push_back(interval); });
    EXPECT_THAT(intervals, ElementsAre(1s));
}

TEST_F(Recorded, ReplayEndsAtTheFirstError) {
    const Recording recording(bus_);
    bus_.emitter<Number>().emit({1});
    bus_.emitter<Letter>().emit({'b'});
    bus_.emitter<Number>().emit({2});
    event::EventBus other(io_);
    auto numbers = other.subscribe<Number>();
    {
        const auto exclusive = other.emitter<Letter>({.exclusive = true});
        EXPECT_EQ(event::replay(recording, other).error, event::errc::emitter_exists);
        EXPECT_EQ(take_all(numbers).size(), 1U);
    }
    other.close();
    EXPECT_EQ(event::replay(recording, other).error, event::errc::closed);
}

TEST_F(Recorded, IsReplayedByACoroutineThatKeepsNothing) {
    event::EventBus other(io_);
    auto numbers = other.subscribe<Number>();
    std::optional<event::EmitResult> result;
    asio::cancellation_signal cancel;
    {
        const Recording recording(bus_);
        const auto number = bus_.emitter<Number>();
        number.emit({1});
        number.emit({2});
        asio::co_spawn(io_, event::replay_at_intervals(recording, other),
                       [&](std::exception_ptr, event::EmitResult all) { result = all; });
        clock_.advance(24h);
        number.emit({3});
        asio::co_spawn(io_, event::replay_at_intervals(recording, other),
                       asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr exception, event::EmitResult) {
                           EXPECT_TRUE(exception);
                       }));
    }
    drive(io_);
    EXPECT_EQ(result->delivered, 2U);
    EXPECT_EQ(take_all(numbers).size(), 4U);
    cancel.emit(asio::cancellation_type::terminal);
    drive(io_);
    EXPECT_EQ(take_all(numbers).size(), 0U);
}

// ---- a fault that was seen once ---------------------------------------------------------------------------------

struct PingSent {
    int id = 0;
};
struct PongReceived {
    int id = 0;
};
struct PeerGivenUp {
    int id = 0;
};

/// Gives a peer up that does not answer within a second. Its fault: an answer to an earlier ping counts for any.
asio::awaitable<void> watch_peer(event::EventBus& bus, bool has_fault) {
    auto pings = bus.subscribe<PingSent>();
    auto pongs = bus.subscribe<PongReceived>();
    const auto given_up = bus.emitter<PeerGivenUp>();
    for (;;) {
        const auto [error, ping] = co_await pings.async_receive(asio::as_tuple(asio::use_awaitable));
        if (error) co_return;
        for (;;) {
            const auto [late, pong] = co_await pongs.async_receive_for(1s, asio::as_tuple(asio::use_awaitable));
            if (late) {
                given_up.emit({ping->id});
                break;
            }
            if (has_fault || pong->id == ping->id) break;
        }
    }
}

std::vector<int> given_up_in(const Recording& recording, bool has_fault) {
    asio::io_context io;
    ManualClock clock(io);
    event::EventBus bus(io);
    Recorder<PeerGivenUp> outcome(bus);
    asio::co_spawn(io, watch_peer(bus, has_fault), asio::detached);
    drive(io);
    replay(recording, bus, io, clock);
    drive_for(io, clock, 10s);
    std::vector<int> ids;
    for (const auto& event : outcome.take()) ids.push_back(event.id);
    bus.close();
    drive(io);
    return ids;
}

TEST_F(Recorded, AFaultOfAComponentThatWasRecordedOnceHappensAgainEachTime) {
    Recording recording(bus_);
    const auto sent = bus_.emitter<PingSent>();
    const auto received = bus_.emitter<PongReceived>();
    sent.emit({1});
    clock_.advance(1200ms);
    received.emit({1});  // too late
    clock_.advance(300ms);
    sent.emit({2});  // never answered
    clock_.advance(100ms);
    recording.stop();
    for (int run = 0; run < 5; ++run) {
        EXPECT_THAT(given_up_in(recording, true), ElementsAre(1));  // the late answer counts for the second
        EXPECT_THAT(given_up_in(recording, false), ElementsAre(1, 2));
    }
}

TEST(DriveFor, StopsAtEachLimitOnTheWay) {
    asio::io_context io;
    ManualClock clock(io);
    event::EventBus bus(io);
    auto numbers = bus.subscribe<Number>();
    const auto begun_at = clock.now();
    std::vector<std::chrono::nanoseconds> passed;
    std::function<void()> wait = [&] {
        numbers.async_receive_for(3s, [&](error_code, const auto&) {
            passed.push_back(clock.now() - begun_at);
            if (passed.size() < 5) wait();
        });
    };
    wait();
    EXPECT_EQ(drive_for(io, clock, 10s), 3U);
    EXPECT_THAT(passed, ElementsAre(3s, 6s, 9s));
    EXPECT_EQ(clock.now() - begun_at, 10s);
}

}  // namespace recording_test
