#include "support.hpp"

#include <event/fmt.hpp>

#include <fmt/format.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

namespace any_event_test {

using namespace support;
using event::AnyEvent;

struct Printed {
    int value = 0;
};

}  // namespace any_event_test

template <>
struct fmt::formatter<any_event_test::Printed> : fmt::formatter<int> {
    auto format(const any_event_test::Printed& printed, fmt::format_context& context) const {
        return fmt::formatter<int>::format(printed.value, context);
    }
};

namespace any_event_test {

struct Named {
    static constexpr std::string_view event_name = "test.Named";
    int value = 0;
};

/// "n1 tx" for a Number of 1, then a Text of "x".
std::string told(event::Subscription<AnyEvent>& all) {
    std::string text;
    for (const auto& delivery : take_all(all)) {
        if (!text.empty()) text += ' ';
        if (const auto* number = delivery->get_if<Number>()) text += 'n' + std::to_string(number->value);
        if (const auto* string = delivery->get_if<Text>()) text += 't' + string->value;
        if (const auto* letter = delivery->get_if<Letter>()) text += letter->value;
        if (delivery.replayed()) text += '*';
    }
    return text;
}

TEST(AnyEvent, IsEveryEventOfEveryTypeInOneOrder) {
    asio::io_context io;
    event::EventBus bus{io};
    auto early = bus.emitter<Number>();
    auto all = bus.subscribe<AnyEvent>();
    auto late = bus.emitter<Text>();  // a type that first appears now
    early.emit({1});
    late.emit({"a"});
    early.emit({2});
    late.emit({"b"});
    EXPECT_EQ(told(all), "n1 ta n2 tb");
}

TEST(AnyEvent, HasTheSequenceThatAllOthersSee) {
    asio::io_context io;
    event::EventBus bus{io};
    auto all = bus.subscribe<AnyEvent>();
    auto both = bus.subscribe<Number, Text>();
    auto numbers = bus.emitter<Number>();
    auto texts = bus.emitter<Text>();
    for (int i = 0; i < 5; ++i) {
        numbers.emit({i});
        texts.emit({"t"});
    }
    const auto wild = take_all(all);
    const auto typed = take_all(both);
    ASSERT_EQ(wild.size(), 10U);
    ASSERT_EQ(typed.size(), 10U);
    for (std::size_t i = 0; i < wild.size(); ++i) EXPECT_EQ(wild[i].sequence(), typed[i].sequence());
}

TEST(AnyEvent, TellsNameSizeAndType) {
    asio::io_context io;
    event::EventBus bus{io};
    auto all = bus.subscribe<AnyEvent>();
    bus.emitter<Named>().emit({7});
    const auto delivery = all.try_receive();
    ASSERT_TRUE(delivery);
    const AnyEvent& event = **delivery;
    EXPECT_EQ(event.name(), "test.Named");
    EXPECT_EQ(event.size(), sizeof(Named));
    EXPECT_EQ(event.get_if<Number>(), nullptr);
    ASSERT_NE(event.get_if<Named>(), nullptr);
    EXPECT_EQ(event.get_if<Named>()->value, 7);
    EXPECT_EQ(delivery->get_if<AnyEvent>(), &event);
    EXPECT_EQ(delivery->index(), 0U);

    const AnyEvent none;
    EXPECT_FALSE(none);
    EXPECT_EQ(none.name(), "");
    EXPECT_EQ(none.size(), 0U);
    EXPECT_EQ(none.get_if<Named>(), nullptr);
}

TEST(AnyEvent, IsShared) {
    asio::io_context io;
    std::vector<AnyEvent> kept;
    {
        event::EventBus bus{io};
        auto one = bus.subscribe<AnyEvent>();
        auto other = bus.subscribe<AnyEvent>();
        auto typed = bus.subscribe<Text>();
        const event::EmitResult result = bus.emitter<Text>().emit({"shared"});
        EXPECT_EQ(result.subscribers, 3U);
        EXPECT_EQ(result.delivered, 3U);
        const auto text = typed.try_receive();
        const auto first = one.try_receive();
        const auto second = other.try_receive();
        EXPECT_EQ((*first)->get_if<Text>(), &**text);
        EXPECT_EQ((*first)->get_if<Text>(), (*second)->get_if<Text>());
        kept.push_back(**first);
        kept.push_back(kept.front());
        bus.emitter<Number>().emit({5});
        kept.push_back(**one.try_receive());
        EXPECT_EQ(kept.back().get_if<Number>(), (*other.try_receive())->get_if<Number>());
    }
    EXPECT_EQ(kept[1].get_if<Text>()->value, "shared");  // the bus is gone
    EXPECT_EQ(kept[2].get_if<Number>()->value, 5);
    kept[0] = kept[2];
    EXPECT_EQ(kept[0].get_if<Number>()->value, 5);
}

TEST(AnyEvent, ReplaysAllRetainedEventsWhenAskedTo) {
    asio::io_context io;
    event::EventBus bus{io};
    auto numbers = bus.emitter<Number>({.retain = true});
    auto texts = bus.emitter<Text>({.retain = true});
    auto letters = bus.emitter<Letter>();
    texts.emit({"a"});
    numbers.emit({1});
    letters.emit({'x'});
    texts.emit({"b"});
    auto silent = bus.subscribe<AnyEvent>();
    auto replaying = bus.subscribe<AnyEvent>({.capacity = 1, .replay_retained = true});
    numbers.emit({2});
    EXPECT_EQ(told(silent), "n2");
    EXPECT_EQ(told(replaying), "n1* tb* n2");
}

TEST(AnyEvent, IsPushed) {
    asio::io_context io;
    event::EventBus bus{io};
    std::vector<std::string> names;
    auto all = bus.subscribe<AnyEvent>(
        {}, [&](const AnyEvent& event, const event::Meta&) { names.emplace_back(event.name()); });
    bus.emitter<Named>().emit({});
    bus.emitter<Text>().emit({"x"});
    drive(io);
    EXPECT_EQ(names, (std::vector<std::string>{"test.Named", std::string(event::name_of<Text>())}));
}

TEST(AnyEvent, IsReceivedByAWaitingOperation) {
    asio::io_context io;
    event::EventBus bus{io};
    auto all = bus.subscribe<AnyEvent>();
    Completion<event::Delivery<AnyEvent>> received;
    all.async_receive(received.handler());
    drive(io);
    EXPECT_TRUE(received.pending());
    bus.emitter<Number>().emit({3});
    drive(io);
    ASSERT_TRUE(received.done());
    EXPECT_EQ(received.value()->get_if<Number>()->value, 3);
}

TEST(AnyEvent, ComesByEveryWayOfEmitting) {
    asio::io_context io;
    event::EventBus bus{io};
    auto all = bus.subscribe<AnyEvent>({.on_full = event::Wait{}});
    auto numbers = bus.emitter<Number>();
    auto texts = bus.emitter<Text>();
    const std::array<Number, 2> two{Number{1}, Number{2}};
    const event::EmitResult result = numbers.emit_all(two);
    EXPECT_EQ(result.subscribers, 2U);
    EXPECT_EQ(result.delivered, 2U);
    const std::array<Text, 2> texts_two{Text{"a"}, Text{"b"}};
    texts.emit_all(texts_two);
    numbers.emplace(3);
    Completion<event::EmitResult> number;
    numbers.async_emit({4}, number.handler());
    Completion<event::EmitResult> text;
    texts.async_emit({"c"}, text.handler());
    drive(io);
    EXPECT_EQ(number.value().delivered, 1U);
    EXPECT_EQ(text.value().delivered, 1U);
    EXPECT_EQ(told(all), "n1 n2 ta tb n3 n4 tc");
}

TEST(AnyEvent, IsNotNeededForAnEmitOnAClosedBus) {
    asio::io_context io;
    event::EventBus bus{io};
    auto numbers = bus.emitter<Number>();
    event::Value<Number> value{io};
    bus.close();
    value.close();
    const std::array<Number, 2> two{Number{1}, Number{2}};
    EXPECT_EQ(numbers.emit_all(two).error, event::errc::closed);
    EXPECT_EQ(numbers.emit({1}).error, event::errc::closed);
    value.set({1});
    EXPECT_FALSE(value.try_get());
}

TEST(AnyEvent, IsWaitedForByAsyncEmit) {
    asio::io_context io;
    event::EventBus bus{io};
    auto all = bus.subscribe<AnyEvent>({.capacity = 1, .on_full = event::Wait{}});
    auto numbers = bus.emitter<Number>();
    auto texts = bus.emitter<Text>();
    numbers.emit({1});
    Completion<event::EmitResult> number;
    numbers.async_emit({2}, number.handler());
    Completion<event::EmitResult> text;
    texts.async_emit({"a"}, text.handler());
    drive(io);
    EXPECT_TRUE(number.pending());
    EXPECT_TRUE(text.pending());
    EXPECT_EQ(told(all), "n1");
    drive(io);
    EXPECT_TRUE(number.done());
    EXPECT_TRUE(text.pending());
    EXPECT_EQ(told(all), "n2");
    drive(io);
    EXPECT_TRUE(text.done());
    EXPECT_EQ(told(all), "ta");
}

TEST(AnyEvent, ObeysItsPolicy) {
    asio::io_context io;
    event::EventBus bus{io};
    auto dropping = bus.subscribe<AnyEvent>({.capacity = 2, .on_full = event::Drop{}});
    auto rolling = bus.subscribe<AnyEvent>({.capacity = 2, .on_full = event::DropOldest{}});
    auto mortal = bus.subscribe<AnyEvent>({.capacity = 2, .on_full = event::Kill{}});
    auto numbers = bus.emitter<Number>();
    auto texts = bus.emitter<Text>();
    numbers.emit({1});
    texts.emit({"a"});
    const event::EmitResult result = numbers.emit({2});
    EXPECT_EQ(result.subscribers, 3U);
    EXPECT_EQ(result.delivered, 1U);
    EXPECT_EQ(result.refused, 1U);
    EXPECT_EQ(result.displaced, 1U);
    EXPECT_EQ(result.killed, 1U);
    EXPECT_EQ(texts.emit({"b"}).subscribers, 2U);  // the killed one is gone from all topics
    EXPECT_EQ(told(dropping), "n1 ta");
    EXPECT_EQ(told(rolling), "n2 tb");
    EXPECT_EQ(mortal.try_receive(), std::nullopt);
    auto newer = bus.emitter<Letter>();  // does not reach the dead
    EXPECT_EQ(newer.emit({'x'}).subscribers, 2U);
    EXPECT_EQ(told(dropping), "x");
}

TEST(AnyEvent, EmittedToNobodyIsNotCounted) {
    asio::io_context io;
    event::EventBus from{io};
    event::EventBus to{io};
    auto any = from.subscribe<AnyEvent>();
    from.emitter<Number>().emit({1});
    from.emitter<Text>().emit({"text"});
    auto number = to.emitter<Number>();
    auto text = to.emitter<Text>();
    for (const auto& event : take_all(any)) EXPECT_EQ(to.emit(*event).subscribers, 0U);
    EXPECT_EQ(to.stat<Number>().emitted, 0U);
    EXPECT_EQ(to.stat<Text>().emitted, 0U);
}

TEST(AnyEvent, EmittedSurvivesACallbackThatDestroysTheBus) {
    asio::io_context io;
    event::EventBus from{io};
    auto any = from.subscribe<AnyEvent>();
    from.emitter<Number>().emit({1});
    const auto event = any.try_receive();
    auto to = std::make_unique<event::EventBus>(io);
    std::optional<event::Subscription<Number>> slow;
    slow.emplace(to->subscribe<Number>({.capacity = 1, .on_full = event::Notify{[&](const event::SlowSubscriber&) {
                                                           slow.reset();
                                                           to.reset();
                                                       }}}));
    auto& bus = *to;
    bus.emit(**event);
    EXPECT_EQ(bus.emit(**event).refused, 1U);
    EXPECT_FALSE(to);
}

TEST(AnyEvent, CannotBeLatest) {
    asio::io_context io;
    event::EventBus bus{io};
    EXPECT_THROW(static_cast<void>(bus.subscribe<AnyEvent>({.on_full = event::Latest{}})), std::invalid_argument);
    EXPECT_EQ(bus.emitter<Number>().emit({1}).subscribers, 0U);
}

TEST(AnyEvent, LeavesNothingBehindWhenClosed) {
    asio::io_context io;
    event::EventBus bus{io};
    auto numbers = bus.emitter<Number>();
    {
        auto all = bus.subscribe<AnyEvent>();
        EXPECT_EQ(numbers.emit({1}).subscribers, 1U);
        EXPECT_EQ(bus.stat<Number>().subscribers, 0U);  // it does not keep a type alive, nor its service awake
    }
    EXPECT_EQ(numbers.emit({1}).subscribers, 0U);
    EXPECT_EQ(bus.emitter<Letter>().emit({'x'}).subscribers, 0U);
    auto draining = bus.subscribe<AnyEvent>();
    numbers.emit({2});
    draining.close_after_drain();
    auto texts = bus.emitter<Text>();
    EXPECT_EQ(texts.emit({"late"}).subscribers, 0U);
    EXPECT_EQ(numbers.emit({3}).subscribers, 0U);
    EXPECT_EQ(told(draining), "n2");
}

TEST(AnyEvent, FindsItsTypesAgainAfterTheyWereRetired) {
    asio::io_context io;
    event::EventBus bus{io};
    auto all = bus.subscribe<AnyEvent>();
    for (int i = 1; i <= 3; ++i) bus.emitter<Named>().emit({i});
    EXPECT_EQ(take_all(all).size(), 3U);
}

TEST(AnyEvent, IsPassedOnToAnotherBus) {
    asio::io_context io;
    event::EventBus here{io};
    event::EventBus there{io};
    auto all = here.subscribe<AnyEvent>();
    auto texts = there.subscribe<Text>();
    auto numbers = there.subscribe<Number>();
    auto wild = there.subscribe<AnyEvent>();
    here.emitter<Text>().emit({"over"});
    here.emitter<Number>().emit({9});
    const auto text = all.try_receive();
    const auto number = all.try_receive();
    EXPECT_EQ(there.emit(**text).delivered, 2U);
    EXPECT_EQ(there.emit(**number).delivered, 2U);

    const auto arrived = texts.try_receive();
    EXPECT_EQ(&**arrived, (*text)->get_if<Text>());  // the payload is shared
    EXPECT_EQ((*numbers.try_receive())->value, 9);
    EXPECT_EQ((*wild.try_receive())->get_if<Text>(), &**arrived);
    EXPECT_EQ((*wild.try_receive())->get_if<Number>(), (*number)->get_if<Number>());
    EXPECT_EQ(there.stat<Text>().emitters, 0U);

    EXPECT_EQ(there.emit(AnyEvent{}).error, event::errc::closed);
    auto only = there.emitter<Number>({.exclusive = true});
    EXPECT_EQ(there.emit(**number).error, event::errc::emitter_exists);
    there.close();
    EXPECT_EQ(there.emit(**text).error, event::errc::closed);
    EXPECT_EQ((*text)->get_if<Text>()->value, "over");
}

TEST(AnyEvent, IsRetainedWhereItIsPassedOn) {
    asio::io_context io;
    event::EventBus here{io};
    event::EventBus there{io};
    auto all = here.subscribe<AnyEvent>();
    auto keeping = there.emitter<Text>({.retain = true});
    here.emitter<Text>().emit({"kept"});
    there.emit(**all.try_receive());
    auto late = there.subscribe<Text>();
    EXPECT_EQ((*late.try_receive())->value, "kept");
}

TEST(AnyEvent, NeverLacksAnEmitter) {
    asio::io_context io;
    event::EventBus bus{io};
    auto all = bus.subscribe<AnyEvent>({.require_emitters = true});
    EXPECT_TRUE(all.missing_emitters().empty());
    bus.start();
    Completion<bool> ready;
    all.async_ready(ready.handler());
    drive(io);
    EXPECT_FALSE(ready.error());
}

TEST(AnyEvent, IsNamedInItsStat) {
    asio::io_context io;
    event::EventBus bus{io};
    auto all = bus.subscribe<AnyEvent>();
    EXPECT_EQ(all.stat().types, std::vector<std::string>{"AnyEvent"});
}

TEST(AnyEvent, PrintsAsItselfOrByNameAndSize) {
    asio::io_context io;
    event::EventBus bus{io};
    auto all = bus.subscribe<AnyEvent>();
    bus.emitter<Printed>().emit({42});
    bus.emitter<Named>().emit({1});
    const auto printed = all.try_receive();
    EXPECT_EQ(fmt::format("{}", **printed), "42");
    EXPECT_EQ(fmt::format("{}", *printed), "42");
    EXPECT_EQ(fmt::format("{}", **all.try_receive()), "test.Named (4 bytes)");
    EXPECT_EQ(fmt::format("{}", AnyEvent{}), "no event");
}

TEST(AnyEvent, MissesNothingOfTypesThatAppearWhileOthersEmit) {
    asio::io_context io;
    event::EventBus bus{io};
    constexpr int count = 200;
    auto all = bus.subscribe<AnyEvent>({.capacity = 3 * count});
    const auto emit = [&]<class T>(T event) {
        for (int i = 0; i < count; ++i) bus.emitter<T>().emit(event);
    };
    std::thread numbers([&] { emit(Number{1}); });
    std::thread texts([&] { emit(Text{"t"}); });
    emit(Letter{'x'});
    numbers.join();
    texts.join();
    std::uint64_t last = 0;
    std::size_t received = 0;
    for (const auto& delivery : take_all(all)) {
        EXPECT_GT(delivery.sequence(), last);
        last = delivery.sequence();
        ++received;
    }
    EXPECT_EQ(received, std::size_t{3} * count);
}

}  // namespace any_event_test
