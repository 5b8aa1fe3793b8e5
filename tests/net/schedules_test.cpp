#include "net/peer.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <deque>
#include <map>
#include <random>

/// Two sides, and what may happen to them, in an order that nobody thought of. A seed that fails is printed:
/// `EVENTBUS_SEED=… --gtest_filter=NetSchedules.*` plays it alone.

namespace schedules_test {

using namespace net_test;

/// A serving queue of three events, which loses the oldest and counts it, as the bus's does.
struct Queue {
    std::deque<std::uint64_t> events;
    std::deque<std::uint64_t> missed;
    std::uint64_t emitted = 0;
    std::uint64_t lost = 0;

    void emit() {
        if (events.size() == 3) {
            events.pop_front();
            missed.front() += 1;
            const std::uint64_t carried = missed.front();
            missed.pop_front();
            (missed.empty() ? lost : missed.front()) += carried;
        }
        events.push_back(++emitted);
        missed.push_back(std::exchange(lost, 0));
    }
};

struct Key {
    std::uint64_t version = 0;  // 0: never set
    bool present = false;
    bool operator==(const Key&) const = default;
};

/// What the server has for an alias, and what has come of it.
struct Traffic {
    Mode mode = Mode::events;
    Queue queue;
    std::map<std::string, Key> set;
    bool is_served = false;
    bool is_wanted = true;
    std::uint64_t last = 0;     // event that came
    std::uint64_t counted = 0;  // events that came or were missed
    std::map<std::string, Key> seen;
    std::map<std::string, std::uint64_t> given;  // versions
    bool has_dirty = false;                      // a value that there was no room for
};

std::string number(std::uint64_t number) { return std::to_string(number) + std::string(number % 40, '.'); }

class Schedule final : public Actions {
public:
    explicit Schedule(std::uint64_t seed)
        : random_(seed),
          limits_{.max_frame = 1'024 + random_() % 3'000,
                  .max_subscriptions = 1 + random_() % 6,
                  .max_state_keys = 1 + random_() % 6,
                  .max_state_bytes = 1 + random_() % 200,
                  .quantum = 1 + random_() % 200},
          consumer_({.serves = false, .limits = {.max_subscriptions = limits_.max_subscriptions}, .times = times()},
                    *this),
          server_(*this) {}

    void run() {
        consumer_.start(now_);
        server_.protocol.start(now_);
        for (std::size_t steps = 100 + random_() % 300; steps != 0 && !has_ended_; --steps) step();
        if (has_ended_) return;
        settle();
        if (random_() % 4 != 0) return;
        if (random_() % 2 == 0) {
            consumer_.close({}, now_);
        } else {
            server_.protocol.close({}, now_);
        }
        settle();
        EXPECT_EQ(consumer_.state(), LinkState::closed);
        EXPECT_EQ(server_.protocol.state(), LinkState::closed);
    }

    std::uint64_t came = 0;  // over all schedules, so that they are seen to do something
    std::uint64_t missed = 0;
    std::uint64_t states = 0;

private:
    /// PINGs, and nothing that ends the link.
    static LinkTimes times() { return {.handshake_timeout = 10h, .pong_timeout = 10h, .write_timeout = 10h}; }

    struct Server final : Actions {
        explicit Server(Schedule& whole)
            : schedule(whole), protocol({.consumes = false, .limits = whole.limits_, .times = times()}, *this) {}
        void opened(const Hello&) noexcept override {}
        void subscribed(const Subscribe& subscribe) noexcept override {
            Traffic& traffic = schedule.traffic_[subscribe.alias];
            EXPECT_EQ(traffic.mode, subscribe.mode);
            traffic.is_served = true;
        }
        void unsubscribed(Alias alias, const Reason&) noexcept override { schedule.traffic_[alias].is_served = false; }
        void event(const Event&) noexcept override { ADD_FAILURE(); }
        void state(const State&) noexcept override { ADD_FAILURE(); }
        void ended(Alias, const Reason&) noexcept override { ADD_FAILURE(); }
        void ended(const Reason& reason) noexcept override {
            EXPECT_EQ(reason.code, end_code::closed) << reason.text;
            schedule.has_ended_ = true;
        }
        Schedule& schedule;
        Protocol protocol;
    };

    // --- the consumer

    void opened(const Hello&) noexcept override {}
    void subscribed(const Subscribe&) noexcept override { ADD_FAILURE(); }
    void unsubscribed(Alias, const Reason&) noexcept override { ADD_FAILURE(); }
    void event(const Event& event) noexcept override {
        Traffic& traffic = traffic_[event.alias];
        EXPECT_TRUE(traffic.is_wanted);
        const std::uint64_t sent = std::stoull(text_of(event.payload));
        EXPECT_EQ(text_of(event.payload), number(sent));
        EXPECT_EQ(sent, traffic.last + event.missed + 1) << "missed adds up, of alias " << event.alias;
        traffic.last = sent;
        traffic.counted += event.missed + 1;
        ++came;
        missed += event.missed;
        if (random_() % 100 == 0) unsubscribe(event.alias);
    }
    void state(const State& state) noexcept override {
        Traffic& traffic = traffic_[state.alias];
        EXPECT_TRUE(traffic.is_wanted);
        Key& seen = traffic.seen[text_of(state.key)];
        EXPECT_GT(state.version, seen.version);
        EXPECT_EQ(text_of(state.payload), state.present ? number(state.version) : "");
        seen = {.version = state.version, .present = state.present};
        ++states;
    }
    void ended(Alias alias, const Reason& reason) noexcept override {
        Traffic& traffic = traffic_[alias];
        EXPECT_TRUE(traffic.is_wanted);
        EXPECT_EQ(reason.code, end_code::killed);
        expect_complete(alias);
        traffic.is_wanted = false;
    }
    void ended(const Reason& reason) noexcept override {
        EXPECT_EQ(reason.code, end_code::closed) << reason.text;
        has_ended_ = true;
    }

    // --- what happens

    void step() {
        now_ += std::chrono::milliseconds(random_() % 3'000);
        switch (random_() % 10) {
            case 0:
                return subscribe();
            case 1:
                return random_() % 3 == 0 ? unsubscribe(any_alias()) : end(any_alias());
            case 2:
            case 3:
                return emit(any_alias());
            case 4:
                for (std::uint64_t times = random_() % 4; times != 0; --times) set(any_alias());
                return;
            case 5:
                return serve();
            case 6:
                consumer_.tick(now_);
                return server_.protocol.tick(now_);
            default:
                return random_() % 2 == 0 ? move(consumer_, server_.protocol) : move(server_.protocol, consumer_);
        }
    }

    Alias any_alias() { return traffic_.empty() ? 0 : 1 + random_() % traffic_.size(); }

    void subscribe() {
        const Mode mode = random_() % 2 == 0 ? Mode::events : Mode::latest;
        Subscribe wanted{.mode = mode};
        wanted.types.push_back({.name = "a", .schema = "{}", .keys = {}});
        Reason refusal;
        if (const Alias alias = consumer_.subscribe(wanted, {1'000}, refusal)) {
            EXPECT_EQ(alias, traffic_.size() + 1);
            traffic_[alias].mode = mode;
        }
    }
    void unsubscribe(Alias alias) {
        if (alias == 0 || !traffic_[alias].is_wanted) return;
        consumer_.unsubscribe(alias);
        traffic_[alias].is_wanted = false;
    }
    /// All that its queue has is sent before; or it is killed, and what it has is lost.
    void end(Alias alias) {
        if (alias == 0 || !traffic_[alias].is_served) return;
        Traffic& traffic = traffic_[alias];
        serve(alias);
        if (!traffic.queue.events.empty() || traffic.has_dirty) return;
        server_.protocol.end(alias, {.code = end_code::killed});
        traffic.is_served = false;
    }
    void emit(Alias alias) {
        if (alias == 0 || !traffic_[alias].is_served || traffic_[alias].mode != Mode::events) return;
        for (std::uint64_t events = random_() % 8; events != 0; --events) traffic_[alias].queue.emit();
    }
    void set(Alias alias) {
        if (alias == 0 || !traffic_[alias].is_served || traffic_[alias].mode != Mode::latest) return;
        // no more keys than all subscriptions may have
        const std::string name(1, static_cast<char>('a' + random_() % 3));
        Key& key = traffic_[alias].set[name];
        key = {.version = key.version + 1, .present = random_() % 4 != 0};
        send(alias, name, key);
    }
    void send(Alias alias, const std::string& name, const Key& key) {
        const std::string value = number(key.version);
        const Sent sent = server_.protocol.send_state({.alias = alias,
                                                       .version = key.version,
                                                       .key = view(name),
                                                       .present = key.present,
                                                       .payload = view(value)});
        EXPECT_NE(sent, Sent::too_large);
        EXPECT_NE(sent, Sent::ended);
        if (sent == Sent::yes) traffic_[alias].given[name] = key.version;
        if (sent == Sent::no_room) traffic_[alias].has_dirty = true;
    }

    /// As a shell does: events while there is room, and again what there was no room for.
    void serve() {
        for (auto& [alias, traffic] : traffic_) serve(alias);
    }
    void serve(Alias alias) {
        Traffic& traffic = traffic_[alias];
        if (!traffic.is_served || has_ended_) return;
        if (std::exchange(traffic.has_dirty, false)) {
            for (const auto& [name, key] : traffic.set) {
                if (traffic.given[name] < key.version) send(alias, name, key);
            }
        }
        Queue& queue = traffic.queue;
        while (!queue.events.empty() && server_.protocol.has_room_for_event()) {
            const std::string payload = number(queue.events.front());
            const Sent sent =
                server_.protocol.send_event({.alias = alias, .missed = queue.missed.front(), .payload = view(payload)});
            EXPECT_EQ(sent, Sent::yes);
            queue.events.pop_front();
            queue.missed.pop_front();
        }
    }
    void move(Protocol& from, Protocol& to) {
        const View output = from.output(now_);
        const std::size_t most = random_() % 3 == 0 ? output.size() : random_() % 40;
        const View part = output.first(std::min(most, output.size()));
        const Bytes bytes(part.begin(), part.end());
        from.written(bytes.size(), now_);
        for (View left = bytes; !left.empty();) {
            const std::size_t size = 1 + random_() % left.size();
            const Bytes piece(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(size));
            to.received(piece, now_);
            left = left.subspan(size);
        }
    }

    void settle() {
        for (int quiet = 0; quiet < 3;) {
            serve();
            quiet = consumer_.output(now_).empty() && server_.protocol.output(now_).empty() ? quiet + 1 : 0;
            move(consumer_, server_.protocol);
            move(server_.protocol, consumer_);
        }
        if (has_ended_) return;
        for (const auto& [alias, traffic] : traffic_) {
            EXPECT_EQ(traffic.is_wanted, traffic.is_served) << alias;
            if (traffic.is_wanted) expect_complete(alias);
        }
    }

    void expect_complete(Alias alias) {
        Traffic& traffic = traffic_[alias];
        EXPECT_EQ(traffic.counted, traffic.queue.emitted);
        EXPECT_EQ(traffic.last, traffic.queue.emitted);
        for (const auto& [name, key] : traffic.set) {
            EXPECT_EQ(traffic.seen[name].present, key.present) << alias << name;
            if (!key.present) continue;
            EXPECT_EQ(traffic.seen[name], key) << alias << name;
        }
    }

    std::mt19937_64 random_;
    LinkLimits limits_;
    Moment now_{1h};
    bool has_ended_ = false;
    std::map<Alias, Traffic> traffic_;
    Protocol consumer_;
    Server server_;
};

#ifdef EVENTBUS_LONG_STRESS
constexpr std::uint64_t schedules = 5'000;
#else
constexpr std::uint64_t schedules = 1'000;
#endif

TEST(NetSchedules, DeliverAPrefixInOrderCountTheGapsAndEndWithTheNewest) {
    std::uint64_t came = 0;
    std::uint64_t missed = 0;
    std::uint64_t states = 0;
    const char* const chosen = std::getenv("EVENTBUS_SEED");
    const std::uint64_t first = chosen == nullptr ? 1 : std::strtoull(chosen, nullptr, 10);
    const std::uint64_t last = chosen == nullptr ? schedules : first;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        SCOPED_TRACE(fmt::format("EVENTBUS_SEED={}", seed));
        Schedule schedule(seed);
        schedule.run();
        if (testing::Test::HasFailure()) return;
        came += schedule.came;
        missed += schedule.missed;
        states += schedule.states;
    }
    if (chosen != nullptr) return;
    EXPECT_GT(came, 1'000U);
    EXPECT_GT(missed, 1'000U);
    EXPECT_GT(states, 1'000U);
}

}  // namespace schedules_test
