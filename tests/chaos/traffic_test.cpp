/// Everything at once: emitters, subscriptions, values and watchers come and go on several threads, and what is counted
/// when all is quiet has to add up.

#include "chaos/members.hpp"
#include "chaos/rounds.hpp"

#include <boost/asio/detached.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <numeric>
#include <span>

namespace chaos {
namespace {

/// What the clients of one round share.
struct World {
    explicit World(Random& random)
        : retains(random.one_in(3)),
          starts(random.one_in(3)),
          bus(std::make_optional<event::EventBus>(
              homes[0].io(),
              event::BusOptions{.on_slow_subscriber = [this](const event::SlowSubscriber&) { slow(); }})),
          number(std::make_optional<event::Value<std::uint64_t>>(homes[1].io(), 0U)) {}

    void keep(std::shared_ptr<Member> member) {
        const std::lock_guard guard(mutex);
        kept.push_back(std::move(member));
    }

    std::deque<Home> homes = [] {
        std::deque<Home> made;
        for (std::uint32_t home = 1; home <= 2; ++home) made.emplace_back(home);
        return made;
    }();
    const bool retains;
    const bool starts;
    Ledger ledger;
    Callbacks slow;
    std::optional<event::EventBus> bus;
    std::optional<event::Value<std::uint64_t>> number;
    std::atomic<bool> has_started{false};
    std::atomic<std::uint32_t> emitters{0};
    std::mutex mutex;
    std::vector<std::shared_ptr<Member>> kept;  // guarded by mutex: to be looked at in the end
};

/// A watcher whose gets must see an ever newer, ever larger number.
class Follower : public std::enable_shared_from_this<Follower> {
public:
    /// `plainly`: it passes nothing over, and so sees the last number.
    enum class Gets : std::uint8_t { in_all_ways, plainly };

    Follower(event::Watcher<std::uint64_t> watcher, asio::io_context& home, Gets gets = Gets::in_all_ways)
        : watcher_(std::move(watcher)), home_(home), gets_(gets) {}

    void get() {
        const auto handler = [this](Kind kind) {
            return asio::bind_executor(Flaky(home_), Got{shared_from_this(), Token(kind)});
        };
        if (gets_ == Gets::plainly) return watcher_.async_get(handler(Kind::get));
        switch (Disturbed::random().below(3)) {
            case 0:
                return watcher_.async_get_if([](std::uint64_t number) { return number % 2 == 0; },
                                             handler(Kind::get_if));
            case 1:
                return watcher_.async_wait(handler(Kind::wait_newer));
            default:
                return watcher_.async_get(handler(Kind::get));
        }
    }
    void cancel() noexcept { watcher_.cancel(); }
    void close() noexcept { watcher_.close(); }
    [[nodiscard]] std::uint64_t last() const noexcept { return last_; }

private:
    struct Got {
        std::shared_ptr<Follower> self;
        Token token;
        void operator()(boost::system::error_code error, const event::Snapshot<std::uint64_t>& snapshot) {
            if (!error) {
                EXPECT_GT(snapshot.version(), self->version_) << "never the same set twice, nor an older one";
                EXPECT_GE(*snapshot, self->last_);
                self->version_ = snapshot.version();
                self->last_ = *snapshot;
            }
            (*this)(error);
        }
        void operator()(boost::system::error_code error) {
            if (error != event::errc::closed) self->get();
            token.complete();  // last: until then something is pending
        }
    };

    event::Watcher<std::uint64_t> watcher_;
    asio::io_context& home_;
    const Gets gets_;
    std::uint64_t version_ = 0;
    std::uint64_t last_ = 0;
};

/// One thread that does anything.
class Client {
public:
    Client(World& world, Random& random) : world_(world), random_(random) { emitter_.emplace(make_emitter()); }

    void work(int steps) {
        for (int i = 0; i < steps; ++i) step();
        for (const auto& member : members_) member->receive();
        while (!members_.empty()) drop(0);
        for (const auto& follower : followers_) follower->close();
    }

private:
    using Emitter = event::Emitter<Small, Keyed, Shared>;

    void step() {
        switch (random_.below(26)) {
            case 0:
            case 1:
            case 2:
                return subscribe();
            case 3:
                return look_around();
            case 4:
            case 5:
                return emit_later();
            case 6:
                return emit_many();
            case 7:
                return set();
            case 8:
                return follow();
            case 9:
                emitter_.emplace(make_emitter());
                return;
            case 10:
            case 11:
                return end_one();
            case 12:
            case 13:
            case 14:
                if (!members_.empty()) any_member().receive();
                return;
            default:
                return emit();
        }
    }

    Emitter make_emitter() {
        name_ = {++world_.emitters, 0};
        return world_.bus->emitter<Small, Keyed, Shared>({.retain = world_.retains && random_.one_in(2)});
    }
    Id next() { return {name_.emitter, ++name_.number}; }
    asio::io_context& any_home() { return world_.homes[random_.below(world_.homes.size())].io(); }
    Member& any_member() { return *members_[random_.below(members_.size())]; }

    void emit() {
        switch (random_.below(3)) {
            case 0:
                return world_.ledger.count(0, emitter_->emit(Small{next()}));
            case 1:
                return world_.ledger.count(1, emitter_->emit(Keyed{next(), random_.below(4)}));
            default:
                return world_.ledger.count(2, emitter_->emit(Shared{{next()}}));
        }
    }
    void emit_many() {
        std::vector<Small> batch(1 + random_.below(5));
        for (Small& event : batch) event = Small{next()};
        world_.ledger.count(0, emitter_->emit_all(std::span<const Small>(batch)), batch.size());
    }
    /// Those that wait are overtaken by others of this emitter.
    void emit_later() {
        const Id alone{++world_.emitters, 1};
        const auto counted = [&](std::size_t type) {
            return asio::bind_executor(Flaky(any_home()),
                                       [&ledger = world_.ledger, type, token = Token(Kind::emit)](
                                           boost::system::error_code error, const event::EmitResult& result) mutable {
                                           token.complete();
                                           EXPECT_TRUE(!error || error == event::errc::closed) << error.message();
                                           ledger.count(type, result);
                                       });
        };
        if (random_.one_in(2)) return emitter_->async_emit(Small{alone}, counted(0));
        emitter_->async_emit<Shared>(Shared{{alone}}, counted(2));
    }

    void subscribe() {
        if (members_.size() == 6) return drop(random_.below(members_.size()));
        const Choice choice{*world_.bus, any_home(), world_.ledger, false};
        members_.push_back(make_member(choice, random_.below(member_kinds), random_));
    }
    void end_one() {
        if (members_.empty()) return;
        Member& member = any_member();
        switch (random_.below(6)) {
            case 0:
                return member.close_after_drain();
            case 1:
                return member.close_at_home();
            case 2:
                return member.look_for_the_end();
            case 3:
                return member.look_for_the_start();
            case 4:
                return member.cancel();
            default:
                return drop(random_.below(members_.size()));
        }
    }
    void drop(std::size_t place) {
        std::shared_ptr<Member> member = std::move(members_[place]);
        members_[place] = std::move(members_.back());
        members_.pop_back();
        member->close();
        if (random_.one_in(2)) world_.keep(std::move(member));
    }
    void look_around() {
        switch (random_.below(4)) {
            case 0:
                EXPECT_LE(world_.bus->report().topics.size(), event_types + 1);
                return;
            case 1:
                if (world_.starts) start();
                return;
            default:
                EXPECT_TRUE(members_.empty() || any_member().stat().capacity != 0);
        }
    }

    void start() {
        world_.bus->start();
        world_.has_started = true;
    }

    void set() {
        for (int i = 0; i < 3; ++i) world_.number->update([](std::uint64_t number) { return number + 1; });
    }
    void follow() {
        if (followers_.size() == 3) {
            Follower& follower = *followers_[random_.below(3)];
            return random_.one_in(4) ? follower.close() : follower.cancel();
        }
        asio::io_context& home = any_home();
        followers_.push_back(std::make_shared<Follower>(world_.number->watch(), home));
        asio::post(home, [follower = followers_.back()] { follower->get(); });
    }

    World& world_;
    Random& random_;
    std::optional<Emitter> emitter_;
    Id name_;
    std::vector<std::shared_ptr<Member>> members_;
    std::vector<std::shared_ptr<Follower>> followers_;
};

struct Steady {
    std::shared_ptr<Member> member;
    std::uint32_t kind;
};

/// Nobody emits any more, and every queue was emptied.
void expect_conservation(const World& world, std::span<const Steady> steady) {
    for (const auto& [member, kind] : steady) {
        member->expect_all_is_counted();
        EXPECT_EQ(member->seen().replayed(), 0U) << "it was there before the first event";
        const auto types = types_of(kind);
        std::uint64_t emitted = 0;
        for (std::size_t type = 0; type < event_types; ++type)
            if (types[type]) emitted += world.ledger.emitted(type);
        if (kind == any_event && world.has_started) ++emitted;
        const auto figures = member->stat();
        EXPECT_EQ(figures.delivered + figures.lost + figures.rejected + figures.discarded, emitted)
            << "of a subscription of kind " << kind << " under policy " << static_cast<int>(figures.policy);
    }
    const std::size_t retained = (world.retains ? event_types : 0U) + (world.has_started ? 1U : 0U);
    for (const auto& member : world.kept) {
        member->expect_all_is_counted();
        EXPECT_LE(member->seen().replayed(), retained) << "at most the last one of each type that is retained";
    }
    world.ledger.expect_one_order();
}

void round(Random& random) {
    World world(random);
    std::vector<Steady> steady;
    for (int i = 0; i < 3; ++i) {
        const std::uint32_t kind = random.below(member_kinds);
        const Choice choice{*world.bus, world.homes[random.below(2)].io(), world.ledger, true};
        steady.push_back({make_member(choice, kind, random), kind});
    }
    auto last_seen = std::make_shared<Follower>(world.number->watch(), world.homes[0].io(), Follower::Gets::plainly);
    asio::post(world.homes[0].io(), [last_seen] { last_seen->get(); });
    {
        Crew crew;
        for (int i = 0; i < 3; ++i) crew.add("a client", [&world](Random& own) { Client(world, own).work(60); });
    }
    while (books_of(Kind::emit).pending() != 0) std::this_thread::yield();
    world.bus->close();
    const std::uint64_t last = **world.number->try_get();
    world.number->close();
    wait_until_all_have_ended();
    for (Home& home : world.homes) home.end();
    EXPECT_EQ(destroyed(), 0U) << "nothing is destroyed while its contexts live";
    EXPECT_EQ(last_seen->last(), last) << "who looks all the time sees the last value";
    expect_conservation(world, steady);
    const auto sums = world.bus->report();
    if (!world.retains && !world.starts) {
        EXPECT_EQ(sums.delivered + sums.lost + sums.rejected + sums.discarded + sums.killed, world.ledger.offered());
    }
    // the rest goes in any order
    std::array<std::function<void()>, 4> ends{[&] { world.bus.reset(); }, [&] { world.number.reset(); },
                                              [&] { world.kept.clear(); }, [&] { steady.clear(); }};
    for (std::size_t i = ends.size(); i > 0; --i) {
        std::swap(ends[random.below(i)], ends[i - 1]);
        ends[i - 1]();
    }
}

TEST(Chaos, EverythingComesAndGoes) { run_rounds(&round, 5); }

}  // namespace
}  // namespace chaos
