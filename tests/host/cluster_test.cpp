/// What a cluster is judged by: that its verdict can fail, and of what.

#include "figures.hpp"
#include "sightings.hpp"
#include "verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace cluster_test {

using namespace host;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

HostStatus status(std::string name, std::uint64_t incarnation, std::uint64_t sequence, bool is_final = false) {
    return {.name = std::move(name), .incarnation = incarnation, .sequence = sequence, .is_final = is_final};
}
Announced announced(std::uint64_t incarnation, std::uint64_t number) {
    return {.from = "bob", .incarnation = incarnation, .number = number};
}

struct Seen : testing::Test {
    Sightings seen{"ada", 1};
    std::uint64_t stale() const { return seen.figures().stale; }
    std::uint64_t unmarked() const { return seen.figures().unmarked; }
};

TEST_F(Seen, NothingIsStaleOfWhatComesInOrder) {
    seen.linked(10);
    seen.saw(status("bob", 10, 1));
    seen.heard(announced(10, 1));
    seen.saw(status("bob", 10, 1));  // a new link tells again what is so
    seen.heard(announced(10, 2));
    seen.shown({status("bob", 10, 1), status("ada", 1, 5)});
    seen.lost(10);
    seen.shown({status("ada", 1, 6)});
    seen.linked(20);
    seen.saw(status("bob", 20, 1));
    seen.heard(announced(20, 4));
    seen.shown({status("bob", 20, 1), status("ada", 1, 7)});
    EXPECT_THAT(seen.figures().faults, IsEmpty());
    EXPECT_EQ(seen.figures().restarts, 1U);
    EXPECT_EQ(seen.figures().made, 2U);
    EXPECT_EQ(seen.figures().lost, 1U);
    EXPECT_EQ(seen.figures().events, 3U);
    EXPECT_EQ(seen.figures().states, 3U);
}

TEST_F(Seen, AnOlderStatusAfterANewerOneIsStale) {
    seen.saw(status("bob", 10, 2));
    seen.saw(status("bob", 10, 1));
    EXPECT_EQ(stale(), 1U);
    EXPECT_THAT(seen.figures().faults, ElementsAre("10/1 of bob came after 10/2 of bob"));
}

TEST_F(Seen, AStatusOfAFormerIncarnationIsStale) {
    seen.saw(status("bob", 20, 1));
    seen.saw(status("bob", 10, 9));
    EXPECT_EQ(stale(), 1U);
}

TEST_F(Seen, AnAnnouncementAfterALaterOneOrTwiceIsStale) {
    seen.heard(announced(10, 2));
    seen.heard(announced(10, 1));
    seen.heard(announced(10, 2));
    EXPECT_EQ(stale(), 2U);
    seen.heard(announced(20, 1));
    seen.heard(announced(10, 3));
    EXPECT_EQ(stale(), 3U);
}

TEST_F(Seen, WhatIsShownIsNotOlderThanWhatWasSeen) {
    seen.saw(status("bob", 10, 2));
    seen.shown({status("bob", 10, 1)});
    EXPECT_EQ(stale(), 1U);
    EXPECT_THAT(seen.figures().faults, ElementsAre("10/1 of bob was shown after 10/2 of bob"));
}

TEST_F(Seen, AFormerIncarnationIsNotShownBesideALinkToTheNext) {
    seen.linked(10);
    seen.saw(status("bob", 10, 2));
    seen.lost(10);
    seen.linked(20);
    seen.shown({status("bob", 10, 2)});
    EXPECT_EQ(stale(), 0U) << "20 may be anybody";
    seen.saw(status("bob", 20, 1));
    EXPECT_EQ(stale(), 1U);
    EXPECT_THAT(seen.figures().faults, ElementsAre("10/2 of bob was shown beside a link to 20"));
}

TEST_F(Seen, AGapHasAMarkOrANewLinkBeforeIt) {
    seen.linked(10);
    seen.heard(announced(10, 1));
    seen.missed(1);
    seen.heard(announced(10, 5));
    seen.linked(10);
    seen.heard(announced(10, 8));
    EXPECT_EQ(unmarked(), 0U);
    EXPECT_EQ(seen.figures().missed, 1U);
    seen.heard(announced(10, 10));
    EXPECT_EQ(unmarked(), 1U);
    EXPECT_THAT(seen.figures().faults, ElementsAre("announcement 10 of bob came after 8, and no mark"));
}

TEST_F(Seen, AHostIsGoneWithTheLastLinkToIt) {
    seen.linked(10);
    seen.linked(10);
    EXPECT_FALSE(seen.saw(status("bob", 10, 1)).value().is_started_anew);
    EXPECT_FALSE(seen.saw(status("bob", 10, 1))) << "it is here already";
    EXPECT_FALSE(seen.lost(10));
    EXPECT_EQ(seen.lost(10).value().name, "bob");
    EXPECT_FALSE(seen.saw(status("bob", 10, 2)).value().is_started_anew) << "it is back";
    seen.linked(30);
    EXPECT_FALSE(seen.lost(30)) << "it never said who it was";
    EXPECT_TRUE(seen.saw(status("bob", 20, 1)).value().is_started_anew);
}

/// Three places, of which one is empty at the end, and all is well.
std::vector<Seat> good_seats() {
    const std::vector<HostStatus> shows{status("ada", 1, 9, true), status("bob", 20, 4, true)};
    std::vector<Seat> seats;
    for (const HostStatus& own : shows) {
        Figures figures{.name = own.name, .incarnation = own.incarnation, .shows = shows, .faults = {}};
        seats.push_back({.name = own.name, .starts = 1, .agreed = figures, .at_end = figures, .exit_status = 0});
    }
    seats.push_back({.name = "dan", .starts = 1, .is_killed = true});
    return seats;
}

TEST(Verdict, IsGoodAndSaysWhoWasKilled) {
    EXPECT_THAT(faults_of(good_seats()), IsEmpty());
    EXPECT_THAT(table(good_seats()), HasSubstr("nothing was stale"));
    EXPECT_THAT(table(good_seats()), HasSubstr("was killed, and has no figures"));
}

TEST(Verdict, FailsWhenSomebodySawWhatWasStale) {
    auto seats = good_seats();
    Sightings seen("ada", 1);
    seen.saw(status("bob", 20, 4));
    seen.saw(status("bob", 20, 3));
    seats[0].at_end->stale = seen.figures().stale;
    seats[0].at_end->faults = seen.figures().faults;
    EXPECT_THAT(faults_of(seats), ElementsAre("ada saw: 20/3 of bob came after 20/4 of bob"));
    EXPECT_THAT(table(seats), HasSubstr("WRONG: ada saw"));
    EXPECT_THAT(table(seats), testing::Not(HasSubstr("nothing was stale")));
}

TEST(Verdict, FailsWhenNotAllShowTheNewestOfEach) {
    auto older = good_seats();
    older[0].agreed->shows[1].sequence = 3;
    auto former = good_seats();
    former[0].agreed->shows[1].incarnation = 10;
    auto unknown = good_seats();
    unknown[1].agreed->shows.pop_back();
    auto still_changing = good_seats();
    for (Seat& seat : still_changing)
        if (seat.agreed) seat.agreed->shows[0].is_final = false;
    auto one_too_many = good_seats();
    for (Seat& seat : one_too_many)
        if (seat.agreed) seat.agreed->shows.push_back(status("dan", 5, 1));
    for (const auto& seats : {older, former, unknown, still_changing, one_too_many})
        EXPECT_THAT(faults_of(seats), ElementsAre("at the end not all show the newest state of each"));
}

TEST(Verdict, FailsWhenAProcessFailedOrSaidNothing) {
    auto failed = good_seats();
    failed[1].exit_status = 1;
    EXPECT_THAT(faults_of(failed), ElementsAre("bob ended with 1"));
    auto silent = good_seats();
    silent[1].at_end.reset();
    EXPECT_THAT(faults_of(silent), ElementsAre("bob said nothing at its end"));
}

TEST(HostFigures, AreALine) {
    Figures figures = *good_seats()[0].agreed;
    figures.faults = {"a \"fault\"\nof two lines"};
    figures.incarnation = 1'790'000'000'123'456'789;
    const std::string line = to_line(figures);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const auto read = figures_from(line);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->incarnation, figures.incarnation);
    EXPECT_EQ(read->shows, figures.shows);
    EXPECT_EQ(read->faults, figures.faults);
    EXPECT_FALSE(figures_from("hello"));
    EXPECT_FALSE(figures_from("{}"));
}

}  // namespace cluster_test
