#include "net/bytes.hpp"

#include <event/net/reader.hpp>
#include <event/net/writer.hpp>

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

/// What a Writer writes and a Reader reads, by itself.

namespace bytes_test {

using event::net::errc;
using event::net::error_code;
using event::net::Limits;
using event::net::Reader;
using event::net::Where;
using event::net::Writer;
using net_test::Bytes;
using net_test::bytes;
using net_test::hex;

template <class Write>
std::string written(Write write) {
    Bytes out;
    Writer writer(out);
    write(writer);
    EXPECT_FALSE(writer.failed());
    return hex(out);
}

TEST(NetBytes, WritesAVarintInAsFewBytesAsItGoes) {
    const auto varint = [](std::uint64_t number) {
        return written([number](Writer& writer) { writer.write_varint(number); });
    };
    EXPECT_EQ(varint(0), "00");
    EXPECT_EQ(varint(127), "7f");
    EXPECT_EQ(varint(128), "80 01");
    EXPECT_EQ(varint(300), "ac 02");
    EXPECT_EQ(varint(16'384), "80 80 01");
    EXPECT_EQ(varint(std::numeric_limits<std::uint64_t>::max()), "ff ff ff ff ff ff ff ff ff 01");
}

TEST(NetBytes, WritesSignedNumbersByZigzag) {
    const auto zigzag = [](std::int64_t number) {
        return written([number](Writer& writer) { writer.write_zigzag(number); });
    };
    EXPECT_EQ(zigzag(0), "00");
    EXPECT_EQ(zigzag(-1), "01");
    EXPECT_EQ(zigzag(1), "02");
    EXPECT_EQ(zigzag(-64), "7f");
    EXPECT_EQ(zigzag(64), "80 01");
    EXPECT_EQ(zigzag(std::numeric_limits<std::int64_t>::max()), "fe ff ff ff ff ff ff ff ff 01");
    EXPECT_EQ(zigzag(std::numeric_limits<std::int64_t>::min()), "ff ff ff ff ff ff ff ff ff 01");
}

TEST(NetBytes, WritesFloatsLittleEndian) {
    EXPECT_EQ(written([](Writer& writer) { writer.write_float(1.0F); }), "00 00 80 3f");
    EXPECT_EQ(written([](Writer& writer) { writer.write_float(-2.0); }), "00 00 00 00 00 00 00 c0");
}

TEST(NetBytes, ReadsEachNumberThatWasWritten) {
    for (unsigned shift = 0; shift < 64; ++shift) {
        for (const std::uint64_t less : {std::uint64_t{0}, std::uint64_t{1}}) {
            const std::uint64_t number = (std::uint64_t{1} << shift) - less;
            Bytes out;
            Writer writer(out);
            writer.write_varint(number);
            writer.write_zigzag(std::bit_cast<std::int64_t>(number));
            Reader reader(out);
            std::uint64_t read = 0;
            std::int64_t read_signed = 0;
            EXPECT_FALSE(reader.read_varint(read));
            EXPECT_FALSE(reader.read_zigzag(read_signed));
            EXPECT_EQ(read, number);
            EXPECT_EQ(read_signed, std::bit_cast<std::int64_t>(number));
            EXPECT_EQ(reader.left(), 0U);
        }
    }
}

error_code varint_error(const Bytes& input) {
    Reader reader(input);
    std::uint64_t number = 0;
    return reader.read_varint(number);
}

TEST(NetBytes, TakesAVarintInItsShortestFormOnly) {
    EXPECT_EQ(varint_error(bytes({0x80, 0x00})), errc::not_canonical);
    EXPECT_EQ(varint_error(bytes({0xff, 0x80, 0x00})), errc::not_canonical);
    EXPECT_EQ(varint_error(bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02})), errc::out_of_range);
    EXPECT_EQ(varint_error(bytes({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01})),
              errc::out_of_range);
    EXPECT_EQ(varint_error(bytes({0x80})), errc::truncated);
    EXPECT_EQ(varint_error({}), errc::truncated);
}

TEST(NetBytes, StopsAtTheFirstFailureAndSaysWhere) {
    const Bytes input = bytes({1, 0x80, 0x00, 7});
    Where where;
    Reader reader(input, {}, &where);
    std::byte byte{};
    std::uint64_t number = 0;
    EXPECT_FALSE(reader.read_byte(byte));
    EXPECT_EQ(reader.read_varint(number), errc::not_canonical);
    EXPECT_EQ(reader.read_byte(byte), errc::not_canonical) << "there is nothing more to read";
    EXPECT_EQ(byte, std::byte{1}) << "and nothing was read";
    EXPECT_EQ(reader.error(), errc::not_canonical);
    EXPECT_EQ(where.offset, 1U);
}

TEST(NetBytes, RefusesAnInputThatIsTooLargeBeforeItReadsAnything) {
    const Bytes input(11);
    std::byte byte{};
    Reader too_large(input, Limits{.size = 10});
    EXPECT_EQ(too_large.read_byte(byte), errc::too_large);
    Reader just_right(input, Limits{.size = 11});
    EXPECT_FALSE(just_right.read_byte(byte));
}

TEST(NetBytes, RefusesACountThatTheBytesThatAreLeftCannotHold) {
    const Bytes input = bytes({3, 0, 0, 0, 0, 0});
    std::size_t count = 0;
    EXPECT_FALSE(Reader(input).read_count(count, 1));
    EXPECT_EQ(count, 3U);
    EXPECT_EQ(Reader(input).read_count(count, 2), errc::truncated);
    EXPECT_FALSE(Reader(input).read_count(count, 0));
    EXPECT_EQ(Reader(input, Limits{.elements = 2}).read_count(count, 0), errc::too_many_elements);
    const Bytes absurd = bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 1});
    EXPECT_EQ(Reader(absurd).read_count(count, 1), errc::truncated);
    EXPECT_EQ(Reader(absurd).read_count(count, 0), errc::too_many_elements);
}

TEST(NetBytes, CountsTheElementsOfAllListsTogether) {
    const Bytes input = bytes({2, 2});
    std::size_t count = 0;
    Reader reader(input, Limits{.elements = 3});
    EXPECT_FALSE(reader.read_count(count, 0));
    EXPECT_EQ(reader.read_count(count, 0), errc::too_many_elements);
    EXPECT_EQ(reader.offset(), 1U);
}

TEST(NetBytes, SkipsWhatIsLeftOfAPart) {
    Bytes out;
    Writer writer(out);
    for (const std::size_t size : {std::size_t{3}, std::size_t{200}}) {
        const std::size_t opened = writer.open_part();
        writer.write_bytes(Bytes(size, std::byte{9}));
        writer.close_part(opened);
        writer.write_byte(std::byte{1});
    }
    EXPECT_EQ(hex(std::span(out).first(8)), "03 09 09 09 01 c8 01 09");

    Reader reader(out);
    std::byte byte{};
    for (const std::size_t size : {std::size_t{3}, std::size_t{200}}) {
        Reader::Part part{};
        ASSERT_FALSE(reader.open_part(part));
        EXPECT_EQ(reader.left(), size);
        ASSERT_FALSE(reader.read_byte(byte));
        reader.close_part(part);
        ASSERT_FALSE(reader.read_byte(byte));
        EXPECT_EQ(byte, std::byte{1});
    }
    EXPECT_EQ(reader.left(), 0U);
}

TEST(NetBytes, RefusesAPartThatIsLongerThanTheRest) {
    Reader::Part part{};
    EXPECT_EQ(Reader(bytes({2, 0})).open_part(part), errc::truncated);
}

TEST(NetBytes, WritesNothingBeyondTheLimit) {
    Bytes out = bytes({7});
    Where where;
    Writer writer(out, Limits{.size = 2}, &where);
    writer.write_byte(std::byte{1});
    writer.write_varint(300);
    writer.write_byte(std::byte{2});
    EXPECT_EQ(writer.error(), errc::too_large);
    EXPECT_LE(writer.size(), 2U) << "of what was there before, nothing counts";
    EXPECT_EQ(where.offset, 2U);
}

TEST(NetBytes, SaysItsErrorsInSentences) {
    const error_code error = errc::truncated;
    EXPECT_EQ(error.message(), "the input ends before the value does");
    EXPECT_STREQ(error.category().name(), "event.net");
    EXPECT_EQ(error_code(99, event::net::error_category()).message(), "unknown event.net error");
    for (int value = 1; value <= static_cast<int>(errc::too_many_peers); ++value) {
        EXPECT_NE(error_code(value, event::net::error_category()).message(), "unknown event.net error") << value;
    }
    Where where;
    where.offset = 12;
    EXPECT_EQ(to_string(where), "byte 12");
    where.is_in_field("address");
    where.is_in_element(3);
    where.is_in_field("peers");
    EXPECT_EQ(to_string(where), "byte 12, in .peers[3].address");
}

}  // namespace bytes_test
