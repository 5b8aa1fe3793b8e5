/// Topics that one subscription has seen together share a lock; when it goes, what it alone held together parts.

#include "apart.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

namespace parting_test {

using namespace support;
using A = Topic<0>;
using B = Topic<1>;
using C = Topic<2>;
using D = Topic<3>;
using E = Topic<4>;
using event::AnyEvent;

class Parting : public testing::Test {
protected:
    [[nodiscard]] bool together(std::size_t left, std::size_t right) { return probe_.are_together(left, right); }
    /// All of them, or none with any other.
    [[nodiscard]] bool all_together() {
        const auto groups = probe_.groups();
        return std::all_of(groups.begin(), groups.end(),
                           [](const auto& row) { return std::count(row.begin(), row.end(), true) == topics; });
    }
    [[nodiscard]] bool all_apart() {
        const auto groups = probe_.groups();
        return std::all_of(groups.begin(), groups.end(),
                           [](const auto& row) { return std::count(row.begin(), row.end(), true) == 1; });
    }

    asio::io_context io_;
    event::EventBus bus_{io_, {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
    Probe probe_{bus_};
};

TEST_F(Parting, FollowsWhenAWildcardGoes) {
    EXPECT_TRUE(all_apart());
    auto all = bus_.subscribe<AnyEvent>({.on_full = event::Drop{}});
    EXPECT_TRUE(all_together());
    all.close();
    EXPECT_TRUE(all_apart());
    {
        const auto destroyed = bus_.subscribe<AnyEvent>({.on_full = event::Drop{}});
        EXPECT_TRUE(all_together());
    }
    EXPECT_TRUE(all_apart());
}

TEST_F(Parting, FollowsTheHandleThatWasMovedTo) {
    auto first = bus_.subscribe<A, B>({.on_full = event::Drop{}});
    auto second = std::move(first);
    first.close();  // NOLINT(bugprone-use-after-move): it has nothing to close
    EXPECT_TRUE(together(0, 1));
    second = bus_.subscribe<A, B>({.on_full = event::Drop{}});
    EXPECT_TRUE(together(0, 1));
    second = {};
    EXPECT_TRUE(all_apart());
}

TEST_F(Parting, WaitsForTheLastThatHoldsTheSameTogether) {
    // whichever registered first, and in whatever order they go
    std::array<std::size_t, 4> order{0, 1, 2, 3};
    do {
        std::array<std::optional<event::Subscription<A, B>>, 4> open;
        for (auto& subscription : open) subscription.emplace(bus_.subscribe<A, B>({.on_full = event::Drop{}}));
        for (const std::size_t next : order) {
            ASSERT_TRUE(together(0, 1));
            open.at(next).reset();
        }
        ASSERT_TRUE(all_apart());
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(Parting, TakesApartOnlyWhatTheSubscriptionHeld) {
    auto ab = bus_.subscribe<A, B>({.on_full = event::Drop{}});
    auto bc = bus_.subscribe<B, C>({.on_full = event::Drop{}});
    auto de = bus_.subscribe<D, E>({.on_full = event::Drop{}});
    auto cd = bus_.subscribe<C, D>({.on_full = event::Drop{}});
    EXPECT_TRUE(all_together());
    bc.close();
    EXPECT_TRUE(together(0, 1));
    EXPECT_FALSE(together(1, 2));
    EXPECT_TRUE(together(2, 4));
    de.close();
    EXPECT_TRUE(together(0, 1));
    EXPECT_TRUE(together(2, 3));
    EXPECT_FALSE(together(3, 4));
    ab.close();
    cd.close();
    EXPECT_TRUE(all_apart());
}

TEST_F(Parting, LeavesEachGroupItsOrder) {
    auto ab = bus_.subscribe<A, B>();
    auto ba = bus_.subscribe<B, A>();
    auto cd = bus_.subscribe<C, D>();
    {
        const auto all = bus_.subscribe<AnyEvent>({.on_full = event::Drop{}});
        probe_.emit<0>(1);
        probe_.emit<2>(1);
    }
    for (int i = 2; i < 20; ++i) {
        probe_.emit<0>(i);
        probe_.emit<3>(i);
        probe_.emit<1>(i);
        probe_.emit<2>(i);
    }
    const auto left = take_all(ab);
    const auto right = take_all(ba);
    ASSERT_EQ(left.size(), 37U);
    ASSERT_EQ(right.size(), 37U);
    for (std::size_t i = 0; i < left.size(); ++i) {
        EXPECT_EQ(left[i].sequence(), right[i].sequence());
        if (i == 0) continue;
        EXPECT_GT(left[i].sequence(), left[i - 1].sequence());
    }
    EXPECT_EQ(take_all(cd).size(), 37U);
}

// ---- sequences ------------------------------------------------------------------------------------------------------

TEST_F(Parting, LetsSequencesGoOn) {
    auto a = bus_.subscribe<A>();
    auto b = bus_.subscribe<B>();
    std::uint64_t last = 0;
    const auto sees_newer = [&](auto& subscription) {
        const auto delivery = subscription.try_receive();
        EXPECT_GT(delivery->sequence(), last);
        last = delivery->sequence();
    };
    for (int round = 0; round < 3; ++round) {
        {
            const auto all = bus_.subscribe<AnyEvent>({.on_full = event::Drop{}});
            probe_.emit<0>();
            sees_newer(a);
            probe_.emit<1>();
            sees_newer(b);
        }
        const std::uint64_t parted_at = last;
        probe_.emit<0>();
        sees_newer(a);
        EXPECT_EQ(last, bus_.stat<A>().last_sequence);
        last = parted_at;
        probe_.emit<1>();
        sees_newer(b);
        EXPECT_EQ(last, bus_.stat<B>().last_sequence);
        EXPECT_EQ(last, parted_at + 1) << "each goes on by itself";
    }
}

TEST_F(Parting, LetsWhoMergesAgainGoOnFromTheLargerNumber) {
    auto both = bus_.subscribe<A, B>();
    probe_.emit<0>();
    both.close();
    for (int i = 0; i < 10; ++i) probe_.emit<1>();  // nobody hears
    auto b = bus_.subscribe<B>();
    for (int i = 0; i < 10; ++i) probe_.emit<1>();
    const std::uint64_t last = take_all(b).back().sequence();
    both = bus_.subscribe<A, B>();
    probe_.emit<0>();
    EXPECT_EQ(both.try_receive()->sequence(), last + 1);
}

// ---- what else holds topics together
// ------------------------------------------------------------------------------------

TEST_F(Parting, LeavesWhatIsRetainedTogether) {
    auto a = bus_.emitter<A>({.retain = true});
    const auto c = bus_.watch<C>();
    {
        const auto all = bus_.subscribe<AnyEvent>({.on_full = event::Drop{}});
        EXPECT_TRUE(all_together());
    }
    EXPECT_TRUE(together(0, 2));
    EXPECT_FALSE(together(0, 1));
    EXPECT_FALSE(together(3, 4));
    auto e = bus_.emitter<E>({.retain = true});
    EXPECT_TRUE(together(0, 4));
    EXPECT_TRUE(together(2, 4));
}

TEST_F(Parting, FollowsWhenATopicIsRetainedNoLonger) {
    struct Passing {
        int value;
    };
    auto a = bus_.emitter<A>({.retain = true});
    auto kept = std::make_optional(bus_.emitter<Passing>({.retain = true}));  // the one who was retained last
    auto link = bus_.subscribe<Passing, B>({.on_full = event::Drop{}});
    EXPECT_TRUE(together(0, 1));
    kept.reset();
    EXPECT_TRUE(together(0, 1)) << "somebody still subscribes to it";
    link.close();
    EXPECT_FALSE(together(0, 1));
    auto c = bus_.emitter<C>({.retain = true});
    EXPECT_TRUE(together(0, 2)) << "what is retained next finds those who are";
}

struct Side {};
struct Other {};
struct Left : Side {
    using event_interfaces = event::Interfaces<Side>;
};
struct Both : Side, Other {
    using event_interfaces = event::Interfaces<Side, Other>;
};

TEST_F(Parting, FollowsWhenABehaviourIsHeardNoLonger) {
    // each of the types is tied to a topic that can be seen
    const auto ties = std::make_tuple(bus_.subscribe<Left, A>(), bus_.subscribe<Both, B>());
    EXPECT_FALSE(together(0, 1));
    auto side = bus_.subscribe<event::Implements<Side>>();
    EXPECT_TRUE(together(0, 1));
    auto again = bus_.subscribe<event::Implements<Side>, event::Implements<Other>>();
    side.close();
    EXPECT_TRUE(together(0, 1));
    again.close();
    EXPECT_FALSE(together(0, 1));
}

TEST_F(Parting, FollowsWhereATopicWasBornUnderAWildcard) {
    struct Late {
        int value;
    };
    auto first = bus_.subscribe<AnyEvent>({.on_full = event::Drop{}});
    auto second = bus_.subscribe<AnyEvent>({.on_full = event::Drop{}});
    const auto late = bus_.subscribe<Late, A>({.on_full = event::Drop{}});
    first.close();
    EXPECT_TRUE(all_together());
    second.close();
    EXPECT_TRUE(all_apart());
}

// ---- how subscriptions go
// -----------------------------------------------------------------------------------------------

TEST_F(Parting, FollowsWhenADrainedSubscriptionTakesNothingMore) {
    auto both = bus_.subscribe<A, B>();
    probe_.emit<0>(1);
    probe_.emit<1>(2);
    both.close_after_drain();
    EXPECT_TRUE(all_apart());
    probe_.emit<0>(3);
    const auto first = both.try_receive();
    const auto second = both.try_receive();
    EXPECT_EQ(first->get<A>().value, 1);
    EXPECT_EQ(second->get<B>().value, 2);
    EXPECT_LT(first->sequence(), second->sequence());
    EXPECT_FALSE(both.try_receive());
    EXPECT_FALSE(both.is_open());
}

TEST(DrainedSubscription, LeavesItsTopicsBehindWhenItIsClosed) {
    asio::io_context io;
    event::EventBus bus{io};
    auto value = std::make_optional(bus.value<B>());
    auto both = bus.subscribe<A, B>();
    value->set({.value = 1});
    bus.close();  // what is retained can still be read
    value.reset();
    both.close();
    EXPECT_FALSE(bus.stat<B>().retained);
    EXPECT_EQ(bus.stat<B>().emitted, 0U);
}

TEST_F(Parting, FollowsWhenTheHandleOfAKilledSubscriptionGoes) {
    auto both = std::make_optional(bus_.subscribe<A, B>({.capacity = 1, .on_full = event::Kill{}}));
    auto other = bus_.subscribe<C, D>({.on_full = event::Drop{}});
    probe_.emit<0>();
    EXPECT_EQ(probe_.emit<1>().killed, 1U);
    other.close();
    both.reset();
    EXPECT_TRUE(all_apart());
}

TEST_F(Parting, FollowsWhenAFilterClosesASubscription) {
    auto both = bus_.subscribe<A, B>({.on_full = event::Drop{}});
    const auto closes = bus_.subscribe<A>({}, event::where([&](const A&) {
                                              both.close();
                                              return true;
                                          }));
    probe_.emit<0>();
    EXPECT_FALSE(both.is_open());
    EXPECT_TRUE(all_apart());
}

TEST_F(Parting, FollowsWhenTheStartEndsASubscription) {
    struct NobodyEmits {};
    auto lacking = bus_.subscribe<A, B, NobodyEmits>({.require_emitters = true});
    EXPECT_TRUE(together(0, 1));
    bus_.start();
    EXPECT_TRUE(all_apart());
    const auto late = bus_.subscribe<A, B, NobodyEmits>({.require_emitters = true});
    EXPECT_FALSE(late.is_open());
    EXPECT_TRUE(all_apart());
}

TEST_F(Parting, FollowsARegistrationThatFailed) {
    const auto retained = bus_.emitter<A>({.retain = true});
    EXPECT_THROW(auto refused = (bus_.emitter<B>({.retain = true, .exclusive = true})), boost::system::system_error);
    EXPECT_TRUE(all_apart());
    retained.emit({});
    EXPECT_THROW(auto refused = (bus_.subscribe<A, B>({}, event::where([](const A&) -> bool { throw 1; }))), int);
    EXPECT_TRUE(all_apart());
}

TEST_F(Parting, LetsWhoWaitsForRoomKeepItsPlace) {
    auto a = bus_.emitter<A>();
    auto b = bus_.emitter<B>();
    auto both = bus_.subscribe<A, B>({.capacity = 1, .on_full = event::Wait{}});
    auto all = std::make_optional(bus_.subscribe<AnyEvent>({.capacity = 1, .on_full = event::Wait{}}));
    probe_.emit<0>(0);
    std::vector<Completion<event::EmitResult>> waiting(4);
    a.async_emit({.value = 1}, waiting[0].handler());
    b.async_emit({.value = 2}, waiting[1].handler());
    drive(io_);
    all.reset();
    b.async_emit({.value = 3}, waiting[2].handler());
    a.async_emit({.value = 4}, waiting[3].handler());
    drive(io_);
    for (int value = 0; value <= 4; ++value) {
        const auto delivery = both.try_receive();
        ASSERT_TRUE(delivery) << value;
        delivery->visit([&](const auto& event) { EXPECT_EQ(event.value, value); });
        drive(io_);
    }
    for (const auto& one : waiting) EXPECT_TRUE(one.done());
}

TEST_F(Parting, LetsWhoWaitedForTheSubscriptionGoOn) {
    auto a = bus_.emitter<A>();
    auto b = bus_.emitter<B>();
    auto both = bus_.subscribe<A, B>({.capacity = 1, .on_full = event::Wait{}});
    auto only_b = bus_.subscribe<B>({.capacity = 1, .on_full = event::Wait{}});
    probe_.emit<1>(0);
    Completion<event::EmitResult> first;
    Completion<event::EmitResult> second;
    a.async_emit({.value = 1}, first.handler());
    b.async_emit({.value = 2}, second.handler());
    both.close();
    drive(io_);
    EXPECT_TRUE(first.done());
    EXPECT_TRUE(second.pending());
    EXPECT_EQ(only_b.try_receive()->get<B>().value, 0);
    drive(io_);
    EXPECT_TRUE(second.done());
    EXPECT_TRUE(all_apart());
}

TEST_F(Parting, FollowsTheEndOfTheBus) {
    auto all = bus_.subscribe<AnyEvent>();
    probe_.emit<0>(7);
    bus_.close();
    EXPECT_EQ(probe_.emit<0>().error, event::errc::closed);
    EXPECT_EQ(all.try_receive()->get().get_if<A>()->value, 7);
    EXPECT_FALSE(all.try_receive());
}

}  // namespace parting_test
