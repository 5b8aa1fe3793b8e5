/// Values that are made of others, which are set meanwhile: who looks never sees what never was, nor an older state
/// after a newer one, and sees the last one in the end.

#include "chaos/operations.hpp"
#include "chaos/rounds.hpp"

#include <event/all.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace chaos {
namespace {

/// Two values that one thread sets in turn, the left one first: it is never behind, and never two ahead.
struct Pair {
    std::uint64_t left = 0;
    std::uint64_t right = 0;
};
/// Two pairs, and the first of them once more, on another way.
struct State {
    Pair first;
    Pair second;
    Pair again;
};

void expect_was_so(const Pair& pair) {
    EXPECT_GE(pair.left, pair.right);
    EXPECT_LE(pair.left, pair.right + 1);
}
void expect_was_so(const State& state) {
    expect_was_so(state.first);
    expect_was_so(state.second);
    EXPECT_EQ(state.first.left, state.again.left);
    EXPECT_EQ(state.first.right, state.again.right);
}

class Looks : public std::enable_shared_from_this<Looks> {
public:
    Looks(event::Watcher<State> watcher, asio::io_context& home) : home_(home), watcher_(std::move(watcher)) {}

    void begin() {
        asio::post(home_, [self = shared_from_this(), token = Token(Kind::get)]() mutable {
            self->look();
            token.complete();
        });
    }
    void cancel() noexcept { watcher_.cancel(); }
    void close() noexcept { watcher_.close(); }
    [[nodiscard]] const State& last() const noexcept { return last_; }

private:
    struct Got {
        std::shared_ptr<Looks> self;
        Token token;
        void operator()(boost::system::error_code error, const event::Snapshot<State>& state) {
            if (!error) self->see(*state);
            (*this)(error);
        }
        void operator()(boost::system::error_code error) {
            if (error != event::errc::closed) self->look();
            token.complete();  // last: until then something is pending
        }
    };

    void look() {
        const auto handler = [this](Kind kind) {
            return asio::bind_executor(Flaky(home_), Got{shared_from_this(), Token(kind)});
        };
        if (Disturbed::random().one_in(4)) return watcher_.async_wait(handler(Kind::wait_newer));
        watcher_.async_get(handler(Kind::get));
    }
    void see(const State& state) {
        expect_was_so(state);
        EXPECT_GE(state.first.left + state.first.right, last_.first.left + last_.first.right);
        EXPECT_GE(state.second.left + state.second.right, last_.second.left + last_.second.right);
        last_ = state;
    }

    asio::io_context& home_;
    event::Watcher<State> watcher_;
    State last_;
};

/// What is made of the values, anew for each who asks.
[[nodiscard]] event::ValueView<State> make_state(const std::vector<event::ValueView<std::uint64_t>>& views) {
    const auto pair = [](std::uint64_t left, std::uint64_t right) { return Pair{left, right}; };
    return event::combine(event::combine(views[0], views[1], pair), event::combine(views[2], views[3], pair), views[1],
                          views[0], [](const Pair& first, const Pair& second, std::uint64_t right, std::uint64_t left) {
                              disturb();
                              return State{first, second, {left, right}};
                          });
}

void combine_beside_sets(Random& random) {
    std::deque<Home> homes;
    for (std::uint32_t home = 1; home <= 2; ++home) homes.emplace_back(home);
    std::deque<event::Value<std::uint64_t>> values;
    std::vector<event::ValueView<std::uint64_t>> views;
    const bool are_set = random.one_in(2);
    for (std::size_t i = 0; i < 4; ++i) {
        if (are_set) {
            values.emplace_back(homes[i % 2].io(), 0U);
        } else {
            values.emplace_back(homes[i % 2].io());
        }
        views.push_back(values.back().view());
    }
    const std::uint32_t sets = 50 + random.below(100);
    auto state = std::make_optional(make_state(views));
    std::vector<std::shared_ptr<Looks>> steady;
    for (int i = 0; i < 2; ++i) {
        steady.push_back(std::make_shared<Looks>(state->watch(), homes[random.below(2)].io()));
        steady.back()->begin();
    }
    {
        Crew crew;
        for (const std::size_t first : {0U, 2U}) {
            crew.add("sets", [&, first](Random&) {
                for (std::uint64_t n = are_set ? 1 : 0; n <= sets; ++n) {
                    values[first].set(n);
                    values[first + 1].set(n);
                }
            });
        }
        crew.add("comes and goes", [&](Random& own) {
            std::optional<event::ValueView<State>> mine;
            for (int i = 0; i < 20; ++i) {
                if (!mine || own.one_in(4)) mine = own.one_in(2) ? make_state(views) : *state;
                const auto looks = std::make_shared<Looks>(mine->watch(), homes[own.below(2)].io());
                looks->begin();
                if (const auto now = mine->try_get()) expect_was_so(**now);
                if (own.one_in(2)) looks->cancel();
                looks->close();
            }
        });
        crew.add("reads", [&](Random& own) {
            std::uint64_t version = 0;
            for (int i = 0; i < 60; ++i) {
                const auto now = state->try_get();
                if (own.one_in(4)) steady[own.below(2)]->cancel();
                if (!now) continue;
                expect_was_so(**now);
                EXPECT_GE(now->version(), version);
                version = now->version();
            }
        });
    }
    const auto now = state->try_get();
    ASSERT_TRUE(now);
    EXPECT_EQ((*now)->first.right + (*now)->second.right, 2 * std::uint64_t{sets}) << "who reads sees what was set";
    if (random.one_in(2)) state.reset();
    for (event::Value<std::uint64_t>& value : values) value.close();
    wait_until_all_have_ended();
    for (Home& home : homes) home.end();
    EXPECT_EQ(destroyed(), 0U) << "nothing is destroyed while its contexts live";
    for (const auto& looks : steady) {
        EXPECT_EQ(looks->last().first.right, sets) << "who looks all the time sees the last state";
        EXPECT_EQ(looks->last().second.right, sets);
    }
}

TEST(Chaos, WhatIsMadeOfSeveralValuesWasSo) { run_rounds(&combine_beside_sets); }

}  // namespace
}  // namespace chaos
