#include "link_fixture.hpp"
#include "net/protocol/protocol.hpp"

#include <boost/asio/buffer.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <malloc.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Whoever is at the other end of a stream, and is no link or no honest one: a link gives each its limit and its
/// reason, holds no more than the figure, leaves nothing on its bus, and costs the link beside it nothing.
/// (`hostile_peer_test.cpp` has what the protocol alone says to each frame.)

namespace hostile_link_test {

using namespace links;
using namespace std::chrono_literals;
namespace protocol = event::net::protocol;
using protocol::Alias;
using protocol::Bytes;
using protocol::Mode;

struct Count {
    static constexpr std::string_view event_name = "count";
    static constexpr std::size_t max_wire_size = 100;
    int value = 0;
};
struct Joined {
    static constexpr std::string_view event_name = "joined";
    static constexpr std::size_t max_wire_size = 6'000;
    std::string peer;
    int room = 0;
};

Bytes raw(std::initializer_list<int> numbers) {
    Bytes bytes;
    for (const int number : numbers) bytes.push_back(static_cast<std::byte>(number));
    return bytes;
}
Bytes operator+(Bytes left, const Bytes& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}
template <class Frame>
Bytes written(const Frame& frame) {
    Bytes bytes;
    write(frame, bytes);
    return bytes;
}
Bytes hello() {
    return written(
        protocol::Hello{.max_frame = 1 << 20, .max_subscriptions = 10'000, .serves = true, .consumes = true});
}
Bytes sub(Alias alias, std::string_view name = "count", std::string_view schema = event::net::schema<Count>()) {
    return written(protocol::Subscribe{.alias = alias, .mode = Mode::events, .types = {{name, schema, {}}}});
}
/// A latest value of `Count`.
Bytes state(Alias alias, std::uint64_t version, std::uint8_t value) {
    const Bytes payload = raw({2 * value});
    return written(protocol::State{.alias = alias, .version = version, .payload = payload});
}
std::size_t used() {
    const struct mallinfo2 figures = mallinfo2();  // of a sanitizer's allocator it knows nothing
    return figures.uordblks + figures.hblkhd;
}

class AHostilePeer : public testing::Test {
protected:
    static constexpr event::net::LinkLimits limits{.max_frame = 65'536,
                                                   .max_subscriptions = 256,
                                                   .max_schema = 1'000,
                                                   .max_state_keys = 50,
                                                   .max_state_bytes = 10'000,
                                                   .quantum = 10'000};
    AHostilePeer() {
        auto [a, b] = duplex::pair(io_);
        good_.make(std::move(a));
        beside_.emplace(victim_.bus, std::move(b));
        beside_->serve<Count>();
        counts_ = good_.link->subscribe<Count>();
        good_.run();
        beside_->async_run([](error_code) {});
        drive(io_);
        emit_and_expect();

        auto [c, d] = duplex::pair(io_);
        attacker_.emplace(std::move(c));
        before_ = used();
        LinkOptions options{.limits = limits};
        victim_.make(std::move(d), std::move(options));
        victim_.link->serve<Count>({.capacity = 16});
        victim_.link->serve<Joined>({.capacity = 16, .on_full = event::DropOldest{}});
        victim_.run();
        read();
        drive(io_);
    }
    ~AHostilePeer() override {
        EXPECT_LE(most_held_, bound);
        EXPECT_LE(most_used_, bound + pipes);
        EXPECT_EQ(victim_.bus.report().subscriptions.size(), is_subscribed_ ? 2U : 1U) << "the good one's";
        emit_and_expect();
        EXPECT_EQ(good_.link->stat().state, LinkState::running);
        attacker_.reset();
        drive(io_);
        EXPECT_TRUE(victim_.is_over());
        EXPECT_EQ(victim_.link->stat().held, 0U);
        EXPECT_EQ(victim_.bus.report().subscriptions.size(), 1U);
    }
    /// It reads what the victim writes, until this is turned off.
    void read() {
        attacker_->async_read_some(asio::buffer(piece_), [this](error_code error, std::size_t size) {
            received_.insert(received_.end(), piece_.begin(), piece_.begin() + static_cast<std::ptrdiff_t>(size));
            if (!error && reads_) read();
        });
    }
    /// False if not all of it was taken.
    bool send(const Bytes& bytes) {
        for (std::size_t sent = 0; sent < bytes.size();) {
            std::size_t count = 0;
            attacker_->async_write_some(asio::buffer(bytes.data() + sent, bytes.size() - sent),
                                        [&](error_code, std::size_t size) { count = size; });
            drive(io_);
            measure();
            if (count == 0) return false;
            sent += count;
        }
        return true;
    }
    void pass(std::chrono::steady_clock::duration time) {
        event::testing::drive_for(io_, clock_, time);
        measure();
    }
    void measure() {
        most_held_ = std::max(most_held_, victim_.link->stat().held);
        most_used_ = std::max(most_used_, std::max(used(), before_) - before_);
    }
    void emit_and_expect() {
        victim_.bus.emitter<Count>().emit({++number_});
        drive(io_);
        const auto count = counts_.try_receive();
        ASSERT_TRUE(count);
        EXPECT_EQ((*count)->value, number_);
        EXPECT_EQ(count->missed(), 0U);
    }
    /// Both sides know it.
    void expect_end(end_code code) {
        ASSERT_TRUE(victim_.is_over() || victim_.link->stat().state == LinkState::draining);
        const auto replies = this->replies();
        ASSERT_FALSE(replies.empty());
        Reason said;
        ASSERT_EQ(replies.back().kind, protocol::Kind::bye);
        ASSERT_FALSE(protocol::read_bye(replies.back().body, said));
        EXPECT_EQ(said.code, code) << said.text;
        pass(5s);  // it says no BYE
        expect_result(code);
    }
    void expect_result(end_code code) {
        ASSERT_TRUE(victim_.is_over());
        EXPECT_EQ(*victim_.result, code) << victim_.result->message();
        EXPECT_EQ(victim_.link->stat().reason->code, code);
        EXPECT_EQ(victim_.link->stat().serving, 0U);
    }
    struct Reply {
        protocol::Kind kind;
        Bytes body;
    };
    std::vector<Reply> replies() {
        std::vector<Reply> replies;
        protocol::Inbox inbox;
        protocol::View left = received_;
        for (protocol::View frame; inbox.next(left, 1 << 24, frame) == protocol::Inbox::Step::frame;)
            replies.push_back({static_cast<protocol::Kind>(frame[0]), Bytes(frame.begin() + 1, frame.end())});
        return replies;
    }
    /// The last subscription was, and nothing else.
    void expect_refusal(end_code code) {
        const auto all = replies();
        ASSERT_FALSE(all.empty());
        protocol::Unsubscribe refusal;
        ASSERT_EQ(all.back().kind, protocol::Kind::unsub);
        ASSERT_FALSE(protocol::read(all.back().body, refusal));
        EXPECT_EQ(refusal.reason.code, code) << refusal.reason.text;
        EXPECT_TRUE(goes_on());
        EXPECT_EQ(victim_.link->stat().serving, 0U);
    }
    [[nodiscard]] bool goes_on() const { return victim_.link->stat().state == LinkState::running; }

    // what is read into, 64 KiB, and once more while it grows; an event on its way out
    static constexpr std::size_t bound = protocol::memory_bound(limits) + 3 * 65'536;
    static constexpr std::size_t pipes = 4 * 65'536 + 200'000;  // both directions, with what is sent, and the bus

    asio::io_context io_;
    event::testing::ManualClock clock_{io_};
    Node victim_{io_}, good_{io_};
    std::optional<Link> beside_;
    event::Subscription<Count> counts_;
    int number_ = 0;
    std::optional<duplex::End> attacker_;
    bool reads_ = true, is_subscribed_ = false;
    std::array<std::byte, 4'096> piece_{};
    Bytes received_;
    std::size_t before_ = 0, most_held_ = 0, most_used_ = 0;
};

TEST_F(AHostilePeer, SendsAnOversizedFrame) {
    send(hello());
    send(raw({0x81, 0x80, 4}) + Bytes(65'537));
    expect_end(end_code::frame_too_large);
}

TEST_F(AHostilePeer, SendsATruncatedFrame) {
    send(hello());
    send(raw({1, 2}));
    expect_end(end_code::malformed);
}

TEST_F(AHostilePeer, EndsItsStreamInAFrame) {
    send(hello());
    send(raw({100, 2, 1, 0}));
    attacker_->close();
    drive(io_);
    expect_result(end_code::lost);
}

TEST_F(AHostilePeer, SendsALengthThatDoesNotEnd) {
    send(hello());
    send(Bytes(1'000'000, std::byte{0xff}));
    expect_end(end_code::frame_too_large);
}

TEST_F(AHostilePeer, SendsASchemaThatDoesNotEnd) {
    send(hello());
    send(sub(1, "count", std::string(60'000, '{')));
    expect_refusal(end_code::subscribe_limit);
}

TEST_F(AHostilePeer, SaysHelloTwice) {
    send(hello() + hello());
    expect_end(end_code::unexpected_frame);
}

TEST_F(AHostilePeer, SubscribesTwiceByOneName) {
    send(hello() + sub(1) + sub(1));
    expect_end(end_code::alias_reused);
}

TEST_F(AHostilePeer, SendsAnUnknownFrame) {
    send(hello() + raw({1, 99}));
    expect_end(end_code::unknown_frame);
}

TEST_F(AHostilePeer, SpeaksSomethingElse) {
    send(Bytes(1, std::byte{'G'}) + Bytes(300, std::byte{'E'}));
    expect_end(end_code::not_a_link);
}

TEST_F(AHostilePeer, SubscribesToWhatIsNotServed) {
    send(hello() + sub(1, "left") + sub(2, "secret"));
    EXPECT_TRUE(goes_on());
    const auto all = replies();
    ASSERT_EQ(all.size(), 3U) << "HELLO, and two refusals";
    for (std::size_t i = 1; i < 3; ++i) {
        protocol::Unsubscribe refusal;
        ASSERT_FALSE(protocol::read(all[i].body, refusal));
        EXPECT_EQ(refusal.reason.code, end_code::not_served);
    }
}

TEST_F(AHostilePeer, SubscribesTenThousandTimes) {
    send(hello());
    for (Alias alias = 1; alias <= 10'000; ++alias) {
        send(sub(alias));
        EXPECT_LE(victim_.bus.stat<Count>().subscribers, limits.max_subscriptions + 1);
    }
    expect_end(end_code::too_many_subscriptions);
}

TEST_F(AHostilePeer, SubscribesAndTakesItBackTenThousandTimes) {
    send(hello());
    for (Alias alias = 1; alias <= 10'000; ++alias) {
        send(sub(alias) + written(protocol::Unsubscribe{.alias = alias}));
        EXPECT_LE(victim_.bus.stat<Count>().subscribers, 2U);
    }
    EXPECT_TRUE(goes_on());
}

TEST_F(AHostilePeer, SubscribesTenThousandTimesToWhatIsNotServedAndReadsNothing) {
    reads_ = false;
    attacker_->incoming().capacity(0);
    send(hello());
    for (Alias alias = 1; alias <= 10'000 && goes_on(); ++alias) send(sub(alias, "secret"));
    EXPECT_EQ(victim_.link->stat().state, LinkState::draining);
    pass(5s);
    expect_result(end_code::too_many_subscriptions);
}

TEST_F(AHostilePeer, NeverReads) {
    send(hello() + sub(1, "joined", event::net::schema<Joined>()));
    reads_ = false;
    attacker_->incoming().capacity(0);
    auto joined = victim_.bus.emitter<Joined>();
    for (int i = 0; i < 500; ++i) {
        joined.emit({std::string(5'000, 'x'), i});
        drive(io_);
        measure();
    }
    pass(29s);
    EXPECT_FALSE(victim_.is_over());
    pass(1s);
    expect_result(end_code::write_timeout);
}

TEST_F(AHostilePeer, TricklesAByteASecondOfItsHello) {
    for (const std::byte byte : hello()) {
        if (victim_.is_over() || victim_.link->stat().state != LinkState::opening) break;
        send({byte});
        pass(1s);
    }
    expect_end(end_code::handshake_timeout);
}

TEST_F(AHostilePeer, TricklesAByteASecondOfAFrame) {
    send(hello());
    send(raw({0x80, 0x80, 4, 2}));
    int seconds = 0;
    for (; seconds < 1'000 && goes_on(); ++seconds) {
        send(raw({1}));
        pass(1s);
    }
    EXPECT_EQ(seconds, 35) << "ping_interval and pong_timeout";
    expect_end(end_code::pong_timeout);
}

TEST_F(AHostilePeer, ReadsAByteASecond) {
    send(hello() + sub(1, "joined", event::net::schema<Joined>()));
    reads_ = false;
    attacker_->incoming().capacity(1);
    attacker_->incoming().chunk(1);
    auto joined = victim_.bus.emitter<Joined>();
    Bytes one(1);
    for (int i = 0; i < 200; ++i) {
        joined.emit({std::string(5'000, 'x'), i});
        Bytes ping;
        protocol::write_ping(static_cast<std::uint64_t>(i), ping);
        send(ping);
        attacker_->async_read_some(asio::buffer(one), [](error_code, std::size_t) {});
        pass(1s);
    }
    EXPECT_TRUE(goes_on()) << "it takes some, and is there: its queue is full, and nothing else";
    std::uint64_t lost = 0;
    for (const auto& subscription : victim_.bus.report().subscriptions) lost += subscription.lost;
    EXPECT_GT(lost, 100U) << "of 200, what is over its queue of 16 and what has been written";
    is_subscribed_ = true;
}

TEST_F(AHostilePeer, FloodsWithPings) {
    reads_ = false;
    attacker_->incoming().capacity(0);
    Bytes flood;
    for (std::uint64_t nonce = 1; nonce <= 10'000; ++nonce) protocol::write_ping(nonce, flood);
    send(hello());
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(send(flood));
    EXPECT_LT(victim_.link->stat().held, 100'000U);
    pass(30s);
    expect_result(end_code::write_timeout);
}

TEST_F(AHostilePeer, FloodsWithEvents) {
    auto joined = victim_.link->subscribe<Joined>({.capacity = 8});
    send(hello());
    const Bytes payload = [] {
        Bytes bytes = raw({0x88, 0x27});  // 5000 letters
        bytes.resize(5'002, std::byte{'x'});
        bytes.push_back(std::byte{2});
        return bytes;
    }();
    for (int i = 0; i < 2'000; ++i) send(written(protocol::Event{.alias = 1, .payload = payload}));
    EXPECT_TRUE(goes_on());
    EXPECT_EQ(joined.stat().size, 8U);
    EXPECT_EQ(joined.stat().lost, 2'000U - 8U);
}

TEST_F(AHostilePeer, FloodsWithEventsOfNoSubscription) {
    send(hello() + written(protocol::Event{.alias = 7}));
    for (int i = 0; i < 100; ++i) send(written(protocol::Event{.alias = 7}));
    expect_end(end_code::unknown_alias);
}

TEST_F(AHostilePeer, SendsALatestValueOfNoSubscription) {
    send(hello() + state(7, 1, 1));
    expect_end(end_code::unknown_alias);
}

TEST_F(AHostilePeer, SendsALatestValueThatIsNotNewer) {
    const auto count = victim_.link->watch<Count>();
    send(hello());  // and the SUB comes
    send(state(1, 2, 5));
    const auto current = [&count] { return count.try_get() ? (*count.try_get())->value : 0; };
    EXPECT_EQ(current(), 5);
    send(state(1, 2, 6));
    EXPECT_EQ(current(), 5);
    expect_end(end_code::stale_state);
}

TEST_F(AHostilePeer, TakesBackASubscriptionThatNeverWas) {
    send(hello() + sub(1) + written(protocol::Unsubscribe{.alias = 2}));
    expect_end(end_code::unknown_alias);
}

TEST_F(AHostilePeer, EndsASubscriptionThatNeverWas) {
    send(hello() + written(protocol::Unsubscribe{.alias = 1, .of = event::net::Side::remote}));
    expect_end(end_code::unknown_alias);
}

TEST_F(AHostilePeer, ClaimsAFrameThatDoesNotCome) {
    send(hello());
    send(raw({0x80, 0x80, 4, 2}));
    EXPECT_LE(victim_.link->stat().held, 4'096U) << "nothing for what is claimed";
    pass(35s);
    expect_end(end_code::pong_timeout);
}

TEST_F(AHostilePeer, ClaimsATextThatDoesNotCome) {
    send(hello() + raw({9, 2, 1, 0, 0, 1, 0xff, 0xff, 0xff, 0x7f}));
    expect_end(end_code::malformed);
}

TEST_F(AHostilePeer, ClaimsTypesThatDoNotCome) {
    send(hello() + raw({9, 2, 1, 0, 0, 0xff, 0xff, 0xff, 0x7f, 1}));
    EXPECT_LE(victim_.link->stat().held, 4'096U);
    expect_refusal(end_code::subscribe_limit);
}

}  // namespace hostile_link_test
