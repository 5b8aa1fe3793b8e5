#include "link_fixture.hpp"

#include <boost/asio/thread_pool.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <future>
#include <iterator>
#include <memory>
#include <random>
#include <thread>

/// Components on many buses that are linked, beside the same components on ONE bus: what they hear is the same.

namespace link_buses_test {

using namespace links;

struct Said {
    static constexpr std::string_view event_name = "said";
    int by = 0;
    int number = 0;
    std::string text = {};
};
struct Waved {
    static constexpr std::string_view event_name = "waved";
    int by = 0;
    int number = 0;
};
struct Mood {
    static constexpr std::string_view event_name = "mood";
    int by = 0;
    int level = 0;
};

using Talk = event::Subscription<Said, Waved>;
using Lines = std::vector<std::string>;
constexpr std::size_t ample = 10'000;

std::string line_of(const Said& said) { return fmt::format("{} said {} {}", said.by, said.number, said.text); }
std::string line_of(const Waved& waved) { return fmt::format("{} waved {}", waved.by, waved.number); }
std::string line_of(const Mood& mood) { return fmt::format("{} is {}", mood.by, mood.level); }

Lines heard(Talk& talk) {
    Lines lines;
    for (const auto& delivery : event::testing::take_all(talk)) {
        EXPECT_EQ(delivery.missed(), 0U);
        lines.push_back(delivery.visit([](const auto& event) { return line_of(event); }));
    }
    return lines;
}
Lines without(const Lines& lines, int by) {
    Lines others;
    std::ranges::copy_if(lines, std::back_inserter(others),
                         [&](const std::string& line) { return !line.starts_with(fmt::format("{} ", by)); });
    return others;
}
std::string latest(const event::ValueView<Mood>& view) {
    const auto mood = view.try_get();
    return mood ? line_of(**mood) : "none";
}

/// A bus with one component, and the links to others.
struct Place {
    Place(asio::io_context& io, int number) : bus(io), id(number) {}

    event::EventBus bus;
    int id;
    event::Emitter<Said, Waved> voice = bus.emitter<Said, Waved>();
    event::Value<Mood> mood = bus.value<Mood>();
    std::deque<Link> links;
    std::vector<Talk> talks;                    // in the order of the links
    std::vector<event::ValueView<Mood>> moods;  // the same
};

class Buses : public testing::TestWithParam<int> {
protected:
    Buses() {
        for (int i = 0; i < GetParam(); ++i) {
            places_.push_back(std::make_unique<Place>(io_, i));
            voices_.push_back(whole_.emitter<Said, Waved>());
        }
    }
    ~Buses() override {
        for (const auto& place : places_) place->links.clear();
        drive(io_);
    }

    /// A link at each of the two.
    std::pair<Link&, Link&> link(Place& a, Place& b) {
        auto [here, there] = duplex::pair(io_);
        return {a.links.emplace_back(a.bus, std::move(here)), b.links.emplace_back(b.bus, std::move(there))};
    }
    void run() {
        for (const auto& place : places_)
            for (Link& link : place->links)
                link.async_run([this](const error_code& error) {
                    EXPECT_FALSE(error) << error.message();
                    ++over_;
                });
        drive(io_);
    }
    Place& somebody() { return *places_[random_() % places_.size()]; }
    /// A component does something, on its bus and on the whole one.
    void act(Place& place) {
        const int number = ++acts_;
        switch (random_() % 3) {
            case 0: {
                const Said said{place.id, number, std::string(random_() % 50, '.')};
                place.voice.emit(said);
                voices_[static_cast<std::size_t>(place.id)].emit(said);
                break;
            }
            case 1: {
                const Waved waved{place.id, number};
                place.voice.emit(waved);
                voices_[static_cast<std::size_t>(place.id)].emit(waved);
                break;
            }
            default:
                place.mood.set({place.id, number});
                mood_.set({place.id, number});
                moods_of_[place.id] = number;
                break;
        }
    }
    Talk whole_talk() { return whole_.subscribe<Said, Waved>({.capacity = ample}); }
    Talk whole_talk_of(int by) {
        return whole_.subscribe<Said, Waved>({.capacity = ample},
                                             event::where([by](const auto& event) { return event.by == by; }));
    }
    /// Closes every link, in a random order and from either side: nothing is left.
    void expect_nothing_left() {
        std::vector<Link*> links;
        for (const auto& place : places_)
            for (Link& link : place->links) links.push_back(&link);
        std::ranges::shuffle(links, random_);
        for (Link* link : links) {
            link->close();
            if (random_() % 4 == 0) drive(io_);
        }
        drive(io_);
        EXPECT_EQ(over_, links.size());
        for (const Link* link : links) {
            const LinkStat stat = link->stat();
            EXPECT_EQ(stat.state, LinkState::closed);
            EXPECT_EQ(stat.serving + stat.consuming + stat.held, 0U);
        }
        for (const auto& place : places_) {
            for (Talk& talk : place->talks) talk.close();
            const event::BusReport report = place->bus.report();
            EXPECT_TRUE(report.subscriptions.empty());
            EXPECT_EQ(report.emitters.size(), 2U) << "the component's own";
            EXPECT_EQ(report.topics.size(), 3U);
            for (const event::TopicReport& topic : report.topics) EXPECT_EQ(topic.emitters, 1U) << topic.name;
            for (const event::ValueReport& value : report.values) EXPECT_EQ(value.watchers, 0U) << value.name;
        }
    }

    asio::io_context io_;
    event::testing::ManualClock clock_{io_};
    std::mt19937_64 random_{16};
    event::EventBus whole_{io_};
    std::vector<event::Emitter<Said, Waved>> voices_;
    event::Value<Mood> mood_ = whole_.value<Mood>();
    std::map<int, int> moods_of_;
    std::vector<std::unique_ptr<Place>> places_;
    std::size_t over_ = 0;
    int acts_ = 0;
};

// ---- each with each: one subscription for each far bus -----------------------------------------------------------

class LinkedEachWithEach : public Buses {
protected:
    LinkedEachWithEach() {
        for (std::size_t i = 0; i < places_.size(); ++i)
            for (std::size_t j = 0; j < i; ++j) {
                auto [here, there] = link(*places_[i], *places_[j]);
                for (Link* link : {&here, &there}) link->serve<Said, Waved, Mood>({.capacity = ample});
                listen(*places_[i], here);
                listen(*places_[j], there);
                of_.push_back({places_[i].get(), places_[j].get()});
            }
        for (const auto& place : places_) whole_talks_.push_back(whole_talk_of(place->id));
        run();
    }
    static void listen(Place& place, Link& link) {
        place.talks.push_back(link.subscribe<Said, Waved>({.capacity = ample}));
        place.moods.push_back(link.watch<Mood>());
    }

    /// Each hears of each what a subscriber of the one bus hears of that component.
    void compare() {
        std::map<int, Lines> expected;
        for (std::size_t i = 0; i < places_.size(); ++i) expected[places_[i]->id] = heard(whole_talks_[i]);
        std::map<const Place*, std::size_t> next;
        for (const auto& [here, there] : of_) {
            compare(*here, next[here]++, *there, expected);
            compare(*there, next[there]++, *here, expected);
        }
    }
    void compare(Place& place, std::size_t link, const Place& far, const std::map<int, Lines>& expected) {
        ASSERT_EQ(heard(place.talks[link]), expected.at(far.id)) << place.id << " of " << far.id;
        const auto mood = moods_of_.find(far.id);
        ASSERT_EQ(latest(place.moods[link]),
                  mood != moods_of_.end() ? line_of(Mood{far.id, mood->second}) : std::string("none"));
    }

    std::vector<std::pair<Place*, Place*>> of_;  // the ends of each link
    std::vector<Talk> whole_talks_;
};

TEST_P(LinkedEachWithEach, HearOfEachWhatTheyWouldHearOnOneBus) {
    const int rounds = GetParam() < 10 ? 5 : 2;  // fifty are 1'225 links
    for (int round = 0; round < rounds; ++round) {
        for (int i = 0; i < 60; ++i) {
            act(somebody());
            if (random_() % 10 == 0) io_.poll_one();
        }
        drive(io_);
        compare();
        if (HasFatalFailure()) return;
    }
    expect_nothing_left();
}

INSTANTIATE_TEST_SUITE_P(Buses, LinkedEachWithEach, testing::Values(2, 5, 50));

// ---- a star: what is said at a leaf is emitted at the centre, and from there at all others -----------------------

class LinkedToOne : public Buses {
protected:
    LinkedToOne() {
        for (std::size_t i = 1; i < places_.size(); ++i) {
            auto [leaf, centre] = link(*places_[i], *places_[0]);
            leaf.serve<Said, Waved, Mood>({.capacity = ample});
            leaf.import <Said, Waved>();
            places_[i]->moods.push_back(leaf.watch<Mood>());
            centre.serve<Said, Waved, Mood>({.capacity = ample, .forwards = true});
            centre.import <Said, Waved, Mood>();
        }
        for (const auto& place : places_)
            place->talks.push_back(place->bus.subscribe<Said, Waved>({.capacity = ample}));
        run();
    }
    void expect_one_mood() {
        const std::string mood = latest(places_[0]->mood.view());
        for (std::size_t i = 1; i < places_.size(); ++i) {
            const bool is_its_own = mood.starts_with(std::to_string(i) + " is ");  // which does not come back
            EXPECT_EQ(latest(places_[i]->moods[0]), is_its_own ? "none" : mood) << i;
        }
    }
};

TEST_P(LinkedToOne, HearWhatTheyWouldHearOnOneBusIfOneSpeaksAtATime) {
    Talk whole = whole_talk();
    for (int i = 0; i < 60; ++i) {
        act(somebody());
        drive(io_);
    }
    const Lines expected = heard(whole);
    ASSERT_GT(expected.size(), 20U);
    for (const auto& place : places_) EXPECT_EQ(heard(place->talks[0]), expected) << place->id;
    EXPECT_EQ(latest(places_[0]->mood.view()), latest(mood_.view()));
    expect_one_mood();
    expect_nothing_left();
}

TEST_P(LinkedToOne, HearOneOrderIfAllSpeakAtOnce) {
    std::vector<Talk> talks_of;
    for (const auto& place : places_) talks_of.push_back(whole_talk_of(place->id));
    for (int i = 0; i < 200; ++i) {
        act(somebody());
        for (auto steps = random_() % 8; steps > 0; --steps) io_.poll_one();
    }
    drive(io_);
    std::vector<Lines> lines;
    for (const auto& place : places_) lines.push_back(heard(place->talks[0]));
    for (std::size_t i = 1; i < places_.size(); ++i) {
        const int id = places_[i]->id;
        EXPECT_EQ(without(lines[i], id), without(lines[0], id)) << "the centre's order, without what the leaf said";
    }
    for (std::size_t by = 0; by < places_.size(); ++by) {
        const Lines expected = heard(talks_of[by]);
        for (const Lines& at : lines) {
            Lines of;
            std::ranges::copy_if(at, std::back_inserter(of),
                                 [&](const std::string& line) { return line.starts_with(fmt::format("{} ", by)); });
            EXPECT_EQ(of, expected) << by;
        }
    }
    expect_one_mood();
    expect_nothing_left();
}

INSTANTIATE_TEST_SUITE_P(Buses, LinkedToOne, testing::Values(2, 5, 50));

// ---- threads ----------------------------------------------------------------------------------------------------

/// What one far bus emits, as counted by a handler that runs on a pool.
struct Ear {
    int next = 1;
    int wrong = 0;
    std::promise<void> all;
    std::optional<event::Subscription<Said, Waved>> talk;
};

TEST(BusesOnThreads, HearEachOtherInOrderWhileAllEmit) {
    constexpr int count = 4, events = 1'000;
    asio::thread_pool pool(3);
    {
        std::deque<event::EventBus> buses;
        for (int i = 0; i < count; ++i) buses.emplace_back(pool);
        std::deque<Link> links;
        std::deque<Ear> ears;
        std::deque<std::promise<void>> ended;
        for (int i = 0; i < count; ++i)
            for (int j = 0; j < i; ++j) {
                auto [a, b] = duplex::pair(pool.get_executor(), pool.get_executor());
                for (auto* end : {&a, &b}) {
                    Link& link =
                        links.emplace_back(buses[static_cast<std::size_t>(end == &a ? i : j)], std::move(*end));
                    link.serve<Said, Waved>({.capacity = ample});
                    Ear& ear = ears.emplace_back();
                    ear.talk = link.subscribe<Said, Waved>({.capacity = ample}, [&ear](const auto& event) {
                        if (event.number != ear.next++) ++ear.wrong;
                        if (event.number == events) ear.all.set_value();
                    });
                    std::promise<void>& end_of = ended.emplace_back();
                    link.async_run([&end_of](const error_code&) { end_of.set_value(); });
                }
            }
        // until all are there
        for (event::EventBus& bus : buses) {
            auto watcher = bus.subscriber_count<Said>().watch();
            auto there = watcher.async_get_if([](std::size_t subscribers) { return subscribers == count - 1; },
                                              asio::use_future);
            there.get();
        }
        std::vector<std::thread> threads;
        for (int i = 0; i < count; ++i)
            threads.emplace_back([&, i] {
                const auto voice = buses[static_cast<std::size_t>(i)].emitter<Said, Waved>();
                for (int number = 1; number <= events; ++number)
                    if (number % 3 == 0)
                        voice.emit(Waved{i, number});
                    else
                        voice.emit(Said{i, number});
            });
        for (std::thread& thread : threads) thread.join();
        for (Ear& ear : ears) {
            ear.all.get_future().wait();
            EXPECT_EQ(ear.wrong, 0);
        }
        for (Link& link : links) link.close();
        for (auto& end_of : ended) end_of.get_future().wait();
        for (event::EventBus& bus : buses) EXPECT_EQ(bus.stat<Said>().subscribers, 0U);
    }
    pool.join();
}

}  // namespace link_buses_test
