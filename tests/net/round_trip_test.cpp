#include "net/bytes.hpp"
#include "net/random_value.hpp"
#include "net/types.hpp"

#include <event/net/codec.hpp>
#include <event/net/json.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// What holds for every value, tried with many that nobody thought of. EVENTBUS_NET_SEED says with which one it begins.

namespace round_trip_test {

using event::net::decode;
using event::net::encode;
using event::net::error_code;
using event::net::from_json;
using event::net::to_json;
using event::net::Where;
using net_test::Bytes;
using net_test::hex;
using net_test::Random;

template <class T>
class NetRoundTrip : public testing::Test {
protected:
    /// Of each of so many values.
    template <class Check>
    static void for_random_values(int count, Check check) {
        const char* const text = std::getenv("EVENTBUS_NET_SEED");
        const std::uint64_t first = text != nullptr ? std::strtoull(text, nullptr, 10) : 1;
        for (std::uint64_t seed = first; count > 0; --count, ++seed) {
            SCOPED_TRACE("EVENTBUS_NET_SEED=" + std::to_string(seed));
            check(Random(seed).value<T>());
            if (testing::Test::HasFailure()) return;
        }
    }
    static Bytes encoded(const T& value) {
        Bytes out;
        Where where;
        EXPECT_EQ(encode(value, out, &where), error_code{}) << to_string(where);
        return out;
    }
    static std::string written(const T& value) {
        std::string out;
        Where where;
        EXPECT_EQ(to_json(value, out, &where), error_code{}) << to_string(where);
        return out;
    }
};

using Types = testing::Types<net_test::Numbers, net_test::Times, net_test::Texts, net_test::Lists, net_test::Choices,
                             net_test::Tree, net_test::Old, net_test::New, net_test::Growing, net_test::WithEven,
                             net_test::Defaults, net_test::Everything>;
TYPED_TEST_SUITE(NetRoundTrip, Types, );

TYPED_TEST(NetRoundTrip, GivesTheSameValueFromItsBytes) {
    TypeParam read{};  // used again, as a program does
    this->for_random_values(200, [&](const TypeParam& value) {
        const Bytes bytes = this->encoded(value);
        Where where;
        EXPECT_EQ(decode(bytes, read, &where), error_code{}) << to_string(where);
        EXPECT_EQ(read, value);
    });
}

TYPED_TEST(NetRoundTrip, GivesTheSameValueFromItsJson) {
    TypeParam read{};
    this->for_random_values(200, [&](const TypeParam& value) {
        const std::string text = this->written(value);
        Where where;
        EXPECT_EQ(from_json(text, read, &where), error_code{}) << to_string(where) << "\n" << text;
        EXPECT_EQ(read, value) << text;
    });
}

/// What is plain takes a shorter way.
TYPED_TEST(NetRoundTrip, IsTheSameInTheGeneralWay) {
    const auto written_generally = [](const TypeParam& value) {
        Bytes out;
        event::net::Writer writer(out, event::net::limits_of<TypeParam>());
        writer.write(value);
        return out;
    };
    constexpr int count = event::net::detail::Plain<TypeParam> ? 20 : 1;  // the others have no way of their own
    this->for_random_values(count, [&](const TypeParam& value) {
        Bytes bytes = this->encoded(value);
        EXPECT_EQ(hex(bytes), hex(written_generally(value)));
        bytes.push_back(std::byte{0});  // one too many, until it is in place of one that ended a number
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            for (const int changed : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
                const std::byte before = std::exchange(bytes[i], static_cast<std::byte>(changed));
                TypeParam read{}, read_generally{};
                Where where, where_generally;
                const error_code error = decode(bytes, read, &where);
                EXPECT_EQ(error, event::net::detail::decode_checked(bytes, read_generally, &where_generally));
                EXPECT_EQ(to_string(where), to_string(where_generally));
                if (!error) {
                    EXPECT_EQ(hex(written_generally(read)), hex(written_generally(read_generally)));
                }
                bytes[i] = before;
            }
        }
    });
}
static_assert(event::net::detail::Plain<net_test::Numbers> && event::net::detail::Plain<net_test::Times>);
static_assert(!event::net::detail::Plain<net_test::Old> && !event::net::detail::Plain<net_test::Texts>);

TYPED_TEST(NetRoundTrip, RefusesBytesThatAreCutAnywhere) {
    this->for_random_values(4, [&](const TypeParam& value) {
        const Bytes bytes = this->encoded(value);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
            TypeParam read{};
            Where where;
            EXPECT_NE(decode(cut, read, &where), error_code{}) << size;
            EXPECT_LE(where.offset, size);
        }
    });
}

TYPED_TEST(NetRoundTrip, RefusesJsonThatIsCutAnywhere) {
    this->for_random_values(2, [&](const TypeParam& value) {
        const std::string text = this->written(value);
        for (std::size_t size = 0; size < text.size(); ++size) {
            TypeParam read{};
            EXPECT_NE(from_json(text.substr(0, size), read), error_code{}) << size;
        }
    });
}

/// The types of which each value has one form: no set or map, whose order is open, and nothing that may be skipped.
template <class T>
constexpr bool has_one_form = !std::is_same_v<T, net_test::Lists> && !std::is_same_v<T, net_test::Old> &&
                              !std::is_same_v<T, net_test::New> && !std::is_same_v<T, net_test::Growing> &&
                              !std::is_same_v<T, net_test::Defaults> && !std::is_same_v<T, net_test::Everything>;

TYPED_TEST(NetRoundTrip, RefusesOrUnderstandsBytesOfWhichOneIsAnother) {
    this->for_random_values(2, [&](const TypeParam& value) {
        Bytes bytes = this->encoded(value);
        for (std::byte& byte : bytes) {
            for (const unsigned flipped : {0x01U, 0x80U, 0xffU}) {
                byte ^= static_cast<std::byte>(flipped);
                TypeParam read{};
                if (!decode(bytes, read)) {
                    const Bytes again = this->encoded(read);
                    TypeParam read_again{};
                    EXPECT_FALSE(decode(again, read_again));
                    EXPECT_EQ(this->encoded(read_again).size(), again.size());
                    EXPECT_TRUE(again == bytes || !has_one_form<TypeParam>) << hex(bytes) << "\n" << hex(again);
                }
                byte ^= static_cast<std::byte>(flipped);
            }
        }
    });
}

}  // namespace round_trip_test
