#include "support.hpp"

#include <event/fmt.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <memory_resource>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

namespace fmt_test {

using namespace support;

struct Printed {
    int value = 0;
};
struct PrintedWhenMutable {};
enum class ByFormatAs { a = 5 };
inline int format_as(ByFormatAs value) { return static_cast<int>(value); }
enum UnscopedByFormatAs { unscoped = 6 };
inline int format_as(UnscopedByFormatAs value) { return static_cast<int>(value); }
enum class ByFormatter { a };
struct DerivedText : std::string {
    using std::string::string;
};

// What only converts to what can be printed.
struct ToText {
    operator std::string_view() const { throw std::runtime_error("no text"); }
};
struct ToString {
    operator std::string() const { throw std::runtime_error("no text"); }
};
struct ToFmtText {
    operator fmt::string_view() const { throw std::runtime_error("no text"); }
};
struct ToPointer {
    operator const char*() const { throw std::runtime_error("no text"); }
};
template <class... Ts>
struct ToAnyOf {
    template <class T>
        requires(std::is_same_v<T, Ts> || ...)
    operator T() const {
        throw std::runtime_error("not this");
    }
};
using Json = ToAnyOf<std::string, std::string_view, fmt::string_view, int, double, bool>;
enum Unscoped { some };
union Union {
    int number;
};

struct Opaque {
    static constexpr std::string_view event_name = "opaque";
    std::int32_t value = 0;
};

}  // namespace fmt_test

template <>
struct fmt::formatter<fmt_test::Printed> : fmt::formatter<int> {
    auto format(const fmt_test::Printed& printed, fmt::format_context& context) const {
        return fmt::formatter<int>::format(printed.value, context);
    }
};

template <>
struct fmt::formatter<fmt_test::ByFormatter> : fmt::formatter<fmt::string_view> {
    auto format(fmt_test::ByFormatter, fmt::format_context& context) const {
        return fmt::formatter<fmt::string_view>::format("by formatter", context);
    }
};
template <>
struct fmt::formatter<fmt_test::PrintedWhenMutable> : fmt::formatter<int> {
    auto format(fmt_test::PrintedWhenMutable&, fmt::format_context& context) const {
        return fmt::formatter<int>::format(1, context);
    }
};

namespace fmt_test {

template <class T>
std::string printed(T event) {
    asio::io_context io;
    event::EventBus bus{io};
    auto all = bus.subscribe<event::AnyEvent>();
    bus.emitter<T>().emit(std::move(event));
    return fmt::format("{}", **all.try_receive());
}
template <class T>
std::string name_and_size() {
    return fmt::format("{} ({} byte{})", event::name_of<T>(), sizeof(T), sizeof(T) == 1 ? "" : "s");
}
template <class... Ts>
void expect_name_and_size() {
    EXPECT_EQ((std::vector{printed(Ts{})...}), (std::vector{name_and_size<Ts>()...}));
}

TEST(Format, OfAnEventIsThatOfItsType) {
    EXPECT_EQ(printed(Printed{7}), "7");
    EXPECT_EQ(printed(ByFormatter::a), "by formatter");
    EXPECT_EQ(printed(ByFormatAs::a), "5");
    EXPECT_EQ(printed(unscoped), "6");
    EXPECT_EQ(printed(std::byte{7}), "7");
    EXPECT_EQ(printed(7), "7");
    EXPECT_EQ(printed(0.5), "0.5");
    EXPECT_EQ(printed(true), "true");
    EXPECT_EQ(printed('c'), "c");
    EXPECT_EQ(printed(nullptr), "0x0");
    const char* const literal = "literal";
    EXPECT_EQ(printed(literal), "literal");
    EXPECT_EQ(printed(std::string("string")), "string");
    EXPECT_EQ(printed(std::string_view("view")), "view");
    EXPECT_EQ(printed(fmt::string_view("view")), "view");
    EXPECT_EQ(printed(std::pmr::string("string")), "string");
    EXPECT_EQ(printed(DerivedText("string")), "string");
}

TEST(Format, OfAnEventThatOnlyConvertsIsItsNameAndSize) {
    expect_name_and_size<ToText, ToString, ToFmtText, ToPointer, Json, ToAnyOf<int>, Unscoped, Union,
                         PrintedWhenMutable>();
}

TEST(Format, OfErrorsAndPolicies) {
    EXPECT_EQ(fmt::format("{}", event::errc::closed), "closed");
    EXPECT_EQ(fmt::format("{}", event::errc::emitter_exists), "another emitter of the event type exists");
    EXPECT_EQ(fmt::format("{} {}", event::Policy::drop_oldest, event::Policy::wait), "DropOldest Wait");
    const event::Backpressure all[] = {event::Notify{}, event::Drop{}, event::DropOldest{},
                                       event::Latest{}, event::Kill{}, event::Wait{}};
    std::string names;
    for (const event::Backpressure& backpressure : all) names += fmt::format("{} ", backpressure);
    EXPECT_EQ(fmt::format("{} {:<6}|", event::Notify{}, event::Kill{}), "Notify Kill  |");
    EXPECT_EQ(names, "Notify Drop DropOldest Latest Kill Wait ");
}

TEST(Format, OfAnEmitResultNamesWhatIsNotZero) {
    event::EmitResult result;
    EXPECT_EQ(fmt::format("{}", result), "0 subscribers");
    result.subscribers = 1;
    result.delivered = 1;
    EXPECT_EQ(fmt::format("{}", result), "1 subscriber: 1 delivered");
    result = {.subscribers = 9, .delivered = 4, .rejected = 2, .refused = 2, .displaced = 3, .killed = 1, .error = {}};
    EXPECT_EQ(fmt::format("{}", result), "9 subscribers: 4 delivered, 2 rejected, 2 refused, 3 displaced, 1 killed");
    result = {};
    result.error = event::errc::closed;
    EXPECT_EQ(fmt::format("{}", result), "nothing delivered: closed");
    result.subscribers = result.delivered = 2;  // several emits, of which one has ended it
    EXPECT_EQ(fmt::format("{}", result), "2 subscribers: 2 delivered; then closed");
}

TEST(Format, OfADeliveryIsTheEventOrItsNameAndSize) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Printed, Opaque>();
    auto subscription = bus.subscribe<Printed, Opaque>();
    emitter.emit<Printed>({42});
    emitter.emit<Opaque>({42});
    EXPECT_EQ(fmt::format("{}", *subscription.try_receive()), "42");
    const auto opaque = subscription.try_receive();
    EXPECT_EQ(fmt::format("{}", *opaque), "opaque (4 bytes)");
    EXPECT_EQ(fmt::format("{}", opaque->meta()), "#2");
    EXPECT_EQ(fmt::format("{}", event::Meta{.sequence = 7, .missed = 3, .replayed = true}),
              "#7, 3 missed before it, replayed");
    EXPECT_EQ(fmt::format("{}", event::Delivery<Printed>()), "no event");
}

TEST(Format, OfASnapshotIsTheValue) {
    asio::io_context io;
    event::Value<Printed> value(io, Printed{42});
    EXPECT_EQ(fmt::format("{}", *value.try_get()), "42");
    EXPECT_EQ(fmt::format("{}", event::Snapshot<Printed>()), "no value");
}

TEST(Format, OfFigures) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Number>({.retain = true});
    EXPECT_EQ(fmt::format("{}", bus.stat<Number>()), "1 emitter, 0 subscribers, 0 emitted, retained: nothing yet");
    std::string told;
    auto subscription = bus.subscribe<Number>(
        {.capacity = 1,
         .on_full = event::Notify{[&](const event::SlowSubscriber& slow) { told = fmt::format("{}", slow); }},
         .name = "slow"});
    emitter.emit({1});
    emitter.emit({2});
    EXPECT_EQ(told, "'slow' lost 1 event so far, of type support::Number first: its queue of 1 was full (episode 1)");
    EXPECT_EQ(fmt::format("{}", bus.stat<Number>()), "1 emitter, 1 subscriber, 2 emitted, retained");
    EXPECT_EQ(fmt::format("{}", subscription.stat()), "slow (Notify): 1 of 1 queued, 1 at most; 0 delivered, 1 lost");
}

TEST(Format, OfASubscriberThatIsSlowByAge) {
    event::SlowSubscriber slow;
    slow.name = "journal";
    slow.age = std::chrono::milliseconds(1500);
    slow.lost = 3;
    slow.episodes = 2;
    EXPECT_EQ(fmt::format("{}", slow), "'journal' has not been empty for 1500 ms, with 3 lost so far (episode 2)");
}

TEST(Format, TakesTheSpecificationOfAString) {
    EXPECT_EQ(fmt::format("[{:<8}]", event::Policy::drop), "[Drop    ]");
    EXPECT_EQ(fmt::format("[{:^8}]", event::Backpressure(event::Kill{})), "[  Kill  ]");
    EXPECT_EQ(fmt::format("[{:>8}]", event::errc::closed), "[  closed]");
    EXPECT_EQ(fmt::format("[{:.>{}}]", event::Meta{.sequence = 7, .missed = 0, .replayed = false}, 4), "[..#7]");
    EXPECT_EQ(fmt::format("[{:<15}]", event::EmitResult{}), "[0 subscribers  ]");
    EXPECT_EQ(fmt::format("[{:10}]", event::AnyEvent()), "[no event  ]");
    EXPECT_THROW(static_cast<void>(fmt::format(fmt::runtime("{:x}"), event::EmitResult{})), fmt::format_error);
}

/// Some of fmt's functions bring an output iterator of their own.
TEST(Format, WritesToAnything) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Printed>({.retain = true, .name = "printer"});
    auto subscription = bus.subscribe<Printed>({.name = "reader"});
    auto all = bus.subscribe<event::AnyEvent>();
    const event::Value<Printed> value(io, Printed{3});
    const event::EmitResult result = emitter.emit({42});
    const auto delivery = *subscription.try_receive();
    EXPECT_EQ(fmt::to_string(event::errc::closed), "closed");
    EXPECT_EQ(fmt::to_string(event::Backpressure(event::Wait{})), "Wait");
    EXPECT_EQ(fmt::to_string(result), "2 subscribers: 2 delivered");
    EXPECT_EQ(fmt::to_string(delivery), "42");
    EXPECT_EQ(fmt::to_string(delivery.meta()), "#1");
    EXPECT_EQ(fmt::to_string(**all.try_receive()), "42");
    EXPECT_EQ(fmt::to_string(*value.try_get()), "3");
    EXPECT_EQ(fmt::to_string(event::SlowSubscriber{}),
              "'' lost 0 events so far, of type  first: its queue of 0 was full (episode 0)");
    EXPECT_EQ(fmt::to_string(bus.stat<Printed>()), "1 emitter, 1 subscriber, 1 emitted, retained");
    EXPECT_EQ(fmt::to_string(subscription.stat()), "reader (Notify): 0 of 64 queued, 1 at most; 1 delivered, 0 lost");
    EXPECT_EQ(fmt::to_string(bus.report().topics.front()),
              "fmt_test::Printed: 1 emitter, 1 subscriber, 1 emitted, retained; emitted by printer");
    EXPECT_EQ(fmt::to_string(event::ValueReport{}), ": version 0, 0 watchers, 0 of them behind");
    EXPECT_EQ(fmt::to_string(bus.report()), event::to_string(bus.report()));
}

}  // namespace fmt_test
