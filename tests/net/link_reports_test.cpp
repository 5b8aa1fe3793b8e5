#include "link_fixture.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <numeric>

/// What go-libp2p-pubsub's tests assert of publishing over streams, and what its users have reported, done on links, in
/// a form that can fail. The source stands before each test.

namespace link_reports_test {

using namespace links;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// One that serves, and others that are linked to it.
class Hub {
public:
    explicit Hub(asio::io_context& io) : io_(io), bus(io, {.on_slow_subscriber = [](const auto&) {}}) {}

    struct Client {
        explicit Client(asio::io_context& io) : node(io) {}
        Node node;
        std::optional<Link> far;  // the hub's end
        std::optional<duplex::Pipe> to_hub, from_hub;
    };
    Client& add() {
        auto [a, b] = duplex::pair(io_);
        Client& client = *clients_.emplace_back(std::make_unique<Client>(io_));
        client.to_hub.emplace(a.outgoing());
        client.from_hub.emplace(b.outgoing());
        client.node.make(std::move(a));
        client.far.emplace(bus, std::move(b));
        client.far->serve<Count, Joined>({.name = "client " + std::to_string(clients_.size())});
        client.node.run();
        client.far->async_run([](const error_code&) {});
        drive(io_);
        return client;
    }

private:
    asio::io_context& io_;
    std::vector<std::unique_ptr<Client>> clients_;

public:
    event::EventBus bus;
};

class AReport : public Links {
protected:
    static std::vector<int> counts(event::Subscription<Count>& subscription) {
        std::vector<int> values;
        for (const auto& delivery : event::testing::take_all(subscription)) values.push_back(delivery->value);
        return values;
    }
    [[nodiscard]] std::size_t subscribers() const { return there_.bus.stat<Count>().subscribers; }
    /// Of the topics of the other side.
    [[nodiscard]] std::vector<std::string> topics() const {
        std::vector<std::string> names;
        for (const event::TopicReport& topic : there_.bus.report().topics) names.push_back(topic.name);
        return names;
    }

    Hub hub_{io_};
};

// floodsub_test.go, TestReconnects
TEST_F(AReport, WhoUnsubscribesGetsNothingAndWhoSubscribesAgainGetsWhatIsNew) {
    Hub::Client& one = hub_.add();
    Hub::Client& other = hub_.add();
    std::optional<event::Subscription<Count>> comes_and_goes = one.node.link->subscribe<Count>();
    auto stays = other.node.link->subscribe<Count>();
    drive(io_);
    const auto emitter = hub_.bus.emitter<Count>();
    EXPECT_EQ(emitter.emit({1}).delivered, 2U);
    drive(io_);
    EXPECT_THAT(counts(*comes_and_goes), ElementsAre(1));
    comes_and_goes.reset();
    drive(io_);
    const std::uint64_t received = one.node.link->stat().bytes_received;
    EXPECT_EQ(emitter.emit({2}).subscribers, 1U);
    drive(io_);
    EXPECT_EQ(one.node.link->stat().bytes_received, received);
    comes_and_goes = one.node.link->subscribe<Count>();
    drive(io_);
    EXPECT_EQ(emitter.emit({3}).delivered, 2U);
    drive(io_);
    EXPECT_THAT(counts(*comes_and_goes), ElementsAre(3));
    EXPECT_THAT(counts(stays), ElementsAre(1, 2, 3));
}

// floodsub_test.go, TestPeerDisconnect
TEST_F(AReport, WhoIsGoneIsNoSubscriberAnyMore) {
    Hub::Client& one = hub_.add();
    Hub::Client& other = hub_.add();
    auto lost = one.node.link->subscribe<Count>();
    auto stays = other.node.link->subscribe<Count>();
    drive(io_);
    const auto emitter = hub_.bus.emitter<Count>();
    emitter.emit({1});
    drive(io_);
    one.to_hub->cut();
    drive(io_);
    const event::EmitResult result = emitter.emit({2});
    EXPECT_EQ(result.subscribers, 1U);
    EXPECT_EQ(result.delivered, 1U);
    drive(io_);
    EXPECT_THAT(counts(lost), ElementsAre(1));
    EXPECT_FALSE(lost.is_open());
    EXPECT_THAT(counts(stays), ElementsAre(1, 2));
}

// floodsub_test.go, TestNoConnection
TEST_F(AReport, NothingComesOfALinkThatWasNotRun) {
    connect();
    there_.link->serve<Count>();
    auto subscription = here_.link->subscribe<Count>();
    drive(io_);
    EXPECT_EQ(there_.bus.emitter<Count>().emit({1}).subscribers, 0U);
    drive(io_);
    EXPECT_FALSE(subscription.try_receive());
    EXPECT_TRUE(subscription.is_open()) << "it may still be run";
    EXPECT_EQ(out_->taken() + back_->taken(), 0U);
    EXPECT_EQ(here_.link->stat().held, 0U);
    here_.link.reset();
    there_.link.reset();
    drive(io_);
    EXPECT_FALSE(subscription.is_open());
}

// floodsub_test.go, TestOneToOne
TEST_F(AReport, OneEmitsAndTheOtherReceivesWhatItWaitsFor) {
    connect();
    there_.link->serve<Joined>();
    auto joined = here_.link->subscribe<Joined>();
    run();
    support::Completion<event::Delivery<Joined>> received;
    joined.async_receive(received.handler());
    drive(io_);
    EXPECT_TRUE(received.pending());
    const std::string name(5'000, 'x');
    there_.bus.emitter<Joined>().emit({name, 7});
    drive(io_);
    ASSERT_TRUE(received.done());
    EXPECT_EQ(received.value()->peer, name);
    EXPECT_EQ(received.value()->room, 7);
}

// floodsub_test.go, TestSubscribeMultipleTimes
TEST_F(AReport, EachOfTwoSubscriptionsGetsEachEventOnceAndOneMayGo) {
    connect();
    there_.link->serve<Count>();
    auto one = here_.link->subscribe<Count>();
    auto two = here_.link->subscribe<Count>();
    run();
    const auto emitter = there_.bus.emitter<Count>();
    emitter.emit({1});
    drive(io_);
    EXPECT_THAT(counts(one), ElementsAre(1));
    EXPECT_THAT(counts(two), ElementsAre(1));
    one.close();
    drive(io_);
    EXPECT_EQ(subscribers(), 1U);
    emitter.emit({2});
    drive(io_);
    EXPECT_THAT(counts(one), IsEmpty());
    EXPECT_THAT(counts(two), ElementsAre(2));
}

// floodsub_test.go, TestSubReporting, TestPeerTopicReporting
TEST_F(AReport, TheReportSaysWhoSubscribedToWhat) {
    const auto subscriptions = [this] {
        std::vector<std::string> lines;
        for (const event::SubscriptionStat& stat : hub_.bus.report().subscriptions) {
            lines.push_back(stat.name + ":");
            for (const std::string& type : stat.types) lines.back() += " " + type;
        }
        return lines;
    };
    Hub::Client& one = hub_.add();
    Hub::Client& other = hub_.add();
    EXPECT_THAT(subscriptions(), IsEmpty());
    auto count = one.node.link->subscribe<Count>();
    auto joined = other.node.link->subscribe<Joined>();
    drive(io_);
    EXPECT_EQ(one.far->stat().serving, 1U);
    EXPECT_EQ(other.far->stat().serving, 1U);
    const auto lines = subscriptions();
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_THAT(lines[0], testing::AllOf(testing::HasSubstr("client 1"), testing::HasSubstr("count")));
    EXPECT_THAT(lines[1], testing::AllOf(testing::HasSubstr("client 2"), testing::HasSubstr("joined")));
    count.close();
    drive(io_);
    EXPECT_THAT(subscriptions(), ElementsAre(lines[1]));
    EXPECT_EQ(one.far->stat().serving, 0U);
    other.from_hub->cut();
    drive(io_);
    EXPECT_THAT(subscriptions(), IsEmpty());
}

struct Large {
    static constexpr std::string_view event_name = "large";
    static constexpr std::size_t max_wire_size = (std::size_t{2} << 20) + 100;
    std::string text;
};
/// The same type where less is taken.
struct NotSoLarge {
    static constexpr std::string_view event_name = "large";
    static constexpr std::size_t max_wire_size = 1'000;
    std::string text;
};

// floodsub_test.go, TestConfigurableMaxMessageSize
TEST_F(AReport, WhatIsLargerThanTheUsualLimitPassesUnderAHigherOne) {
    const LinkOptions options{.limits = {.max_frame = std::size_t{4} << 20}};
    connect(options, options);
    there_.link->serve<Large>();
    auto subscription = here_.link->subscribe<Large>();
    run();
    const auto emitter = there_.bus.emitter<Large>();
    std::string text(std::size_t{2} << 20, ' ');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i * i % 26);
    for (int i = 0; i < 2; ++i) {
        emitter.emit({text});
        drive(io_);
        const auto delivery = subscription.try_receive();
        ASSERT_TRUE(delivery) << i;
        EXPECT_TRUE((*delivery)->text == text) << i;
        EXPECT_EQ(delivery->missed(), 0U);
    }
    EXPECT_LT(there_.link->stat().held, std::size_t{16} << 20);
}

// the same, where only one side has the higher limit
TEST_F(AReport, WhatIsLargerThanTheOtherSideTakesIsMissedAndTheLinkGoesOn) {
    connect({}, {.limits = {.max_frame = std::size_t{4} << 20}});
    there_.link->serve<Large>();
    EXPECT_THROW(static_cast<void>(here_.link->subscribe<Large>()), std::invalid_argument);
    auto subscription = here_.link->subscribe<NotSoLarge>();
    run();
    const auto emitter = there_.bus.emitter<Large>();
    emitter.emit({"1"});
    emitter.emit({std::string(std::size_t{2} << 20, 'x')});
    emitter.emit({"2"});
    drive(io_);
    EXPECT_EQ((*subscription.try_receive())->text, "1");
    const auto second = subscription.try_receive();
    ASSERT_TRUE(second);
    EXPECT_EQ((*second)->text, "2");
    EXPECT_EQ(second->missed(), 1U);
    EXPECT_FALSE(here_.is_over());
    emitter.emit({std::string(2'000, 'x')});  // fits into a frame, but is no event of this side's type
    drive(io_);
    ASSERT_TRUE(here_.is_over() && there_.is_over());
    EXPECT_EQ(*here_.result, end_code::payload_too_large);
    EXPECT_EQ(there_.link->stat().remote_reason->code, end_code::payload_too_large);
}

// pubsub_test.go, TestAnnounceRetry
TEST_F(AReport, WhatIsSubscribedWhileTheStreamStallsIsSubscribedOnce) {
    connect();
    there_.link->serve<Count>();
    run();
    out_->capacity(0);
    std::vector<event::Subscription<Count>> subscriptions;
    for (int i = 0; i < 100; ++i) {
        if (i % 3 == 2) subscriptions.pop_back();
        subscriptions.push_back(here_.link->subscribe<Count>());
        drive(io_);
    }
    while (subscriptions.size() > 2) subscriptions.pop_back();
    drive(io_);
    EXPECT_EQ(subscribers(), 0U);
    EXPECT_LT(here_.link->stat().held, 10'000U) << "what was subscribed and is not any more is not kept";
    out_->capacity(1 << 16);
    drive(io_);
    EXPECT_EQ(subscribers(), 2U);
    EXPECT_EQ(there_.link->stat().serving, 2U);
    there_.bus.emitter<Count>().emit({1});
    drive(io_);
    EXPECT_EQ(here_.link->stat().events_received, 2U);
    for (auto& subscription : subscriptions) EXPECT_THAT(counts(subscription), ElementsAre(1));
}

// floodsub_test.go, TestPreconnectedNodes
TEST_F(AReport, ALinkThatRunsLaterThanTheOtherSideIsAsGood) {
    connect();
    here_.link->serve<Count>();
    auto here = here_.link->subscribe<Count>();
    here_.run();
    drive(io_);
    pass(5s);
    there_.link->serve<Count>();
    auto there = there_.link->subscribe<Count>();
    there_.run();
    drive(io_);
    EXPECT_EQ(here_.bus.emitter<Count>().emit({1}).delivered, 1U);
    EXPECT_EQ(there_.bus.emitter<Count>().emit({2}).delivered, 1U);
    drive(io_);
    EXPECT_THAT(counts(there), ElementsAre(1));
    EXPECT_THAT(counts(here), ElementsAre(2));
}

// floodsub_test.go, TestDedupInboundStreams
TEST_F(AReport, TwoStreamsBetweenTheSameTwoAreTwoAndTheOlderMayGo) {
    connect();
    auto [a, b] = duplex::pair(io_);
    Link newer_here(here_.bus, std::move(a)), newer_there(there_.bus, std::move(b));
    for (Link* link : {&*there_.link, &newer_there}) link->serve<Count>();
    auto by_older = here_.link->subscribe<Count>();
    auto by_newer = newer_here.subscribe<Count>();
    newer_here.async_run([](const error_code&) {});
    newer_there.async_run([](const error_code&) {});
    run();
    const auto emitter = there_.bus.emitter<Count>();
    emitter.emit({1});
    drive(io_);
    EXPECT_THAT(counts(by_older), ElementsAre(1));
    EXPECT_THAT(counts(by_newer), ElementsAre(1));
    out_->cut();
    drive(io_);
    EXPECT_FALSE(by_older.is_open());
    EXPECT_EQ(emitter.emit({2}).subscribers, 1U);
    drive(io_);
    EXPECT_THAT(counts(by_newer), ElementsAre(2));
}

// gossipsub_peer_lifecycle_test.go, TestNoLeakFromDisconnectedPeer
TEST_F(AReport, ASubscriptionThatComesWhenTheLinkEndsLeavesNothing) {
    for (const bool is_cut : {false, true}) {
        Hub::Client& client = hub_.add();
        auto early = client.node.link->subscribe<Count>();
        drive(io_);
        client.to_hub->hold();
        auto late = client.node.link->subscribe<Joined>();
        drive(io_);  // it is on its way
        if (is_cut) {
            client.from_hub->eof();
        } else {
            client.far->close();
        }
        drive(io_);
        client.to_hub->release();
        drive(io_);
        EXPECT_EQ(client.far->stat().state, LinkState::closed);
        EXPECT_EQ(client.far->stat().serving, 0U);
        EXPECT_TRUE(hub_.bus.report().subscriptions.empty());
        EXPECT_TRUE(hub_.bus.report().topics.empty());
        EXPECT_FALSE(early.is_open());
        EXPECT_FALSE(late.is_open());
    }
}

// pubsub_test.go, TestHandleIncomingRPCUnsubscribeRemovesEmptyTopicMap,
// TestClearPeerFromTopicsStateRemovesEmptyTopicMap
TEST_F(AReport, ATopicOfWhichNobodyIsLeftIsGone) {
    connect();
    there_.link->serve<Count, Joined>();
    EXPECT_THAT(topics(), IsEmpty());
    std::optional<event::Subscription<Count>> count = here_.link->subscribe<Count>();
    auto joined = here_.link->subscribe<Joined>();
    run();
    EXPECT_THAT(topics(), ElementsAre("count", "joined"));
    count.reset();
    drive(io_);
    EXPECT_THAT(topics(), ElementsAre("joined")) << "by an UNSUB";
    back_->cut();
    drive(io_);
    EXPECT_THAT(topics(), IsEmpty()) << "by the end of the stream";
}

// pubsub_test.go, TestPubSubRemovesBlacklistedPeer (#426: closed twice)
TEST_F(AReport, EndingALinkInSeveralWaysAtOnceEndsItOnce) {
    std::array<int, 5> order{};
    std::iota(order.begin(), order.end(), 0);
    do {
        const bool drives = order[0] % 2 == 0;
        Node client(io_), server(io_);
        auto [a, b] = duplex::pair(io_);
        auto pipe = a.outgoing();
        client.make(std::move(a));
        server.make(std::move(b));
        server.link->serve<Count>();
        std::optional<event::Subscription<Count>> subscription = client.link->subscribe<Count>();
        int ends = 0;
        for (Node* node : {&client, &server}) node->link->async_run([&](const error_code&) { ++ends; });
        drive(io_);
        server.bus.emitter<Count>().emit({1});
        const std::array<std::function<void()>, 5> ways{[&] { server.link->close(); }, [&] { client.link->close(); },
                                                        [&] { pipe.cut(); }, [&] { subscription.reset(); },
                                                        [&] { server.link.reset(); }};
        for (const int way : order) {
            if (way != 0 || server.link) ways[static_cast<std::size_t>(way)]();
            if (drives) drive(io_);
        }
        drive(io_);
        ASSERT_EQ(ends, 2);
        ASSERT_TRUE(server.bus.report().subscriptions.empty());
        ASSERT_EQ(client.link->stat().held, 0U);
    } while (std::ranges::next_permutation(order).found);
}

// pubsub_test.go, TestTopicCloseWithOpenSubscription, TestTopicReuse
TEST_F(AReport, AnEmitterThatClosesLeavesSubscriptionsToTheNextOne) {
    connect();
    there_.link->serve<Count>();
    auto subscription = here_.link->subscribe<Count>();
    run();
    for (int i = 0; i < 3; ++i) {
        auto emitter = there_.bus.emitter<Count>();
        emitter.emit({i});
        emitter.close();
        drive(io_);
        EXPECT_TRUE(subscription.is_open());
    }
    EXPECT_THAT(counts(subscription), ElementsAre(0, 1, 2));
    EXPECT_THAT(topics(), ElementsAre("count"));
}

// pubsub_test.go, TestWithMessageFilter
TEST_F(AReport, WhatIsFilteredOutTakesNoRoom) {
    connect();
    there_.link->serve<Joined>({.capacity = 2}, event::net::by_key(&Joined::room));
    auto by_key = here_.link->subscribe<Joined>({.capacity = 1}, event::where_key(&Joined::room, 1));
    run();
    const std::uint64_t sent = there_.link->stat().bytes_sent;
    const auto emitter = there_.bus.emitter<Joined>();
    for (int i = 0; i < 100; ++i) emitter.emit({"x", 2});
    emitter.emit({"y", 1});
    drive(io_);
    const auto delivery = by_key.try_receive();
    ASSERT_TRUE(delivery);
    EXPECT_EQ((*delivery)->peer, "y");
    EXPECT_EQ(delivery->missed(), 0U);
    EXPECT_LT(there_.link->stat().bytes_sent - sent, 20U);
}
// the same, with a function, which does not travel
TEST_F(AReport, WhatIsFilteredOutHereTakesNoRoomHere) {
    connect();
    there_.link->serve<Joined>();
    auto filtered = here_.link->subscribe<Joined>({.capacity = 1},
                                                  event::where([](const Joined& joined) { return joined.room == 1; }));
    run();
    const auto emitter = there_.bus.emitter<Joined>();
    for (int i = 0; i < 100; ++i) emitter.emit({"x", 2});
    emitter.emit({"y", 1});
    drive(io_);
    const auto delivery = filtered.try_receive();
    ASSERT_TRUE(delivery);
    EXPECT_EQ((*delivery)->peer, "y");
    EXPECT_EQ(delivery->missed(), 0U);
}

// topic_test.go, TestTopicPublishWithContextCanceled
TEST_F(AReport, AnEmitThatIsGivenUpReachesNobody) {
    connect();
    there_.link->serve<Count>();
    auto far = here_.link->subscribe<Count>();
    auto full = there_.bus.subscribe<Count>({.capacity = 1, .on_full = event::Wait{}});
    run();
    const auto emitter = there_.bus.emitter<Count>();
    emitter.emit({1});
    asio::cancellation_signal cancel;
    support::Completion<event::EmitResult> given_up;
    emitter.async_emit({2}, asio::bind_cancellation_slot(cancel.slot(), given_up.handler()));
    drive(io_);
    EXPECT_TRUE(given_up.pending());
    cancel.emit(asio::cancellation_type::terminal);
    drive(io_);
    ASSERT_TRUE(given_up.done());
    EXPECT_EQ(given_up.error(), asio::error::operation_aborted);
    EXPECT_THAT(counts(full), ElementsAre(1));
    emitter.emit({3});
    drive(io_);
    EXPECT_THAT(counts(far), ElementsAre(1, 3));
    EXPECT_EQ(far.stat().lost, 0U);
}

// subscription_filter_test.go, TestSubscriptionFilterDeduplication
TEST_F(AReport, WhatIsSubscribedAndNotAnyMoreBeforeItIsSaidIsNotSaid) {
    connect();
    there_.link->serve<Count>();
    out_->record();
    static_cast<void>(here_.link->subscribe<Count>());
    run();
    const std::size_t hello = out_->recorded().size();
    EXPECT_EQ(static_cast<std::size_t>(out_->recorded()[0]), hello - 1) << "one frame";
    {
        out_->capacity(0);
        std::vector<event::Subscription<Count>> several;
        several.push_back(here_.link->subscribe<Count>());
        drive(io_);  // this one is being written
        for (int i = 0; i < 20; ++i) several.push_back(here_.link->subscribe<Count>());
        drive(io_);
    }
    drive(io_);
    out_->capacity(1 << 16);
    drive(io_);
    EXPECT_EQ(subscribers(), 0U);
    EXPECT_LT(out_->recorded().size() - hello, 100U) << "one SUB and its UNSUB";
}

// rpc_queue_test.go, TestRpcQueuePrioritization…: what is urgent comes first
TEST_F(AReport, ALatestValueOvertakesEventsThatWait) {
    connect();
    there_.link->serve<Joined>({.capacity = 2'000});
    there_.link->serve<Count>();
    auto joined = here_.link->subscribe<Joined>({.capacity = 2'000});
    const auto count = here_.link->watch<Count>();
    run();
    back_->capacity(0);
    const auto emitter = there_.bus.emitter<Joined>();
    for (int i = 0; i < 1'000; ++i) emitter.emit({std::string(1'000, 'x'), i});
    drive(io_);
    there_.bus.value<Count>().set({7});
    drive(io_);
    EXPECT_FALSE(count.try_get());
    back_->capacity(1'000);
    io_.restart();
    while (!count.try_get() && io_.poll_one() != 0) {
    }
    ASSERT_TRUE(count.try_get());
    EXPECT_LT(joined.stat().size, 200U) << "those that were being written, and not those behind them";
    drive(io_);
    EXPECT_EQ(joined.stat().size, 1'000U);
}

// rpc_queue_test.go, TestRpcQueueFull…: a queue that is full says so, and nobody waits
TEST_F(AReport, AnEmitterLearnsThatTheQueueOfAStreamIsFull) {
    connect();
    there_.link->serve<Count>({.capacity = 2});
    auto subscription = here_.link->subscribe<Count>();
    run();
    const auto emitter = there_.bus.emitter<Count>();
    EXPECT_EQ(emitter.emit({1}).delivered, 1U);
    EXPECT_EQ(emitter.emit({2}).delivered, 1U);
    EXPECT_EQ(emitter.emit({3}).refused, 1U);
    drive(io_);
    EXPECT_EQ(emitter.emit({4}).delivered, 1U);
    drive(io_);
    EXPECT_THAT(counts(subscription), ElementsAre(1, 2, 4));
}

// rpc_queue_test.go, TestRpcQueuePushAfterClose, …CloseBeforePush: no panic
TEST_F(AReport, WhatIsEmittedOrSubscribedAfterTheEndIsForNobody) {
    connect();
    there_.link->serve<Count>();
    auto subscription = here_.link->subscribe<Count>();
    run();
    const auto emitter = there_.bus.emitter<Count>();
    emitter.emit({1});
    there_.link->close();
    emitter.emit({2});
    drive(io_);
    EXPECT_EQ(emitter.emit({3}).subscribers, 0U);
    auto late = here_.link->subscribe<Count>();
    const auto view = here_.link->watch<Count>();
    here_.link->import <Count>();
    there_.link->serve<Joined>();
    drive(io_);
    EXPECT_FALSE(late.is_open());
    EXPECT_FALSE(view.try_get());
    EXPECT_EQ(here_.bus.report().emitters.size(), 0U);
    const std::vector<int> values = counts(subscription);
    EXPECT_LT(values.size(), 3U);
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], static_cast<int>(i) + 1);
}

// rpc_queue_test.go, TestRpcQueuePopAfterClose, …CancelPop
TEST_F(AReport, ACancelledReceiveTakesNothingAndWhatIsQueuedOutlivesTheLink) {
    connect();
    there_.link->serve<Count>();
    auto subscription = here_.link->subscribe<Count>();
    run();
    asio::cancellation_signal cancel;
    support::Completion<event::Delivery<Count>> cancelled;
    subscription.async_receive(asio::bind_cancellation_slot(cancel.slot(), cancelled.handler()));
    drive(io_);
    cancel.emit(asio::cancellation_type::terminal);
    there_.bus.emitter<Count>().emit({1});
    drive(io_);
    EXPECT_EQ(cancelled.error(), asio::error::operation_aborted);
    there_.link->close();
    drive(io_);
    EXPECT_THAT(counts(subscription), ElementsAre(1));
    support::Completion<event::Delivery<Count>> closed;
    subscription.async_receive(closed.handler());
    drive(io_);
    EXPECT_EQ(closed.error(), event::errc::closed);
}

// pubsub_test.go, TestSubscriptionJoinNotification, …LeaveNotification, …ManyNotifications, …NotificationSubUnSub
TEST_F(AReport, WhoWatchesTheSubscribersSeesThemComeAndGo) {
    connect();
    there_.link->serve<Count>();
    run();
    auto watcher = there_.bus.subscriber_count<Count>().watch();
    EXPECT_EQ(**watcher.try_get(), 0U);
    std::vector<event::Subscription<Count>> subscriptions;
    for (int i = 0; i < 50; ++i) subscriptions.push_back(here_.link->subscribe<Count>());
    drive(io_);
    EXPECT_EQ(**watcher.try_get(), 50U);
    while (subscriptions.size() > 20) subscriptions.pop_back();
    drive(io_);
    EXPECT_EQ(**watcher.try_get(), 20U);
    out_->cut();
    drive(io_);
    EXPECT_EQ(**watcher.try_get(), 0U);
    EXPECT_FALSE(watcher.try_get());
}

// cpp-libp2p, gossip_rpc_limits_test: counts have limits, and what is beyond them is refused alone
TEST_F(AReport, MoreSubscriptionsThanTheOtherSideTakesAreRefusedAndTheLinkGoesOn) {
    connect({}, {.limits = {.max_subscriptions = 2}});
    there_.link->serve<Count>();
    auto one = here_.link->subscribe<Count>();
    auto two = here_.link->subscribe<Count>();
    auto three = here_.link->subscribe<Count>();
    run();
    ASSERT_EQ(here_.ended.size(), 1U);
    EXPECT_EQ(here_.ended[0].reason.code, end_code::too_many_subscriptions);
    EXPECT_FALSE(three.is_open());
    one.close();
    drive(io_);
    auto four = here_.link->subscribe<Count>();
    drive(io_);
    there_.bus.emitter<Count>().emit({1});
    drive(io_);
    EXPECT_THAT(counts(two), ElementsAre(1));
    EXPECT_THAT(counts(four), ElementsAre(1));
    EXPECT_FALSE(here_.is_over());
}

}  // namespace link_reports_test
