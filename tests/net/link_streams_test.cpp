#include "../support.hpp"
#include "net/protocol/frames.hpp"

#include <event/net/link.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// The same link over what the operating system and other libraries have for streams.

namespace link_streams_test {

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;
using namespace std::chrono_literals;
using asio::ip::tcp;
using event::net::end_code;
using event::net::error_code;

struct Message {
    static constexpr std::string_view event_name = "message";
    int room = 0;
    std::string text = {};
};
struct Level {
    static constexpr std::string_view event_name = "level";
    int value = 0;
};

/// Runs until it holds; false if nothing happens for long.
template <class Condition>
bool run_until(asio::io_context& io, Condition holds) {
    io.restart();
    while (!holds())
        if (io.run_one_for(20s) == 0) return false;
    return true;
}

std::pair<tcp::socket, tcp::socket> tcp_pair(asio::io_context& io) {
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket client(io), server(io);
    client.connect(acceptor.local_endpoint());
    acceptor.accept(server);
    for (tcp::socket* socket : {&client, &server}) socket->set_option(tcp::no_delay(true));
    return {std::move(client), std::move(server)};
}

struct Tcp {
    using Stream = tcp::socket;
    static std::pair<Stream, Stream> pair(asio::io_context& io) { return tcp_pair(io); }
    static void cut(Stream& stream) {
        stream.set_option(asio::socket_base::linger(true, 0));  // a reset
        stream.close();
    }
};

struct Unix {
    using Stream = asio::local::stream_protocol::socket;
    static std::pair<Stream, Stream> pair(asio::io_context& io) {
        std::pair<Stream, Stream> streams(io, io);
        asio::local::connect_pair(streams.first, streams.second);
        return streams;
    }
    static void cut(Stream& stream) { stream.close(); }
};

struct WebSocket {
    using Stream = websocket::stream<tcp::socket>;
    static std::pair<Stream, Stream> pair(asio::io_context& io) {
        auto [client_socket, server_socket] = tcp_pair(io);
        std::pair<Stream, Stream> streams(std::move(client_socket), std::move(server_socket));
        int done = 0;
        const auto count = [&done](const error_code& error) {
            EXPECT_FALSE(error) << error.message();
            ++done;
        };
        streams.first.async_handshake("localhost", "/", count);
        streams.second.async_accept(count);
        EXPECT_TRUE(run_until(io, [&] { return done == 2; }));
        return streams;
    }
    static void cut(Stream& stream) { stream.next_layer().close(); }
};

template <class Kind>
class ALinkOver : public testing::Test {
protected:
    using Stream = typename Kind::Stream;
    using Link = event::net::Link<Stream>;

    void connect() {
        auto [a, b] = Kind::pair(io_);
        here_.emplace(here_bus_, std::move(a));
        there_.emplace(there_bus_, std::move(b));
    }
    void run() {
        here_->async_run([this](const error_code& error) { here_result_ = error; });
        there_->async_run([this](const error_code& error) { there_result_ = error; });
    }
    /// The next one, or a failure.
    template <class T>
    event::Delivery<T> next(event::Subscription<T>& subscription) {
        std::optional<event::Delivery<T>> delivery;
        EXPECT_TRUE(run_until(io_, [&] { return (delivery = subscription.try_receive()).has_value(); }));
        return delivery ? *std::move(delivery) : event::Delivery<T>();
    }
    bool run_until_subscribed(std::size_t count) {
        return run_until(io_, [&] { return there_bus_.stat<Message>().subscribers == count; });
    }
    bool run_until_over() {
        return run_until(io_, [&] { return here_result_ && there_result_; });
    }

    asio::io_context io_;
    event::EventBus here_bus_{io_, {.on_slow_subscriber = [](const auto&) {}}};
    event::EventBus there_bus_{io_, {.on_slow_subscriber = [](const auto&) {}}};
    std::optional<Link> here_, there_;
    std::optional<error_code> here_result_, there_result_;
};

struct Names {
    template <class Kind>
    static std::string GetName(int) {
        if constexpr (std::is_same_v<Kind, Tcp>) return "Tcp";
        if constexpr (std::is_same_v<Kind, Unix>) return "Unix";
        return "WebSocket";
    }
};
using Kinds = testing::Types<Tcp, Unix, WebSocket>;
TYPED_TEST_SUITE(ALinkOver, Kinds, Names);

TYPED_TEST(ALinkOver, BringsEventsBothWays) {
    this->connect();
    auto& here = *this->here_;
    auto& there = *this->there_;
    for (auto* link : {&here, &there}) link->template serve<Message>({.capacity = 1'000});
    auto messages = here.template subscribe<Message>({.capacity = 1'000});
    there.template import <Message>();
    auto imported = this->there_bus_.template subscribe<Message>({.capacity = 1'000});
    this->run();
    ASSERT_TRUE(this->run_until_subscribed(2));
    ASSERT_TRUE(run_until(this->io_, [&] { return this->here_bus_.template stat<Message>().subscribers == 1; }));
    const auto there_says = this->there_bus_.template emitter<Message>();
    const auto here_says = this->here_bus_.template emitter<Message>();
    for (int i = 0; i < 300; ++i) {
        there_says.emit({i, std::string(static_cast<std::size_t>(i * 7), 'x')});  // 300 KB
        static_cast<void>(imported.try_receive());
    }
    for (int i = 0; i < 300; ++i) here_says.emit({-i, "back"});
    for (int i = 0; i < 300; ++i) {
        const auto message = this->next(messages);
        ASSERT_TRUE(message);
        ASSERT_EQ(message->room, i);
        ASSERT_EQ(message->text.size(), static_cast<std::size_t>(i * 7));
        ASSERT_EQ(message.missed(), 0U);
    }
    for (int i = 0; i < 300; ++i) ASSERT_EQ(this->next(imported)->room, -i);
    EXPECT_FALSE(messages.try_receive());
}

TYPED_TEST(ALinkOver, ShowsTheNewestValue) {
    this->connect();
    this->there_->template serve<Level>();
    const auto level = this->here_->template watch<Level>();
    const auto shows = [&](int value) {
        return [&level, value] {
            const auto now = level.try_get();
            return now && (*now)->value == value;
        };
    };
    auto value = this->there_bus_.template value<Level>();
    value.set({1});
    this->run();
    EXPECT_TRUE(run_until(this->io_, shows(1)));
    for (int i = 2; i <= 1'000; ++i) value.set({i});
    EXPECT_TRUE(run_until(this->io_, shows(1'000)));
    this->there_bus_.template forget<Level>();
    EXPECT_TRUE(run_until(this->io_, [&] { return !level.try_get(); }));
}

TYPED_TEST(ALinkOver, BringsWhatIsWantedByKeyOnly) {
    this->connect();
    this->there_->template serve<Message>({}, event::net::by_key(&Message::room));
    auto messages = this->here_->template subscribe<Message>(event::where_key(&Message::room, 3));
    this->run();
    ASSERT_TRUE(this->run_until_subscribed(1));
    const auto emitter = this->there_bus_.template emitter<Message>();
    for (int i = 0; i < 10; ++i) emitter.emit({i % 5, std::to_string(i)});
    EXPECT_EQ(this->next(messages)->text, "3");
    EXPECT_EQ(this->next(messages)->text, "8");
    EXPECT_EQ(this->there_->stat().events_sent, 2U);
}

TYPED_TEST(ALinkOver, TellsOfAGapWhereItIs) {
    this->connect();
    this->there_->template serve<Message>({.capacity = 2});
    auto messages = this->here_->template subscribe<Message>();
    this->run();
    ASSERT_TRUE(this->run_until_subscribed(1));
    const auto emitter = this->there_bus_.template emitter<Message>();
    for (int i = 0; i < 10; ++i) emitter.emit({i});
    EXPECT_EQ(this->next(messages)->room, 0);
    EXPECT_EQ(this->next(messages)->room, 1);
    emitter.emit({10});
    const auto after = this->next(messages);
    EXPECT_EQ(after->room, 10);
    EXPECT_EQ(after.missed(), 8U);
}

/// Far more than a socket takes, and than the queue behind it: nobody waits, and each event came or is counted.
TYPED_TEST(ALinkOver, LosesOnlyWhatItCounts) {
    this->connect();
    this->there_->template serve<Message>({.capacity = 4, .on_full = event::DropOldest{}});
    auto messages = this->here_->template subscribe<Message>({.capacity = 10'000});
    this->run();
    ASSERT_TRUE(this->run_until_subscribed(1));
    const auto emitter = this->there_bus_.template emitter<Message>();
    constexpr int count = 500;
    for (int i = 1; i <= count; ++i) {
        emitter.emit({i, std::string(20'000, 'x')});
        if (i % 4 == 0) this->io_.poll_one();
    }
    int last = 0;
    while (last != count) {
        const auto message = this->next(messages);
        ASSERT_TRUE(message) << last;
        ASSERT_EQ(message->room, last + 1 + static_cast<int>(message.missed()));
        last = message->room;
    }
    EXPECT_GT(messages.stat().lost, 0U);
}

TYPED_TEST(ALinkOver, EndsInOrder) {
    this->connect();
    this->there_->template serve<Message>();
    auto messages = this->here_->template subscribe<Message>();
    this->run();
    ASSERT_TRUE(this->run_until_subscribed(1));
    this->there_bus_.template emitter<Message>().emit({7});
    EXPECT_EQ(this->next(messages)->room, 7);
    this->there_->close({.code = end_code::closed, .text = "good night"});
    ASSERT_TRUE(this->run_until_over());
    EXPECT_FALSE(*this->here_result_) << this->here_result_->message();
    EXPECT_FALSE(*this->there_result_) << this->there_result_->message();
    EXPECT_EQ(this->here_->stat().remote_reason->text, "good night");
    EXPECT_FALSE(messages.is_open());
    EXPECT_EQ(this->there_bus_.template stat<Message>().subscribers, 0U);
    EXPECT_EQ(this->here_->stat().held + this->there_->stat().held, 0U);
    EXPECT_EQ(this->io_.poll(), 0U) << "nothing of them goes on";
}

TYPED_TEST(ALinkOver, EndsWhereTheOtherSideIsGone) {
    auto [a, b] = TypeParam::pair(this->io_);
    this->here_.emplace(this->here_bus_, std::move(a));
    auto messages = this->here_->template subscribe<Message>();
    this->here_->template serve<Level>();
    this->here_->async_run([this](const error_code& error) { this->here_result_ = error; });
    ASSERT_TRUE(run_until(this->io_, [&] { return this->here_->stat().bytes_sent != 0; }));
    TypeParam::cut(b);
    ASSERT_TRUE(run_until(this->io_, [&] { return this->here_result_.has_value(); }));
    EXPECT_EQ(*this->here_result_, end_code::lost);
    EXPECT_FALSE(messages.is_open());
    EXPECT_EQ(this->here_->stat().held, 0U);
}

TYPED_TEST(ALinkOver, EndsWhereItsOwnEndIsDestroyed) {
    this->connect();
    this->there_->template serve<Message>();
    auto messages = this->here_->template subscribe<Message>();
    this->run();
    ASSERT_TRUE(this->run_until_subscribed(1));
    this->here_.reset();
    ASSERT_TRUE(this->run_until_over());
    EXPECT_FALSE(*this->there_result_) << this->there_result_->message();
    EXPECT_EQ(this->there_bus_.template stat<Message>().subscribers, 0U);
    EXPECT_FALSE(messages.is_open());
}

// ---- what only one of them does ---------------------------------------------------------------------------------

TEST(ALinkOverTcp, SaysWhyAWriteFailsThoughItWasTriedAtOnce) {
    namespace protocol = event::net::protocol;
    asio::io_context io;
    event::EventBus bus(io);
    auto [own, other] = tcp_pair(io);
    event::net::Link<tcp::socket> link(bus, std::move(own));
    link.serve<Level>();
    std::optional<error_code> result;
    link.async_run([&](const error_code& error) { result = error; });
    protocol::Bytes said;
    write(protocol::Hello{.max_frame = 65'536, .max_subscriptions = 1, .serves = true, .consumes = true}, said);
    write(protocol::Subscribe{.alias = 1,
                              .types = {{.name = "level", .schema = event::net::schema<Level>(), .keys = {}}}},
          said);
    asio::write(other, asio::buffer(said));
    ASSERT_TRUE(run_until(io, [&] { return bus.stat<Level>().subscribers == 1; }));
    while (io.poll() != 0) {  // it reads now
    }
    Tcp::cut(other);
    bus.emitter<Level>().emit({1});  // before it has heard of that
    ASSERT_TRUE(run_until(io, [&] { return result.has_value(); }));
    EXPECT_EQ(link.stat().reason->code, end_code::lost);
    EXPECT_EQ(link.stat().reason->text, error_code(asio::error::connection_reset).message());
}

}  // namespace link_streams_test
