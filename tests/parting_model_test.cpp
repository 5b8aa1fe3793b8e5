/// Subscriptions and retention come and go by lot, and after each step the topics that share a lock are those that are
/// tied by what there is just then.

#include "apart.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <vector>

namespace parting_model_test {

using namespace support;
using Group = std::set<std::size_t>;

/// A subscription, a watcher or an emitter, and what it does to topics.
struct Handle {
    Group ties;     // topics that it holds together
    Group uses;     // topics that are in use as long as it lives
    Group retains;  // of these
    std::function<bool()> is_killed = [] { return false; };
    std::function<void(bool drains)> close;
};

template <class... Ts>
std::function<void(bool)> close_of(std::shared_ptr<event::Subscription<Ts...>> subscription) {
    return [subscription](bool drains) { drains ? subscription->close_after_drain() : subscription->close(); };
}

class Program {
public:
    explicit Program(unsigned seed) : random_(seed) {}

    void step() {
        if (handles_.size() < 8 && below(2) == 0) {
            open();
        } else if (!handles_.empty()) {
            close(below(handles_.size()), below(3) == 0);
        }
        look();
    }

private:
    static constexpr std::size_t all = topics;

    std::size_t below(std::size_t end) { return random_() % end; }

    template <std::size_t... numbers>
    void subscribe() {
        const std::vector<event::Backpressure> policies{event::Drop{}, event::DropOldest{}, event::Kill{},
                                                        event::Wait{}};
        add_subscription(std::make_shared<event::Subscription<Topic<numbers>...>>(
                             bus_.subscribe<Topic<numbers>...>({.capacity = 3, .on_full = policies.at(below(4))})),
                         {numbers...}, {numbers...});
    }
    template <class Shared>
    void add_subscription(Shared subscription, Group ties, Group uses) {
        handles_.push_back({.ties = std::move(ties),
                            .uses = std::move(uses),
                            .retains = {},
                            .is_killed = [subscription] { return subscription->stat().killed; },
                            .close = close_of(subscription)});
    }
    template <std::size_t number>
    void retain() {
        if (below(2) == 0) {
            auto emitter =
                std::make_shared<event::Emitter<Topic<number>>>(bus_.emitter<Topic<number>>({.retain = true}));
            add_retention(number, [emitter](bool) { emitter->close(); });
        } else {
            auto watcher = std::make_shared<std::optional<event::Watcher<Topic<number>>>>(bus_.watch<Topic<number>>());
            add_retention(number, [watcher](bool) { watcher->reset(); });
        }
    }
    void add_retention(std::size_t number, std::function<void(bool)> close) {
        retained_.insert(number);
        handles_.push_back({.ties = {}, .uses = {number}, .retains = {number}, .close = std::move(close)});
    }

    void open() {
        switch (below(14)) {
            case 0:
                return subscribe<0, 1>();
            case 1:
                return subscribe<1, 2>();
            case 2:
                return subscribe<2, 3>();
            case 3:
                return subscribe<3, 4>();
            case 4:
                return subscribe<4, 0>();
            case 5:
                return subscribe<0, 2, 4>();
            case 6:
                return subscribe<1, 3>();
            case 7:
                return subscribe<2>();
            case 8:
                return retain<0>();
            case 9:
                return retain<1>();
            case 10:
                return retain<3>();
            case 11:
                return retain<4>();
            default:
                add_subscription(std::make_shared<event::Subscription<event::AnyEvent>>(
                                     bus_.subscribe<event::AnyEvent>({.on_full = event::Drop{}})),
                                 {0, 1, 2, 3, 4}, {});
        }
    }
    void close(std::size_t at, bool drains) {
        handles_.at(at).close(drains);
        // the one that drains lives on, and so do killed ones that something else closes
        gone_.push_back(std::move(handles_.at(at)));
        handles_.erase(handles_.begin() + static_cast<std::ptrdiff_t>(at));
        if (below(2) == 0) gone_.clear();
        note_unused();
    }
    /// What nobody uses is not retained any more.
    void note_unused() {
        Group used;
        for (const Handle& handle : handles_)
            if (!handle.is_killed()) used.insert(handle.uses.begin(), handle.uses.end());
        std::erase_if(retained_, [&](std::size_t number) { return !used.contains(number); });
    }

    /// Whether the topics are together, by how they are tied.
    [[nodiscard]] Probe::Groups expected() const {
        std::array<std::size_t, topics> group{0, 1, 2, 3, 4};
        const auto tie = [&](const Group& members) {
            for (const std::size_t member : members) {
                const std::size_t from = group.at(member);
                std::replace(group.begin(), group.end(), from, std::size_t{group.at(*members.begin())});
            }
        };
        for (const Handle& handle : handles_) tie(handle.ties);
        tie(retained_);
        Probe::Groups groups{};
        for (std::size_t i = 0; i < topics; ++i)
            for (std::size_t j = 0; j < topics; ++j) groups.at(i).at(j) = group.at(i) == group.at(j);
        return groups;
    }
    void look() {
        ASSERT_EQ(Probe(bus_).groups(), expected());
        bus_.forget<Topic<0>>();
        bus_.forget<Topic<1>>();
        bus_.forget<Topic<3>>();
        bus_.forget<Topic<4>>();
        note_unused();
    }

    asio::io_context io_;
    event::EventBus bus_{io_, {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
    std::mt19937 random_;
    std::vector<Handle> handles_;
    std::vector<Handle> gone_;
    Group retained_;
};

TEST(PartingByLot, LeavesTogetherWhatIsTiedAndNothingElse) {
    for (unsigned seed = 0; seed < 40; ++seed) {
        Program program(seed);
        for (int step = 0; step < 100; ++step) {
            program.step();
            if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed << ", step " << step;
        }
    }
}

}  // namespace parting_model_test
