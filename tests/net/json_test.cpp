#include "net/bytes.hpp"
#include "net/types.hpp"

#include <event/net/json.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// The form for people, character by character.

namespace json_test {

using event::net::errc;
using event::net::error_code;
using event::net::from_json;
using event::net::to_json;
using event::net::Where;
using namespace net_test;
using namespace std::chrono_literals;

/// The text, which read again gives the same.
template <class T>
std::string form(const T& value) {
    std::string out;
    Where where;
    EXPECT_FALSE(to_json(value, out, &where)) << to_string(where);
    T read{};
    EXPECT_EQ(from_json(out, read, &where), error_code{}) << out << "\n" << to_string(where);
    EXPECT_EQ(read, value) << out;
    return out;
}

/// "what is wrong at where", or "" and the value.
template <class T>
std::string fault(std::string_view text) {
    T read{};
    Where where;
    const error_code error = from_json(text, read, &where);
    return error ? error.message() + " at " + where.path : "";
}

std::string message(errc error, std::string_view path = "") {
    return error_code(error).message() + " at " + std::string(path);
}

template <class T>
T read(std::string_view text) {
    T value{};
    Where where;
    EXPECT_EQ(from_json(text, value, &where), error_code{}) << to_string(where);
    return value;
}

TEST(NetJson, WritesNumbersExactly) {
    Numbers numbers;
    numbers.flag = true;
    numbers.letter = 'a';
    numbers.i8 = -128;
    numbers.u8 = 255;
    numbers.i16 = -32768;
    numbers.u16 = 65535;
    numbers.i32 = std::numeric_limits<std::int32_t>::min();
    numbers.u32 = std::numeric_limits<std::uint32_t>::max();
    numbers.i64 = std::numeric_limits<std::int64_t>::min();
    numbers.u64 = std::numeric_limits<std::uint64_t>::max();
    numbers.f32 = 0.1F;
    numbers.f64 = 0.1;
    EXPECT_EQ(form(numbers),
              R"({"flag":true,"letter":97,"i8":-128,"u8":255,"i16":-32768,"u16":65535,"i32":-2147483648,)"
              R"("u32":4294967295,"i64":-9223372036854775808,"u64":18446744073709551615,"f32":0.1,"f64":0.1})");
}

TEST(NetJson, WritesEachFloat) {
    EXPECT_EQ(form(std::numeric_limits<double>::infinity()), "\"Infinity\"");
    EXPECT_EQ(form(-std::numeric_limits<float>::infinity()), "\"-Infinity\"");
    for (const double number : {1.0, -1.5, 1e300, 5e-324, 1.7976931348623157e308, 123456789.125, 0.30000000000000004}) {
        form(number);
    }
    for (const float number : {1.0F, 3.4028235e38F, 1e-45F, 16777216.0F, 0.3F}) form(number);
    EXPECT_TRUE(std::signbit(read<double>("-0.0")));
    std::string out;
    EXPECT_FALSE(to_json(-0.0, out));
    EXPECT_EQ(out, "-0.0");
    out.clear();
    EXPECT_FALSE(to_json(std::numeric_limits<double>::quiet_NaN(), out));
    EXPECT_EQ(out, "\"NaN\"");
    EXPECT_TRUE(std::isnan(read<float>(out)));
}

TEST(NetJson, WritesTimesAsTheirCounts) {
    const std::chrono::sys_time<std::chrono::microseconds> at(3us);
    EXPECT_EQ(form(Times{.round_trip = -1ms, .seconds = std::chrono::duration<double>(1.5), .at = at, .hours = 2h}),
              R"({"round_trip":-1,"seconds":1.5,"at":3,"hours":2})");
}

TEST(NetJson, EscapesTexts) {
    EXPECT_EQ(form(std::string("a\"\\/\b\f\n\r\t\x01\x1f\x7f")), "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
    EXPECT_EQ(form(std::string("\0", 1)), "\"\\u0000\"");
    EXPECT_EQ(form(std::string("ä€𝄞")), "\"ä€𝄞\"");
    EXPECT_EQ(read<std::string>(R"("\u00e4\u20ac\ud834\udd1e\/")"), "ä€𝄞/");
}

TEST(NetJson, RefusesATextThatIsNotUtf8) {
    for (const std::string_view text : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80", "\xf0\x80\x80\x80", "\xe2\x82", "\xff", "a\xe2\x28\xa1"}) {
        std::string out = "before";
        Where where;
        EXPECT_EQ(to_json(Address{std::string(text), 1}, out, &where), errc::invalid_utf8) << text;
        EXPECT_EQ(where.path, ".host");
        EXPECT_EQ(out, "before");
        EXPECT_NE(fault<std::string>("\"" + std::string(text) + "\""), "") << text;
    }
    EXPECT_NE(fault<std::string>(R"("\ud800")"), "");
}

TEST(NetJson, WritesBytesInBase64) {
    // RFC 4648, 10
    EXPECT_EQ(form(text("")), "\"\"");
    EXPECT_EQ(form(text("f")), "\"Zg==\"");
    EXPECT_EQ(form(text("fo")), "\"Zm8=\"");
    EXPECT_EQ(form(text("foo")), "\"Zm9v\"");
    EXPECT_EQ(form(text("foob")), "\"Zm9vYg==\"");
    EXPECT_EQ(form(bytes({0xff, 0xfe, 0xfd})), "\"//79\"");
    for (const std::string_view text : {"Zg", "Zg=", "Z===", "=Zg=", "Zg==Zg==", "Zm9-", "Z g="}) {
        EXPECT_EQ(fault<Bytes>("\"" + std::string(text) + "\""), message(errc::invalid_value)) << text;
    }
    EXPECT_EQ(fault<Bytes>("\"Zh==\""), message(errc::not_canonical));
    EXPECT_EQ(fault<Bytes>("[1,2]"), message(errc::wrong_kind));
}

TEST(NetJson, WritesListsAndMaps) {
    EXPECT_EQ(form(Lists{.vector = {1, 300},
                         .bits = {true, false},
                         .list = {{"h", 1}},
                         .set = {3, -1},
                         .unordered_set = {"u"},
                         .map = {{"b", 2}, {"", 1}},
                         .by_number = {{7, {"x", 2}}},
                         .unordered_map = {{9, {"y", "z"}}}}),
              R"({"vector":[1,300],"bits":[true,false],"list":[{"host":"h","port":1}],"set":[-1,3],)"
              R"("unordered_set":["u"],"map":{"":1,"b":2},"by_number":[[7,{"host":"x","port":2}]],)"
              R"("unordered_map":[[9,["y","z"]]]})");
}

TEST(NetJson, WritesChoices) {
    Choices choices;
    choices.number = 5;
    choices.twice = std::optional<std::string>{};
    choices.variant = Address{"h", 80};
    choices.same.emplace<1>(std::uint8_t{7});
    choices.tuple = {1, "x", {"t", 2}};
    choices.pair = {true, -1};
    choices.array = {1, 2, 3};
    choices.direction = Direction::out;
    choices.level = Level::high;
    EXPECT_EQ(form(choices),
              R"({"number":5,"twice":[null],"variant":{"address":{"host":"h","port":80}},"same":{"u8#1":7},)"
              R"("tuple":[1,"x",{"host":"t","port":2}],"pair":[true,-1],"array":[1,2,3],"direction":1,"level":300,)"
              R"("nothing":{}})");
    EXPECT_EQ(form(std::optional<std::optional<std::string>>{}), "null");
    EXPECT_EQ(form(std::optional<std::optional<std::string>>{"x"}), R"(["x"])");
    using Variant = std::variant<std::monostate, std::vector<bool>, std::string>;
    EXPECT_EQ(form(Variant{}), "null");
    EXPECT_EQ(form(Variant{std::vector<bool>{true}}), R"({"list<bool>":[true]})");
    EXPECT_EQ(form(std::optional<Variant>{}), "null");
    EXPECT_EQ(form(std::optional<Variant>{Variant{}}), "[null]");
}

TEST(NetJson, WritesAggregatesWithinEachOther) {
    EXPECT_EQ(form(Tree{"a", {{"b", {}}}}), R"({"name":"a","children":[{"name":"b","children":[]}]})");
}

class PeerId {
public:
    PeerId() = default;
    explicit PeerId(std::string name) : name_(std::move(name)) {}
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    friend bool operator==(const PeerId&, const PeerId&) = default;

private:
    std::string name_;
};
struct HasPeer {
    std::vector<PeerId> peers;
    friend bool operator==(const HasPeer&, const HasPeer&) = default;
};
}  // namespace json_test
template <>
struct event::net::Codec<json_test::PeerId> {
    static void encode(const json_test::PeerId& id, Writer& writer) { writer.write(id.name()); }
    static error_code decode(json_test::PeerId& id, Reader& reader) {
        std::string name;
        if (const error_code error = reader.read(name)) return error;
        id = json_test::PeerId(std::move(name));
        return {};
    }
    static std::string to_text(const json_test::PeerId& id) { return "peer:" + id.name(); }
    static error_code from_text(std::string_view text, json_test::PeerId& id) {
        if (!text.starts_with("peer:")) return errc::invalid_value;
        id = json_test::PeerId(std::string(text.substr(5)));
        return {};
    }
};
namespace json_test {

TEST(NetJson, WritesWhatACodecSaysThatItsTypeLooksLike) {
    EXPECT_EQ(form(HasPeer{{PeerId("a"), PeerId("\"")}}), R"({"peers":["peer:a","peer:\""]})");
    EXPECT_EQ(fault<HasPeer>(R"({"peers":["peer:a","b"]})"), message(errc::invalid_value, ".peers[1]"));
    EXPECT_EQ(fault<HasPeer>(R"({"peers":[7]})"), message(errc::wrong_kind, ".peers[0]"));
}

TEST(NetJson, WritesAnotherCodecsBytes) { EXPECT_EQ(form(WithEven{{Even(8)}}), R"({"evens":["BA=="]})"); }

TEST(NetJson, TakesFieldsInAnyOrderAndWithSpaces) {
    EXPECT_EQ(read<Address>(" { \"port\" : 7 ,\n\"host\":\"h\" } "), (Address{"h", 7}));
}

TEST(NetJson, RefusesFieldsThatAreMissingUnknownOrThereTwice) {
    EXPECT_EQ(fault<Address>(R"({"host":"h"})"), message(errc::missing_field, ".port"));
    EXPECT_EQ(fault<Address>(R"({"host":"h","port":1,"tls":true})"), message(errc::unknown_field, ".tls"));
    EXPECT_EQ(fault<Address>(R"({"host":"h","port":1,"a\u0000\u00e4)" + std::string(100, 'x') + R"(":1})"),
              message(errc::unknown_field, ".a???" + std::string(56, 'x') + "…"));
    EXPECT_EQ(fault<Address>(R"({"host":"h","port":1,"port":1})"), message(errc::duplicate_key));
    EXPECT_EQ((fault<std::map<std::string, bool>>(R"({"a":true,"b":true,"a":true})")), message(errc::duplicate_key));
    EXPECT_EQ(fault<std::set<int>>("[1,2,1]"), message(errc::duplicate_key, "[2]"));
}

TEST(NetJson, LetsAnOptionalFieldBeLeftOut) {
    const auto text = R"({"list":[]})";
    Growing growing{.list = {Old{}}, .maybe = Old{}};
    EXPECT_FALSE(from_json(text, growing));
    EXPECT_EQ(growing, Growing{});
}

TEST(NetJson, LetsATypeGrow) {
    New read{.first = 7, .second = "before", .third = {{"gone", 1}}};
    EXPECT_FALSE(from_json(R"({"first":300})", read));
    EXPECT_EQ(read, (New{.first = 300, .second = "by default", .third = {}}));
    std::string out;
    ASSERT_FALSE(to_json(New{.first = 5, .second = "s", .third = {{"h", 1}}}, out));
    EXPECT_EQ(json_test::read<Old>(out), Old{.first = 5});
    EXPECT_EQ(fault<New>(R"({"first":"5"})"), message(errc::wrong_kind, ".first"));
}

TEST(NetJson, SaysWhereSomethingIsWrong) {
    EXPECT_EQ(fault<Lists>(R"({"list":[{"host":"a","port":1},{"host":"b","port":65536}]})"),
              message(errc::out_of_range, ".list[1].port"));
    EXPECT_EQ((fault<std::vector<std::pair<bool, int>>>("[[true,1],[false]]")), message(errc::wrong_kind, "[1]"));
    EXPECT_EQ((fault<std::pair<bool, int>>("[true,null]")), message(errc::wrong_kind, "[1]"));
    EXPECT_EQ((fault<std::map<int, bool>>("[[1,true],[2]]")), message(errc::wrong_kind, "[1]"));
    EXPECT_EQ((fault<std::variant<bool, std::string>>(R"({"int":1})")), message(errc::unknown_choice));
    EXPECT_EQ((fault<std::variant<bool, std::string>>(R"({})")), message(errc::wrong_kind));
    EXPECT_EQ((fault<std::variant<bool, std::string>>("null")), message(errc::wrong_kind));
    Address address;
    Where where;
    EXPECT_EQ(from_json(R"({"host":"h",})", address, &where), errc::invalid_json);
    EXPECT_EQ(to_string(where), "byte 12");
}

TEST(NetJson, RefusesANumberThatTheFieldCannotHold) {
    for (const std::string_view text : {"-1", "256", "99999999999999999999", "-99999999999999999999"}) {
        EXPECT_EQ(fault<std::uint8_t>(text), message(errc::out_of_range)) << text;
    }
    for (const std::string_view text : {"1.5", "1.0", "1e2", "true", "\"1\"", "null", "[]", "{}"}) {
        EXPECT_EQ(fault<std::uint8_t>(text), message(errc::wrong_kind)) << text;
    }
    EXPECT_EQ(fault<std::int8_t>("-129"), message(errc::out_of_range));
    EXPECT_EQ(fault<std::int64_t>("9223372036854775808"), message(errc::out_of_range));
    EXPECT_EQ(fault<std::uint64_t>("18446744073709551616"), message(errc::out_of_range));
    EXPECT_EQ(fault<Level>("32768"), message(errc::out_of_range));
    EXPECT_EQ(fault<float>("1e39"), message(errc::out_of_range));
    EXPECT_EQ(fault<double>("\"1\""), message(errc::wrong_kind));
    EXPECT_EQ(fault<double>("null"), message(errc::wrong_kind));
    EXPECT_EQ(fault<bool>("1"), message(errc::wrong_kind));
    EXPECT_EQ(fault<std::byte>("256"), message(errc::out_of_range));
}

TEST(NetJson, RefusesWhatIsNotJson) {
    for (const std::string_view text : {"", " ", "{", "{\"host\":\"h\",\"port\":1}x", "{}{}", "nul", "'a'", "[1,]",
                                        "01", "+1", "NaN", "\"a", "\"\n\"", "// a\n1", "\xef\xbb\xbf{}"}) {
        EXPECT_EQ(fault<Address>(text), message(errc::invalid_json)) << text;
    }
}

TEST(NetJson, KeepsTheLimitsOfTheType) {
    const Small small{.text = "1", .nothings = std::vector<Nothing>(4)};
    std::string out;
    EXPECT_EQ(to_json(small, out), errc::too_many_elements);
    EXPECT_EQ(to_json(Small{.text = "1234567890", .nothings = {}}, out), errc::too_large);
    EXPECT_EQ(out, "");
    EXPECT_EQ(fault<Small>(R"({"nothings":[{},{},{},{}]})"), message(errc::too_many_elements, ".nothings"));
    EXPECT_EQ(fault<Small>(R"({"text":"","nothings":[{}]}      )"), message(errc::too_large));

    Tree deep;
    for (std::size_t i = 0; i < Tree::max_wire_depth; ++i) {
        Tree parent;
        parent.children.push_back(std::move(deep));
        deep = std::move(parent);
    }
    EXPECT_EQ(to_json(deep, out), errc::too_deep);
    std::string text;
    for (std::size_t i = 0; i < 20; ++i) text += R"({"name":"","children":[)";
    for (std::size_t i = 0; i < 20; ++i) text += "]}";
    EXPECT_EQ(fault<Tree>(text).substr(0, 10), message(errc::too_deep).substr(0, 10));
    EXPECT_EQ(fault<Tree>(std::string(100'000, '[')), message(errc::too_deep));
}

}  // namespace json_test
