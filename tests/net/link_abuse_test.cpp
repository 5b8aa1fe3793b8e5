#include "link_fixture.hpp"
#include "net/protocol/frames.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>

/// Links in the hands of who calls them from everywhere, gives them bad streams and bad numbers, and floods them.

namespace link_abuse_test {

using namespace links;
using namespace std::chrono_literals;
namespace protocol = event::net::protocol;

class AnAbusedLink : public Links {
protected:
    AnAbusedLink() { connect(); }
};

// ---- calls from inside ------------------------------------------------------------------------------------------

TEST_F(AnAbusedLink, IsCalledFromInsideWhatItDelivers) {
    there_.link->serve<Count, Joined>();
    std::optional<event::Subscription<Joined>> later;
    auto first = here_.link->subscribe<Count>(
        {.capacity = 1, .on_full = event::Notify{[&](const auto&) { later = here_.link->subscribe<Joined>(); }}});
    auto all = here_.link->subscribe<Count>({.capacity = 10'000});
    run();
    auto emitter = there_.bus.emitter<Count, Joined>();
    for (int round = 0; round < 4; ++round) {
        for (int i = 0; i < 1'000; ++i) emitter.emit(Count{i});
        drive(io_);
    }
    EXPECT_EQ(all.stat().size, 4'000U) << "the bytes that were being read stay what they were";
    emitter.emit(Joined{"a", 1});
    drive(io_);
    ASSERT_TRUE(later);
    EXPECT_TRUE(later->try_receive());
    EXPECT_FALSE(here_.is_over());
}

TEST_F(AnAbusedLink, IsClosedFromInsideWhatItDelivers) {
    there_.link->serve<Count>();
    auto first = here_.link->subscribe<Count>(
        {.capacity = 1, .on_full = event::Notify{[&](const auto&) { here_.link->close({.text = "enough"}); }}});
    run();
    auto emitter = there_.bus.emitter<Count>();
    for (int i = 0; i < 1'000; ++i) emitter.emit(Count{i});
    drive(io_);
    ASSERT_TRUE(here_.is_over() && there_.is_over());
    EXPECT_EQ(there_.link->stat().remote_reason->text, "enough");
}

TEST_F(AnAbusedLink, IsDestroyedFromInsideWhatItDelivers) {
    there_.link->serve<Count>();
    auto first = here_.link->subscribe<Count>(
        {.capacity = 1, .on_full = event::Notify{[&](const auto&) { here_.link.reset(); }}});
    run();
    auto emitter = there_.bus.emitter<Count>();
    for (int i = 0; i < 1'000; ++i) emitter.emit(Count{i});
    drive(io_);
    EXPECT_TRUE(here_.is_over() && there_.is_over());
}

TEST(AnAbusedLinksEnd, OfASubscriptionMayDestroyLinkAndBus) {
    asio::io_context io;
    auto [a, b] = duplex::pair(io);
    Node server(io);
    server.make(std::move(b));
    auto bus = std::make_unique<event::EventBus>(io);
    std::unique_ptr<Link> link;
    LinkOptions options;
    options.on_subscription_ended = [&](const auto&) {
        link.reset();
        bus.reset();
    };
    link = std::make_unique<Link>(*bus, std::move(a), std::move(options));
    auto counts = link->subscribe<Count>();  // not served
    auto joined = link->subscribe<Joined>();
    bool is_over = false;
    link->async_run([&](error_code) { is_over = true; });
    server.run();
    drive(io);
    EXPECT_TRUE(is_over && server.is_over());
}

// ---- async_run --------------------------------------------------------------------------------------------------

TEST_F(AnAbusedLink, RunsOnItsStrandAndCompletesWhereItsHandlerIs) {
    asio::io_context elsewhere;
    bool is_over = false;
    here_.link->async_run(asio::bind_executor(elsewhere, [&](error_code) { is_over = true; }));
    there_.run();
    drive(io_);
    EXPECT_EQ(here_.link->stat().state, LinkState::running) << "whatever the handler's executor does";
    here_.link->close();
    drive(io_);
    EXPECT_EQ(here_.link->stat().state, LinkState::closed);
    EXPECT_FALSE(is_over);
    drive(elsewhere);
    EXPECT_TRUE(is_over);
}

TEST_F(AnAbusedLink, IsCancelledBeforeItsFirstStep) {
    here_.run();
    here_.cancel.emit(asio::cancellation_type::terminal);
    pass(5s);
    ASSERT_TRUE(here_.is_over());
    EXPECT_EQ(*here_.result, asio::error::operation_aborted);
}

TEST_F(AnAbusedLink, NeverCompletesInsideTheCall) {
    run();
    here_.link->close();
    drive(io_);
    bool is_over = false, was_inside = false;
    asio::post(here_.link->get_executor(), [&] {
        here_.link->async_run([&](error_code) { is_over = true; });
        was_inside = is_over;
    });
    drive(io_);
    EXPECT_TRUE(is_over);
    EXPECT_FALSE(was_inside);
}

TEST_F(AnAbusedLink, ClosedBeforeItRanHasEndedInOrder) {
    here_.link->close({.text = "never mind"});
    drive(io_);
    here_.run();
    drive(io_);
    ASSERT_TRUE(here_.is_over());
    EXPECT_FALSE(*here_.result);
    EXPECT_EQ(here_.link->stat().reason->text, "never mind");
}

TEST(AnAbusedLinksContext, TakesAlongALinkThatItsHandlerOwns) {
    auto io = std::make_unique<asio::io_context>();
    auto bus = std::make_unique<event::EventBus>(*io);
    auto [a, b] = duplex::pair(*io);
    auto link = std::make_shared<Link>(*bus, std::move(a));
    auto other = std::make_shared<Link>(*bus, std::move(b));
    link->serve<Count>();
    other->import <Count>();
    link->async_run([link](error_code) {});
    other->async_run([other](error_code) {});
    link.reset();
    other.reset();
    drive(*io);
    io.reset();
}

TEST(AnAbusedLinkOnThreads, RunsInACoroutineOfAnotherStrand) {
    asio::thread_pool pool(3);
    event::EventBus here{pool}, there{pool};
    for (int round = 0; round < 50; ++round) {
        auto [a, b] = duplex::pair(pool.get_executor(), pool.get_executor());
        Link client(here, std::move(a)), server(there, std::move(b));
        asio::cancellation_signal cancel;
        const auto strand = asio::make_strand(pool);
        std::promise<error_code> client_over, server_over;
        client.async_run(asio::bind_executor(strand, asio::bind_cancellation_slot(cancel.slot(), [&](error_code error) {
                                                 client_over.set_value(error);
                                             })));
        server.async_run(asio::bind_executor(pool, [&](error_code error) { server_over.set_value(error); }));
        server.serve<Count>();
        auto counts = client.subscribe<Count>();
        asio::post(strand, [&] { cancel.emit(asio::cancellation_type::terminal); });
        EXPECT_EQ(client_over.get_future().get(), asio::error::operation_aborted);
        server_over.get_future().wait();
    }
    pool.join();
}

TEST_F(AnAbusedLink, IsNotClosedByTheSignalOfARunThatWasRefused) {
    run();
    asio::cancellation_signal of_second;
    std::optional<error_code> second;
    here_.link->async_run(
        asio::bind_cancellation_slot(of_second.slot(), [&](const error_code& error) { second = error; }));
    drive(io_);
    ASSERT_TRUE(second);
    EXPECT_EQ(*second, asio::error::already_started);
    of_second.emit(asio::cancellation_type::terminal);
    drive(io_);
    EXPECT_FALSE(here_.is_over());
}

TEST_F(AnAbusedLink, DoesNotSendALatestValueRoundForEverWhereBothSidesMirrorIt) {
    for (Node* node : {&here_, &there_}) {
        node->link->serve<Count>({.forwards = true});
        node->link->mirror<Count>();
    }
    here_.run();
    there_.run();
    const auto go = [&] {
        for (int i = 0; i < 10'000; ++i) io_.poll_one();
    };
    go();
    auto here = here_.bus.value<Count>(), there = there_.bus.value<Count>();
    here.set({1});
    go();
    EXPECT_EQ((*there.try_get())->value, 1);
    there.set({2});
    go();
    EXPECT_EQ((*here.try_get())->value, 2);
    EXPECT_EQ((*there.try_get())->value, 2);
    here.set({3});
    go();
    EXPECT_EQ((*there.try_get())->value, 3);
    EXPECT_LT(here_.link->stat().states_received, 10U);
    EXPECT_LT(there_.link->stat().states_received, 10U);
}

TEST_F(AnAbusedLink, TakesAlongWhatItMirrorsAlsoWhenItIsDestroyed) {
    there_.link->serve<Count>();
    there_.link->serve<Joined>({}, event::net::by_key(&Joined::peer));
    auto value = there_.bus.value<Count>();
    value.set({1});
    auto joined = there_.bus.emitter<Joined>({}, event::retain_by(&Joined::peer));
    joined.emit({"a", 1});
    joined.emit({"b", 1});
    here_.link->mirror<Count>();
    here_.link->mirror<Joined>({}, event::retain_by(&Joined::peer));
    run();
    EXPECT_TRUE(here_.bus.stat<Count>().replayable);
    EXPECT_TRUE(here_.bus.stat<Joined>().replayable);
    here_.link.reset();
    drive(io_);
    EXPECT_FALSE(here_.bus.stat<Count>().replayable);
    EXPECT_FALSE(here_.bus.stat<Joined>().replayable);
}

TEST_F(AnAbusedLink, LeavesWhatSomebodyElseHasSetSinceItMirroredIt) {
    there_.link->serve<Joined>({}, event::net::by_key(&Joined::peer));
    auto joined = there_.bus.emitter<Joined>({}, event::retain_by(&Joined::peer));
    joined.emit({"a", 1});
    joined.emit({"b", 1});
    here_.link->mirror<Joined>({}, event::retain_by(&Joined::peer));
    run();
    here_.bus.emitter<Joined>().emit({"a", 2});
    here_.link->close();
    drive(io_);
    auto left = here_.bus.subscribe<Joined>();
    const auto first = left.try_receive();
    ASSERT_TRUE(first);
    EXPECT_EQ((*first)->peer, "a");
    EXPECT_EQ((*first)->room, 2);
    EXPECT_FALSE(left.try_receive());
}

TEST(AnAbusedLinkOnThreads, IsUsedFromEverywhereAtOnceAndDestroyed) {
    asio::thread_pool pool(3);
    const auto quiet = [](const auto&) {};
    event::EventBus here{pool, {.on_slow_subscriber = quiet}}, there{pool, {.on_slow_subscriber = quiet}};
    std::atomic<bool> stop{false};
    std::thread emitting([&] {
        auto counts = there.emitter<Count>({.retain = true});
        auto joined = there.emitter<Joined>({}, event::retain_by(&Joined::room));
        for (int i = 0; !stop; ++i) {
            counts.emit({i});
            joined.emit({"a", i % 5});
            if (i % 7 == 0) there.forget<Count>();
        }
    });
    for (int round = 0; round < 40; ++round) {
        auto [a, b] = duplex::pair(pool.get_executor(), pool.get_executor());
        LinkOptions options;
        options.on_subscription_ended = quiet;
        options.on_slow_subscriber = quiet;
        std::optional<Link> client(std::in_place, here, std::move(a), options);
        std::optional<Link> server(std::in_place, there, std::move(b), options);
        std::promise<void> client_over, server_over;
        std::vector<std::thread> users;
        users.emplace_back([&] { server->serve<Count>(); });
        users.emplace_back([&] { server->serve<Joined>({}, event::net::by_key(&Joined::room)); });
        users.emplace_back([&] { client->async_run([&](error_code) { client_over.set_value(); }); });
        users.emplace_back([&] { server->async_run([&](error_code) { server_over.set_value(); }); });
        users.emplace_back([&] { client->mirror<Count>(); });
        users.emplace_back([&] { client->mirror<Joined>({}, event::retain_by(&Joined::room)); });
        users.emplace_back([&] {
            for (int i = 0; i < 5; ++i) {
                auto counts = client->subscribe<Count>({.on_full = event::Drop{}});
                const auto view = client->watch<Count>();
                static_cast<void>(client->stat());
                static_cast<void>(client->state().try_get());
            }
        });
        for (std::thread& user : users) user.join();
        if (round % 3 == 0) server->close();
        client.reset();
        EXPECT_FALSE(here.stat<Count>().replayable);
        EXPECT_FALSE(here.stat<Joined>().replayable);
        if (round % 3 == 1) server.reset();
        client_over.get_future().wait();
        server_over.get_future().wait();
        EXPECT_FALSE(here.stat<Count>().replayable);
    }
    stop = true;
    emitting.join();
    pool.join();
}

// ---- streams ----------------------------------------------------------------------------------------------------

/// Throws where it is told to.
class ThrowingStream {
public:
    using executor_type = asio::any_io_executor;

    ThrowingStream(duplex::End end, const bool& reads, const bool& writes)
        : end_(std::move(end)), reads_(reads), writes_(writes) {}
    [[nodiscard]] executor_type get_executor() const noexcept { return end_.get_executor(); }
    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        if (reads_) throw std::runtime_error("no more reads");
        return end_.async_read_some(buffers, std::forward<Token>(token));
    }
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        if (writes_) throw std::runtime_error("no more writes");
        return end_.async_write_some(buffers, std::forward<Token>(token));
    }
    void close() { end_.close(); }

private:
    duplex::End end_;
    const bool& reads_;
    const bool& writes_;
};

TEST(AnAbusedLinksStream, ThatThrowsEndsIt) {
    for (const bool reads : {true, false}) {
        asio::io_context io;
        Node other(io);
        auto [a, b] = duplex::pair(io);
        other.make(std::move(b));
        bool throws = false, never = false;
        event::EventBus bus(io);
        event::net::Link<ThrowingStream> link(
            bus, ThrowingStream(std::move(a), reads ? throws : never, reads ? never : throws));
        std::optional<error_code> result;
        link.async_run([&](const error_code& error) { result = error; });
        other.run();
        drive(io);
        ASSERT_FALSE(result);
        throws = true;
        auto counts = link.subscribe<Count>();
        drive(io);
        ASSERT_TRUE(result) << reads;
        EXPECT_EQ(*result, end_code::lost);
        EXPECT_THAT(link.stat().reason->text, testing::HasSubstr("no more"));
        EXPECT_TRUE(other.is_over());
    }
}

// ---- floods -----------------------------------------------------------------------------------------------------

TEST_F(AnAbusedLink, GivesEachSubscriptionItsTurnThoughABatchHoldsOnlySome) {
    there_.link->serve<Joined>({.capacity = 4, .on_full = event::DropOldest{}});
    std::vector<event::Subscription<Joined>> subscriptions;
    for (int i = 0; i < 8; ++i) subscriptions.push_back(here_.link->subscribe<Joined>({.capacity = 10'000}));
    run();
    back_->chunk(16'384);
    auto emitter = there_.bus.emitter<Joined>();
    const std::string large(30'000, 'x');
    for (int i = 0; i < 200; ++i) {
        emitter.emit({large, i});
        for (int step = 0; step < 12; ++step) io_.poll_one();
    }
    std::vector<std::size_t> sizes;
    for (const auto& subscription : subscriptions) sizes.push_back(subscription.stat().size);
    EXPECT_GT(*std::ranges::min_element(sizes) * 2, *std::ranges::max_element(sizes)) << testing::PrintToString(sizes);
}

TEST(AnAbusedLinksPeer, CannotMakeItKeepSubscriptionsWhoseValuesItDoesNotTake) {
    asio::io_context io;
    auto [a, b] = duplex::pair(io);
    Node victim(io);
    victim.make(std::move(a));
    victim.link->serve<Joined>();
    auto value = victim.bus.value<Joined>();
    value.set({std::string(5'000, 'x'), 1});
    victim.run();
    const std::string schema(event::net::schema<Joined>());
    protocol::Bytes bytes;
    write(protocol::Hello{.max_frame = 1'024, .max_subscriptions = 4, .serves = true, .consumes = true}, bytes);
    for (protocol::Alias alias = 1; alias <= 20; ++alias)
        write(protocol::Subscribe{.alias = alias, .mode = protocol::Mode::latest, .types = {{"joined", schema, {}}}},
              bytes);
    asio::async_write(b, asio::buffer(bytes), [](error_code, std::size_t) {});
    drive(io);
    EXPECT_FALSE(victim.is_over());
    EXPECT_EQ(victim.link->stat().serving, 0U);
}

// ---- figures ----------------------------------------------------------------------------------------------------

struct Small {
    static constexpr std::size_t max_wire_size = 8;
    std::string text;
};

TEST_F(AnAbusedLink, CountsWhatCannotBeSentAtOnce) {
    there_.link->serve<Small>();
    auto subscription = here_.link->subscribe<Small>();
    run();
    there_.bus.emitter<Small>().emit({"far too long"});
    drive(io_);
    EXPECT_EQ(there_.link->stat().unsendable, 1U);
}

TEST_F(AnAbusedLink, TellsEachWhoIsConcernedOfAGapInWhatIsImportedTogether) {
    there_.link->serve<Joined, Count>({.capacity = 2});
    here_.link->import <Joined, Count>();
    auto joined = here_.bus.subscribe<Joined>();
    run();
    auto emitter = there_.bus.emitter<Joined, Count>();
    for (int i = 0; i < 5; ++i) emitter.emit(Joined{"a", i});  // three are lost
    drive(io_);
    emitter.emit(Count{1});
    emitter.emit(Joined{"a", 5});
    drive(io_);
    std::uint64_t missed = 0;
    for (const auto& delivery : event::testing::take_all(joined)) missed += delivery.missed();
    EXPECT_EQ(missed, 3U);
}

TEST_F(AnAbusedLink, DoesNotTellTheOtherSideOfWhatThatHasLostItself) {
    for (Node* node : {&here_, &there_}) {
        node->link->serve<Count>({.capacity = 2, .forwards = true});
        node->link->import <Count>();
    }
    auto here = here_.bus.subscribe<Count>({.capacity = 1'000});
    auto there = there_.bus.subscribe<Count>({.capacity = 1'000});
    run();
    auto from_there = there_.bus.emitter<Count>();
    auto from_here = here_.bus.emitter<Count>();
    for (int i = 0; i < 5; ++i) from_there.emit({i});  // three are lost
    drive(io_);
    for (int i = 0; i < 20; ++i) {
        from_there.emit({i});
        drive(io_);
        from_here.emit({i});
        drive(io_);
    }
    EXPECT_EQ(here.stat().lost, 3U) << "and not again and again, there and back";
    EXPECT_EQ(there.stat().lost, 0U);
}

// ---- wrong use --------------------------------------------------------------------------------------------------

TEST_F(AnAbusedLink, FindsTheGroupThatHasAllTypesThatAreAskedFor) {
    there_.link->serve<Joined>();
    there_.link->serve<Left, Joined>();
    auto both = here_.link->subscribe<Joined, Left>();
    run();
    EXPECT_TRUE(here_.ended.empty());
    there_.bus.emitter<Left>().emit({"a"});
    drive(io_);
    EXPECT_TRUE(both.try_receive());
}

TEST_F(AnAbusedLink, RefusesLimitsThatNoLinkCanWorkWith) {
    const auto make = [&](auto change) {
        LinkOptions options;
        change(options);
        auto [a, b] = duplex::pair(io_);
        Link link(here_.bus, std::move(a), options);
    };
    EXPECT_NO_THROW(make([](LinkOptions&) {}));
    EXPECT_THROW(make([](LinkOptions& options) { options.limits.max_frame = 1'023; }), std::invalid_argument);
    EXPECT_THROW(make([](LinkOptions& options) { options.limits.max_state_keys = 0; }), std::invalid_argument);
    EXPECT_THROW(make([](LinkOptions& options) { options.times.handshake_timeout = 0ms; }), std::invalid_argument);
    EXPECT_THROW(make([](LinkOptions& options) { options.times.ping_interval = 0ms; }), std::invalid_argument);
    EXPECT_THROW(make([](LinkOptions& options) { options.times.pong_timeout = -1ms; }), std::invalid_argument);
    EXPECT_THROW(make([](LinkOptions& options) { options.times.write_timeout = 0ms; }), std::invalid_argument);
    EXPECT_THROW(make([](LinkOptions& options) { options.times.close_timeout = -1ms; }), std::invalid_argument);
}

TEST(AnAbusedLinksLimits, AreNeverReachedIfTheyAreTheLargest) {
    asio::io_context io;
    event::testing::ManualClock clock(io);
    Node here(io), there(io);
    auto [a, b] = duplex::pair(io);
    const auto never = std::chrono::milliseconds::max();
    const LinkOptions options{.times = {never, never, never, never, never}};
    here.make(std::move(a), options);
    there.make(std::move(b), options);
    here.run();
    there.run();
    drive(io);
    event::testing::drive_for(io, clock, 24h);
    EXPECT_EQ(here.link->stat().state, LinkState::running);
    here.link->close();
    drive(io);
    EXPECT_TRUE(here.is_over() && there.is_over());
}

}  // namespace link_abuse_test
