#include "messenger_fixture.hpp"

#include <event/net/dialer.hpp>
#include <event/net/listener.hpp>
#include <event/net/supervisor.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

/// `event::net::Messenger`: typed messages to peers, whatever links there are to them.

namespace messenger_test {

TEST_F(AMessenger, SendsBothWaysInOrder) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    EXPECT_TRUE(a.messenger->send("b", Chat{"1"}));
    EXPECT_TRUE(a.messenger->send("b", Chat{"2"}));
    EXPECT_TRUE(b.messenger->send("a", Chat{"x"}));
    drive(io_);
    EXPECT_THAT(b.taken(), ElementsAre("a: 1", "a: 2"));
    EXPECT_THAT(a.taken(), ElementsAre("b: x"));
    EXPECT_TRUE(a.messenger->send("b", Chat{"3"}));
    drive(io_);
    EXPECT_THAT(b.taken(), ElementsAre("a: 3"));
    EXPECT_EQ(a.messenger->stat("b").sent, 3U);
    EXPECT_EQ(b.messenger->stat("a").received, 3U);
    EXPECT_EQ(a.messenger->stat("b").queued, 0U);
}

TEST_F(AMessenger, MayBeAttachedOnceTheOtherSideHasSaidHello) {
    Host &a = host("a"), &b = host("b");
    a.messenger->send("b", Chat{"1"});
    b.messenger->send("a", Chat{"x"});
    auto [one, two] = duplex::pair(io_);
    Link& here = a.add(std::move(one), "b", Dialed::here);
    std::optional<Link> there;
    const auto accept = [&](const event::net::RemoteHello&) {  // as a listener does
        b.messenger->attach(*there, "a", Dialed::there);
        return std::optional<Reason>();
    };
    there.emplace(b.bus, std::move(two), LinkOptions{.on_opened = accept});
    there->async_run(asio::detached);
    a.run(here);
    drive(io_);
    EXPECT_THAT(b.taken(), ElementsAre("a: 1"));
    EXPECT_THAT(a.taken(), ElementsAre("b: x"));
}

TEST_F(AMessenger, SendsUrgentOnesFirst) {
    Host &a = host("a"), &b = host("b");
    EXPECT_TRUE(a.messenger->send("b", Chat{"1"}));
    EXPECT_TRUE(a.messenger->send("b", Alarm{9}));
    connect(a, b);
    drive(io_);
    EXPECT_THAT(b.taken(), ElementsAre("a: alarm 9", "a: 1"));
}

TEST_F(AMessenger, KeepsWhatIsSentBeforeThereIsALink) {
    Host &a = host("a"), &b = host("b");
    EXPECT_EQ(a.messenger->send("b", Chat{"1"}).queued, 1U);
    drive(io_);
    connect(a, b);
    drive(io_);
    EXPECT_THAT(b.taken(), ElementsAre("a: 1"));
}

TEST_F(AMessenger, RefusesWhatFindsItsQueueFullAndSaysHowFullItIs) {
    Host& a = host("a", {.capacity = 2});
    EXPECT_TRUE(a.messenger->send("b", Chat{"1"}));
    EXPECT_TRUE(a.messenger->send("b", Chat{"2"}));
    const auto refused = a.messenger->send("b", Chat{"3"});
    EXPECT_EQ(refused.error, event::net::errc::no_room);
    EXPECT_EQ(refused.queued, 2U);
    EXPECT_EQ(a.messenger->stat("b").refused, 1U);
    EXPECT_TRUE(a.messenger->send("c", Chat{"its own queue"}));
}

TEST_F(AMessenger, IsBoundedInBytes) {
    Host& a = host("a", {.max_bytes = 10});
    EXPECT_TRUE(a.messenger->send("b", Chat{"12345"}));
    EXPECT_EQ(a.messenger->send("b", Chat{"12345"}).error, event::net::errc::no_room);
    EXPECT_EQ(a.messenger->send("b", Chat{"0123456789"}).error, event::net::errc::too_large);
}

TEST_F(AMessenger, MakesRoomByTheOldestWhereItIsAskedTo) {
    Host &a = host("a", {.capacity = 2, .on_full = event::DropOldest{}}), &b = host("b");
    for (const char* each : {"1", "2", "3"}) EXPECT_TRUE(a.messenger->send("b", Chat{each}));
    EXPECT_EQ(a.messenger->send("b", Chat{"4"}).displaced, 1U);
    connect(a, b);
    drive(io_);
    EXPECT_THAT(b.taken(), ElementsAre("a: 3", "a: 4"));
    EXPECT_EQ(a.messenger->stat("b").displaced, 2U);
}

TEST_F(AMessenger, RefusesWhatIsLargerThanItsTypeMayBe) {
    Host& a = host("a");
    EXPECT_EQ(a.messenger->send("b", Small{"far too long"}).error, event::net::errc::too_large);
    EXPECT_EQ(a.messenger->stat("b").queued, 0U);
}

TEST_F(AMessenger, BroadcastsToWhoHasALinkAndSaysWhatBecameOfItAtEach) {
    Host &a = host("a", {.capacity = 1}), &b = host("b"), &c = host("c");
    connect(a, b);
    const auto slow = connect(a, c);
    drive(io_);
    EXPECT_TRUE(a.messenger->send("nobody", Chat{"waits"}));
    slow.there.hold();
    slow.there.capacity(1);
    while (a.messenger->send("c", Chat{std::string(10'000, 'x')})) drive(io_);
    std::array<PeerResult, 3> results;
    EXPECT_EQ(a.messenger->broadcast(Chat{"all"}, results), 2U);
    EXPECT_EQ(results[0].peer, "b");
    EXPECT_TRUE(results[0].result);
    EXPECT_EQ(results[1].peer, "c");
    EXPECT_EQ(results[1].result.error, event::net::errc::no_room);
    drive(io_);
    EXPECT_THAT(b.taken(), ElementsAre("a: all"));
}

TEST_F(AMessenger, TakesOneOfEachPeerInTurn) {
    Host &a = host("a"), &b = host("b"), &flood = host("flood");
    connect(flood, a);
    connect(b, a);
    for (int i = 0; i < 100; ++i) flood.messenger->send("a", Chat{"flood"});
    drive(io_);
    b.messenger->send("a", Chat{"1"});
    b.messenger->send("a", Chat{"2"});
    drive(io_);
    ASSERT_TRUE(a.messenger->try_receive());
    std::vector<std::string> next;
    for (int i = 0; i < 4; ++i) next.push_back(text(*a.messenger->try_receive()));
    EXPECT_THAT(next, ElementsAre("b: 1", "flood: flood", "b: 2", "flood: flood"));
}

TEST_F(AMessenger, SaysWhatTheInboxHadNoRoomFor) {
    Host &a = host("a"), &b = host("b", {.inbox = 2});
    connect(a, b);
    for (int i = 0; i < 5; ++i) a.messenger->send("b", Chat{std::to_string(i)});
    drive(io_);
    EXPECT_THAT(b.taken(), ElementsAre("a: 0", "a: 1"));
    a.messenger->send("b", Chat{"5"});
    drive(io_);
    EXPECT_EQ(b.messenger->try_receive()->missed(), 3U);
}

TEST_F(AMessenger, AReliableOneHoldsBackWhatTheInboxHasNoRoomFor) {
    Host &a = host("a", {.reliable = true}), &b = host("b", {.inbox = 2});
    connect(a, b);
    std::vector<std::string> sent, got;
    for (int i = 0; i < 9; ++i) {
        a.messenger->send("b", Chat{std::to_string(i)});
        sent.push_back(fmt::format("a: {}", i));
    }
    drive(io_);
    EXPECT_EQ(b.messenger->stat("a").inbox, 2U);
    while (auto message = b.messenger->try_receive()) {
        got.push_back(text(*message));
        drive(io_);
    }
    EXPECT_EQ(got, sent);
    EXPECT_EQ(a.messenger->stat("b").queued, 0U);
}

TEST_F(AMessenger, WaitsForAMessage) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    drive(io_);
    std::vector<std::string> got;
    const auto receive = [&] {
        b.messenger->async_receive([&](const error_code& error, const Messenger::message_type& message) {
            got.push_back(error ? error.message() : text(message));
        });
    };
    receive();
    receive();
    drive(io_);
    EXPECT_THAT(got, IsEmpty());
    a.messenger->send("b", Chat{"1"});
    drive(io_);
    EXPECT_THAT(got, ElementsAre("a: 1"));
    a.messenger->send("b", Chat{"2"});
    drive(io_);
    EXPECT_THAT(got, ElementsAre("a: 1", "a: 2"));
    a.messenger->send("b", Chat{"3"});
    drive(io_);
    receive();
    EXPECT_EQ(got.size(), 2U);  // never inside the call
    drive(io_);
    EXPECT_EQ(got.size(), 3U);
}

TEST_F(AMessenger, AReceiveMayBeCancelledAndEndsWithTheMessenger) {
    Host& a = host("a");
    asio::cancellation_signal signal;
    std::vector<error_code> errors;
    const auto note = [&](const error_code& error, const auto&) { errors.push_back(error); };
    a.messenger->async_receive(asio::bind_cancellation_slot(signal.slot(), note));
    a.messenger->async_receive(note);
    drive(io_);
    signal.emit(asio::cancellation_type::total);
    drive(io_);
    EXPECT_THAT(errors, ElementsAre(asio::error::operation_aborted));
    a.messenger->close();
    drive(io_);
    a.messenger->async_receive(note);
    drive(io_);
    EXPECT_THAT(errors, ElementsAre(asio::error::operation_aborted, event::errc::closed, event::errc::closed));
    EXPECT_EQ(a.messenger->send("b", Chat{"1"}).error, event::errc::closed);
    EXPECT_EQ(a.messenger->broadcast(Chat{"1"}), 0U);
}

TEST_F(AMessenger, TellsWhoComesAndGoes) {
    Host &a = host("a"), &b = host("b");
    const auto link = connect(a, b);
    drive(io_);
    EXPECT_THAT(a.announcements(), ElementsAre("+b"));
    EXPECT_THAT(**a.messenger->peers().try_get(), ElementsAre("b"));
    link.there.cut();
    drive(io_);
    EXPECT_THAT(a.announcements(), ElementsAre("-b"));
    EXPECT_THAT(b.announcements(), ElementsAre("+a", "-a"));
    EXPECT_THAT(**a.messenger->peers().try_get(), IsEmpty());
}

TEST_F(AMessenger, AReliableOneGoesOnByTheNextLink) {
    Host &a = host("a", {.reliable = true}), &b = host("b");
    std::vector<std::string> sent, got;
    for (int round = 0; round < 20; ++round) {
        const auto link = connect(a, b);
        link.there.cut_after(static_cast<std::size_t>(100 + 13 * round));
        for (int i = 0; i < 5; ++i) {
            sent.push_back(fmt::format("a: {}", sent.size()));
            EXPECT_TRUE(a.messenger->send("b", Chat{std::to_string(sent.size() - 1)}));
        }
        drive(io_);
        for (auto& each : b.taken()) got.push_back(std::move(each));
        link.there.cut();
        drive(io_);
    }
    connect(a, b);
    drive(io_);
    for (auto& each : b.taken()) got.push_back(std::move(each));
    EXPECT_EQ(got, sent);
    EXPECT_EQ(a.messenger->stat("b").queued, 0U);
    EXPECT_EQ(a.messenger->stat("b").unconfirmed, 0U);
}

TEST_F(AMessenger, SaysWhatNobodyKnowsWhenThePeerWasStartedAnew) {
    Host &a = host("a", {.reliable = true}), &b = host("b");
    const auto link = connect(a, b);
    drive(io_);
    link.back.hold();
    a.messenger->send("b", Chat{"1"});
    drive(io_);
    link.there.cut();
    drive(io_);
    b.messenger.emplace(b.bus);
    connect(a, b);
    a.messenger->send("b", Chat{"2"});
    drive(io_);
    EXPECT_THAT(a.announcements(), ElementsAre("+b", "-b", "+b", "b: 0 unsent, 1 unconfirmed"));
    EXPECT_THAT(b.taken(), ElementsAre("a: 2"));
}

TEST_F(AMessenger, ForgetsAPeerThatStaysAwayAndSaysWhatIsLostWithIt) {
    Host& a = host("a", {.keep = 10s, .max_peers = 1});
    a.messenger->send("b", Chat{"1"});
    EXPECT_EQ(a.messenger->send("c", Chat{"1"}).error, event::net::errc::too_many_peers);
    pass(9s);
    a.messenger->send("b", Chat{"2"});
    EXPECT_THAT(a.announcements(), IsEmpty());
    pass(2s);
    EXPECT_THAT(a.announcements(), ElementsAre("b: 2 unsent, 0 unconfirmed"));
    EXPECT_EQ(a.messenger->stat("b").queued, 0U);
    EXPECT_TRUE(a.messenger->send("c", Chat{"1"}));
}

TEST_F(AMessenger, MayKeepAPeerForEver) {
    Host &a = host("a", {.keep = std::chrono::steady_clock::duration::max()}), &b = host("b");
    a.messenger->send("b", Chat{"1"});
    pass(24h * 365);
    EXPECT_THAT(a.announcements(), IsEmpty());
    connect(a, b);
    drive(io_);
    EXPECT_THAT(b.taken(), ElementsAre("a: 1"));
}

TEST_F(AMessenger, KeepsAPeerThatHasALink) {
    Host &a = host("a", {.keep = 10s}), &b = host("b", {.keep = 10s});
    connect(a, b);
    pass(60s);
    const auto second = connect(a, b);
    pass(60s);
    EXPECT_TRUE(a.messenger->send("b", Chat{"1"}));
    pass(1s);
    EXPECT_THAT(b.taken(), ElementsAre("a: 1"));
}

TEST_F(AMessenger, BothMayDialAtOnce) {
    for (const bool is_reliable : {false, true}) {
        Host &a = host("a", {.reliable = is_reliable}), &b = host("b", {.reliable = is_reliable});
        for (int i = 0; i < 10; ++i) {
            a.messenger->send("b", Chat{std::to_string(i)});
            b.messenger->send("a", Chat{std::to_string(i)});
        }
        connect(a, b);
        connect(b, a);
        drive(io_);
        for (int i = 10; i < 20; ++i) {
            a.messenger->send("b", Chat{std::to_string(i)});
            b.messenger->send("a", Chat{std::to_string(i)});
        }
        drive(io_);
        std::vector<std::string> from_a, from_b;
        for (int i = 0; i < 20; ++i) {
            from_a.push_back(fmt::format("a: {}", i));
            from_b.push_back(fmt::format("b: {}", i));
        }
        EXPECT_EQ(b.taken(), from_a);
        EXPECT_EQ(a.taken(), from_b);
        EXPECT_EQ(a.messenger->stat("b").links, 2U);
    }
}

TEST_F(AMessenger, OtherTypesAreRefusedWithASentence) {
    Host &a = host("a"), &b = host("b");
    event::net::Messenger<Chat, Alarm> other(b.bus);
    auto [one, two] = duplex::pair(io_);
    Link& here = a.add(std::move(one), "b", Dialed::here);
    Link there(b.bus, std::move(two), {.on_subscription_ended = [](const auto&) {}});
    other.attach(there, "a", Dialed::there);
    a.run(here);
    there.async_run(asio::detached);
    a.messenger->send("b", Chat{"1"});
    drive(io_);
    ASSERT_EQ(a.ended.size(), 1U);
    EXPECT_EQ(a.ended.front().types, "event.net.messages");
    EXPECT_EQ(a.ended.front().reason.code, end_code::schema_mismatch);
    EXPECT_FALSE(other.try_receive());
}

TEST_F(AMessenger, AMessageThatCannotBeReadEndsItsLinkAndNothingElse) {
    Host &a = host("a"), &b = host("b"), &bad = host("bad");
    connect(a, b);
    connect(bad, a);
    drive(io_);
    ASSERT_THAT(a.announcements(), ElementsAre("+b", "+bad"));
    EXPECT_TRUE(bad.messenger->send("a", Picky{.is_readable = false}));
    drive(io_);
    EXPECT_THAT(a.results, ElementsAre(end_code::malformed_payload));
    EXPECT_THAT(a.announcements(), ElementsAre("-bad"));
    EXPECT_TRUE(b.messenger->send("a", Chat{"1"}));
    drive(io_);
    EXPECT_THAT(a.taken(), ElementsAre("b: 1"));
}

TEST_F(AMessenger, MovedFromItSaysSo) {
    Host& a = host("a");
    Messenger moved = std::move(*a.messenger);
    EXPECT_THROW(a.messenger->send("b", Chat{"1"}), std::logic_error);
    a.messenger->close();
    EXPECT_TRUE(moved.send("b", Chat{"1"}));
}

TEST_F(AMessenger, RefusesOptionsThatItCannotWorkWith) {
    event::EventBus bus(io_);
    EXPECT_THROW(Messenger(bus, {.capacity = 0}), std::invalid_argument);
    EXPECT_THROW(Messenger(bus, {.max_bytes = 0}), std::invalid_argument);
    EXPECT_THROW(Messenger(bus, {.inbox = 0}), std::invalid_argument);
    EXPECT_THROW(Messenger(bus, {.max_peers = 0}), std::invalid_argument);
}

TEST_F(AMessenger, MayGoBeforeItsLinks) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    drive(io_);
    a.messenger->send("b", Chat{"1"});
    a.messenger.reset();
    drive(io_);
    EXPECT_THAT(b.announcements(), ElementsAre("+a", "-a"));
    EXPECT_TRUE(a.results.empty());  // the link goes on
    b.messenger->send("a", Chat{"1"});
    drive(io_);
}

TEST_F(AMessenger, MayGoBeforeItsContextHasRunAgain) {
    Host& a = host("a");
    a.messenger->send("b", Chat{"1"});
    a.messenger.reset();
    drive(io_);  // what would look at b
}

TEST_F(AMessenger, MessagesThatCannotBeReadKeepNoRoomAndAreMissed) {
    Host &a = host("a", {.inbox = 2}), &bad = host("bad");
    for (int i = 0; i < 3; ++i) {
        connect(bad, a);
        drive(io_);
        bad.messenger->send("a", Picky{.is_readable = false});
        drive(io_);
    }
    connect(bad, a);
    drive(io_);
    bad.messenger->send("a", Chat{"good"});
    drive(io_);
    EXPECT_THAT(a.taken(), ElementsAre("bad: good"));
    EXPECT_EQ(a.messenger->stat("bad").missed, 3U);
    EXPECT_EQ(a.messenger->stat("bad").received, 1U);
}

// ---- over TCP, with threads -------------------------------------------------------------------------------------

TEST(MessengerThreads, SendFromManyThreadsByRealLinks) {
    constexpr std::size_t threads = 4, each = 500;
    asio::thread_pool pool(2);
    event::EventBus here_bus(pool), there_bus(pool);
    Messenger here(here_bus, {.reliable = true, .capacity = threads * each});
    Messenger there(there_bus, {.inbox = 16});
    const auto authorise = [&](event::net::Remote& remote, const event::net::Peer&) {
        there.attach(remote, "here", Dialed::there);
        return std::optional<Reason>();
    };
    using asio::ip::tcp;
    tcp::acceptor acceptor(pool, {asio::ip::address_v4::loopback(), 0});
    const auto port = std::to_string(acceptor.local_endpoint().port());
    event::net::Listener listener(there_bus, std::move(acceptor), {}, authorise);
    event::net::Supervisor supervisor(here_bus, event::net::TcpDialer(pool.get_executor(), "127.0.0.1", port));
    here.attach(supervisor, "there", Dialed::here);
    listener.async_run(asio::detached);
    supervisor.async_run(asio::detached);

    std::vector<std::size_t> numbers;
    std::promise<void> all;
    std::function<void()> receive = [&] {
        there.async_receive([&](const error_code& error, const Messenger::message_type& message) {
            if (error) return;
            numbers.push_back(static_cast<std::size_t>(message.get_if<Alarm>()->level));
            if (numbers.size() == threads * each) return all.set_value();
            receive();
        });
    };
    receive();
    std::vector<std::thread> senders;
    for (std::size_t sender = 0; sender < threads; ++sender) {
        senders.emplace_back([&, sender] {
            for (std::size_t i = 0; i < each; ++i)
                EXPECT_TRUE(here.send("there", Alarm{static_cast<int>(sender * each + i)}));
        });
    }
    for (auto& sender : senders) sender.join();
    all.get_future().wait();
    std::array<std::size_t, threads> next{};
    for (const std::size_t number : numbers) EXPECT_EQ(number % each, next[number / each]++);
    EXPECT_FALSE(there.try_receive());
    supervisor.close();
    listener.close();
    here.close();
    there.close();
    pool.join();
}

TEST(MessengerThreads, AskAnswerWaitAndHandleFromManyThreads) {
    constexpr int threads = 3, each = 150;
    asio::thread_pool pool(2);
    event::EventBus here_bus(pool), there_bus(pool);
    Messenger here(here_bus, {.reliable = true, .capacity = 8, .max_total_bytes = 400}),
        there(there_bus, {.reliable = true, .capacity = 8, .inbox = 8});
    using asio::ip::tcp;
    tcp::acceptor acceptor(pool, {asio::ip::address_v4::loopback(), 0});
    const auto port = std::to_string(acceptor.local_endpoint().port());
    event::net::Listener listener(there_bus, std::move(acceptor), {},
                                  [&](event::net::Remote& remote, const event::net::Peer&) {
                                      there.attach(remote, "here", Dialed::there);
                                      return std::optional<Reason>();
                                  });
    listener.async_run(asio::detached);
    here.dial_by([&](const PeerId&) { return event::net::TcpDialer(pool.get_executor(), "127.0.0.1", port); });
    const auto answers = there.on<Get>(
        [](const PeerId&, const Get& get) -> asio::awaitable<Got> {
            co_await asio::post(asio::use_awaitable);
            co_return Got{get.key + "!"};
        },
        {.concurrency = 4});
    std::atomic<int> handled{0}, answered{0}, over{0};
    auto alarms = there.on<Alarm>([&](const PeerId&, const Alarm&) { ++handled; }, {.concurrency = 2});

    const auto talk = [&](int thread) {
        for (int i = 0; i < each; ++i) {
            const std::string key = fmt::format("{}.{}", thread, i);
            auto sent = here.async_send("there", Alarm{i}, asio::use_future);
            const auto limit = i % 10 == 9 ? 0ms : 60'000ms;
            std::promise<error_code> result;
            asio::cancellation_signal cancel;
            here.async_request<Got>(
                "there", Get{key}, limit,
                asio::bind_cancellation_slot(cancel.slot(), [&](const error_code& error, const Got& got) {
                    if (!error) {
                        EXPECT_EQ(got.value, key + "!");
                    }
                    result.set_value(error);
                }));
            const error_code error = result.get_future().get();
            EXPECT_TRUE(!error || error == asio::error::timed_out || error == event::net::errc::no_room) << error;
            answered += error ? 0 : 1;
            sent.get();
        }
        ++over;
    };
    std::vector<std::thread> talking;
    for (int thread = 0; thread < threads; ++thread) talking.emplace_back(talk, thread);
    // meanwhile handles and handlers come and go
    while (over != threads) {
        auto peer = there.peer("here");
        const auto chats = there.on<Chat>([](const PeerId&, const Chat&) {});
        peer.send(Small{"x"});
        peer.async_receive([](const auto&...) {});
        static_cast<void>(here.try_receive());
        static_cast<void>(here.stats());
        std::array<PeerResult, 2> results;
        here.broadcast(Chat{"all"}, results);
    }
    for (auto& thread : talking) thread.join();
    while (handled != threads * each) {
        static_cast<void>(there.try_receive());  // chats that nobody has handled take room in the inbox
        std::this_thread::yield();
    }
    EXPECT_GT(answered, 0);
    EXPECT_EQ(here.stat("there").asked, 0U);
    alarms.end();
    here.close();
    there.close();
    listener.close();
    pool.join();
}

}  // namespace messenger_test
