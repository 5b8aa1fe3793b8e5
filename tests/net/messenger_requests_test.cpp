#include "messenger_fixture.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// Questions and answers of `event::net::Messenger`, and its handlers.

namespace messenger_test {

using event::net::HandlerOptions;
using Result = std::pair<error_code, std::string>;

/// Requests to one peer, and what came of each.
class Asker {
public:
    Asker(Messenger& messenger, PeerId peer) : messenger_(messenger), peer_(std::move(peer)) {}

    std::optional<Result>& ask(const std::string& key, std::chrono::steady_clock::duration limit = 10s) {
        auto& result = results_.emplace_back();
        messenger_.async_request<Got>(peer_, Get{key}, limit, [&result](const error_code& error, const Got& got) {
            result.emplace(error, got.value);
        });
        return result;
    }
    std::optional<Result>& ask(const std::string& key, asio::cancellation_signal& cancel) {
        auto& result = results_.emplace_back();
        auto done = [&result](const error_code& error, const Got& got) { result.emplace(error, got.value); };
        messenger_.async_request<Got>(peer_, Get{key}, 10s, asio::bind_cancellation_slot(cancel.slot(), done));
        return result;
    }

private:
    Messenger& messenger_;
    PeerId peer_;
    std::list<std::optional<Result>> results_;
};

/// Answers that are given by hand.
class Answers {
public:
    explicit Answers(asio::io_context& io) : io_(io) {}

    asio::awaitable<Got> operator()(const PeerId& from, const Get& get) {
        asked.push_back(from + ": " + get.key);
        event::Value<bool>& gate = gates_.emplace_back(io_);
        auto watcher = gate.watch();
        const auto [error, open] = co_await watcher.async_get(asio::as_tuple(asio::use_awaitable));
        if (error) {
            cancelled.push_back(get.key);
            throw boost::system::system_error(error);
        }
        co_return Got{get.key + "!"};
    }
    void give() { gates_.at(given_++).set(true); }

    std::vector<std::string> asked = {};
    std::vector<std::string> cancelled = {};

private:
    asio::io_context& io_;
    std::deque<event::Value<bool>> gates_ = {};
    std::size_t given_ = 0;
};

class Requests : public AMessenger {
protected:
    /// A handler that has the answers given by hand.
    event::net::Handling serve(Host& host, HandlerOptions options = {}) {
        return host.messenger->on<Get>([this](const PeerId& from, const Get& get) { return answers_(from, get); },
                                       options);
    }
    Answers answers_{io_};
};

const auto answer_at_once = [](const PeerId& from, const Get& get) { return Got{from + " " + get.key}; };

TEST_F(Requests, AreAnswered) {
    for (const bool is_reliable : {false, true}) {
        Host &a = host("a", {.reliable = is_reliable}), &b = host("b", {.reliable = is_reliable});
        connect(a, b);
        const auto handling = b.messenger->on<Get>(answer_at_once);
        Asker asker(*a.messenger, "b");
        const auto& result = asker.ask("key");
        drive(io_);
        EXPECT_EQ(result, Result({}, "a key"));
        EXPECT_EQ(a.messenger->stat("b").asked, 0U);
        EXPECT_EQ(b.messenger->stat("a").answering, 0U);
        EXPECT_THAT(b.taken(), IsEmpty());
    }
}

TEST_F(Requests, AreAnsweredByCoroutinesInAnyOrder) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    const auto handling = serve(b, {.concurrency = 3});
    Asker asker(*a.messenger, "b");
    const auto &one = asker.ask("1"), &two = asker.ask("2"), &three = asker.ask("3");
    const auto& four = asker.ask("4");
    drive(io_);
    EXPECT_THAT(answers_.asked, ElementsAre("a: 1", "a: 2", "a: 3"));
    EXPECT_EQ(b.messenger->stat("a").answering, 4U);
    answers_.give();
    drive(io_);
    EXPECT_EQ(one, Result({}, "1!"));
    EXPECT_FALSE(two || three || four);
    for (int i = 0; i < 3; ++i) answers_.give();
    drive(io_);
    EXPECT_EQ(four, Result({}, "4!"));
    EXPECT_EQ(three, Result({}, "3!"));
}

TEST_F(Requests, MayBeAwaited) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    const auto handling = b.messenger->on<Get>(answer_at_once);
    std::vector<std::string> values;
    auto ask = [&]() -> asio::awaitable<void> {
        for (const char* key : {"1", "2"}) {
            const Get get{key};
            const Got got = co_await a.messenger->async_request<Got>("b", get, 1s, asio::use_awaitable);
            values.push_back(got.value);
        }
    };
    asio::co_spawn(io_, ask(), asio::detached);
    drive(io_);
    EXPECT_THAT(values, ElementsAre("a 1", "a 2"));
}

TEST_F(Requests, WaitNoLongerThanTheyWantTo) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    const auto handling = serve(b);
    Asker asker(*a.messenger, "b");
    const auto& result = asker.ask("slow", 3s);
    pass(2s);
    EXPECT_FALSE(result);
    pass(2s);
    EXPECT_EQ(result, Result(asio::error::timed_out, ""));
    EXPECT_THAT(answers_.cancelled, ElementsAre("slow"));  // nobody waits for it
    EXPECT_EQ(b.messenger->stat("a").answering, 0U);
    const auto& next = asker.ask("next");
    drive(io_);
    answers_.give();  // the one that was cancelled
    answers_.give();
    drive(io_);
    EXPECT_EQ(next, Result({}, "next!"));
}

TEST_F(Requests, ThatAreCancelledCancelWhoAnswers) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    const auto handling = serve(b, {.concurrency = 2});
    Asker asker(*a.messenger, "b");
    asio::cancellation_signal cancel;
    const auto& cancelled = asker.ask("1", cancel);
    const auto& other = asker.ask("2");
    drive(io_);
    cancel.emit(asio::cancellation_type::total);
    drive(io_);
    EXPECT_EQ(cancelled, Result(asio::error::operation_aborted, ""));
    EXPECT_THAT(answers_.cancelled, ElementsAre("1"));
    answers_.give();
    answers_.give();
    drive(io_);
    EXPECT_EQ(other, Result({}, "2!"));
}

TEST_F(Requests, ThatWaitBehindAnotherAreNotEvenBegunWhereTheyAreCancelled) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    const auto handling = serve(b);
    Asker asker(*a.messenger, "b");
    asio::cancellation_signal cancel;
    const auto& first = asker.ask("1");
    asker.ask("2", cancel);
    drive(io_);
    cancel.emit(asio::cancellation_type::terminal);
    drive(io_);
    answers_.give();
    drive(io_);
    EXPECT_EQ(first, Result({}, "1!"));
    EXPECT_THAT(answers_.asked, ElementsAre("a: 1"));
    EXPECT_EQ(b.messenger->stat("a").answering, 0U);
}

TEST_F(Requests, ThatWereNotSentAreNotSentAnyMore) {
    Host &a = host("a"), &b = host("b");
    Asker asker(*a.messenger, "b");
    asio::cancellation_signal cancel;
    const auto& result = asker.ask("1", cancel);
    drive(io_);
    cancel.emit(asio::cancellation_type::terminal);
    drive(io_);
    EXPECT_EQ(result, Result(asio::error::operation_aborted, ""));
    EXPECT_EQ(a.messenger->stat("b").queued, 0U);
    const auto handling = serve(b);
    connect(a, b);
    drive(io_);
    EXPECT_THAT(answers_.asked, IsEmpty());
}

TEST_F(Requests, AreDeclinedWhereNobodyAnswersThem) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    Asker asker(*a.messenger, "b");
    const auto& nobody = asker.ask("1");
    drive(io_);
    EXPECT_EQ(nobody, Result(event::net::errc::not_answered, ""));
    auto listening = b.messenger->on<Get>([](const PeerId&, const Get&) {});
    const auto& nothing = asker.ask("2");
    drive(io_);
    EXPECT_EQ(nothing, Result(event::net::errc::not_answered, ""));
    listening.end();
    auto handling = serve(b);
    const auto &running = asker.ask("3"), &waiting = asker.ask("4");
    drive(io_);
    handling.end();
    drive(io_);
    EXPECT_EQ(running, Result(event::net::errc::request_failed, ""));
    EXPECT_EQ(waiting, Result(event::net::errc::not_answered, ""));
    EXPECT_THAT(answers_.cancelled, ElementsAre("3"));
    EXPECT_EQ(b.messenger->stat("a").answering, 0U);
}

TEST_F(Requests, FailWhereTheirHandlerThrowsAndTheNextIsHandled) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    const auto may_fail = [](const PeerId&, const Get& get) {
        if (get.key == "bad") throw std::runtime_error("bad");
        return Got{get.key};
    };
    const auto may_fail_later = [may_fail](const PeerId& from, const Get& get) -> asio::awaitable<Got> {
        co_return may_fail(from, get);
    };
    for (const bool is_coroutine : {false, true}) {
        const auto handling = is_coroutine ? b.messenger->on<Get>(may_fail_later) : b.messenger->on<Get>(may_fail);
        Asker asker(*a.messenger, "b");
        const auto &bad = asker.ask("bad"), &good = asker.ask("good");
        EXPECT_THROW(drive(io_), std::runtime_error);
        drive(io_);
        EXPECT_EQ(bad, Result(event::net::errc::request_failed, ""));
        EXPECT_EQ(good, Result({}, "good"));
    }
}

TEST_F(Requests, SayThatTheAnswerIsOfAnotherType) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    const auto handling = b.messenger->on<Get>([](const PeerId&, const Get& get) { return Chat{get.key}; });
    Asker asker(*a.messenger, "b");
    const auto& result = asker.ask("1");
    drive(io_);
    EXPECT_EQ(result, Result(event::net::errc::wrong_answer, ""));
}

TEST_F(Requests, AnAnswerThatIsTooLargeIsAFailure) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    const auto handling = b.messenger->on<Get>([](const PeerId&, const Get& get) { return Small{get.key}; });
    std::optional<error_code> result;
    a.messenger->async_request<Small>("b", Get{"far too long"}, 1s,
                                      [&](const error_code& error, const Small&) { result = error; });
    drive(io_);
    EXPECT_EQ(result, event::net::errc::request_failed);
}

TEST_F(Requests, AnAnswerThatCannotBeReadEndsItsLink) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    const auto handling = b.messenger->on<Get>([](const PeerId&, const Get&) { return Picky{false}; });
    std::optional<error_code> result;
    a.messenger->async_request<Picky>("b", Get{"1"}, 10s,
                                      [&](const error_code& error, const Picky&) { result = error; });
    drive(io_);
    EXPECT_EQ(a.messenger->stat("b").links, 0U);
    EXPECT_EQ(result, event::net::errc::unconfirmed);
}

TEST_F(Requests, AreRefusedWhereTheInboxIsFull) {
    Host &a = host("a"), &b = host("b", {.inbox = 2});
    connect(a, b);
    const auto handling = serve(b);
    Asker asker(*a.messenger, "b");
    const auto &one = asker.ask("1"), &two = asker.ask("2"), &three = asker.ask("3");
    drive(io_);
    EXPECT_EQ(three, Result(event::net::errc::no_room, ""));
    answers_.give();
    drive(io_);
    answers_.give();
    drive(io_);
    EXPECT_EQ(one, Result({}, "1!"));
    EXPECT_EQ(two, Result({}, "2!"));
    EXPECT_EQ(b.messenger->stat("a").missed, 0U);
}

TEST_F(Requests, AReliableOneWaitsUntilTheInboxHasRoom) {
    Host &a = host("a", {.reliable = true}), &b = host("b", {.reliable = true, .inbox = 2});
    connect(a, b);
    const auto handling = serve(b);
    Asker asker(*a.messenger, "b");
    const auto &one = asker.ask("1"), &two = asker.ask("2"), &three = asker.ask("3");
    for (int i = 0; i < 3; ++i) {
        drive(io_);
        answers_.give();
    }
    drive(io_);
    EXPECT_EQ(one, Result({}, "1!"));
    EXPECT_EQ(two, Result({}, "2!"));
    EXPECT_EQ(three, Result({}, "3!"));
}

TEST_F(Requests, AreUnconfirmedWhereTheLinkIsLost) {
    Host &a = host("a"), &b = host("b");
    const auto first = connect(a, b);
    const auto handling = serve(b);
    Asker asker(*a.messenger, "b");
    const auto& lost = asker.ask("1");
    drive(io_);
    first.there.cut();
    drive(io_);
    EXPECT_EQ(lost, Result(event::net::errc::unconfirmed, ""));
    const auto& later = asker.ask("2");  // which is not sent yet
    drive(io_);
    EXPECT_FALSE(later);
    connect(a, b);
    drive(io_);
    answers_.give();
    drive(io_);
    answers_.give();
    drive(io_);
    EXPECT_EQ(later, Result({}, "2!"));
}

TEST_F(Requests, ReliableOnesOutliveTheirLinks) {
    Host &a = host("a", {.reliable = true}), &b = host("b", {.reliable = true});
    const auto first = connect(a, b);
    const auto handling = serve(b);
    Asker asker(*a.messenger, "b");
    const auto& result = asker.ask("1");
    drive(io_);
    first.there.cut();
    drive(io_);
    answers_.give();
    drive(io_);
    EXPECT_FALSE(result);
    connect(a, b);
    drive(io_);
    EXPECT_EQ(result, Result({}, "1!"));
    EXPECT_THAT(answers_.asked, ElementsAre("a: 1"));
}

TEST_F(Requests, ReliableOnesEndWhereThePeerIsStartedAnew) {
    Host &a = host("a", {.reliable = true}), &b = host("b", {.reliable = true});
    const auto first = connect(a, b);
    const auto handling = serve(b);
    Asker asker(*a.messenger, "b");
    const auto& asked = asker.ask("1");
    drive(io_);
    first.there.cut();
    drive(io_);
    const auto& waiting = asker.ask("2");
    Host& again = host("b", {.reliable = true});
    const auto handling_again = again.messenger->on<Get>(answer_at_once);
    connect(a, again);
    drive(io_);
    EXPECT_EQ(asked, Result(event::net::errc::unconfirmed, ""));
    EXPECT_EQ(waiting, Result({}, "a 2"));
}

TEST_F(Requests, NoAnswerGoesToAnotherLifeOfWhoHasAsked) {
    Host &a = host("a", {.reliable = true}), &b = host("b", {.reliable = true});
    const auto first = connect(a, b);
    const auto handling = serve(b, {.concurrency = 2});
    Asker asker(*a.messenger, "b");
    asker.ask("old");
    drive(io_);
    first.there.cut();
    drive(io_);
    Host& again = host("a", {.reliable = true});
    connect(again, b);
    Asker second(*again.messenger, "b");
    const auto& result = second.ask("new");  // with the same number
    drive(io_);
    EXPECT_THAT(answers_.cancelled, ElementsAre("old"));
    answers_.give();
    drive(io_);
    EXPECT_FALSE(result);
    answers_.give();
    drive(io_);
    EXPECT_EQ(result, Result({}, "new!"));
}

TEST_F(Requests, EndWhereThePeerStaysAway) {
    Host& a = host("a", {.keep = 5s});
    Asker asker(*a.messenger, "b");
    const auto& result = asker.ask("1");
    pass(6s);
    EXPECT_EQ(result, Result(event::net::errc::unreachable, ""));
}

TEST_F(Requests, EndWithTheMessenger) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    const auto handling = serve(b);
    Asker asker(*a.messenger, "b");
    const auto& result = asker.ask("1");
    drive(io_);
    b.messenger->close();
    drive(io_);
    EXPECT_THAT(answers_.cancelled, ElementsAre("1"));
    a.messenger.reset();
    drive(io_);
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->first == event::errc::closed || result->first == event::net::errc::unconfirmed);
}

TEST_F(Requests, AreBoundedForEachPeer) {
    Host& a = host("a", {.capacity = 2});
    Asker asker(*a.messenger, "b");
    asker.ask("1");
    asker.ask("2");
    const auto& third = asker.ask("3");
    drive(io_);
    EXPECT_EQ(third, Result(event::net::errc::no_room, ""));
}

TEST_F(Requests, WaitForRoomForNobodyElse) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    const auto handling = b.messenger->on<Get>(answer_at_once);
    Asker dead(*a.messenger, "nobody"), good(*a.messenger, "b");
    const auto& never = dead.ask("1");
    const auto& soon = good.ask("2");
    drive(io_);
    EXPECT_FALSE(never);
    EXPECT_EQ(soon, Result({}, "a 2"));
}

// ---- handlers of messages ---------------------------------------------------------------------------------------

TEST_F(Requests, MessagesMayBeHandledByType) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    std::vector<std::string> handled;
    auto handling =
        b.messenger->on<Chat>([&](const PeerId& from, const Chat& chat) { handled.push_back(from + "/" + chat.text); });
    a.messenger->send("b", Chat{"1"});
    a.messenger->send("b", Alarm{2});
    drive(io_);
    EXPECT_THAT(handled, ElementsAre("a/1"));
    EXPECT_THAT(b.taken(), ElementsAre("a: alarm 2"));
    EXPECT_THROW(static_cast<void>(b.messenger->on<Chat>([](const PeerId&, const Chat&) {})), std::logic_error);
    handling.end();
    handling.end();
    a.messenger->send("b", Chat{"3"});
    drive(io_);
    EXPECT_THAT(b.taken(), ElementsAre("a: 3"));
    EXPECT_THROW(
        static_cast<void>(b.messenger->on<Chat>([](const PeerId&, const Chat&) {}, HandlerOptions{.concurrency = 0})),
        std::invalid_argument);
}

TEST_F(Requests, WhatIsNotHandledAtTheEndIsReceived) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    std::vector<std::string> handled;
    event::Value<bool> gate(io_);
    auto handling = b.messenger->on<Chat>([&](const PeerId&, const Chat& chat) -> asio::awaitable<void> {
        handled.push_back(chat.text);
        auto watcher = gate.watch();
        co_await watcher.async_get(asio::use_awaitable);
    });
    for (const char* each : {"1", "2", "3"}) a.messenger->send("b", Chat{each});
    drive(io_);
    EXPECT_THAT(handled, ElementsAre("1"));
    handling.end();
    drive(io_);
    EXPECT_THAT(b.taken(), ElementsAre("a: 2", "a: 3"));
}

TEST_F(Requests, AHandlerThatIsOneTooManyLeavesNothingBehind) {
    Host& a = host("a");
    const auto ignore = [](const PeerId&, const Chat&) {};
    const auto handling = a.messenger->on<Chat>(ignore);
    EXPECT_THROW(static_cast<void>(a.messenger->on<Chat>(ignore)), std::logic_error);
    drive(io_);
}

TEST_F(Requests, NothingIsHandledOnceTheMessengerHasClosed) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    drive(io_);
    int handled = 0;
    const auto handling = b.messenger->on<Chat>([&](const PeerId&, const Chat&) {
        ++handled;
        b.messenger->close();
    });
    for (int i = 0; i < 5; ++i) a.messenger->send("b", Chat{std::to_string(i)});
    drive(io_);
    EXPECT_EQ(handled, 1);
}

TEST_F(Requests, AHandlerTakesOfEachPeerInTurn) {
    Host &a = host("a"), &b = host("b"), &c = host("c");
    connect(a, c);
    connect(b, c);
    for (int i = 0; i < 50; ++i) a.messenger->send("c", Chat{"flood"});
    drive(io_);
    b.messenger->send("c", Chat{"one"});
    drive(io_);
    // both wait in the inbox until they are handled
    std::vector<PeerId> order;
    const auto one_by_one = [&](const PeerId& from, const Chat&) { order.push_back(from); };
    for (int i = 0; i < 50; ++i) a.messenger->send("c", Chat{"flood"});
    b.messenger->send("c", Chat{"two"});
    const auto handling = c.messenger->on<Chat>(one_by_one);
    drive(io_);
    ASSERT_EQ(order.size(), 51U);
    EXPECT_TRUE(order[0] == "b" || order[1] == "b" || order[2] == "b") << "a flood delays by a round";
}

TEST_F(Requests, AHandlerRunsOnItsOwnExecutor) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    asio::io_context other;
    bool was_called = false;
    const auto handling = b.messenger->on<Chat>(
        asio::bind_executor(other.get_executor(), [&](const PeerId&, const Chat&) { was_called = true; }));
    a.messenger->send("b", Chat{"1"});
    drive(io_);
    EXPECT_FALSE(was_called);
    drive(other);
    drive(io_);
    drive(other);
    EXPECT_TRUE(was_called);
}

TEST_F(Requests, AHandlerMayEndItselfAndTheMessenger) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    event::net::Handling handling;
    int calls = 0;
    handling = b.messenger->on<Chat>([&](const PeerId&, const Chat&) {
        ++calls;
        handling.end();
    });
    a.messenger->send("b", Chat{"1"});
    a.messenger->send("b", Chat{"2"});
    drive(io_);
    EXPECT_EQ(calls, 1);
    EXPECT_THAT(b.taken(), ElementsAre("a: 2"));
    handling = b.messenger->on<Chat>([&](const PeerId&, const Chat&) { b.messenger.reset(); });
    a.messenger->send("b", Chat{"3"});
    drive(io_);
    EXPECT_FALSE(b.messenger);
}

TEST(MessengerContext, MayTakeAMessengerAlongWithAllThatWaits) {
    struct All {
        explicit All(asio::io_context& io) : bus(io) {}
        event::EventBus bus;
        Messenger messenger{bus, {.capacity = 1}};
        event::net::Handling handling = messenger.on<Chat>([](const PeerId&, const Chat&) {});
        event::net::PeerHandle<Chat, Alarm, Small, Picky, Get, Got> peer = messenger.peer("b");
    };
    auto io = std::make_unique<asio::io_context>();
    const auto never = std::make_shared<int>();
    {
        const auto all = std::make_shared<All>(*io);
        const auto fail = [never, all](const auto&...) { FAIL() << "nobody is called"; };
        all->messenger.async_receive(fail);
        all->peer.async_receive(fail);
        all->messenger.send("b", Chat{"1"});
        all->messenger.async_send("b", Chat{"2"}, fail);
        all->messenger.async_request<Got>("c", Get{"1"}, 1s, fail);
    }
    drive(*io);
    EXPECT_EQ(never.use_count(), 5);
    io.reset();
    EXPECT_EQ(never.use_count(), 1);
}

}  // namespace messenger_test
