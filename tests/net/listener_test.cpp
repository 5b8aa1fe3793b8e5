#include "link_fixture.hpp"

#include <event/net/dialer.hpp>
#include <event/net/listener.hpp>
#include <event/net/supervisor.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <chrono>
#include <functional>
#include <list>
#include <optional>
#include <stdexcept>
#include <string>
#include <unistd.h>

/// `event::net::Listener`, with those who dial it: over real sockets of this machine.

namespace listener_test {

using namespace links;
using asio::ip::tcp;

class AListener : public testing::Test {
protected:
    using Listener = event::net::Listener<tcp::acceptor>;
    using Socket = event::net::TcpDialer::stream_type;
    using Client = event::net::Link<Socket>;

    void listen(event::net::ListenerOptions options = {}) {
        tcp::acceptor acceptor(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        port_ = acceptor.local_endpoint().port();
        listener_.emplace(
            bus_, std::move(acceptor), std::move(options),
            [this](event::net::Remote& remote, const event::net::Peer& peer) { return ask_(remote, peer); });
        listener_->async_run([this](const error_code& error) { result_ = error; });
    }
    /// Runs until it is so; false if that takes too long.
    template <class F>
    [[nodiscard]] bool run_until(F&& holds) {
        io_.restart();
        for (int i = 0; i < 100'000 && !holds(); ++i) {
            if (io_.run_one_for(std::chrono::seconds(5)) == 0) break;
        }
        return holds();
    }
    [[nodiscard]] Socket connect() {
        Socket socket(io_);
        socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port_));
        return socket;
    }
    struct Dialed {
        std::optional<Client> link;
        std::optional<error_code> result;
    };
    Dialed& dial() {
        Dialed& dialed = dialed_.emplace_back();
        LinkOptions options;
        options.on_subscription_ended = [](const auto&) {};
        dialed.link.emplace(client_bus_, connect(), std::move(options));
        dialed.link->async_run([&dialed](const error_code& error) { dialed.result = error; });
        return dialed;
    }
    [[nodiscard]] static LinkState state_of(const Dialed& dialed) { return dialed.link->stat().state; }

    asio::io_context io_;
    event::EventBus bus_{io_};
    event::EventBus client_bus_{io_};
    std::function<std::optional<Reason>(event::net::Remote&, const event::net::Peer&)> ask_ =
        [](event::net::Remote& remote, const event::net::Peer&) {
            remote.serve<Count>();
            return std::optional<Reason>();
        };
    std::uint16_t port_ = 0;
    std::optional<Listener> listener_;
    std::optional<error_code> result_;
    std::list<Dialed> dialed_;
};

TEST_F(AListener, ServesWhoComes) {
    std::vector<std::string> addresses;
    ask_ = [&](event::net::Remote& remote, const event::net::Peer& peer) {
        addresses.push_back(peer.address);
        EXPECT_NE(peer.hello.epoch, 0U);
        EXPECT_TRUE(peer.hello.consumes);
        remote.serve<Count>();
        return std::optional<Reason>();
    };
    listen();
    Dialed& one = dial();
    Dialed& two = dial();
    auto counts_one = one.link->subscribe<Count>();
    auto counts_two = two.link->subscribe<Count>();
    ASSERT_TRUE(run_until([&] { return bus_.stat<Count>().subscribers == 2; }));
    EXPECT_EQ(*listener_->links().try_get().value(), 2U);
    EXPECT_THAT(addresses, testing::ElementsAre("127.0.0.1", "127.0.0.1"));
    bus_.emitter<Count>().emit({5});
    ASSERT_TRUE(run_until([&] { return counts_one.stat().size == 1 && counts_two.stat().size == 1; }));
    EXPECT_EQ((*counts_one.try_receive())->value, 5);
    one.link->close();
    ASSERT_TRUE(run_until([&] { return listener_->stat().links == 1; }));
    EXPECT_EQ(bus_.stat<Count>().subscribers, 1U);
}

TEST_F(AListener, EndsItsLinksAndItself) {
    listen();
    Dialed& one = dial();
    ASSERT_TRUE(run_until([&] { return state_of(one) == LinkState::running; }));
    listener_->close({.code = end_code::closed, .text = "good night"});
    ASSERT_TRUE(run_until([&] { return result_ && one.result; }));
    EXPECT_FALSE(*result_);
    EXPECT_EQ(one.link->stat().remote_reason->text, "good night");
    EXPECT_EQ(listener_->stat().links, 0U);
}

TEST_F(AListener, SaysThatItWasMovedFrom) {
    listen();
    Listener kept = std::move(*listener_);
    EXPECT_THROW(static_cast<void>(listener_->links()), std::logic_error);
    EXPECT_THROW(static_cast<void>(listener_->stat()), std::logic_error);
    EXPECT_THROW(static_cast<void>(listener_->get_executor()), std::logic_error);
    EXPECT_THROW(listener_->async_run([](const error_code&) {}), std::logic_error);
    listener_->close();
    dial();
    EXPECT_TRUE(run_until([&] { return kept.links().try_get() && **kept.links().try_get() == 1U; }));
}

TEST_F(AListener, ByDestroyingIt) {
    listen();
    Dialed& one = dial();
    ASSERT_TRUE(run_until([&] { return state_of(one) == LinkState::running; }));
    listener_.reset();
    ASSERT_TRUE(run_until([&] { return result_ && one.result; }));
}

TEST_F(AListener, RejectsWhoIsNotWanted) {
    ask_ = [](event::net::Remote&, const event::net::Peer&) {
        return std::optional(Reason{.code = end_code::rejected, .text = "not you"});
    };
    listen();
    Dialed& one = dial();
    auto counts = one.link->subscribe<Count>();
    ASSERT_TRUE(run_until([&] { return one.result.has_value(); }));
    EXPECT_EQ(*one.result, end_code::rejected);
    EXPECT_EQ(one.link->stat().remote_reason->text, "not you");
    ASSERT_TRUE(run_until([&] { return listener_->stat().links == 0; }));
    EXPECT_EQ(listener_->stat().rejected, 1U);
    EXPECT_EQ(listener_->stat().opening, 0U);
    EXPECT_EQ(bus_.stat<Count>().subscribers, 0U);
}

TEST_F(AListener, IsNotEndedByWhatItsHookThrows) {
    int asked = 0;
    ask_ = [&](event::net::Remote& remote, const event::net::Peer&) -> std::optional<Reason> {
        if (++asked == 1) throw std::runtime_error("no");
        remote.serve<Count>();
        return std::nullopt;
    };
    listen();
    Dialed& one = dial();
    ASSERT_TRUE(run_until([&] { return one.result.has_value(); }));
    Dialed& two = dial();
    ASSERT_TRUE(run_until([&] { return state_of(two) == LinkState::running; }));
    EXPECT_FALSE(result_);
}

TEST_F(AListener, HasLimits) {
    listen({.max_links = 3, .max_links_of_address = 2});
    Dialed& one = dial();
    Dialed& two = dial();
    ASSERT_TRUE(run_until([&] { return state_of(one) == LinkState::running && state_of(two) == LinkState::running; }));
    Dialed& three = dial();
    ASSERT_TRUE(run_until([&] { return three.result.has_value(); }));
    EXPECT_EQ(*three.result, end_code::lost);
    EXPECT_EQ(listener_->stat().turned_away, 1U);
    one.link->close();
    ASSERT_TRUE(run_until([&] { return listener_->stat().links == 1; }));
    Dialed& four = dial();
    EXPECT_TRUE(run_until([&] { return state_of(four) == LinkState::running; }));
}

TEST_F(AListener, WaitsForFewWhoSayNothing) {
    listen({.max_opening = 2});
    std::vector<Socket> silent;
    silent.push_back(connect());
    silent.push_back(connect());
    ASSERT_TRUE(run_until([&] { return listener_->stat().opening == 2; }));
    Dialed& late = dial();
    ASSERT_TRUE(run_until([&] { return late.result.has_value(); }));
    silent.clear();
    ASSERT_TRUE(run_until([&] { return listener_->stat().links == 0; }));
    EXPECT_EQ(listener_->stat().opening, 0U);
    Dialed& another = dial();
    EXPECT_TRUE(run_until([&] { return state_of(another) == LinkState::running; }));
}

TEST_F(AListener, IsDialedByASupervisor) {
    listen();
    event::net::Supervisor supervisor(client_bus_, event::net::TcpDialer(io_, "127.0.0.1", std::to_string(port_)));
    auto counts = supervisor.subscribe<Count>();
    std::optional<error_code> result;
    supervisor.async_run([&](const error_code& error) { result = error; });
    ASSERT_TRUE(run_until([&] { return bus_.stat<Count>().subscribers == 1; }));
    bus_.emitter<Count>().emit({1});
    ASSERT_TRUE(run_until([&] { return counts.stat().size == 1; }));
    supervisor.close();
    ASSERT_TRUE(run_until([&] { return result && listener_->stat().links == 0; }));
}

TEST_F(AListener, RefusesLimitsThatNoLinkCanWorkWith) {
    EXPECT_THROW(listen({.link = {.limits = {.max_frame = 1}}}), std::invalid_argument);
    event::net::SupervisorOptions options;
    options.link.times.pong_timeout = {};
    EXPECT_THROW(event::net::Supervisor(client_bus_, event::net::TcpDialer(io_, "127.0.0.1", "1"), options),
                 std::invalid_argument);
}

TEST_F(AListener, OfAUnixSocketToo) {
    using asio::local::stream_protocol;
    const std::string path = "listener_test." + std::to_string(::getpid());
    ::unlink(path.c_str());
    stream_protocol::acceptor acceptor(io_, stream_protocol::endpoint(path));
    event::net::Listener local(bus_, std::move(acceptor), {},
                               [](event::net::Remote& remote, const event::net::Peer& peer) {
                                   EXPECT_EQ(peer.address, "local");
                                   remote.serve<Count>();
                                   return std::optional<Reason>();
                               });
    std::optional<error_code> over;
    local.async_run([&](const error_code& error) { over = error; });
    event::net::Supervisor supervisor(client_bus_, event::net::LocalDialer(io_, path));
    const auto view = supervisor.watch<Count>();
    supervisor.async_run([](const error_code&) {});
    auto value = bus_.value<Count>();
    value.set({3});
    ASSERT_TRUE(run_until([&] { return view.try_get().has_value(); }));
    EXPECT_EQ((*view.try_get())->value, 3);
    local.close();
    ASSERT_TRUE(run_until([&] { return over.has_value(); }));
    ::unlink(path.c_str());
    ASSERT_TRUE(run_until([&] { return supervisor.stat().failed_dials >= 1; }));
    supervisor.close();
    EXPECT_TRUE(run_until([&] { return *supervisor.state().try_get().value() == LinkState::closed; }));
}

TEST(ATcpDialer, SaysWhatIsWrong) {
    asio::io_context io;
    event::net::TcpDialer dialer(io, "127.0.0.1", "1");
    std::optional<error_code> result;
    dialer.async_dial([&](const error_code& error, const auto&) { result = error; });
    io.run();
    EXPECT_EQ(*result, asio::error::connection_refused);
    dialer.async_dial([&](const error_code& error, const auto&) { result = error; });
    dialer.cancel();
    io.restart();
    io.run();
    EXPECT_EQ(*result, asio::error::operation_aborted);
}

TEST(ATcpDialer, IsCancelledBetweenTheNameAndTheConnection) {
    asio::io_context io, handlers;
    event::net::TcpDialer dialer(io, "127.0.0.1", "1");
    std::optional<error_code> result;
    dialer.async_dial(asio::bind_executor(handlers, [&](const error_code& error, const auto&) { result = error; }));
    io.run();  // until the name is resolved, which nobody has been told yet
    dialer.cancel();
    while (!result) {
        io.restart();
        handlers.restart();
        if (handlers.run_one_for(std::chrono::seconds(5)) + io.poll() == 0) break;
    }
    ASSERT_TRUE(result);
    EXPECT_EQ(*result, asio::error::operation_aborted);
}

}  // namespace listener_test
