#include "support.hpp"

#include <event/fmt.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Keys that are chosen at run time. What is followed: subjects of NATS and key expressions of Zenoh, whose
/// subscribers are looked up and not asked, and a content filter of ROS 2, which a subscription may have beside others
/// of its topic. Stronger here: a key is a value of any type with a hash, and one order holds across keys and types.

namespace where_key_test {

using namespace support;
using event::where_key;

/// Copied into each queue.
struct Said {
    int room = 0;
    int line = 0;
};
/// Shared.
struct Frame {
    std::string protocol;
    int number = 0;
    [[nodiscard]] std::string_view name() const { return protocol; }
    [[nodiscard]] const char* spelled() const { return protocol.c_str(); }
};
enum class Kind : std::uint8_t { ping = 1, echo = 2 };
struct Packet {
    Kind kind{};
    std::uint8_t port = 0;
};
using Lines = std::vector<int>;

Lines lines(event::Subscription<Said>& subscription) {
    Lines all;
    while (const auto said = subscription.try_receive()) all.push_back((*said)->line);
    return all;
}
Lines numbers_of(event::Subscription<Frame>& subscription) {
    Lines all;
    while (const auto frame = subscription.try_receive()) all.push_back((*frame)->number);
    return all;
}

class WhereKey : public testing::Test {
protected:
    asio::io_context io_;
    event::EventBus bus_{io_, {.name = "bus"}};
    event::Emitter<Said> said_ = bus_.emitter<Said>();
    event::Emitter<Frame> frames_ = bus_.emitter<Frame>();
};

// ---- who gets what ----------------------------------------------------------------------------------------------

TEST_F(WhereKey, GetsTheEventsOfItsKeyAsWithASubjectOfNats) {
    auto first = bus_.subscribe<Said>(where_key(&Said::room, 1));
    auto second = bus_.subscribe<Said>(where_key(&Said::room, 2));
    auto all = bus_.subscribe<Said>();
    for (int line = 0; line < 4; ++line) said_.emit({.room = line % 2 + 1, .line = line});
    EXPECT_EQ(lines(first), (Lines{0, 2}));
    EXPECT_EQ(lines(second), (Lines{1, 3}));
    EXPECT_EQ(lines(all), (Lines{0, 1, 2, 3}));
}

TEST_F(WhereKey, GetsSharedEventsOfItsKey) {
    auto ping = bus_.subscribe<Frame>(where_key(&Frame::protocol, "ping"));
    auto echo = bus_.subscribe<Frame>(where_key(&Frame::protocol, std::string("echo")));
    auto none = bus_.subscribe<Frame>(where_key(&Frame::protocol, std::string_view("pin")));
    frames_.emit({"ping", 1});
    frames_.emit({"echo", 2});
    frames_.emplace("ping", 3);
    EXPECT_EQ(numbers_of(ping), (Lines{1, 3}));
    EXPECT_EQ(numbers_of(echo), Lines{2});
    EXPECT_FALSE(none.try_receive());
}

TEST_F(WhereKey, OneOfSeveralKeysIsEnoughAndEachEventComesOnce) {
    auto some = bus_.subscribe<Said>(where_key(&Said::room, 1, 3, 3, 1));
    for (int room = 0; room < 5; ++room) said_.emit({room, room});
    EXPECT_EQ(lines(some), (Lines{1, 3}));
    EXPECT_EQ(some.stat().keys.size(), 2U);
}

TEST_F(WhereKey, KeysMayComeAsARange) {
    const std::vector<std::string> protocols{"ping", "echo"};
    auto some = bus_.subscribe<Frame>(where_key(&Frame::protocol, protocols, "identify"));
    auto none = bus_.subscribe<Frame>(where_key(&Frame::protocol, std::vector<std::string>()));
    for (const char* protocol : {"identify", "ping", "other", "echo"}) frames_.emplace(protocol, 1);
    EXPECT_EQ(numbers_of(some).size(), 3U);
    EXPECT_FALSE(none.try_receive());
}

TEST_F(WhereKey, AnyProjectionThatCanBeToldFromOthersWill) {
    auto member = bus_.subscribe<Frame>(where_key(&Frame::name, "ping"));
    auto spelled = bus_.subscribe<Frame>(where_key(&Frame::spelled, "ping"));
    auto lambda = bus_.subscribe<Frame>(where_key([](const Frame& frame) { return frame.number % 2; }, 1));
    auto even = bus_.subscribe<Frame>(where_key([](const Frame& frame) { return frame.number % 2; }, 0));
    auto kinds = bus_.subscribe<Packet>(where_key(&Packet::kind, Kind::ping));
    frames_.emit({"ping", 1});
    frames_.emit({"echo", 2});
    const auto packets = bus_.emitter<Packet>();
    packets.emit({Kind::echo, 1});
    packets.emit({Kind::ping, 2});
    EXPECT_EQ(numbers_of(member), Lines{1});
    EXPECT_EQ(numbers_of(spelled), Lines{1});
    EXPECT_EQ(numbers_of(lambda), Lines{1});
    EXPECT_EQ(numbers_of(even), Lines{2});
    EXPECT_EQ(kinds.try_receive()->get().port, 2);
    EXPECT_FALSE(kinds.try_receive());
}

struct Remainder {
    int of;
    int operator()(const Said& said) const { return said.room % of; }
    bool operator==(const Remainder&) const = default;
};

TEST_F(WhereKey, ProjectionsWithStateAreToldApartByIt) {
    auto thirds = bus_.subscribe<Said>(where_key(Remainder{3}, 1));
    auto halves = bus_.subscribe<Said>(where_key(Remainder{2}, 1));
    auto more_thirds = bus_.subscribe<Said>(where_key(Remainder{3}, 2));
    for (int room = 0; room < 6; ++room) said_.emit({room, room});
    EXPECT_EQ(lines(thirds), (Lines{1, 4}));
    EXPECT_EQ(lines(halves), (Lines{1, 3, 5}));
    EXPECT_EQ(lines(more_thirds), (Lines{2, 5}));
}

/// Everything has one hash.
struct Coarse {
    int value = 0;
    bool operator==(const Coarse&) const = default;
};

}  // namespace where_key_test

template <>
struct std::hash<where_key_test::Coarse> {
    std::size_t operator()(const where_key_test::Coarse&) const noexcept { return 7; }
};

namespace where_key_test {

TEST_F(WhereKey, AKeyThatOnlyHashesTheSameIsAnotherKey) {
    const auto coarse = [](const Said& said) { return Coarse{said.room}; };
    auto first = bus_.subscribe<Said>(where_key(coarse, Coarse{1}));
    auto second = bus_.subscribe<Said>(where_key(coarse, Coarse{2}));
    said_.emit({.room = 1, .line = 1});
    said_.emit({.room = 2, .line = 2});
    said_.emit({.room = 3, .line = 3});
    EXPECT_EQ(lines(first), Lines{1});
    EXPECT_EQ(lines(second), Lines{2});
}

TEST_F(WhereKey, ANumberThatTheProjectionCannotGiveIsRefused) {
    EXPECT_THROW(static_cast<void>(bus_.subscribe<Packet>(where_key(&Packet::port, 300))), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(bus_.subscribe<Packet>(where_key(&Packet::port, -1))), std::invalid_argument);
    EXPECT_EQ(bus_.subscribe<Packet>(where_key(&Packet::port, 200)).stat().keys.size(), 1U);
    EXPECT_EQ(bus_.stat<Packet>().subscribers, 0U);
}

// ---- several types ----------------------------------------------------------------------------------------------

TEST_F(WhereKey, HoldsForTheTypesThatTheProjectionTakesAndLeavesTheOthersAlone) {
    auto mixed = bus_.subscribe<Said, Number>(where_key(&Said::room, 1));
    const auto numbers = bus_.emitter<Number>();
    numbers.emit({1});
    said_.emit({.room = 2});
    said_.emit({.room = 1});
    numbers.emit({2});
    std::vector<std::size_t> order;
    while (const auto delivery = mixed.try_receive()) order.push_back(delivery->index());
    EXPECT_EQ(order, (std::vector<std::size_t>{1, 0, 1}));
}

struct NumberOf {
    int operator()(const Said& said) const { return said.room; }
    long operator()(const Frame& frame) const { return frame.number; }
};

TEST_F(WhereKey, OneProjectionMayServeSeveralTypesAndEachTypeMayHaveItsOwn) {
    auto shared = bus_.subscribe<Said, Frame>(where_key(NumberOf(), 1));
    auto own = bus_.subscribe<Said, Frame>(where_key(&Said::room, 2), where_key(&Frame::protocol, "ping"));
    for (int i = 1; i <= 2; ++i) {
        said_.emit({.room = i});
        frames_.emit({i == 1 ? "ping" : "echo", i});
    }
    EXPECT_EQ(shared.try_receive()->get<Said>().room, 1);
    EXPECT_EQ(shared.try_receive()->get<Frame>().number, 1);
    EXPECT_FALSE(shared.try_receive());
    EXPECT_EQ(own.try_receive()->get<Frame>().number, 1);
    EXPECT_EQ(own.try_receive()->get<Said>().room, 2);
    EXPECT_FALSE(own.try_receive());
}

/// Stronger than a subject of NATS, whose order is that of one connection.
TEST_F(WhereKey, TheOrderIsTheSameOneAcrossKeysTypesAndSubscribers) {
    auto chosen = bus_.subscribe<Said, Frame>({.capacity = 100}, where_key(&Said::room, 0, 1));
    auto other = bus_.subscribe<Said, Frame>({.capacity = 100}, where_key(&Said::room, 1, 2));
    auto all = bus_.subscribe<event::AnyEvent>({.capacity = 100});
    for (int i = 0; i < 30; ++i) i % 4 == 3 ? frames_.emplace("", i) : said_.emit({.room = i % 3, .line = i});
    const auto sequences = [](auto& subscription) {
        std::vector<std::uint64_t> seen;
        while (const auto delivery = subscription.try_receive()) seen.push_back(delivery->sequence());
        return seen;
    };
    const auto ours = sequences(chosen), theirs = sequences(other), everything = sequences(all);
    EXPECT_EQ(everything.size(), 30U);
    EXPECT_TRUE(std::is_sorted(ours.begin(), ours.end()));
    EXPECT_TRUE(std::is_sorted(theirs.begin(), theirs.end()));
    EXPECT_TRUE(std::includes(everything.begin(), everything.end(), ours.begin(), ours.end()));
    EXPECT_TRUE(std::includes(everything.begin(), everything.end(), theirs.begin(), theirs.end()));
}

struct Shape {
    int edges = 0;
};
struct Square : Shape {
    using event_interfaces = event::Interfaces<Shape>;
    int color = 0;
};

TEST_F(WhereKey, WildcardsAndBehavioursHearEveryKey) {
    auto red = bus_.subscribe<Square>(where_key(&Square::color, 1));
    auto shapes = bus_.subscribe<event::Implements<Shape>>();
    auto all = bus_.subscribe<event::AnyEvent>();
    const auto squares = bus_.emitter<Square>();
    const auto result = squares.emit(Square{{4}, 2});
    EXPECT_EQ(result.subscribers, 2U);
    EXPECT_EQ(result.delivered, 2U);
    EXPECT_EQ(squares.emit(Square{{4}, 1}).delivered, 3U);
    EXPECT_EQ(take_all(shapes).size(), 2U);
    EXPECT_EQ(take_all(all).size(), 2U);
    EXPECT_EQ(take_all(red).size(), 1U);
}

// ---- beside others ----------------------------------------------------------------------------------------------

TEST_F(WhereKey, StandsInAnyOrderBesideAFilterAConflationAnEmitterAndAHandler) {
    const auto own = bus_.emitter<Said>();
    Lines asked, handled;
    const auto is_even = [&](const Said& said) {
        asked.push_back(said.line);
        return said.line % 2 == 0;
    };
    const auto handler = bus_.subscribe<Said>([&](const Said& said) { handled.push_back(said.line); },
                                              event::where(is_even), where_key(&Said::room, 1), event::not_from(own));
    auto newest = bus_.subscribe<Said>(where_key(&Said::room, 1, 2),
                                       event::latest_by([](const Said& said) { return said.room; }));
    own.emit({1, 10});
    for (int line = 0; line < 6; ++line) said_.emit({line / 2, line});
    drive(io_);
    EXPECT_EQ(asked, (Lines{2, 3}));  // only about its keys
    EXPECT_EQ(handled, Lines{2});
    EXPECT_EQ(handler.stat().rejected, 2U);  // what the other emitter said, and an odd one
    EXPECT_EQ(lines(newest), (Lines{3, 5}));
}

TEST_F(WhereKey, IsForEveryWayOfEmitting) {
    auto some = bus_.subscribe<Said>({.capacity = 20}, where_key(&Said::room, 1));
    auto wildcard = bus_.subscribe<event::AnyEvent>();
    said_.emit_all(std::array<Said, 3>{Said{1, 1}, Said{2, 2}, Said{1, 3}});
    said_.emplace(1, 4);
    Completion<event::EmitResult> emitted;
    said_.async_emit({1, 5}, emitted.handler());
    auto value = bus_.value<Said>();
    value.set({1, 6});
    value.set({2, 7});
    bus_.emit(wildcard.try_receive()->get());
    drive(io_);
    EXPECT_EQ(emitted.value().delivered, 2U);
    EXPECT_EQ(lines(some), (Lines{1, 3, 4, 5, 6, 1}));
}

TEST_F(WhereKey, FollowsItsPolicy) {
    auto oldest = bus_.subscribe<Said>({.capacity = 1, .on_full = event::DropOldest{}}, where_key(&Said::room, 1));
    auto killed = bus_.subscribe<Frame>({.capacity = 1, .on_full = event::Kill{}}, where_key(&Frame::number, 1));
    auto other = bus_.subscribe<Frame>(where_key(&Frame::number, 1));
    said_.emit({1, 1});
    EXPECT_EQ(said_.emit({1, 2}).displaced, 1U);
    EXPECT_EQ(oldest.try_receive()->missed(), 1U);
    frames_.emit({"", 1});
    EXPECT_EQ(frames_.emit({"", 1}).killed, 1U);
    EXPECT_EQ(frames_.emit({"", 1}).subscribers, 1U);
    EXPECT_TRUE(killed.stat().killed);
    EXPECT_EQ(bus_.stat<Frame>().subscribers, 1U);
    EXPECT_EQ(numbers_of(other).size(), 3U);
}

TEST_F(WhereKey, WhoIsKilledIsASubscriberNoLonger) {
    const auto killed = bus_.subscribe<Said, Frame>({.capacity = 1, .on_full = event::Kill{}},
                                                    where_key(&Said::room, 1, 2), where_key(&Frame::number, 1));
    said_.emit({1, 1});
    EXPECT_EQ(said_.emit({2, 2}).killed, 1U);
    EXPECT_EQ(bus_.stat<Said>().subscribers, 0U);
    EXPECT_EQ(bus_.stat<Frame>().subscribers, 0U);
    EXPECT_EQ(said_.emit({1, 3}).subscribers, 0U);
    EXPECT_EQ(frames_.emit({"", 1}).subscribers, 0U);
}

// ---- coming and going -------------------------------------------------------------------------------------------

TEST_F(WhereKey, ManyComeAndGoAndEachHearsItsOwn) {
    std::vector<std::optional<event::Subscription<Said>>> rooms;
    for (int room = 0; room < 200; ++room) rooms.emplace_back(bus_.subscribe<Said>(where_key(&Said::room, room)));
    for (std::size_t room = 0; room < 200; room += 2) rooms[room].reset();
    for (int room = 200; room < 300; ++room) rooms.emplace_back(bus_.subscribe<Said>(where_key(&Said::room, room)));
    std::size_t delivered = 0;
    for (int room = 0; room < 300; ++room) delivered += said_.emit({room, room}).delivered;
    EXPECT_EQ(delivered, 200U);
    for (std::size_t room = 0; room < 300; ++room)
        if (rooms[room]) {
            EXPECT_EQ(lines(*rooms[room]), Lines{static_cast<int>(room)});
        }
    rooms.clear();
    EXPECT_EQ(said_.emit({250, 1}).subscribers, 0U);
    EXPECT_EQ(bus_.stat<Said>().subscribers, 0U);
}

TEST_F(WhereKey, AnIndexOutlivesWhoBroughtIt) {
    auto first = std::make_optional(bus_.subscribe<Said>(where_key(Remainder{3}, 1)));
    auto second = bus_.subscribe<Said>(where_key(Remainder{3}, 1, 2));
    first.reset();
    said_.emit({1, 1});
    EXPECT_EQ(lines(second), Lines{1});
    second = {};
    auto third = bus_.subscribe<Said>(where_key(Remainder{3}, 1));
    said_.emit({1, 2});
    EXPECT_EQ(lines(third), Lines{2});
}

TEST_F(WhereKey, OutlivesTheBus) {
    auto own = std::make_optional<event::EventBus>(io_);
    auto emitter = own->emitter<Frame>();
    auto some = own->subscribe<Frame>(where_key(&Frame::protocol, "ping"));
    emitter.emit({"ping", 1});
    own.reset();
    EXPECT_EQ(emitter.emit({"ping", 2}).error, event::errc::closed);
    EXPECT_EQ(numbers_of(some), Lines{1});
}

TEST_F(WhereKey, WhatIsRetainedIsReplayedToThoseOfItsKey) {
    auto retained = bus_.emitter<Frame>({.retain = true});
    retained.emit({"ping", 1});
    auto ping = bus_.subscribe<Frame>(where_key(&Frame::protocol, "ping"));
    auto echo = bus_.subscribe<Frame>(where_key(&Frame::protocol, "echo"), event::not_from(retained));
    const auto replayed = ping.try_receive();
    ASSERT_TRUE(replayed);
    EXPECT_TRUE(replayed->replayed());
    EXPECT_FALSE(echo.try_receive());
    EXPECT_EQ(echo.stat().rejected, 0U);
}

// ---- figures ----------------------------------------------------------------------------------------------------

TEST_F(WhereKey, WhoChoseAnotherKeyIsASubscriberOfTheTopicButNotOfTheEvent) {
    const auto some = bus_.subscribe<Said>(where_key(&Said::room, 1));
    EXPECT_EQ(bus_.stat<Said>().subscribers, 1U);
    EXPECT_EQ(**bus_.subscriber_count<Said>().try_get(), 1U);
    const auto result = said_.emit({.room = 2});
    EXPECT_EQ(result.subscribers, 0U);
    EXPECT_EQ(result.rejected, 0U);
    EXPECT_EQ(some.stat().rejected, 0U);
    EXPECT_EQ(bus_.stat<Said>().emitted, 0U);  // nobody heard it
    EXPECT_EQ(said_.emit({.room = 1}).subscribers, 1U);
    EXPECT_EQ(bus_.stat<Said>().emitted, 1U);
}

TEST_F(WhereKey, WhatNobodyChoseCountsWhereAllDo) {
    event::EventBus bus{io_, {.count_unheard = true}};
    const auto some = bus.subscribe<Frame>(where_key(&Frame::number, 1));
    bus.emitter<Frame>().emit({"", 2});
    EXPECT_EQ(bus.stat<Frame>().emitted, 1U);
}

TEST_F(WhereKey, TheReportSaysWhichKeys) {
    const auto texts = bus_.subscribe<Frame>({.name = "texts"}, where_key(&Frame::protocol, "ping", "echo"));
    const auto kinds = bus_.subscribe<Packet>({.name = "kinds"}, where_key(&Packet::kind, Kind::echo));
    const auto all = bus_.subscribe<Said>();
    EXPECT_THAT(texts.stat().keys, testing::ElementsAre("ping", "echo"));
    EXPECT_THAT(kinds.stat().keys, testing::ElementsAre("2"));
    EXPECT_THAT(all.stat().keys, testing::IsEmpty());
    EXPECT_THAT(fmt::format("{}", kinds.stat()), testing::EndsWith("0 lost, of the keys 2"));
    const auto more = bus_.subscribe<Said>({.name = "more"}, where_key(&Said::room, 1000, 2000, 3000, 4000, 5000));
    const std::string table = fmt::format("{}", bus_.report());
    EXPECT_THAT(table, testing::HasSubstr(", keys 2: "));
    EXPECT_THAT(table, testing::HasSubstr(", keys 1000, 2000, 3000, 4000,…: "));
}

// ---- the user's code --------------------------------------------------------------------------------------------

struct Fragile {
    int operator()(const Said& said) const {
        if (said.line < 0) throw std::runtime_error("a bad line");
        return said.room;
    }
};

TEST_F(WhereKey, WhatAProjectionThrowsLeavesTheEmitOnceAllOthersWereServed) {
    auto fragile = bus_.subscribe<Said>(where_key(Fragile(), 1));
    auto other = bus_.subscribe<Said>(where_key(&Said::room, 1));
    auto all = bus_.subscribe<Said>();
    EXPECT_THROW(said_.emit({1, -1}), std::runtime_error);
    said_.emit({1, 1});
    EXPECT_EQ(lines(fragile), Lines{1});
    EXPECT_EQ(lines(other), (Lines{-1, 1}));
    EXPECT_EQ(lines(all), (Lines{-1, 1}));
}

TEST_F(WhereKey, WhatAProjectionThrowsOfARetainedEventLeavesSubscribe) {
    auto retained = bus_.emitter<Said>({.retain = true});
    retained.emit({1, -1});
    EXPECT_THROW(static_cast<void>(bus_.subscribe<Said>(where_key(Fragile(), 1))), std::runtime_error);
    EXPECT_EQ(bus_.stat<Said>().subscribers, 0U);
    EXPECT_EQ(bus_.report().subscriptions.size(), 0U);
    retained.emit({1, 1});
    EXPECT_TRUE(bus_.subscribe<Said>(where_key(Fragile(), 1)).try_receive());
}

struct Touchy {
    std::function<void()> when_compared;
    int operator()(const Said& said) const { return said.room; }
    friend bool operator==(const Touchy& left, const Touchy&) {
        if (left.when_compared) left.when_compared();
        return true;
    }
};

TEST_F(WhereKey, WhatTheEqualityOfProjectionsThrowsLeavesSubscribe) {
    bool throws = true;
    const auto complain = [&] {
        if (throws) throw std::runtime_error("not now");
    };
    auto first = bus_.subscribe<Said>(where_key(Touchy{complain}, 1));
    EXPECT_THROW(static_cast<void>(bus_.subscribe<Said>(where_key(Touchy{complain}, 2))), std::runtime_error);
    EXPECT_EQ(bus_.stat<Said>().subscribers, 1U);
    throws = false;
    auto second = bus_.subscribe<Said>(where_key(Touchy{complain}, 2));
    said_.emit({1, 1});
    said_.emit({2, 2});
    EXPECT_EQ(lines(first), Lines{1});
    EXPECT_EQ(lines(second), Lines{2});
}

struct UsesABus {
    event::EventBus* bus;
    int operator()(const Said& said) const {
        if (said.line == 1) bus->emitter<Number>().emit({1});
        return said.room;
    }
    bool operator==(const UsesABus&) const = default;
};

TEST_F(WhereKey, AProjectionThatUsesItsBusGetsAnExceptionAsAFilterDoes) {
    auto some = bus_.subscribe<Said>(where_key(UsesABus{&bus_}, 1));
    EXPECT_THROW(said_.emit({1, 1}), boost::system::system_error);
    said_.emit({1, 2});
    EXPECT_EQ(lines(some), Lines{2});
}

struct Closes {
    std::shared_ptr<std::optional<event::Subscription<Said>>> subscription;
    int operator()(const Said& said) const {
        if (said.line == 2) subscription->reset();
        return said.room;
    }
    bool operator==(const Closes&) const = default;
};

TEST_F(WhereKey, WhatAProjectionClosesEndsWhenTheEmitIsDone) {
    const auto held = std::make_shared<std::optional<event::Subscription<Said>>>();
    held->emplace(bus_.subscribe<Said>(where_key(Closes{held}, 1)));
    said_.emit({1, 1});
    EXPECT_EQ(said_.emit({1, 2}).subscribers, 1U);
    EXPECT_FALSE(*held);
    EXPECT_EQ(said_.emit({1, 3}).subscribers, 0U);
}

struct Field {
    bool is_last = false;
    char tag[4] = {};
    const char* label = nullptr;
};

TEST_F(WhereKey, IsABoolOrAnArrayOfCharactersOrNoTextAtAll) {
    const auto emitter = bus_.emitter<Field>();
    auto last = bus_.subscribe<Field>(where_key(&Field::is_last, true));
    auto tagged = bus_.subscribe<Field>(where_key(&Field::tag, "abcd", "ab"));
    auto labelled = bus_.subscribe<Field>(where_key(&Field::label, "a"));
    emitter.emit({.is_last = true, .tag = {'a', 'b', 'c', 'd'}});  // without a zero at its end
    emitter.emit({.tag = {'a', 'b'}, .label = "a"});
    EXPECT_EQ(take_all(last).size(), 1U);
    EXPECT_EQ(take_all(tagged).size(), 2U);
    EXPECT_EQ(take_all(labelled).size(), 1U);
}

enum Port { small_port = 7, large_port = 300 };

TEST_F(WhereKey, ANumberThatTheProjectionNeverGivesIsRefused) {
    EXPECT_THROW(static_cast<void>(bus_.subscribe<Packet>(where_key(&Packet::port, 1e300))), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(bus_.subscribe<Packet>(where_key(&Packet::port, large_port))),
                 std::invalid_argument);
    auto small = bus_.subscribe<Packet>(where_key(&Packet::port, small_port));
    EXPECT_EQ(bus_.emitter<Packet>().emit({.kind = Kind::ping, .port = 7}).delivered, 1U);
}

struct Level {
    double height = 0;
};

TEST_F(WhereKey, WhatIsNotEqualToItselfIsRefused) {
    EXPECT_THROW(
        static_cast<void>(bus_.subscribe<Level>(where_key(&Level::height, std::numeric_limits<double>::quiet_NaN()))),
        std::invalid_argument);
}

/// Asks the bus while it is printed.
struct Asking {
    int number = 0;
    event::EventBus* bus = nullptr;
    friend bool operator==(const Asking& left, const Asking& right) { return left.number == right.number; }
};
struct Asked {
    Asking key;
};

}  // namespace where_key_test

template <>
struct std::hash<where_key_test::Asking> {
    std::size_t operator()(const where_key_test::Asking& key) const noexcept {
        return static_cast<std::size_t>(key.number);
    }
};
template <>
struct fmt::formatter<where_key_test::Asking> : fmt::formatter<std::size_t> {
    template <class Context>
    auto format(const where_key_test::Asking& key, Context& context) const {
        return fmt::formatter<std::size_t>::format(key.bus->stat<where_key_test::Asked>().subscribers, context);
    }
};

namespace where_key_test {

TEST_F(WhereKey, IsPrintedUnderNoLockOfTheBus) {
    auto asked = bus_.subscribe<Asked>(where_key(&Asked::key, Asking{1, &bus_}));
    EXPECT_EQ(bus_.report().subscriptions.front().keys, std::vector<std::string>{"1"});
}

}  // namespace where_key_test
