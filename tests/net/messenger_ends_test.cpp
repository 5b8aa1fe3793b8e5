#include "messenger_fixture.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

/// What ends while something else of `event::net::Messenger` has not: nothing is left behind, and nobody is forgotten.

namespace messenger_test {

/// Some cannot be written.
struct Verse {
    static constexpr std::string_view event_name = "verse";
    bool throws = false;
};

}  // namespace messenger_test

template <>
struct event::net::Codec<messenger_test::Verse> {
    static void encode(const messenger_test::Verse& verse, Writer& writer) {
        if (verse.throws) throw std::runtime_error("a verse that cannot be written");
        writer.write(verse.throws);
    }
    static error_code decode(messenger_test::Verse& verse, Reader& reader) { return reader.read(verse.throws); }
};

namespace messenger_test {
namespace {

class Ends : public AMessenger {};

TEST_F(Ends, AMessengerMayGoBeforeItHasLookedAtItsPeers) {
    Host& a = host("a");
    a.messenger->send("b", Chat{"1"});
    a.messenger.reset();
    drive(io_);
}

TEST_F(Ends, WhatIsRefusedToHandleIsGone) {
    Host& a = host("a");
    auto held = std::make_shared<int>();
    const auto first = a.messenger->on<Chat>([](const PeerId&, const Chat&) {});
    const auto twice = [&] { return a.messenger->on<Chat>([held](const PeerId&, const Chat&) {}); };
    EXPECT_THROW(static_cast<void>(twice()), std::logic_error);
    EXPECT_EQ(held.use_count(), 1);
}

TEST_F(Ends, AllWhoWaitGetWhatAHandleLeaves) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    std::optional held(b.messenger->peer("a"));
    for (int i = 0; i < 3; ++i) a.messenger->send("b", Chat{std::to_string(i)});
    std::vector<std::string> got;
    for (int i = 0; i < 3; ++i)
        b.messenger->async_receive([&](const error_code&, const auto& message) { got.push_back(text(message)); });
    drive(io_);
    held.reset();
    drive(io_);
    EXPECT_THAT(got, ElementsAre("a: 0", "a: 1", "a: 2"));
}

TEST_F(Ends, NothingMoreIsHandledOnceItHasClosed) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    std::vector<std::string> got;
    const auto handling = b.messenger->on<Chat>([&](const PeerId&, const Chat& chat) {
        got.push_back(chat.text);
        b.messenger->close();
    });
    for (int i = 0; i < 3; ++i) a.messenger->send("b", Chat{std::to_string(i)});
    drive(io_);
    EXPECT_THAT(got, ElementsAre("0"));
}

TEST_F(Ends, NoCoroutineBeginsOnceItHasClosed) {
    Host &a = host("a"), &b = host("b");
    connect(a, b);
    std::vector<std::string> got;
    event::Value<bool> gate(io_);
    const auto handling = b.messenger->on<Chat>([&](const PeerId&, const Chat& chat) -> asio::awaitable<void> {
        got.push_back(chat.text);
        auto watcher = gate.watch();
        const auto [error, open] = co_await watcher.async_get(asio::as_tuple(asio::use_awaitable));
        got.emplace_back(error ? "cancelled" : "done");
    });
    for (int i = 0; i < 3; ++i) a.messenger->send("b", Chat{std::to_string(i)});
    drive(io_);
    b.messenger->close();
    drive(io_);
    EXPECT_THAT(got, ElementsAre("0", "cancelled"));
}

TEST_F(Ends, WhatCannotBeReadTakesNoRoom) {
    for (const bool is_reliable : {false, true}) {
        Host &a = host("a", {.reliable = is_reliable}), &b = host("b", {.reliable = is_reliable, .inbox = 4});
        for (int i = 0; i < 6; ++i) {
            connect(a, b);
            drive(io_);
            a.messenger->send("b", Picky{false});
            drive(io_);
        }
        connect(a, b);
        a.messenger->send("b", Chat{"1"});
        drive(io_);
        EXPECT_THAT(b.taken(), ElementsAre("a: 1"));
    }
}

TEST_F(Ends, AReliableRequestEndsWhereItsAnswerCannotBeRead) {
    Host &a = host("a", {.reliable = true}), &b = host("b", {.reliable = true});
    connect(a, b);
    const auto handling = b.messenger->on<Get>([](const PeerId&, const Get&) { return Picky{false}; });
    std::optional<error_code> result;
    a.messenger->async_request<Picky>("b", Get{"1"}, 10h,
                                      [&](const error_code& error, const Picky&) { result = error; });
    drive(io_);
    EXPECT_EQ(result, event::net::errc::unconfirmed);
}

TEST_F(Ends, AnAnswerOfACoroutineThatCannotBeWrittenIsAFailure) {
    using Bard = event::net::Messenger<Get, Verse>;
    event::EventBus here(io_), there(io_);
    Bard a(here), b(there);
    auto [one, other] = duplex::pair(io_);
    Link from(here, std::move(one), LinkOptions{.epoch = 1}), to(there, std::move(other), LinkOptions{.epoch = 2});
    a.attach(from, "b", Dialed::here);
    b.attach(to, "a", Dialed::there);
    from.async_run([](const error_code&) {});
    to.async_run([](const error_code&) {});
    const auto handling =
        b.on<Get>([](const PeerId&, const Get& get) -> asio::awaitable<Verse> { co_return Verse{get.key == "throw"}; });
    std::vector<error_code> results;
    const auto ask = [&](const char* key) {
        a.async_request<Verse>("b", Get{key}, 1h,
                               [&](const error_code& error, const Verse&) { results.push_back(error); });
    };
    ask("throw");
    EXPECT_THROW(drive(io_), std::runtime_error);
    ask("fine");
    drive(io_);
    EXPECT_THAT(results, ElementsAre(event::net::errc::request_failed, error_code()));
}

TEST_F(Ends, WhoLeavesWithWhatWasThereBeforeCallsTheNext) {
    const auto pool = std::make_shared<event::net::detail::WaiterPool>(io_.get_executor());
    const auto line = std::make_shared<event::net::detail::WaitingLine>();
    event::net::detail::Place first(pool), second(pool);
    first.enter(line);   // and takes what was there
    second.enter(line);  // and finds nothing
    line->call();        // another one has come
    first.leave();
    EXPECT_TRUE(second.waiter().calls().try_get().has_value());
}

TEST_F(Ends, AnInboxHoldsNoMoreWhereItsPeerWasForgotten) {
    Host &a = host("a", {.keep = 1h}), &b = host("b", {.inbox = 4, .keep = 1s});
    const auto held = b.messenger->peer("a");
    for (int i = 0; i < 3; ++i) {
        const auto between = connect(a, b);
        drive(io_);
        for (int j = 0; j < 6; ++j) a.messenger->send("b", Chat{"x"});
        drive(io_);
        between.there.cut();
        pass(2s);
    }
    EXPECT_EQ(b.messenger->stat("a").inbox, 4U);
}

}  // namespace
}  // namespace messenger_test
