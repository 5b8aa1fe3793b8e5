#include "messenger_fixture.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// One peer of an `event::net::Messenger` by itself, waiting for room, the bytes of all peers, and dialing.

namespace messenger_test {

using event::net::DialOptions;
using event::net::SendResult;

class Peers : public AMessenger {
protected:
    /// What became of each `async_send`.
    std::optional<SendResult>& send(Host& host, const PeerId& to, const std::string& text) {
        auto& result = results_.emplace_back();
        host.messenger->async_send(to, Chat{text}, [&result](const error_code& error, const SendResult& sent) {
            EXPECT_EQ(error, sent.error);
            result = sent;
        });
        return result;
    }

private:
    std::list<std::optional<SendResult>> results_;
};

// ---- waiting for room -------------------------------------------------------------------------------------------

TEST_F(Peers, ASendMayWaitForRoom) {
    Host &a = host("a", {.capacity = 1}), &b = host("b");
    const auto &one = send(a, "b", "1"), &two = send(a, "b", "2"), &three = send(a, "b", "3");
    const auto& other = send(a, "c", "waits for nobody");
    drive(io_);
    EXPECT_TRUE(one && *one && other && *other);
    EXPECT_FALSE(two || three);
    connect(a, b);
    drive(io_);
    EXPECT_TRUE(two && *two && three && *three);
    EXPECT_THAT(b.taken(), ElementsAre("a: 1", "a: 2", "a: 3"));
    EXPECT_EQ(a.messenger->stat("b").refused, 0U);
}

TEST_F(Peers, ASendThatWaitsDisplacesNothing) {
    Host &a = host("a", {.capacity = 1, .on_full = event::DropOldest{}}), &b = host("b");
    send(a, "b", "1");
    const auto& two = send(a, "b", "2");
    drive(io_);
    EXPECT_FALSE(two);
    connect(a, b);
    drive(io_);
    EXPECT_THAT(b.taken(), ElementsAre("a: 1", "a: 2"));
}

TEST_F(Peers, ASendThatWaitsMayBeCancelledAndTheNextGetsItsTurn) {
    Host &a = host("a", {.capacity = 1}), &b = host("b");
    send(a, "b", "1");
    asio::cancellation_signal cancel;
    std::optional<error_code> cancelled;
    a.messenger->async_send("b", Chat{"2"},
                            asio::bind_cancellation_slot(
                                cancel.slot(), [&](const error_code& error, const SendResult&) { cancelled = error; }));
    send(a, "b", "3");
    drive(io_);
    EXPECT_FALSE(cancelled);
    cancel.emit(asio::cancellation_type::total);
    drive(io_);
    EXPECT_EQ(cancelled, asio::error::operation_aborted);
    connect(a, b);
    drive(io_);
    EXPECT_THAT(b.taken(), ElementsAre("a: 1", "a: 3"));
}

TEST_F(Peers, ASendThatWaitsEndsWithTheMessenger) {
    Host& a = host("a", {.capacity = 1});
    send(a, "b", "1");
    const auto& waits = send(a, "b", "2");
    drive(io_);
    a.messenger->close();
    drive(io_);
    ASSERT_TRUE(waits);
    EXPECT_EQ(waits->error, event::errc::closed);
    const auto& late = send(a, "b", "3");
    drive(io_);
    ASSERT_TRUE(late);
    EXPECT_EQ(late->error, event::errc::closed);
}

TEST_F(Peers, ASendSaysAtOnceWhatNoWaitingMends) {
    Host& a = host("a", {.max_bytes = 10, .max_peers = 1});
    const auto& large = send(a, "b", "0123456789");
    const auto &first = send(a, "b", "1"), &many = send(a, "c", "1");
    std::optional<SendResult> too_large;
    a.messenger->async_send("b", Small{"far too long"},
                            [&](const error_code&, const SendResult& result) { too_large = result; });
    drive(io_);
    EXPECT_EQ(large->error, event::net::errc::too_large);
    EXPECT_TRUE(*first);
    EXPECT_EQ(many->error, event::net::errc::too_many_peers);
    EXPECT_EQ(too_large->error, event::net::errc::too_large);
}

TEST_F(Peers, ASendThatWaitsGetsRoomWhereWhatWasQueuedIsForgotten) {
    Host &a = host("a", {.capacity = 1, .keep = 5s}), &b = host("b");
    send(a, "b", "1");
    const auto& waits = send(a, "b", "2");
    pass(6s);
    EXPECT_TRUE(waits && *waits);
    EXPECT_THAT(a.announcements(), ElementsAre("b: 1 unsent, 0 unconfirmed"));
    connect(a, b);
    drive(io_);
    EXPECT_THAT(b.taken(), ElementsAre("a: 2"));
}

TEST_F(Peers, ASlowOneIsToldOfOnceUntilItsQueueIsHalfEmpty) {
    for (const bool displaces : {false, true}) {
        MessengerOptions options{.capacity = 4};
        if (displaces) options.on_full = event::DropOldest{};
        Host &a = host("a", options), &b = host("b");
        auto slow = a.bus.subscribe<event::net::PeerSlow>();
        for (int i = 0; i < 4; ++i) a.messenger->send("b", Chat{"1"});
        EXPECT_FALSE(slow.try_receive());
        for (int i = 0; i < 4; ++i) a.messenger->send("b", Chat{"1"});
        auto told = slow.try_receive();
        ASSERT_TRUE(told);
        EXPECT_EQ((*told)->peer, "b");
        EXPECT_EQ((*told)->queued, 4U);
        EXPECT_EQ((*told)->queued_bytes, 8U);
        EXPECT_FALSE(slow.try_receive());
        connect(a, b);
        drive(io_);
        const auto link = connect(a, b);
        for (int i = 0; i < 5; ++i) a.messenger->send("b", Chat{"1"});
        EXPECT_TRUE(slow.try_receive());
        EXPECT_FALSE(slow.try_receive());
    }
}

// ---- bytes of all peers -----------------------------------------------------------------------------------------

TEST_F(Peers, ShareTheBytesOfAllFairly) {
    Host& a = host("a", {.max_total_bytes = 120});
    const std::string nine = "123456789";  // ten bytes with its length
    const auto fill = [&](const PeerId& peer) {
        int count = 0;
        while (a.messenger->send(peer, Chat{nine})) ++count;
        return count;
    };
    EXPECT_EQ(fill("b"), 6);  // half of it
    EXPECT_EQ(fill("c"), 3);  // as much as is free beside
    EXPECT_EQ(fill("d"), 2);
    EXPECT_EQ(fill("b"), 0);
    EXPECT_EQ(a.messenger->send("e", Chat{std::string(200, 'x')}).error, event::net::errc::too_large);
    EXPECT_EQ(a.messenger->send("b", Chat{nine}).error, event::net::errc::no_room);
}

TEST_F(Peers, ASendWaitsForTheBytesOfOthers) {
    Host &a = host("a", {.max_total_bytes = 100}), &b = host("b");
    const std::string nine = "123456789";
    for (const char* peer : {"b", "dead", "dead2", "dead3", "dead4"})
        while (a.messenger->send(peer, Chat{nine})) {
        }
    const auto& blocked = send(a, "dead", nine);  // has more than its part
    const auto& waits = send(a, "new", nine);
    drive(io_);
    EXPECT_FALSE(blocked || waits);
    connect(a, b);
    drive(io_);
    EXPECT_TRUE(waits && *waits);  // whom the one before it does not hold up
}

TEST_F(Peers, WhoWaitsForTheBytesOfOthersKeepsItsPlace) {
    Host &a = host("a", {.max_total_bytes = 40}), &b = host("b");
    for (int i = 0; i < 2; ++i) a.messenger->send("c", Chat{"123456789"});
    for (int i = 0; i < 4; ++i) send(a, "b", fmt::format("12345678{}", i));
    drive(io_);
    connect(a, b);
    drive(io_);
    EXPECT_THAT(b.taken(), ElementsAre("a: 123456780", "a: 123456781", "a: 123456782", "a: 123456783"));
}

TEST_F(Peers, GiveTheirBytesBack) {
    Host &a = host("a", {.max_total_bytes = 100, .keep = 5s}), &b = host("b");
    for (int round = 0; round < 20; ++round) {
        while (a.messenger->send("b", Chat{"123456789"})) {
        }
        if (round % 2 == 0) {
            pass(6s);
        } else {
            const auto link = connect(a, b);
            drive(io_);
            link.there.cut();
            drive(io_);
        }
        EXPECT_EQ(a.messenger->stat("b").queued_bytes, 0U);
    }
    int count = 0;
    while (a.messenger->send("b", Chat{"123456789"})) ++count;
    EXPECT_EQ(count, 5);
}

// ---- one peer by itself -----------------------------------------------------------------------------------------

TEST_F(Peers, OneMayBeReceivedByItself) {
    Host &a = host("a"), &b = host("b"), &c = host("c");
    connect(a, c);
    connect(b, c);
    a.messenger->send("c", Chat{"before"});
    b.messenger->send("c", Chat{"before"});
    drive(io_);
    {
        auto handle = c.messenger->peer("a");
        EXPECT_EQ(handle.id(), "a");
        a.messenger->send("c", Chat{"1"});
        b.messenger->send("c", Chat{"1"});
        drive(io_);
        EXPECT_THAT(c.taken(), ElementsAre("b: before", "b: 1"));
        EXPECT_EQ(text(*handle.try_receive()), "a: before");
        EXPECT_EQ(text(*handle.try_receive()), "a: 1");
        EXPECT_FALSE(handle.try_receive());
        EXPECT_TRUE(handle.send(Chat{"hello"}));
        a.messenger->send("c", Chat{"left"});
        drive(io_);
        EXPECT_THAT(a.taken(), ElementsAre("c: hello"));
        EXPECT_EQ(handle.stat().inbox, 1U);
    }
    EXPECT_THAT(c.taken(), ElementsAre("a: left"));
}

TEST_F(Peers, SeveralMayReceiveOfOne) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    auto one = b.messenger->peer("a");
    std::vector<std::string> got;
    {
        auto two = b.messenger->peer("a");
        const auto take = [&](const error_code& error, const Messenger::message_type& message) {
            got.push_back(error ? error.message() : text(message));
        };
        one.async_receive(take);
        two.async_receive(take);
        a.messenger->send("b", Chat{"1"});
        a.messenger->send("b", Chat{"2"});
        drive(io_);
        EXPECT_THAT(got, ElementsAre("a: 1", "a: 2"));
    }
    a.messenger->send("b", Chat{"3"});
    drive(io_);
    EXPECT_THAT(b.taken(), IsEmpty());
    EXPECT_EQ(text(*one.try_receive()), "a: 3");
}

TEST_F(Peers, WhoReceivesOfOneEndsWithTheLastHandleAndWithTheMessenger) {
    Host& b = host("b");
    std::vector<error_code> ends;
    const auto take = [&](const error_code& error, const auto&) { ends.push_back(error); };
    {
        auto handle = b.messenger->peer("a");
        handle.async_receive(take);
        drive(io_);
    }
    drive(io_);
    EXPECT_THAT(ends, ElementsAre(event::errc::closed));
    auto handle = b.messenger->peer("a");
    handle.async_receive(take);
    drive(io_);
    b.messenger.reset();
    drive(io_);
    EXPECT_THAT(ends, ElementsAre(event::errc::closed, event::errc::closed));
    EXPECT_EQ(handle.send(Chat{"1"}).error, event::errc::closed);
    handle.async_receive(take);
    drive(io_);
    EXPECT_EQ(ends.size(), 3U);
}

TEST_F(Peers, AllWhoWaitAreCalledWhenTheLastHandleGoes) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    drive(io_);
    std::vector<std::string> received;
    {
        const auto handle = b.messenger->peer("a");
        for (int i = 0; i < 3; ++i) a.messenger->send("b", Chat{std::to_string(i)});
        for (int i = 0; i < 3; ++i) {
            b.messenger->async_receive([&](const error_code& error, const Messenger::message_type& message) {
                received.push_back(error ? error.message() : text(message));
            });
        }
        drive(io_);
        EXPECT_THAT(received, IsEmpty());
    }
    drive(io_);
    EXPECT_THAT(received, ElementsAre("a: 0", "a: 1", "a: 2"));
}

TEST_F(Peers, AHandleOutlivesWhatIsForgotten) {
    Host &a = host("a", {.keep = 5s}), &b = host("b", {.keep = 5s});
    auto handle = b.messenger->peer("a");
    handle.send(Chat{"lost"});
    pass(6s);
    EXPECT_THAT(b.announcements(), ElementsAre("a: 1 unsent, 0 unconfirmed"));
    pass(20s);
    EXPECT_FALSE(clock_.next_limit());  // it is not looked at for ever
    const auto first = connect(a, b);
    a.messenger->send("b", Chat{"1"});
    drive(io_);
    EXPECT_EQ(text(*handle.try_receive()), "a: 1");
    first.there.cut();
    pass(10s);
    connect(a, b);
    a.messenger->send("b", Chat{"2"});
    handle.send(Chat{"3"});
    drive(io_);
    EXPECT_EQ(text(*handle.try_receive()), "a: 2");
    EXPECT_THAT(a.taken(), ElementsAre("b: 3"));
}

TEST_F(Peers, AHandleIsRefusedWhereThereAreTooMany) {
    Host& a = host("a", {.max_peers = 1});
    auto first = a.messenger->peer("b");
    EXPECT_THROW(static_cast<void>(a.messenger->peer("c")), boost::system::system_error);
    auto moved = std::move(first);
    EXPECT_THROW(static_cast<void>(first.stat()), std::logic_error);  // NOLINT(bugprone-use-after-move)
    a.messenger->close();
    EXPECT_THROW(static_cast<void>(a.messenger->peer("b")), boost::system::system_error);
}

TEST_F(Peers, AllMayBeLookedAt) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    a.messenger->send("c", Chat{"1"});
    drive(io_);
    const auto stats = a.messenger->stats();
    ASSERT_EQ(stats.size(), 2U);
    EXPECT_EQ(stats.at("b").links, 1U);
    EXPECT_EQ(stats.at("c").queued, 1U);
}

// ---- dialing ----------------------------------------------------------------------------------------------------

/// Streams to a host, made in memory when somebody dials.
class MemoryDialer {
public:
    using stream_type = duplex::End;
    using Answer = std::function<std::optional<duplex::End>()>;

    MemoryDialer(asio::io_context& io, Answer answer) : io_(&io), answer_(std::move(answer)) {}

    [[nodiscard]] asio::any_io_executor get_executor() const { return io_->get_executor(); }
    template <class Token>
    auto async_dial(Token&& token) {
        return asio::async_initiate<Token, void(error_code, duplex::End)>(
            [this](auto handler) {
                auto end = answer_();
                const error_code error = end ? error_code() : asio::error::connection_refused;
                if (!end) end.emplace(duplex::pair(*io_).first);
                const auto executor = asio::get_associated_executor(handler);
                asio::post(executor, [handler = std::move(handler), error, end = std::move(*end)]() mutable {
                    std::move(handler)(error, std::move(end));
                });
            },
            token);
    }
    void cancel() noexcept {}

private:
    asio::io_context* io_;
    Answer answer_;
};

class Dialing : public Peers {
protected:
    /// `from` dials `to` by itself.
    void let_dial(Host& from, Host& to, DialOptions options = {}) {
        options.supervisor.link.epoch = from.epoch();
        options.supervisor.seed = 1;
        from.messenger->dial_by(
            [this, &from, &to](const PeerId& peer) -> std::optional<MemoryDialer> {
                asked_.push_back(peer);
                if (peer != to.name()) return std::nullopt;
                return MemoryDialer(io_, [this, &from, &to] { return answer(from, to); });
            },
            options);
    }
    std::optional<duplex::End> answer(Host& from, Host& to) {
        ++dials_;
        if (!is_there_) return std::nullopt;
        auto [one, other] = duplex::pair(io_);
        pipes_.push_back(one.outgoing());
        Link& link = to.add(std::move(other), from.name(), Dialed::there);
        to.run(link);
        return std::move(one);
    }

    bool is_there_ = true;
    int dials_ = 0;
    std::vector<PeerId> asked_;
    std::vector<duplex::Pipe> pipes_;
};

TEST_F(Dialing, BeginsWithTheFirstMessage) {
    Host &a = host("a"), &b = host("b");
    let_dial(a, b);
    drive(io_);
    EXPECT_EQ(dials_, 0);
    a.messenger->send("b", Chat{"1"});
    a.messenger->send("b", Chat{"2"});
    drive(io_);
    EXPECT_EQ(dials_, 1);
    EXPECT_THAT(b.taken(), ElementsAre("a: 1", "a: 2"));
    b.messenger->send("a", Chat{"3"});
    drive(io_);
    EXPECT_THAT(a.taken(), ElementsAre("b: 3"));
    EXPECT_THAT(a.announcements(), ElementsAre("+b"));
    EXPECT_THROW(let_dial(a, b), std::logic_error);
    EXPECT_THROW(let_dial(b, a, {.idle = 0s}), std::invalid_argument);
}

TEST_F(Dialing, AlsoForWhatWasSentBefore) {
    Host &a = host("a"), &b = host("b");
    a.messenger->send("b", Chat{"1"});
    drive(io_);
    let_dial(a, b);
    drive(io_);
    EXPECT_THAT(b.taken(), ElementsAre("a: 1"));
}

TEST_F(Dialing, GoesOnUntilThePeerIsThere) {
    Host &a = host("a"), &b = host("b");
    let_dial(a, b);
    is_there_ = false;
    a.messenger->send("b", Chat{"1"});
    pass(5s);
    EXPECT_GT(dials_, 3);
    is_there_ = true;
    pass(15s);
    EXPECT_THAT(b.taken(), ElementsAre("a: 1"));
    pipes_.back().cut();
    drive(io_);
    a.messenger->send("b", Chat{"2"});
    pass(15s);
    EXPECT_THAT(b.taken(), ElementsAre("a: 2"));
}

TEST_F(Dialing, EndsWhereThePeerIsForgotten) {
    Host &a = host("a", {.keep = 20s}), &b = host("b");
    let_dial(a, b);
    is_there_ = false;
    a.messenger->send("b", Chat{"1"});
    pass(30s);
    EXPECT_THAT(a.announcements(), ElementsAre("b: 1 unsent, 0 unconfirmed"));
    const int dials = dials_;
    pass(60s);
    EXPECT_EQ(dials_, dials);
    is_there_ = true;
    a.messenger->send("b", Chat{"2"});
    pass(1s);
    EXPECT_THAT(b.taken(), ElementsAre("a: 2"));
}

TEST_F(Dialing, DoesNotAskTwiceForWhoCannotBeDialed) {
    Host &a = host("a"), &b = host("b"), &c = host("c");
    let_dial(a, b);
    a.messenger->send("c", Chat{"1"});
    a.messenger->send("c", Chat{"2"});
    drive(io_);
    a.messenger->send("c", Chat{"3"});
    drive(io_);
    EXPECT_THAT(asked_, ElementsAre("c"));
    connect(c, a);
    drive(io_);
    EXPECT_THAT(c.taken(), ElementsAre("a: 1", "a: 2", "a: 3"));
}

TEST_F(Dialing, AFunctionThatThrowsIsHeardOf) {
    Host &a = host("a"), &b = host("b");
    a.messenger->dial_by([&](const PeerId&) -> std::optional<MemoryDialer> { throw std::runtime_error("no"); });
    a.messenger->send("b", Chat{"1"});
    EXPECT_THROW(drive(io_), std::runtime_error);
    drive(io_);
    connect(b, a);
    drive(io_);
    EXPECT_THAT(b.taken(), ElementsAre("a: 1"));
}

TEST_F(Dialing, DoesNotComeBackWhereItIsNotWanted) {
    Host &a = host("a"), &b = host("b");
    let_dial(a, b);
    a.messenger->send("b", Chat{"1"});
    drive(io_);
    b.links.back().close({.code = event::net::end_code::rejected});
    drive(io_);
    a.messenger->send("b", Chat{"2"});
    pass(30s);
    EXPECT_EQ(dials_, 1);
}

TEST_F(Dialing, ClosesALinkThatNobodyUsesAndDialsAgainForTheNextMessage) {
    for (const bool is_reliable : {false, true}) {
        Host &a = host("a", {.reliable = is_reliable}), &b = host("b", {.reliable = is_reliable});
        dials_ = 0;
        let_dial(a, b, {.idle = 10s});
        a.messenger->send("b", Chat{"1"});
        pass(9s);
        b.messenger->send("a", Chat{"2"});
        pass(9s);
        EXPECT_EQ(a.messenger->stat("b").links, 1U);
        pass(20s);
        EXPECT_EQ(a.messenger->stat("b").links, 0U);
        EXPECT_EQ(b.messenger->stat("a").links, 0U);
        EXPECT_EQ(dials_, 1);
        a.messenger->send("b", Chat{"3"});
        pass(1s);
        EXPECT_EQ(dials_, 2);
        EXPECT_THAT(b.taken(), ElementsAre("a: 1", "a: 3"));
        EXPECT_THAT(a.taken(), ElementsAre("b: 2"));
        EXPECT_EQ(a.messenger->stat("b").unconfirmed, 0U);
    }
}

TEST_F(Dialing, ALinkThatNobodyUsesMayBeKeptForEver) {
    Host &a = host("a", {.keep = 10s}), &b = host("b");
    let_dial(a, b, {.idle = std::chrono::steady_clock::duration::max()});
    a.messenger->send("b", Chat{"1"});
    pass(1s);
    a.messenger->send("c", Chat{"1"});  // who is forgotten all the same
    pass(1h);
    EXPECT_EQ(a.messenger->stat("b").links, 1U);
    EXPECT_THAT(a.announcements(), ElementsAre("+b", "c: 1 unsent, 0 unconfirmed"));
}

TEST_F(Dialing, ALinkThatARequestWaitsOnIsUsed) {
    Host &a = host("a"), &b = host("b");
    let_dial(a, b, {.idle = 10s});
    event::Value<bool> gate(io_);
    const auto handling = b.messenger->on<Get>([&](const PeerId&, const Get&) -> asio::awaitable<Got> {
        auto watcher = gate.watch();
        co_await watcher.async_get(asio::use_awaitable);
        co_return Got{"late"};
    });
    std::optional<error_code> result;
    a.messenger->async_request<Got>("b", Get{"1"}, 1h, [&](const error_code& error, const Got&) { result = error; });
    drive(io_);
    clock_.advance(10s);
    int steps = 0;  // it is not looked at again and again
    for (io_.restart(); steps < 1'000 && io_.poll_one() != 0;) ++steps;
    EXPECT_LT(steps, 100);
    pass(60s);
    EXPECT_EQ(a.messenger->stat("b").links, 1U);
    gate.set(true);
    drive(io_);
    EXPECT_EQ(result, error_code());
}

TEST_F(Dialing, ALinkMayBeIdleForEver) {
    Host &a = host("a"), &b = host("b");
    let_dial(a, b, {.idle = std::chrono::steady_clock::duration::max()});
    a.messenger->send("b", Chat{"1"});
    pass(1h);
    EXPECT_EQ(a.messenger->stat("b").links, 1U);
}

TEST_F(Dialing, OfTwoLinksTheOneThatHasLostIsClosed) {
    for (const bool is_reliable : {false, true}) {
        Host &a = host("a", {.reliable = is_reliable}), &b = host("b", {.reliable = is_reliable});
        let_dial(a, b);
        let_dial(b, a);
        std::vector<std::string> from_a, from_b;
        for (int i = 0; i < 40; ++i) {
            a.messenger->send("b", Chat{std::to_string(i)});
            b.messenger->send("a", Chat{std::to_string(i)});
            from_a.push_back(fmt::format("a: {}", i));
            from_b.push_back(fmt::format("b: {}", i));
            if (i % 10 == 5) drive(io_);
        }
        pass(1s);
        EXPECT_EQ(a.messenger->stat("b").links, 1U);
        EXPECT_EQ(b.messenger->stat("a").links, 1U);
        EXPECT_EQ(b.taken(), from_a);
        EXPECT_EQ(a.taken(), from_b);
        pass(30s);
        EXPECT_EQ(a.messenger->stat("b").links, 1U);
    }
}

TEST_F(Dialing, EndsWithTheMessenger) {
    Host &a = host("a"), &b = host("b");
    let_dial(a, b);
    a.messenger->send("b", Chat{"1"});
    drive(io_);
    a.messenger.reset();
    drive(io_);
    EXPECT_THAT(b.announcements(), ElementsAre("+a", "-a"));
    pass(60s);
    EXPECT_EQ(dials_, 1);
}

}  // namespace messenger_test
