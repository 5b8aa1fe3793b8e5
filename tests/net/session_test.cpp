#include "net/session_pair.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

/// What two messengers say to each other, payload by payload, over links that come and go.

namespace session_test {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(NetSession, DeliversInOrderBothWays) {
    Sessions sessions(plain_here, plain_there);
    sessions.connect();
    for (const char* body : {"a", "b", "c"}) ASSERT_TRUE(sessions.here().send(body));
    ASSERT_TRUE(sessions.there().send("x"));
    sessions.settle();
    EXPECT_THAT(sessions.there().taken, ElementsAre("a", "b", "c"));
    EXPECT_THAT(sessions.here().taken, ElementsAre("x"));
    EXPECT_EQ(sessions.here().session.queued(), 0U);
}

TEST(NetSession, KeepsMessagesUntilThereIsALink) {
    Sessions sessions(plain_here, plain_there);
    ASSERT_TRUE(sessions.here().send("a"));
    sessions.settle();
    EXPECT_EQ(sessions.here().session.queued(), 1U);
    sessions.connect();
    sessions.settle();
    EXPECT_THAT(sessions.there().taken, ElementsAre("a"));
}

TEST(NetSession, IsBoundedInMessagesAndInBytes) {
    SessionOptions options = plain_here;
    options.max_messages = 2;
    options.max_bytes = 5;
    End end(options);
    EXPECT_TRUE(end.send("123"));
    EXPECT_FALSE(end.send("456"));
    EXPECT_TRUE(end.send("45"));
    EXPECT_FALSE(end.send(""));
    EXPECT_EQ(end.session.drop_oldest(Priority::normal, 3), 1U);
    EXPECT_TRUE(end.send("456"));
    EXPECT_EQ(end.session.queued_bytes(), 5U);
}

TEST(NetSession, DropsNothingOfAHigherPriorityForALowerOne) {
    SessionOptions options = plain_here;
    options.max_messages = 2;
    Sessions sessions(options, plain_there);
    ASSERT_TRUE(sessions.here().send("urgent", Priority::urgent));
    ASSERT_TRUE(sessions.here().send("normal", Priority::normal));
    EXPECT_EQ(sessions.here().session.drop_oldest(Priority::bulk, 1), 0U);
    EXPECT_EQ(sessions.here().session.drop_oldest(Priority::urgent, 1), 1U);
    sessions.connect();
    sessions.settle();
    EXPECT_THAT(sessions.there().taken, ElementsAre("urgent"));
}

TEST(NetSession, SendsUrgentOnesFirstAndStarvesNobody) {
    Sessions sessions(plain_here, plain_there);
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(sessions.here().send(fmt::format("u{}", i), Priority::urgent));
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(sessions.here().send(fmt::format("n{}", i)));
    ASSERT_TRUE(sessions.here().send("b0", Priority::bulk));
    sessions.connect();
    sessions.settle();
    const auto& taken = sessions.there().taken;
    ASSERT_EQ(taken.size(), 23U);
    EXPECT_EQ(taken[7], "u7");
    EXPECT_THAT(std::vector(taken.begin() + 8, taken.begin() + 10), ElementsAre("n0", "b0"));
    EXPECT_EQ(taken[18], "n1");
    EXPECT_EQ(taken.back(), "u19");
}

TEST(NetSession, SaysWhatWasLostWithALink) {
    Sessions sessions(plain_here, plain_there);
    Wire& first = sessions.connect();
    sessions.settle();
    for (const char* body : {"a", "b", "c"}) ASSERT_TRUE(sessions.here().send(body));
    while (sessions.write(first, 0)) {
    }
    ASSERT_TRUE(sessions.read(first, 1));
    sessions.lose(first);
    sessions.connect();
    ASSERT_TRUE(sessions.here().send("d"));
    sessions.settle();
    EXPECT_THAT(sessions.there().taken, ElementsAre("a", "d"));
    EXPECT_EQ(sessions.there().missed, 2U);
}

/// Each writes so many that do not arrive, the first Begin neither.
class NetSessionBegin : public testing::Test {
protected:
    void lose_some(int count) {
        Wire& wire = sessions.connect();
        write_all(sessions, wire, 1);
        read_all(sessions, wire, 0);
        for (int i = 0; i < count; ++i) ASSERT_TRUE(sessions.here().send("lost"));
        write_all(sessions, wire, 0);
        sessions.lose(wire);
    }
    void expect_missed(std::uint64_t count) {
        ASSERT_TRUE(sessions.here().send("a"));
        sessions.connect();
        sessions.settle();
        EXPECT_THAT(sessions.there().taken, ElementsAre("a"));
        EXPECT_EQ(sessions.there().missed, count);
        EXPECT_EQ(sessions.here().violations + sessions.there().violations, 0U);
    }
    Sessions sessions{plain_here, plain_there};
};

TEST_F(NetSessionBegin, SaysWhatWasLostBeforeAnyThatArrived) {
    lose_some(2);
    lose_some(3);
    expect_missed(5);
}

TEST_F(NetSessionBegin, DoesNotCountWhatWasWrittenToWhoWasHereBefore) {
    lose_some(2);
    sessions.ends[1] = End({.epoch = 13});
    expect_missed(0);
}

TEST_F(NetSessionBegin, CountsFromWhereTheNextOneCame) {
    lose_some(2);
    sessions.ends[1] = End({.epoch = 13});
    lose_some(3);
    expect_missed(3);
}

TEST_F(NetSessionBegin, CountsWhatTheNextSessionHereHasLost) {
    sessions.connect();
    ASSERT_TRUE(sessions.here().send("b"));
    sessions.settle();
    sessions.lose(*sessions.wires.back());
    sessions.there().taken.clear();
    sessions.ends[0] = End({.epoch = 14});
    lose_some(2);
    expect_missed(2);
}

/// It makes two of them come in turns.
TEST_F(NetSessionBegin, CountsAllOfItInSpiteOfALateResumeOfTheirLastLife) {
    Wire& late = sessions.open();
    sessions.attach(late, 1);
    write_all(sessions, late, 1);
    late.is_attached[1] = false;
    sessions.ends[1] = End({.epoch = 13});
    lose_some(2);
    late.id = 99;
    sessions.attach(late, 0);
    read_all(sessions, late, 0);
    ASSERT_EQ(sessions.here().session.written_to(), 12U);
    sessions.lose(late);
    expect_missed(2);
}

TEST(NetSession, ReliableMissesNothingThatItsFirstBeginWasLostWith) {
    Sessions sessions(here, there);
    Wire& first = sessions.connect();
    write_all(sessions, first, 1);
    read_all(sessions, first, 0);
    ASSERT_TRUE(sessions.here().send("a"));
    write_all(sessions, first, 0);
    sessions.lose(first);
    sessions.connect();
    sessions.settle();
    EXPECT_THAT(sessions.there().taken, ElementsAre("a"));
    EXPECT_EQ(sessions.there().missed, 0U);
}

TEST(NetSession, ReliableLosesNothingWithALinkAndDoublesNothing) {
    Sessions sessions(here, there);
    Wire& first = sessions.connect();
    sessions.settle();
    for (const char* body : {"a", "b", "c"}) ASSERT_TRUE(sessions.here().send(body));
    while (sessions.write(first, 0)) {
    }
    ASSERT_TRUE(sessions.read(first, 1));
    sessions.lose(first);
    EXPECT_EQ(sessions.here().session.queued(), 3U);
    sessions.connect();
    ASSERT_TRUE(sessions.here().send("d"));
    sessions.settle();
    EXPECT_THAT(sessions.there().taken, ElementsAre("a", "b", "c", "d"));
    EXPECT_EQ(sessions.here().session.queued(), 0U);
    EXPECT_EQ(sessions.here().session.queued_bytes(), 0U);
    EXPECT_EQ(sessions.here().session.take_unconfirmed(), 0U);
}

TEST(NetSession, SaysWhatNobodyKnowsWhenTheOtherSideWasStartedAnew) {
    Sessions sessions(here, there);
    Wire& first = sessions.connect();
    sessions.settle();
    for (const char* body : {"a", "b"}) ASSERT_TRUE(sessions.here().send(body));
    while (sessions.write(first, 0)) {
    }
    ASSERT_TRUE(sessions.here().send("c"));  // not written
    sessions.lose(first);
    sessions.ends[1] = End({.epoch = 13, .is_reliable = true});
    sessions.connect();
    sessions.settle();
    EXPECT_EQ(sessions.here().session.take_unconfirmed(), 2U);
    EXPECT_THAT(sessions.there().taken, ElementsAre("c"));
}

TEST(NetSession, ANewQueueOfARestartedSenderIsNotTakenForTheOldOne) {
    Sessions sessions(here, there);
    Wire& first = sessions.connect();
    ASSERT_TRUE(sessions.here().send("a"));
    sessions.settle();
    sessions.lose(first);
    sessions.ends[0] = End({.epoch = 14, .is_reliable = true});
    ASSERT_TRUE(sessions.here().send("b"));
    sessions.connect();
    sessions.settle();
    EXPECT_THAT(sessions.there().taken, ElementsAre("a", "b"));
    EXPECT_EQ(sessions.here().session.take_unconfirmed(), 0U);
}

TEST(NetSession, AReliableSenderWaitsUntilTheInboxHasRoom) {
    SessionOptions small = there;
    small.inbox = 2;
    Sessions sessions(here, small);
    Wire& wire = sessions.connect();
    for (const char* body : {"a", "b", "c", "d", "e"}) ASSERT_TRUE(sessions.here().send(body));
    exchange(sessions, wire);
    EXPECT_THAT(sessions.there().inbox, ElementsAre("a", "b"));
    sessions.there().take(1);
    exchange(sessions, wire);
    EXPECT_THAT(sessions.there().inbox, ElementsAre("b", "c"));
    sessions.settle();
    EXPECT_THAT(sessions.there().taken, ElementsAre("a", "b", "c", "d", "e"));
}

TEST(NetSession, APlainQueueIsMissedWhatTheInboxHadNoRoomFor) {
    SessionOptions small = plain_there;
    small.inbox = 2;
    Sessions sessions(plain_here, small);
    Wire& wire = sessions.connect();
    for (const char* body : {"a", "b", "c", "d"}) ASSERT_TRUE(sessions.here().send(body));
    for (int i = 0; i < 3; ++i) {
        while (sessions.write(wire, 1)) {
        }
        while (sessions.read(wire, 0)) {
        }
        while (sessions.write(wire, 0)) {
        }
        while (sessions.read(wire, 1)) {
        }
    }
    EXPECT_THAT(sessions.there().inbox, ElementsAre("a", "b"));
    sessions.there().take();
    ASSERT_TRUE(sessions.here().send("e"));
    sessions.settle();
    EXPECT_THAT(sessions.there().taken, ElementsAre("a", "b", "e"));
    EXPECT_EQ(sessions.there().missed, 2U);
}

TEST(NetSession, OfTwoLinksOneWinsAndTheOtherIsOverOnBothSides) {
    Sessions sessions(plain_here, plain_there);
    Wire& low = sessions.connect(1);
    ASSERT_TRUE(sessions.here().send("a"));
    ASSERT_TRUE(sessions.there().send("x"));
    while (sessions.write(low, 0)) {
    }
    Wire& high = sessions.open(2);  // both have dialed
    sessions.attach(high, 0);
    ASSERT_TRUE(sessions.here().send("b"));
    sessions.settle();
    sessions.attach(high, 1);
    ASSERT_TRUE(sessions.there().send("y"));
    sessions.settle();
    EXPECT_THAT(sessions.there().taken, ElementsAre("a", "b"));
    EXPECT_THAT(sessions.here().taken, ElementsAre("x", "y"));
    EXPECT_TRUE(sessions.here().session.is_over(low.id));
    EXPECT_TRUE(sessions.there().session.is_over(low.id));
    EXPECT_FALSE(sessions.here().session.is_over(high.id));
    EXPECT_EQ(sessions.here().missed + sessions.there().missed, 0U);
}

TEST(NetSession, GoesBackToTheOtherLinkWhenTheBetterOneIsLost) {
    Sessions sessions(here, there);
    Wire& low = sessions.connect(1);
    sessions.settle();
    Wire& high = sessions.connect(2);
    sessions.settle();
    ASSERT_TRUE(sessions.here().session.is_over(low.id));
    sessions.lose(high);
    ASSERT_TRUE(sessions.here().send("a"));
    ASSERT_TRUE(sessions.there().send("x"));
    sessions.settle();
    EXPECT_THAT(sessions.there().taken, ElementsAre("a"));
    EXPECT_THAT(sessions.here().taken, ElementsAre("x"));
}

TEST(NetSession, ABetterLinkThatOnlyOneSideEverSawIsNoLoss) {
    Sessions sessions(here, there);
    Wire& low = sessions.connect(1);
    sessions.settle();
    Wire& high = sessions.open(2);
    sessions.attach(high, 0);
    ASSERT_TRUE(sessions.here().send("a"));
    sessions.settle();
    EXPECT_THAT(sessions.there().taken, IsEmpty());
    sessions.lose(high);
    sessions.settle();
    EXPECT_THAT(sessions.there().taken, ElementsAre("a"));
    EXPECT_FALSE(sessions.here().session.is_over(low.id));
}

TEST(NetSession, EachKindHasItsIdAndItsBody) {
    Sessions sessions(plain_here, plain_there);
    Wire& wire = sessions.connect();
    sessions.settle();
    for (const Kind kind : {Kind::request, Kind::answer, Kind::cancel, Kind::failure}) {
        ASSERT_TRUE(sessions.here().send("body", Priority::normal, kind));
        Payload payload;
        ASSERT_TRUE(sessions.here().session.next(wire.id, payload));
        EXPECT_EQ(payload.front(), static_cast<std::byte>(kind));
        EXPECT_EQ(text(payload).substr(1), kind <= Kind::answer ? "\1\7body" : "\7body");
    }
}

/// Of equal ones each side uses the newest, and they are not attached in the same order here and there.
TEST(NetSession, EachDirectionHasALinkOfItsOwnWhereTheNewestIsNotTheSame) {
    Sessions sessions(here, there);
    Wire& one = sessions.open();
    Wire& two = sessions.open();
    sessions.attach(one, 0);
    ASSERT_TRUE(sessions.here().send("a"));
    sessions.settle();
    sessions.attach(two, 1);
    ASSERT_TRUE(sessions.there().send("x"));
    sessions.settle();
    sessions.attach(two, 0);
    sessions.attach(one, 1);
    for (const char* body : {"b", "c"}) ASSERT_TRUE(sessions.here().send(body));
    for (const char* body : {"y", "z"}) ASSERT_TRUE(sessions.there().send(body));
    sessions.settle();
    for (End& end : sessions.ends) {
        EXPECT_FALSE(end.session.is_over(one.id));
        EXPECT_FALSE(end.session.is_over(two.id));
    }
    sessions.lose(one);
    ASSERT_TRUE(sessions.here().send("d"));
    ASSERT_TRUE(sessions.there().send("!"));
    sessions.settle();
    EXPECT_THAT(sessions.there().taken, ElementsAre("a", "b", "c", "d"));
    EXPECT_THAT(sessions.here().taken, ElementsAre("x", "y", "z", "!"));
    EXPECT_EQ(sessions.here().violations + sessions.there().violations, 0U);
}

TEST(NetSession, SaysWhatIsLostWhenItGoes) {
    Sessions sessions(here, there);
    Wire& wire = sessions.connect();
    sessions.settle();
    ASSERT_TRUE(sessions.here().send("a"));
    ASSERT_TRUE(sessions.write(wire, 0));
    ASSERT_TRUE(sessions.here().send("b"));
    ASSERT_TRUE(sessions.here().send("c"));
    EXPECT_EQ(sessions.here().session.unfinished().unsent, 2U);
    EXPECT_EQ(sessions.here().session.unfinished().unconfirmed, 1U);
}

// ---- who breaks the rules ---------------------------------------------------------------------------------------

struct Case {
    const char* name;
    std::string_view payload;
};

class NetSessionViolation : public testing::TestWithParam<Case> {};

TEST_P(NetSessionViolation, IsFoundOut) {
    SessionOptions small = there;
    small.inbox = 1;
    Sessions sessions(here, small);
    Wire& wire = sessions.connect();
    ASSERT_TRUE(sessions.here().send("a"));
    while (sessions.write(wire, 1)) {
    }
    while (sessions.read(wire, 0)) {
    }
    while (sessions.write(wire, 0)) {
    }
    while (sessions.read(wire, 1)) {
    }
    ASSERT_THAT(sessions.there().inbox, ElementsAre("a"));  // and it is full
    Incoming message;
    EXPECT_EQ(sessions.there().session.received(wire.id, view(GetParam().payload), message), Received::violation);
}

using namespace std::string_view_literals;
INSTANTIATE_TEST_SUITE_P(
    Of, NetSessionViolation,
    testing::Values(Case{"Nothing", ""sv}, Case{"UnknownKind", "\x05"sv}, Case{"UnknownCode", "\x0d"sv},
                    Case{"MessageWithoutType", "\0"sv}, Case{"CancelWithoutId", "\3"sv},
                    Case{"RequestWithoutId", "\1\1"sv}, Case{"BeyondItsCredit", "\0\1b"sv},
                    Case{"ASecondResume", "\x08\0\1\0\0\1"sv}, Case{"AResumeOfLater", "\x08\1\1\0\0\1"sv},
                    Case{"AShortResume", "\x08\0\1\0\0"sv}, Case{"ALongResume", "\x08\0\1\0\0\1\1"sv},
                    Case{"ASecondBegin", "\x09\x0b\2\1\1"sv}, Case{"AShortBegin", "\x09\x0b\2\1"sv},
                    Case{"AcknowledgesWhatWasNotSent", "\x0a\1\1"sv}, Case{"ALongOver", "\x0b\1"sv},
                    Case{"AgainWithoutOver", "\x0c"sv}, Case{"ANumberThatIsTooLong", "\x0a\x80\0\1"sv}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST(NetSession, TakesNoMessageOnALinkThatItHasNotResumed) {
    Sessions sessions(plain_here, plain_there);
    Wire& one = sessions.connect();
    Wire& two = sessions.connect();
    sessions.settle();
    Incoming message;
    EXPECT_EQ(sessions.there().session.received(one.id, view(std::string_view("\0\1", 2)), message),
              Received::violation);
    EXPECT_EQ(sessions.there().session.received(two.id, view(std::string_view("\0\1", 2)), message), Received::message);
}

TEST(NetSession, TakesNoAcknowledgementOfWhatWasNotWrittenAgain) {
    Sessions sessions(here, there);
    Wire& first = sessions.connect();
    sessions.settle();
    for (const char* body : {"a", "b"}) ASSERT_TRUE(sessions.here().send(body));
    while (sessions.write(first, 0)) {
    }
    sessions.lose(first);
    Wire& second = sessions.connect();
    while (sessions.write(second, 1)) {
    }
    while (sessions.read(second, 0)) {
    }
    ASSERT_TRUE(sessions.write(second, 0));  // Resume
    ASSERT_TRUE(sessions.write(second, 0));  // Begin
    ASSERT_TRUE(sessions.write(second, 0));  // "a"
    Incoming message;
    EXPECT_EQ(sessions.here().session.received(second.id, view("\x0a\1\x10"), message), Received::nothing);
    EXPECT_EQ(sessions.here().session.queued(), 1U);
    EXPECT_EQ(sessions.here().session.received(second.id, view("\x0a\2\x10"), message), Received::violation);
}

TEST(NetSession, AllBytesOfOneOrTwoAreAnswered) {
    Sessions sessions(here, there);
    for (unsigned first = 0; first < 256; ++first) {
        for (unsigned second = 0; second < 257; ++second) {
            Wire& wire = sessions.connect();
            const std::byte bytes[] = {std::byte(first), std::byte(second)};
            Incoming message;
            static_cast<void>(
                sessions.there().session.received(wire.id, ByteView(bytes).first(second == 256 ? 1 : 2), message));
            sessions.lose(wire);
            sessions.wires.clear();
        }
    }
}

// ---- cuts everywhere --------------------------------------------------------------------------------------------

/// The `cut`th payload, and all behind it, never arrive; or there is none of that number any more.
bool try_cut_at(int cut, bool is_reliable, bool restarts) {
    SessionOptions from = here, to = there;
    from.is_reliable = to.is_reliable = is_reliable;
    to.inbox = 3;
    Sessions sessions(from, to);
    constexpr int count = 12;
    std::vector<std::string> sent;
    for (int i = 0; i < count; ++i) {
        sent.push_back(std::to_string(i));
        EXPECT_TRUE(sessions.here().send(sent.back()));
        EXPECT_TRUE(sessions.there().send(sent.back()));
    }
    Wire* wire = &sessions.connect();
    bool was_cut = false;
    for (bool goes_on = true; goes_on && !was_cut;) {
        goes_on = false;
        for (const std::size_t end : {0U, 1U}) {
            if (sessions.write(*wire, end) && !was_cut) was_cut = cut-- == 0;
            if (was_cut) break;
            goes_on |= sessions.read(*wire, end);
            sessions.ends[end].take(1);
        }
    }
    sessions.lose(*wire);
    std::vector<std::string> taken_before = sessions.there().taken;
    if (restarts) {
        taken_before.insert(taken_before.end(), sessions.there().inbox.begin(), sessions.there().inbox.end());
        to.epoch = 77;
        sessions.ends[1] = End(to);
    } else {
        taken_before.clear();
    }
    sessions.connect();
    sessions.settle();
    std::vector<std::string> taken = taken_before;
    taken.insert(taken.end(), sessions.there().taken.begin(), sessions.there().taken.end());
    const std::size_t unconfirmed = sessions.here().session.take_unconfirmed();
    if (is_reliable && !restarts) {
        EXPECT_EQ(taken, sent) << cut;
        EXPECT_EQ(sessions.here().taken, sent) << cut;
        EXPECT_EQ(unconfirmed, 0U);
    } else {
        EXPECT_TRUE(std::ranges::is_sorted(taken, {}, [](const auto& each) { return std::stoi(each); }));
        EXPECT_EQ(std::set(taken.begin(), taken.end()).size(), taken.size()) << "twice";
        if (is_reliable) {
            EXPECT_GE(taken.size() + unconfirmed, sent.size());
        }
    }
    EXPECT_EQ(sessions.here().violations + sessions.there().violations, 0U) << cut;
    EXPECT_EQ(sessions.disagreements, 0U);
    return was_cut;
}

TEST(NetSession, MayBeCutAtEveryPayload) {
    for (const bool is_reliable : {false, true}) {
        for (const bool restarts : {false, true}) {
            int cut = 0;
            while (try_cut_at(cut, is_reliable, restarts)) ++cut;
            EXPECT_GT(cut, 24);
        }
    }
}

// ---- random schedules -------------------------------------------------------------------------------------------

struct Direction {
    std::vector<int> sent = {};         // accepted, and takes room
    std::vector<int> sent_beside = {};  // accepted, and takes none
    std::vector<int> got = {};          // by whatever instance of the other side
    std::vector<int> got_beside = {};
    std::size_t refused = 0;
    std::uint64_t missed = 0;
    std::size_t unconfirmed = 0;
    std::size_t lost = 0;  // in the queue of who was started anew
};

class Schedule {
public:
    explicit Schedule(std::uint64_t seed) : random_(seed) {
        for (const std::size_t end : {0U, 1U}) sessions_.ends[end] = anew(end);
    }
    void run() {
        for (int i = 0; i < 300; ++i) step();
        for (auto& wire : sessions_.wires) {
            for (const std::size_t end : {0U, 1U}) sessions_.notice(*wire, end);
            for (const std::size_t end : {0U, 1U}) sessions_.attach(*wire, end);
        }
        sessions_.connect(9);
        sessions_.settle();
        for (const std::size_t end : {0U, 1U}) send(end, Kind::message);  // says what was missed
        sessions_.settle();
        for (const std::size_t end : {0U, 1U}) expect_all(end);
    }

private:
    std::size_t below(std::uint64_t limit) { return std::size_t{random_() % limit}; }
    End anew(std::size_t end) {
        options_.epoch = epochs_[end] = ++epoch_;
        return End(options_);
    }

    void step() {
        const std::size_t end = below(2);
        Wire* const wire = sessions_.wires.empty() ? nullptr : sessions_.wires[below(sessions_.wires.size())].get();
        switch (below(16)) {
            case 0:
                if (sessions_.wires.size() < 4) open();
                break;
            case 1:
                if (wire != nullptr && below(3) == 0) sessions_.cut(*wire);
                break;
            case 2:
                if (wire != nullptr) sessions_.notice(*wire, end);
                if (wire != nullptr && wire->is_cut && !wire->is_attached[0] && !wire->is_attached[1])
                    std::erase_if(sessions_.wires, [&](const auto& each) { return each.get() == wire; });
                break;
            case 3:
            case 4:
                if (wire != nullptr) sessions_.attach(*wire, end);
                break;
            case 5:
                send(end, Kind::message);
                break;
            case 6:
                send_beside(end);
                break;
            case 7:
                sessions_.ends[end].take(1);
                break;
            case 8:
                if (restarts_ && below(6) == 0) restart(end);
                break;
            case 9:
            case 10:
            case 11:
            case 12:
                if (wire != nullptr) sessions_.write(*wire, end);
                break;
            default:
                if (wire != nullptr) sessions_.read(*wire, end);
                break;
        }
    }

    void open() {
        Wire& opened = sessions_.open(below(3));
        if (agree_on_rank_) return;
        opened.is_attached[0] = opened.is_attached[1] = true;
        for (auto& each : sessions_.ends) each.session.attach(opened.id, below(3));
    }

    void send(std::size_t end, Kind kind, std::uint64_t id = 0, std::uint64_t only_to = 0) {
        End& from = sessions_.ends[end];
        const int number = ++number_;
        const std::size_t before = from.session.queued();
        if (kind == Kind::request) id = static_cast<std::uint64_t>(number);
        if (!from.send(std::to_string(number), Priority::normal, kind, id, only_to)) return;
        if (from.session.queued() == before) return;  // it is for nobody that there is
        Direction& way = to_[1 - end];
        (takes_room(kind) ? way.sent : way.sent_beside).push_back(number);
        only_to_[number] = only_to;
    }
    void send_beside(std::size_t end) {
        End& from = sessions_.ends[end];
        switch (below(4)) {
            case 0:
                return send(end, Kind::request);
            case 1:  // whichever was asked last
                for (std::size_t i = from.came.size(); i-- > 0;) {
                    if (const Came& asked = from.came[i]; asked.kind == Kind::request)
                        return send(end, below(3) == 0 ? Kind::failure : Kind::answer, asked.id, asked.of);
                }
                return;
            case 2:
                if (from.session.written_to() != 0) send(end, Kind::cancel, 1, from.session.written_to());
                return;
            default:
                auto& sent = to_[1 - end].sent;
                if (!sent.empty() && from.session.take_back(static_cast<std::uint64_t>(sent.back()))) sent.pop_back();
                return;
        }
    }

    void restart(std::size_t end) {
        collect(end);
        collect(1 - end);
        to_[1 - end].lost += sessions_.ends[end].session.queued();
        for (auto& each : sessions_.wires) {
            sessions_.cut(*each);
            sessions_.notice(*each, 1 - end);
        }
        sessions_.wires.clear();
        ASSERT_EQ(sessions_.ends[end].violations, 0U);
        sessions_.ends[end] = anew(end);
        came_before_[end] = 0;
    }

    void collect(std::size_t end) {
        End& at = sessions_.ends[end];
        Direction& way = to_[end];
        for (std::size_t& i = came_before_[end]; i < at.came.size(); ++i) {
            const Came& came = at.came[i];
            const int number = std::stoi(came.body);
            (takes_room(came.kind) ? way.got : way.got_beside).push_back(number);
            const std::uint64_t only_to = only_to_.at(number);
            EXPECT_TRUE(only_to == 0 || only_to == epochs_[end]) << "it is for another one";
        }
        way.refused += std::exchange(at.refused, {}).size();
        way.missed += std::exchange(at.missed, 0);
        to_[1 - end].unconfirmed += at.session.take_unconfirmed();
    }

    void expect_all(std::size_t end) {
        const End& at = sessions_.ends[end];
        collect(end);
        collect(1 - end);
        EXPECT_EQ(at.violations, 0U);
        EXPECT_EQ(at.session.queued(), 0U) << "left lying";
        EXPECT_EQ(at.session.queued_bytes(), 0U);
        EXPECT_EQ(sessions_.disagreements, 0U);
        const Direction& way = to_[end];
        for (const auto& got : {way.got, way.got_beside}) {
            EXPECT_TRUE(std::ranges::is_sorted(got));
            EXPECT_EQ(std::ranges::adjacent_find(got), got.end()) << "twice";
        }
        const std::size_t got = way.got.size() + way.got_beside.size() + way.refused;
        if (is_reliable_ && !restarts_) {
            EXPECT_EQ(way.got, way.sent);
            EXPECT_EQ(way.got_beside, way.sent_beside);
            EXPECT_EQ(way.unconfirmed + way.missed + way.refused, 0U);
        } else if (is_reliable_) {
            EXPECT_GE(way.got.size() + way.unconfirmed + way.lost, way.sent.size());
        } else if (!restarts_) {
            EXPECT_EQ(got + way.missed, way.sent.size() + way.sent_beside.size());
        } else {
            EXPECT_LE(got + way.missed, way.sent.size() + way.sent_beside.size());
        }
    }

    std::mt19937_64 random_;
    const bool is_reliable_ = below(4) != 0;
    const bool restarts_ = below(3) == 0;
    const bool agree_on_rank_ = below(4) != 0;
    SessionOptions options_{.is_reliable = is_reliable_, .max_messages = 8, .inbox = 1 + below(6)};
    std::uint64_t epoch_ = 1;
    std::uint64_t epochs_[2] = {0, 0};
    Sessions sessions_{{.epoch = 1}, {.epoch = 1}};
    Direction to_[2];
    std::size_t came_before_[2] = {0, 0};
    std::map<int, std::uint64_t> only_to_;
    int number_ = 0;
};

TEST(NetSession, LosesNothingInAnyOfManySchedules) {
    for (std::uint64_t seed = 1; seed <= 10'000 && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE(fmt::format("seed {}", seed));
        Schedule(seed).run();
    }
}

}  // namespace session_test
