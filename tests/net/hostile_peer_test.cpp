#include "net/peer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// What a peer may send that is no link, or no honest one: each has its limit, its reason, and costs no other anything.

namespace hostile_peer_test {

using namespace net_test;
using testing::ElementsAre;
using testing::IsEmpty;

template <class Frame>
Bytes written(const Frame& frame) {
    Bytes out;
    write(frame, out);
    return out;
}

/// A side that is attacked, with bytes that are written by hand.
struct Attacked {
    explicit Attacked(const Options& options = {}) : peer(options) { peer.protocol.start(now); }

    void send(const Bytes& bytes) { give(peer, bytes, now); }
    void say_hello(bool serves = true, bool consumes = true) {
        send(written(Hello{.max_frame = 1 << 20, .max_subscriptions = 10'000, .serves = serves, .consumes = consumes}));
        peer.happened();
    }
    /// A SUB to one type.
    void subscribe(Alias alias, Mode mode = Mode::events) {
        Subscribe sub{.alias = alias, .mode = mode};
        sub.types.push_back({.name = "a", .schema = "{}", .keys = {}});
        send(written(sub));
    }

    struct Reply {
        Kind kind;
        Bytes body;
    };
    /// What it answers, all of it.
    std::vector<Reply> replies() {
        std::vector<Reply> replies;
        for (Bytes bytes = taken_from(peer, now); !bytes.empty(); bytes = taken_from(peer, now)) {
            Inbox inbox;
            View left = bytes;
            for (View frame; inbox.next(left, 1 << 24, frame) == Inbox::Step::frame;) {
                replies.push_back({static_cast<Kind>(frame[0]), Bytes(frame.begin() + 1, frame.end())});
            }
        }
        return replies;
    }
    /// What the attacker can read at the end.
    std::string bye() {
        const std::vector<Reply> all = replies();
        Reason reason;
        if (all.empty() || all.back().kind != Kind::bye || read_bye(all.back().body, reason)) return "no BYE";
        EXPECT_EQ(peer.protocol.state(), LinkState::draining);
        EXPECT_EQ(peer.protocol.reason()->text, reason.text);
        EXPECT_EQ(to_string(*peer.protocol.reason()), peer.log.empty() ? "" : peer.log.back());
        return fmt::format("{}: {}", make_error_code(reason.code).message(), reason.text);
    }

    Moment now{1h};
    Peer peer;
};

std::string end_of(const Bytes& bytes) {
    Attacked link;
    link.say_hello();
    link.send(bytes);
    return link.bye();
}
/// Of a stream that begins so.
std::string end_of_first(const Bytes& bytes) {
    Attacked link;
    link.send(bytes);
    return link.bye();
}

// --- before and with HELLO

TEST(NetHostilePeer, IsToldThatThisIsALink) {
    EXPECT_EQ(
        end_of_first(text("GET / HTTP/1.1\r\nHost: example.org\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n")),
        "not the protocol of a link: a frame of kind 69, in frame 1");
    EXPECT_EQ(end_of_first(text("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2")), "no BYE") << "83 bytes it claims";
    EXPECT_EQ(end_of_first(bytes({5, 1, 'e', 'v', 'n', 'd'})),
              "not the protocol of a link: HELLO: HELLO does not say evnt, in frame 1");
}

TEST(NetHostilePeer, SaysHelloFirstAndOnce) {
    EXPECT_EQ(end_of_first(bytes({9, 6, 0, 0, 0, 0, 0, 0, 0, 0})),
              "a frame that has no place here: PING: before HELLO, in frame 1");
    EXPECT_EQ(end_of(written(Hello{.max_frame = 1'024})),
              "a frame that has no place here: HELLO: there was one before, in frame 2");
}

TEST(NetHostilePeer, SaysAShortHello) {
    const Bytes head = bytes({0x80, 2, 1}) + text("evnt") + bytes({1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 8, 0, 0});
    EXPECT_EQ(end_of_first(head + Bytes(256 - 18, std::byte{9})), "no BYE") << "256 bytes, of a later version";
    EXPECT_EQ(end_of_first(bytes({0x81, 2})), "a frame that is too large: more than 256 bytes, in frame 1");
}

TEST(NetHostilePeer, SpeaksAVersionThatThisSideDoesOrAnEarlierOne) {
    Attacked newer;
    newer.send(written(Hello{.version = 1'000, .max_frame = 1'024}));
    EXPECT_THAT(newer.peer.log, ElementsAre("opened"));
    EXPECT_EQ(newer.peer.protocol.version(), 1U);
    EXPECT_EQ(end_of_first(written(Hello{.version = 0, .max_frame = 1'024})),
              "no version that both sides speak: HELLO: 0, of 1 at least, in frame 1");
}

TEST(NetHostilePeer, TakesFramesThatAreLargeEnoughForAnswers) {
    EXPECT_EQ(end_of_first(written(Hello{.max_frame = 1'023})),
              "a frame that cannot be read: HELLO: max_frame: 1023 is out of range, in frame 1");
}

// --- frames

TEST(NetHostilePeer, ClaimsNoMoreThanAFrameMayHave) {
    const std::string sentence = "a frame that is too large: more than 1052672 bytes, in frame 2";
    EXPECT_EQ(end_of(bytes({0x81, 0xa0, 0x40})), sentence);
    EXPECT_EQ(end_of(bytes({0xff, 0xff, 0xff, 0xff, 0x7f})), sentence);
    EXPECT_EQ(end_of(bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff})), sentence) << "a length that does not end";
    EXPECT_EQ(end_of(bytes({0x80, 0xa0, 0x40})), "no BYE") << "the largest";
}

TEST(NetHostilePeer, HasFramesWithAKindAndALengthOfOneForm) {
    EXPECT_EQ(end_of(bytes({0})), "a frame that cannot be read: a length that is none, in frame 2");
    EXPECT_EQ(end_of(bytes({0x81, 0, 6})), "a frame that cannot be read: a length that is none, in frame 2");
    EXPECT_EQ(end_of(bytes({1, 9})), "a frame of an unknown kind: a frame of kind 9, in frame 2");
    EXPECT_EQ(end_of(bytes({1, 0})), "a frame of an unknown kind: a frame of kind 0, in frame 2");
}

TEST(NetHostilePeer, GetsNoMemoryForWhatItClaims) {
    Attacked link;
    link.say_hello();
    link.replies();
    link.send(bytes({0x80, 0xa0, 0x40, 4}));
    EXPECT_LE(link.peer.protocol.held(), 128U + 64U);
    std::size_t sent = 4;
    for (; sent < 1'000'000; sent += 1'000) {
        link.send(Bytes(1'000));
        ASSERT_LE(link.peer.protocol.held(), 2 * sent + 2'000 + 64);
    }
    EXPECT_LE(link.peer.protocol.held(), LinkLimits{}.max_frame + 5 + 64);
}

TEST(NetHostilePeer, EndsItsFramesWhereTheySay) {
    for (const auto& [frame, sentence] : std::vector<std::pair<Bytes, std::string>>{
             {bytes({1, 2}), "SUB: alias: the input ends before the value does"},
             {bytes({2, 2, 0}), "SUB: alias: 0 is out of range"},
             {bytes({6, 2, 1, 0, 0, 1, 9}), "SUB: name: the input ends before the value does"},
             {bytes({1, 3}), "UNSUB: alias: the input ends before the value does"},
             {bytes({3, 4, 1, 0}), "EVENT: missed: the input ends before the value does"},
             {bytes({2, 5, 1}), "STATE: version: the input ends before the value does"},
             {bytes({3, 6, 1, 2}), "PING: nonce: the input ends before the value does"},
             {bytes({10, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0}), "PONG: bytes behind its end"},
             {bytes({3, 8, 1, 9}), "BYE: text: the input ends before the value does"}}) {
        EXPECT_EQ(end_of(frame), "a frame that cannot be read: " + sentence + ", in frame 2");
    }
}

TEST(NetHostilePeer, IsNotListenedToAnyMore) {
    Attacked link;
    link.say_hello();
    link.send(bytes({1, 9, 1, 9, 1, 9}));
    for (int i = 0; i < 1'000; ++i) link.send(bytes({1, 9}) + Bytes(1'000));
    EXPECT_EQ(link.peer.log.size(), 1U);
    EXPECT_LE(link.peer.protocol.held(), 512U);
    link.bye();
    link.peer.protocol.tick(link.now + LinkTimes{}.close_timeout);
    EXPECT_EQ(link.peer.protocol.state(), LinkState::closed);
}

TEST(NetHostilePeer, CannotBeHeardTwiceThroughBye) {
    Attacked link;
    link.say_hello();
    Bytes bye;
    write_bye({.code = end_code::closed, .text = "\x1b[2J\n"}, bye);
    link.send(bye + bye + bytes({1, 9}));
    EXPECT_THAT(link.peer.log, ElementsAre("ended by the remote: closed (?[2J?)"));
}

// --- subscriptions

TEST(NetHostilePeer, SubscribesAsOftenAsItWasToldItMay) {
    Attacked link({.limits = {.max_subscriptions = 3}});
    link.say_hello();
    for (const Alias alias : {1U, 2U, 9U}) link.subscribe(alias);
    EXPECT_EQ(link.peer.happened().size(), 3U);
    link.subscribe(10);
    EXPECT_EQ(link.bye(), "too many subscriptions: SUB: more than 3, in frame 5");
}

TEST(NetHostilePeer, SubscribesInVainAsOftenAsItMay) {
    Attacked link({.limits = {.max_subscriptions = 3}});
    link.say_hello();
    link.peer.on_subscribed = [&](Alias alias) { link.peer.protocol.end(alias, {.code = end_code::not_served}); };
    for (const Alias alias : {1U, 2U, 3U}) link.subscribe(alias);
    EXPECT_EQ(link.replies().size(), 4U) << "HELLO, and the refusals";
    for (const Alias alias : {4U, 5U, 6U}) link.subscribe(alias);
    EXPECT_EQ(link.peer.protocol.state(), LinkState::running) << "it has read that there is room";
    link.subscribe(7);
    EXPECT_EQ(link.bye(), "too many subscriptions: SUB: more than 3, in frame 8");
}

TEST(NetHostilePeer, MakesNothingGrowWithTenThousandSubscriptions) {
    for (const Mode mode : {Mode::events, Mode::latest}) {
        Attacked link;
        link.say_hello();
        link.replies();
        std::string text(256, 'x');
        link.peer.on_subscribed = [&](Alias alias) {
            if (alias % 2 == 0) return;
            link.peer.protocol.end(alias, {.code = end_code::not_served, .text = text});
        };
        for (Alias alias = 1; alias <= 10'000; ++alias) {
            link.subscribe(alias, mode);
            link.send(written(Unsubscribe{.alias = alias}));
        }
        EXPECT_EQ(link.peer.protocol.state(), LinkState::running);
        EXPECT_LE(link.peer.protocol.held(), 4'096U);
        EXPECT_THAT(link.replies(), IsEmpty()) << "what was taken back needs no answer";
    }
}

TEST(NetHostilePeer, TakesBackWhatWaitsForItsSubscriptionAndForNoOther) {
    Attacked link;
    link.say_hello();
    link.replies();
    for (const Alias alias : {1U, 2U, 3U, 4U}) {
        link.subscribe(alias, Mode::latest);
        for (const char* key : {"l", "", "k"}) link.peer.set(alias, key, alias, key);
    }
    for (const Alias alias : {4U, 2U, 3U}) link.peer.protocol.end(alias, {});
    for (const Alias alias : {2U, 2U, 3U}) link.send(written(Unsubscribe{.alias = alias}));
    link.peer.set(1, "m", 1, "");
    std::string kinds;
    for (const auto& reply : link.replies()) kinds += fmt::format(" {}{}", name_of(reply.kind), int(reply.body[0]));
    EXPECT_EQ(kinds, " STATE1 STATE1 STATE1 STATE4 STATE4 STATE4 UNSUB4 STATE1");
}

TEST(NetHostilePeer, IsRefusedASubscriptionThatIsTooMuch) {
    Attacked link;
    link.say_hello();
    link.replies();
    Subscribe sub{.alias = 1};
    const std::string large(20'000, 's');
    sub.types.push_back({.name = "a", .schema = large, .keys = {}});
    link.send(written(sub));
    EXPECT_THAT(link.peer.log, IsEmpty()) << "nobody is asked";
    const auto replies = link.replies();
    ASSERT_EQ(replies.size(), 1U);
    Unsubscribe refusal;
    ASSERT_FALSE(read(replies[0].body, refusal));
    EXPECT_EQ(refusal.alias, 1U);
    EXPECT_EQ(refusal.of, Side::remote);
    EXPECT_EQ(
        to_string(refusal.reason),
        "ended by the remote: more in one subscription than is taken (20001 bytes of name and schema, of 16384 at "
        "most)");
    link.subscribe(2);
    EXPECT_THAT(link.peer.log, ElementsAre("subscribed 2 a"));
}

TEST(NetHostilePeer, NeverUsesAnAliasAgain) {
    Attacked link;
    link.say_hello();
    link.subscribe(7);
    link.send(written(Unsubscribe{.alias = 7}));
    link.subscribe(7);
    EXPECT_EQ(link.bye(), "an alias that was used before: SUB: alias 7, after 7, in frame 4");
    Attacked other;
    other.say_hello();
    other.subscribe(7);
    other.subscribe(6);
    EXPECT_EQ(other.bye(), "an alias that was used before: SUB: alias 6, after 7, in frame 3");
}

TEST(NetHostilePeer, KeepsToTheRolesThatBothHave) {
    const std::string sentence = "a frame that has no place here: SUB: one of the sides has no such role, in frame 2";
    Attacked deaf({.serves = false});
    deaf.say_hello();
    deaf.subscribe(1);
    EXPECT_EQ(deaf.bye(), sentence);
    Attacked link;
    link.say_hello(true, false);
    link.subscribe(1);
    EXPECT_EQ(link.bye(), sentence);
}

TEST(NetHostilePeer, SpeaksOnlyOfSubscriptionsThatThereAreOrWere) {
    EXPECT_EQ(end_of(written(Unsubscribe{.alias = 1})), "a subscription that never was: UNSUB: alias 1, in frame 2");
    EXPECT_EQ(end_of(written(Unsubscribe{.alias = 1, .of = Side::remote})),
              "a subscription that never was: UNSUB: alias 1, in frame 2");
    EXPECT_EQ(end_of(written(Event{.alias = 1})), "a subscription that never was: EVENT: alias 1, in frame 2");
    EXPECT_EQ(end_of(written(State{.alias = 1})), "a subscription that never was: STATE: alias 1, in frame 2");
    Attacked link;
    link.say_hello();
    link.subscribe(1);
    link.send(written(Unsubscribe{.alias = 1}));
    link.send(written(Unsubscribe{.alias = 1}));
    EXPECT_EQ(link.peer.protocol.state(), LinkState::running) << "two that crossed look like this";
}

TEST(NetHostilePeer, EndsNoSubscriptionThatItHasNotBeenToldOf) {
    Attacked link;
    link.say_hello();
    link.replies();
    link.peer.subscribe({"a"});
    (void)link.peer.protocol.output(link.now);                       // of which it reads nothing
    link.peer.on_ended_alias = [&] { link.peer.subscribe({"a"}); };  // as who cannot do without
    for (Alias alias = 1; alias <= 1'000; ++alias) {
        link.send(written(Unsubscribe{.alias = alias, .of = Side::remote}));
    }
    EXPECT_LE(link.peer.protocol.held(), 1'024U);
    EXPECT_THAT(link.peer.happened(),
                ElementsAre("1 ended by the remote: closed",
                            "ended here: a subscription that never was (UNSUB: alias 2, in frame 3)"));

    for (const Mode mode : {Mode::events, Mode::latest}) {
        Attacked other;
        other.say_hello();
        other.peer.subscribe({"a"}, mode);
        other.send(mode == Mode::events ? written(Event{.alias = 1}) : written(State{.alias = 1}));
        EXPECT_EQ(other.peer.protocol.reason()->code, end_code::unknown_alias);
    }
}

// --- events and latest values

struct Consuming : Attacked {
    explicit Consuming(Mode mode, const Options& options = {}) : Attacked(options) {
        say_hello();
        peer.subscribe({"a"}, mode);
        replies();
    }
};

TEST(NetHostilePeer, SendsEventsOfTypesThatWereAskedFor) {
    Consuming link(Mode::events);
    link.send(written(Event{.alias = 1, .type = 1}));
    EXPECT_EQ(link.bye(), "a type that is not in the subscription: EVENT: type 1 of 1, in frame 2");
}

TEST(NetHostilePeer, SendsNoEventThatIsLargerThanItsTypeMayBe) {
    const std::string largest(100, 'x');
    Consuming link(Mode::events);
    link.send(written(Event{.alias = 1, .payload = view(largest)}));
    EXPECT_EQ(link.peer.happened().size(), 1U);
    const std::string larger(101, 'x');
    link.send(written(Event{.alias = 1, .payload = view(larger)}));
    EXPECT_EQ(link.bye(), "an event larger than its type may be: EVENT: 101 bytes, of 100 at most, in frame 3");
    Consuming latest(Mode::latest);
    latest.send(written(State{.alias = 1, .payload = view(larger)}));
    EXPECT_EQ(latest.bye(), "an event larger than its type may be: STATE: 101 bytes, of 100 at most, in frame 2");
}

TEST(NetHostilePeer, SendsWhatTheModeIs) {
    Consuming events(Mode::events);
    events.send(written(State{.alias = 1}));
    EXPECT_EQ(events.bye(), "a frame that has no place here: STATE: of a subscription to events, in frame 2");
    Consuming latest(Mode::latest);
    latest.send(written(Event{.alias = 1}));
    EXPECT_EQ(latest.bye(), "a frame that has no place here: EVENT: of a subscription to latest values, in frame 2");
}

TEST(NetHostilePeer, SendsNoValueThatIsNotNewer) {
    for (const std::uint64_t version : {5U, 4U}) {
        for (const bool present : {true, false}) {
            Consuming link(Mode::latest);
            link.send(written(State{.alias = 1, .version = 3, .key = view("k")}));
            link.send(written(State{.alias = 1, .version = 5, .key = view("k")}));
            link.send(written(State{.alias = 1, .version = 1, .key = view("l")}));
            EXPECT_EQ(link.peer.happened().size(), 3U);
            link.send(written(State{.alias = 1, .version = version, .key = view("k"), .present = present}));
            EXPECT_EQ(link.bye(),
                      fmt::format("a latest value that is not newer: STATE: version {} after 5, in frame 5", version));
        }
    }
}

TEST(NetHostilePeer, HasAsManyKeysAsItMay) {
    Consuming link(Mode::latest);
    const std::string key(1'000, 'k');
    for (int i = 0; i < 5'000; ++i) {
        const std::string numbered = key + std::to_string(i);
        link.send(written(State{.alias = 1, .version = 1, .key = view(numbered)}));
    }
    EXPECT_EQ(link.peer.happened().size(), 1'025U) << "and the end of the subscription";
    EXPECT_EQ(link.peer.protocol.state(), LinkState::running);
    EXPECT_EQ(link.replies().size(), 1U) << "UNSUB";
}

TEST(NetHostilePeer, HasKeysThatAreNoLargerThanTheyMayBe) {
    Consuming link(Mode::latest, {.limits = {.max_key = 3}});
    link.send(written(State{.alias = 1, .version = 1, .key = view("key")}));
    link.send(written(State{.alias = 1, .version = 1, .key = view("keys")}));
    EXPECT_THAT(
        link.peer.happened(),
        ElementsAre("state 1 key  v1", "1 ended here: more keys than are taken (1024 keys of 3 bytes at most)"));
}

// --- PING

TEST(NetHostilePeer, GetsOneAnswerToAFloodOfPings) {
    Attacked link;
    link.say_hello();
    link.replies();
    Bytes flood;
    for (std::uint64_t nonce = 1; nonce <= 10'000; ++nonce) write_ping(nonce, flood);
    for (int i = 0; i < 10; ++i) link.send(flood);
    EXPECT_LE(link.peer.protocol.held(), 128U);
    const auto replies = link.replies();
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies[0].kind, Kind::pong);
    EXPECT_EQ(hex(replies[0].body), "10 27 00 00 00 00 00 00") << "the newest";
}

TEST(NetHostilePeer, AnswersWhatWasAsked) {
    Bytes pong;
    write_pong(0, pong);
    EXPECT_EQ(end_of(pong), "a frame that has no place here: PONG: nobody asked, in frame 2");
    Attacked link;
    link.say_hello();
    link.peer.protocol.tick(link.now + LinkTimes{}.ping_interval);
    write_pong(2, pong);
    link.send(View(pong).size() == 20 ? Bytes(pong.begin() + 10, pong.end()) : Bytes{});
    EXPECT_EQ(link.bye(), "a frame that has no place here: PONG: nobody asked, in frame 2");
}

// --- all of it

TEST(NetHostilePeer, MakesThisSideHoldNoMoreThanTheFigure) {
    const LinkLimits limits{.max_frame = 200'000,
                            .max_subscriptions = 50,
                            .max_state_keys = 100,
                            .max_state_bytes = 50'000,
                            .quantum = 10'000};
    Attacked link({.limits = limits});
    link.say_hello();
    link.peer.on_subscribed = [&](Alias alias) {
        if (alias % 3 == 0) link.peer.protocol.end(alias, {.code = end_code::killed, .text = std::string(300, 'x')});
    };
    std::size_t most = 0;
    const std::string large(150'000, 'p');
    for (Alias alias = 1; alias <= 200; ++alias) {
        link.subscribe(alias, alias % 2 == 0 ? Mode::events : Mode::latest);
        for (std::uint64_t i = 0; i < 40; ++i) {
            const std::string key = std::string(1'000, 'k') + std::to_string(i);
            link.peer.set(alias, key, alias * 40 + i,
                          std::string_view(large).substr(0, (alias * 40 + i) * 7'919 % 19'000));
            link.peer.send(alias, large);
        }
        Bytes ping;
        write_ping(alias, ping);
        link.send(ping);
        if (alias >= 45) link.send(written(Unsubscribe{.alias = alias - 40}));
        (void)taken_from(link.peer, link.now, 100);  // it reads little by little
        most = std::max(most, link.peer.protocol.held());
    }
    ASSERT_EQ(link.peer.protocol.state(), LinkState::running);
    link.send(bytes({0xc0, 0x9a, 0x0c, 4}) + Bytes(190'000));  // the beginning of a frame
    most = std::max(most, link.peer.protocol.held());
    EXPECT_GT(most, 2 * large.size() + limits.max_state_bytes + 190'000);
    EXPECT_LE(most, memory_bound(limits));
    EXPECT_LE(memory_bound(LinkLimits{}), 18U << 20) << "of what is there if nobody says anything";
}

}  // namespace hostile_peer_test
