#include "link_fixture.hpp"
#include "net/protocol/frames.hpp"
#include "net/protocol/inbox.hpp"

#include <event/net/dialer.hpp>
#include <event/net/listener.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <gmock/gmock.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// Who connects to a listener and is no link, or no honest one: over real sockets, and beside a good link, which goes
/// on. What each takes, its place and its descriptor, is given back.

namespace hostile_listener_test {

using namespace links;
using namespace std::chrono_literals;
using namespace std::string_view_literals;
using asio::ip::tcp;
namespace protocol = event::net::protocol;

std::size_t open_files() {
    const std::filesystem::directory_iterator files("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

/// Says what it says, and reads until the other side closes.
class Stranger {
public:
    Stranger(asio::io_context& io, const tcp::endpoint& endpoint, std::string_view words)
        : said_(std::make_shared<Said>(tcp::socket(io))) {
        said_->socket.connect(endpoint);
        if (!words.empty()) asio::write(said_->socket, asio::buffer(words));
        Said::read(said_);
    }
    void close() { said_->socket.close(); }
    [[nodiscard]] bool is_turned_out() const { return said_->is_over; }
    [[nodiscard]] bool has_hello() const { return !said_->bytes.empty(); }
    /// What BYE says; none if there is none.
    [[nodiscard]] std::optional<end_code> told() const {
        protocol::Inbox inbox;
        protocol::View left = said_->bytes;
        Reason reason;
        std::optional<end_code> code;
        for (protocol::View frame; inbox.next(left, 1 << 24, frame) == protocol::Inbox::Step::frame;) {
            const bool is_bye = static_cast<protocol::Kind>(frame[0]) == protocol::Kind::bye;
            if (is_bye && !protocol::read_bye(frame.subspan(1), reason)) code = reason.code;
        }
        return code;
    }

private:
    struct Said {
        explicit Said(tcp::socket&& s) : socket(std::move(s)) {}
        static void read(const std::shared_ptr<Said>& self) {
            self->socket.async_read_some(asio::buffer(self->piece), [self](error_code error, std::size_t size) {
                self->bytes.insert(self->bytes.end(), self->piece.begin(),
                                   self->piece.begin() + static_cast<std::ptrdiff_t>(size));
                self->is_over = error.failed();
                if (!error) read(self);
            });
        }
        tcp::socket socket;
        std::array<std::byte, 1'024> piece{};
        protocol::Bytes bytes = {};
        bool is_over = false;
    };
    std::shared_ptr<Said> said_;
};

class AListenerAmongStrangers : public testing::Test {
protected:
    AListenerAmongStrangers() {
        tcp::acceptor acceptor(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        endpoint_ = acceptor.local_endpoint();
        listener_.emplace(bus_, std::move(acceptor), event::net::ListenerOptions{.max_opening = 8},
                          [](event::net::Remote& remote, const event::net::Peer&) {
                              remote.serve<Count>();
                              return std::optional<Reason>();
                          });
        listener_->async_run([](const error_code&) {});
        event::net::TcpDialer::stream_type socket(io_);
        socket.connect(endpoint_);
        good_.emplace(good_bus_, std::move(socket));
        counts_ = good_->subscribe<Count>();
        good_->async_run([](const error_code&) {});
        EXPECT_TRUE(run_until([&] { return bus_.stat<Count>().subscribers == 1; }));
        files_ = open_files();
    }
    ~AListenerAmongStrangers() override {
        EXPECT_TRUE(run_until([&] { return listener_->stat().links == 1; }));
        EXPECT_EQ(listener_->stat().opening, 0U);
        EXPECT_EQ(listener_->stat().accepted + listener_->stat().turned_away, 1U + count_);
        EXPECT_EQ(listener_->stat().failures, 0U);
        for (Stranger& stranger : strangers_) stranger.close();
        EXPECT_EQ(open_files(), files_);
        EXPECT_EQ(bus_.stat<Count>().subscribers, 1U);
        expect_good_goes_on();
    }
    /// Runs until it is so; false if that takes too long.
    template <class F>
    [[nodiscard]] bool run_until(F&& holds) {
        io_.restart();
        for (int i = 0; i < 100'000 && !holds(); ++i) {
            if (io_.run_one_for(5s) == 0) break;
        }
        return holds();
    }
    Stranger& come(std::string_view words) {
        ++count_;
        return strangers_.emplace_back(io_, endpoint_, words);
    }
    [[nodiscard]] bool run_until_they_have_come() {
        return run_until([&] { return listener_->stat().accepted + listener_->stat().turned_away == 1 + count_; });
    }
    /// It is told so, and has its place for as long as an ending may take.
    void expect_end(const Stranger& stranger, end_code code) {
        ASSERT_TRUE(run_until([&] { return stranger.told().has_value(); }));
        EXPECT_EQ(*stranger.told(), code);
        EXPECT_FALSE(stranger.is_turned_out());
        expect_good_goes_on();
        clock_.advance(5s);
        ASSERT_TRUE(run_until([&] { return stranger.is_turned_out(); }));
        ASSERT_TRUE(run_until([&] { return listener_->stat().links == 1; }));
        EXPECT_EQ(listener_->stat().failed_openings, 1U);
        EXPECT_THAT(listener_->stat().last_error, testing::HasSubstr("127.0.0.1"));
    }
    void expect_good_goes_on() {
        bus_.emitter<Count>().emit({++number_});
        ASSERT_TRUE(run_until([&] { return counts_.stat().size == 1; }));
        const auto count = counts_.try_receive();
        EXPECT_EQ((*count)->value, number_);
        EXPECT_EQ(count->missed(), 0U);
        EXPECT_EQ(good_->stat().state, LinkState::running);
    }

    static constexpr std::string_view a_request =
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: something that is no link at all\r\nAccept: */*\r\n\r\n";
    static constexpr std::string_view a_huge_length = "\xff\xff\xff\xff\x7f";
    static constexpr std::string_view half_a_hello =
        "\x15\x01"
        "evnt\x01";

    asio::io_context io_;
    event::testing::ManualClock clock_{io_};
    event::EventBus bus_{io_}, good_bus_{io_};
    tcp::endpoint endpoint_;
    std::optional<event::net::Listener<tcp::acceptor>> listener_;
    std::optional<event::net::Link<event::net::TcpDialer::stream_type>> good_;
    event::Subscription<Count> counts_;
    int number_ = 0;
    std::size_t files_ = 0, count_ = 0;
    std::list<Stranger> strangers_;
};

TEST_F(AListenerAmongStrangers, TellsWhoSpeaksSomethingElse) { expect_end(come(a_request), end_code::not_a_link); }

TEST_F(AListenerAmongStrangers, TellsWhoClaimsAHugeFrame) {
    expect_end(come(a_huge_length), end_code::frame_too_large);
}

TEST_F(AListenerAmongStrangers, TurnsOutWhoSaysNothing) {
    const Stranger& stranger = come({});
    ASSERT_TRUE(run_until_they_have_come());
    expect_good_goes_on();
    clock_.advance(9'999ms);
    expect_good_goes_on();
    EXPECT_EQ(listener_->stat().opening, 1U);
    clock_.advance(1ms);
    expect_end(stranger, end_code::handshake_timeout);
}

TEST_F(AListenerAmongStrangers, ForgetsWhoClosesInItsHello) {
    Stranger& stranger = come(half_a_hello);
    ASSERT_TRUE(run_until([&] { return stranger.has_hello(); }));
    stranger.close();
    ASSERT_TRUE(run_until([&] { return listener_->stat().links == 1; }));
    EXPECT_EQ(listener_->stat().failed_openings, 1U);
}

TEST_F(AListenerAmongStrangers, HasRoomAgainAfterACrowd) {
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 4; ++i)
            for (const std::string_view words : {a_request, a_huge_length, ""sv, half_a_hello, ""sv}) come(words);
        ASSERT_TRUE(run_until_they_have_come());
        EXPECT_LE(listener_->stat().opening, 8U);
        expect_good_goes_on();
        clock_.advance(10s);
        expect_good_goes_on();
        clock_.advance(5s);
        ASSERT_TRUE(run_until([&] { return listener_->stat().links == 1; }));
        expect_good_goes_on();
    }
    EXPECT_EQ(listener_->stat().failed_openings, listener_->stat().accepted - 1);
    EXPECT_EQ(listener_->stat().failed_openings, 24U);
    EXPECT_EQ(listener_->stat().turned_away, 36U);
}

}  // namespace hostile_listener_test
