#include "net/bytes.hpp"
#include "net/protocol/frames.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// Each frame as the page says it, and what is wrong with others.

namespace frames_test {

using namespace event::net::protocol;
using event::net::end_code;
using event::net::LinkLimits;
using event::net::Reason;
using event::net::Side;
using net_test::bytes;
using net_test::hex;
using net_test::text;
using net_test::operator+;

/// The blocks of wire.md, by name, without the explanations.
std::map<std::string, std::string> dumps() {
    std::map<std::string, std::string> dumps;
    std::ifstream page(EVENTBUS_TESTS_FOLDER "/../src/net/protocol/wire.md");
    std::string* dump = nullptr;
    for (std::string line; std::getline(page, line);) {
        if (line.starts_with("```hex ")) {
            dump = &dumps[line.substr(7)];
        } else if (line.starts_with("```")) {
            dump = nullptr;
        } else if (dump != nullptr) {
            *dump += (dump->empty() ? "" : " ") + line.substr(0, line.find("  "));
        }
    }
    return dumps;
}

std::string dump_of(const std::string& name) {
    static const auto all = dumps();
    const auto dump = all.find(name);
    return dump == all.end() ? "not in the page" : dump->second;
}

const Bytes key_a = bytes({1, 0x61});

Hello hello() {
    return {.version = 1,
            .epoch = 0x1122334455667788,
            .max_frame = LinkLimits{}.max_frame,
            .max_subscriptions = 256,
            .serves = true,
            .consumes = true};
}
Subscribe subscribe() {
    return {.alias = 1,
            .mode = Mode::events,
            .replay = true,
            .types = {{.name = "join", .schema = "join{id: string}", .keys = {key_a, View{}}}}};
}
const Bytes payload = bytes({0xde, 0xad, 0xbe});
const Bytes value = bytes({0xca, 0xfe, 1});
Unsubscribe unsubscribe() {
    return {.alias = 1, .of = Side::here, .reason = {.code = end_code::closed, .text = "enough"}};
}
Event event() { return {.alias = 1, .type = 0, .missed = 300, .replayed = true, .payload = payload}; }
State state() { return {.alias = 2, .version = 7, .key = key_a, .present = true, .payload = value}; }

template <class Frame>
Bytes written(const Frame& frame) {
    Bytes out;
    write(frame, out);
    return out;
}

/// Of a frame whose length is one byte.
View body(const Bytes& frame) { return View(frame).subspan(2); }

TEST(NetFrames, AreWhatThePageSays) {
    EXPECT_EQ(hex(written(hello())), dump_of("HELLO"));
    EXPECT_EQ(hex(written(subscribe())), dump_of("SUB"));
    EXPECT_EQ(hex(written(unsubscribe())), dump_of("UNSUB"));
    EXPECT_EQ(hex(written(event())), dump_of("EVENT"));
    EXPECT_EQ(hex(written(state())), dump_of("STATE"));
    Bytes ping;
    write_ping(42, ping);
    EXPECT_EQ(hex(ping), dump_of("PING"));
    Bytes pong;
    write_pong(42, pong);
    EXPECT_EQ(hex(pong), dump_of("PONG"));
    Bytes bye;
    write_bye({.code = end_code::malformed, .text = "EVENT"}, bye);
    EXPECT_EQ(hex(bye), dump_of("BYE"));
}

TEST(NetFrames, AreReadAsTheyWereWritten) {
    Hello greeting;
    const Bytes hello_frame = written(hello());
    ASSERT_FALSE(read(body(hello_frame), greeting));
    EXPECT_EQ(hex(written(greeting)), dump_of("HELLO"));

    Subscribe sub;
    std::optional<Reason> refusal;
    const Bytes sub_frame = written(subscribe());
    ASSERT_FALSE(read(body(sub_frame), LinkLimits{}, sub, refusal));
    EXPECT_FALSE(refusal);
    EXPECT_EQ(hex(written(sub)), dump_of("SUB"));

    Unsubscribe unsub;
    const Bytes unsub_frame = written(unsubscribe());
    ASSERT_FALSE(read(body(unsub_frame), unsub));
    EXPECT_EQ(unsub.reason.by, Side::remote);
    EXPECT_EQ(hex(written(unsub)), dump_of("UNSUB"));

    Event read_event;
    const Bytes event_frame = written(event());
    ASSERT_FALSE(read(body(event_frame), read_event));
    EXPECT_EQ(read_event.payload.data(), event_frame.data() + 7) << "it is viewed where it lies";
    EXPECT_EQ(hex(written(read_event)), dump_of("EVENT"));
    EXPECT_EQ(size_of(read_event), event_frame.size() - 1);

    State read_state;
    const Bytes state_frame = written(state());
    ASSERT_FALSE(read(body(state_frame), read_state));
    EXPECT_EQ(hex(written(read_state)), dump_of("STATE"));
    EXPECT_EQ(size_of(read_state), state_frame.size() - 1);
}

TEST(NetFrames, SayTheSizeOfLargeNumbers) {
    const Event large{.alias = ~0ULL, .type = 128, .missed = 127, .payload = payload};
    EXPECT_EQ(written(large).size(), size_of(large) + 1);
    const State gone{.alias = 1ULL << 35, .version = (1ULL << 35) - 1, .present = false, .payload = value};
    EXPECT_EQ(written(gone).size(), size_of(gone) + 1);
}

template <class Frame>
void expect_no_prefix_of(const Bytes& frame) {
    for (std::size_t size = 2; size < frame.size(); ++size) {
        Frame read_frame;
        const auto fault = read(View(frame).subspan(2, size - 2), read_frame);
        ASSERT_TRUE(fault) << size;
        EXPECT_TRUE(fault->code == end_code::malformed || size < 6) << size;
    }
}

TEST(NetFrames, EndNowhereButAtTheirEnd) {
    expect_no_prefix_of<Hello>(written(hello()));
    expect_no_prefix_of<Unsubscribe>(written(unsubscribe()));
    const Bytes sub = written(subscribe());
    for (std::size_t size = 2; size < sub.size(); ++size) {
        Subscribe read_sub;
        std::optional<Reason> refusal;
        EXPECT_TRUE(read(View(sub).subspan(2, size - 2), LinkLimits{}, read_sub, refusal)) << size;
        EXPECT_FALSE(refusal);
    }
}

template <class Frame>
std::string fault_of(const Bytes& body) {
    Frame frame;
    const auto fault = read(body, frame);
    return fault ? fault->text : "";
}

TEST(NetFrames, HaveNothingBehindTheirEnd) {
    const Bytes extra = bytes({0});
    const auto with_extra = [&](const Bytes& frame) { return Bytes(frame.begin() + 2, frame.end()) + extra; };
    EXPECT_EQ(fault_of<Hello>(with_extra(written(hello()))), "") << "a later version's field";
    EXPECT_EQ(fault_of<Unsubscribe>(with_extra(written(unsubscribe()))), "bytes behind its end");
    EXPECT_EQ(fault_of<State>(bytes({1, 1, 0, 0, 9})), "bytes behind its end") << "a value that is gone";
    std::uint64_t nonce = 0;
    EXPECT_TRUE(read_nonce(bytes({1, 2, 3, 4, 5, 6, 7, 8, 9}), nonce));
}

TEST(NetFrames, SayWhichFieldIsWrong) {
    EXPECT_EQ(fault_of<Event>(bytes({0, 0, 0, 0})), "alias: 0 is out of range");
    EXPECT_EQ(fault_of<Event>(bytes({1, 0, 0, 2})), "flags: 2 is out of range");
    EXPECT_EQ(fault_of<Event>(bytes({1, 0x80, 0, 0, 2})), "type: a number or bool that is not in its one form");
    EXPECT_EQ(fault_of<State>(bytes({1, 1, 9, 1})), "key: the input ends before the value does");
    EXPECT_EQ(fault_of<State>(bytes({1, 1, 0, 2})), "presence: 2 is out of range");
    EXPECT_EQ(fault_of<Unsubscribe>(bytes({1, 2, 1, 0})), "whose: 2 is out of range");
    EXPECT_EQ(fault_of<Unsubscribe>(bytes({1, 1, 0, 0})), "code: 0 is none");
    EXPECT_EQ(fault_of<Hello>(text("http")), "HELLO does not say evnt");
    EXPECT_EQ(fault_of<Hello>(text("evnt") + bytes({1, 0, 0, 0, 0, 0, 0, 0, 0, 12})), "max_frame: 12 is out of range");
}

TEST(NetFrames, MakeTheTextOfAReasonPrintable) {
    Reason reason;
    Bytes long_text = bytes({34, 0x81, 2}) + Bytes(257, std::byte{'x'});
    ASSERT_TRUE(read_bye(long_text, reason));
    ASSERT_FALSE(read_bye(bytes({34, 5, 'a', 27, 0x0a, 0xff, 0x7f}), reason));
    EXPECT_EQ(reason.text, "a????");
    Bytes out;
    write_bye({.code = end_code::closed, .text = std::string(1'000, 'x')}, out);
    ASSERT_FALSE(read_bye(View(out).subspan(3), reason));
    EXPECT_EQ(reason.text.size(), 256U);
}

TEST(NetFrames, KeepTheNumbersOfCodesThatThisVersionDoesNotKnow) {
    Reason reason;
    ASSERT_FALSE(read_bye(bytes({200, 0}), reason));
    EXPECT_EQ(to_string(reason), "ended by the remote: ended by the application (200)");
    ASSERT_FALSE(read_bye(bytes({99, 1, 'x'}), reason));
    EXPECT_EQ(to_string(reason), "ended by the remote: unknown event.net.end error (x)");
}

TEST(NetFrames, RefuseMoreInASubscriptionThanIsTaken) {
    LinkLimits limits;
    limits.max_types = 2;
    limits.max_keys = 3;
    limits.max_key = 4;
    limits.max_schema = 8;
    const auto refusal_of = [&](const Bytes& body) -> std::string {
        Subscribe sub;
        std::optional<Reason> refusal;
        if (const auto fault = read(body, limits, sub, refusal)) return "fault: " + fault->text;
        if (!refusal) return "";
        EXPECT_EQ(sub.alias, 5U);
        return refusal->text;
    };
    const Bytes head = bytes({5, 0, 0});
    EXPECT_EQ(refusal_of(head + bytes({2, 1, 'a', 0, 1, 0, 1, 'b', 0, 2, 1, 'k', 0})), "");
    EXPECT_EQ(refusal_of(head + bytes({3})), "3 types, of 2 at most");
    EXPECT_EQ(refusal_of(head + bytes({1, 1, 'a', 8}) + Bytes(8)), "9 bytes of name and schema, of 8 at most");
    EXPECT_EQ(refusal_of(head + bytes({1, 1, 'a', 0, 4})), "4 keys, of 3 at most");
    EXPECT_EQ(refusal_of(head + bytes({2, 1, 'a', 0, 2, 0, 0, 1, 'b', 0, 2, 0, 0})), "4 keys, of 3 at most");
    EXPECT_EQ(refusal_of(head + bytes({1, 1, 'a', 0, 1, 5}) + Bytes(5)), "5 bytes of a key, of 4 at most");
    EXPECT_EQ(refusal_of(head + bytes({0})), "fault: types: 0 is out of range");
    EXPECT_EQ(refusal_of(head + bytes({1, 0, 0, 0})), "fault: name: empty");
    EXPECT_EQ(refusal_of(bytes({5, 1, 0, 2})), "fault: types: 2 is out of range") << "of latest values one";
    EXPECT_EQ(refusal_of(bytes({5, 2})), "fault: mode: 2 is out of range");
    const Bytes most = bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1});
    EXPECT_EQ(refusal_of(head + bytes({2, 1, 'a', 0, 1, 0, 1, 'b', 0}) + most),
              "18446744073709551615 keys, of 3 at most");
}

}  // namespace frames_test
