#pragma once

/// Events that are sent, for the tests of their forms.

#include <event/net/codec.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace net_test {

enum class Direction : std::uint8_t { in, out };
enum Level : std::int16_t { low = -300, high = 300 };

struct Address {
    static constexpr std::string_view event_name = "address";
    std::string host;
    std::uint16_t port = 0;
    friend bool operator==(const Address&, const Address&) = default;
    friend auto operator<=>(const Address&, const Address&) = default;
};

struct Numbers {
    static constexpr std::string_view event_name = "numbers";
    bool flag = false;
    char letter = 0;
    std::int8_t i8 = 0;
    std::uint8_t u8 = 0;
    std::int16_t i16 = 0;
    std::uint16_t u16 = 0;
    std::int32_t i32 = 0;
    std::uint32_t u32 = 0;
    std::int64_t i64 = 0;
    std::uint64_t u64 = 0;
    float f32 = 0;
    double f64 = 0;
    friend bool operator==(const Numbers&, const Numbers&) = default;
};

struct Times {
    static constexpr std::string_view event_name = "times";
    std::chrono::milliseconds round_trip{};
    std::chrono::duration<double> seconds{};
    std::chrono::sys_time<std::chrono::microseconds> at;
    std::chrono::hours hours{};
    friend bool operator==(const Times&, const Times&) = default;
};

struct Texts {
    static constexpr std::string_view event_name = "texts";
    std::string text;
    std::vector<std::byte> bytes;
    std::vector<std::uint8_t> octets;
    std::vector<char> letters;
    friend bool operator==(const Texts&, const Texts&) = default;
};

struct Lists {
    static constexpr std::string_view event_name = "lists";
    std::vector<std::uint32_t> vector;
    std::vector<bool> bits;
    std::list<Address> list;
    std::set<std::int32_t> set;
    std::unordered_set<std::string> unordered_set;
    std::map<std::string, std::uint32_t> map;
    std::map<std::uint8_t, Address> by_number;
    std::unordered_map<std::uint32_t, std::vector<std::string>> unordered_map;
    friend bool operator==(const Lists&, const Lists&) = default;
};

struct Nothing {
    static constexpr std::string_view event_name = "nothing";
    friend bool operator==(const Nothing&, const Nothing&) = default;
};

struct Choices {
    static constexpr std::string_view event_name = "choices";
    std::optional<std::uint32_t> number;
    std::optional<std::optional<std::string>> twice;
    std::variant<std::monostate, std::int32_t, std::string, Address> variant;
    std::variant<std::uint8_t, std::uint8_t> same;
    std::tuple<std::uint8_t, std::string, Address> tuple;
    std::pair<bool, std::int32_t> pair;
    std::array<std::uint16_t, 3> array{};
    Direction direction = Direction::in;
    Level level = Level::low;
    Nothing nothing;
    friend bool operator==(const Choices&, const Choices&) = default;
};

struct Tree {
    static constexpr std::string_view event_name = "tree";
    static constexpr std::size_t max_wire_depth = 10;
    std::string name;
    std::vector<Tree> children;
    friend bool operator==(const Tree&, const Tree&) = default;
};

struct Old {
    static constexpr std::string_view event_name = "growing";
    static constexpr bool event_wire_extensible = true;
    std::uint16_t first = 1;
    friend bool operator==(const Old&, const Old&) = default;
};
/// Old, later.
struct New {
    static constexpr std::string_view event_name = "growing";
    static constexpr bool event_wire_extensible = true;
    std::uint16_t first = 1;
    std::string second = "by default";
    std::vector<Address> third;
    friend bool operator==(const New&, const New&) = default;
};

struct Growing {
    static constexpr std::string_view event_name = "with growing";
    std::vector<Old> list;
    std::optional<Old> maybe;
    friend bool operator==(const Growing&, const Growing&) = default;
};

struct Small {
    static constexpr std::string_view event_name = "small";
    static constexpr std::size_t max_wire_size = 8;
    static constexpr std::size_t max_wire_elements = 3;
    std::string text;
    std::vector<Nothing> nothings;
    friend bool operator==(const Small&, const Small&) = default;
};

/// With a codec of its own: not an aggregate, and it has an invariant.
class Even {
public:
    Even() noexcept = default;
    explicit Even(std::uint32_t number) noexcept : number_(number) {}

    static Even random(std::uint64_t bits) noexcept { return Even(static_cast<std::uint32_t>(bits) & ~1U); }

    [[nodiscard]] std::uint32_t number() const noexcept { return number_; }
    friend bool operator==(const Even&, const Even&) = default;

private:
    std::uint32_t number_ = 0;
};

struct WithEven {
    static constexpr std::string_view event_name = "with even";
    std::vector<Even> evens;
    friend bool operator==(const WithEven&, const WithEven&) = default;
};

/// With a default: of its own, and of a field of it.
struct Route {
    std::string from = "here";
    std::vector<std::string> over{"a", "b"};
    friend bool operator==(const Route&, const Route&) = default;
};

/// Of which Boost.PFR 1.81 cannot count the fields with GCC 12: defaults that may throw, and arrays of arrays.
struct Defaults {
    static constexpr std::string_view event_name = "defaults";
    std::vector<std::string> texts{"a"};
    std::map<std::string, std::uint32_t> map{{"a", 1}, {"b", 2}};
    std::array<std::array<std::string, 2>, 2> square;
    Route route;
    Route back{"there", {}};
    std::optional<std::vector<std::string>> maybe{{"c"}};
    std::uint8_t last = 7;
    friend bool operator==(const Defaults&, const Defaults&) = default;
};

/// All of it.
struct Everything {
    static constexpr std::string_view event_name = "everything";
    Numbers numbers;
    Times times;
    Texts texts;
    Lists lists;
    Choices choices;
    Tree tree;
    Growing growing;
    WithEven with_even;
    std::vector<Choices> many;
    friend bool operator==(const Everything&, const Everything&) = default;
};

}  // namespace net_test

template <>
struct event::net::Codec<net_test::Even> {
    static constexpr std::string_view schema = "even.1";

    static void encode(const net_test::Even& even, Writer& writer) { writer.write(even.number() / 2); }
    static error_code decode(net_test::Even& even, Reader& reader) {
        std::uint32_t half = 0;
        if (const error_code error = reader.read(half)) return error;
        if (half > UINT32_MAX / 2) return errc::invalid_value;
        even = net_test::Even(half * 2);
        return {};
    }
};
