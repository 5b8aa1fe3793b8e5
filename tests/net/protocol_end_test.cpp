#include "net/peer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// How a link ends: by one side, by both, by time, by its stream.

namespace protocol_end_test {

using namespace net_test;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(NetProtocolEnd, IsReadByBothSides) {
    Pair link;
    link.open();
    link.here.protocol.close({.code = end_code::closed, .text = "good night"}, link.now);
    EXPECT_EQ(link.here.protocol.state(), LinkState::draining);
    EXPECT_THAT(link.here.happened(), ElementsAre("ended here: closed (good night)"));
    link.exchange();
    EXPECT_THAT(link.there.happened(), ElementsAre("ended by the remote: closed (good night)"));
    EXPECT_THAT(link.here.happened(), IsEmpty()) << "it is told once";
    EXPECT_EQ(link.here.protocol.state(), LinkState::closed);
    EXPECT_EQ(link.there.protocol.state(), LinkState::closed);
    EXPECT_EQ(link.here.protocol.remote_reason()->code, end_code::closed);
    EXPECT_FALSE(link.here.protocol.next_deadline());
    EXPECT_FALSE(link.there.protocol.next_deadline());
}

TEST(NetProtocolEnd, OfBothAtOnceTellsEachTheOthersReason) {
    Pair link;
    link.open();
    link.here.protocol.close({.code = static_cast<end_code>(200)}, link.now);
    link.there.protocol.close({.code = static_cast<end_code>(201)}, link.now);
    link.exchange();
    EXPECT_EQ(static_cast<int>(link.here.protocol.reason()->code), 200);
    EXPECT_EQ(static_cast<int>(link.here.protocol.remote_reason()->code), 201);
    EXPECT_EQ(static_cast<int>(link.there.protocol.reason()->code), 201);
    EXPECT_EQ(static_cast<int>(link.there.protocol.remote_reason()->code), 200);
    EXPECT_EQ(link.here.protocol.state(), LinkState::closed);
    EXPECT_EQ(link.there.protocol.state(), LinkState::closed);
}

TEST(NetProtocolEnd, ComesBehindWhatWasGiven) {
    Pair link({}, {.limits = {.quantum = 10}});
    link.open();
    link.here.subscribe({"a"});
    link.here.subscribe({"b"}, Mode::latest);
    link.exchange();
    link.there.send(1, "x");
    for (const char* key : {"k", "l", "m"}) link.there.set(2, key, 1, "123");
    link.there.protocol.close({}, link.now);
    EXPECT_EQ(link.there.send(1, "no"), Sent::ended);
    EXPECT_EQ(link.there.set(2, "k", 2, "no"), Sent::ended);
    link.exchange();
    EXPECT_THAT(link.here.happened(), ElementsAre("state 2 k 123 v1", "event 1.0 x", "state 2 l 123 v1",
                                                  "state 2 m 123 v1", "ended by the remote: closed"));
}

TEST(NetProtocolEnd, TakesNothingMore) {
    Pair link;
    link.open();
    link.here.subscribe({"a"});
    link.exchange();
    link.there.send(1, "x");
    const Bytes on_its_way = taken_from(link.there, link.now);
    link.here.protocol.close({}, link.now);
    link.here.happened();
    give(link.here, on_its_way, link.now);
    EXPECT_THAT(link.here.happened(), IsEmpty());
    EXPECT_EQ(link.here.subscribe({"b"}), 0U);
    link.here.protocol.close({.code = end_code::killed}, link.now);
    EXPECT_EQ(link.here.protocol.reason()->code, end_code::closed) << "the first reason stays";

    Bytes bye;
    write_bye({}, bye);
    Bytes event;
    write(Event{.alias = 1, .payload = view("behind BYE")}, event);
    give(link.there, bye + event, link.now);
    EXPECT_THAT(link.there.happened(), ElementsAre("subscribed 1 a", "ended by the remote: closed"));
}

TEST(NetProtocolEnd, FromInsideAnEventIsTheLastThatHappens) {
    Pair link;
    link.open();
    link.here.subscribe({"a"});
    link.exchange();
    link.here.on_event = [&] {
        link.here.protocol.close({.code = end_code::malformed_payload, .text = "no"}, link.now);
    };
    link.there.send(1, "x");
    link.there.send(1, "y");
    link.exchange();
    EXPECT_THAT(link.here.happened(),
                ElementsAre("event 1.0 x", "ended here: an event that is not what its schema says (no)"));
    EXPECT_EQ(link.there.protocol.reason()->code, end_code::malformed_payload);
    EXPECT_EQ(link.here.protocol.state(), LinkState::closed);
}

TEST(NetProtocolEnd, BeforeTheOtherSideIsThereSaysHelloFirst) {
    Pair link;
    link.here.protocol.start(link.now);
    link.here.protocol.close({}, link.now);
    link.there.protocol.start(link.now);
    link.exchange();
    EXPECT_THAT(link.there.happened(), ElementsAre("opened", "ended by the remote: closed"));
    EXPECT_THAT(link.here.happened(), ElementsAre("ended here: closed"));
    EXPECT_EQ(link.here.protocol.state(), LinkState::closed);
}

TEST(NetProtocolEnd, ByTheOtherSideIsAnsweredInOnesOwnWordsAlsoFromInsideTheCallThatTellsOfIt) {
    Pair link;
    link.open();
    Bytes answer;
    link.here.on_ended = [&] { answer = taken_from(link.here, link.now); };
    link.there.protocol.close({.code = end_code::killed, .text = "their words"}, link.now);
    give(link.here, taken_from(link.there, link.now), link.now);
    Bytes closed;
    write_bye({.code = end_code::closed}, closed);
    EXPECT_EQ(hex(answer), hex(closed));
    EXPECT_EQ(link.here.protocol.state(), LinkState::closed);
}

TEST(NetProtocolEnd, IsHeardBehindFramesThatWereOnTheirWay) {
    Peer peer;
    const Moment now{1h};
    peer.protocol.start(now);
    peer.protocol.close({}, now);
    EXPECT_EQ(taken_from(peer, now).size() + taken_from(peer, now).size(), 21U + 4U) << "HELLO, and BYE";
    Bytes bytes;
    write(Hello{.max_frame = 1'024}, bytes);
    Subscribe large{.alias = 1};
    const std::string schema(1'000, 's');
    large.types.push_back({.name = "a", .schema = schema, .keys = {}});
    write(large, bytes);
    write_bye({.code = static_cast<end_code>(200)}, bytes);
    give(peer, bytes, now);
    EXPECT_THAT(peer.log, ElementsAre("ended here: closed"));
    EXPECT_EQ(peer.protocol.state(), LinkState::closed);
    ASSERT_TRUE(peer.protocol.remote_reason());
    EXPECT_EQ(static_cast<int>(peer.protocol.remote_reason()->code), 200);
}

TEST(NetProtocolEnd, BeforeTheStartSaysHelloFirstToo) {
    Peer peer({.times = {.handshake_timeout = 1ms, .close_timeout = 10ms}});
    const Moment now{1h};
    peer.protocol.close({}, now);
    EXPECT_THAT(taken_from(peer, now), IsEmpty());
    peer.protocol.start(now);
    EXPECT_EQ(taken_from(peer, now).size(), 21U) << "HELLO";
    EXPECT_EQ(hex(taken_from(peer, now)), "03 08 01 00") << "BYE";
    peer.protocol.tick(now + 2ms);
    EXPECT_THAT(peer.log, ElementsAre("ended here: closed")) << "nobody waits for the other's HELLO";
    peer.protocol.tick(now + 10ms);
    EXPECT_EQ(peer.protocol.state(), LinkState::closed);

    Peer never;
    never.protocol.lost("no stream");
    never.protocol.start(now);
    EXPECT_FALSE(never.protocol.next_deadline());
    EXPECT_THAT(taken_from(never, now), IsEmpty());
    EXPECT_EQ(never.log.size(), 1U);
}

// --- time

TEST(NetProtocolTime, LimitsHowLongTheOtherSideMayTakeToSayHello) {
    Peer peer({.times = {.handshake_timeout = 100ms, .close_timeout = 10ms}});
    Moment now{1h};
    EXPECT_FALSE(peer.protocol.next_deadline());
    peer.protocol.start(now);
    taken_from(peer, now);
    EXPECT_EQ(peer.protocol.next_deadline(), now + 100ms);
    give(peer, bytes({0x14, 1, 'e'}), now + 90ms);
    peer.protocol.tick(now + 99ms);
    EXPECT_THAT(peer.log, IsEmpty());
    peer.protocol.tick(now + 100ms);
    EXPECT_THAT(peer.log, ElementsAre("ended here: no HELLO in time"));
    EXPECT_FALSE(taken_from(peer, now + 100ms).empty()) << "BYE";
    EXPECT_EQ(peer.protocol.next_deadline(), now + 110ms);
    peer.protocol.tick(now + 110ms);
    EXPECT_EQ(peer.protocol.state(), LinkState::closed);
}

const LinkTimes times{.ping_interval = 100ms, .pong_timeout = 50ms, .write_timeout = 300ms, .close_timeout = 20ms};
const LinkTimes patient{.ping_interval = 10'000ms};

TEST(NetProtocolTime, AsksWhoHasBeenSilentAndIsContentWithTheAnswer) {
    Pair link({.times = times}, {.times = patient});
    link.open();
    EXPECT_EQ(link.here.protocol.next_deadline(), link.now + 100ms);
    link.pass(99ms);
    EXPECT_TRUE(link.here.protocol.output(link.now).empty());
    link.pass(1ms);
    EXPECT_EQ(hex(link.here.protocol.output(link.now)), "09 06 01 00 00 00 00 00 00 00");
    EXPECT_EQ(link.here.protocol.next_deadline(), link.now + 50ms);
    link.now += 40ms;
    link.exchange();
    EXPECT_EQ(link.here.protocol.next_deadline(), link.now + 100ms);
    link.pass(100ms);
    link.exchange();
    EXPECT_EQ(link.here.protocol.state(), LinkState::running);
    EXPECT_THAT(link.here.happened(), IsEmpty());
}

TEST(NetProtocolTime, AsksNobodyWhoSendsFrames) {
    Pair link({.times = times}, {.times = patient});
    link.open();
    link.here.subscribe({"a"});
    link.exchange();
    for (int i = 0; i < 10; ++i) {
        link.pass(99ms);
        link.there.send(1, "x");
        give(link.here, taken_from(link.there, link.now), link.now);
        EXPECT_TRUE(link.here.protocol.output(link.now).empty());
    }
}

TEST(NetProtocolTime, LimitsHowLongTheOtherSideMayTakeToAnswer) {
    Pair link({.times = times}, {.times = patient});
    link.open();
    link.here.subscribe({"a"});
    link.exchange();
    link.pass(100ms);
    taken_from(link.here, link.now);  // is lost
    link.now += 49ms;
    link.there.send(1, "x");
    give(link.here, taken_from(link.there, link.now), link.now);
    link.pass(0ms);
    EXPECT_EQ(link.here.protocol.state(), LinkState::running);
    link.pass(1ms);
    EXPECT_THAT(link.here.happened(), ElementsAre("event 1.0 x", "ended here: no PONG in time"));
    EXPECT_EQ(link.here.protocol.next_deadline(), link.now + 20ms) << "until it is confirmed, or the stream ends";
    link.exchange();
    EXPECT_EQ(link.there.protocol.reason()->code, end_code::pong_timeout) << "it can read why";
    ASSERT_TRUE(link.here.protocol.remote_reason());
    EXPECT_EQ(link.here.protocol.remote_reason()->code, end_code::closed) << "who is late is heard all the same";
    EXPECT_EQ(link.here.protocol.state(), LinkState::closed);
}

TEST(NetProtocolTime, OfAnAnswerBeginsWhenThePingHasBeenWritten) {
    Pair link({.times = patient}, {.limits = {.quantum = 1'000}, .times = times});
    link.open();
    link.here.subscribe({"a"});
    link.exchange();
    const std::string large(10'000, 'x');
    link.there.send(1, large);
    (void)link.there.protocol.output(link.now);
    for (int i = 0; i < 20; ++i) {
        link.pass(20ms);
        link.there.send(1, "x");
        EXPECT_FALSE(taken_from(link.there, link.now, 500).empty()) << "a slow stream, which goes on";
        ASSERT_EQ(link.there.protocol.state(), LinkState::running) << i;
    }
    while (!taken_from(link.there, link.now, 5'000).empty()) continue;
    link.pass(49ms);
    EXPECT_EQ(link.there.protocol.state(), LinkState::running);
    link.pass(1ms);
    EXPECT_EQ(to_string(*link.there.protocol.reason()), "ended here: no PONG in time");
}

TEST(NetProtocolTime, EndsAFrameThatNeverEnds) {
    Pair link({.times = times}, {.times = patient});
    link.open();
    give(link.here, bytes({0x80, 0x80, 0x20, 4, 1}), link.now);
    for (int i = 0; i < 150; ++i) {
        link.pass(1ms);
        give(link.here, bytes({0}), link.now);
        link.here.protocol.written(link.here.protocol.output(link.now).size(), link.now);
    }
    EXPECT_THAT(link.here.happened(), ElementsAre("ended here: no PONG in time"));
}

TEST(NetProtocolTime, LimitsHowLongBytesMayStandUnwritten) {
    Pair link({.times = {.ping_interval = 10'000ms, .write_timeout = 100ms}});
    link.open();
    EXPECT_EQ(link.here.protocol.next_deadline(), link.now + 10'000ms) << "there is nothing to write";
    link.here.subscribe({"a"});
    EXPECT_FALSE(link.here.protocol.output(link.now).empty());
    EXPECT_EQ(link.here.protocol.next_deadline(), link.now + 100ms);
    link.pass(99ms);
    link.here.subscribe({"b"});
    (void)link.here.protocol.output(link.now);
    EXPECT_EQ(link.here.protocol.next_deadline(), link.now + 1ms) << "more of them gives no more time";
    taken_from(link.here, link.now, 1);
    EXPECT_EQ(link.here.protocol.next_deadline(), link.now + 100ms) << "one byte does";
    link.pass(100ms);
    EXPECT_THAT(link.here.happened(), ElementsAre("ended here: nothing was read in time"));
    EXPECT_EQ(link.here.protocol.state(), LinkState::closed) << "nothing can be said any more";
    EXPECT_TRUE(link.here.protocol.output(link.now).empty());
}

TEST(NetProtocolTime, LimitsAnEnding) {
    Pair link({.times = times});
    link.open();
    link.here.protocol.close({}, link.now);
    taken_from(link.here, link.now);
    EXPECT_EQ(link.here.protocol.next_deadline(), link.now + 20ms);
    link.pass(20ms);
    EXPECT_EQ(link.here.protocol.state(), LinkState::closed);
    EXPECT_FALSE(link.here.protocol.remote_reason());
    EXPECT_EQ(link.here.happened().size(), 1U);
}

TEST(NetProtocolTime, ThatIsBeyondTheClockIsNever) {
    const auto most = std::chrono::milliseconds::max();
    const LinkTimes never{most, most, most, most, most};
    Pair link({.times = never}, {.times = never});
    link.here.protocol.start(link.now);
    EXPECT_EQ(link.here.protocol.next_deadline(), Moment::max());
    link.there.protocol.start(link.now);
    link.exchange();
    link.here.subscribe({"a"});
    (void)link.here.protocol.output(link.now);
    link.pass(1'000'000h);
    EXPECT_EQ(link.here.protocol.state(), LinkState::running);
    link.here.protocol.close({}, link.now);
    link.pass(1'000'000h);
    EXPECT_EQ(link.here.protocol.state(), LinkState::draining);

    for (const Moment last : {Moment::max(), Moment::max() - 1ns, Moment::min()}) {
        Peer peer;
        peer.protocol.start(last);
        EXPECT_GE(peer.protocol.next_deadline(), last);
    }
    const auto least = std::chrono::milliseconds::min();
    Peer peer({.times = {least, least, least, least, least}});
    peer.protocol.start(link.now);
    EXPECT_EQ(peer.protocol.next_deadline(), link.now) << "before now is now";
}

TEST(NetProtocolTime, HasNoDeadlinesBeforeAndAfter) {
    Pair link({.times = times});
    link.here.protocol.tick(Moment::max());
    link.open();
    link.here.protocol.lost("");
    link.here.protocol.tick(Moment::max());
    EXPECT_EQ(link.here.happened().size(), 1U);
}

}  // namespace protocol_end_test
