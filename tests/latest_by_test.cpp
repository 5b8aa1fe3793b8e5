#include "support.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <iterator>
#include <list>
#include <map>
#include <optional>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace latest_by_test {

using namespace support;
using event::latest_by;
using event::where;

struct PeerState {
    int peer = 0;
    int state = 0;
};
struct PeerNamed {
    std::string peer;
    std::string name;
};
constexpr auto by_peer = [](const auto& event) { return event.peer; };

/// "peer:state" of each event, and how many it says were missed.
template <class Subscription>
std::string told(Subscription& subscription) {
    std::ostringstream out;
    for (const auto& delivery : take_all(subscription)) {
        delivery.visit([&]<class T>(const T& event, const event::Meta& meta) {
            if constexpr (std::is_same_v<T, PeerState>) {
                out << event.peer << ':' << event.state;
            } else {
                out << event.peer << ':' << event.name;
            }
            if (meta.missed != 0) out << '-' << meta.missed;
            out << ' ';
        });
    }
    return out.str();
}

TEST(LatestBy, KeepsTheNewestOfEachKeyAtItsOwnPlace) {
    asio::io_context io;
    event::EventBus bus{io};
    auto states = bus.subscribe<PeerState>({}, latest_by(by_peer));
    auto emitter = bus.emitter<PeerState>();
    EXPECT_EQ(emitter.emit({1, 10}).displaced, 0U);
    emitter.emit({2, 20});
    emitter.emit({3, 30});
    const event::EmitResult replacing = emitter.emit({1, 11});
    EXPECT_EQ(replacing.delivered, 1U);
    EXPECT_EQ(replacing.displaced, 1U);
    emitter.emit({2, 21});
    emitter.emit({1, 12});
    EXPECT_EQ(states.stat().size, 3U);
    EXPECT_EQ(states.stat().high_water, 3U);
    EXPECT_EQ(states.stat().lost, 3U);
    EXPECT_EQ(told(states), "3:30 2:21-1 1:12-2 ");
    emitter.emit({1, 13});
    EXPECT_EQ(told(states), "1:13 ");
    EXPECT_EQ(states.stat().delivered, 4U);
}

TEST(LatestBy, KeepsSharedEventsToo) {
    asio::io_context io;
    event::EventBus bus{io};
    auto names = bus.subscribe<PeerNamed>({}, latest_by(by_peer));
    auto all = bus.subscribe<PeerNamed>();
    auto emitter = bus.emitter<PeerNamed>();
    emitter.emit({"a", "one"});
    emitter.emit({"b", "two"});
    emitter.emit({"a", "three"});
    EXPECT_EQ(told(names), "b:two a:three-1 ");
    EXPECT_EQ(told(all), "a:one b:two a:three ");
}

TEST(LatestBy, MergesWhatIsLargerThanTheStack) {
    struct Large {
        std::array<char, std::size_t{16} << 20> bytes{};
    };
    asio::io_context io;
    event::EventBus bus{io};
    const auto sum = [](const Large& queued, const Large& newer) -> Large {
        return {{static_cast<char>(queued.bytes[0] + newer.bytes[0])}};
    };
    auto sums = bus.subscribe<Large>({}, latest_by([](const Large&) { return 0; }, sum));
    auto emitter = bus.emitter<Large>();
    const auto large = std::make_unique<Large>();
    large->bytes[0] = 2;
    emitter.emit(*large);
    emitter.emit(*large);
    EXPECT_EQ((*sums.try_receive())->bytes[0], 4);
}

/// As C has texts.
struct Named {
    char name[8] = {};
    const char* also = nullptr;
    int state = 0;
};

TEST(LatestBy, ComparesTextsAndNotWhereTheyLie) {
    asio::io_context io;
    event::EventBus bus{io};
    auto by_array = bus.subscribe<Named>(latest_by(&Named::name));
    auto by_pointer = bus.subscribe<Named>(latest_by(&Named::also));
    const auto emitter = bus.emitter<Named>();
    const std::string one = "alice", same = "alice";
    emitter.emit({"alice", one.c_str(), 1});
    emitter.emit({"bob", "bob", 2});
    EXPECT_EQ(emitter.emit({"alice", same.c_str(), 3}).displaced, 2U);
    emitter.emit({"", nullptr, 4});
    const auto found = take_all(by_array);
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[1]->state, 3);
    EXPECT_EQ(take_all(by_pointer).size(), 3U);
}

TEST(LatestBy, LooksAtTheTypeAsWell) {
    struct OtherState {
        int peer = 0;
    };
    asio::io_context io;
    event::EventBus bus{io};
    auto states = bus.subscribe<PeerState, OtherState>({}, latest_by(by_peer));
    auto emitter = bus.emitter<PeerState, OtherState>();
    emitter.emit<PeerState>({1, 1});
    emitter.emit<OtherState>({1});
    emitter.emit<PeerState>({1, 2});
    const auto all = take_all(states);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_NE(all[0].get_if<OtherState>(), nullptr);
    EXPECT_EQ(all[1].get_if<PeerState>()->state, 2);
}

TEST(LatestBy, QueuesTypesWithoutAKeyAsEver) {
    asio::io_context io;
    event::EventBus bus{io};
    auto mixed = bus.subscribe<PeerState, Number>({}, latest_by([](const PeerState& event) { return event.peer; }));
    auto emitter = bus.emitter<PeerState, Number>();
    emitter.emit<Number>({1});
    emitter.emit<PeerState>({1, 1});
    emitter.emit<Number>({1});
    emitter.emit<PeerState>({1, 2});
    emitter.emit<Number>({1});
    std::string order;
    for (const auto& delivery : take_all(mixed)) order += std::to_string(delivery.index());
    EXPECT_EQ(order, "1101");
}

struct Colliding {
    int peer = 0;
    friend bool operator==(const Colliding&, const Colliding&) = default;
};

}  // namespace latest_by_test

template <>
struct std::hash<latest_by_test::Colliding> {
    std::size_t operator()(const latest_by_test::Colliding&) const noexcept { return 42; }
};

namespace latest_by_test {

TEST(LatestBy, TellsKeysOfOneHashApart) {
    asio::io_context io;
    event::EventBus bus{io};
    auto states = bus.subscribe<PeerState>({}, latest_by([](const PeerState& event) { return Colliding{event.peer}; }));
    auto emitter = bus.emitter<PeerState>();
    for (int state = 0; state < 3; ++state) {
        for (int peer = 0; peer < 5; ++peer) emitter.emit({peer, state});
    }
    EXPECT_EQ(told(states), "0:2-2 1:2-2 2:2-2 3:2-2 4:2-2 ");
    emitter.emit({4, 3});
    EXPECT_EQ(told(states), "4:3 ");
}

// ---- more keys than capacity ------------------------------------------------------------------------------------

struct Full {
    const char* name;
    event::Backpressure policy;
    const char* told;
    std::size_t refused;
    std::size_t displaced;
    bool is_open;
};

class LatestByFull : public testing::TestWithParam<Full> {};

TEST_P(LatestByFull, DoesWhatThePolicySays) {
    const Full& row = GetParam();
    asio::io_context io;
    event::EventBus bus{io, {.on_slow_subscriber = [](const auto&) {}}};
    auto states = bus.subscribe<PeerState>({.capacity = 2, .on_full = row.policy}, latest_by(by_peer));
    auto emitter = bus.emitter<PeerState>();
    emitter.emit({1, 1});
    emitter.emit({2, 1});
    const event::EmitResult third = emitter.emit({3, 1});
    EXPECT_EQ(third.refused, row.refused);
    EXPECT_EQ(third.displaced, row.displaced);
    EXPECT_EQ(third.killed, row.is_open ? 0U : 1U);
    emitter.emit({2, 2});
    EXPECT_EQ(states.stat().killed, !row.is_open);
    EXPECT_EQ(told(states), row.told);
}

INSTANTIATE_TEST_SUITE_P(Policies, LatestByFull,
                         testing::Values(Full{"drop", event::Drop{}, "1:1 2:2-2 ", 1, 0, true},
                                         Full{"notify", event::Notify{}, "1:1 2:2-2 ", 1, 0, true},
                                         Full{"wait", event::Wait{}, "1:1 2:2-2 ", 1, 0, true},
                                         Full{"drop_oldest", event::DropOldest{}, "3:1 2:2-2 ", 0, 1, true},
                                         Full{"kill", event::Kill{}, "", 0, 0, false}),
                         [](const auto& row) { return row.param.name; });

TEST(LatestBy, TellsOfEachEpisode) {
    for (const event::Backpressure& policy :
         {event::Backpressure(event::Notify{}), event::Backpressure(event::Wait{})}) {
        asio::io_context io;
        std::vector<std::uint64_t> episodes;
        event::EventBus bus{
            io, {.on_slow_subscriber = [&](const event::SlowSubscriber& slow) { episodes.push_back(slow.episodes); }}};
        auto states = bus.subscribe<PeerState>({.capacity = 1, .on_full = policy}, latest_by(by_peer));
        auto emitter = bus.emitter<PeerState>();
        for (int round = 0; round < 3; ++round) {
            emitter.emit({1, round});
            emitter.emit({2, round});
            emitter.emit({3, round});
            take_all(states);
        }
        EXPECT_EQ(episodes, (std::vector<std::uint64_t>{1, 2, 3}));
    }
}

TEST(LatestBy, ReplacesInAFullQueue) {
    asio::io_context io;
    event::EventBus bus{io};
    auto states = bus.subscribe<PeerState>({.capacity = 1, .on_full = event::Kill{}}, latest_by(by_peer));
    auto emitter = bus.emitter<PeerState>();
    for (int state = 0; state < 100; ++state) EXPECT_EQ(emitter.emit({1, state}).killed, 0U);
    EXPECT_EQ(told(states), "1:99-99 ");
}

TEST(LatestBy, GivesWaitingEmitsTheirTurn) {
    asio::io_context io;
    event::EventBus bus{io};
    auto states = bus.subscribe<PeerState>({.capacity = 1, .on_full = event::Wait{}}, latest_by(by_peer));
    auto emitter = bus.emitter<PeerState>();
    emitter.emit({1, 1});
    Completion<event::EmitResult> emitted;
    emitter.async_emit({2, 1}, emitted.handler());
    drive(io);
    EXPECT_TRUE(emitted.pending());
    EXPECT_EQ(told(states), "1:1 ");
    drive(io);
    EXPECT_TRUE(emitted.done());
    EXPECT_EQ(told(states), "2:1 ");
}

TEST(LatestBy, IsAPolicyOfItsOwnUnderLatest) {
    asio::io_context io;
    event::EventBus bus{io};
    EXPECT_THROW(static_cast<void>(bus.subscribe<PeerState>({.on_full = event::Latest{}}, latest_by(by_peer))),
                 std::invalid_argument);
    EXPECT_EQ(bus.stat<PeerState>().subscribers, 0U);
}

// ---- retained events --------------------------------------------------------------------------------------------

TEST(LatestBy, ReplacesARetainedEvent) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<PeerState>({.retain = true});
    auto named = bus.emitter<PeerNamed>({.retain = true});
    emitter.emit({1, 1});
    named.emit({"1", "one"});
    struct Key {
        int operator()(const PeerState& event) const { return event.peer; }
        std::string operator()(const PeerNamed& event) const { return event.peer; }
    };
    auto states = bus.subscribe<PeerState, PeerNamed>({.capacity = 1, .on_full = event::Drop{}}, latest_by(Key{}));
    emitter.emit({1, 2});  // replaces the retained one: the only slot for new events is taken
    EXPECT_EQ(emitter.emit({2, 1}).refused, 1U);
    EXPECT_EQ(told(states), "1:one 1:2-1 ");
}

TEST(LatestBy, CountsARetainedEventOnlyWhileItIsQueued) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<PeerState>({.retain = true});
    emitter.emit({1, 1});
    auto states = bus.subscribe<PeerState>({.capacity = 1, .on_full = event::Drop{}}, latest_by(by_peer));
    EXPECT_EQ(told(states), "1:1 ");
    EXPECT_EQ(emitter.emit({2, 1}).refused, 0U);
    EXPECT_EQ(emitter.emit({3, 1}).refused, 1U);
}

TEST(LatestBy, DisplacesNoRetainedEvent) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<PeerState>({.retain = true});
    emitter.emit({1, 1});
    auto states = bus.subscribe<PeerState>({.capacity = 1, .on_full = event::DropOldest{}}, latest_by(by_peer));
    emitter.emit({2, 1});
    emitter.emit({3, 1});
    EXPECT_EQ(told(states), "1:1 3:1-1 ");
}

// ---- merging ----------------------------------------------------------------------------------------------------

struct Change {
    int peer = 0;
    int by = 0;
};
struct Log {
    int peer = 0;
    std::string lines;
};

TEST(LatestBy, MergesTheQueuedEventAndTheNewer) {
    asio::io_context io;
    event::EventBus bus{io};
    auto sums = bus.subscribe<Change>({}, latest_by(by_peer, [](const Change& queued, const Change& newer) {
                                          return Change{newer.peer, queued.by + newer.by};
                                      }));
    auto logs = bus.subscribe<Log>({}, latest_by(by_peer, [](const Log& queued, const Log& newer) {
                                       return Log{newer.peer, queued.lines + newer.lines};
                                   }));
    auto whole = bus.subscribe<Log>();
    auto change = bus.emitter<Change>();
    auto log = bus.emitter<Log>();
    for (int i = 1; i <= 4; ++i) {
        change.emit({1, i});
        const event::EmitResult result = log.emit({1, std::to_string(i)});
        EXPECT_EQ(result.delivered, 2U);
    }
    const auto sum = take_all(sums);
    ASSERT_EQ(sum.size(), 1U);
    EXPECT_EQ(sum[0]->by, 10);
    EXPECT_EQ(sum[0].missed(), 3U);
    const auto lines = take_all(logs);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0]->lines, "1234");
    EXPECT_EQ(take_all(whole).back()->lines, "4");  // others see the events as they are
}

constexpr auto join_and_leave = [](const Change& queued, const Change& newer) -> std::optional<Change> {
    if (queued.by + newer.by == 0) return std::nullopt;
    return Change{newer.peer, queued.by + newer.by};
};

TEST(LatestBy, LeavesNothingOfWhatCancelsOut) {
    asio::io_context io;
    event::EventBus bus{io};
    auto changes = bus.subscribe<Change>({}, latest_by(by_peer, join_and_leave));
    auto emitter = bus.emitter<Change>();
    emitter.emit({1, +1});
    emitter.emit({2, +1});
    const event::EmitResult left = emitter.emit({1, -1});
    EXPECT_EQ(left.subscribers, 1U);
    EXPECT_EQ(left.delivered, 0U);
    EXPECT_EQ(left.rejected, 1U);
    EXPECT_EQ(left.displaced, 1U);
    EXPECT_EQ(changes.stat().size, 1U);
    EXPECT_EQ(changes.stat().rejected, 1U);
    const auto all = take_all(changes);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0]->peer, 2);
    EXPECT_EQ(all[0].missed(), 1U);  // of peer 1, just before it
    EXPECT_EQ(changes.stat().delivered, 1U);
    emitter.emit({1, +1});
    EXPECT_EQ(take_all(changes).size(), 1U);
}

TEST(LatestBy, AnnihilationEmptiesTheQueueOfAWaitingReceiver) {
    asio::io_context io;
    event::EventBus bus{io};
    auto changes = bus.subscribe<Change>({.capacity = 1, .on_full = event::Wait{}}, latest_by(by_peer, join_and_leave));
    auto emitter = bus.emitter<Change>();
    Completion<event::Delivery<Change>> received;
    changes.async_receive(received.handler());
    emitter.emit({1, +1});
    emitter.emit({1, -1});  // before the receiver has run
    drive(io);
    EXPECT_TRUE(received.pending());
    Completion<event::EmitResult> emitted;
    emitter.async_emit({2, +1}, emitted.handler());
    drive(io);
    EXPECT_TRUE(emitted.done());
    ASSERT_TRUE(received.done());
    EXPECT_EQ(received.value()->peer, 2);
    EXPECT_EQ(received.value().missed(), 1U);
}

TEST(LatestBy, AnnihilationMakesRoomForAWaitingEmit) {
    asio::io_context io;
    event::EventBus bus{io};
    struct Key {
        int operator()(const Change& event) const { return event.peer; }
    };
    auto changes =
        bus.subscribe<Change, Number>({.capacity = 1, .on_full = event::Wait{}}, latest_by(Key{}, join_and_leave));
    auto emitter = bus.emitter<Change>();
    auto number = bus.emitter<Number>();
    emitter.emit({1, +1});
    Completion<event::EmitResult> emitted;
    number.async_emit({5}, emitted.handler());
    drive(io);
    EXPECT_TRUE(emitted.pending());
    emitter.emit({1, -1});
    drive(io);
    EXPECT_TRUE(emitted.done());
    const auto all = take_all(changes);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].get_if<Number>()->value, 5);
}

// ---- together, and wrongly used ---------------------------------------------------------------------------------

TEST(LatestBy, GoesWithAFilterInAnyOrderAndWithAHandler) {
    const auto known = [](const PeerState& event) { return event.peer < 10; };
    asio::io_context io;
    event::EventBus bus{io};
    auto one = bus.subscribe<PeerState>({}, where(known), latest_by(by_peer));
    auto two = bus.subscribe<PeerState>({}, latest_by(by_peer), where(known));
    int handled = 0;
    auto three = bus.subscribe<PeerState>(
        {}, [&](const PeerState& event) { handled += event.state; }, latest_by(by_peer), where(known));
    auto emitter = bus.emitter<PeerState>();
    emitter.emit({1, 1});
    EXPECT_EQ(emitter.emit({11, 1}).rejected, 3U);
    emitter.emit({1, 2});
    EXPECT_EQ(told(one), "1:2-1 ");
    EXPECT_EQ(told(two), "1:2-1 ");
    drive(io);
    EXPECT_EQ(handled, 2);
}

struct Found {
    int peer = 0;
};
struct Mdns : Found {
    using event_interfaces = event::Interfaces<Found>;
};
struct Dht : Found {
    using event_interfaces = event::Interfaces<Found>;
    std::string how;
};

TEST(LatestBy, KeysAnyEventAndBehaviours) {
    asio::io_context io;
    event::EventBus bus{io};
    auto found = bus.subscribe<event::Implements<Found>>({}, latest_by([](const Found& event) { return event.peer; }));
    auto newest =
        bus.subscribe<event::AnyEvent>({}, latest_by([](const event::AnyEvent& event) { return event.name(); }));
    auto mdns = bus.emitter<Mdns>();
    auto dht = bus.emitter<Dht>();
    for (int peer : {1, 2, 1}) {
        Mdns small;
        small.peer = peer;
        mdns.emit(small);
    }
    Dht large;
    large.peer = 2;
    dht.emit(large);
    const auto peers = take_all(found);
    ASSERT_EQ(peers.size(), 2U);
    EXPECT_EQ(peers[0]->peer, 1);
    EXPECT_EQ(peers[1]->peer, 2);
    const auto names = take_all(newest);
    ASSERT_EQ(names.size(), 2U);
    EXPECT_EQ(names[0]->get_if<Mdns>()->peer, 1);
    EXPECT_NE(names[1]->get_if<Dht>(), nullptr);
}

TEST(LatestBy, WhatItsFunctionsThrowReachesTheEmitterAndChangesNothing) {
    struct Key {
        int operator()(const Log& event) const {
            return event.peer >= 0 ? event.peer : throw std::runtime_error("key");
        }
    };
    asio::io_context io;
    event::EventBus bus{io};
    auto logs = bus.subscribe<Log>({}, latest_by(Key{}, [](const Log& queued, const Log& newer) {
                                       if (newer.lines == "bad") throw std::runtime_error("merge");
                                       return Log{newer.peer, queued.lines + newer.lines};
                                   }));
    auto other = bus.subscribe<Log>();
    auto emitter = bus.emitter<Log>();
    emitter.emit({1, "a"});
    EXPECT_THROW(emitter.emit({-1, "b"}), std::runtime_error);
    EXPECT_THROW(emitter.emit({1, "bad"}), std::runtime_error);
    emitter.emit({1, "c"});
    const auto all = take_all(logs);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0]->lines, "ac");
    EXPECT_EQ(logs.stat().rejected, 2U);
    EXPECT_EQ(take_all(other).size(), 4U);
}

TEST(LatestBy, MustNotUseItsBus) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<PeerState>();
    auto states = bus.subscribe<PeerState>({}, latest_by([&](const PeerState& event) {
                                               if (event.state == 1) emitter.emit({1, 2});
                                               return event.peer;
                                           }));
    EXPECT_THROW(emitter.emit({1, 1}), boost::system::system_error);
    EXPECT_NO_THROW(emitter.emit({1, 3}));
    EXPECT_EQ(told(states), "1:3 ");
}

TEST(LatestBy, DrainsAndCloses) {
    asio::io_context io;
    event::EventBus bus{io};
    auto drained = bus.subscribe<PeerNamed>({}, latest_by(by_peer));
    auto closed = bus.subscribe<PeerNamed>({}, latest_by(by_peer));
    auto emitter = bus.emitter<PeerNamed>();
    emitter.emit({"a", "one"});
    emitter.emit({"b", "two"});
    emitter.emit({"a", "three"});
    drained.close_after_drain();
    emitter.emit({"a", "four"});
    EXPECT_EQ(told(drained), "b:two a:three-1 ");
    Completion<event::Delivery<PeerNamed>> none;
    drained.async_receive(none.handler());
    drive(io);
    EXPECT_EQ(none.error(), event::errc::closed);
    closed.close();
    EXPECT_EQ(told(closed), "");
}

// ---- against a model --------------------------------------------------------------------------------------------

/// What `latest_by` with a merge that annihilates is, written in the most simple-minded way.
class Model {
public:
    Model(std::size_t capacity, bool drops_oldest) : capacity_(capacity), drops_oldest_(drops_oldest) {}

    void emit(const Change& event) {
        const auto same =
            std::find_if(queue_.begin(), queue_.end(), [&](const Change& queued) { return queued.peer == event.peer; });
        if (same != queue_.end()) {
            const std::optional<Change> merged = join_and_leave(*same, event);
            queue_.erase(same);
            ++lost_;
            if (merged) queue_.push_back(*merged);
            return;
        }
        if (queue_.size() == capacity_) {
            ++lost_;
            if (!drops_oldest_) return;
            queue_.pop_front();
        }
        queue_.push_back(event);
    }
    std::optional<Change> take() {
        if (queue_.empty()) return std::nullopt;
        const Change event = queue_.front();
        queue_.pop_front();
        return event;
    }
    [[nodiscard]] std::size_t size() const { return queue_.size(); }
    [[nodiscard]] std::uint64_t lost() const { return lost_; }

private:
    std::list<Change> queue_;
    std::size_t capacity_;
    bool drops_oldest_;
    std::uint64_t lost_ = 0;
};

TEST(LatestBy, DoesWhatASimpleModelDoes) {
    for (unsigned seed = 0; seed < 40; ++seed) {
        std::mt19937 random(seed);
        const std::size_t capacity = 1 + random() % 7;
        const bool drops_oldest = seed % 2 != 0;
        asio::io_context io;
        event::EventBus bus{io};
        auto changes = bus.subscribe<Change>(
            {.capacity = capacity,
             .on_full = drops_oldest ? event::Backpressure(event::DropOldest{}) : event::Backpressure(event::Drop{})},
            latest_by(by_peer, join_and_leave));
        auto emitter = bus.emitter<Change>();
        Model model(capacity, drops_oldest);
        std::uint64_t missed = 0;
        for (int step = 0; step < 500; ++step) {
            if (random() % 3 != 0) {
                const Change event{static_cast<int>(random() % 8), static_cast<int>(random() % 3) - 1};
                emitter.emit(event);
                model.emit(event);
            } else {
                const auto expected = model.take();
                const auto delivery = changes.try_receive();
                ASSERT_EQ(delivery.has_value(), expected.has_value()) << "seed " << seed << ", step " << step;
                if (!expected) continue;
                ASSERT_EQ((*delivery)->peer, expected->peer) << "seed " << seed << ", step " << step;
                ASSERT_EQ((*delivery)->by, expected->by);
                missed += delivery->missed();
            }
            ASSERT_EQ(changes.stat().size, model.size());
        }
        for (const auto& delivery : take_all(changes)) missed += delivery.missed();
        EXPECT_EQ(changes.stat().lost, model.lost());
        EXPECT_EQ(missed + changes.stat().gap, model.lost());  // every loss is seen at some event
    }
}

TEST(LatestBy, EndsWithTheNewestOfEachKeyWhateverTheThreadsDo) {
    constexpr int peers = 16;
    constexpr int rounds = 2000;
    asio::io_context io;
    event::EventBus bus{io};
    auto states = bus.subscribe<PeerState>({.capacity = peers, .on_full = event::Kill{}}, latest_by(by_peer));
    std::thread emitting([&] {
        auto emitter = bus.emitter<PeerState>();
        for (int state = 1; state <= rounds; ++state) {
            for (int peer = 0; peer < peers; ++peer) emitter.emit({peer, state});
        }
    });
    std::map<int, int> newest;
    std::uint64_t sequence = 0;
    std::uint64_t seen = 0;
    const auto receive = [&] {
        for (const auto& delivery : take_all(states)) {
            EXPECT_GT(delivery.sequence(), std::exchange(sequence, delivery.sequence()));
            EXPECT_GT(delivery->state, std::exchange(newest[delivery->peer], delivery->state));
            seen += 1 + delivery.missed();
        }
    };
    while (newest.size() < peers || newest[peers - 1] < rounds) receive();
    emitting.join();
    receive();
    for (int peer = 0; peer < peers; ++peer) EXPECT_EQ(newest[peer], rounds);
    EXPECT_EQ(seen, std::uint64_t{peers} * rounds);
    EXPECT_FALSE(states.stat().killed);
}

}  // namespace latest_by_test
