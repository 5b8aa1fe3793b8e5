#include "link_fixture.hpp"
#include "net/protocol/frames.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>

/// How links end, and what ends with them.

namespace link_end_test {

using namespace links;
using namespace std::chrono_literals;
namespace protocol = event::net::protocol;

class AnEnd : public Links {
protected:
    AnEnd() { connect(); }
    /// What was made on the one side is over.
    void expect_nothing_left(Node& node) {
        EXPECT_TRUE(node.is_over());
        EXPECT_EQ(node.bus.stat<Count>().subscribers, 0U);
        EXPECT_EQ(node.link->stat().serving, 0U);
        EXPECT_EQ(node.link->stat().consuming, 0U);
        EXPECT_EQ(node.link->stat().held, 0U);
        EXPECT_EQ(node.link->stat().state, LinkState::closed);
    }
    static error_code end_of(event::Subscription<Count>& subscription, asio::io_context& io) {
        support::Completion<event::Delivery<Count>> receive;
        subscription.async_receive(receive.handler());
        drive(io);
        return receive.done() ? receive.error() : error_code();
    }
};

TEST_F(AnEnd, ByEitherSideIsOneThatBothCanRead) {
    there_.link->serve<Count>();
    auto subscription = here_.link->subscribe<Count>();
    const auto view = here_.link->watch<Count>();
    here_.link->import <Count>();
    run();
    EXPECT_EQ(*here_.link->state().try_get().value(), LinkState::running);
    there_.link->close({.code = end_code::closed, .text = "good night"});
    drive(io_);
    ASSERT_TRUE(here_.is_over() && there_.is_over());
    EXPECT_FALSE(*here_.result) << "that is no error";
    EXPECT_FALSE(*there_.result);
    const LinkStat here = here_.link->stat(), there = there_.link->stat();
    EXPECT_EQ(here.remote_reason->text, "good night");
    EXPECT_EQ(here.reason->by, event::net::Side::remote);
    EXPECT_EQ(there.reason->text, "good night");
    EXPECT_EQ(there.reason->by, event::net::Side::here);
    EXPECT_EQ(*here_.link->state().try_get().value(), LinkState::closed);
    EXPECT_EQ(end_of(subscription, io_), event::errc::closed);
    expect_nothing_left(here_);
    expect_nothing_left(there_);
}

TEST_F(AnEnd, LetsASubscriptionReceiveWhatItHasQueued) {
    there_.link->serve<Count>();
    auto subscription = here_.link->subscribe<Count>();
    run();
    there_.bus.emitter<Count>().emit({1});
    drive(io_);
    here_.link->close();
    drive(io_);
    EXPECT_EQ((*subscription.try_receive())->value, 1);
    EXPECT_EQ(end_of(subscription, io_), event::errc::closed);
}

TEST_F(AnEnd, ByCancellationIsInOrder) {
    run();
    here_.cancel.emit(asio::cancellation_type::terminal);
    drive(io_);
    ASSERT_TRUE(here_.is_over() && there_.is_over());
    EXPECT_EQ(*here_.result, asio::error::operation_aborted);
    EXPECT_FALSE(*there_.result);
    EXPECT_EQ(there_.link->stat().remote_reason->text, "cancelled");
}

TEST_F(AnEnd, ByCancellationOfAPeerThatDoesNotAnswerTakesNoLongerThanItsLimit) {
    here_.run();
    drive(io_);
    here_.cancel.emit(asio::cancellation_type::total);
    pass(4'999ms);
    EXPECT_FALSE(here_.is_over());
    pass(1ms);
    ASSERT_TRUE(here_.is_over());
    EXPECT_EQ(*here_.result, asio::error::operation_aborted);
}

TEST_F(AnEnd, ByACutIsALoss) {
    there_.link->serve<Count>();
    auto subscription = here_.link->subscribe<Count>();
    run();
    out_->cut();
    drive(io_);
    ASSERT_TRUE(here_.is_over() && there_.is_over());
    EXPECT_EQ(*here_.result, end_code::lost);
    EXPECT_EQ(*there_.result, end_code::lost);
    EXPECT_EQ(end_of(subscription, io_), event::errc::closed);
    expect_nothing_left(here_);
    expect_nothing_left(there_);
}

TEST_F(AnEnd, ByEachByteLeavesNothing) {
    for (std::size_t at = 0; at < 400; ++at) {
        Node server(io_), client(io_);
        auto [a, b] = duplex::pair(io_);
        auto back = b.outgoing();
        client.make(std::move(a));
        server.make(std::move(b));
        server.link->serve<Count, Joined>();
        auto subscription = client.link->subscribe<Count, Joined>({.capacity = 1'000});
        const auto view = client.link->watch<Count>();
        auto emitter = server.bus.emitter<Count, Joined>();
        back.cut_after(at);
        client.run();
        server.run();
        drive(io_);
        for (int i = 0; i < 20; ++i) {
            emitter.emit(Count{i});
            emitter.emit(Joined{"peer", i});
            drive(io_);
        }
        const bool is_over = client.is_over();
        EXPECT_EQ(is_over, server.is_over()) << at;
        if (!is_over) continue;
        int next = 0;
        for (const auto& delivery : event::testing::take_all(subscription)) {
            EXPECT_EQ(delivery.missed(), 0U);
            if (const auto* count = delivery.get_if<Count>())
                EXPECT_EQ(count->value, next++ / 2);
            else
                EXPECT_EQ(delivery.get_if<Joined>()->room, next++ / 2);
        }
        EXPECT_EQ(server.bus.stat<Count>().subscribers, 0U) << at;
        EXPECT_EQ(client.link->stat().held + server.link->stat().held, 0U) << at;
    }
}

TEST_F(AnEnd, OfAPeerThatSaysNothingComesWithTheHandshakesLimit) {
    here_.run();
    pass(9'999ms);
    EXPECT_FALSE(here_.is_over());
    pass(6s);
    ASSERT_TRUE(here_.is_over());
    EXPECT_EQ(*here_.result, end_code::handshake_timeout);
}

TEST_F(AnEnd, OfAPeerThatDoesNotAnswerComesWithThePings) {
    run();
    back_->hold();
    pass(14'999ms);
    EXPECT_EQ(here_.link->stat().state, LinkState::running);
    pass(20s);
    pass(10s);
    ASSERT_TRUE(here_.is_over());
    EXPECT_EQ(*here_.result, end_code::pong_timeout);
}

TEST_F(AnEnd, DoesNotComeWhileBothAnswer) {
    run();
    pass(24h);
    EXPECT_EQ(here_.link->stat().state, LinkState::running);
    EXPECT_EQ(there_.link->stat().state, LinkState::running);
}

TEST_F(AnEnd, OfAPeerThatDoesNotReadComesWithTheWriteLimit) {
    there_.link->serve<Count>();
    auto subscription = here_.link->subscribe<Count>();
    run();
    back_->capacity(0);
    there_.bus.emitter<Count>().emit({1});
    pass(29s);
    EXPECT_FALSE(there_.is_over());
    pass(10s);
    ASSERT_TRUE(there_.is_over());
    EXPECT_THAT(*there_.result,
                testing::AnyOf(error_code(end_code::write_timeout), error_code(end_code::pong_timeout)));
}

TEST_F(AnEnd, OfAPeerThatSpeaksSomethingElse) {
    here_.run();
    drive(io_);
    auto [a, b] = duplex::pair(io_);
    Node other(io_);
    other.make(std::move(a));
    other.run();
    const std::string text =
        "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: one that has lost its way\r\nAccept: */*\r\n\r\n";
    asio::async_write(b, asio::buffer(text), [](error_code, std::size_t) {});
    drive(io_);
    pass(5s);
    ASSERT_TRUE(other.is_over());
    EXPECT_EQ(other.link->stat().reason->code, end_code::not_a_link) << to_string(*other.link->stat().reason);
}

TEST_F(AnEnd, OfABadPayloadNamesTheTypeAndWhere) {
    auto [a, b] = duplex::pair(io_);
    Node victim(io_);
    victim.make(std::move(a));
    auto subscription = victim.link->subscribe<Joined>();
    victim.run();
    protocol::Bytes bytes;
    write(protocol::Hello{.max_frame = 4'096, .max_subscriptions = 4, .serves = true, .consumes = true}, bytes);
    asio::async_write(b, asio::buffer(bytes), [](error_code, std::size_t) {});
    drive(io_);  // only then has it been asked for events
    bytes.clear();
    const std::array<std::byte, 3> payload{std::byte{9}, std::byte{'a'}, std::byte{'b'}};
    write(protocol::Event{.alias = 1, .payload = payload}, bytes);
    asio::async_write(b, asio::buffer(bytes), [](error_code, std::size_t) {});
    drive(io_);
    pass(5s);
    ASSERT_TRUE(victim.is_over());
    const Reason reason = *victim.link->stat().reason;
    EXPECT_EQ(reason.code, end_code::malformed_payload);
    EXPECT_THAT(reason.text, testing::AllOf(testing::HasSubstr("joined"), testing::HasSubstr(".peer")));
    support::Completion<event::Delivery<Joined>> receive;
    subscription.async_receive(receive.handler());
    drive(io_);
    EXPECT_EQ(receive.error(), event::errc::closed);
}

// ---- before and after -------------------------------------------------------------------------------------------

TEST_F(AnEnd, BeforeItRanClosesWhatWasSubscribed) {
    auto subscription = here_.link->subscribe<Count>();
    here_.link->close();
    drive(io_);
    EXPECT_EQ(end_of(subscription, io_), event::errc::closed);
    here_.run();
    drive(io_);
    ASSERT_TRUE(here_.is_over());
}

TEST_F(AnEnd, ComesOnce) {
    run();
    support::Completion<bool> second;
    here_.link->async_run(second.handler());
    drive(io_);
    EXPECT_EQ(second.error(), asio::error::already_started);
    EXPECT_FALSE(here_.is_over());
    here_.link->close();
    here_.link->close();
    drive(io_);
    EXPECT_TRUE(here_.is_over());
    here_.link->close();
    auto late = here_.link->subscribe<Count>();
    drive(io_);
    EXPECT_EQ(end_of(late, io_), event::errc::closed);
}

TEST_F(AnEnd, ByDestroyingTheLink) {
    there_.link->serve<Count>();
    auto subscription = here_.link->subscribe<Count>();
    run();
    here_.link.reset();
    drive(io_);
    ASSERT_TRUE(here_.is_over() && there_.is_over());
    EXPECT_EQ(there_.bus.stat<Count>().subscribers, 0U);
    EXPECT_EQ(end_of(subscription, io_), event::errc::closed);
}

TEST_F(AnEnd, ByDestroyingTheLinkAndThenItsBus) {
    auto bus = std::make_unique<event::EventBus>(io_);
    auto [a, b] = duplex::pair(io_);
    auto link = std::make_unique<Link>(*bus, std::move(a));
    link->serve<Count>();
    Node client(io_);
    client.make(std::move(b));
    auto subscription = client.link->subscribe<Count>();
    std::optional<error_code> result;
    link->async_run([&](const error_code& error) { result = error; });
    client.run();
    link.reset();
    bus.reset();
    drive(io_);
    EXPECT_TRUE(result);
    EXPECT_TRUE(client.is_over());
}

TEST(AnEndOfAContext, TakesAlongWhatRuns) {
    std::optional<event::Subscription<Count>> subscription;
    auto io = std::make_unique<asio::io_context>();
    {
        Node here(*io), there(*io);
        auto [a, b] = duplex::pair(*io);
        here.make(std::move(a));
        there.make(std::move(b));
        there.link->serve<Count>();
        subscription = here.link->subscribe<Count>();
        here.run();
        there.run();
        drive(*io);
    }
    io.reset();
    EXPECT_FALSE(subscription->try_receive());
}

TEST(AnEndOfAContext, TakesAlongACoroutineThatOwnsTheLink) {
    auto alive = std::make_shared<int>();
    auto io = std::make_unique<asio::io_context>();
    auto bus = std::make_unique<event::EventBus>(*io);
    auto [a, b] = duplex::pair(*io);
    asio::co_spawn(
        *io,
        [](event::EventBus& on, duplex::End end, std::shared_ptr<int>) -> asio::awaitable<void> {
            Link link(on, std::move(end));
            co_await link.async_run(asio::use_awaitable);
        }(*bus, std::move(a), alive),
        asio::detached);
    drive(*io);
    EXPECT_EQ(alive.use_count(), 2);
    io.reset();
    EXPECT_EQ(alive.use_count(), 1);
}

TEST_F(AnEnd, IsToldOnTheHandlersExecutor) {
    asio::thread_pool other(1);
    std::promise<bool> is_there;
    here_.link->async_run(asio::bind_executor(
        other, [&](const error_code&) { is_there.set_value(other.get_executor().running_in_this_thread()); }));
    drive(io_);
    here_.link->close();
    out_->cut();
    drive(io_);
    EXPECT_TRUE(is_there.get_future().get());
    other.join();
}

TEST_F(AnEnd, OfAHandlersExceptionIsNotTheLinks) {
    there_.link->serve<Count>();
    auto throwing = here_.link->subscribe<Count>(
        {.capacity = 1, .on_full = event::Notify{[](const auto&) { throw std::runtime_error("slow"); }}});
    run();
    auto emitter = there_.bus.emitter<Count>();
    emitter.emit({1});
    emitter.emit({2});
    EXPECT_THROW(drive(io_), std::runtime_error);
    drive(io_);
    EXPECT_FALSE(here_.is_over());
    emitter.emit({3});
    drive(io_);
    EXPECT_EQ((*throwing.try_receive())->value, 1);
}

// ---- threads ----------------------------------------------------------------------------------------------------

TEST(LinksOnThreads, SubscribeAndEndWhileOthersEmit) {
    asio::thread_pool pool(3);
    event::EventBus here{pool, {.on_slow_subscriber = [](const auto&) {}}};
    event::EventBus there{pool, {.on_slow_subscriber = [](const auto&) {}}};
    std::atomic<bool> stop{false};
    std::thread emitting([&] {
        auto emitter = there.emitter<Count>({.retain = true});
        for (int i = 0; !stop; ++i) emitter.emit({i});
    });
    for (int round = 0; round < 60; ++round) {
        auto [a, b] = duplex::pair(pool.get_executor(), pool.get_executor());
        std::optional<Link> client(std::in_place, here, std::move(a));
        std::optional<Link> server(std::in_place, there, std::move(b));
        server->serve<Count>({.capacity = 8, .on_full = event::DropOldest{}});
        std::promise<void> client_over, server_over;
        client->async_run([&](error_code) { client_over.set_value(); });
        server->async_run([&](error_code) { server_over.set_value(); });
        std::optional<event::Subscription<Count>> counts;
        std::promise<void> received;
        counts = client->subscribe<Count>({.on_full = event::Drop{}});
        counts->async_receive([&](error_code, const auto&) { received.set_value(); });
        const auto view = client->watch<Count>();
        if (round % 3 != 0) received.get_future().wait();
        if (round % 2 == 0) counts->close();
        switch (round % 4) {
            case 0:
                client->close();
                break;
            case 1:
                server.reset();
                break;
            case 2:
                client.reset();
                break;
            default:
                server->close();
                client->close();
                break;
        }
        client_over.get_future().wait();
        server_over.get_future().wait();
        counts->close();
        if (round % 3 == 0) received.get_future().wait();
    }
    stop = true;
    emitting.join();
    pool.join();
}

}  // namespace link_end_test
