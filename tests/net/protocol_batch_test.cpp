#include "net/peer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

/// Events that are taken together when they have come together, and those that are written where they go out.

namespace protocol_batch_test {

using namespace net_test;
using testing::ElementsAre;
using testing::IsEmpty;

class Together : public testing::Test {
protected:
    Together() {
        link_.open();
        first_ = link_.here.subscribe({"a", "b"});
        second_ = link_.here.subscribe({"c"});
        link_.exchange();
        link_.there.log.clear();
    }
    /// Of the alias, those that the first one's action takes.
    Log taken_with_the_first(const std::vector<Event>& events) {
        Bytes piece;
        for (const Event& event : events) write(event, piece);
        Log taken;
        link_.here.on_event = [&] {
            Event event = events.front();
            while (asks_ && link_.here.protocol.next_event(event)) taken.push_back(text_of(event.payload));
            asks_ = false;
        };
        asks_ = true;
        give(link_.here, piece, link_.now);
        return taken;
    }
    [[nodiscard]] Event event(std::string_view payload) const { return {.alias = first_, .payload = view(payload)}; }

    Pair link_;
    Alias first_ = 0, second_ = 0;
    bool asks_ = false;
};

TEST_F(Together, AreThoseOfOneTypeWithoutAGap) {
    EXPECT_THAT(taken_with_the_first({event("1"), event("2"), event("3")}), ElementsAre("2", "3"));
    EXPECT_THAT(link_.here.happened(), ElementsAre("event 1.0 1")) << "they do not come once more";
}

TEST_F(Together, AreNotThoseBehindAnotherType) {
    Event other = event("3");
    other.type = 1;
    EXPECT_THAT(taken_with_the_first({event("1"), event("2"), other, event("4")}), ElementsAre("2"));
    EXPECT_THAT(link_.here.happened(), ElementsAre("event 1.0 1", "event 1.1 3", "event 1.0 4"));
}

TEST_F(Together, AreNotThoseBehindAnotherSubscription) {
    Event other = event("2");
    other.alias = second_;
    EXPECT_THAT(taken_with_the_first({event("1"), other, event("3")}), IsEmpty());
    EXPECT_THAT(link_.here.happened(), ElementsAre("event 1.0 1", "event 2.0 2", "event 1.0 3"));
}

TEST_F(Together, AreNotThoseBehindAGapOrWithAnotherMark) {
    Event missing = event("2"), replayed = event("3");
    missing.missed = 5;
    replayed.replayed = true;
    EXPECT_THAT(taken_with_the_first({event("1"), missing}), IsEmpty());
    EXPECT_THAT(link_.here.happened(), ElementsAre("event 1.0 1", "event 1.0 2 missed 5"));
    EXPECT_THAT(taken_with_the_first({event("1"), replayed}), IsEmpty());
    EXPECT_THAT(link_.here.happened(), ElementsAre("event 1.0 1", "event 1.0 3 replayed"));
}

TEST_F(Together, AreNoneThatAreTooLarge) {
    const std::string large(101, 'x');
    EXPECT_THAT(taken_with_the_first({event("1"), event("2"), event(large)}), ElementsAre("2"));
    EXPECT_THAT(link_.here.happened(), ElementsAre("event 1.0 1", testing::HasSubstr("101 bytes, of 100 at most")));
}

TEST_F(Together, AreNoneOnceItIsNotWanted) {
    Bytes piece;
    for (const std::string_view payload : {"1", "2", "3"}) write(event(payload), piece);
    bool is_next = true;
    link_.here.on_event = [&] {
        link_.here.protocol.unsubscribe(first_);
        Event next = event("1");
        is_next = link_.here.protocol.next_event(next);
    };
    give(link_.here, piece, link_.now);
    EXPECT_FALSE(is_next);
    EXPECT_THAT(link_.here.happened(), ElementsAre("event 1.0 1"));
}

TEST_F(Together, AreNoneOnceTheLinkEnds) {
    Bytes piece;
    for (const std::string_view payload : {"1", "2"}) write(event(payload), piece);
    bool is_next = true;
    link_.here.on_event = [&] {
        link_.here.protocol.close({.code = end_code::closed}, link_.now);
        Event next = event("1");
        is_next = link_.here.protocol.next_event(next);
    };
    give(link_.here, piece, link_.now);
    EXPECT_FALSE(is_next);
    EXPECT_THAT(link_.here.happened(), ElementsAre("event 1.0 1", "ended here: closed"));
}

// ---- written where they go out ----------------------------------------------------------------------------------

const auto appending = [](std::string_view payload, std::uint64_t missed = 0) {
    return [=](Bytes& out, std::size_t room, Event& event) {
        out.resize(out.size() + room);
        out.insert(out.end(), view(payload).begin(), view(payload).end());
        event.missed = missed;
        return true;
    };
};

TEST_F(Together, AreWrittenOneBehindTheOther) {
    EXPECT_EQ(link_.there.protocol.send_next(first_, appending("1")), Sent::yes);
    EXPECT_EQ(link_.there.protocol.send_next(first_, appending("2", 1'000)), Sent::yes);
    EXPECT_EQ(link_.there.protocol.send_next(second_, appending("3")), Sent::yes);
    EXPECT_EQ(link_.there.protocol.send_next(first_, appending(std::string(100, 'x'))), Sent::yes);
    EXPECT_EQ(link_.there.protocol.send_next(first_, appending("")), Sent::yes);
    link_.exchange();
    EXPECT_THAT(link_.here.happened(), ElementsAre("event 1.0 1", "event 1.0 2 missed 1000", "event 2.0 3",
                                                   "event 1.0 " + std::string(100, 'x'), "event 1.0 "));
}

TEST_F(Together, AreNoneWhereThereIsNone) {
    const auto none = [](Bytes&, std::size_t, Event&) { return false; };
    EXPECT_EQ(link_.there.protocol.send_next(first_, none), std::nullopt);
    EXPECT_EQ(link_.there.protocol.send_next(77, none), Sent::ended);
    link_.exchange();
    EXPECT_THAT(link_.here.happened(), IsEmpty());
}

TEST_F(Together, LeaveNothingOfOneThatCannotBeWritten) {
    const auto throws = [](Bytes& out, std::size_t, Event&) -> bool {
        out.resize(out.size() + 20);
        throw std::runtime_error("cannot be written");
    };
    EXPECT_EQ(link_.there.protocol.send_next(first_, appending("1")), Sent::yes);
    EXPECT_THROW(static_cast<void>(link_.there.protocol.send_next(first_, throws)), std::runtime_error);
    EXPECT_EQ(link_.there.protocol.send_next(first_, appending("2")), Sent::yes);
    link_.exchange();
    EXPECT_THAT(link_.here.happened(), ElementsAre("event 1.0 1", "event 1.0 2"));
}

}  // namespace protocol_batch_test
