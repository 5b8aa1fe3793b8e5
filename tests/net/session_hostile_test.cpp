#include "net/session_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Sessions whose other side was started anew, or lies, at the worst moment.

namespace session_test {

using testing::ElementsAre;

TEST(NetSessionHostile, APlainQueueAfterAReliableOneIsNotAcknowledged) {
    SessionOptions small = there;
    small.inbox = 2;
    Sessions sessions(here, small);
    Wire& first = sessions.connect();
    sessions.settle();
    ASSERT_TRUE(sessions.here().send("a"));
    write_all(sessions, first, 0);
    read_all(sessions, first, 1);
    sessions.lose(first);
    sessions.ends[0] = End({.epoch = 14});
    Wire& second = sessions.connect();
    write_all(sessions, second, 1);  // Resume
    sessions.there().take();
    sessions.settle();
    EXPECT_EQ(sessions.here().violations, 0U);
}

TEST(NetSessionHostile, AReliableQueueAfterAPlainOneIsToldOfTheRoomThatWasMade) {
    SessionOptions small = plain_there;
    small.inbox = 1;
    Sessions sessions(plain_here, small);
    Wire& first = sessions.connect();
    write_all(sessions, first, 1);
    read_all(sessions, first, 0);
    ASSERT_TRUE(sessions.here().send("a"));
    write_all(sessions, first, 0);
    read_all(sessions, first, 1);
    sessions.lose(first);
    sessions.ends[0] = End({.epoch = 14, .is_reliable = true});
    Wire& second = sessions.connect();
    write_all(sessions, second, 1);  // Resume, and there is no room
    sessions.there().take();
    ASSERT_TRUE(sessions.here().send("b"));
    sessions.settle();
    EXPECT_THAT(sessions.there().taken, ElementsAre("a", "b"));
}

/// One process is killed while what it wrote lies in a buffer here; the next one, with less room, has come.
TEST(NetSessionHostile, AnAckOfTheirLastLifeGivesNoCreditInThisOne) {
    Sessions sessions(here, there);
    Wire& first = sessions.connect();
    sessions.settle();
    ASSERT_TRUE(sessions.here().send("1"));
    write_all(sessions, first, 0);
    read_all(sessions, first, 1);
    write_all(sessions, first, 1);  // Ack, with credit for 255
    sessions.ends[1] = End({.epoch = 13, .is_reliable = true, .inbox = 2});
    first.is_attached[1] = false;
    for (const char* body : {"2", "3", "4", "5"}) ASSERT_TRUE(sessions.here().send(body));
    Wire& second = sessions.connect();
    write_all(sessions, second, 1);
    read_all(sessions, second, 0);
    read_all(sessions, first, 0);
    write_all(sessions, second, 0);
    sessions.lose(first);
    sessions.settle();
    EXPECT_EQ(sessions.there().violations, 0U);
    EXPECT_THAT(sessions.there().taken, ElementsAre("2", "3", "4", "5"));
    EXPECT_EQ(sessions.here().session.take_unconfirmed(), 1U);
}

TEST(NetSessionHostile, AResumeOfTheirLastLifeThatComesLateCostsNoMoreThanWhatIsSaid) {
    Sessions sessions(here, there);
    Wire& late = sessions.open();
    sessions.attach(late, 1);
    write_all(sessions, late, 1);
    sessions.ends[1] = End({.epoch = 13, .is_reliable = true});
    late.is_attached[1] = false;
    std::swap(late.id, sessions.open().id);  // its handshake ends here after that of the next
    Wire& next = *sessions.wires.back();
    sessions.attach(next, 0);
    sessions.attach(next, 1);
    for (const char* body : {"1", "2"}) ASSERT_TRUE(sessions.here().send(body));
    write_all(sessions, next, 1);
    read_all(sessions, next, 0);
    write_all(sessions, next, 0);
    while (sessions.there().inbox.empty()) ASSERT_TRUE(sessions.read(next, 1));
    sessions.attach(late, 0);
    read_all(sessions, late, 0);
    sessions.lose(next);  // and "2" with it
    sessions.lose(late);
    sessions.connect();
    ASSERT_TRUE(sessions.here().send("3"));
    sessions.settle();
    EXPECT_EQ(sessions.there().violations, 0U);
    EXPECT_THAT(sessions.there().taken, ElementsAre("1", "3"));
    EXPECT_EQ(sessions.there().missed, 1U);
    EXPECT_EQ(sessions.here().session.take_unconfirmed(), 2U);
}

struct Lie {
    const char* name;
    std::string_view before;  // on the first link, if there is any
    LinkId link;
    std::string_view payload;
};

class NetSessionLies : public testing::TestWithParam<Lie> {};

/// The first link is spoken on and listened to; the second one is over here.
TEST_P(NetSessionLies, AreFoundOut) {
    const Lie& lie = GetParam();
    End end(here);
    end.session.attach(1, 2);
    Incoming message;
    if (!lie.before.empty()) {
        ASSERT_EQ(end.session.received(1, view(lie.before), message), Received::nothing);
    }
    end.session.attach(2, 1);
    EXPECT_EQ(end.session.received(lie.link, view(lie.payload), message), Received::violation);
}

using namespace std::string_view_literals;
constexpr std::string_view resume = "\x08\0\x0c\0\0\x10"sv;
INSTANTIATE_TEST_SUITE_P(Of, NetSessionLies,
                         testing::Values(Lie{"AnAckBeforeTheirResume", "", 1, "\x0a\0\x10"sv},
                                         Lie{"AnAckOnALinkThatTheyNeverResumed", resume, 2, "\x0a\0\x10"sv},
                                         Lie{"AResumeOfALinkThatIsOver", resume, 2, "\x08\1\x0c\0\0\x10"sv},
                                         Lie{"AResumeWithoutAnEpoch", "", 1, "\x08\0\0\0\0\x10"sv},
                                         Lie{"AResumeBehindWhatWasWritten", "", 1, "\x08\0\x0c\x0b\1\x10"sv},
                                         Lie{"ABeginWithoutAnEpoch", "", 1, "\x09\0\1\1\0"sv},
                                         Lie{"ABeginWithNoNumber", "", 1, "\x09\5\0\0\0"sv},
                                         Lie{"ABeginSinceNoNumber", "", 1, "\x09\5\1\0\0"sv},
                                         Lie{"ABeginSinceALaterNumber", "", 1, "\x09\5\1\2\0"sv},
                                         Lie{"ABeginWithAFlagThatThereIsNot", "", 1, "\x09\5\1\1\2"sv},
                                         Lie{"ABeginOnALinkThatWasNotResumed", "", 2, "\x09\5\1\1\0"sv}),
                         [](const auto& instance) { return std::string(instance.param.name); });

/// Its Ack of before, on the link that is over, comes behind the Resume on the next one.
TEST(NetSessionHostile, AnAckThatComesLateTakesNoCreditAway) {
    End end(here);
    Incoming message;
    Payload payload;
    const auto write_all_on = [&](LinkId link) {
        std::size_t messages = 0;
        while (end.session.next(link, payload)) messages += payload.front() == std::byte{0} ? 1U : 0U;
        return messages;
    };
    end.session.attach(1, 1);
    ASSERT_EQ(end.session.received(1, view("\x08\0\x0c\0\0\2"sv), message), Received::nothing);
    for (const char* body : {"1", "2", "3", "4", "5"}) ASSERT_TRUE(end.send(body));
    ASSERT_EQ(write_all_on(1), 2U);
    end.session.attach(2, 2);
    ASSERT_EQ(end.session.received(2, view("\x08\0\x0c\x0b\2\2"sv), message), Received::nothing);
    ASSERT_EQ(end.session.received(1, view("\x0a\1\1"sv), message), Received::nothing);
    EXPECT_EQ(write_all_on(2), 2U);
}

TEST(NetSessionHostile, ALinkIsNotOverBeforeThatIsSaid) {
    End end(plain_here);
    Incoming message;
    Payload payload;
    end.session.attach(1, 2);
    end.session.attach(2, 1);
    ASSERT_EQ(end.session.received(2, view("\x0b"sv), message), Received::nothing);
    EXPECT_FALSE(end.session.is_over(2));
    ASSERT_TRUE(end.session.next(2, payload));
    EXPECT_TRUE(end.session.is_over(2));
}

TEST(NetSessionHostile, NumbersEndWhereTheyEnd) {
    constexpr std::string_view begin_first = "\x09\5\1\1\0"sv;
    constexpr std::string_view begin_last = "\x09\5\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\1\0"sv;
    SessionOptions none = plain_there;
    none.inbox = 1;
    End end(none);
    Incoming message;
    Payload payload;
    const auto begin = [&](LinkId link, std::string_view bytes) {
        end.session.detach(link - 1);
        end.session.attach(link, 0);
        while (end.session.next(link, payload)) {
        }
        return end.session.received(link, view(bytes), message);
    };
    ASSERT_EQ(begin(1, begin_first), Received::nothing);
    ASSERT_EQ(begin(2, begin_last), Received::nothing);  // nearly all numbers were missed
    ASSERT_EQ(begin(3, "\x09\6\1\1\0"sv), Received::nothing);
    ASSERT_EQ(begin(4, "\x09\6\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\1\0"sv), Received::nothing);  // and again
    ASSERT_EQ(end.session.received(4, view("\0\1"sv), message), Received::message);
    EXPECT_EQ(message.missed, ~std::uint64_t{});
    EXPECT_EQ(end.session.received(4, view("\0\1"sv), message), Received::violation);
}

/// Of whom it is known how far it has come, nothing begins before that: but for a reliable one, which may not know.
TEST(NetSessionHostile, NumbersDoNotComeAgain) {
    End end(plain_here);
    Incoming message;
    Payload payload;
    LinkId link = 0;
    const auto begin = [&](std::string_view bytes) {
        end.session.detach(link);
        end.session.attach(++link, 0);
        while (end.session.next(link, payload)) {
        }
        return end.session.received(link, view(bytes), message);
    };
    ASSERT_EQ(begin("\x09\5\3\1\1"sv), Received::nothing);
    EXPECT_EQ(begin("\x09\5\2\1\1"sv), Received::violation);
    EXPECT_EQ(begin("\x09\5\2\1\0"sv), Received::violation);
    ASSERT_EQ(begin("\x09\6\1\1\0"sv), Received::nothing);
    EXPECT_EQ(begin("\x09\5\2\1\0"sv), Received::violation);
    EXPECT_EQ(begin("\x09\5\2\1\1"sv), Received::nothing);
}

/// However many others speak meanwhile, it is known since when the one is written to.
TEST(NetSessionHostile, WhoIsWrittenToIsNotForgotten) {
    End end(plain_here);
    Incoming message;
    Payload payload;
    LinkId link = 1;
    end.session.attach(link, 0);
    ASSERT_EQ(end.session.received(link, view("\x08\0\x0c\0\0\x10"sv), message), Received::nothing);
    for (const char epoch : {'\x21', '\x22', '\x23', '\x24', '\x25'}) {
        end.session.detach(link);
        end.session.attach(++link, 0);
        const std::string begin = {'\x09', epoch, 1, 1, 0};
        ASSERT_EQ(end.session.received(link, view(begin), message), Received::nothing);
    }
    ASSERT_EQ(end.session.received(link, view("\x08\0\x0c\0\0\x10"sv), message), Received::nothing);
    std::vector<std::string> written;
    while (end.session.next(link, payload)) written.push_back(text(payload));
    ASSERT_FALSE(written.empty());
    EXPECT_EQ(written.back(), "\x09\x0b\1\1\0"sv);
}

/// While another one is written to for all that time.
TEST(NetSessionHostile, FourThatSpeakAreRemembered) {
    End end(plain_here);
    Incoming message;
    LinkId link = 1;
    end.session.attach(link, 0);
    ASSERT_EQ(end.session.received(link, view("\x08\0\x0c\0\0\x10"sv), message), Received::nothing);
    const auto begin = [&](std::string_view bytes) {
        end.session.detach(link);
        end.session.attach(++link, 0);
        ASSERT_EQ(end.session.received(link, view(bytes), message), Received::nothing);
    };
    begin("\x09\5\3\1\1"sv);
    for (const std::string_view other : {"\x09\6\1\1\0"sv, "\x09\7\1\1\0"sv, "\x09\x08\1\1\0"sv}) begin(other);
    begin("\x09\5\2\1\1"sv);
    EXPECT_EQ(end.session.received(link, view("\0\1"sv), message), Received::nothing);
    EXPECT_EQ(end.session.received(link, view("\0\1"sv), message), Received::message);
}

TEST(NetSessionHostile, DropsNothingForWhatHasNoRoomAnyway) {
    SessionOptions small = plain_here;
    small.max_bytes = 10;
    End end(small);
    ASSERT_TRUE(end.send("urgents", Priority::urgent));
    ASSERT_TRUE(end.send("n"));
    EXPECT_EQ(end.session.drop_oldest(Priority::normal, 4), 0U);
    EXPECT_EQ(end.session.drop_oldest(Priority::urgent, 11), 0U);
    EXPECT_EQ(end.session.queued(), 2U);
    EXPECT_EQ(end.session.drop_oldest(Priority::normal, 3), 1U);
    EXPECT_EQ(end.session.drop_oldest(Priority::urgent, 10), 1U);
    EXPECT_EQ(end.session.queued_bytes(), 0U);
}

TEST(NetSessionHostile, ALinkIsOfOneOfTheirSessions) {
    End end(here);
    end.session.attach(1, 1);
    Incoming message;
    ASSERT_EQ(end.session.received(1, view("\x08\0\x0c\0\0\x10"sv), message), Received::nothing);
    end.session.attach(2, 2);
    Payload payload;
    while (end.session.next(1, payload)) {
    }
    end.session.detach(2);
    ASSERT_EQ(end.session.received(1, view("\x08\1\x0d\0\0\x10"sv), message), Received::violation);
    EXPECT_EQ(end.session.received(1, view("\x08\1\x0c\0\0\x10"sv), message), Received::violation);
    while (end.session.next(1, payload)) {  // Again
    }
    EXPECT_EQ(end.session.received(1, view("\x08\1\x0d\0\0\x10"sv), message), Received::violation);
    EXPECT_EQ(end.session.received(1, view("\x08\1\x0c\0\0\x10"sv), message), Received::nothing);
}

}  // namespace session_test
