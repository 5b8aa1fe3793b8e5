#include "allocation.hpp"
#include "net/peer.hpp"

#include <gtest/gtest.h>

#include <malloc.h>

/// What a link takes of memory, as the allocator sees it.

namespace protocol_allocation_test {

using namespace net_test;

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

void move(Protocol& from, Protocol& to, std::size_t chunk) {
    const Moment now{1h};
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

}  // namespace protocol_allocation_test
