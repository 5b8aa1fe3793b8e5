#include "net/peer.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>

/// A side whose callbacks call back in, while frames of all kinds come in any order, cut anywhere. A seed that fails is
/// printed: `EVENTBUS_SEED=… --gtest_filter=NetReentrancy.*` plays it alone.

namespace reentrancy_test {

using namespace net_test;

class Side final : public Actions {
public:
    explicit Side(std::uint64_t seed) : random_(seed), protocol_(options(random_), *this) {}

    void run() {
        protocol_.start(now_);
        if (!is_one_of(30)) receive(frame(hello()));
        for (std::uint64_t steps = 20 + below(300); steps != 0 && !testing::Test::HasFailure(); --steps) {
            calls_left_ = 20;
            if (is_one_of(3)) {
                if (!is_one_of(10)) write();
                receive(frames());
            } else if (is_one_of(12)) {
                now_ += std::chrono::milliseconds(below(12));
                protocol_.tick(now_);
            } else {
                call();
            }
            check();
        }
        if (protocol_.state() != LinkState::draining) return;
        now_ += 1s;
        protocol_.tick(now_);
        EXPECT_EQ(protocol_.state(), LinkState::closed);
    }

    std::uint64_t calls = 0;  // from inside

private:
    std::uint64_t below(std::uint64_t most) { return random_() % most; }
    bool is_one_of(std::uint64_t most) { return below(most) == 0; }
    Alias any_alias() { return 1 + below(12); }
    /// One that there is, if there is any.
    static Alias some_of(const std::map<Alias, Mode>& all, Alias any) {
        const auto place = all.lower_bound(any);
        return place != all.end() ? place->first : all.empty() ? any : all.begin()->first;
    }

    static Options options(std::mt19937_64& random) {
        const auto time = [&] { return std::chrono::milliseconds(random() % 300); };
        return {.limits = {.max_frame = 1'024 + random() % 2'000,
                           .max_subscriptions = random() % 20,
                           .max_types = 2,
                           .max_schema = 50,
                           .max_key = 8,
                           .max_state_keys = random() % 4,
                           .max_state_bytes = random() % 100,
                           .quantum = random() % 100},
                .times = {.handshake_timeout = time(),
                          .ping_interval = time(),
                          .pong_timeout = time(),
                          .write_timeout = time(),
                          .close_timeout = time()}};
    }

    // --- what this side does, from outside and from inside

    void call() {
        const std::string payload(is_one_of(20) ? 3'000 : below(40), 'p');
        const std::string text(below(300), 't');
        const Alias alias = some_of(is_one_of(2) ? served_ : consumed_, any_alias());
        const bool is_running = protocol_.state() == LinkState::running;
        switch (below(10)) {
            case 0:
            case 1: {
                Subscribe wanted{.mode = static_cast<Mode>(below(2))};
                wanted.types.push_back({.name = "a", .schema = "{}", .keys = {}});
                Reason refusal;
                if (const Alias given = protocol_.subscribe(wanted, {20}, refusal)) consumed_[given] = wanted.mode;
                return;
            }
            case 2:
                protocol_.unsubscribe(alias, {.text = text});
                if (is_running) consumed_.erase(alias);
                return;
            case 3:
            case 4:
                return expect_served(alias, protocol_.send_event({.alias = alias, .payload = view(payload)}));
            case 5: {
                const std::string key(below(9), 'k');
                return expect_served(alias, protocol_.send_state({.alias = alias,
                                                                  .version = ++version_,
                                                                  .key = view(key),
                                                                  .present = !is_one_of(3),
                                                                  .payload = view(payload)}));
            }
            case 6:
                protocol_.end(alias, {.code = end_code::killed, .text = text});
                if (is_running) served_.erase(alias);
                return;
            case 7:
                return is_one_of(30) ? protocol_.close({.text = text}, now_) : void();
            case 8:
                return is_one_of(60) ? protocol_.lost("lost") : void();
            default:
                return write();
        }
    }
    void call_back() {
        EXPECT_EQ(ends_, 0) << "the end is the last";
        if (depth_ == 2 || !is_one_of(3)) return;
        ++depth_;
        for (; calls_left_ != 0 && !is_one_of(3); --calls_left_, ++calls) call();
        --depth_;
    }
    void expect_served(Alias alias, Sent sent) {
        EXPECT_TRUE(sent == Sent::ended || served_.contains(alias)) << alias;
        if (sent == Sent::too_large && served_[alias] == Mode::latest) served_.erase(alias);
    }

    void write() {
        const View output = protocol_.output(now_);
        EXPECT_EQ(protocol_.output(now_).size(), output.size()) << "asked twice";
        const View part = output.first(!is_one_of(4) ? output.size() : below(output.size() + 1));
        written_.insert(written_.end(), part.begin(), part.end());
        protocol_.written(part.size(), now_);
    }

    // --- what comes

    Hello hello() {
        return {.max_frame = 1'024 + below(500),
                .max_subscriptions = below(20),
                .serves = !is_one_of(20),
                .consumes = !is_one_of(20)};
    }
    template <class Frame>
    static Bytes frame(const Frame& frame) {
        Bytes bytes;
        net_test::write(frame, bytes);
        return bytes;
    }
    Bytes any_frame() {
        const std::string payload(below(is_one_of(50) ? 25 : 21), 'p');
        const std::string key(below(9), 'k');
        Bytes bytes;
        const Alias consumed = is_one_of(100) ? any_alias() : some_of(consumed_, any_alias());
        const bool is_wild = is_one_of(100);  // ends the link
        const bool is_state = is_one_of(100) || (consumed_.contains(consumed) && consumed_[consumed] == Mode::latest);
        switch (below(10)) {
            case 0:
                return is_one_of(60) ? frame(hello()) : bytes;
            case 1:
            case 2: {
                Subscribe sub{.alias = is_one_of(100) ? ~Alias{0} : ++last_, .mode = static_cast<Mode>(below(2))};
                const std::string schema(below(60), 's');
                sub.types.push_back({.name = "a", .schema = schema, .keys = {}});
                return frame(sub);
            }
            case 3:
                if (consumed_.empty() && served_.empty() && !is_wild) return bytes;
                return !consumed_.empty() && is_one_of(2)
                           ? frame(Unsubscribe{.alias = consumed, .of = event::net::Side::remote})
                           : frame(Unsubscribe{.alias = some_of(served_, any_alias())});
            case 4:
            case 5:
            case 6:
            case 7:
                if (consumed_.empty() && !is_wild) return bytes;
                if (!is_state) return frame(Event{.alias = consumed, .missed = random_(), .payload = view(payload)});
                return frame(State{.alias = consumed,
                                   .version = ++version_,
                                   .key = view(key),
                                   .present = !is_one_of(3),
                                   .payload = view(payload)});
            case 8:
                is_one_of(20) ? write_pong(1 + below(2), bytes) : write_ping(random_(), bytes);
                return bytes;
            default:
                if (is_one_of(30)) write_bye({.text = "theirs"}, bytes);
                return bytes;
        }
    }
    Bytes frames() {
        Bytes bytes;
        for (std::uint64_t count = 1 + below(4); count != 0; --count) {
            const Bytes one = any_frame();
            bytes.insert(bytes.end(), one.begin(), one.end());
        }
        return bytes;
    }
    void receive(const Bytes& bytes) {
        for (View left = bytes; !left.empty();) {
            const View part = left.first(1 + below(left.size()));
            const Bytes piece(part.begin(), part.end());
            protocol_.received(piece, now_);
            left = left.subspan(part.size());
        }
    }

    // --- what must hold

    void check() {
        const bool is_ended = protocol_.state() >= LinkState::draining;
        EXPECT_EQ(ends_, is_ended ? 1 : 0);
        EXPECT_EQ(protocol_.reason().has_value(), is_ended);
        EXPECT_EQ(protocol_.next_deadline().has_value(), protocol_.state() != LinkState::closed);
        Inbox inbox;
        View left = written_;
        for (View one; inbox.next(left, 1 << 20, one) == Inbox::Step::frame;) {
            const auto kind = static_cast<Kind>(one.front());
            EXPECT_EQ(kind == Kind::hello, !has_written_) << "HELLO comes first";
            EXPECT_FALSE(has_written_bye_) << "BYE comes last";
            has_written_ = true;
            has_written_bye_ = kind == Kind::bye;
            written_.erase(written_.begin(), written_.end() - static_cast<std::ptrdiff_t>(left.size()));
            left = written_;
        }
    }

    void opened(const Hello&) noexcept override { call_back(); }
    void subscribed(const Subscribe& subscribe) noexcept override {
        EXPECT_TRUE(served_.emplace(subscribe.alias, subscribe.mode).second);
        call_back();
    }
    void unsubscribed(Alias alias, const Reason&) noexcept override {
        EXPECT_EQ(served_.erase(alias), 1U);
        call_back();
    }
    void event(const Event& event) noexcept override {
        EXPECT_TRUE(consumed_.contains(event.alias));
        call_back();
    }
    void state(const State& state) noexcept override {
        EXPECT_TRUE(consumed_.contains(state.alias));
        call_back();
    }
    void ended(Alias alias, const Reason&) noexcept override {
        EXPECT_EQ(consumed_.erase(alias), 1U);
        call_back();
    }
    void ended(const Reason&) noexcept override {
        EXPECT_EQ(ends_++, 0);
        if (is_one_of(2)) call();
    }

    std::mt19937_64 random_;
    Protocol protocol_;
    Moment now_{1h};
    std::uint64_t version_ = 0;
    Alias last_ = 0;  // of the other side
    std::map<Alias, Mode> served_;
    std::map<Alias, Mode> consumed_;
    int ends_ = 0;
    int depth_ = 0;
    int calls_left_ = 0;
    Bytes written_;  // of a frame that is not all written
    bool has_written_ = false;
    bool has_written_bye_ = false;
};

#ifdef EVENTBUS_LONG_STRESS
constexpr std::uint64_t seeds = 10'000;
#else
constexpr std::uint64_t seeds = 1'000;
#endif

TEST(NetReentrancy, OfEveryCallFromEveryCallbackBreaksNothing) {
    std::uint64_t calls = 0;
    const char* const chosen = std::getenv("EVENTBUS_SEED");
    const std::uint64_t first = chosen == nullptr ? 1 : std::strtoull(chosen, nullptr, 10);
    const std::uint64_t last = chosen == nullptr ? seeds : first;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        SCOPED_TRACE(fmt::format("EVENTBUS_SEED={}", seed));
        const auto side = std::make_unique<Side>(seed);  // so that AddressSanitizer sees its end
        side->run();
        if (testing::Test::HasFailure()) return;
        calls += side->calls;
    }
    if (chosen != nullptr) return;
    EXPECT_GT(calls, 3'000U);
}

}  // namespace reentrancy_test
