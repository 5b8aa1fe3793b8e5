#include "support.hpp"

#include <event/fmt.hpp>
#include <event/retain_by.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace report_test {

using namespace support;

struct Connected {
    static constexpr std::string_view event_name = "swarm.PeerConnected";
    int peer = 0;
};
struct Reachable {
    static constexpr std::string_view event_name = "host.Reachability";
    bool is_public = false;
};
struct Quiet {
    static constexpr std::string_view event_name = "nobody.emits.this.in.a.name.that.is.too.long.for.its.column";
};

std::vector<std::string> names(const event::BusReport& report) {
    std::vector<std::string> all;
    for (const auto& topic : report.topics) all.push_back(topic.name);
    return all;
}

TEST(Report, ListsTopicsWithTheirEmitters) {
    asio::io_context io;
    event::EventBus bus{io, {.name = "host"}};
    EXPECT_TRUE(bus.report().topics.empty());
    auto first = bus.emitter<Connected>({.name = "swarm"});
    auto second = bus.emitter<Connected, Reachable>({.retain = true, .name = "relay"});
    auto third = bus.emitter<Connected>();
    auto subscription = bus.subscribe<Connected>();
    first.emit({1});

    event::BusReport report = bus.report();
    EXPECT_EQ(report.name, "host");
    ASSERT_EQ(names(report), (std::vector<std::string>{"host.Reachability", "swarm.PeerConnected"}));
    const event::TopicReport& topic = report.topics[1];
    EXPECT_EQ(topic.emitters, 3U);
    EXPECT_EQ(topic.emitter_names, (std::vector<std::string>{"swarm", "relay", ""}));
    EXPECT_EQ(topic.subscribers, 1U);
    EXPECT_TRUE(topic.retained);
    EXPECT_EQ(topic.emitted, 1U);
    EXPECT_GT(topic.last_sequence, 0U);

    second.close();
    report = bus.report();
    EXPECT_EQ(names(report), std::vector<std::string>{"swarm.PeerConnected"});
    EXPECT_EQ(report.topics[0].emitter_names, (std::vector<std::string>{"swarm", ""}));
    first.close();
    third.close();
    subscription.close();
    bus.forget<Connected>();
    EXPECT_TRUE(bus.report().topics.empty());
    EXPECT_TRUE(bus.report().subscriptions.empty());
}

TEST(Report, ListsSubscriptionsInTheirOrder) {
    asio::io_context io;
    event::EventBus bus{io};
    auto killed = bus.subscribe<Connected>({.capacity = 1, .on_full = event::Kill{}, .name = "killed"});
    auto waiting = bus.subscribe<Connected, Reachable>({.on_full = event::Drop{}, .name = "waiting"});
    auto all = bus.subscribe<event::AnyEvent>({.capacity = 1, .on_full = event::Drop{}, .name = "all"});
    auto emitter = bus.emitter<Connected>();
    emitter.emit({1});
    emitter.emit({2});
    take_all(waiting);
    waiting.async_receive([](auto, auto) {});

    const event::BusReport report = bus.report();
    ASSERT_EQ(report.subscriptions.size(), 3U);
    EXPECT_EQ(report.subscriptions[0].name, "killed");
    EXPECT_TRUE(report.subscriptions[0].killed);
    EXPECT_EQ(report.subscriptions[0].size, 0U);
    EXPECT_EQ(report.subscriptions[1].name, "waiting");
    EXPECT_TRUE(report.subscriptions[1].waiting);
    EXPECT_FALSE(report.subscriptions[1].killed);
    EXPECT_EQ(report.subscriptions[1].delivered, 2U);
    EXPECT_EQ(report.subscriptions[1].types, (std::vector<std::string>{"swarm.PeerConnected", "host.Reachability"}));
    EXPECT_TRUE(report.subscriptions[1].where.starts_with("report_test.cpp:"));
    EXPECT_EQ(report.subscriptions[2].types, std::vector<std::string>{"AnyEvent"});
    EXPECT_EQ(report.subscriptions[2].lost, 1U);
    EXPECT_FALSE(report.subscriptions[2].waiting);
    EXPECT_FALSE(report.subscriptions[2].age);
}

TEST(Report, ListsLatestValuesAndWhoIsBehind) {
    asio::io_context io;
    event::EventBus bus{io};
    auto value = bus.value<Reachable>();
    auto quick = bus.watch<Reachable>();
    auto slow = value.watch();
    EXPECT_EQ(bus.report().values.at(0).behind, 0U);  // there is nothing to be seen
    value.set({true});
    EXPECT_EQ(bus.report().values.at(0).behind, 2U);
    EXPECT_TRUE(quick.try_get());
    event::BusReport report = bus.report();
    ASSERT_EQ(report.values.size(), 1U);
    EXPECT_EQ(report.values[0].name, "host.Reachability");
    EXPECT_EQ(report.values[0].handles, 1U);
    EXPECT_EQ(report.values[0].watchers, 2U);
    EXPECT_EQ(report.values[0].behind, 1U);
    EXPECT_EQ(report.values[0].version, quick.try_get() ? 0U : value.try_get()->version());
    slow.close();
    EXPECT_EQ(bus.report().values.at(0).behind, 0U);
    value.set({false});
    EXPECT_EQ(bus.report().values.at(0).behind, 1U);
    EXPECT_TRUE(quick.try_get());
    quick.close();
    EXPECT_EQ(bus.report().values.at(0).watchers, 0U);
    value.set({true});
    auto late = bus.watch<Reachable>();
    EXPECT_EQ(bus.report().values.at(0).behind, 1U);
    late.close();
    value.close();
    EXPECT_TRUE(bus.report().values.empty());
}

TEST(Report, TellsTheAgeOfAQueueWhereAskedTo) {
    asio::io_context io;
    event::EventBus bus{io, {.measure_age = true, .slow_after = std::chrono::hours(1)}};
    auto ring = bus.subscribe<Connected>();
    auto latest = bus.subscribe<Connected>({.on_full = event::Latest{}});
    auto emitter = bus.emitter<Connected>();
    EXPECT_FALSE(ring.stat().age);
    for (auto* subscription : {&ring, &latest}) {
        emitter.emit({1});
        const auto first = subscription->stat().age;
        ASSERT_TRUE(first);
        const auto later = std::chrono::steady_clock::now();
        emitter.emit({2});
        const auto at_least = std::chrono::steady_clock::now() - later + *first;
        EXPECT_GE(subscription->stat().age, at_least);  // since the first one, not since the last
        take_all(*subscription);
        EXPECT_FALSE(subscription->stat().age);
    }
}

TEST(Report, PrintsATableOfAtMostAHundredColumns) {
    asio::io_context io;
    event::EventBus bus{io, {.name = "host"}};
    auto swarm = bus.emitter<Connected>({.name = "swarm"});
    auto relay = bus.emitter<Connected>({.name = "a relay with a name that is far too long"});
    auto nameless = bus.emitter<Connected>();
    auto value = bus.value<Reachable>();
    auto watcher = value.watch();
    auto quiet = bus.subscribe<Quiet>({.name = "quiet"});
    auto peers = bus.subscribe<Connected, Reachable>({.capacity = 2, .on_full = event::Drop{}, .name = "peers"});
    auto log = bus.subscribe<event::AnyEvent>(
        {.capacity = 100'000, .on_full = event::DropOldest{}, .name = "a log whose name is too long for its column"});
    auto mortal = bus.subscribe<Connected>({.capacity = 1, .on_full = event::Kill{}, .name = "mortal"});
    for (int peer = 1; peer <= 3; ++peer) swarm.emit({peer});
    value.set({true});
    quiet.async_receive([](auto, auto) {});

    std::istringstream printed(fmt::format("{}\n", bus.report()));
    std::string text;
    for (std::string line; std::getline(printed, line);) {
        const auto columns = std::count_if(line.begin(), line.end(),
                                           [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
        EXPECT_LE(columns, 100) << line;
        // where each was made is this file's business
        if (const auto at = line.find("report_test.cpp:"); at != std::string::npos)
            line.replace(at, line.find(": ", at) - at, "report_test.cpp:LINE");
        text += line + '\n';
    }
    std::ifstream file(EVENTBUS_TESTS_FOLDER "/report.golden.txt");
    std::stringstream golden;
    golden << file.rdbuf();
    EXPECT_EQ(text, golden.str());
}

TEST(Report, TellsWhoWaitsForRoomAndWhatWasRefused) {
    asio::io_context io;
    event::EventBus bus{io};
    const auto numbers = bus.emitter<Number>({}, event::retain_by(&Number::value, {.keys = 1}));
    const auto texts = bus.emitter<Text>();
    auto full = bus.subscribe<Text>({.capacity = 1, .on_full = event::Wait{}, .name = "full"});
    for (int i = 0; i < 3; ++i) texts.async_emplace<Text>(asio::detached, "waits, but for the first");
    numbers.emit({1});
    numbers.emit({2});
    EXPECT_EQ(full.stat().emits_waiting, 2U);
    EXPECT_THAT(fmt::format("{}", full.stat()), testing::HasSubstr("0 lost, 2 to come"));
    const std::string table = to_string(bus.report());
    EXPECT_THAT(table, testing::HasSubstr(", 2 emits wait: "));
    EXPECT_THAT(table, testing::HasSubstr("\n    1 event of a key too many refused\n"));
    EXPECT_EQ(fmt::format("{}", event::DurationStat{}), "none yet");
    drive(io);
}

TEST(Report, PrintsLargeFiguresShort) {
    event::BusReport report;
    event::TopicReport topic;
    topic.name = "topic";
    topic.emitted = topic.last_sequence = 12'345'678'901;
    report.topics.push_back(topic);
    event::SubscriptionStat stat;
    stat.size = 1'234'567;
    stat.capacity = stat.high_water = static_cast<std::size_t>(-1);
    stat.delivered = stat.lost = static_cast<std::uint64_t>(-1);
    stat.age = std::chrono::hours(1000);
    report.subscriptions.push_back(stat);
    const std::string text = fmt::format("{}", report);
    EXPECT_NE(text.find("12.3G"), std::string::npos) << text;
    EXPECT_NE(text.find("1.23M of 18.4E"), std::string::npos) << text;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
}

TEST(Report, PrintsItsParts) {
    asio::io_context io;
    event::EventBus bus{io};
    auto swarm = bus.emitter<Connected>({.name = "swarm"});
    auto value = bus.value<Reachable>();
    const event::BusReport report = bus.report();
    EXPECT_EQ(fmt::format("{}", report.topics[1]),
              "swarm.PeerConnected: 1 emitter, 0 subscribers, 0 emitted; emitted by swarm");
    EXPECT_EQ(fmt::format("{}", report.values[0]), "host.Reachability: version 0, 0 watchers, 0 of them behind");
}

TEST(SlowByAge, IsReportedOnceUntilTheQueueWasEmpty) {
    asio::io_context io;
    std::vector<event::SlowSubscriber> reports;
    event::EventBus bus{io,
                        {.measure_age = true,
                         .slow_after = std::chrono::nanoseconds(0),
                         .on_slow_subscriber = [&](const event::SlowSubscriber& slow) { reports.push_back(slow); }}};
    int callbacks = 0;
    auto subscription =
        bus.subscribe<Connected>({.on_full = event::Notify{[&](const auto&) { ++callbacks; }}, .name = "slow"});
    auto emitter = bus.emitter<Connected>();
    emitter.emit({1});
    EXPECT_TRUE(reports.empty());  // it was empty
    emitter.emit({2});
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].name, "slow");
    EXPECT_EQ(reports[0].type, "swarm.PeerConnected");
    EXPECT_GT(reports[0].age.count(), 0);
    EXPECT_EQ(reports[0].lost, 0U);
    emitter.emit({3});
    EXPECT_EQ(reports.size(), 1U);
    take_all(subscription);
    emitter.emit({4});
    EXPECT_EQ(reports.size(), 1U);
    emitter.emit({5});
    EXPECT_EQ(reports.size(), 2U);
    EXPECT_EQ(reports[1].episodes, 2U);
    EXPECT_EQ(callbacks, 0);  // nothing was lost
}

TEST(SlowByAge, IsReportedThoughTheCallbackForALossThrows) {
    asio::io_context io;
    int losses = 0;
    int ages = 0;
    event::EventBus bus{io,
                        {.measure_age = true,
                         .slow_after = std::chrono::nanoseconds(0),
                         .on_slow_subscriber = [&](const event::SlowSubscriber& slow) {
                             if (slow.age.count() != 0) {
                                 ++ages;
                             } else {
                                 ++losses;
                                 throw std::runtime_error("a loss");
                             }
                         }}};
    auto subscription = bus.subscribe<Connected>({.capacity = 1});
    auto emitter = bus.emitter<Connected>();
    emitter.emit({1});
    EXPECT_THROW(emitter.emit({2}), std::runtime_error);
    EXPECT_EQ(losses, 1);
    EXPECT_EQ(ages, 1);
}

TEST(SlowByAge, IsNotReportedBeforeItsTimeNorUnasked) {
    asio::io_context io;
    int reports = 0;
    const auto count = [&](const event::SlowSubscriber&) { ++reports; };
    event::EventBus patient{io,
                            {.measure_age = true, .slow_after = std::chrono::hours(1), .on_slow_subscriber = count}};
    event::EventBus unasked{io, {.slow_after = std::chrono::nanoseconds(0), .on_slow_subscriber = count}};
    auto one = patient.subscribe<Connected>();
    auto other = unasked.subscribe<Connected>();
    for (int i = 0; i < 10; ++i) {
        patient.emitter<Connected>().emit({i});
        unasked.emitter<Connected>().emit({i});
    }
    EXPECT_EQ(reports, 0);
}

TEST(SlowByAge, IsPrintedWhereNobodyAsksToBeTold) {
    asio::io_context io;
    event::EventBus bus{io, {.measure_age = true, .slow_after = std::chrono::nanoseconds(0)}};
    auto subscription = bus.subscribe<Connected>({.name = "journal"});
    auto emitter = bus.emitter<Connected>();
    testing::internal::CaptureStderr();
    emitter.emit({1});
    emitter.emit({2});
    EXPECT_THAT(
        testing::internal::GetCapturedStderr(),
        testing::StartsWith("event: subscription 'journal' is slow: its queue of 64 events has not been empty"));
}

TEST(SlowByAge, IsToldBesideALoss) {
    asio::io_context io;
    std::vector<event::SlowSubscriber> reports;
    event::EventBus bus{io,
                        {.measure_age = true,
                         .slow_after = std::chrono::nanoseconds(0),
                         .on_slow_subscriber = [&](const event::SlowSubscriber& slow) { reports.push_back(slow); }}};
    auto subscription = bus.subscribe<Connected>({.capacity = 1});
    auto emitter = bus.emitter<Connected>();
    emitter.emit({1});
    emitter.emit({2});
    ASSERT_EQ(reports.size(), 2U);
    EXPECT_EQ(reports[0].age.count(), 0);
    EXPECT_EQ(reports[0].lost, 1U);
    EXPECT_GT(reports[1].age.count(), 0);
}

TEST(SlowByAge, IsNoticedUnderEveryPolicy) {
    asio::io_context io;
    for (const event::Backpressure& policy : std::vector<event::Backpressure>{
             event::Drop{}, event::DropOldest{}, event::Latest{}, event::Kill{}, event::Notify{}, event::Wait{}}) {
        int reports = 0;
        event::EventBus bus{io,
                            {.measure_age = true,
                             .slow_after = std::chrono::nanoseconds(0),
                             .on_slow_subscriber = [&](const event::SlowSubscriber&) { ++reports; }}};
        auto subscription = bus.subscribe<Connected>({.on_full = policy});
        auto emitter = bus.emitter<Connected>();
        for (int i = 0; i < 4; ++i) emitter.emit({i});
        EXPECT_EQ(reports, 1) << fmt::format("{}", policy);
    }
}

}  // namespace report_test
