#include "net/session_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Questions and answers between messages, and for whom they are.

namespace session_test {

using testing::ElementsAre;
using testing::IsEmpty;

void send_request(End& end, std::uint64_t id) {
    ASSERT_TRUE(end.send("?" + std::to_string(id), Priority::normal, Kind::request, id));
}

TEST(NetSessionKinds, ARequestIsTakenBackWhileItWasNotWritten) {
    Sessions sessions(here, there);
    End& end = sessions.here();
    send_request(end, 1);
    ASSERT_TRUE(end.send("m"));
    send_request(end, 2);
    ASSERT_TRUE(end.send("urgent", Priority::urgent, Kind::request, 3));
    EXPECT_FALSE(end.session.take_back(7)) << "that is a message's";
    EXPECT_TRUE(end.session.take_back(3));
    EXPECT_TRUE(end.session.take_back(2));
    EXPECT_FALSE(end.session.take_back(2));
    EXPECT_EQ(end.session.queued_bytes(), 3U);
    Wire& wire = sessions.connect();
    exchange(sessions, wire);
    EXPECT_FALSE(end.session.take_back(1));
    EXPECT_THAT(bodies(sessions.there().came), ElementsAre("?1", "m"));
    EXPECT_EQ(end.session.queued(), 0U);
}

TEST(NetSessionKinds, WhatWasMissedIsSaidByTheNextMessage) {
    Sessions sessions(plain_here, plain_there);
    Wire& wire = sessions.connect();
    exchange(sessions, wire);
    ASSERT_TRUE(sessions.here().send("lost"));
    write_all(sessions, wire, 0);
    sessions.lose(wire);
    for (const Kind kind : {Kind::answer, Kind::request, Kind::message})
        ASSERT_TRUE(sessions.here().send("a", Priority::normal, kind));
    sessions.connect();
    sessions.settle();
    const std::vector<Came>& came = sessions.there().came;
    ASSERT_EQ(came.size(), 3U);
    EXPECT_EQ(came[0].missed + came[1].missed, 0U);
    EXPECT_EQ(came[2].missed, 1U);
}

/// What was passed by, and is gone, gives no turn to who comes after it.
TEST(NetSessionKinds, ATurnThatNobodyTookIsGone) {
    Sessions sessions(plain_here, plain_there);
    Wire& wire = sessions.connect();
    exchange(sessions, wire);
    End& end = sessions.here();
    send_request(end, 1);
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(end.send("u", Priority::urgent));
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(sessions.write(wire, 0));
    ASSERT_TRUE(end.session.take_back(1));
    ASSERT_TRUE(end.send("n"));
    ASSERT_TRUE(end.send("U", Priority::urgent));
    sessions.settle();
    ASSERT_EQ(sessions.there().taken.size(), 10U);
    EXPECT_EQ(sessions.there().taken[8], "U");
}

TEST(NetSessionKinds, SaysWhichRequestWasWritten) {
    End end(plain_here);
    end.session.attach(1, 0);
    Incoming message;
    ASSERT_EQ(end.session.received(1, view(std::string_view("\x08\0\x0c\0\0\x10", 6)), message), Received::nothing);
    send_request(end, 9);
    ASSERT_TRUE(end.send("m"));
    ASSERT_TRUE(end.send("a", Priority::normal, Kind::answer, 8));
    std::vector<std::uint64_t> written;
    for (Payload payload; end.session.next(1, payload);) written.push_back(end.session.written_request());
    EXPECT_THAT(written, ElementsAre(0, 0, 9, 0, 0));  // behind Resume and Begin
}

TEST(NetSessionKinds, OfOnePriorityTheyKeepTheirOrder) {
    Sessions sessions(here, there);
    const std::vector<Kind> kinds = {Kind::message, Kind::request, Kind::answer,  Kind::message, Kind::cancel,
                                     Kind::failure, Kind::request, Kind::message, Kind::answer,  Kind::message};
    for (std::size_t i = 0; i < kinds.size(); ++i)
        ASSERT_TRUE(sessions.here().send(std::to_string(i), Priority::bulk, kinds[i], 100 + i));
    ASSERT_TRUE(sessions.here().send("first", Priority::urgent, Kind::answer, 1));
    sessions.connect();
    sessions.settle();
    const std::vector<Came>& came = sessions.there().came;
    ASSERT_EQ(came.size(), kinds.size() + 1);
    EXPECT_EQ(came[0].body, "first");
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        EXPECT_EQ(came[i + 1].kind, kinds[i]);
        EXPECT_EQ(came[i + 1].id, kinds[i] == Kind::message ? 0 : 100 + i);
        EXPECT_EQ(came[i + 1].body, std::to_string(i));
        EXPECT_EQ(came[i + 1].of, 11U);
    }
}

TEST(NetSessionKinds, NothingThatSomebodyWaitsForIsDisplaced) {
    SessionOptions options = plain_here;
    options.max_messages = 8;
    options.max_bytes = 100;
    Sessions sessions(options, plain_there);
    End& end = sessions.here();
    for (const Kind kind : {Kind::request, Kind::answer, Kind::cancel, Kind::failure})
        ASSERT_TRUE(end.send("kept", Priority::bulk, kind));
    for (const char* body : {"1", "2"}) ASSERT_TRUE(end.send(body, Priority::bulk));
    ASSERT_TRUE(end.send("kept", Priority::bulk, Kind::request));
    ASSERT_TRUE(end.send("3", Priority::bulk));
    EXPECT_EQ(end.session.drop_oldest(Priority::urgent, 100), 0U) << "three go, and there is no room nevertheless";
    EXPECT_EQ(end.session.drop_oldest(Priority::urgent, 1), 1U);
    EXPECT_EQ(end.session.drop_oldest(Priority::urgent, 79), 1U);
    EXPECT_EQ(end.session.queued(), 6U);
    sessions.connect();
    sessions.settle();
    EXPECT_THAT(bodies(sessions.there().came), ElementsAre("kept", "kept", "kept", "kept", "kept", "3"));
}

// ---- the inbox is full ------------------------------------------------------------------------------------------

TEST(NetSessionKinds, APlainRequestThatTheInboxHasNoRoomForIsRefused) {
    SessionOptions small = plain_there;
    small.inbox = 1;
    Sessions sessions(plain_here, small);
    Wire& wire = sessions.connect();
    ASSERT_TRUE(sessions.here().send("m"));
    for (const std::uint64_t id : {4U, 5U}) send_request(sessions.here(), id);
    exchange(sessions, wire);
    EXPECT_THAT(sessions.there().refused, ElementsAre(4, 5));
    sessions.there().take();
    ASSERT_TRUE(sessions.here().send("n"));
    sessions.settle();
    EXPECT_THAT(bodies(sessions.there().came), ElementsAre("m", "n"));
    EXPECT_EQ(sessions.there().missed, 0U) << "who has asked is told";
}

class NetSessionFull : public testing::TestWithParam<bool> {
protected:
    static SessionOptions options(std::uint64_t epoch) {
        return {.epoch = epoch, .is_reliable = GetParam(), .inbox = 2};
    }
};

TEST_P(NetSessionFull, AnswersAndCancelsComeAllTheSame) {
    Sessions sessions(options(11), options(12));
    Wire& wire = sessions.connect();
    for (const char* body : {"1", "2"}) ASSERT_TRUE(sessions.here().send(body));
    exchange(sessions, wire);
    ASSERT_EQ(sessions.there().inbox.size(), 2U);
    for (const char* body : {"3", "4"}) ASSERT_TRUE(sessions.here().send(body));
    for (const Kind kind : {Kind::answer, Kind::cancel, Kind::failure})
        ASSERT_TRUE(sessions.here().send("!", Priority::normal, kind));
    ASSERT_TRUE(sessions.here().send("!", Priority::bulk, Kind::answer));
    ASSERT_TRUE(sessions.here().send("!!", Priority::urgent, Kind::answer));
    exchange(sessions, wire);
    EXPECT_THAT(bodies(sessions.there().came), ElementsAre("1", "2", "!!", "!", "!", "!", "!"));
    sessions.settle();
    ASSERT_TRUE(sessions.here().send("5"));
    sessions.settle();
    if (GetParam()) {
        EXPECT_THAT(sessions.there().taken, ElementsAre("1", "2", "3", "4", "5"));
    } else {
        EXPECT_THAT(sessions.there().taken, ElementsAre("1", "2", "5"));
    }
    EXPECT_EQ(sessions.there().missed, GetParam() ? 0U : 2U);
    EXPECT_EQ(sessions.here().session.queued(), 0U);
    EXPECT_EQ(sessions.there().violations + sessions.here().violations + sessions.disagreements, 0U);
}

/// Each waits for an answer before it takes the next: with its inbox full.
TEST_P(NetSessionFull, WhoWaitsForAnAnswerBeforeItTakesGetsIt) {
    Sessions sessions(options(11), options(12));
    Wire& wire = sessions.connect();
    exchange(sessions, wire);
    for (const std::size_t end : {0U, 1U}) send_request(sessions.ends[end], end);
    for (int i = 0; i < 5; ++i) {
        for (End& end : sessions.ends) ASSERT_TRUE(end.send("m"));
    }
    exchange(sessions, wire);
    for (End& end : sessions.ends) {
        ASSERT_EQ(end.came[0].kind, Kind::request);
        ASSERT_TRUE(end.send_only("!", Kind::answer, end.came[0].id));
    }
    exchange(sessions, wire);
    for (const std::size_t end : {0U, 1U}) {
        ASSERT_EQ(sessions.ends[end].came.size(), 3U);
        EXPECT_EQ(sessions.ends[end].came[2].kind, Kind::answer);
        EXPECT_EQ(sessions.ends[end].came[2].id, end);
    }
}

/// What passed others is written again, in its place, when the link is lost.
TEST(NetSessionKinds, WhatPassedOthersIsNotLostWithTheLink) {
    SessionOptions small = there;
    small.inbox = 2;
    Sessions sessions(here, small);
    Wire& wire = sessions.connect();
    exchange(sessions, wire);
    for (const char* body : {"1", "2", "3", "4"}) ASSERT_TRUE(sessions.here().send(body));
    ASSERT_TRUE(sessions.here().send("!", Priority::normal, Kind::answer));
    write_all(sessions, wire, 0);
    ASSERT_TRUE(sessions.read(wire, 1));
    sessions.lose(wire);
    Wire& next = sessions.connect();
    exchange(sessions, next);
    EXPECT_THAT(bodies(sessions.there().came), ElementsAre("1", "2", "!"));
    sessions.settle();
    EXPECT_THAT(bodies(sessions.there().came), ElementsAre("1", "2", "!", "3", "4"));
    EXPECT_EQ(sessions.there().violations, 0U);
}

INSTANTIATE_TEST_SUITE_P(Of, NetSessionFull, testing::Bool(),
                         [](const auto& instance) { return instance.param ? "Reliable" : "Plain"; });

// ---- for whom an answer is --------------------------------------------------------------------------------------

/// Twelve has asked, and is started anew as thirteen.
class NetSessionAnswer : public testing::TestWithParam<bool> {
protected:
    NetSessionAnswer() {
        wire = &sessions.connect();
        sessions.settle();
        send_request(sessions.there(), 1);
        sessions.settle();
    }
    static SessionOptions options(std::uint64_t epoch) { return {.epoch = epoch, .is_reliable = GetParam()}; }
    void restart() {
        sessions.lose(*wire);
        sessions.ends[1] = End(options(13));
    }
    void expect_only(std::string_view body) {
        sessions.settle();
        EXPECT_THAT(bodies(sessions.there().came), ElementsAre(body));
        EXPECT_EQ(sessions.here().session.queued(), 0U);
        EXPECT_EQ(sessions.here().session.queued_bytes(), 0U);
    }

    Sessions sessions{options(11), options(12)};
    Wire* wire = nullptr;
};

TEST_P(NetSessionAnswer, ThatWaitsIsNotSentToTheNextOne) {
    ASSERT_TRUE(sessions.here().send_only("answer", Kind::answer));
    ASSERT_TRUE(sessions.here().send("m"));
    restart();
    sessions.connect();
    expect_only("m");
}

TEST_P(NetSessionAnswer, ThatWasWrittenIsNotWrittenAgainToTheNextOne) {
    ASSERT_TRUE(sessions.here().send_only("answer", Kind::answer));
    write_all(sessions, *wire, 0);
    restart();
    ASSERT_TRUE(sessions.here().send("m"));
    sessions.connect();
    expect_only("m");
    EXPECT_EQ(sessions.here().session.take_unconfirmed(), GetParam() ? 1U : 0U);
}

TEST_P(NetSessionAnswer, ThatIsLateIsNotSentToTheNextOne) {
    const std::uint64_t asker = sessions.here().session.their_epoch();
    restart();
    Wire& next = sessions.connect();
    write_all(sessions, next, 1);
    read_all(sessions, next, 0);
    ASSERT_EQ(sessions.here().session.written_to(), 13U);
    ASSERT_TRUE(sessions.here().send("m"));
    sessions.settle();
    ASSERT_TRUE(sessions.there().send("x"));
    sessions.settle();
    ASSERT_TRUE(sessions.here().send("answer", Priority::normal, Kind::answer, 1, asker));
    expect_only("m");
}

/// As soon as that is known: it has not begun yet.
TEST_P(NetSessionAnswer, ThatIsGivenWhileTheNextOneResumesIsNotSentToIt) {
    restart();
    Wire& next = sessions.connect();
    write_all(sessions, next, 1);
    read_all(sessions, next, 0);
    ASSERT_EQ(sessions.here().session.their_epoch(), 12U);
    ASSERT_TRUE(sessions.here().send_only("answer", Kind::answer));
    ASSERT_TRUE(sessions.here().send("m"));
    EXPECT_EQ(sessions.here().session.unfinished().unsent, 2U);
    ASSERT_TRUE(sessions.there().send("x"));
    expect_only("m");
}

/// Thirteen asks on a link that this side has just left for another one, which it has yet to hear of: its Resume
/// crossed the Over.
TEST_P(NetSessionAnswer, WaitsForWhoHasAskedToResume) {
    restart();
    Wire& low = sessions.connect(1);
    write_all(sessions, low, 1);
    Wire& high = sessions.open(2);
    sessions.attach(high, 0);
    write_all(sessions, low, 0);
    send_request(sessions.there(), 1);
    while (sessions.here().session.their_epoch() != 13) {
        ASSERT_TRUE(sessions.read(low, 0) || sessions.read(low, 1) || sessions.write(low, 1));
    }
    while (sessions.read(low, 0) || sessions.write(low, 1)) {
    }
    ASSERT_EQ(sessions.here().came.back().of, 13U);
    ASSERT_EQ(sessions.here().session.written_to(), 12U);
    ASSERT_TRUE(sessions.here().send_only("answer", Kind::answer));
    EXPECT_EQ(sessions.here().session.queued(), 1U);
    EXPECT_EQ(sessions.here().session.queued_bytes(), 6U);
    sessions.attach(high, 1);
    expect_only("answer");
}

TEST_P(NetSessionAnswer, IsNotSentToTheNextOneWhereItsAskerHasNotBegun) {
    sessions.ends[0] = End(options(14));
    sessions.lose(*wire);
    wire = &sessions.connect();
    write_all(sessions, *wire, 1);
    read_all(sessions, *wire, 0);
    restart();
    ASSERT_TRUE(sessions.here().send("answer", Priority::normal, Kind::cancel, 1, 12));
    ASSERT_EQ(sessions.here().session.queued(), 1U);
    ASSERT_TRUE(sessions.here().send("m"));
    sessions.connect();
    expect_only("m");
}

INSTANTIATE_TEST_SUITE_P(Of, NetSessionAnswer, testing::Bool(),
                         [](const auto& instance) { return instance.param ? "Reliable" : "Plain"; });

/// A Resume of their last life comes late, between the question and the answer.
TEST(NetSessionKinds, AnAnswerOutlivesALateResumeOfTheirLastLife) {
    Sessions sessions(here, there);
    Wire& late = sessions.open();
    sessions.attach(late, 1);
    write_all(sessions, late, 1);
    sessions.ends[1] = End({.epoch = 13, .is_reliable = true});
    late.is_attached[1] = false;
    Wire& next = sessions.connect();
    sessions.settle();
    send_request(sessions.there(), 1);
    sessions.settle();
    ASSERT_TRUE(sessions.here().send_only("answer", Kind::answer));
    late.id = 99;  // as the newest
    sessions.attach(late, 0);
    read_all(sessions, late, 0);
    ASSERT_EQ(sessions.here().session.written_to(), 12U);
    write_all(sessions, late, 0);
    sessions.lose(late);
    sessions.lose(next);
    sessions.connect();
    sessions.settle();
    EXPECT_THAT(bodies(sessions.there().came), ElementsAre("answer"));
}

// ---- who is called alike ----------------------------------------------------------------------------------------

class NetSessionTurns : public testing::TestWithParam<bool> {
protected:
    static SessionOptions options(std::uint64_t epoch) { return {.epoch = epoch, .is_reliable = GetParam()}; }
    /// That one comes instead of who is here now, which goes on living.
    void change(End& with) {
        for (auto& wire : sessions.wires) sessions.lose(*wire);
        sessions.wires.clear();
        std::swap(sessions.ends[0], with);
    }
    void send(std::string_view body) {
        ASSERT_TRUE(sessions.here().send(body));
        sessions.connect();
        sessions.settle();
    }

    Sessions sessions{options(11), options(12)};
    End other{options(21)};
};

TEST_P(NetSessionTurns, NothingComesTwiceAndNothingIsMissed) {
    Wire& wire = sessions.connect();
    exchange(sessions, wire);
    for (const char* body : {"a", "b"}) ASSERT_TRUE(sessions.here().send(body));
    ASSERT_TRUE(sessions.here().send("?", Priority::normal, Kind::request));
    write_all(sessions, wire, 0);
    read_all(sessions, wire, 1);  // and no Ack comes back
    sessions.there().take();
    change(other);
    send("x");
    change(other);
    send("c");
    change(other);
    send("y");
    EXPECT_THAT(sessions.there().taken, ElementsAre("a", "b", "?", "x", "c", "y"));
    EXPECT_EQ(sessions.there().missed, 0U);
    EXPECT_EQ(other.session.queued() + other.session.take_unconfirmed(), 0U);
    EXPECT_EQ(sessions.here().violations + sessions.there().violations + other.violations, 0U);
}

TEST_P(NetSessionTurns, WhatIsLostIsSaid) {
    Wire& wire = sessions.connect();
    exchange(sessions, wire);
    for (const char* body : {"a", "b"}) ASSERT_TRUE(sessions.here().send(body));
    write_all(sessions, wire, 0);
    ASSERT_TRUE(sessions.read(wire, 1));
    change(other);
    send("x");
    EXPECT_EQ(sessions.there().missed, 0U);
    change(other);
    send("c");
    if (GetParam()) {
        EXPECT_THAT(sessions.there().taken, ElementsAre("a", "x", "b", "c"));
    } else {
        EXPECT_THAT(sessions.there().taken, ElementsAre("a", "x", "c"));
    }
    EXPECT_EQ(sessions.there().missed, GetParam() ? 0U : 1U);
}

TEST_P(NetSessionTurns, FourAreRemembered) {
    std::deque<End> others;
    for (const std::uint64_t epoch : {22U, 23U}) others.emplace_back(options(epoch));
    send("a");
    change(other);
    send("x");
    for (End& each : others) {
        change(each);
        send("y");
    }
    change(other);
    send("b");
    EXPECT_THAT(sessions.there().taken, ElementsAre("a", "x", "y", "y", "b"));
    EXPECT_EQ(sessions.there().missed, 0U);
}

/// The other one does not know how far it had come, and writes it again: as much of that as has come again is
/// acknowledged.
TEST(NetSessionKinds, WhatIsWrittenAgainIsAcknowledgedAsItComes) {
    Sessions sessions(here, there);
    End other({.epoch = 21, .is_reliable = true});
    const auto change = [&] {
        for (auto& wire : sessions.wires) sessions.lose(*wire);
        std::swap(sessions.ends[0], other);
        return &sessions.connect();
    };
    exchange(sessions, sessions.connect());
    for (const char* body : {"a", "b", "c"}) ASSERT_TRUE(sessions.here().send(body));
    write_all(sessions, *sessions.wires.back(), 0);
    read_all(sessions, *sessions.wires.back(), 1);
    ASSERT_TRUE(other.send("x"));
    change();
    sessions.settle();
    Wire* wire = change();
    write_all(sessions, *wire, 1);
    read_all(sessions, *wire, 0);
    write_all(sessions, *wire, 0);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(sessions.read(*wire, 1));  // Resume, Begin, "a"
    write_all(sessions, *wire, 1);
    read_all(sessions, *wire, 0);
    EXPECT_EQ(sessions.here().session.queued(), 2U);
    sessions.lose(*wire);
    wire = &sessions.connect();
    exchange(sessions, *wire);
    EXPECT_EQ(sessions.here().session.queued(), 0U);
    EXPECT_THAT(bodies(sessions.there().came), ElementsAre("a", "b", "c", "x"));
    EXPECT_EQ(sessions.here().violations + sessions.there().violations, 0U);
}

/// All of it has come before, and nothing new follows.
TEST(NetSessionKinds, WhatComesAgainAloneIsAcknowledged) {
    Sessions sessions(here, there);
    End other({.epoch = 21, .is_reliable = true});
    Wire& first = sessions.connect();
    exchange(sessions, first);
    ASSERT_TRUE(sessions.here().send("a"));
    write_all(sessions, first, 0);
    read_all(sessions, first, 1);
    sessions.lose(first);
    std::swap(sessions.ends[0], other);
    Wire& second = sessions.connect();
    sessions.settle();
    sessions.lose(second);
    std::swap(sessions.ends[0], other);
    exchange(sessions, sessions.connect());
    EXPECT_EQ(sessions.here().session.queued(), 0U);
}

/// What the one has written when the inbox was empty is not to be written again into one that the other one has filled.
TEST(NetSessionKinds, WhatIsWrittenAgainFindsRoomInTheInbox) {
    SessionOptions small = there;
    small.inbox = 2;
    Sessions sessions(here, small);
    End other({.epoch = 21, .is_reliable = true});
    Wire& first = sessions.connect();
    exchange(sessions, first);
    for (const char* body : {"a", "b"}) ASSERT_TRUE(sessions.here().send(body));
    write_all(sessions, first, 0);
    sessions.lose(first);
    std::swap(sessions.ends[0], other);
    Wire& second = sessions.connect();
    for (const char* body : {"x", "y"}) ASSERT_TRUE(sessions.here().send(body));
    exchange(sessions, second);
    ASSERT_THAT(sessions.there().inbox, ElementsAre("x", "y"));
    sessions.lose(second);
    std::swap(sessions.ends[0], other);
    Wire& third = sessions.connect();
    exchange(sessions, third);
    sessions.there().take(1);
    exchange(sessions, third);
    EXPECT_THAT(sessions.there().inbox, ElementsAre("y", "a"));
    sessions.settle();
    EXPECT_EQ(sessions.there().violations + sessions.disagreements, 0U);
    EXPECT_THAT(sessions.there().taken, ElementsAre("x", "y", "a", "b"));
}

INSTANTIATE_TEST_SUITE_P(Of, NetSessionTurns, testing::Bool(),
                         [](const auto& instance) { return instance.param ? "Reliable" : "Plain"; });

}  // namespace session_test
