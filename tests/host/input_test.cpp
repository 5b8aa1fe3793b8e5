/// What comes from outside: addresses, command lines, frames, and what strangers say of themselves.

#include "address.hpp"
#include "command_line.hpp"
#include "frame.hpp"
#include "peer_info.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace input_test {

using namespace host;
using namespace std::string_literals;
using testing::HasSubstr;

TEST(Address, IsHostAndPort) {
    const auto v4 = parse_address("127.0.0.1:4001");
    ASSERT_TRUE(v4);
    EXPECT_EQ(v4->host, "127.0.0.1");
    EXPECT_EQ(v4->port, 4001);
    const auto v6 = parse_address("[::1]:0");
    ASSERT_TRUE(v6);
    EXPECT_EQ(v6->host, "::1");
    EXPECT_EQ(v6->port, 0);
    EXPECT_EQ(parse_address("relay.example:65535")->host, "relay.example");
    for (const char* bad : {"", ":", "host", "host:", ":1", "host:65536", "host:-1", "host:1x", "::1:80", "[]:1"})
        EXPECT_FALSE(parse_address(bad)) << bad;
}

TEST(Address, PrintsAsItIsParsed) {
    EXPECT_EQ(to_string(tcp::endpoint(asio::ip::make_address("127.0.0.1"), 80)), "127.0.0.1:80");
    EXPECT_EQ(to_string(tcp::endpoint(asio::ip::make_address("::1"), 80)), "[::1]:80");
}

std::variant<CommandLine, UsageError> parse(std::vector<std::string_view> arguments) {
    return parse_command_line(arguments);
}

TEST(CommandLine, WithoutArgumentsAsksForTheDemonstration) {
    const auto line = std::get<CommandLine>(parse({}));
    EXPECT_FALSE(line.listen);
    EXPECT_TRUE(line.dial.empty());
    EXPECT_FALSE(line.wants_help);
}

TEST(CommandLine, TakesEveryOption) {
    const auto line = std::get<CommandLine>(
        parse({"--dial", "a:1", "b:2", "--name", "n", "--listen", "[::1]:0", "--dial", "c:3", "--for", "1.5"}));
    EXPECT_EQ(line.listen, "[::1]:0");
    EXPECT_THAT(line.dial, testing::ElementsAre("a:1", "b:2", "c:3"));
    EXPECT_EQ(line.name, "n");
    EXPECT_EQ(line.run_for, std::chrono::milliseconds(1500));
    EXPECT_TRUE(std::get<CommandLine>(parse({"--help"})).wants_help);
}

TEST(CommandLine, SaysWhatIsWrong) {
    const auto fault = [](std::vector<std::string_view> arguments) {
        const auto parsed = parse(std::move(arguments));
        const auto* error = std::get_if<UsageError>(&parsed);
        return error != nullptr ? error->what : "accepted";
    };
    const std::string long_name(65, 'n');
    EXPECT_THAT(fault({"--bogus"}), HasSubstr("\"--bogus\""));
    EXPECT_THAT(fault({"stray"}), HasSubstr("\"stray\""));
    EXPECT_THAT(fault({"--listen"}), HasSubstr("--listen needs a value"));
    EXPECT_THAT(fault({"--dial"}), HasSubstr("--dial needs a value"));
    EXPECT_THAT(fault({"--listen", "nowhere"}), HasSubstr("\"nowhere\" is not ADDR:PORT"));
    EXPECT_THAT(fault({"--dial", "a:1", "b"}), HasSubstr("\"b\" is not ADDR:PORT"));
    EXPECT_THAT(fault({"--listen", "a:1", "--listen", "b:2"}), HasSubstr("twice"));
    EXPECT_THAT(fault({"--listen", "a:1", "--name", ""}), HasSubstr("--name"));
    EXPECT_THAT(fault({"--listen", "a:1", "--name", "a\nb"}), HasSubstr("--name"));
    EXPECT_THAT(fault({"--listen", "a:1", "--name", long_name}), HasSubstr("--name"));
    for (const char* bad : {"0", "-1", "nan", "inf", "1e300", "", "1s"})
        EXPECT_THAT(fault({"--listen", "a:1", "--for", bad}), HasSubstr("is not a number of seconds")) << bad;
    EXPECT_THAT(fault({"--figures"}), HasSubstr("need --listen or --dial"));
    EXPECT_THAT(fault({"--cluster", "--listen", "a:1"}), HasSubstr("--cluster"));
    EXPECT_THAT(fault({"--for", "1"}), HasSubstr("--listen or --dial"));
    EXPECT_THAT(fault({"--name", "n"}), HasSubstr("--listen or --dial"));
}

FrameHeader header(std::string_view bytes) {
    FrameHeader::Bytes array{};
    std::copy_n(bytes.begin(), array.size(), array.begin());
    return FrameHeader(array);
}

TEST(Frame, IsReadAsItWasWritten) {
    const std::string frame = encode_frame(Protocol::echo, "hello");
    EXPECT_EQ(frame, "\0\0\0\x06\x03hello"s);
    EXPECT_EQ(header(frame).protocol(), Protocol::echo);
    EXPECT_EQ(header(frame).payload_size(), 5U);
    EXPECT_EQ(header(frame).fault(5), "");
    EXPECT_EQ(header(encode_frame(Protocol::ping, "")).fault(0), "");
}

TEST(Frame, SaysWhatIsWrong) {
    EXPECT_EQ(header("\0\0\0\0\x01"s).fault(100), "an empty frame");
    EXPECT_EQ(header(encode_frame(Protocol::echo, "hello")).fault(4), "an oversized frame: 5 bytes, the limit is 4");
    EXPECT_EQ(header("\xff\xff\xff\xff\x01"s).fault(65536), "an oversized frame: 4294967294 bytes, the limit is 65536");
    EXPECT_EQ(header("\0\0\0\x02\x00"s).fault(100), "a frame of the unknown protocol 0");
    EXPECT_EQ(header("\0\0\0\x02\xff"s).fault(100), "a frame of the unknown protocol 255");
}

TEST(PeerInfo, IsReadAsItWasWritten) {
    const PeerInfo info{.name = "a \"quoted\" name",
                        .version = "v/1",
                        .protocols = {"ping/1", "echo/1"},
                        .listening = {"[::1]:4001", "[::1]:4002"},
                        .reachable = {"[::1]:4001"}};
    EXPECT_EQ(std::get<PeerInfo>(decode_peer_info(encode(info))), info);
}

TEST(PeerInfo, FromAStrangerIsCheckedFieldByField) {
    const auto fault = [](std::string_view text) {
        const auto decoded = decode_peer_info(text);
        const auto* malformed = std::get_if<Malformed>(&decoded);
        return malformed != nullptr ? malformed->reason : "accepted";
    };
    const auto with_name = [](std::string_view name) {
        return R"({"name":")" + std::string(name) + R"(","version":"v","protocols":[],"listening":[],"reachable":[]})";
    };
    EXPECT_EQ(fault(with_name("n")), "accepted");
    EXPECT_EQ(fault(with_name(std::string(64, 'n'))), "accepted");
    EXPECT_EQ(fault(R"({"name":"n","version":"v","protocols":[],"listening":[],"reachable":[],"more":{}})"),
              "accepted");
    EXPECT_EQ(fault(with_name("")), R"(bad "name")");
    EXPECT_EQ(fault(with_name(std::string(65, 'n'))), R"(bad "name")");
    EXPECT_EQ(fault(with_name(R"(\u001b[2J)")), R"(bad "name")") << "it would clear the screen of who reads the log";
    EXPECT_EQ(fault(R"({"name":1,"version":"v","protocols":[],"listening":[],"reachable":[]})"), R"(bad "name")");
    EXPECT_EQ(fault(R"({"name":"n","protocols":[],"listening":[],"reachable":[]})"), R"(bad "version")");
    EXPECT_EQ(fault(R"({"name":"n","version":"v","protocols":{},"listening":[],"reachable":[]})"),
              R"(bad "protocols")");
    EXPECT_EQ(fault(R"({"name":"n","version":"v","protocols":[],"listening":[],"reachable":[1]})"),
              R"(bad "reachable")");
    std::string many = R"({"name":"n","version":"v","protocols":[],"listening":[],"reachable":["a")";
    for (int i = 0; i < 16; ++i) many += R"(,"a")";
    EXPECT_EQ(fault(many + "]}"), R"(bad "reachable")");
    EXPECT_EQ(fault("[]"), "not an object");
    for (const char* bad : {"", "{", "nonsense", "{\"name\":\"n\"} and more"}) EXPECT_NE(fault(bad), "accepted") << bad;
    EXPECT_NE(fault(std::string(10'000, '[')), "accepted");
}

}  // namespace input_test
