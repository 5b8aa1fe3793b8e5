#include "net/bytes.hpp"
#include "net/random_value.hpp"
#include "net/types.hpp"

#include <event/net/codec.hpp>
#include <event/net/json.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <type_traits>
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
