#include "link_fixture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>

/// Buses that are linked by streams which stall, shrink and break, in an order that nobody thought of: what comes is
/// what was emitted, in order, each gap counted, and of what is gone nothing is left. A seed that fails is printed:
/// `EVENTBUS_SEED=… --gtest_filter=LinkSchedules.*` plays it alone.

namespace link_schedules_test {

using namespace links;
using namespace std::chrono_literals;

/// `number`: of all that its bus has emitted, of both types.
struct Said {
    static constexpr std::string_view event_name = "said";
    static constexpr std::size_t max_wire_size = 100;
    std::uint64_t number = 0;
    int room = 0;
    std::string text = {};  // may be too long
};
struct Waved {
    static constexpr std::string_view event_name = "waved";
    std::uint64_t number = 0;
};
struct Mood {
    static constexpr std::string_view event_name = "mood";
    std::uint64_t number = 0;  // of all that were set on its bus
};

enum class Kind : std::uint8_t { said, waved, both, of_a_room };
constexpr int rooms = 3;

struct Emitted {
    bool is_said = false;
    int room = 0;
};

/// A bus, and all that was emitted on it.
struct Place {
    Place(asio::io_context& io, bool retain)
        : bus(io, {.on_slow_subscriber = [](const auto&) {}}), voice(bus.emitter<Said, Waved>({.retain = retain})) {}

    [[nodiscard]] std::uint64_t emitted() const { return log.size(); }
    /// Those after the one and before the other, whose numbers begin at 1.
    [[nodiscard]] std::uint64_t between(std::uint64_t after, std::uint64_t before, Kind kind, int room) const {
        std::uint64_t count = 0;
        for (std::uint64_t number = after + 1; number < before; ++number)
            if (wants(kind, room, log[number - 1])) ++count;
        return count;
    }
    [[nodiscard]] static bool wants(Kind kind, int room, const Emitted& event) {
        switch (kind) {
            case Kind::said:
                return event.is_said;
            case Kind::waved:
                return !event.is_said;
            case Kind::of_a_room:
                return event.is_said && event.room == room;
            case Kind::both:
                break;
        }
        return true;
    }
    void say(int room, std::string text) {
        log.push_back({true, room});
        voice.emit(Said{emitted(), room, std::move(text)});
    }
    void wave() {
        log.push_back({});
        voice.emit(Waved{emitted()});
    }

    event::EventBus bus;
    event::Emitter<Said, Waved> voice;
    event::Value<Mood> mood = bus.value<Mood>();
    std::vector<Emitted> log;
    std::uint64_t moods = 0;
    bool has_mood = false;
};

/// A subscription to a far bus, and what has come of it.
struct Listening {
    Listening(const Place& far_place, Kind wanted, int wanted_room)
        : far(far_place), kind(wanted), room(wanted_room), opened_after(far_place.emitted()) {}
    virtual ~Listening() = default;
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;

    virtual void take() = 0;
    [[nodiscard]] virtual bool is_open() const = 0;

    void came(std::uint64_t number, bool is_replayed, std::uint64_t missed) {
        ++count;
        lost += missed;
        ASSERT_GT(number, last) << "none comes twice, and none after a later one";
        ASSERT_LE(number, far.emitted());
        ASSERT_TRUE(Place::wants(kind, room, far.log[number - 1]));
        if (is_replayed) {
            ASSERT_FALSE(has_begun) << "what is retained comes first";
            ++replays;
            // one that the queue had no room for
            ASSERT_LE(missed, 1U);
        } else if (!has_begun) {
            // It was opened at some moment from the call on; of two that were retained one may have been lost.
            const std::uint64_t from = std::max(opened_after, last);
            ASSERT_LE(missed, far.between(from, number, kind, room) + 2 - std::min<std::uint64_t>(replays, 2));
            if (opened_before != 0) {
                ASSERT_GE(missed, far.between(std::max(opened_before, last), number, kind, room));
            }
            has_begun = true;
        } else {
            ASSERT_EQ(missed, far.between(last, number, kind, room)) << number << " after " << last;
        }
        last = number;
    }
    /// All is driven: it is open, if it has not ended.
    void settled() {
        if (opened_before == 0) opened_before = std::max<std::uint64_t>(far.emitted(), 1);
    }
    /// The newest that it wants has come.
    void expect_complete() const {
        std::uint64_t newest = far.emitted();
        while (newest > 0 && !Place::wants(kind, room, far.log[newest - 1])) --newest;
        if (newest > opened_before && opened_before != 0) {
            EXPECT_EQ(last, newest);
        }
    }

    const Place& far;
    Kind kind;
    int room;
    std::uint64_t opened_after;       // numbers of the last event before it may, and must, have been opened
    std::uint64_t opened_before = 0;  // 0: not yet known
    std::uint64_t last = 0;
    std::uint64_t replays = 0;
    std::uint64_t count = 0;
    std::uint64_t lost = 0;
    bool has_begun = false;
    bool may_be_killed = false;
};

template <class... Ts>
struct ListeningTo final : Listening {
    ListeningTo(const Place& far_place, Kind wanted, int wanted_room, event::Subscription<Ts...>&& made)
        : Listening(far_place, wanted, wanted_room), subscription(std::move(made)) {}
    void take() override {
        while (const auto delivery = subscription.try_receive())
            delivery->visit([&](const auto& event) { came(event.number, delivery->replayed(), delivery->missed()); });
    }
    [[nodiscard]] bool is_open() const override { return subscription.is_open(); }

    event::Subscription<Ts...> subscription;
};

/// A view of a far bus's latest value.
struct Seeing {
    const Place& far;
    event::ValueView<Mood> view;
    std::uint64_t newest = 0;

    void look() {
        const auto mood = view.try_get();
        if (!mood) return;
        ASSERT_GE((*mood)->number, newest) << "none is older than one before it";
        ASSERT_LE((*mood)->number, far.moods);
        newest = (*mood)->number;
    }
    void expect_newest() const {
        const auto mood = view.try_get();
        ASSERT_EQ(mood.has_value(), far.has_mood);
        if (mood) {
            EXPECT_EQ((*mood)->number, far.moods);
        }
    }
};

/// One end of a link.
struct Ending {
    Place* place = nullptr;
    std::optional<Link> link;
    std::optional<error_code> result;
    std::vector<std::unique_ptr<Listening>> listening;
    std::vector<Seeing> seeing;
};

struct Connection {
    std::array<Ending, 2> ends;
    std::array<std::optional<duplex::Pipe>, 2> pipes;  // from each end
    bool may_end = false;
    bool kills = false;

    [[nodiscard]] bool is_over() const {
        return std::ranges::all_of(ends, [](const Ending& end) { return end.result.has_value(); });
    }
};

class Schedule {
public:
    explicit Schedule(std::uint64_t seed) : random_(seed) {
        const std::size_t count = 2 + random_() % 2;
        for (std::size_t i = 0; i < count; ++i) places_.push_back(std::make_unique<Place>(io_, one_in(2)));
        for (std::size_t i = 0; i < count; ++i)
            for (std::size_t j = 0; j < i; ++j) {
                connections_.push_back(connect(*places_[i], *places_[j]));
            }
    }
    ~Schedule() {
        gone_.clear();
        connections_.clear();
        drive(io_);
    }
    Schedule(const Schedule&) = delete;
    Schedule& operator=(const Schedule&) = delete;

    void run() {
        for (std::size_t steps = 50 + random_() % 150; steps > 0; --steps) {
            step();
            check();
            if (testing::Test::HasFatalFailure() || testing::Test::HasNonfatalFailure()) return;
        }
        finish();
    }

    std::uint64_t came = 0, lost = 0, moods = 0, killed = 0, ended = 0;

private:
    [[nodiscard]] bool one_in(std::uint64_t n) { return random_() % n == 0; }
    [[nodiscard]] event::Backpressure policy() {
        switch (random_() % 3) {
            case 0:
                return event::Drop{};
            case 1:
                return event::DropOldest{};
            default:
                return event::Notify{};
        }
    }

    std::unique_ptr<Connection> connect(Place& a, Place& b) {
        auto connection = std::make_unique<Connection>();
        connection->kills = one_in(8);
        auto [here, there] = duplex::pair(io_);
        connection->pipes = {here.outgoing(), there.outgoing()};
        std::array<duplex::End*, 2> streams{&here, &there};
        connection->ends[0].place = &a;
        connection->ends[1].place = &b;
        for (std::size_t i = 0; i < 2; ++i) {
            Ending& end = connection->ends[i];
            LinkOptions options;
            options.limits.quantum = one_in(2) ? 64 : 65'536;
            options.on_slow_subscriber = [](const auto&) {};
            options.on_subscription_ended = [this, kills = connection->kills](const auto& subscription) {
                ++killed;
                EXPECT_TRUE(kills) << to_string(subscription.reason);
                EXPECT_EQ(subscription.reason.code, end_code::killed);
            };
            end.link.emplace(end.place->bus, std::move(*streams[i]), std::move(options));
            event::net::ServeOptions serving{.capacity = 1 + random_() % 6, .on_full = policy()};
            if (connection->kills) serving.on_full = event::Kill{};
            end.link->serve<Said, Waved, Mood>(std::move(serving), event::net::by_key(&Said::room));
            if (one_in(2)) subscribe(*connection, i);
            if (one_in(2)) watch(*connection, i);
            end.link->async_run([&end](const error_code& error) { end.result = error; });
        }
        return connection;
    }

    void subscribe(Connection& connection, std::size_t at) {
        Ending& end = connection.ends[at];
        if (!end.link) return;
        const Place& far = *connection.ends[1 - at].place;
        const event::SubscriptionOptions options{.capacity = 1 + random_() % 8, .on_full = policy()};
        const auto keep = [&]<class... Ts>(Kind kind, int room, event::Subscription<Ts...>&& made) {
            end.listening.push_back(std::make_unique<ListeningTo<Ts...>>(far, kind, room, std::move(made)));
            end.listening.back()->may_be_killed = connection.kills;
        };
        switch (const auto kind = static_cast<Kind>(random_() % 4); kind) {
            case Kind::said:
                return keep(kind, 0, end.link->subscribe<Said>(options));
            case Kind::waved:
                return keep(kind, 0, end.link->subscribe<Waved>(options));
            case Kind::both:
                return keep(kind, 0, end.link->subscribe<Waved, Said>(options));
            case Kind::of_a_room: {
                const int room = static_cast<int>(random_() % rooms);
                return keep(kind, room, end.link->subscribe<Said>(options, event::where_key(&Said::room, room)));
            }
        }
    }
    void watch(Connection& connection, std::size_t at) {
        Ending& end = connection.ends[at];
        const Place& far = *connection.ends[1 - at].place;
        // what another link has shown of it is no newer than what this one begins with
        std::uint64_t newest = 0;
        for (const auto* all : {&connections_, &gone_})
            for (const auto& other : *all)
                for (const Ending& side : other->ends)
                    for (const Seeing& seeing : side.seeing)
                        if (&seeing.far == &far) newest = std::max(newest, seeing.newest);
        if (end.link) end.seeing.push_back({far, end.link->watch<Mood>(), newest});
    }

    Place& some_place() { return *places_[random_() % places_.size()]; }
    Connection& some_connection() { return *connections_[random_() % connections_.size()]; }

    void step() {
        Connection& connection = some_connection();
        const std::size_t at = random_() % 2;
        Ending& end = connection.ends[at];
        const duplex::Pipe& pipe = *connection.pipes[at];
        Place& place = some_place();
        switch (random_() % 24) {
            case 0:
            case 1:
            case 2:
            case 3:
                for (auto count = random_() % 8; count > 0; --count) act(place);
                break;
            case 4:
            case 5:
            case 6:
                place.mood.set({++place.moods});
                place.has_mood = true;
                break;
            case 7:
                place.bus.forget<Mood>();
                place.has_mood = false;
                break;
            case 8:
                place.bus.forget<Said>();
                break;
            case 9:
            case 10:
            case 11:
            case 12:
                for (auto count = random_() % 20; count > 0; --count) io_.poll_one();
                break;
            case 13:
                pipe.capacity(one_in(3) ? 0 : 1 + random_() % 300);
                break;
            case 14:
                pipe.chunk(1 + random_() % 50);
                break;
            case 15:
                pipe.hold();
                break;
            case 16:
                pipe.release();
                break;
            case 17:
            case 18:
                subscribe(connection, at);
                break;
            case 19:
                if (one_in(2)) watch(connection, at);
                break;
            case 20:
                if (end.listening.empty()) break;
                note(*end.listening.back());
                end.listening.erase(end.listening.begin() +
                                    static_cast<std::ptrdiff_t>(random_() % end.listening.size()));
                break;
            case 21:
                if (one_in(3)) break_off(connection, at);
                if (connection.is_over()) replace(connection);
                break;
            case 22:
                // long enough for a PING, or for all time limits
                for (const auto& any : connections_) any->may_end = true;
                static_cast<void>(event::testing::drive_for(io_, clock_, one_in(4) ? 60s : 16s));
                break;
            default:
                if (one_in(2)) settle();
                break;
        }
    }
    void act(Place& place) {
        if (one_in(3)) return place.wave();
        place.say(static_cast<int>(random_() % rooms), std::string(one_in(20) ? 200 : random_() % 30, '.'));
    }
    void break_off(Connection& connection, std::size_t at) {
        connection.may_end = true;
        Ending& end = connection.ends[at];
        switch (random_() % 5) {
            case 0:
                connection.pipes[at]->cut();
                break;
            case 1:
                connection.pipes[at]->cut_after(connection.pipes[at]->passed() + random_() % 50);
                break;
            case 2:
                connection.pipes[at]->eof();
                break;
            case 3:
                if (end.link) end.link->close();
                break;
            default:
                end.link.reset();
                break;
        }
    }
    /// A new link in the place of one that is over.
    void replace(Connection& connection) {
        ++ended;
        const auto place =
            std::ranges::find_if(connections_, [&](const auto& each) { return each.get() == &connection; });
        Place& a = *connection.ends[0].place;
        Place& b = *connection.ends[1].place;
        auto made = connect(a, b);
        gone_.push_back(std::exchange(*place, std::move(made)));
    }
    static void free(const Connection& connection) {
        for (const auto& pipe : connection.pipes) {
            pipe->release();
            pipe->capacity(1 << 16);
        }
    }

    void check() {
        for (const auto* all : {&connections_, &gone_})
            for (const auto& connection : *all)
                for (Ending& end : connection->ends) {
                    for (const auto& listening : end.listening) {
                        if (one_in(2)) listening->take();
                        if (testing::Test::HasFatalFailure()) return;
                    }
                    for (Seeing& seeing : end.seeing) seeing.look();
                    if (end.result && !connection->may_end)
                        ADD_FAILURE() << "a link has ended of itself: " << end.result->message();
                }
    }

    /// Nothing stalls any more, and everything has come.
    void settle() {
        for (const auto& connection : connections_) free(*connection);
        drive(io_);
        for (const auto& connection : connections_) {
            const bool is_running = std::ranges::all_of(connection->ends, [](const Ending& end) {
                return end.link && end.link->stat().state == LinkState::running;
            });
            if (!is_running) continue;
            for (Ending& end : connection->ends) {
                std::size_t open = 0;
                for (const auto& listening : end.listening) {
                    EXPECT_TRUE(listening->is_open() || listening->may_be_killed);
                    if (!listening->is_open()) continue;
                    ++open;
                    listening->settled();
                }
                const Ending& far = &end == &connection->ends[0] ? connection->ends[1] : connection->ends[0];
                EXPECT_EQ(end.link->stat().consuming, open + end.seeing.size());
                EXPECT_EQ(far.link->stat().serving, open + end.seeing.size());
                for (const Seeing& seeing : end.seeing) seeing.expect_newest();
            }
        }
    }

    void finish() {
        settle();
        settle_and_take();
        // each gap is told with the event that comes after it
        for (const auto& place : places_) {
            for (int room = 0; room < rooms; ++room) {
                place->say(room, "");
                settle_and_take();
            }
            place->wave();
            settle_and_take();
        }
        for (const auto& connection : connections_) {
            for (Ending& end : connection->ends) {
                for (const auto& listening : end.listening) {
                    if (listening->is_open()) listening->expect_complete();
                    note(*listening);
                }
                for (const Seeing& seeing : end.seeing) moods += seeing.newest;
            }
        }
        end_all();
    }
    void settle_and_take() {
        settle();
        check_all();
        settle();
    }
    void check_all() {
        for (const auto& connection : connections_)
            for (Ending& end : connection->ends)
                for (const auto& listening : end.listening) listening->take();
    }
    void note(const Listening& listening) {
        came += listening.count;
        lost += listening.lost;
    }

    /// All links end, each in its way: nothing is left of them.
    void end_all() {
        for (const auto& connection : connections_) break_off(*connection, random_() % 2);
        drive(io_);
        for (const auto& connection : connections_) {
            connection->may_end = true;
            for (const auto& pipe : connection->pipes) pipe->cut();  // an end alone is not the end
        }
        drive(io_);
        for (const auto* all : {&connections_, &gone_})
            for (const auto& connection : *all)
                for (Ending& end : connection->ends) {
                    EXPECT_TRUE(end.result);
                    for (const auto& listening : end.listening) EXPECT_FALSE(listening->is_open());
                    if (!end.link) continue;
                    const LinkStat stat = end.link->stat();
                    EXPECT_EQ(stat.state, LinkState::closed);
                    EXPECT_EQ(stat.serving, 0U);
                    EXPECT_EQ(stat.consuming, 0U);
                    EXPECT_EQ(stat.held, 0U);
                    EXPECT_TRUE(stat.reason);
                }
        for (const auto& place : places_) {
            const event::BusReport report = place->bus.report();
            EXPECT_TRUE(report.subscriptions.empty());
            EXPECT_EQ(report.emitters.size(), 2U) << "this place's own";
            EXPECT_EQ(report.topics.size(), 3U);
            for (const event::TopicReport& topic : report.topics) {
                EXPECT_EQ(topic.subscribers, 0U) << topic.name;
                EXPECT_EQ(topic.emitters, 1U) << topic.name;
            }
            for (const event::ValueReport& value : report.values) EXPECT_EQ(value.watchers, 0U);
        }
    }

    std::mt19937_64 random_;
    asio::io_context io_;
    event::testing::ManualClock clock_{io_};
    std::vector<std::unique_ptr<Place>> places_;
    std::vector<std::unique_ptr<Connection>> connections_;
    std::vector<std::unique_ptr<Connection>> gone_;
};

#ifdef EVENTBUS_LONG_STRESS
constexpr std::uint64_t schedules = 1'000;
#else
constexpr std::uint64_t schedules = 200;
#endif

TEST(LinkSchedules, DeliverInOrderCountTheGapsEndWithTheNewestAndLeaveNothing) {
    std::uint64_t came = 0, lost = 0, moods = 0, killed = 0, ended = 0;
    const char* const chosen = std::getenv("EVENTBUS_SEED");
    const std::uint64_t first = chosen == nullptr ? 1 : std::strtoull(chosen, nullptr, 10);
    const std::uint64_t last = chosen == nullptr ? schedules : first;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        SCOPED_TRACE(fmt::format("EVENTBUS_SEED={}", seed));
        Schedule schedule(seed);
        schedule.run();
        if (HasFailure()) return;
        came += schedule.came;
        lost += schedule.lost;
        moods += schedule.moods;
        killed += schedule.killed;
        ended += schedule.ended;
    }
    if (chosen != nullptr) return;
    EXPECT_GT(came, 1'000U);
    EXPECT_GT(lost, 1'000U);
    EXPECT_GT(moods, 1'000U);
    EXPECT_GT(killed, 10U);
    EXPECT_GT(ended, 50U);
}

}  // namespace link_schedules_test
