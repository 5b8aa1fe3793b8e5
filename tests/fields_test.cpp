#include "support.hpp"

#include <event/fields.hpp>
#include <event/fmt.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// Events that are printed by their fields.

namespace fields_test {

using namespace std::chrono_literals;

enum class Direction { in, out };

struct Address {
    static constexpr std::string_view event_name = "address";
    std::string host;
    int port = 0;
};
struct Secret {
    explicit Secret(int number) noexcept : value(number) {}
    int value;
};

struct Connected {
    static constexpr std::string_view event_name = "connected";
    std::string peer;
    Address address;
    Direction direction = Direction::in;
    bool is_relayed = false;
    std::chrono::milliseconds round_trip{};
};
struct Containers {
    static constexpr std::string_view event_name = "containers";
    std::vector<std::string> texts;
    std::array<int, 2> numbers{};
    std::map<int, std::string_view> by_number;
    std::vector<Address> addresses;
    std::pair<int, std::vector<int>> pair;
};
struct Choices {
    static constexpr std::string_view event_name = "choices";
    std::optional<int> something;
    std::optional<Address> nothing;
    std::variant<std::monostate, int, Address> unset;
    std::variant<std::monostate, int, Address> address;
};
enum class Letter : char { zero, a = 'a' };
struct Peculiar {
    static constexpr std::string_view event_name = "peculiar";
    std::filesystem::path path;
    const char* text = nullptr;
    Letter letter = Letter::zero;
};
struct Nothing {
    static constexpr std::string_view event_name = "nothing";
};
struct MoveOnly {
    static constexpr std::string_view event_name = "move-only";
    std::unique_ptr<int> pointer;
    Secret secret{1};
};

}  // namespace fields_test

template <>
struct fmt::formatter<fields_test::Connected> : event::FieldsFormatter<fields_test::Connected> {};
template <>
struct fmt::formatter<fields_test::Containers> : event::FieldsFormatter<fields_test::Containers> {};
template <>
struct fmt::formatter<fields_test::Choices> : event::FieldsFormatter<fields_test::Choices> {};
template <>
struct fmt::formatter<fields_test::Peculiar> : event::FieldsFormatter<fields_test::Peculiar> {};
template <>
struct fmt::formatter<fields_test::Nothing> : event::FieldsFormatter<fields_test::Nothing> {};
template <>
struct fmt::formatter<fields_test::MoveOnly> : event::FieldsFormatter<fields_test::MoveOnly> {};

namespace fields_test {

using namespace support;

const Connected connected{"alice", {"::1", 4001}, Direction::out, true, 12ms};
constexpr std::string_view connected_text = R"(connected{"alice", address{"::1", 4001}, 1, true, 12ms})";

TEST(Fields, OfAnEventArePrinted) {
    EXPECT_EQ(fmt::format("{}", connected), connected_text);
    EXPECT_EQ(fmt::format("{:<12}|", Nothing{}), "nothing{}   |");
}

TEST(Fields, ThatAreContainersArePrintedByTheirElements) {
    const Containers containers{{"a", "b"}, {1, 2}, {{1, "one"}, {2, "two"}}, {{"x", 1}, {"y", 2}}, {3, {}}};
    EXPECT_EQ(
        fmt::format("{}", containers),
        R"(containers{["a", "b"], [1, 2], [(1, "one"), (2, "two")], [address{"x", 1}, address{"y", 2}], (3, [])})");
}

TEST(Fields, ThatMayHoldSomethingArePrintedByWhatTheyHold) {
    EXPECT_EQ(fmt::format("{}", Choices{.something = 7, .nothing = {}, .unset = {}, .address = Address{"z", 3}}),
              R"(choices{7, none, none, address{"z", 3}})");
}

TEST(Fields, ThatArePeculiarArePrintedAllTheSame) {
    EXPECT_EQ(fmt::format("{}", Peculiar{"/tmp/a", nullptr, Letter::zero}), R"(peculiar{"/tmp/a", none, 0})");
    EXPECT_EQ(fmt::format("{}", Peculiar{{}, "text", Letter::a}), R"(peculiar{"", "text", 97})");
}

TEST(Fields, ThatNobodyCanPrintArePrintedByNameAndSize) {
    EXPECT_EQ(fmt::format("{}", MoveOnly{}),
              fmt::format("move-only{{{} (8 bytes), {} (4 bytes)}}", event::name_of<std::unique_ptr<int>>(),
                          event::name_of<Secret>()));
}

TEST(Fields, ArePrintedByWhateverHoldsTheEvent) {
    asio::io_context io;
    event::EventBus bus{io};
    auto some = bus.subscribe<Connected, Number>();
    auto all = bus.subscribe<event::AnyEvent>();
    bus.emitter<Connected>().emit(connected);
    EXPECT_EQ(fmt::format("{}", *some.try_receive()), connected_text);
    EXPECT_EQ(fmt::format("{}", **all.try_receive()), connected_text);
    event::Value<Connected> value(io);
    value.set(connected);
    EXPECT_EQ(fmt::format("{}", *value.try_get()), connected_text);
}

}  // namespace fields_test
