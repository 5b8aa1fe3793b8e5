#include "net/bytes.hpp"

#include <event/net/codec.hpp>
#include <event/net/json.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

/// What a message that lies about what is in it costs.

namespace hostile_test {

using event::net::decode;
using event::net::encode;
using event::net::errc;
using event::net::error_code;
using net_test::Bytes;
using net_test::bytes;
using net_test::operator+;

inline std::size_t allocated = 0;  // bytes, since it was set to 0

template <class T>
struct Counting {
    using value_type = T;

    Counting() = default;
    template <class U>
    Counting(const Counting<U>&) noexcept {}

    T* allocate(std::size_t count) {
        allocated += count * sizeof(T);
        return std::allocator<T>().allocate(count);
    }
    void deallocate(T* memory, std::size_t count) noexcept { std::allocator<T>().deallocate(memory, count); }
    friend bool operator==(const Counting&, const Counting&) = default;
};

template <class T>
using Vector = std::vector<T, Counting<T>>;
using Text = std::basic_string<char, std::char_traits<char>, Counting<char>>;
template <class K, class T>
using Map = std::map<K, T, std::less<>, Counting<std::pair<const K, T>>>;

/// In a program it is large, and on the wire one byte.
using Wide = std::optional<std::array<std::uint64_t, 1'000>>;
struct Empty {};

/// So much is allocated before it is refused.
template <class T>
std::size_t cost(const Bytes& input, errc expected) {
    T value{};
    allocated = 0;
    EXPECT_EQ(decode(input, value), expected);
    return allocated;
}

const Bytes count_of_2_to_60 = bytes({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10});

TEST(NetHostile, AllocatesNothingForACountThatTheRestCannotHold) {
    const Bytes input = count_of_2_to_60 + Bytes(1'000);
    EXPECT_EQ(cost<Vector<std::uint64_t>>(input, errc::truncated), 0U);
    EXPECT_EQ(cost<Vector<Text>>(input, errc::truncated), 0U);
    EXPECT_EQ(cost<Vector<std::uint8_t>>(input, errc::truncated), 0U);
    EXPECT_EQ(cost<Vector<bool>>(input, errc::truncated), 0U);
    EXPECT_EQ(cost<Text>(input, errc::truncated), 0U);
    EXPECT_EQ((cost<std::list<int, Counting<int>>>(input, errc::truncated)), 0U);
    EXPECT_EQ((cost<std::set<int, std::less<>, Counting<int>>>(input, errc::truncated)), 0U);
    EXPECT_EQ((cost<Map<int, Text>>(input, errc::truncated)), 0U);
}

TEST(NetHostile, AllocatesNothingForElementsOfNoBytes) {
    EXPECT_EQ(cost<Vector<Empty>>(count_of_2_to_60, errc::too_many_elements), 0U);
    EXPECT_EQ((cost<Vector<std::array<int, 0>>>(count_of_2_to_60, errc::too_many_elements)), 0U);
}

TEST(NetHostile, AllocatesNothingForMoreElementsThanTheTypeMayHave) {
    const Bytes input = bytes({0x81, 0x80, 0x04}) + Bytes(65'537);
    EXPECT_EQ(cost<Vector<bool>>(input, errc::too_many_elements), 0U);
    EXPECT_EQ(cost<Vector<std::uint32_t>>(input, errc::too_many_elements), 0U);
}

TEST(NetHostile, AllocatesNoMoreThanTheInputTakesBeforeThereIsAnElement) {
    const Bytes input = bytes({0xf4, 0x03, 2}) + Bytes(499);
    EXPECT_LE(cost<Vector<Wide>>(input, errc::unknown_choice), sizeof(Wide)) << "the first, which is refused";
    EXPECT_LE(cost<Vector<std::uint64_t>>(bytes({0xe8, 0x07}) + Bytes(1'000, std::byte{0xff}), errc::out_of_range),
              1'002U);
}

TEST(NetHostile, GrowsWithTheElementsThatAreThere) {
    Vector<Vector<std::uint64_t>> value;
    const Bytes input = bytes({3, 1, 7, 1, 8}) + count_of_2_to_60;
    EXPECT_EQ(cost<Vector<Vector<std::uint64_t>>>(input, errc::truncated) > 0, true);
}

/// Each level says that it has one element less than it may.
struct Nest {
    Vector<Nest> nests;
};
TEST(NetHostile, CountsElementsAcrossAllLevels) {
    Bytes input;
    for (int i = 0; i < 10; ++i) input = std::move(input) + bytes({0xff, 0x7f});
    input = std::move(input) + Bytes(200'000);
    Nest nest;
    EXPECT_EQ(decode(input, nest), errc::too_many_elements);
}

TEST(NetHostile, EndsAtTheDepthOfTheTypeWhateverTheInputSays) {
    const Bytes input(1'000'000, std::byte{1});
    EXPECT_LT(cost<Nest>(input, errc::too_deep), 64 * 2 * sizeof(Nest) + 64);
}

struct Steady {
    Text text;
    Vector<std::uint32_t> numbers;
    Vector<Text> texts;
    std::optional<std::pair<std::uint32_t, Text>> pair;
};

TEST(NetHostile, AllocatesNothingForTheSecondMessageOfAKind) {
    const Steady sent{.text = Text(100, 'x'),
                      .numbers = {1, 2, 3},
                      .texts = {Text(50, 'y'), Text(60, 'z')},
                      .pair = std::pair{5U, Text(70, 'p')}};
    Bytes out;
    ASSERT_FALSE(encode(sent, out));
    const std::size_t capacity = out.capacity();
    const std::byte* const data = out.data();
    Steady read;
    ASSERT_FALSE(decode(out, read));
    allocated = 0;
    out.clear();
    ASSERT_FALSE(encode(sent, out));
    EXPECT_EQ(out.data(), data);
    EXPECT_EQ(out.capacity(), capacity);
    ASSERT_FALSE(decode(out, read));
    EXPECT_EQ(allocated, 0U);
}

struct Own {
    std::vector<Own> children;
};

}  // namespace hostile_test

template <>
struct event::net::Codec<hostile_test::Own> {
    static void encode(const hostile_test::Own& own, Writer& writer) { writer.write(own.children); }
    static error_code decode(hostile_test::Own& own, Reader& reader) { return reader.read(own.children); }
};

namespace hostile_test {

TEST(NetHostile, BoundsTheDepthOfATypeWithACodecOfItsOwn) {
    Bytes input(60'000, std::byte{1});
    input.push_back(std::byte{0});
    Own own;
    EXPECT_EQ(decode(input, own), errc::too_deep);
    Own deep;
    for (int i = 0; i < 100; ++i) {
        Own outer;
        outer.children.push_back(std::move(deep));
        deep = std::move(outer);
    }
    Bytes out;
    EXPECT_EQ(encode(deep, out), errc::too_deep);
    EXPECT_TRUE(out.empty());
    std::string text;
    EXPECT_EQ(event::net::to_json(deep, text), errc::too_deep);
}

/// One byte each on the wire, and eight thousand in memory.
TEST(NetHostile, CountsElementsByWhatTheyTake) {
    Bytes input = bytes({0x80, 0x80, 0x04});
    input.resize(input.size() + 65'536);
    std::vector<Wide> wide;
    EXPECT_EQ(decode(input, wide), errc::too_many_elements);
    std::vector<bool> bits;
    EXPECT_FALSE(decode(input, bits)) << "of small ones there may be so many";
}

TEST(NetHostile, TakesFewKeysThatMayAllHaveOneHash) {
    std::unordered_map<std::uint32_t, bool> keys;
    for (std::uint32_t i = 0; i < 5'000; ++i) keys.emplace(i, true);
    Bytes out;
    EXPECT_EQ(encode(keys, out), errc::too_many_elements);
    while (keys.size() > 4'096) keys.erase(keys.begin());
    EXPECT_FALSE(encode(keys, out));
    std::unordered_map<std::uint32_t, bool> read;
    EXPECT_FALSE(decode(out, read));
    EXPECT_EQ(read, keys);
}

TEST(NetHostile, RefusesAKeyThatIsNoNumber) {
    const Bytes twice = bytes({2, 0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f});
    std::set<float> ordered;
    std::unordered_set<float> unordered;
    EXPECT_EQ(decode(twice, ordered), errc::invalid_value);
    EXPECT_EQ(decode(twice, unordered), errc::invalid_value);
    EXPECT_EQ(event::net::from_json(R"(["NaN"])", ordered), errc::invalid_value);
}

TEST(NetHostile, LeavesAReaderThatHasFailedAtItsEnd) {
    const Bytes input = bytes({5, 1, 2});
    event::net::Reader reader(input);
    event::net::Reader::Part part;
    EXPECT_EQ(reader.open_part(part), errc::truncated);
    reader.close_part(part);
    EXPECT_EQ(reader.left(), 0U);
    std::byte byte{};
    EXPECT_EQ(reader.read_byte(byte), errc::truncated);
}

struct Throws {
    int value = 0;
};

}  // namespace hostile_test

template <>
struct event::net::Codec<hostile_test::Throws> {
    static void encode(const hostile_test::Throws&, Writer& writer) {
        writer.write_varint(300);
        throw std::runtime_error("encoding");
    }
    static error_code decode(hostile_test::Throws&, Reader&) { return {}; }
};

namespace hostile_test {

TEST(NetHostile, GivesBackWhatWasWrittenWhereTheUsersCodeThrows) {
    Bytes out = bytes({7});
    EXPECT_THROW(static_cast<void>(encode(Throws(), out)), std::runtime_error);
    EXPECT_EQ(out, bytes({7}));
    std::string text = "x";
    EXPECT_THROW(static_cast<void>(event::net::to_json(std::vector<Throws>(1), text)), std::runtime_error);
    EXPECT_EQ(text, "x");
}

}  // namespace hostile_test
