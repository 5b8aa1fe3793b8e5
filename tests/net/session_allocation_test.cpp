#include "allocation.hpp"
#include "net/session_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>

/// What a session and its parcels allocate, and what becomes of them where there is no memory.

namespace session_test {

using testing::ElementsAre;

/// The `n`th allocation of writing fails; or there are not so many.
bool try_without_memory(long n) {
    Sessions sessions(here, there);
    Wire& wire = sessions.connect();
    for (const char* body : {"a", "b"}) {
        EXPECT_TRUE(sessions.here().send(body));
        EXPECT_TRUE(sessions.there().send(body));
    }
    long left = n;
    for (bool goes_on = true; goes_on;) {
        goes_on = false;
        for (const std::size_t end : {0U, 1U}) {
            Payload payload;
            bool has_more = false;
            allocation::until_failure = left;
            try {
                has_more = sessions.ends[end].session.next(wire.id, payload);
                if (left >= 0) left = allocation::until_failure;
            } catch (const std::bad_alloc&) {
                left = -1;
                goes_on = true;
            }
            allocation::until_failure = -1;
            if (has_more) wire.on_its_way[1 - end].push_back(std::move(payload));
            goes_on |= has_more;
            goes_on |= sessions.read(wire, end);
            sessions.ends[end].take();
        }
    }
    EXPECT_THAT(sessions.here().taken, ElementsAre("a", "b")) << n;
    EXPECT_THAT(sessions.there().taken, ElementsAre("a", "b")) << n;
    EXPECT_EQ(sessions.here().session.queued() + sessions.there().session.queued(), 0U) << n;
    EXPECT_EQ(sessions.here().session.queued_bytes(), 0U) << n;
    EXPECT_EQ(sessions.here().violations + sessions.there().violations, 0U) << n;
    return left < 0;
}

TEST(NetSessionAllocation, WhatIsNotWrittenForWantOfMemoryIsWrittenLater) {
    long n = 0;
    while (try_without_memory(n)) ++n;
    EXPECT_GT(n, 8);
}

/// Where there is no memory to send it when its asker resumes, the link is lost, and the answer waits for the next one.
TEST(NetSessionAllocation, AnAnswerThatWaitsForItsAskerIsNotLostForWantOfMemory) {
    bool has_failed = true;
    for (long n = 0; has_failed; ++n) {
        Sessions sessions(here, there);
        Wire& first = sessions.connect();
        sessions.settle();
        ASSERT_TRUE(sessions.there().send("?", Priority::normal, Kind::request));
        sessions.settle();
        Wire& stale = sessions.open(1);
        sessions.attach(stale, 0);
        Incoming message;
        ASSERT_EQ(sessions.here().session.received(stale.id, view(std::string_view("\x08\0\x0d\0\0\x10", 6)), message),
                  Received::nothing);
        for (int i = 0; i < 9; ++i) ASSERT_TRUE(sessions.here().send_only("!", Kind::answer));
        sessions.lose(stale);
        sessions.lose(first);
        const auto resume = [&](Wire& wire) {
            write_all(sessions, wire, 1);
            const Payload payload = wire.on_its_way[0].front();
            wire.on_its_way[0].pop_front();
            return sessions.here().session.received(wire.id, payload, message);
        };
        Wire& second = sessions.connect();
        try {
            has_failed = allocation::failing(n, [&] { ASSERT_EQ(resume(second), Received::nothing); });
        } catch (const std::bad_alloc&) {
        }
        sessions.lose(second);
        sessions.connect();
        sessions.settle();
        EXPECT_EQ(sessions.there().came.size(), 9U) << n;
        EXPECT_EQ(sessions.here().session.queued(), 0U);
        ASSERT_LT(n, 30);
    }
}

TEST(NetSessionAllocation, AParcelCostsTheSameHoweverManyThereAre) {
    ParcelPool pool;
    std::vector<ParcelPtr> parcels;
    parcels.reserve(10'000);
    allocation::largest = 0;
    for (int i = 0; i < 10'000; ++i) parcels.push_back(pool.take());
    EXPECT_LE(allocation::largest, 1'024U);
    parcels.clear();
    const long before = allocation::count;
    parcels.push_back(pool.take());
    EXPECT_EQ(allocation::count, before);
}

// ---- what a burst leaves ----------------------------------------------------------------------------------------

using event::net::detail::Fifo;

void fill_and_empty(Fifo<int>& fifo, int count) {
    for (int i = 0; i < count; ++i) fifo.push(int{i});
    for (int i = 0; i < count; ++i) EXPECT_EQ(fifo.pop(), i);
}

TEST(NetSessionAllocation, AQueueGivesBackWhatABurstTook) {
    Fifo<int> fifo;
    fill_and_empty(fifo, 64);
    EXPECT_EQ(fifo.capacity(), 64U);
    fill_and_empty(fifo, 1'000);
    EXPECT_EQ(fifo.capacity(), 0U);
    fill_and_empty(fifo, 64);
    for (int i = 0; i < 31; ++i) fill_and_empty(fifo, 1);
    EXPECT_EQ(fifo.capacity(), 64U);
}

TEST(NetSessionAllocation, AQueueAllocatesNothingForBurstsThatComeAgainAndAgain) {
    Fifo<int> fifo;
    const auto round = [&] {
        fill_and_empty(fifo, 1'000);
        for (int i = 0; i < 31; ++i) fill_and_empty(fifo, 1);
    };
    round();
    round();
    const long before = allocation::count;
    for (int i = 0; i < 10; ++i) round();
    EXPECT_EQ(allocation::count, before);
    fill_and_empty(fifo, 1);
    EXPECT_EQ(fifo.capacity(), 0U) << "there were none for long";
    for (int i = 0; i < 100; ++i) fill_and_empty(fifo, 64);
    EXPECT_EQ(fifo.capacity(), 64U);
}

}  // namespace session_test
