#include "net/types.hpp"

#include <event/net/schema.hpp>
#include <event/tagged.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

/// What two sides say of their types, and what they make of it.

namespace schema_test {

using event::net::fingerprint;
using event::net::schema;
using event::net::schema_difference;
using namespace net_test;

TEST(NetSchema, SpellsATypeAsEachCompilerDoes) {
    EXPECT_EQ(schema<Address>(), "address{host: string, port: u16}");
    EXPECT_EQ(schema<Numbers>(),
              "numbers{flag: bool, letter: char, i8: i8, u8: u8, i16: i16, u16: u16, i32: i32, u32: u32, i64: i64, "
              "u64: u64, f32: f32, f64: f64}");
    EXPECT_EQ(schema<Times>(),
              "times{round_trip: duration<i64,1/1000>, seconds: duration<f64,1/1>, at: time<duration<i64,1/1000000>>, "
              "hours: duration<i64,3600/1>}");
    EXPECT_EQ(schema<Texts>(), "texts{text: string, bytes: bytes, octets: bytes, letters: bytes}");
    EXPECT_EQ(schema<Lists>(),
              "lists{vector: list<u32>, bits: list<bool>, list: list<address>, set: set<i32>, "
              "unordered_set: set<string>, map: map<string,u32>, by_number: map<u8,address>, unordered_map: "
              "map<u32,list<string>>}; address{host: string, port: u16}");
    EXPECT_EQ(schema<Choices>(),
              "choices{number: optional<u32>, twice: optional<optional<string>>, variant: "
              "variant<none,i32,string,address>, same: variant<u8,u8>, tuple: tuple<u8,string,address>, pair: "
              "tuple<bool,i32>, array: array<u16,3>, direction: net_test::Direction(u8), level: net_test::Level(i16), "
              "nothing: nothing}; address{host: string, port: u16}; nothing{}");
}

TEST(NetSchema, NamesATypeThatIsWithinItself) { EXPECT_EQ(schema<Tree>(), "tree{name: string, children: list<tree>}"); }

struct Document {
    static constexpr std::string_view event_name = "document";
    std::variant<std::monostate, std::vector<Document>, std::map<std::string, Document>> value;
};
struct Inbound;

TEST(NetSchema, NamesATypeThatIsWithinItselfInSeveralWays) {
    EXPECT_EQ(schema<Document>(), "document{value: variant<none,list<document>,map<string,document>>}");
    EXPECT_EQ((schema<event::Tagged<Inbound, Document>>()),
              "schema_test::Inbound{value: document}; " + std::string(schema<Document>()));
}

TEST(NetSchema, SaysWhichTypesMayGrow) {
    EXPECT_EQ(schema<Old>(), "growing{first: u16, ...}");
    EXPECT_EQ(schema<New>(),
              "growing{first: u16, second: string, third: list<address>, ...}; address{host: string, port: u16}");
}

TEST(NetSchema, TakesACodecAtItsWord) { EXPECT_EQ(schema<WithEven>(), "with even{evens: list<codec<even.1>>}"); }

TEST(NetSchema, SpellsAnEventThatHasNoFields) {
    EXPECT_EQ(schema<std::string>(), "string");
    EXPECT_EQ(schema<std::vector<Address>>(), "list<address>; address{host: string, port: u16}");
    EXPECT_EQ(schema<Even>(), "codec<even.1>");
}

TEST(NetSchema, IsOneNumberAtCompileTime) {
    static_assert(fingerprint<Address>() != fingerprint<Numbers>());
    static_assert(fingerprint<Old>() != fingerprint<New>());
    // as its authors compute it
    EXPECT_EQ(event::net::detail::fnv1a(""), 0xcbf29ce484222325ULL);
    EXPECT_EQ(event::net::detail::fnv1a("a"), 0xaf63dc4c8601ec8cULL);
    EXPECT_EQ(event::net::detail::fnv1a("foobar"), 0x85944171f73967e8ULL);
    EXPECT_EQ(fingerprint<Address>(), event::net::detail::fnv1a("address{host: string, port: u16}"));
}

std::string difference(std::string_view ours, std::string_view theirs) {
    return schema_difference(ours, theirs).value_or("none");
}

TEST(NetSchema, FindsNoDifferenceToItself) {
    EXPECT_EQ(difference(schema<Choices>(), schema<Choices>()), "none");
    EXPECT_EQ(difference(schema<Tree>(), schema<Tree>()), "none");
}

TEST(NetSchema, NamesBothSidesOfTheFirstDifference) {
    constexpr std::string_view ours = "address{host: string, port: u16}";
    EXPECT_EQ(difference(ours, "address{host: string, port: u32}"),
              "address: ours has `port: u16`, theirs `port: u32`");
    EXPECT_EQ(difference(ours, "address{name: string, port: u16}"),
              "address: ours has `host: string`, theirs `name: string`");
    EXPECT_EQ(difference(ours, "address{port: u16, host: string}"),
              "address: ours has `host: string`, theirs `port: u16`");
    EXPECT_EQ(difference(ours, "address{host: string}"), "address: ours has `port: u16`, theirs nothing there");
    EXPECT_EQ(difference(ours, "address{host: string, port: u16, tls: bool}"),
              "address: ours has nothing where theirs has `tls: bool`");
    EXPECT_EQ(difference(ours, "name{host: string, port: u16}"), "ours is `address`, theirs `name`");
    EXPECT_EQ(difference("string", "bytes"), "ours is `string`, theirs `bytes`");
}

TEST(NetSchema, LooksIntoTheTypesOfTheFields) {
    const std::string ours = "a{b: list<b>, s: string}; b{c: map<string,c>}; c{d: u8}";
    EXPECT_EQ(difference(ours, "a{b: list<b>, s: string}; b{c: map<string,c>}; c{d: u16}"),
              "c: ours has `d: u8`, theirs `d: u16`");
    EXPECT_EQ(difference(ours, "a{b: list<b>, s: string}; b{c: map<string,c>}"), "`c`: theirs is not there");
    EXPECT_EQ(difference("list<b>; b{c: u8}", "list<b>; b{c: u16}"), "b: ours has `c: u8`, theirs `c: u16`");
}

TEST(NetSchema, LetsTypesGrowThatSaySo) {
    EXPECT_EQ(difference(schema<Old>(), schema<New>()), "none");
    EXPECT_EQ(difference(schema<New>(), schema<Old>()), "none");
    EXPECT_EQ(difference("a{b: u8, ...}", "a{b: u16, c: u8, ...}"), "a: ours has `b: u8`, theirs `b: u16`");
    EXPECT_EQ(difference("a{b: u8, ...}", "a{b: u8}"),
              "a: ours may get further fields, theirs may not (event_wire_extensible)");
    EXPECT_EQ(difference("a{b: u8}", "a{b: u8, ...}"),
              "a: theirs may get further fields, ours may not (event_wire_extensible)");
    EXPECT_EQ(difference("a{...}", "a{b: u8, ...}"), "none");
}

TEST(NetSchema, AsksNothingOfATypeThatOneSideNeverReads) {
    EXPECT_EQ(difference("a{x: u8, ...}", "a{x: u8, y: b, ...}; b{c: u8}"), "none");
    EXPECT_EQ(difference("a{x: u8, q: p, ...}; p{b: b, ...}; b{d: u8}", "a{x: u8, q: p, y: b, ...}; p{...}; b{c: u8}"),
              "none")
        << "each side has a b of its own, and neither reads the other's";
}

TEST(NetSchema, TellsATypeWithACodecFromOneWithFields) {
    EXPECT_EQ(difference("a{b: b}; b{c: u8}", "a{b: codec<b>}"), "a: ours has `b: b`, theirs `b: codec<b>`");
}

TEST(NetSchema, TakesAnythingForTheOtherSides) {
    const std::string_view ours = schema<New>();
    for (const std::string_view theirs :
         {"", "{", "}", "; ", "a", "a{", "a{}", "a{b}", "a{b: c}; a{b: c}", "growing{...", "growing{..., first: u16}",
          "growing{first: u16, ...}; ", "\n", ": , ;"}) {
        EXPECT_NE(difference(ours, theirs), "none") << theirs;
    }
    EXPECT_EQ(difference("a{b: u8}", "a{b: u8}; a{b: u16}"), "theirs is no schema: `a{b: u8}; a{b: u16}`");
    for (std::size_t i = 0; i < ours.size(); ++i) {
        EXPECT_NE(difference(ours, ours.substr(0, i)), "none") << i;
    }
}

TEST(NetSchema, QuotesOfTheOtherSidesOnlyWhatIsShortAndPrintable) {
    const std::string theirs = "a{b: \x1b[2J\n" + std::string(10'000, 'x') + "}";
    const std::string sentence = difference("a{b: u8}", theirs);
    EXPECT_LT(sentence.size(), 200U);
    EXPECT_THAT(sentence, testing::StartsWith("a: ours has `b: u8`, theirs `b: ?[2J?xx"));
}

template <class T>
struct Box {
    T content;
};
struct HasTemplates {
    Box<std::vector<std::uint8_t>> box;
    Box<std::map<std::uint8_t, bool>> map;
};

TEST(NetSchema, HasNoNameThatItCannotTakeApartAgain) {
    const std::string text(schema<HasTemplates>());
    EXPECT_EQ(text.find("> >"), std::string::npos) << text;
    EXPECT_THAT(text, testing::StartsWith("schema_test::HasTemplates{box: schema_test::Box<std::vector<unsigned char"));
    const std::size_t last = text.rfind("{content: map<u8,bool>}");
    ASSERT_NE(last, std::string::npos) << text;
    EXPECT_THAT(difference(text, text.substr(0, last) + "{content: map<u8,u8>}"),
                testing::HasSubstr("ours has `content: map<u8,bool>`, theirs `content: map<u8,u8>`"));
}

TEST(NetSchema, IsAnotherOneWithATypeThatIsCalledLikeAKind) {
    const auto difference = event::net::schema_difference("stats{b: bytes}", "stats{b: bytes}; bytes{total: u8}");
    ASSERT_TRUE(difference);
    EXPECT_EQ(*difference, "theirs has a type that is called `bytes`");
}

}  // namespace schema_test
