/// Every allocation of each operation fails once, and nothing is left behind: neither a topic, a subscription, a name
/// nor an event. Linked with allocation.cpp.

#include "../allocation.hpp"
#include "../support.hpp"

#include <chrono>
#include <string_view>

namespace allocation_mended_test {

using namespace support;

struct Base {};
struct One : Base {
    static constexpr std::string_view event_name = "one";
    using event_interfaces = event::Interfaces<Base>;
    int value = 0;
};
struct Two {
    static constexpr std::string_view event_name = "two";
    std::string value;
};
/// The same names, of others: they are free where nothing was left.
struct OtherOne {
    static constexpr std::string_view event_name = "one";
    double values[3] = {};
};
struct OtherTwo {
    static constexpr std::string_view event_name = "two";
    double values[3] = {};
};
/// Owns what must not leak.
struct Held : Base {
    using event_interfaces = event::Interfaces<Base>;
    explicit Held(std::shared_ptr<int> r) : held(std::move(r)) {}
    std::shared_ptr<int> held;
};
constexpr const char* long_text = "a string that is longer than the small buffer";

/// What one failed allocation may not change.
struct Left {
    std::size_t topics, subscriptions, values, emitters, subscribers;
    friend bool operator==(const Left&, const Left&) = default;
};
Left left(const event::EventBus& bus) {
    const auto report = bus.report();
    return {report.topics.size(), report.subscriptions.size(), report.values.size(),
            bus.stat<One>().emitters + bus.stat<Two>().emitters,
            bus.stat<One>().subscribers + bus.stat<Two>().subscribers};
}

/// Without topics, and with retained ones that have an emitter.
class WhereAnAllocationFails : public testing::TestWithParam<bool> {
protected:
    template <class F>
    void each(F operation) {
        for (long n = 0;; ++n) {
            ASSERT_LT(n, 10'000) << "never ends";
            asio::io_context io;
            event::EventBus bus{io};
            std::optional<event::Emitter<One, Two>> keep;
            if (GetParam()) {
                keep.emplace(bus.emitter<One, Two>({.retain = true}));
                keep->emit<One>({});
                keep->emit<Two>({long_text});
            }
            const Left before = left(bus);
            const bool failed = allocation::failing(n, [&] {
                try {
                    operation(bus, io);
                } catch (const std::bad_alloc&) {
                }
            });
            drive(io);
            if (!failed) {
                EXPECT_TRUE(n > 0 || GetParam()) << "nothing was allocated";
                return;
            }
            const Left after = left(bus);
            EXPECT_EQ(after.topics, before.topics) << "at allocation " << n;
            EXPECT_EQ(after.subscriptions, before.subscriptions) << "at allocation " << n;
            EXPECT_EQ(after.values, before.values) << "at allocation " << n;
            EXPECT_EQ(after.emitters, before.emitters) << "at allocation " << n;
            EXPECT_EQ(after.subscribers, before.subscribers) << "at allocation " << n;
            if (GetParam()) {
                auto subscription = bus.subscribe<One, Two>();
                EXPECT_EQ(subscription.stat().size, 2U) << "what was retained, at allocation " << n;
            } else {
                error_code one, two;
                const auto first = bus.emitter<OtherOne>({}, one);
                const auto second = bus.emitter<OtherTwo>({}, two);
                EXPECT_FALSE(one) << "the name, at allocation " << n;
                EXPECT_FALSE(two) << "the name, at allocation " << n;
            }
        }
    }
};

TEST_P(WhereAnAllocationFails, AWatcherLeavesNothing) {
    // D25
    each([](event::EventBus& bus, auto&) { const auto watcher = bus.watch<Two>(); });
    each([](event::EventBus& bus, auto&) { const auto watcher = bus.watch<One>(); });
}

TEST_P(WhereAnAllocationFails, ASecondWatcherOfTheTypeLeavesTheFirst) {
    // D25
    each([](event::EventBus& bus, auto&) {
        auto first = bus.watch<One>();
        auto second = bus.watch<One>();
        auto third = bus.watch<Two>();
    });
}

TEST_P(WhereAnAllocationFails, AWatcherOfAViewLeavesNothing) {
    // D25
    each([](event::EventBus& bus, auto&) {
        const auto value = bus.value<One>();
        const auto watcher = value.watch();
    });
}

TEST_P(WhereAnAllocationFails, AnEmitterLeavesNothing) {
    // D25
    each([](event::EventBus& bus, auto&) { const auto emitter = bus.emitter<One, Two>(); });
    each([](event::EventBus& bus, auto&) {
        const auto emitter = bus.emitter<One, Two>({.retain = true, .name = long_text});
    });
    each([](event::EventBus& bus, auto&) {
        // on an error, an emitter that is closed
        error_code error;
        const auto emitter = bus.emitter<Two>({.name = long_text}, error);
    });
}

TEST_P(WhereAnAllocationFails, ASubscriptionLeavesNothing) {
    // D25
    each([](event::EventBus& bus, auto&) { const auto subscription = bus.subscribe<One, Two>(); });
    each([](event::EventBus& bus, auto&) {
        const auto subscription = bus.subscribe<One, Two>({.on_full = event::Latest{}, .name = long_text});
    });
    each([](event::EventBus& bus, auto&) {
        const auto subscription = bus.subscribe<event::AnyEvent>({.replay_retained = true});
    });
    each([](event::EventBus& bus, auto&) { const auto subscription = bus.subscribe<event::Implements<Base>, Two>(); });
}

TEST_P(WhereAnAllocationFails, ATopicBesideAWildcardLeavesNothing) {
    // D25
    each([](event::EventBus& bus, auto&) {
        const auto behaviour = bus.subscribe<event::Implements<Base>>();
        const auto all = bus.subscribe<event::AnyEvent>();
        const auto emitter = bus.emitter<One>();
        const auto watcher = bus.watch<Two>();
    });
}

TEST_P(WhereAnAllocationFails, APushSubscriptionLeavesNothing) {
    // D25: its handler is destroyed
    auto resource = std::make_shared<int>();
    each([&](event::EventBus& bus, auto&) {
        const auto subscription = bus.subscribe<One, Two>({}, [resource](const auto&) {});
    });
    EXPECT_EQ(resource.use_count(), 1);
}

TEST_P(WhereAnAllocationFails, ARefinedSubscriptionLeavesNothing) {
    // D25
    each([](event::EventBus& bus, auto&) {
        const auto subscription =
            bus.subscribe<Two>({}, event::latest_by([](const Two& two) { return two.value.size(); }));
    });
    each([](event::EventBus& bus, auto&) {
        const auto subscription =
            bus.subscribe<One>({}, event::where([text = std::string("x")](const One&) { return true; }));
    });
}

TEST_P(WhereAnAllocationFails, AValueLeavesNothing) {
    // D25
    each([](event::EventBus& bus, auto&) { const auto value = bus.value<One>(); });
    each([](event::EventBus& bus, auto&) { const auto value = bus.value<Two>(); });
}

TEST_P(WhereAnAllocationFails, CountsAndAWaitForAnEmitterLeaveNothingButTheCount) {
    // D25: a type whose counts were asked for keeps its name
    for (long n = 0;; ++n) {
        asio::io_context io;
        event::EventBus bus{io};
        Completion<bool> wait;
        bool threw = false;
        const bool failed = allocation::failing(n, [&] {
            try {
                const auto count = bus.emitter_count<One>();
                const auto subscribers = bus.subscriber_count<Two>();
                bus.async_wait_emitter<Two>(wait.handler());
            } catch (const std::bad_alloc&) {
                threw = true;
            }
        });
        if (!failed) break;
        if (threw) {
            EXPECT_TRUE(wait.destroyed()) << "at allocation " << n;
        }
        const auto one = bus.emitter<One>();
        const auto two = bus.emitter<Two>();
        const auto emitters = bus.emitter_count<One>();
        EXPECT_EQ(**emitters.try_get(), 1U) << "at allocation " << n;
        drive(io);
    }
}

TEST_P(WhereAnAllocationFails, AnOperationHasNotBegun) {
    // D25: each can be begun once more
    for (long n = 0;; ++n) {
        asio::io_context io;
        event::EventBus bus{io};
        auto subscription = bus.subscribe<Two>({.capacity = 1, .on_full = event::Wait{}});
        auto emitter = bus.emitter<Two>();
        emitter.emit({long_text});
        auto empty = bus.subscribe<One>();
        auto watcher = bus.watch<One>();
        Completion<event::Delivery<One>> receive, again;
        Completion<event::Snapshot<One>> get, get_again;
        Completion<event::EmitResult> emit;
        Completion<bool> end;
        const bool failed = allocation::failing(n, [&] {
            try {
                if (GetParam()) {
                    empty.async_receive_for(std::chrono::hours(1), receive.handler());
                } else {
                    empty.async_receive(receive.handler());
                }
                watcher.async_get(get.handler());
                empty.async_closed(end.handler());
                emitter.async_emit(Two{long_text}, emit.handler());
            } catch (const std::bad_alloc&) {
            }
        });
        if (receive.destroyed()) empty.async_receive(again.handler());
        if (get.destroyed()) watcher.async_get(get_again.handler());
        bus.emitter<One>().emit({});
        drive(io);
        EXPECT_TRUE(receive.done() || again.done()) << "at allocation " << n;
        EXPECT_FALSE(receive.done() ? receive.error() : again.error()) << "at allocation " << n;
        EXPECT_TRUE(get.done() || get_again.done()) << "at allocation " << n;
        if (emit.pending()) {
            EXPECT_TRUE(subscription.try_receive());
            drive(io);
            EXPECT_TRUE(emit.done()) << "at allocation " << n;
        }
        empty.close();
        drive(io);
        if (!end.destroyed()) {
            EXPECT_TRUE(end.done()) << "at allocation " << n;
        }
        if (!failed) break;
    }
}

TEST_P(WhereAnAllocationFails, AnAsyncEmitThatThrowsHasNotEmitted) {
    // the initiation throws, or the event is out and nothing is thrown; on a strand, which allocates to post, too
    for (long n = 0;; ++n) {
        asio::io_context io;
        event::EventBus bus{io, {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
        auto emitter = bus.emitter<Two>({.retain = GetParam()});
        auto subscription = bus.subscribe<Two>({.capacity = 4, .on_full = event::Wait{}});
        auto all = bus.subscribe<event::AnyEvent>();
        const auto strand = asio::make_strand(io);
        Completion<event::EmitResult> on_bus, on_strand;
        std::size_t emitted = 0;
        const bool failed = allocation::failing(n, [&] {
            try {
                emitter.async_emit(Two{long_text}, on_bus.handler());
                ++emitted;
                emitter.async_emit(Two{long_text}, asio::bind_executor(strand, on_strand.handler()));
                ++emitted;
            } catch (const std::bad_alloc&) {
            }
        });
        const auto heard = [](const auto& hears) { return hears.stat().size + hears.stat().lost; };
        EXPECT_EQ(heard(subscription), emitted) << "at allocation " << n;
        EXPECT_EQ(heard(all), emitted) << "at allocation " << n;
        drive(io);
        EXPECT_EQ(on_bus.done(), emitted > 0) << "at allocation " << n;
        // a strand of Asio's that had no memory to be scheduled keeps what it has, and never runs again
        EXPECT_EQ(on_strand.done() || (failed && on_strand.pending()), emitted > 1) << "at allocation " << n;
        if (!failed) break;
    }
}

TEST_P(WhereAnAllocationFails, AContextDiesAllTheSame) {
    // it takes along what waits on it, and on others: nothing of that allocates
    asio::io_context other;
    std::optional<asio::io_context> io(std::in_place);
    event::EventBus bus{*io};
    auto one = bus.subscribe<One>();
    auto two = bus.subscribe<Two>();
    auto watcher = bus.watch<One>();
    Completion<event::Delivery<One>> receive;
    Completion<event::Delivery<Two>> receive_too;
    Completion<event::Snapshot<One>> get;
    one.async_receive(asio::bind_executor(other, receive.handler()));
    two.async_receive(receive_too.handler());
    watcher.async_get(asio::bind_executor(other, get.handler()));
    EXPECT_FALSE(allocation::failing(0, [&] { io.reset(); }));
    EXPECT_TRUE(receive.destroyed());
    EXPECT_TRUE(receive_too.destroyed());
    EXPECT_TRUE(get.destroyed());
}

TEST_P(WhereAnAllocationFails, AnEmitIsNobodysOrIsCountedAsLostWhereItIsNotQueued) {
    // D25: and leaks nothing
    auto resource = std::make_shared<int>();
    for (long n = 0;; ++n) {
        asio::io_context io;
        event::EventBus bus{io, {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
        auto emitter = bus.emitter<Held>({.retain = GetParam()});
        auto listed = bus.subscribe<Held>();
        auto behaviour = bus.subscribe<event::Implements<Base>>();
        auto all = bus.subscribe<event::AnyEvent>();
        const bool failed = allocation::failing(n, [&] {
            try {
                emitter.emplace(resource);
                emitter.emit_all(std::vector<Held>(2, Held(resource)));
            } catch (const std::bad_alloc&) {
            }
        });
        const auto heard = [](const auto& subscription) { return subscription.stat().size + subscription.stat().lost; };
        EXPECT_EQ(heard(listed), heard(behaviour)) << "at allocation " << n;
        EXPECT_EQ(heard(listed), heard(all)) << "at allocation " << n;
        EXPECT_THAT(heard(listed), testing::AnyOf(0U, 1U, 3U)) << "at allocation " << n;
        if (!failed) break;
    }
    EXPECT_EQ(resource.use_count(), 1);
}

TEST_P(WhereAnAllocationFails, StartingAndPassingByLeaveNothing) {
    // D25: and both can be done once more
    event::AnyEvent any;
    {
        asio::io_context io;
        event::EventBus other{io};
        auto all = other.subscribe<event::AnyEvent>();
        other.emitter<One>().emit({});
        any = **all.try_receive();
    }
    each([&](event::EventBus& bus, auto&) { bus.emit(any); });
    for (long n = 0;; ++n) {
        asio::io_context io;
        event::EventBus bus{io, {.on_slow_subscriber = [](const event::SlowSubscriber&) {}}};
        auto subscription = bus.subscribe<event::BusStarted>();
        Completion<bool> ready;
        subscription.async_ready(ready.handler());
        const bool failed = allocation::failing(n, [&] {
            try {
                bus.start();
            } catch (const std::bad_alloc&) {
            }
        });
        bus.start();
        drive(io);
        EXPECT_TRUE(ready.done()) << "at allocation " << n;
        EXPECT_EQ(subscription.stat().size + subscription.stat().lost, 1U) << "at allocation " << n;
        if (!failed) break;
    }
}

INSTANTIATE_TEST_SUITE_P(Mended, WhereAnAllocationFails, testing::Bool(),
                         [](const auto& tested) { return tested.param ? "BesideRetainedOnes" : "OfNewTopics"; });

}  // namespace allocation_mended_test
