#include "support.hpp"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// What is retained for who comes later: of each key the newest event, or the last few.

namespace retain_by_test {

using namespace support;
using namespace std::chrono_literals;
using event::errc;
using event::retain_by;
using testing::ElementsAre;
using testing::IsEmpty;

struct Connection {
    int id = 0;
    int state = 0;
    [[nodiscard]] bool is_closed() const { return state < 0; }
};
struct Room {
    using event_interfaces = event::Interfaces<Room>;
    std::string name;
    std::string topic;
};

class RetainBy : public testing::Test {
protected:
    std::vector<std::string> seen(auto& subscription) {
        std::vector<std::string> all;
        for (const auto& delivery : take_all(subscription))
            all.push_back(fmt::format("{}{}", delivery.replayed() ? "" : "new ", text_of(delivery)));
        return all;
    }
    static std::string text(const Connection& event) { return fmt::format("{}:{}", event.id, event.state); }
    static std::string text(const Room& event) { return fmt::format("{}:{}", event.name, event.topic); }
    static std::string text(const Number& event) { return fmt::format("{}", event.value); }
    static std::string text(const event::AnyEvent& event) {
        if (const auto* connection = event.get_if<Connection>()) return text(*connection);
        if (const auto* room = event.get_if<Room>()) return text(*room);
        return text(*event.get_if<Number>());
    }
    template <class... Ts>
    static std::string text_of(const event::Delivery<Ts...>& delivery) {
        return delivery.visit([](const auto& event) { return text(event); });
    }

    asio::io_context io_;
    event::EventBus bus_{io_, {.stamp = true}};
};

// ---- of each key the newest -------------------------------------------------------------------------------------

TEST_F(RetainBy, WhoComesLateSeesTheNewestOfEachKeyInItsOrderBeforeAnythingNewer) {
    const auto emitter = bus_.emitter<Connection>({}, retain_by(&Connection::id));
    for (const auto& event : {Connection{1, 1}, {2, 1}, {3, 1}, {1, 2}}) emitter.emit(event);
    auto late = bus_.subscribe<Connection>();
    emitter.emit({2, 2});
    EXPECT_THAT(seen(late), ElementsAre("2:1", "3:1", "1:2", "new 2:2"));
}

TEST_F(RetainBy, IsMadeOfWhatEachEmitHasSaid) {
    const auto first = bus_.emitter<Connection>({.name = "first"}, retain_by(&Connection::id));
    const auto second = bus_.emitter<Connection>();
    first.emit({1, 1});
    second.emit({2, 1});
    auto early = bus_.subscribe<Connection>();
    auto late = bus_.subscribe<Connection>();
    const auto first_seen = take_all(early);
    const auto then_seen = take_all(late);
    ASSERT_EQ(then_seen.size(), 2U);
    EXPECT_EQ(then_seen[0].emitter(), first.id());
    EXPECT_EQ(then_seen[1].emitter(), second.id());
    for (std::size_t i : {0U, 1U}) {
        EXPECT_EQ(then_seen[i].sequence(), first_seen[i].sequence());
        EXPECT_EQ(then_seen[i].emitted_at(), first_seen[i].emitted_at());
        EXPECT_NE(then_seen[i].emitted_at(), std::chrono::steady_clock::time_point());
    }
}

TEST_F(RetainBy, OfSharedEventsAndTexts) {
    const auto emitter = bus_.emitter<Room>(retain_by(&Room::name));
    for (const char* topic : {"a", "b"})
        for (const char* name : {"lobby", "kitchen"}) emitter.emit({.name = name, .topic = topic});
    auto late = bus_.subscribe<Room>();
    EXPECT_THAT(seen(late), ElementsAre("lobby:b", "kitchen:b"));
}

TEST_F(RetainBy, OneOrderWithWhatElseIsRetained) {
    const auto number = bus_.emitter<Number>({.retain = true});
    const auto room = bus_.emitter<Room>(retain_by(&Room::name));
    const auto connection = bus_.emitter<Connection>(retain_by(&Connection::id));
    connection.emit({1, 1});
    room.emit({.name = "lobby", .topic = "a"});
    number.emit({7});
    connection.emit({2, 1});
    room.emit({.name = "kitchen", .topic = "a"});
    auto listed = bus_.subscribe<Room, Connection, Number>();
    auto any = bus_.subscribe<event::AnyEvent>({.replay_retained = true});
    auto mixed = bus_.subscribe<event::Implements<Room>, Connection>();
    EXPECT_THAT(seen(listed), ElementsAre("1:1", "lobby:a", "7", "2:1", "kitchen:a"));
    EXPECT_THAT(seen(any), ElementsAre("1:1", "lobby:a", "7", "2:1", "kitchen:a"));
    EXPECT_THAT(seen(mixed), ElementsAre("1:1", "lobby:a", "2:1", "kitchen:a"));
    auto only_new = bus_.subscribe<event::AnyEvent>();
    EXPECT_THAT(seen(only_new), IsEmpty());
}

TEST_F(RetainBy, OfOneEmitterOfSeveralTypes) {
    struct Key {
        std::string_view operator()(const Room& room) const { return room.name; }
        int operator()(const Connection& connection) const { return connection.id; }
    };
    const auto emitter = bus_.emitter<Room, Connection, Number>({}, retain_by(Key()));
    emitter.emit(Room{"lobby", ""});
    emitter.emit(Connection{1, 1});
    emitter.emit(Connection{1, 2});
    emitter.emit(Number{1});
    emitter.emit(Number{2});
    auto late = bus_.subscribe<Room, Connection, Number>();
    EXPECT_THAT(seen(late), ElementsAre("lobby:", "1:2"));
}

TEST_F(RetainBy, WhatIsReplayedDoesNotCountAgainstTheCapacity) {
    const auto emitter = bus_.emitter<Connection>(retain_by(&Connection::id));
    for (int id = 0; id < 100; ++id) emitter.emit({id, 0});
    for (const event::Backpressure& on_full :
         {event::Backpressure(event::Drop{}), event::Backpressure(event::DropOldest{}),
          event::Backpressure(event::Kill{}), event::Backpressure(event::Wait{}),
          event::Backpressure(event::Notify{})}) {
        auto late = bus_.subscribe<Connection>({.capacity = 1, .on_full = on_full});
        EXPECT_EQ(emitter.emit({0, 1}).lost(), 0U);
        EXPECT_EQ(take_all(late).size(), 101U);
    }
}

TEST_F(RetainBy, IsRefinedAsAnyEvent) {
    const auto emitter = bus_.emitter<Connection>(retain_by(&Connection::id));
    for (int id = 0; id < 4; ++id) emitter.emit({id, 0});
    auto odd = bus_.subscribe<Connection>(event::where([](const Connection& event) { return event.id % 2 == 1; }));
    auto newest = bus_.subscribe<Connection>({.on_full = event::Latest{}});
    auto halves = bus_.subscribe<Connection>(event::latest_by([](const Connection& event) { return event.id / 2; }));
    auto none = bus_.subscribe<Connection>(event::not_from(emitter));
    EXPECT_THAT(seen(odd), ElementsAre("1:0", "3:0"));
    EXPECT_THAT(seen(newest), ElementsAre("3:0"));
    EXPECT_THAT(seen(halves), ElementsAre("1:0", "3:0"));
    EXPECT_THAT(seen(none), IsEmpty());
}

TEST_F(RetainBy, HoldsForEveryWayToEmit) {
    const auto emitter = bus_.emitter<Connection>(retain_by(&Connection::id));
    emitter.emit_all(std::array<Connection, 3>{{{1, 1}, {2, 1}, {1, 2}}});
    emitter.emplace<Connection>(3, 1);
    emitter.async_emit(Connection{4, 1}, asio::detached);
    auto value = bus_.value<Connection>();
    value.set({5, 1});
    drive(io_);
    auto any = bus_.subscribe<event::AnyEvent>();
    emitter.emit({6, 1});
    bus_.emit(**any.try_receive());
    auto late = bus_.subscribe<Connection>();
    EXPECT_THAT(seen(late), ElementsAre("2:1", "1:2", "3:1", "4:1", "5:1", "6:1"));
}

TEST_F(RetainBy, WatchersSeeTheNewestOfAll) {
    const auto emitter = bus_.emitter<Connection>(retain_by(&Connection::id));
    auto watcher = bus_.watch<Connection>();
    emitter.emit({1, 1});
    emitter.emit({2, 1});
    EXPECT_TRUE(bus_.forget<Connection>(2));
    EXPECT_EQ((*watcher.try_get())->id, 2);
}

// ---- a key that goes --------------------------------------------------------------------------------------------

TEST_F(RetainBy, AsInACompactedTopicAnEventMayRemoveItsKeyAndNobodyReadsItLater) {
    const auto emitter = bus_.emitter<Connection>({}, retain_by(&Connection::id, &Connection::is_closed));
    auto early = bus_.subscribe<Connection>();
    for (const auto& event : {Connection{1, 1}, {2, 1}, {1, -1}, {9, -1}}) emitter.emit(event);
    auto late = bus_.subscribe<Connection>();
    EXPECT_THAT(seen(early), ElementsAre("new 1:1", "new 2:1", "new 1:-1", "new 9:-1"));
    EXPECT_THAT(seen(late), ElementsAre("2:1"));
}

TEST_F(RetainBy, ForgetTakesAKey) {
    const auto connection = bus_.emitter<Connection>(retain_by(&Connection::id));
    const auto room = bus_.emitter<Room>(retain_by(&Room::name));
    connection.emit({1, 1});
    connection.emit({-2, 1});
    room.emit({"lobby", ""});
    room.emit({"kitchen", ""});
    EXPECT_FALSE(bus_.forget<Connection>(3));
    EXPECT_TRUE(bus_.forget<Connection>(std::int8_t{-2}));
    EXPECT_FALSE(bus_.forget<Connection>(-2));
    EXPECT_TRUE(bus_.forget<Room>("lobby"));
    EXPECT_FALSE(bus_.forget<Room>(std::string("lobby")));
    auto late = bus_.subscribe<Connection, Room>();
    EXPECT_THAT(seen(late), ElementsAre("1:1", "kitchen:"));
    EXPECT_TRUE(bus_.forget<Room>(std::string_view("kitchen")));
}

TEST_F(RetainBy, ForgetOfWhatIsNoKeyIsRefused) {
    const auto connection = bus_.emitter<Connection>(retain_by(&Connection::id));
    const auto number = bus_.emitter<Number>({.retain = true});
    connection.emit({1, 1});
    EXPECT_THROW(bus_.forget<Connection>("one"), std::invalid_argument);
    EXPECT_THROW(bus_.forget<Connection>(1.0), std::invalid_argument);
    EXPECT_THROW(bus_.forget<Connection>(std::uint64_t{1} << 40), std::invalid_argument);
    EXPECT_FALSE(bus_.forget<Number>(1));  // retained without a key
    EXPECT_FALSE(bus_.forget<Text>(1));    // nobody has ever used it
    const auto letter = bus_.emitter<Letter>({.retain = true, .retain_last = 2});
    EXPECT_FALSE(bus_.forget<Letter>(1));  // the same
}

TEST_F(RetainBy, ForgetWithoutAKeyTakesAll) {
    const auto emitter = bus_.emitter<Connection>(retain_by(&Connection::id));
    emitter.emit({1, 1});
    emitter.emit({2, 1});
    EXPECT_EQ(bus_.stat<Connection>().replays, 2U);
    bus_.forget<Connection>();
    EXPECT_EQ(bus_.stat<Connection>().replays, 0U);
    EXPECT_FALSE(bus_.stat<Connection>().replayable);
    emitter.emit({3, 1});
    auto late = bus_.subscribe<Connection>();
    EXPECT_THAT(seen(late), ElementsAre("3:1"));
}

struct Point {
    int x = 0;
    int y = 0;
    friend bool operator==(const Point&, const Point&) = default;
};
struct Placed {
    Point point;
};

}  // namespace retain_by_test

template <>
struct std::hash<retain_by_test::Point> {
    std::size_t operator()(const retain_by_test::Point& point) const noexcept {
        return static_cast<std::size_t>(point.x);  // many are the same
    }
};

namespace retain_by_test {

TEST_F(RetainBy, KeysOfOneHashAreDifferentKeys) {
    const auto emitter = bus_.emitter<Placed>(retain_by(&Placed::point));
    for (int y = 0; y < 5; ++y) emitter.emit(Placed{{1, y}});
    EXPECT_TRUE(bus_.forget<Placed>(Point{1, 3}));
    EXPECT_EQ(bus_.stat<Placed>().replays, 4U);
    EXPECT_THROW(bus_.forget<Placed>(Number{}), std::invalid_argument);
}

// ---- more keys than there is room for ---------------------------------------------------------------------------

TEST_F(RetainBy, OneKeyTooManyIsRefusedAndNobodyGetsIt) {
    const auto emitter = bus_.emitter<Connection>({}, retain_by(&Connection::id, {.keys = 2}));
    auto early = bus_.subscribe<Connection>();
    emitter.emit({1, 1});
    emitter.emit({2, 1});
    const auto result = emitter.emit({3, 1});
    EXPECT_EQ(result.error, errc::too_many_keys);
    EXPECT_EQ(result.subscribers, 0U);
    EXPECT_EQ(emitter.emit({2, 2}).error, errc{});
    std::optional<error_code> told;
    emitter.async_emit(Connection{4, 1}, [&](error_code error, const event::EmitResult&) { told = error; });
    drive(io_);
    EXPECT_EQ(told, errc::too_many_keys);
    const auto all = emitter.emit_all(std::array<Connection, 3>{{{1, 2}, {5, 1}, {2, 3}}});
    EXPECT_EQ(all.error, errc::too_many_keys);
    EXPECT_EQ(all.delivered, 2U);
    EXPECT_THAT(seen(early), ElementsAre("new 1:1", "new 2:1", "new 2:2", "new 1:2", "new 2:3"));
    EXPECT_TRUE(bus_.forget<Connection>(1));
    EXPECT_EQ(emitter.emit({3, 1}).error, errc{});
    EXPECT_EQ(error_code(errc::too_many_keys).message(), "more keys than the topic retains");
}

TEST_F(RetainBy, OneKeyTooManyTakesThePlaceOfTheOldestIfThatIsWanted) {
    const auto emitter = bus_.emitter<Connection>({}, retain_by(&Connection::id, {.keys = 2, .forget_oldest = true}));
    for (const auto& event : {Connection{1, 1}, {2, 1}, {1, 2}, {3, 1}}) emitter.emit(event);
    auto late = bus_.subscribe<Connection>();
    EXPECT_THAT(seen(late), ElementsAre("1:2", "3:1"));
}

TEST_F(RetainBy, ARemovalNeedsNoRoom) {
    const auto emitter = bus_.emitter<Connection>({}, retain_by(&Connection::id, &Connection::is_closed, {.keys = 1}));
    emitter.emit({1, 1});
    EXPECT_EQ(emitter.emit({2, -1}).error, errc{});
    EXPECT_EQ(emitter.emit({1, -1}).error, errc{});
    EXPECT_EQ(emitter.emit({2, 1}).error, errc{});
}

// ---- the last few -----------------------------------------------------------------------------------------------

TEST_F(RetainBy, AsKeepLastOfRosTheLastFewAreReplayedToWhoComesLate) {
    const auto emitter = bus_.emitter<Number>({.retain = true, .retain_last = 3});
    for (int value : {1, 2, 3, 4, 5}) emitter.emit({value});
    auto late = bus_.subscribe<Number>();
    emitter.emit({6});
    EXPECT_THAT(seen(late), ElementsAre("3", "4", "5", "new 6"));
}

// ---- wrong use --------------------------------------------------------------------------------------------------

TEST_F(RetainBy, WhatContradictsWhatIsRetainedAlreadyIsRefusedAndLeavesNothing) {
    const auto first = bus_.emitter<Connection>({}, retain_by(&Connection::id));
    const auto same = bus_.emitter<Connection>({}, retain_by(&Connection::id));
    const auto plain = bus_.emitter<Connection>({.retain = true});
    EXPECT_THROW(static_cast<void>(bus_.emitter<Connection>({}, retain_by(&Connection::state))), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(bus_.emitter<Connection>({}, retain_by(&Connection::id, {.keys = 2}))),
                 std::invalid_argument);
    EXPECT_THROW(static_cast<void>(bus_.emitter<Connection>({.retain = true, .retain_last = 2})),
                 std::invalid_argument);
    EXPECT_THROW(
        static_cast<void>(bus_.emitter<Connection>({.retain = true, .retain_last = 2}, retain_by(&Connection::id))),
        std::invalid_argument);
    EXPECT_THROW(static_cast<void>(bus_.emitter<Connection>({.retain_last = 2})), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(bus_.emitter<Connection>({.retain = true, .retain_last = 0})),
                 std::invalid_argument);
    EXPECT_THROW(static_cast<void>(bus_.emitter<Number>({}, retain_by(&Number::value, {.keys = 0}))),
                 std::invalid_argument);
    EXPECT_EQ(bus_.stat<Connection>().emitters, 3U);
    EXPECT_EQ(bus_.stat<Number>().emitters, 0U);
}

TEST_F(RetainBy, EndsWithTheTopicWhichMayBeRetainedOtherwiseThen) {
    {
        const auto emitter = bus_.emitter<Connection>({}, retain_by(&Connection::id));
        emitter.emit({1, 1});
        bus_.forget<Connection>();
    }
    const auto emitter = bus_.emitter<Connection>({}, retain_by(&Connection::state));
    emitter.emit({1, 1});
    emitter.emit({2, 1});
    EXPECT_EQ(bus_.stat<Connection>().replays, 1U);
}

TEST_F(RetainBy, AKeyThatThrowsKeepsTheEventFromBeingRetained) {
    const auto emitter = bus_.emitter<Connection>({}, retain_by([](const Connection& event) {
                                                      if (event.id == 2) throw std::runtime_error("no key");
                                                      return event.id;
                                                  }));
    auto early = bus_.subscribe<Connection>();
    emitter.emit({1, 1});
    EXPECT_THROW(emitter.emit({2, 1}), std::runtime_error);
    auto late = bus_.subscribe<Connection>();
    EXPECT_THAT(seen(early), ElementsAre("new 1:1", "new 2:1"));
    EXPECT_THAT(seen(late), ElementsAre("1:1"));
}

TEST_F(RetainBy, AKeyMustNotUseTheBus) {
    const auto emitter = bus_.emitter<Connection>({}, retain_by([this](const Connection& event) {
                                                      bus_.forget<Connection>(1);
                                                      return event.id;
                                                  }));
    EXPECT_THROW(emitter.emit({1, 1}), boost::system::system_error);
    EXPECT_EQ(bus_.stat<Connection>().replays, 0U);
}

TEST_F(RetainBy, WhatIsRefusedIsCountedAndAValueSaysSo) {
    auto value = bus_.value<Connection>();
    const auto emitter = bus_.emitter<Connection>({}, retain_by(&Connection::id, {.keys = 1}));
    value.set({1, 1});
    EXPECT_THROW(value.set({2, 1}), boost::system::system_error);
    EXPECT_THROW(value.emplace(2, 1), boost::system::system_error);
    EXPECT_THROW(value.update([](Connection& event) { event.id = 2; }), boost::system::system_error);
    emitter.emit({3, 1});
    EXPECT_EQ(bus_.stat<Connection>().refused, 4U);
    EXPECT_EQ((*value.try_get())->id, 1);
    EXPECT_THAT(fmt::format("{}", bus_.stat<Connection>()), testing::HasSubstr(", 4 refused"));
}

/// Its comparison uses the bus, as it must not.
struct KeyThatCompares {
    event::EventBus* bus;
    int operator()(const Connection& event) const { return event.id; }
    bool operator==(const KeyThatCompares&) const { return bus->stat<Connection>().emitters == 0; }
};

TEST_F(RetainBy, AComparisonOfKeysMustNotUseTheBus) {
    const auto emitter = bus_.emitter<Connection>({}, retain_by(KeyThatCompares{&bus_}));
    EXPECT_THROW(static_cast<void>(bus_.emitter<Connection>({}, retain_by(KeyThatCompares{&bus_}))),
                 boost::system::system_error);
    EXPECT_EQ(bus_.stat<Connection>().emitters, 1U);
}

/// Uses the bus when it goes.
struct UsesTheBus {
    explicit UsesTheBus(event::EventBus& its_bus) : bus(its_bus) {}
    UsesTheBus(const UsesTheBus&) = delete;
    UsesTheBus& operator=(const UsesTheBus&) = delete;
    ~UsesTheBus() { static_cast<void>(bus.stat<Number>()); }
    event::EventBus& bus;
};

TEST_F(RetainBy, AKeyIsDestroyedUnderNoLock) {
    const auto make = [&] {
        return retain_by([uses = std::make_shared<UsesTheBus>(bus_)](const Connection& event) { return event.id; });
    };
    static_cast<void>(bus_.emitter<Connection>({}, make()));
    static_cast<void>(bus_.emitter<Connection>());
    static_cast<void>(bus_.emitter<Connection>({}, make()));
    static_cast<void>(bus_.emitter<Connection>({.retain = true, .retain_last = 2}));
}

/// Its comparison closes a subscription, and then throws.
struct Fussy {
    int id = 0;
    event::Subscription<Connection>* closed = nullptr;
    friend bool operator==(const Fussy& left, const Fussy& right) {
        for (const Fussy* one : {&left, &right}) {
            if (one->closed == nullptr) continue;
            one->closed->close();
            throw std::runtime_error("not this one");
        }
        return left.id == right.id;
    }
};
/// Converts to a text, and is none.
struct Named {
    std::string name;
    operator std::string_view() const { return name; }  // NOLINT(google-explicit-constructor)
    friend bool operator==(const Named&, const Named&) = default;
};
struct Entered {
    Fussy fussy;
    Named named;
};

}  // namespace retain_by_test

template <>
struct std::hash<retain_by_test::Fussy> {
    std::size_t operator()(const retain_by_test::Fussy& key) const noexcept { return static_cast<std::size_t>(key.id); }
};
template <>
struct std::hash<retain_by_test::Named> {
    std::size_t operator()(const retain_by_test::Named& key) const noexcept { return key.name.size(); }
};

namespace retain_by_test {

TEST_F(RetainBy, WhatAComparisonClosesBeforeItThrowsIsClosed) {
    const auto emitter = bus_.emitter<Entered>({}, retain_by(&Entered::fussy));
    emitter.emit(Entered{{1}, {}});
    auto closed = bus_.subscribe<Connection>();
    EXPECT_THROW(bus_.forget<Entered>(Fussy{1, &closed}), std::runtime_error);
    EXPECT_FALSE(closed.is_open());
    EXPECT_EQ(bus_.stat<Connection>().subscribers, 0U);
}

TEST_F(RetainBy, AKeyThatConvertsToATextIsFoundAsWhatItIs) {
    const auto emitter = bus_.emitter<Entered>({}, retain_by(&Entered::named));
    emitter.emit(Entered{{}, {"lobby"}});
    EXPECT_TRUE(bus_.forget<Entered>(Named{"lobby"}));
}

struct Level {
    double height = 0;
};

TEST_F(RetainBy, WhatIsNotEqualToItselfIsDeliveredAndTakesNobodysPlace) {
    const auto emitter = bus_.emitter<Level>({}, retain_by(&Level::height, {.keys = 2}));
    auto levels = bus_.subscribe<Level>();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(emitter.emit({std::numeric_limits<double>::quiet_NaN()}).delivered, 1U);
    EXPECT_EQ(emitter.emit({1}).error, event::errc{});
    EXPECT_EQ(bus_.stat<Level>().replays, 1U);
}

// ---- life -------------------------------------------------------------------------------------------------------

struct Alive {
    int id = 0;
    std::shared_ptr<int> token;
};

TEST_F(RetainBy, NothingIsKeptLongerThanItIsRetained) {
    const auto token = std::make_shared<int>();
    {
        event::EventBus bus(io_);
        const auto emitter = bus.emitter<Alive>({}, retain_by(&Alive::id, {.keys = 2, .forget_oldest = true}));
        for (int id : {1, 2, 2, 3}) emitter.emit({id, token});
        EXPECT_EQ(token.use_count(), 3);
        bus.forget<Alive>(3);
        EXPECT_EQ(token.use_count(), 3);  // a watcher would see it
        emitter.emit({4, token});
        EXPECT_EQ(token.use_count(), 3);
    }
    EXPECT_EQ(token.use_count(), 1);
    {
        event::EventBus bus(io_);
        const auto emitter = bus.emitter<Alive>({}, retain_by(&Alive::id));
        emitter.emit({1, token});
        bus.close();
        EXPECT_EQ(token.use_count(), 1);
    }
}

TEST_F(RetainBy, WhoSubscribesWhileKeysComeMissesNoneAndGetsNoneTwice) {
    constexpr int keys = 3000;
    event::EventBus bus(io_);
    const auto emitter = bus.emitter<Connection>({}, retain_by(&Connection::id, {.keys = keys}));
    std::vector<event::Subscription<Connection>> all;
    std::thread other([&] {
        for (int id = 0; id < keys; ++id) emitter.emit({id, 0});
    });
    for (int i = 0; i < 30; ++i) all.push_back(bus.subscribe<Connection>({.capacity = keys}));
    other.join();
    for (auto& subscription : all) {
        int expected = 0;
        for (const auto& delivery : take_all(subscription)) ASSERT_EQ(delivery->id, expected++);
        EXPECT_EQ(expected, keys);
    }
}

TEST_F(RetainBy, WhoSubscribesWhileManyKeysComeAndGoGetsThemInTheirOrder) {
    event::EventBus bus(io_);
    const auto emitter = bus.emitter<Connection>({}, retain_by(&Connection::id));
    std::atomic<bool> is_over{false};
    std::thread other([&] {
        while (!is_over) {
            for (int id = 0; id < 200; ++id) emitter.emit({id, 0});
            bus.forget<Connection>();
        }
    });
    std::uint64_t replayed = 0;
    for (int i = 0; i < 2000 || replayed == 0; ++i) {
        auto subscription = bus.subscribe<Connection>({.capacity = 1});
        std::uint64_t before = 0;
        while (const auto delivery = subscription.try_receive()) {
            if (!delivery->replayed()) break;
            ASSERT_LT(before, delivery->sequence());
            before = delivery->sequence();
            ++replayed;
        }
    }
    is_over = true;
    other.join();
}

TEST_F(RetainBy, IsInTheReport) {
    const auto emitter = bus_.emitter<Connection>({}, retain_by(&Connection::id));
    emitter.emit({1, 1});
    emitter.emit({2, 1});
    EXPECT_EQ(bus_.report().topics.front().replays, 2U);
    EXPECT_THAT(fmt::format("{}", bus_.stat<Connection>()), testing::EndsWith("2 emitted, 2 retained"));
}

}  // namespace retain_by_test
