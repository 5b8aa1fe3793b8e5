/// The user's code throws, at each call of it: filters, keys, merges, callbacks, handlers, predicates, visitors. What
/// it has thrown comes out where the documentation says, nothing is half done, and the next event is delivered as ever.

#include "scene.hpp"

#include <event/fmt.hpp>

#include <fmt/format.h>

namespace user_code_faults_test {

using namespace faults;

/// With a key that can be hashed, compared, copied, and be thrown for all of it.
struct Key {
    int value;
    friend bool operator==(const Key& left, const Key& right) {
        user_code();
        return left.value == right.value;
    }
};

}  // namespace user_code_faults_test

template <>
struct std::hash<user_code_faults_test::Key> {
    std::size_t operator()(const user_code_faults_test::Key& key) const {
        faults::user_code();
        return static_cast<std::size_t>(key.value % 2);
    }
};

namespace user_code_faults_test {

constexpr auto key_of = [](const auto& event) {
    user_code();
    return Key{static_cast<int>(std::size(event.value))};
};
constexpr auto merged = [](const Large& queued, const Large& newer) {
    user_code();
    return std::optional<Large>(Large(queued.value + newer.value));
};
constexpr auto is_wanted = [](const auto&) {
    user_code();
    return true;
};

/// Between two others, one whose refinement throws at its n-th call. Every event reaches the others; what it was thrown
/// for counts as rejected, all others reach it; and what was thrown leaves the emit.
template <class Subscribe>
void throws_in_a_refinement(Subscribe subscribe) {
    long n = 0;
    for (bool failed = true; failed; ++n) {
        ASSERT_LT(n, 1'000) << "never ends";
        SCOPED_TRACE(fmt::format("call {}", n));
        {
            asio::io_context io;
            event::EventBus bus{io};
            const auto emitter = bus.emitter<Large>();
            auto before = bus.subscribe<Large>({.capacity = 3, .on_full = event::DropOldest{}});
            auto refined = subscribe(bus);
            auto after = bus.subscribe<event::AnyEvent>();
            bool threw = false;
            int emitted = 0;
            failed = user_code_alone.failing(
                n,
                [&] {
                    for (const auto* text : {"a", "bb", "c", "dd"}) {
                        ++emitted;
                        emitter.emplace(text);
                    }
                },
                threw);
            EXPECT_EQ(threw, failed) << "comes out of the emit";
            while (emitted < 5) {
                emitter.emplace("rest");
                ++emitted;
            }
            EXPECT_EQ(before.stat().size + before.stat().lost, 5U);
            EXPECT_EQ(after.stat().size, 5U);
            const auto stat = refined.stat();
            EXPECT_EQ(stat.rejected, failed ? 1U : 0U);
            EXPECT_EQ(stat.size + stat.lost + stat.rejected, 5U);
            EXPECT_EQ(bus.stat<Large>().emitted, 5U);
            EXPECT_EQ(take_all(refined).size(), stat.size);
            EXPECT_EQ(take_all(after).size(), 5U);
            emitter.emplace("later");
            EXPECT_EQ(refined.stat().size, 1U);
            EXPECT_EQ(take_all(refined).size(), 1U);
        }
        ASSERT_EQ(Large::alive, 0) << "leaks";
        if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(n, 4);
}

TEST(ThrowingUserCode, InAFilter) {
    throws_in_a_refinement([](event::EventBus& bus) { return bus.subscribe<Large>({}, event::where(is_wanted)); });
    throws_in_a_refinement([](event::EventBus& bus) {
        return bus.subscribe<Large>({.on_full = event::Latest{}}, event::where(is_wanted));
    });
    throws_in_a_refinement([](event::EventBus& bus) {
        return bus.subscribe<event::Implements<Base>>({.capacity = 8, .on_full = event::Wait{}},
                                                      event::where([](const Base&) {
                                                          user_code();
                                                          return true;
                                                      }));
    });
}

TEST(ThrowingUserCode, InAKeyItsHashItsComparisonOrAMerge) {
    throws_in_a_refinement([](event::EventBus& bus) { return bus.subscribe<Large>({}, event::latest_by(key_of)); });
    throws_in_a_refinement([](event::EventBus& bus) {
        return bus.subscribe<Large>({.capacity = 2, .on_full = event::DropOldest{}}, event::latest_by(key_of));
    });
    throws_in_a_refinement(
        [](event::EventBus& bus) { return bus.subscribe<Large>({}, event::latest_by(key_of, merged)); });
    throws_in_a_refinement([](event::EventBus& bus) {
        return bus.subscribe<Large>({}, event::where(is_wanted), event::latest_by(key_of, merged));
    });
}

TEST(ThrowingUserCode, InARefinementOfWhatIsRetained) {
    // there is no subscription
    const auto subscribes = [](auto refine) {
        expect_all_or_nothing(user_code_alone, registering([=](Scene& scene) {
                                  // in an empty place nothing is retained, and all that is called are its copies
                                  return scene.bus.subscribe<Large>({}, refine);
                              }),
                              false);
    };
    subscribes(event::where(is_wanted));
    subscribes(event::latest_by(key_of));
    subscribes(event::latest_by(key_of, merged));
    subscribes(event::where_key(key_of, Key{1}, Key{2}));
}

/// Whose key could not be found out goes to nobody who chose by it, and to all others.
TEST(ThrowingUserCode, InAKeyThatIsChosenItsHashOrItsComparison) {
    long n = 0;
    for (bool failed = true; failed; ++n) {
        ASSERT_LT(n, 1'000) << "never ends";
        SCOPED_TRACE(fmt::format("call {}", n));
        {
            asio::io_context io;
            event::EventBus bus{io};
            const auto emitter = bus.emitter<Large>();
            auto first = bus.subscribe<Large>(event::where_key(key_of, Key{1}, Key{3}));
            auto second = bus.subscribe<Large>(event::where_key(key_of, Key{2}));
            auto all = bus.subscribe<Large>();
            bool threw = false;
            int emitted = 0;
            failed = user_code_alone.failing(
                n,
                [&] {
                    for (const auto* text : {"a", "bb", "c", "dd"}) {
                        ++emitted;
                        emitter.emplace(text);
                    }
                },
                threw);
            EXPECT_EQ(threw, failed) << "comes out of the emit";
            EXPECT_EQ(all.stat().size, static_cast<std::size_t>(emitted));
            EXPECT_EQ(first.stat().size + second.stat().size, static_cast<std::size_t>(emitted - (failed ? 1 : 0)));
            EXPECT_EQ(first.stat().rejected + second.stat().rejected, 0U);
            take_all(first);
            take_all(second);
            emitter.emplace("later");
            emitter.emplace("la");
            EXPECT_EQ(first.stat().size, 0U);
            EXPECT_EQ(take_all(second).size(), 1U);
        }
        ASSERT_EQ(Large::alive, 0) << "leaks";
        if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(n, 8);
}

/// What throws when it is copied.
struct Copied {
    Copied() = default;
    Copied(const Copied&) { user_code(); }
    Copied(Copied&&) noexcept = default;
    Copied& operator=(const Copied&) = default;
    Copied& operator=(Copied&&) = default;
    ~Copied() = default;
    template <class T>
    bool operator()(const T&) const {
        return true;
    }
    void operator()(error_code, const event::Delivery<Large>&) const {}
    void operator()(error_code, const event::Snapshot<Large>&) const {}
};

struct CopiedHandler {
    Copied copied;
    void operator()(const Large&) const {}
};

TEST(ThrowingUserCode, InACopyOfWhatIsHandedOver) {
    const Copied copied;
    const CopiedHandler handler;
    const auto subscribes = [](auto make) { expect_all_or_nothing(user_code_alone, registering(make)); };
    subscribes([&](Scene& scene) { return scene.bus.subscribe<Large>({}, handler); });
    subscribes([&](Scene& scene) { return scene.bus.subscribe<Large>({}, event::where(copied)); });
    subscribes([&](Scene& scene) { return scene.bus.subscribe<Large>({}, event::latest_by(copied)); });
    subscribes([&](Scene& scene) {
        return scene.bus.subscribe<Large>({.on_full = event::Notify{[copied](const event::SlowSubscriber&) {}}});
    });
    // and then the first one that can be begun is begun
    asio::io_context io;
    event::EventBus bus{io};
    auto in = bus.subscribe<Large>();
    event::Value<Large> value(io);
    auto watcher = value.watch();
    bool threw = false;
    user_code_alone.failing(0, [&] { in.async_receive(copied); }, threw);
    EXPECT_TRUE(threw);
    user_code_alone.failing(0, [&] { watcher.async_get_if(copied, [](error_code, const auto&) {}); }, threw);
    EXPECT_TRUE(threw);
    Completion<event::Delivery<Large>> receive;
    Completion<event::Snapshot<Large>> get;
    in.async_receive(receive.handler());
    watcher.async_get(get.handler());
    bus.emitter<Large>().emplace("a");
    value.emplace("b");
    drive(io);
    EXPECT_TRUE(receive.done() && !receive.error());
    EXPECT_TRUE(get.done() && !get.error());
}

TEST(ThrowingUserCode, InACallback) {
    // each of three, while the others are told; and the next episode is told again
    for (long n = 0; n < 3; ++n) {
        asio::io_context io;
        int told = 0;
        const auto callback = [&](const event::SlowSubscriber&) {
            ++told;
            user_code();
        };
        event::EventBus bus{io, {.on_slow_subscriber = callback}};
        const auto emitter = bus.emitter<Number>();
        auto first = bus.subscribe<Number>({.capacity = 1, .on_full = event::Notify{callback}});
        auto second = bus.subscribe<Number>({.capacity = 1});
        auto third = bus.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
        auto beside = bus.subscribe<Number>();
        emitter.emit({1});
        bool threw = false;
        EXPECT_TRUE(user_code_alone.failing(n, [&] { emitter.emit({2}); }, threw));
        EXPECT_TRUE(threw) << "leaves the emit";
        EXPECT_EQ(told, 3);
        EXPECT_EQ(beside.stat().size, 2U);
        EXPECT_EQ(bus.report().lost, 3U);
        for (auto* in : {&first, &second, &third}) static_cast<void>(take_all(*in));
        emitter.emit({3});
        EXPECT_EQ(emitter.emit({4}).refused, 3U);
        EXPECT_EQ(told, 6);
    }
}

TEST(ThrowingUserCode, InAHandler) {
    // it comes out of run(), nothing is lost, and the subscription goes on
    for (long n = 0; n < 5; ++n) {
        asio::io_context io;
        event::EventBus bus{io};
        const auto emitter = bus.emitter<Large>();
        std::string heard;
        auto pushed = bus.subscribe<Large>({}, [&](const Large& large) {
            heard += large.value;
            user_code();
        });
        for (const auto* text : {"a", "b", "c", "d", "e"}) emitter.emplace(text);
        bool threw = false;
        EXPECT_TRUE(user_code_alone.failing(n, [&] { drive(io); }, threw));
        EXPECT_TRUE(threw);
        EXPECT_EQ(heard.size(), static_cast<std::size_t>(n) + 1);
        drive(io);
        EXPECT_EQ(heard, "abcde");
        EXPECT_EQ(pushed.stat().delivered, 5U);
        emitter.emplace("f");
        drive(io);
        EXPECT_EQ(heard, "abcdef");
    }
}

TEST(ThrowingUserCode, InACompletion) {
    asio::io_context io;
    event::EventBus bus{io};
    const auto emitter = bus.emitter<Large>();
    auto in = bus.subscribe<Large>({.capacity = 1, .on_full = event::Wait{}});
    event::Value<Large> value(io);
    auto watcher = value.watch();
    const auto throws = [](error_code, auto&&...) { user_code(); };
    const auto expect_leaves_run = [&](auto begin, auto cause) {
        begin();
        bool threw = false;
        EXPECT_TRUE(user_code_alone.failing(
            0,
            [&] {
                cause();
                drive(io);
            },
            threw));
        EXPECT_TRUE(threw);
        drive(io);
    };
    const auto emit = [&] { emitter.emplace("a"); };
    const auto set = [&] { value.emplace("b"); };
    for (int i = 0; i < 2; ++i) {  // it is over, and another one can begin
        expect_leaves_run([&] { in.async_receive(throws); }, emit);
        expect_leaves_run([&] { in.async_receive_for(std::chrono::hours(1), throws); }, emit);
        expect_leaves_run([&] { in.async_wait(throws); }, emit);
        expect_leaves_run([&] { emitter.async_emplace(throws, "c"); }, [&] { static_cast<void>(in.try_receive()); });
        static_cast<void>(take_all(in));
        expect_leaves_run([&] { watcher.async_get(throws); }, set);
        expect_leaves_run([&] { watcher.async_wait(throws); }, set);
        static_cast<void>(watcher.try_get());
    }
    expect_leaves_run([&] { in.async_closed(throws); }, [&] { in.close(); });
}

TEST(ThrowingUserCode, InAPredicateOfAGet) {
    // it comes out of run(), the value is consumed, and the operation waits on
    asio::io_context io;
    event::Value<Large> value(io);
    auto watcher = value.watch();
    Completion<event::Snapshot<Large>> get;
    watcher.async_get_if(is_wanted, get.handler());
    value.emplace("a");
    bool threw = false;
    EXPECT_TRUE(user_code_alone.failing(0, [&] { drive(io); }, threw));
    EXPECT_TRUE(threw);
    drive(io);
    EXPECT_TRUE(get.pending());
    value.emplace("b");
    drive(io);
    ASSERT_TRUE(get.done());
    EXPECT_EQ(get.value()->value, "b");
}

TEST(ThrowingUserCode, InAVisitor) {
    asio::io_context io;
    event::EventBus bus{io};
    auto in = bus.subscribe<Small, Large>();
    bus.emitter<Large>().emplace("a");
    const auto delivery = in.try_receive();
    ASSERT_TRUE(delivery);
    bool threw = false;
    EXPECT_TRUE(user_code_alone.failing(0, [&] { delivery->visit([](const auto&) { user_code(); }); }, threw));
    EXPECT_TRUE(threw);
    EXPECT_EQ(delivery->get_if<Large>()->value, "a");
    EXPECT_EQ(in.stat().delivered, 1U);
}

/// Its end is an event.
struct Last {
    event::Emitter<Number>* tells;
    explicit Last(event::Emitter<Number>& emitter) : tells(&emitter) {}
    Last(const Last&) = delete;
    Last& operator=(const Last&) = delete;
    ~Last() { tells->emit({1}); }
};

TEST(ThrowingUserCode, BesideEventsWhoseEndIsAnEvent) {
    // displaced, refused, taken, discarded, and retained: each is told of once, also where a callback throws
    asio::io_context io;
    event::EventBus bus{io};
    auto told = bus.emitter<Number>();
    auto heard = bus.subscribe<Number>({.capacity = 100});
    {
        auto emitter = bus.emitter<Last>({.retain = true});
        auto displaces = bus.subscribe<Last>({.capacity = 1, .on_full = event::DropOldest{}});
        auto refuses = bus.subscribe<Last>(
            {.capacity = 1, .on_full = event::Notify{[](const event::SlowSubscriber&) { user_code(); }}});
        auto everything = bus.subscribe<event::AnyEvent>({.capacity = 2, .on_full = event::DropOldest{}});
        bool threw = false;
        EXPECT_TRUE(user_code_alone.failing(
            0,
            [&] {
                for (int i = 0; i < 3; ++i) emitter.emplace(told);
            },
            threw));
        EXPECT_TRUE(threw);
        emitter.emplace(told);
        static_cast<void>(refuses.try_receive());
    }
    bus.forget<Last>();
    EXPECT_EQ(heard.stat().size, 3U) << "the two that were built before it threw, and the one after it";
}

}  // namespace user_code_faults_test
