#include "net/bytes.hpp"
#include "net/types.hpp"

#include <event/net/codec.hpp>
#include <event/tagged.hpp>

#include <boost/describe/class.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// The form on the wire, byte by byte: what is changed here is not understood by who was built before.

namespace codec_test {

using event::net::decode;
using event::net::encode;
using event::net::errc;
using event::net::error_code;
using event::net::Where;
using net_test::Bytes;
using net_test::bytes;
using net_test::hex;
using namespace net_test;

/// The bytes, which read again give the same.
template <class T>
std::string form(const T& value) {
    Bytes out;
    Where where;
    EXPECT_FALSE(encode(value, out, &where)) << to_string(where);
    T read{};
    EXPECT_FALSE(decode(out, read, &where)) << to_string(where);
    EXPECT_EQ(read, value);
    return hex(out);
}

template <class T>
error_code fault(const Bytes& input, Where& where) {
    T read{};
    return decode(input, read, &where);
}
template <class T>
error_code fault(const Bytes& input) {
    Where where;
    return fault<T>(input, where);
}

TEST(NetCodec, WritesNumbersInTheirOrder) {
    EXPECT_EQ(form(Numbers{}), "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
    EXPECT_EQ(form(Numbers{.flag = true,
                           .letter = 'a',
                           .i8 = -1,
                           .u8 = 255,
                           .i16 = -300,
                           .u16 = 300,
                           .i32 = -1,
                           .u32 = 1,
                           .i64 = 64,
                           .u64 = 128,
                           .f32 = 1,
                           .f64 = -2}),
              "01 61 ff ff d7 04 ac 02 01 01 80 01 80 01 00 00 80 3f 00 00 00 00 00 00 00 c0");
}

TEST(NetCodec, WritesTimesAsTheirCounts) {
    using namespace std::chrono_literals;
    const std::chrono::sys_time<std::chrono::microseconds> at(3us);
    EXPECT_EQ(form(Times{.round_trip = -1ms, .seconds = std::chrono::duration<double>(1), .at = at, .hours = 2h}),
              "01 00 00 00 00 00 00 f0 3f 06 04");
}

TEST(NetCodec, WritesTextsAndBytesWithTheirLength) {
    EXPECT_EQ(form(Texts{.text = "hi", .bytes = bytes({7}), .octets = {255, 0}, .letters = {'x'}}),
              "02 68 69 01 07 02 ff 00 01 78");
}

TEST(NetCodec, WritesElementsBehindTheirCount) {
    EXPECT_EQ(form(std::vector<std::uint32_t>{1, 300}), "02 01 ac 02");
    EXPECT_EQ(form(std::vector<bool>{true, false}), "02 01 00");
    EXPECT_EQ(form(std::list<std::string>{"a", ""}), "02 01 61 00");
    EXPECT_EQ(form(std::list<Address>{{"h", 1}}), "01 01 68 01");
    EXPECT_EQ(form(std::set<std::int32_t>{3, -1}), "02 01 06");
    EXPECT_EQ(form(std::unordered_set<std::string>{"a"}), "01 01 61");
    EXPECT_EQ(form(std::map<std::string, std::uint32_t>{{"b", 2}, {"a", 1}}), "02 01 61 01 01 62 02");
    EXPECT_EQ(form(std::unordered_map<std::uint8_t, bool>{{200, true}}), "01 c8 01");
    EXPECT_EQ(form(std::vector<Nothing>(3)), "03");
}

struct Samples {
    static constexpr std::size_t max_wire_size = 20;
    std::array<float, 2> pair{};
    std::vector<double> list = {};
    bool operator==(const Samples&) const = default;
};

TEST(NetCodec, WritesNumbersThatLieSideBySideAsEachAlone) {
    EXPECT_EQ(form(Samples{.pair = {1.0F, -2.0F}, .list = {0.5}}),
              "00 00 80 3f 00 00 00 c0 01 00 00 00 00 00 00 e0 3f");
    EXPECT_EQ(form(Samples{}), "00 00 00 00 00 00 00 00 00");

    Where where;
    EXPECT_EQ(fault<Samples>(bytes({0, 0, 0x80, 0x3f, 0, 0, 0}), where), errc::truncated);
    EXPECT_EQ(to_string(where), "byte 4, in .pair[1]");
    EXPECT_EQ(fault<Samples>(bytes({0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 2, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f}), where),
              errc::truncated);
    EXPECT_EQ(to_string(where), "byte 8, in .list");
    Bytes out;
    EXPECT_EQ(encode(Samples{.list = {0.5, 1}}, out, &where), errc::too_large);
    EXPECT_EQ(to_string(where), "byte 17, in .list[1]");
    EXPECT_TRUE(out.empty());
}

TEST(NetCodec, WritesChoices) {
    EXPECT_EQ(form(std::optional<std::uint32_t>{}), "00");
    EXPECT_EQ(form(std::optional<std::uint32_t>{5}), "01 05");
    EXPECT_EQ(form(std::optional<std::optional<bool>>{std::optional<bool>{}}), "01 00");
    using Variant = std::variant<std::monostate, std::int32_t, std::string>;
    EXPECT_EQ(form(Variant{}), "00");
    EXPECT_EQ(form(Variant{-1}), "01 01");
    EXPECT_EQ(form(Variant{"x"}), "02 01 78");
    EXPECT_EQ(form(std::tuple<std::uint8_t, std::string>{1, "x"}), "01 01 78");
    EXPECT_EQ(form(std::pair<bool, bool>{true, false}), "01 00");
    EXPECT_EQ(form(std::array<std::uint16_t, 2>{300, 1}), "ac 02 01");
    EXPECT_EQ(form(Direction::out), "01");
    EXPECT_EQ(form(Level::low), "d7 04");
    EXPECT_EQ(form(Nothing{}), "");
}

TEST(NetCodec, WritesAggregatesWithinEachOther) {
    EXPECT_EQ(form(Tree{"a", {{"b", {}}, {"c", {}}}}), "01 61 02 01 62 00 01 63 00");
}

/// What a document is, as a type: within itself in three ways.
struct Document {
    static constexpr std::string_view event_name = "document";
    std::variant<std::monostate, bool, std::string, std::vector<Document>, std::map<std::string, Document>> value;
    std::vector<std::optional<Document>> notes;
    friend bool operator==(const Document&, const Document&) = default;
};

TEST(NetCodec, WritesATypeThatIsWithinItself) {
    Document list;
    list.value = std::vector<Document>(2);
    Document map;
    map.value = std::map<std::string, Document>{{"k", list}};
    map.notes = {std::nullopt, Document{}};
    EXPECT_EQ(form(map), "04 01 01 6b 03 02 00 00 00 00 00 02 00 01 00 00");
}

TEST(NetCodec, WritesAnEventOfATaggedTopic) {
    using Inbound = event::Tagged<struct InboundTag, std::vector<std::byte>>;
    EXPECT_EQ(form(Inbound{bytes({1, 2})}), "02 01 02");
}

TEST(NetCodec, WritesATypeThatMayGrowWithItsLength) {
    EXPECT_EQ(form(Old{.first = 300}), "02 ac 02");
    EXPECT_EQ(form(New{.first = 300, .second = "s", .third = {}}), "05 ac 02 01 73 00");
    EXPECT_EQ(form(Growing{.list = {Old{}, Old{}}, .maybe = {}}), "02 01 01 01 01 00");
}

TEST(NetCodec, ReadsAnOlderTypeAndKeepsTheDefaults) {
    New read{.first = 7, .second = "what was there before", .third = {{"gone", 1}}};
    EXPECT_FALSE(decode(bytes({2, 0xac, 2}), read));
    EXPECT_EQ(read, (New{.first = 300, .second = "by default", .third = {}}));
    EXPECT_FALSE(decode(bytes({0}), read)) << "and one from before there was a field";
    EXPECT_EQ(read, New{});
}

TEST(NetCodec, SkipsWhatANewerTypeHasMore) {
    Bytes out;
    ASSERT_FALSE(encode(New{.first = 300, .second = std::string(200, 'x'), .third = {{"h", 1}}}, out));
    Old read;
    EXPECT_FALSE(decode(out, read));
    EXPECT_EQ(read, Old{.first = 300});
    Growing growing;
    EXPECT_FALSE(decode(bytes({1, 4, 0xac, 2, 9, 9, 0}), growing));
    EXPECT_EQ(growing, (Growing{.list = {Old{.first = 300}}, .maybe = {}})) << "and goes on behind it";
}

TEST(NetCodec, RefusesAGrowingTypeThatIsCutWithinAField) {
    EXPECT_EQ(fault<New>(bytes({1, 0xac})), errc::truncated);
    EXPECT_EQ(fault<New>(bytes({2, 1, 5})), errc::truncated) << "the text has five characters";
    EXPECT_EQ(fault<New>(bytes({2, 1})), errc::truncated);
}

TEST(NetCodec, LetsATypeHaveItsOwnCodec) {
    EXPECT_EQ(form(WithEven{.evens = {Even(8), Even(600)}}), "02 04 ac 02");
    Where where;
    EXPECT_EQ(fault<WithEven>(bytes({2, 1, 0xff, 0xff, 0xff, 0xff, 0x0f}), where), errc::invalid_value);
    EXPECT_EQ(where.path, ".evens[1]");
}

TEST(NetCodec, TakesApartWhatHasDefaults) {
    EXPECT_EQ(form(Defaults{.texts = {"x"},
                            .map = {{"y", 2}},
                            .square = {{{"1", "2"}, {"3", "4"}}},
                            .route = {.from = "f", .over = {}},
                            .back = {.from = "g", .over = {"h"}},
                            .maybe = {},
                            .last = 3}),
              "01 01 78 01 01 79 02 01 31 01 32 01 33 01 34 01 66 00 01 67 01 01 68 00 03");
}

struct Large {
    std::array<std::byte, 65'536> bytes{};
    std::uint8_t last = 0;
    friend bool operator==(const Large&, const Large&) = default;
};

TEST(NetCodec, TakesALargeArrayForOneField) {
    static_assert(event::net::detail::Fields<Large>::count == 2);
    EXPECT_EQ(form(Large{.bytes = {}, .last = 9}).size(), 65'537 * 3 - 1);
}

struct Named {
    std::string name;
    friend bool operator==(const Named&, const Named&) = default;
};
BOOST_DESCRIBE_STRUCT(Named, (), (name))

class Described : public Named {
public:
    Described() = default;
    Described(std::string called, int secret) : Named{std::move(called)}, secrets_{secret, secret} {}
    friend bool operator==(const Described&, const Described&) = default;

private:
    int secrets_[2] = {};
    BOOST_DESCRIBE_CLASS(Described, (Named), (), (), (secrets_))
};

TEST(NetCodec, WritesWhatIsDescribedWithItsBasesFirst) {
    EXPECT_EQ(form(Described("h", 1)), "01 68 02 02");
    Where where;
    EXPECT_EQ(fault<Described>(bytes({1, 'h', 2}), where), errc::truncated);
    EXPECT_EQ(where.path, ".secrets_[1]");
}

TEST(NetCodec, RefusesWhatHasAnotherForm) {
    EXPECT_EQ(fault<bool>(bytes({2})), errc::not_canonical);
    EXPECT_EQ(fault<std::uint32_t>(bytes({0x80, 0x80, 0x80, 0x80, 0x10})), errc::out_of_range);
    EXPECT_EQ(fault<std::uint16_t>(bytes({0x80, 0x80, 0x04})), errc::out_of_range);
    EXPECT_EQ(fault<std::int16_t>(bytes({0x80, 0x80, 0x04})), errc::out_of_range);
    EXPECT_EQ(fault<Level>(bytes({0x80, 0x80, 0x04})), errc::out_of_range);
    EXPECT_EQ(fault<std::uint32_t>(bytes({0x80, 0x00})), errc::not_canonical);
    EXPECT_EQ(fault<std::optional<bool>>(bytes({2, 0})), errc::unknown_choice);
    EXPECT_EQ((fault<std::variant<bool, std::string>>(bytes({2}))), errc::unknown_choice);
    EXPECT_EQ(fault<std::string>(bytes({2, 'a'})), errc::truncated);
    EXPECT_EQ(fault<std::string>(bytes({1, 'a', 'b'})), errc::trailing_bytes);
}

TEST(NetCodec, RefusesAKeyThatComesTwice) {
    Where where;
    EXPECT_EQ(fault<std::set<std::int32_t>>(bytes({2, 1, 1}), where), errc::duplicate_key);
    EXPECT_EQ(to_string(where), "byte 3, in [1]");
    EXPECT_EQ((fault<std::map<std::string, bool>>(bytes({3, 1, 'a', 0, 1, 'b', 0, 1, 'a', 1}), where)),
              errc::duplicate_key);
    EXPECT_EQ(where.path, "[2]");
    EXPECT_EQ(fault<std::unordered_set<std::string>>(bytes({2, 0, 0})), errc::duplicate_key);
    EXPECT_EQ((fault<std::unordered_map<bool, bool>>(bytes({2, 1, 0, 1, 0}))), errc::duplicate_key);
}

TEST(NetCodec, SaysWhereSomethingIsWrong) {
    Where where;
    EXPECT_EQ(fault<Lists>(bytes({0, 0, 2, 1, 'a', 1, 1, 'b', 0x80, 0x00, 0, 0, 0, 0, 0}), where), errc::not_canonical);
    EXPECT_EQ(to_string(where), "byte 8, in .list[1].port");
    EXPECT_EQ(fault<Tree>(bytes({0, 1, 0, 1, 5}), where), errc::truncated);
    EXPECT_EQ(where.path, ".children[0].children");
}

TEST(NetCodec, ReplacesAllThatWasThereBefore) {
    const Lists some{.vector = {1, 2},
                     .bits = {true},
                     .list = {{"l", 1}},
                     .set = {5},
                     .unordered_set = {"u"},
                     .map = {{"m", 1}},
                     .by_number = {{1, {"b", 2}}},
                     .unordered_map = {{1, {"x"}}}};
    Lists read = some;
    Bytes out;
    ASSERT_FALSE(encode(Lists{}, out));
    ASSERT_FALSE(decode(out, read));
    EXPECT_EQ(read, Lists{});
    Choices choices;
    choices.number = 1;
    choices.twice = "x";
    choices.variant = "y";
    out.clear();
    ASSERT_FALSE(encode(Choices{}, out));
    ASSERT_FALSE(decode(out, choices));
    EXPECT_EQ(choices, Choices{});
}

TEST(NetCodec, RefusesMoreBytesThanTheTypeMayHaveOnBothSides) {
    EXPECT_EQ(form(Small{.text = "123456", .nothings = {}}), "06 31 32 33 34 35 36 00");
    Bytes out = bytes({9});
    EXPECT_EQ(encode(Small{.text = "1234567", .nothings = {}}, out), errc::too_large);
    EXPECT_EQ(hex(out), "09") << "what was there before stays, and nothing more";
    EXPECT_EQ(fault<Small>(bytes({7, 1, 2, 3, 4, 5, 6, 7, 0})), errc::too_large);
    EXPECT_EQ(fault<Nothing>(Bytes((1 << 20) + 1)), errc::too_large);
    EXPECT_EQ(fault<Nothing>(Bytes(1 << 20)), errc::trailing_bytes);
}

TEST(NetCodec, RefusesMoreElementsThanTheTypeMayHaveOnBothSides) {
    EXPECT_EQ(form(Small{.text = {}, .nothings = std::vector<Nothing>(3)}), "00 03");
    Bytes out;
    Where where;
    EXPECT_EQ(encode(Small{.text = {}, .nothings = std::vector<Nothing>(4)}, out, &where), errc::too_many_elements);
    EXPECT_EQ(where.path, ".nothings");
    EXPECT_EQ(fault<Small>(bytes({0, 4})), errc::too_many_elements);
}

Tree tree_of_depth(std::size_t depth) {
    Tree tree;
    for (std::size_t i = 1; i < depth; ++i) {
        Tree parent;
        parent.children.push_back(std::move(tree));
        tree = std::move(parent);
    }
    return tree;
}

TEST(NetCodec, RefusesWhatIsNestedTooDeepOnBothSides) {
    EXPECT_EQ(form(tree_of_depth(2)), "00 01 00 00");
    form(tree_of_depth(Tree::max_wire_depth));
    Bytes out;
    EXPECT_EQ(encode(tree_of_depth(Tree::max_wire_depth + 1), out), errc::too_deep);
    Bytes input;
    for (int i = 0; i < 100'000; ++i) input.insert(input.end(), {std::byte{0}, std::byte{1}});
    EXPECT_EQ(fault<Tree>(input), errc::too_deep);
}

TEST(NetCodec, ComesBackFromADepthThatWasReached) {
    const Tree deep = tree_of_depth(Tree::max_wire_depth - 1);
    form(Tree{"", {deep, deep, deep}});
}

struct ThrowsWhenCopied {
    ThrowsWhenCopied() = default;
    ThrowsWhenCopied(const ThrowsWhenCopied&) { throw 1; }
    ThrowsWhenCopied& operator=(const ThrowsWhenCopied&) = default;
};
}  // namespace codec_test
template <>
struct event::net::Codec<codec_test::ThrowsWhenCopied> {
    static void encode(const codec_test::ThrowsWhenCopied&, Writer&) {}
    static error_code decode(codec_test::ThrowsWhenCopied&, Reader&) { return {}; }
};
namespace codec_test {

struct HasVariant {
    std::vector<std::variant<bool, ThrowsWhenCopied>> variants;
};

TEST(NetCodec, RefusesToWriteAVariantWithoutValue) {
    HasVariant event;
    event.variants.resize(2);
    EXPECT_THROW(event.variants[1] = ThrowsWhenCopied{}, int);
    ASSERT_TRUE(event.variants[1].valueless_by_exception());
    Bytes out;
    Where where;
    EXPECT_EQ(encode(event, out, &where), errc::valueless);
    EXPECT_EQ(to_string(where), "byte 3, in .variants[1]");
    EXPECT_TRUE(out.empty());
}

TEST(NetCodec, KeepsEachBitOfAFloat) {
    for (const double number : {std::numeric_limits<double>::quiet_NaN(), -0.0, std::numeric_limits<double>::infinity(),
                                std::numeric_limits<double>::denorm_min(), 0.1}) {
        Bytes out;
        ASSERT_FALSE(encode(number, out));
        double read = 1;
        ASSERT_FALSE(decode(out, read));
        EXPECT_EQ(std::bit_cast<std::uint64_t>(read), std::bit_cast<std::uint64_t>(number));
    }
}

/// Can be moved, and not copied.
struct Ticket {
    explicit Ticket(std::uint8_t its_number = 0) noexcept : number(its_number) {}
    Ticket(Ticket&&) = default;
    Ticket& operator=(Ticket&&) = default;
    friend bool operator==(const Ticket&, const Ticket&) = default;
    std::uint8_t number;
};
/// Can be neither, and has no default but the one that its owner gives.
struct Seat {
    explicit Seat(std::uint8_t its_number) noexcept : number(its_number) {}
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    friend bool operator==(const Seat&, const Seat&) = default;
    std::uint8_t number;
};
}  // namespace codec_test

template <>
struct event::net::Codec<codec_test::Ticket> {
    static void encode(const codec_test::Ticket& ticket, Writer& writer) { writer.write(ticket.number); }
    static error_code decode(codec_test::Ticket& ticket, Reader& reader) { return reader.read(ticket.number); }
};
template <>
struct event::net::Codec<codec_test::Seat> {
    static void encode(const codec_test::Seat& seat, Writer& writer) { writer.write(seat.number); }
    static error_code decode(codec_test::Seat& seat, Reader& reader) { return reader.read(seat.number); }
};

namespace codec_test {

struct Journey {
    Ticket ticket{1};
    std::optional<Ticket> maybe;
    std::vector<Ticket> list;
    Seat seat{4};
    std::uint8_t last = 5;
    friend bool operator==(const Journey&, const Journey&) = default;
};

TEST(NetCodec, TakesApartWhatCannotBeCopiedOrMoved) {
    Journey journey;
    journey.maybe.emplace(std::uint8_t{2});
    journey.list.emplace_back(std::uint8_t{3});
    EXPECT_EQ(form(journey), "01 01 02 01 03 04 05");
}

}  // namespace codec_test
