#include "messenger_fixture.hpp"

#include <event/net/dialer.hpp>
#include <event/net/listener.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What celestiaorg's go-libp2p-messenger asserts, and a cut at every byte. Theirs runs over libp2p's mock network;
/// here each is over links in memory, and once more over TCP.

namespace messenger_test {

class GoLibp2pMessenger : public AMessenger {};

std::vector<std::string> numbered(const PeerId& from, int first, int last) {
    std::vector<std::string> all;
    for (int i = first; i <= last; ++i) all.push_back(fmt::format("{}: {}", from, i));
    return all;
}

TEST_F(GoLibp2pMessenger, TestSend_PeersConnected) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    drive(io_);
    EXPECT_TRUE(a.messenger->send("b", Chat{"hello"}));
    drive(io_);
    EXPECT_THAT(b.taken(), ElementsAre("a: hello"));
}

TEST_F(GoLibp2pMessenger, TestReconnect) {
    // theirs: ten are sent, the link is lost at the eighth, and at least nine arrive
    Host &a = host("a", {.reliable = true}), &b = host("b", {.reliable = true});
    auto first = connect(a, b);
    for (int i = 1; i <= 10; ++i) {
        EXPECT_TRUE(a.messenger->send("b", Chat{std::to_string(i)}));
        if (i == 8) first.there.cut();
        drive(io_);
    }
    connect(a, b);
    drive(io_);
    EXPECT_EQ(b.taken(), numbered("a", 1, 10)) << "all of them, once, in order";
}

TEST_F(GoLibp2pMessenger, TestStreamDuplicates) {
    for (const bool is_reliable : {false, true}) {
        Host &a = host("a", {.reliable = is_reliable}), &b = host("b", {.reliable = is_reliable});
        for (int i = 1; i <= 12; ++i) {
            if (i % 3 == 1) connect(i % 2 == 0 ? a : b, i % 2 == 0 ? b : a);  // another one each time
            a.messenger->send("b", Chat{std::to_string(i)});
            b.messenger->send("a", Chat{std::to_string(i)});
            drive(io_);
        }
        EXPECT_EQ(a.messenger->stat("b").links, 4U);
        EXPECT_EQ(b.taken(), numbered("a", 1, 12));
        EXPECT_EQ(a.taken(), numbered("b", 1, 12));
    }
}

TEST_F(GoLibp2pMessenger, TestSend_Events) {
    Host &a = host("a"), &b = host("b");
    const auto link = connect(a, b);
    drive(io_);
    EXPECT_THAT(a.announcements(), ElementsAre("+b"));
    EXPECT_THAT(b.announcements(), ElementsAre("+a"));
    a.messenger->send("b", Chat{"1"});
    b.messenger->send("a", Chat{"1"});
    drive(io_);
    EXPECT_THAT(a.taken(), ElementsAre("b: 1"));
    EXPECT_THAT(b.taken(), ElementsAre("a: 1"));
    link.back.cut();
    drive(io_);
    EXPECT_THAT(a.announcements(), ElementsAre("-b"));
    EXPECT_THAT(b.announcements(), ElementsAre("-a"));
}

TEST_F(GoLibp2pMessenger, TestGroupBroadcast) {
    std::vector<Host*> all;
    for (const char* name : {"a", "b", "c", "d"}) all.push_back(&host(name));
    for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t j = i + 1; j < all.size(); ++j) connect(*all[i], *all[j]);
    drive(io_);
    std::array<PeerResult, 8> results;
    for (Host* const each : all) {
        EXPECT_EQ(each->messenger->broadcast(Chat{"from " + each->name()}, results), 3U);
        std::vector<PeerId> others, told;
        for (const Host* const other : all)
            if (other != each) others.push_back(other->name());
        for (std::size_t i = 0; i < 3; ++i) {
            told.push_back(results[i].peer);
            EXPECT_TRUE(results[i].result);
        }
        EXPECT_THAT(told, testing::UnorderedElementsAreArray(others));
    }
    drive(io_);
    for (Host* const each : all) {
        std::vector<std::string> expected;
        for (const Host* const other : all)
            if (other != each) expected.push_back(other->name() + ": from " + other->name());
        EXPECT_THAT(each->taken(), testing::UnorderedElementsAreArray(expected));
    }
}

TEST_F(GoLibp2pMessenger, TestPeers) {
    Host &a = host("a"), &b = host("b"), &c = host("c");
    const auto to_b = connect(a, b);
    connect(a, c);
    a.messenger->send("nobody", Chat{"1"});  // theirs lists it
    drive(io_);
    auto watcher = a.messenger->peers().watch();
    EXPECT_THAT(watcher.try_get()->get(), testing::UnorderedElementsAre("b", "c"));
    to_b.there.cut();
    drive(io_);
    EXPECT_THAT(watcher.try_get()->get(), ElementsAre("c"));
}

/// Over sockets: who is not connected is dialed, and gets what was sent.
TEST(GoLibp2pMessengerTcp, TestSend_PeersDisconnected) {
    using asio::ip::tcp;
    asio::io_context io;
    event::EventBus here_bus(io), there_bus(io);
    Messenger here(here_bus), there(there_bus);
    tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    const auto port = std::to_string(acceptor.local_endpoint().port());
    event::net::Listener listener(there_bus, std::move(acceptor), {},
                                  [&](event::net::Remote& remote, const event::net::Peer& peer) {
                                      EXPECT_EQ(peer.address, "127.0.0.1");
                                      there.attach(remote, "here", Dialed::there);
                                      return std::optional<Reason>();
                                  });
    listener.async_run(asio::detached);
    here.dial_by([&](const PeerId&) { return event::net::TcpDialer(io, "127.0.0.1", port); });
    for (int i = 1; i <= 3; ++i) EXPECT_TRUE(here.send("there", Chat{std::to_string(i)}));
    std::vector<std::string> taken;
    while (taken.size() < 3) {
        io.run_one();
        for (auto& each : take_all(there)) taken.push_back(std::move(each));
    }
    EXPECT_EQ(taken, numbered("here", 1, 3));
    EXPECT_TRUE(there.send("here", Chat{"back"}));
    for (taken.clear(); taken.empty(); taken = take_all(here)) io.run_one();
    EXPECT_THAT(taken, ElementsAre("there: back"));
}

// ---- a cut at every byte ----------------------------------------------------------------------------------------

class CutMessenger : public AMessenger {
protected:
    static constexpr int count = 6;

    struct Pair {
        Host& a;
        Host& b;
    };
    Pair talk(const MessengerOptions& options, std::optional<std::size_t> cut_there,
              std::optional<std::size_t> cut_back, duplex::Pipe* there = nullptr, duplex::Pipe* back = nullptr) {
        Host &a = host("a", options), &b = host("b", options);
        const auto link = connect(a, b);
        if (cut_there) link.there.cut_after(*cut_there);
        if (cut_back) link.back.cut_after(*cut_back);
        if (there != nullptr) *there = link.there;
        if (back != nullptr) *back = link.back;
        for (int i = 1; i <= count; ++i) {
            a.messenger->send("b", Chat{std::to_string(i)});
            b.messenger->send("a", Chat{std::to_string(i)});
            if (i % 2 == 0) drive(io_);
        }
        return {a, b};
    }
    /// Their links tell them when they end.
    void forget_hosts() {
        for (Host& each : hosts_) {
            each.messenger.reset();
            each.links.clear();
        }
        drive(io_);
        hosts_.clear();
    }
    /// How many bytes go each way if nothing is cut.
    std::pair<std::size_t, std::size_t> bytes(const MessengerOptions& options) {
        Host &a = host("a", options), &b = host("b", options);
        const auto link = connect(a, b);
        for (int i = 1; i <= count; ++i) {
            a.messenger->send("b", Chat{std::to_string(i)});
            b.messenger->send("a", Chat{std::to_string(i)});
            if (i % 2 == 0) drive(io_);
        }
        return {link.there.taken(), link.back.taken()};
    }
};

TEST_F(CutMessenger, LosesAndDoublesNothingIfItIsReliable) {
    const MessengerOptions options{.reliable = true};
    const auto [there, back] = bytes(options);
    ASSERT_GT(there, 100U);
    for (std::size_t at = 0; at <= std::max(there, back); ++at) {
        for (const bool is_there : {true, false}) {
            SCOPED_TRACE(fmt::format("{} {}", is_there ? "there" : "back", at));
            const auto [a, b] =
                talk(options, is_there ? std::optional(at) : std::nullopt, is_there ? std::nullopt : std::optional(at));
            connect(at % 2 == 0 ? a : b, at % 2 == 0 ? b : a);
            drive(io_);
            ASSERT_EQ(b.taken(), numbered("a", 1, count));
            ASSERT_EQ(a.taken(), numbered("b", 1, count));
            ASSERT_EQ(a.messenger->stat("b").queued, 0U);
            ASSERT_EQ(a.messenger->stat("b").missed + b.messenger->stat("a").missed, 0U);
            forget_hosts();
        }
    }
}

TEST_F(CutMessenger, SaysWhatNobodyKnowsWhereOneSideIsStartedAnew) {
    const MessengerOptions options{.reliable = true};
    const auto [there, back] = bytes(options);
    for (std::size_t at = 0; at <= std::max(there, back); ++at) {
        for (const bool is_there : {true, false}) {
            SCOPED_TRACE(fmt::format("{} {}", is_there ? "there" : "back", at));
            const auto [a, b] =
                talk(options, is_there ? std::optional(at) : std::nullopt, is_there ? std::nullopt : std::optional(at));
            const std::vector<std::string> old = b.taken();
            Host& again = host("b", options);  // that has forgotten
            connect(a, again);
            drive(io_);
            const std::vector<std::string> anew = again.taken();
            const std::size_t unconfirmed = a.messenger->stat("b").unconfirmed;
            // in order; nothing that the old one got goes to the new one; what neither has is unconfirmed
            ASSERT_EQ(old, numbered("a", 1, static_cast<int>(old.size())));
            ASSERT_EQ(anew, numbered("a", count - static_cast<int>(anew.size()) + 1, count));
            ASSERT_LE(old.size() + anew.size(), static_cast<std::size_t>(count));
            ASSERT_LE(static_cast<std::size_t>(count) - old.size() - anew.size(), unconfirmed);
            ASSERT_EQ(a.messenger->stat("b").queued, 0U);
            forget_hosts();
        }
    }
}

TEST_F(CutMessenger, CountsWhatIsLostIfItIsNot) {
    const auto [there, back] = bytes({});
    for (std::size_t at = 0; at <= there; ++at) {
        SCOPED_TRACE(at);
        const auto [a, b] = talk({}, at, std::nullopt);
        connect(a, b);
        drive(io_);
        a.messenger->send("b", Chat{"last"});
        drive(io_);
        std::size_t got = 0, missed = 0;
        std::string before;
        while (const auto message = b.messenger->try_receive()) {
            ++got;
            missed += message->missed();
            const std::string text = message->get_if<Chat>()->text;
            ASSERT_TRUE(text == "last" || text > before);
            before = text;
        }
        ASSERT_EQ(before, "last");
        ASSERT_EQ(got + missed, static_cast<std::size_t>(count + 1));
        forget_hosts();
    }
}

// ---- good ones beside bad ones ----------------------------------------------------------------------------------

/// Ten that are answered, and how many handlers run for that, of them alone.
class BesideBadOnes : public AMessenger {
protected:
    std::size_t ask_all(Host& hub, std::size_t count) {
        std::size_t answered = 0, handlers = 0;
        for (std::size_t i = 0; i < count; ++i) {
            hub.messenger->async_request<Got>(
                fmt::format("good {}", i), Get{"?"}, 10s,
                [&](const error_code& error, const Got&) { answered += error ? 0U : 1U; });
        }
        while (answered < count && io_.poll_one() != 0) ++handlers;
        EXPECT_EQ(answered, count);
        return handlers;
    }
};

TEST_F(BesideBadOnes, AreAnsweredAsSoonAsAlone) {
    constexpr std::size_t good = 10;
    Host& hub = host("hub", {.capacity = 4});
    std::list<event::net::Handling> handlings;
    for (std::size_t i = 0; i < good; ++i) {
        Host& each = host(fmt::format("good {}", i));
        handlings.push_back(each.messenger->on<Get>([](const PeerId&, const Get& get) { return Got{get.key}; }));
        connect(hub, each);
    }
    drive(io_);
    for (int i = 0; i < 3; ++i) ask_all(hub, good);
    const std::size_t alone = ask_all(hub, good);

    // one that never reads, one that is not there, one that floods what nobody receives, one that breaks the rules
    Host &slow = host("slow"), &flood = host("flood");
    const auto to_slow = connect(hub, slow);
    connect(flood, hub);
    drive(io_);
    to_slow.there.hold();
    to_slow.there.capacity(64);
    for (const char* bad : {"slow", "dead"})
        for (int i = 0; i < 1'000 && hub.messenger->send(bad, Chat{std::string(100, 'x')}); ++i) drive(io_);
    for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 100; ++i) flood.messenger->send("hub", Chat{"flood"});
        auto [one, other] = duplex::pair(io_);
        hub.run(hub.add(std::move(one), "hostile", Dialed::there));
        asio::async_write(other, asio::buffer("GET / HTTP/1.1\r\n\r\n", 18), asio::detached);
        hub.messenger->send("slow", Chat{"1"});
        hub.messenger->send("dead", Chat{"1"});
        const std::size_t beside = ask_all(hub, good);
        // theirs are run, too: a few for what one read brings, and for one that is turned out
        EXPECT_LE(beside, alone + 25) << round;
        drive(io_);
    }
    EXPECT_EQ(hub.messenger->stat("slow").links, 1U);
    EXPECT_EQ(hub.messenger->stat("hostile").links, 0U);
}

}  // namespace messenger_test
