#include "net/peer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Two sides that keep to the protocol, byte by byte and moment by moment.

namespace protocol_test {

using namespace net_test;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(NetProtocol, OpensWhenBothHaveSaidHello) {
    Pair link;
    link.here.protocol.start(link.now);
    EXPECT_EQ(link.here.protocol.state(), LinkState::opening);
    EXPECT_EQ(link.here.subscribe({"a"}), 0U);
    EXPECT_EQ(to_string(link.here.refusal), "ended here: closed (the link is not open)");
    link.there.protocol.start(link.now);
    link.exchange();
    EXPECT_THAT(link.here.happened(), ElementsAre("opened"));
    EXPECT_THAT(link.there.happened(), ElementsAre("opened"));
    EXPECT_EQ(link.here.protocol.state(), LinkState::running);
}

TEST(NetProtocol, TellsTheOtherSideWhatItSaidInHello) {
    Pair link({.epoch = 7, .serves = false}, {.epoch = ~0ULL, .consumes = false, .limits = {.max_frame = 5'000}});
    link.open();
    EXPECT_EQ(link.there.protocol.remote().epoch, 7U);
    EXPECT_FALSE(link.there.protocol.remote().serves);
    EXPECT_TRUE(link.there.protocol.remote().consumes);
    EXPECT_EQ(link.here.protocol.remote().epoch, ~0ULL);
    EXPECT_EQ(link.here.protocol.remote().max_frame, 5'000U);
    EXPECT_TRUE(link.here.protocol.remote().serves);
    EXPECT_EQ(link.here.protocol.version(), 1U);
}

TEST(NetProtocol, DeliversEventsInOrderWithWhatIsKnownOfThem) {
    Pair link;
    link.open();
    ASSERT_EQ(link.here.subscribe({"a", "b"}, Mode::events, true), 1U);
    link.exchange();
    EXPECT_THAT(link.there.happened(), ElementsAre("subscribed 1 a b replay"));
    EXPECT_EQ(link.there.protocol.send_event({.alias = 1, .type = 1, .replayed = true, .payload = view("old")}),
              Sent::yes);
    EXPECT_EQ(link.there.send(1, "x", 3), Sent::yes);
    EXPECT_EQ(link.there.send(1, ""), Sent::yes);
    link.exchange();
    EXPECT_THAT(link.here.happened(), ElementsAre("event 1.1 old replayed", "event 1.0 x missed 3", "event 1.0 "));
}

TEST(NetProtocol, ServesBothWaysOverOneStreamWithTheSameAliases) {
    Pair link;
    link.open();
    ASSERT_EQ(link.here.subscribe({"a"}), 1U);
    ASSERT_EQ(link.there.subscribe({"b"}), 1U);
    link.exchange();
    link.here.send(1, "to there");
    link.there.send(1, "to here");
    link.here.protocol.unsubscribe(1);
    link.exchange();
    EXPECT_THAT(link.here.happened(), ElementsAre("subscribed 1 b"));
    EXPECT_THAT(link.there.happened(),
                ElementsAre("subscribed 1 a", "unsubscribed 1: ended by the remote: closed", "event 1.0 to there"));
    link.there.protocol.unsubscribe(1);
    link.exchange();
    EXPECT_THAT(link.here.happened(), ElementsAre("unsubscribed 1: ended by the remote: closed"));
}

/// Everything once; what happened on both sides.
std::pair<Log, Log> conversation(std::size_t chunk) {
    Pair link;
    link.here.protocol.start(link.now);
    link.there.protocol.start(link.now);
    link.exchange(chunk);
    link.here.subscribe({"a", "b"});
    link.here.subscribe({"c"}, Mode::latest);
    link.here.subscribe({"nobody's"});
    link.exchange(chunk);
    link.there.protocol.end(3, {.code = end_code::not_served, .text = "no nobody's here"});
    const std::string large(90, 'x');
    for (std::uint64_t i = 0; i < 5; ++i) {
        link.there.send(1, large, i);
        link.there.set(2, "key", i, large);
    }
    link.exchange(chunk);
    link.there.protocol.end(1, {.code = end_code::killed});
    link.here.protocol.unsubscribe(2);
    link.exchange(chunk);
    link.there.protocol.close({.code = static_cast<end_code>(130), .text = "night"}, link.now);
    link.exchange(chunk);
    EXPECT_EQ(link.here.protocol.state(), LinkState::closed);
    EXPECT_EQ(link.there.protocol.state(), LinkState::closed);
    return {link.here.log, link.there.log};
}

TEST(NetProtocol, IsTheSameHoweverTheBytesAreCut) {
    const auto whole = conversation(1'000'000);
    EXPECT_EQ(whole.first.size(), 10U);
    EXPECT_EQ(whole.first.back(), "ended by the remote: ended by the application (130) (night)");
    EXPECT_EQ(whole.second.back(), "ended here: ended by the application (130) (night)");
    for (const std::size_t chunk : {1U, 2U, 3U, 5U, 7U, 64U, 100U}) EXPECT_EQ(conversation(chunk), whole) << chunk;
}

TEST(NetProtocol, DeliversWhatCameBeforeTheStreamWasCutAndEndsOnce) {
    Pair sample;
    sample.open();
    sample.here.subscribe({"a"});
    sample.exchange();
    for (const char* text : {"one", "two", "three"}) sample.there.send(1, text);
    const Bytes bytes = taken_from(sample.there, sample.now);
    ASSERT_EQ(bytes.size(), 3 * 6U + 11U);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        Pair link;
        link.open();
        link.here.subscribe({"a"});
        link.exchange();
        give(link.here, View(bytes).first(cut), link.now);
        link.here.protocol.lost("reset");
        link.here.protocol.lost("again");
        give(link.here, View(bytes).subspan(cut), link.now);
        Log expected;
        if (cut >= 9) expected.emplace_back("event 1.0 one");
        if (cut >= 18) expected.emplace_back("event 1.0 two");
        if (cut >= 29) expected.emplace_back("event 1.0 three");
        expected.emplace_back("ended here: the stream ended without a BYE (reset)");
        EXPECT_EQ(link.here.happened(), expected) << cut;
        EXPECT_EQ(link.here.protocol.state(), LinkState::closed);
        EXPECT_FALSE(link.here.protocol.next_deadline());
        EXPECT_TRUE(link.here.protocol.output(link.now).empty());
    }
}

// --- subscriptions

TEST(NetProtocol, SubscribesOnlyToWhatTheOtherSideTakes) {
    Pair link({}, {.limits = {.max_frame = 1'024, .max_subscriptions = 2}});
    link.open();
    const std::string long_name(1'024, 'n');
    EXPECT_EQ(link.here.subscribe({long_name}), 0U);
    EXPECT_EQ(link.here.refusal.code, end_code::frame_too_large);
    EXPECT_EQ(link.here.subscribe({"a"}), 1U);
    EXPECT_EQ(link.here.subscribe({"b"}), 2U);
    EXPECT_EQ(link.here.subscribe({"c"}), 0U);
    EXPECT_EQ(to_string(link.here.refusal), "ended here: too many subscriptions (2 at most)");
    link.exchange();
    link.here.protocol.unsubscribe(1);
    EXPECT_EQ(link.here.subscribe({"c"}), 3U);
    link.exchange();
    EXPECT_EQ(link.there.protocol.state(), LinkState::running);

    Pair mute({}, {.serves = false});
    mute.open();
    EXPECT_EQ(mute.here.subscribe({"a"}), 0U);
    EXPECT_EQ(mute.here.refusal.code, end_code::not_served);
}

TEST(NetProtocol, SaysNothingOfASubscriptionThatWasTakenBack) {
    Pair link;
    link.open();
    link.here.subscribe({"a"});
    link.here.subscribe({"b"});
    link.here.protocol.unsubscribe(1);
    link.here.protocol.unsubscribe(1);
    link.exchange();
    EXPECT_THAT(link.there.happened(), ElementsAre("subscribed 2 b"));
}

TEST(NetProtocol, IgnoresWhatWasOnItsWayWhenItUnsubscribed) {
    Pair link;
    link.open();
    link.here.subscribe({"a"});
    link.here.subscribe({"b"}, Mode::latest);
    link.exchange();
    link.there.send(1, "late");
    link.there.set(2, "", 1, "late");
    const Bytes on_its_way = taken_from(link.there, link.now);
    link.here.protocol.unsubscribe(1, {.code = end_code::closed, .text = "enough"});
    link.here.protocol.unsubscribe(2);
    give(link.here, on_its_way, link.now);
    EXPECT_THAT(link.here.happened(), IsEmpty());
    link.there.happened();
    link.there.protocol.end(1, {.code = end_code::killed});  // crosses
    link.exchange();
    EXPECT_THAT(link.there.happened(), ElementsAre("unsubscribed 2: ended by the remote: closed"));
    EXPECT_THAT(link.here.happened(), IsEmpty());
    EXPECT_EQ(link.there.send(1, "too late"), Sent::ended);
    EXPECT_EQ(link.here.protocol.state(), LinkState::running);
    EXPECT_EQ(link.there.protocol.state(), LinkState::running);
}

TEST(NetProtocol, SaysClosedWhereAReasonHasNoCode) {
    Pair link;
    link.open();
    link.here.subscribe({"a"});
    link.exchange();
    link.there.happened();
    link.here.protocol.unsubscribe(1, {.code = end_code{}});
    link.exchange();
    EXPECT_THAT(link.there.happened(), ElementsAre("unsubscribed 1: ended by the remote: closed"));
    link.here.protocol.close({.code = end_code{}}, link.now);
    link.exchange();
    EXPECT_THAT(link.there.happened(), ElementsAre("ended by the remote: closed"));
}

TEST(NetProtocol, EndsASubscriptionBehindItsEvents) {
    Pair link;
    link.open();
    link.here.subscribe({"a"});
    link.here.subscribe({"b"});
    link.exchange();
    link.there.send(1, "x");
    link.there.send(2, "y");
    link.there.protocol.end(1, {.code = end_code::closed, .text = "that was all"});
    link.there.send(2, "z");
    EXPECT_EQ(link.there.send(1, "no"), Sent::ended);
    link.exchange();
    EXPECT_THAT(link.here.happened(), ElementsAre("event 1.0 x", "event 2.0 y",
                                                  "1 ended by the remote: closed (that was all)", "event 2.0 z"));
}

TEST(NetProtocol, EndsASubscriptionBehindItsLatestValues) {
    Pair link({}, {.limits = {.quantum = 1}});
    link.open();
    link.here.subscribe({"a"}, Mode::latest);
    link.exchange();
    link.there.set(1, "k", 1, "x");
    link.there.set(1, "l", 1, "y");
    link.there.protocol.end(1, {.code = end_code::closed});
    link.exchange();
    EXPECT_THAT(link.here.happened(), ElementsAre("state 1 k x v1", "state 1 l y v1", "1 ended by the remote: closed"));
}

TEST(NetProtocol, RefusesFromInsideTheCallThatAsks) {
    Pair link;
    link.open();
    link.there.on_subscribed = [&](Alias alias) {
        link.there.protocol.end(alias, {.code = end_code::schema_mismatch, .text = "a: ours has `x: u8`"});
    };
    link.here.subscribe({"a"});
    link.exchange();
    EXPECT_THAT(link.here.happened(),
                ElementsAre("1 ended by the remote: the type is another one on the other side (a: ours has `x: u8`)"));
}

// --- latest values

TEST(NetProtocol, SendsTheNewestOfEachKeyInThePlaceOfTheOldest) {
    Pair link;
    link.open();
    link.here.subscribe({"a"}, Mode::latest);
    link.exchange();
    EXPECT_EQ(link.there.set(1, "k", 1, "old"), Sent::yes);
    EXPECT_EQ(link.there.set(1, "l", 2, "other"), Sent::yes);
    EXPECT_EQ(link.there.set(1, "k", 3, "newest"), Sent::yes);
    EXPECT_EQ(link.there.set(1, "k", 2, "an older one"), Sent::yes);
    link.exchange();
    EXPECT_THAT(link.here.happened(), ElementsAre("state 1 k newest v3", "state 1 l other v2"));
    EXPECT_EQ(link.there.protocol.send_state({.alias = 1, .version = 4, .key = view("k"), .present = false}),
              Sent::yes);
    link.exchange();
    EXPECT_THAT(link.here.happened(), ElementsAre("state 1 k gone v4"));
    link.there.set(1, "k", 1, "again");
    link.exchange();
    EXPECT_THAT(link.here.happened(), ElementsAre("state 1 k again v1")) << "a key that was gone begins anew";
    link.there.protocol.send_state({.alias = 1, .version = 6, .key = view("k"), .present = false});
    EXPECT_EQ(link.there.set(1, "k", 5, "older"), Sent::yes);
    link.exchange();
    EXPECT_THAT(link.here.happened(), ElementsAre("state 1 k gone v6")) << "not anew while the end of the old waits";
}

TEST(NetProtocol, TakesAsManyLatestValuesAsItHasRoomFor) {
    Pair link({}, {.limits = {.max_state_keys = 3, .max_state_bytes = 10}});
    link.open();
    link.here.subscribe({"a"}, Mode::latest);
    link.exchange();
    EXPECT_EQ(link.there.set(1, "k", 1, "123456"), Sent::yes);
    EXPECT_EQ(link.there.set(1, "l", 1, "12345"), Sent::yes) << "one goes beyond it";
    EXPECT_EQ(link.there.set(1, "m", 1, "1"), Sent::no_room) << "of bytes";
    EXPECT_EQ(link.there.set(1, "l", 2, "1234567890"), Sent::yes) << "beside six others";
    EXPECT_EQ(link.there.set(1, "k", 2, "1234567"), Sent::no_room) << "the older one stays";
    EXPECT_EQ(link.there.set(1, "k", 3, "123"), Sent::yes) << "less is always taken";
    EXPECT_EQ(link.there.protocol.send_state({.alias = 1, .version = 1, .key = view("m"), .present = false}),
              Sent::yes);
    EXPECT_EQ(link.there.protocol.send_state({.alias = 1, .version = 1, .key = view("n"), .present = false}),
              Sent::no_room)
        << "of keys";
    link.exchange();
    EXPECT_THAT(link.here.happened(), ElementsAre("state 1 k 123 v3", "state 1 l 1234567890 v2", "state 1 m gone v1"));
    EXPECT_EQ(link.there.set(1, "k", 4, std::string(50, 'x')), Sent::yes) << "alone, one of any size";
}

TEST(NetProtocol, TakesALargeLatestValueBesideSmallOnesThatChangeAllTheTime) {
    Pair link({}, {.limits = {.max_state_bytes = 100, .quantum = 20}});
    link.open();
    link.here.subscribe({"a"}, Mode::latest);
    link.exchange();
    const std::string large(90, 'x');
    Sent sent = Sent::no_room;
    for (std::uint64_t version = 1; version <= 100 && sent != Sent::yes; ++version) {
        for (const char* key : {"k", "l", "m"}) EXPECT_EQ(link.there.set(1, key, version, "123456"), Sent::yes);
        sent = link.there.set(1, "large", version, large);
        give(link.here, taken_from(link.there, link.now), link.now);
    }
    EXPECT_EQ(sent, Sent::yes);
}

TEST(NetProtocol, KeepsNotAllTheRoomThatLargeValuesTookForSmallOnes) {
    Pair link({}, {.limits = {.max_state_bytes = 10'000}});
    link.open();
    link.here.subscribe({"a"}, Mode::latest);
    link.exchange();
    const std::size_t before = link.there.protocol.held();
    const std::string large(9'000, 'x');
    for (int i = 0; i < 100; ++i) {
        const std::string key = std::to_string(i);
        EXPECT_EQ(link.there.set(1, key, 1, large), Sent::yes);
        EXPECT_EQ(link.there.set(1, key, 2, "small"), Sent::yes);
    }
    EXPECT_LE(link.there.protocol.held() - before, 3 * 10'000U);
}

TEST(NetProtocol, EndsASubscriptionWhoseLatestValueCannotBeSent) {
    Pair link({.limits = {.max_frame = 1'024}});
    link.open();
    link.here.subscribe({"a"}, Mode::latest);
    link.exchange();
    EXPECT_EQ(link.there.set(1, "", 1, std::string(1'024, 'x')), Sent::too_large);
    EXPECT_EQ(link.there.set(1, "", 2, "x"), Sent::ended);
    link.exchange();
    EXPECT_THAT(link.here.happened(), ElementsAre("1 ended by the remote: an event larger than its type may be (a "
                                                  "latest value of 1024 bytes)"));
}

TEST(NetProtocol, EndsASubscriptionWhoseKeyIsLargerThanAnyMayBe) {
    Pair link({}, {.limits = {.max_key = 3}});
    link.open();
    link.here.subscribe({"a"}, Mode::latest);
    link.exchange();
    EXPECT_EQ(link.there.set(1, "key", 1, "x"), Sent::yes);
    EXPECT_EQ(link.there.set(1, "keys", 1, "x"), Sent::too_large);
    link.exchange();
    EXPECT_EQ(link.here.happened().size(), 2U) << "the value, and the end";
}

TEST(NetProtocol, EndsASubscriptionThatHasMoreKeysThanItTakes) {
    Pair link({.limits = {.max_key = 3, .max_state_keys = 2}});
    link.open();
    link.here.subscribe({"a"}, Mode::latest);
    link.here.subscribe({"b"}, Mode::latest);
    link.exchange();
    link.there.happened();
    link.there.set(1, "k", 1, "x");
    link.there.protocol.send_state({.alias = 1, .version = 2, .key = view("none"), .present = false});
    link.there.set(2, "k", 1, "x");
    link.exchange();
    link.here.happened();
    link.there.set(2, "l", 1, "x");
    link.exchange();
    EXPECT_THAT(link.here.happened(),
                ElementsAre("2 ended here: more keys than are taken (2 keys of 3 bytes at most)"));
    EXPECT_THAT(link.there.happened(), ElementsAre("unsubscribed 2: ended by the remote: more keys than are taken (2 "
                                                   "keys of 3 bytes at most)"));
    link.there.set(1, "l", 1, "x");
    link.exchange();
    EXPECT_THAT(link.here.happened(), ElementsAre("state 1 l x v1")) << "there is room again";
    link.there.protocol.end(1, {.code = end_code::closed});
    link.here.subscribe({"c"}, Mode::latest);
    link.exchange();
    link.here.happened();
    link.there.set(3, "m", 1, "x");
    link.there.set(3, "n", 1, "x");
    link.exchange();
    EXPECT_THAT(link.here.happened(), ElementsAre("state 3 m x v1", "state 3 n x v1")) << "as many as before";
}

// --- what is written, and when

TEST(NetProtocol, TakesEventsOnlyWhileFewWaitToBeWritten) {
    Pair link({}, {.limits = {.quantum = 30}});
    link.open();
    link.here.subscribe({"a"});
    link.exchange();
    int taken = 0;
    while (link.there.protocol.has_room_for_event()) EXPECT_EQ(link.there.send(1, std::to_string(taken++)), Sent::yes);
    EXPECT_EQ(taken, 5) << "of seven bytes";
    EXPECT_EQ(link.there.send(1, "no"), Sent::no_room);
    EXPECT_FALSE(link.there.protocol.output(link.now).empty());
    EXPECT_TRUE(link.there.protocol.has_room_for_event()) << "the next batch, while this one is written";
    EXPECT_EQ(link.there.protocol.output(link.now).size(), 35U);
}

TEST(NetProtocol, CountsAnEventThatIsTooLargeForTheOtherSideAsMissed) {
    Pair link({.limits = {.max_frame = 1'024}});
    link.open();
    link.here.subscribe({"a"});
    link.exchange();
    EXPECT_EQ(link.there.send(1, std::string(1'024, 'x'), 2), Sent::too_large);
    EXPECT_EQ(link.there.send(1, std::string(1'024, 'x')), Sent::too_large);
    EXPECT_EQ(link.there.send(1, "x", 3), Sent::yes);
    EXPECT_EQ(link.there.send(1, "y"), Sent::yes);
    link.exchange();
    EXPECT_THAT(link.here.happened(), ElementsAre("event 1.0 x missed 7", "event 1.0 y"));
    EXPECT_EQ(link.there.send(1, std::string(1'024, 'x'), ~0ULL), Sent::too_large);
    EXPECT_EQ(link.there.send(1, "x", 1), Sent::yes);
    link.exchange();
    EXPECT_THAT(link.here.happened(), ElementsAre("event 1.0 x missed 18446744073709551615"))
        << "as many as it can say";

    Pair own({}, {.limits = {.max_frame = 1'024}});
    const std::string text(1'024, 'x');
    own.open();
    own.here.subscribe({"a"});
    own.exchange();
    const Event largest{.alias = 1, .payload = view(text).first(1'024 - 5)};
    EXPECT_EQ(size_of(largest), 1'024U);
    EXPECT_EQ(own.there.protocol.send_event(largest), Sent::yes);
    const Event larger{.alias = 1, .payload = view(text).first(1'024 - 4)};
    EXPECT_EQ(own.there.protocol.send_event(larger), Sent::too_large) << "what it would not take, it does not send";
}

TEST(NetProtocol, StarvesNoLane) {
    Pair link({}, {.limits = {.quantum = 20}});
    link.open();
    link.here.subscribe({"a"});
    link.here.subscribe({"b"}, Mode::latest);
    link.exchange();
    for (const char* key : {"k", "l", "m", "n", "o"}) link.there.set(2, key, 1, "123");
    while (link.there.protocol.has_room_for_event()) link.there.send(1, "x");
    link.there.subscribe({"c"});
    give(link.here, taken_from(link.there, link.now), link.now);
    EXPECT_THAT(link.here.happened(), ElementsAre("subscribed 1 c", "state 2 k 123 v1", "state 2 l 123 v1",
                                                  "event 1.0 x", "event 1.0 x", "event 1.0 x"));
    link.there.send(1, "y");
    give(link.here, taken_from(link.there, link.now), link.now);
    EXPECT_THAT(link.here.happened(), ElementsAre("state 2 m 123 v1", "state 2 n 123 v1", "event 1.0 y"));
}

TEST(NetProtocol, WritesAtLeastAFrameOfEachWhateverTheLimits) {
    Pair link({}, {.limits = {.max_state_keys = 0, .max_state_bytes = 0, .quantum = 0}});
    link.open();
    link.here.subscribe({"a"});
    link.here.subscribe({"b"}, Mode::latest);
    link.exchange();
    EXPECT_EQ(link.there.send(1, "x"), Sent::yes);
    EXPECT_EQ(link.there.set(2, "k", 1, "y"), Sent::yes);
    EXPECT_EQ(link.there.set(2, "l", 1, "z"), Sent::no_room);
    link.there.protocol.close({}, link.now);
    link.exchange();
    EXPECT_THAT(link.here.happened(), ElementsAre("state 2 k y v1", "event 1.0 x", "ended by the remote: closed"));
}

TEST(NetProtocol, KeepsABatchWhereItIsUntilItIsWritten) {
    Pair link;
    link.open();
    link.here.subscribe({"a"});
    link.exchange();
    link.there.send(1, "first");
    const View batch = link.there.protocol.output(link.now);
    const Bytes copy(batch.begin(), batch.end());
    for (int i = 0; i < 100; ++i) link.there.send(1, "later");
    link.there.subscribe({"b"});
    EXPECT_EQ(link.there.protocol.output(link.now).data(), batch.data());
    EXPECT_EQ(Bytes(batch.begin(), batch.end()), copy);
    link.there.protocol.written(3, link.now);
    EXPECT_EQ(link.there.protocol.output(link.now).data(), batch.data() + 3);
    EXPECT_EQ(link.there.protocol.output(link.now).size(), batch.size() - 3);
}

}  // namespace protocol_test
