#include "allocation.hpp"
#include "net/peer.hpp"

#include <gtest/gtest.h>

#include <malloc.h>
#include <new>

/// What a link takes of memory, as the allocator sees it.

namespace protocol_allocation_test {

using namespace net_test;

const Moment then{1h};

/// Takes note of nothing, which would allocate.
struct Quiet final : Actions {
    explicit Quiet(const Options& options = {}) : protocol(options, *this) {}
    void opened(const Hello&) noexcept override {}
    void subscribed(const Subscribe&) noexcept override {}
    void unsubscribed(Alias, const Reason&) noexcept override {}
    void event(const Event& event) noexcept override { came += event.payload.size(); }
    void state(const State& state) noexcept override { came += state.payload.size(); }
    void ended(Alias, const Reason&) noexcept override {}
    void ended(const Reason&) noexcept override {}

    std::size_t came = 0;
    Protocol protocol;
};

void move(Protocol& from, Protocol& to, std::size_t chunk, Moment now = then) {
    for (View output = from.output(now); !output.empty(); output = from.output(now)) {
        const std::size_t size = std::min(chunk, output.size());
        to.received(output.first(size), now);
        from.written(size, now);
    }
}

TEST(NetProtocolMemory, IsNotAllocatedForEventsLatestValuesAndPingsOnceTheyHaveCome) {
    Quiet here;
    Quiet there;
    here.protocol.start(Moment{1h});
    there.protocol.start(Moment{1h});
    const auto exchange = [&] {
        for (const std::size_t chunk : {std::size_t{1'000'000}, std::size_t{100}}) {
            move(here.protocol, there.protocol, chunk);
            move(there.protocol, here.protocol, chunk);
        }
    };
    exchange();
    Reason refusal;
    for (const Mode mode : {Mode::events, Mode::latest}) {
        Subscribe wanted{.mode = mode};
        wanted.types.push_back({.name = "a", .schema = "{}", .keys = {}});
        ASSERT_NE(here.protocol.subscribe(wanted, {1'000}, refusal), 0U);
    }
    exchange();
    const std::string payload(500, 'x');
    std::uint64_t version = std::uint64_t{1} << 40;  // of as many bytes each time
    const auto round = [&](std::size_t chunk) {
        for (int i = 0; i < 20; ++i) {
            (void)there.protocol.send_event({.alias = 1, .payload = view(payload)});
            const std::string_view key(i % 2 == 0 ? "k" : "l");
            (void)there.protocol.send_state(
                {.alias = 2, .version = ++version, .key = view(key), .payload = view(payload)});
        }
        move(there.protocol, here.protocol, chunk);
        there.protocol.tick(Moment{2h});
        move(there.protocol, here.protocol, chunk);
        move(here.protocol, there.protocol, chunk);
    };
    for (const std::size_t chunk : {std::size_t{1'000'000}, std::size_t{100}}) {
        for (int i = 0; i < 3; ++i) round(chunk);
        const long before = allocation::count;
        for (int i = 0; i < 100; ++i) round(chunk);
        EXPECT_EQ(allocation::count, before) << chunk;
    }
    EXPECT_GT(here.came, 200 * 22 * payload.size());
}

std::size_t used() {
    const struct mallinfo2 figures = mallinfo2();
    return figures.uordblks + figures.hblkhd;
}

TEST(NetProtocolMemory, StaysBelowTheFigureWhateverThePeerDoes) {
    const LinkLimits limits{.max_frame = 200'000,
                            .max_subscriptions = 50,
                            .max_state_keys = 100,
                            .max_state_bytes = 50'000,
                            .quantum = 10'000};
    const Moment now{1h};
    const std::string large(150'000, 'p');
    const std::string reason(256, 'r');
    const std::string key(1'000, 'k');
    Bytes frame;
    frame.reserve(300'000);
    const std::size_t before = used();
    std::size_t most = 0;
    Quiet link({.limits = limits});
    link.protocol.start(now);
    write(Hello{.max_frame = 1 << 20, .max_subscriptions = 1'000, .serves = true, .consumes = true}, frame);
    link.protocol.received(frame, now);
    Reason refusal;
    Subscribe wanted{.mode = Mode::latest};
    wanted.types.push_back({.name = "a", .schema = "{}", .keys = {}});
    ASSERT_EQ(link.protocol.subscribe(wanted, {1'000}, refusal), 1U);
    for (int batch = 0; batch < 2; ++batch) link.protocol.written(link.protocol.output(now).size(), now);
    const auto receive = [&](const auto& one) {
        frame.clear();
        write(one, frame);
        link.protocol.received(frame, now);
        most = std::max(most, used() - before);
    };
    for (std::uint64_t i = 0; i < 100; ++i) {
        const std::string numbered = key + std::to_string(i);
        receive(State{.alias = 1, .version = 1, .key = view(numbered).subspan(5)});
    }
    for (Alias alias = 1; alias <= 200; ++alias) {
        Subscribe sub{.alias = alias, .mode = alias % 2 == 0 ? Mode::events : Mode::latest};
        sub.types.push_back({.name = "a", .schema = "{}", .keys = std::vector<View>(256, view("key"))});
        receive(sub);
        for (std::uint64_t i = 0; i < 40; ++i) {
            const std::string numbered = key + std::to_string(i);
            (void)link.protocol.send_state({.alias = alias,
                                            .version = alias * 40 + i,
                                            .key = view(numbered),
                                            .payload = view(large).first((alias * 40 + i) * 7'919 % 19'000)});
            (void)link.protocol.send_event({.alias = alias, .payload = view(large)});
        }
        if (alias % 3 == 0) link.protocol.end(alias, {.code = end_code::killed, .text = reason});
        if (alias >= 45) receive(Unsubscribe{.alias = alias - 40});
        const std::size_t part = std::min<std::size_t>(100, link.protocol.output(now).size());
        link.protocol.written(part, now);
    }
    ASSERT_EQ(link.protocol.state(), LinkState::running);
    const std::string beginning = "\xc0\x9a\x0c\x04" + std::string(190'000, 'e');
    const std::size_t without = used();
    link.protocol.received(view(beginning), now);
    most = std::max(most, used() - without + (without - before - beginning.capacity()));
    EXPECT_GT(most, 2 * large.size() + limits.max_state_bytes + 190'000);
    EXPECT_LE(most, memory_bound(limits));
}

TEST(NetProtocolMemory, OfASubscriptionThatIsReadIsPartOfTheFigure) {
    const std::size_t count = 1'000'000;
    const LinkLimits limits{
        .max_frame = 1 << 20, .max_subscriptions = 4, .max_keys = count, .max_state_bytes = 1'000, .quantum = 1'000};
    Bytes bytes;
    write(Hello{.max_frame = 1 << 20, .consumes = true}, bytes);
    {
        Subscribe sub{.alias = 1};
        sub.types.push_back({.name = "a", .schema = {}, .keys = std::vector<View>(count)});
        write(sub, bytes);
    }
    const std::size_t before = used();
    Quiet link({.limits = limits});
    link.protocol.start(then);
    link.protocol.received(bytes, then);
    EXPECT_GT(used() - before, count * sizeof(View));
    EXPECT_LE(used() - before, memory_bound(limits));
}

TEST(NetProtocolMemory, OfEndsThatWaitIsPartOfTheFigure) {
    const LinkLimits limits{.max_frame = 100'000,
                            .max_subscriptions = 100,
                            .max_key = 50'000,
                            .max_state_keys = 1,
                            .max_state_bytes = 1'000,
                            .quantum = 1'000};
    const std::string key(limits.max_key, 'k');
    Bytes bytes;
    bytes.reserve(10'000);
    const std::size_t before = used();
    Quiet link({.limits = limits});
    link.protocol.start(then);
    write(Hello{.max_frame = 1 << 20, .consumes = true}, bytes);
    link.protocol.received(bytes, then);
    Alias last = 0;
    const auto subscribe = [&] {
        Subscribe sub{.alias = ++last, .mode = Mode::latest};
        sub.types.push_back({.name = "a", .schema = {}, .keys = {}});
        bytes.clear();
        write(sub, bytes);
        link.protocol.received(bytes, then);
    };
    subscribe();
    for (std::size_t ends = limits.max_subscriptions - 1; ends != 0; --ends) {
        // so many take their places, and the value the one behind them
        for (std::size_t i = 0; i != ends; ++i) {
            subscribe();
            link.protocol.end(last, {});
        }
        EXPECT_EQ(link.protocol.send_state({.alias = 1, .version = last, .key = view(key)}), Sent::yes);
        while (!link.protocol.output(then).empty()) link.protocol.written(link.protocol.output(then).size(), then);
    }
    ASSERT_EQ(link.protocol.state(), LinkState::running);
    EXPECT_GT(used() - before, 50 * key.size());
    EXPECT_LE(used() - before, memory_bound(limits));
}

TEST(NetProtocolMemory, OfALinkThatIsIdleIsLittle) {
    const std::size_t before = used();
    Quiet here;
    Quiet there;
    here.protocol.start(Moment{1h});
    there.protocol.start(Moment{1h});
    move(here.protocol, there.protocol, 1'000);
    move(there.protocol, here.protocol, 1'000);
    EXPECT_LE(used() - before, 2'048U) << "both, beside the objects themselves";
}

TEST(NetProtocolMemory, IsGivenBackByALinkThatIsIdle) {
    const std::string large(1 << 20, 'p');
    const std::string key(900, 'k');
    Moment now = then;
    Quiet here;
    Quiet there;
    const std::size_t before = used();
    here.protocol.start(now);
    there.protocol.start(now);
    const auto exchange = [&](std::size_t chunk) {
        for (int i = 0; i < 3; ++i) {
            move(here.protocol, there.protocol, chunk, now);
            move(there.protocol, here.protocol, chunk, now);
        }
    };
    exchange(1'000);
    Reason refusal;
    for (const Mode mode : {Mode::events, Mode::latest}) {
        Subscribe wanted{.mode = mode};
        wanted.types.push_back({.name = "a", .schema = "{}", .keys = {}});
        ASSERT_NE(here.protocol.subscribe(wanted, {large.size()}, refusal), 0U);
    }
    exchange(1'000);
    for (std::uint64_t round = 1; round <= 3; ++round) {
        EXPECT_EQ(there.protocol.send_event({.alias = 1, .payload = view(large)}), Sent::yes);
        for (std::uint64_t i = 0; i < 500; ++i) {
            const std::string numbered = std::to_string(i) + key;
            EXPECT_EQ(there.protocol.send_state({.alias = 2,
                                                 .version = round,
                                                 .key = view(numbered),
                                                 .present = round != 3,
                                                 .payload = view(large).first(1'000)}),
                      Sent::yes);
        }
        exchange(70'000);
    }
    EXPECT_GT(here.came, 3 * large.size());
    EXPECT_GT(used() - before, 2 * large.size());
    for (int i = 0; i < 3; ++i) {
        // who comes first asks, and the other one never has to
        now += LinkTimes{}.ping_interval;
        there.protocol.tick(now);
        exchange(70'000);
        here.protocol.tick(now);
    }
    EXPECT_LE(here.protocol.held() + there.protocol.held(), 512U);
    EXPECT_LE(used() - before, 32'768U) << "of which the allocator keeps most for itself";
    EXPECT_EQ(here.protocol.state(), LinkState::running);
    EXPECT_EQ(there.protocol.send_event({.alias = 1, .payload = view(large)}), Sent::yes);
    exchange(70'000);
    EXPECT_GT(here.came, 4 * large.size());
}

// --- where there is none

const std::string_view long_text = "a reason that is too long for a small string";

/// Does in its callbacks what a shell may do there, and gives up where memory fails.
struct Careful final : Actions {
    Careful() : protocol({.limits = {.quantum = 100}}, *this) {}

    template <class F>
    void attempt(F&& f) {
        is_late = is_late || ends != 0;
        try {
            if (!has_failed) f();
        } catch (const std::bad_alloc&) {
            has_failed = true;
            protocol.lost({});
        }
    }
    void opened(const Hello&) noexcept override {
        attempt([] {});
    }
    void subscribed(const Subscribe& subscribe) noexcept override {
        attempt([&] {
            const Alias alias = subscribe.alias;
            (void)protocol.send_event({.alias = alias, .payload = view(long_text)});
            (void)protocol.send_state({.alias = alias, .key = view(long_text), .payload = view("x")});
            if (alias % 3 == 0) protocol.end(alias, {.code = end_code::killed, .text = std::string(long_text)});
        });
    }
    void unsubscribed(Alias, const Reason&) noexcept override {
        attempt([] {});
    }
    void event(const Event&) noexcept override {
        attempt([&] { protocol.close({.code = end_code::killed, .text = std::string(long_text)}, then); });
    }
    void state(const State&) noexcept override {
        attempt([] {});
    }
    void ended(Alias, const Reason&) noexcept override {
        attempt([] {});
    }
    void ended(const Reason&) noexcept override { ++ends; }

    Protocol protocol;
    bool has_failed = false;
    bool is_late = false;  // something happened after the end
    int ends = 0;
};

/// Everything that a link allocates for, and then one of the ways to end.
class Life {
public:
    Life() {
        write(Hello{.max_frame = 1 << 20, .max_subscriptions = 9, .serves = true, .consumes = true}, beginning_);
        for (Alias alias = 1; alias <= 9; ++alias) {
            Subscribe sub{.alias = alias, .mode = alias % 2 == 0 ? Mode::latest : Mode::events};
            sub.types.push_back({.name = "a", .schema = "{}", .keys = std::vector<View>(alias == 4 ? 300 : 2)});
            write(sub, beginning_);
            write_ping(alias, beginning_);
            if (alias > 4) write(Unsubscribe{.alias = alias - 4}, beginning_);
        }
        wanted_.types.push_back({.name = "a", .schema = "{}", .keys = {}});
        for (const std::string_view key : {"k", "another key, which is longer"}) {
            write(State{.alias = 1, .version = 1, .key = view(key)}, values_);
        }
        endings_.resize(4);
        write(Event{.alias = 2}, endings_[0]);  // ended in the callback
        write(Event{.alias = 9}, endings_[1]);  // which never was
        write_bye({.code = end_code::killed, .text = std::string(long_text)}, endings_[2]);
    }
    [[nodiscard]] std::size_t endings() const noexcept { return endings_.size(); }

    void live(Careful& link, std::size_t ending) const {
        Protocol& protocol = link.protocol;
        protocol.start(then);
        for (View left = beginning_; !left.empty() && !link.has_failed;) {
            const View piece = left.first(std::min<std::size_t>(11, left.size()));
            protocol.received(piece, then);
            protocol.written(std::min<std::size_t>(7, protocol.output(then).size()), then);
            left = left.subspan(piece.size());
        }
        Reason refusal;
        for (const Mode mode : {Mode::latest, Mode::events, Mode::latest}) {
            Subscribe wanted = wanted_;
            wanted.mode = mode;
            (void)protocol.subscribe(wanted, {100}, refusal);
            protocol.written(protocol.output(then).size(), then);
        }
        protocol.unsubscribe(3, {.text = std::string(long_text)});
        protocol.received(values_, then);
        protocol.tick(then + LinkTimes{}.ping_interval);
        protocol.received(endings_[ending], then);
        if (endings_[ending].empty()) protocol.close({.text = std::string(long_text)}, then);
        for (int batch = 0; batch < 3; ++batch) protocol.written(protocol.output(then).size(), then);
    }

private:
    Bytes beginning_;
    Bytes values_;
    Subscribe wanted_;
    std::vector<Bytes> endings_;  // the last one is an end from this side
};

TEST(NetProtocolMemory, ThatFailsLeavesAnEndToBeToldOnce) {
    const Life life;
    for (const auto others : {allocation::Others::succeed, allocation::Others::fail}) {
        for (std::size_t ending = 0; ending != life.endings(); ++ending) {
            bool has_failed = true;
            for (long n = 0; has_failed; ++n) {
                const long before = allocation::live;
                {
                    Careful link;
                    const auto all = [&] {
                        try {
                            life.live(link, ending);
                        } catch (const std::bad_alloc&) {
                            link.protocol.lost({});
                        }
                        link.protocol.lost({});
                    };
                    has_failed = allocation::failing(n, all, others);
                    ASSERT_EQ(link.ends, 1) << n << " of " << ending;
                    ASSERT_FALSE(link.is_late) << n << " of " << ending;
                    ASSERT_EQ(link.protocol.state(), LinkState::closed);
                    ASSERT_TRUE(link.protocol.reason());
                    ASSERT_FALSE(link.protocol.next_deadline());
                    ASSERT_TRUE(link.protocol.output(then).empty());
                    ASSERT_TRUE(has_failed || n > 50) << n;
                }
                ASSERT_EQ(allocation::live, before) << n << " of " << ending;
            }
        }
    }
}

}  // namespace protocol_allocation_test
