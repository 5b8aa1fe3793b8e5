#include "support.hpp"

#include <event/value.hpp>

#include <array>
#include <atomic>
#include <functional>
#include <stdexcept>
#include <thread>

namespace value_test {

using namespace support;

struct State {
    int connections = 0;
    std::string phase;
    friend bool operator==(const State&, const State&) = default;
};

TEST(Value, UnsetIsNotZero) {
    asio::io_context io;
    event::Value<int> value(io);
    EXPECT_FALSE(value.try_get());
    value.set(0);
    ASSERT_TRUE(value.try_get());
    EXPECT_EQ(**value.try_get(), 0);
}

TEST(Value, MayBeginWithAValue) {
    asio::io_context io;
    event::Value<State> from_context(io, {1, "starting"});
    event::Value<int> from_executor(io.get_executor(), 7);
    EXPECT_EQ((*from_context.try_get())->phase, "starting");
    EXPECT_EQ(**from_executor.try_get(), 7);
    EXPECT_EQ(from_executor.get_executor(), asio::any_io_executor(io.get_executor()));
}

TEST(Value, VersionsGrow) {
    asio::io_context io;
    event::Value<std::string> value(io);
    value.set("a");
    const auto first = value.try_get();
    value.set("a");
    const auto second = value.try_get();
    EXPECT_LT(first->version(), second->version());
    EXPECT_EQ(**first, **second);
}

TEST(Value, SetIfChangedComparesFirst) {
    asio::io_context io;
    event::Value<State> value(io);
    EXPECT_TRUE(value.set_if_changed({})) << "unset differs from everything";
    const auto version = value.try_get()->version();
    EXPECT_FALSE(value.set_if_changed({}));
    EXPECT_EQ(value.try_get()->version(), version);
    EXPECT_TRUE(value.set_if_changed({1, "up"}));
    event::Value<int> small(io, 3);
    EXPECT_FALSE(small.set_if_changed(3));
    EXPECT_TRUE(small.set_if_changed(4));
}

TEST(Value, UpdateTakesEitherKindOfFunction) {
    asio::io_context io;
    event::Value<State> value(io, {1, "up"});
    value.update([](State& state) { ++state.connections; });
    value.update([](const State& state) { return State{state.connections * 10, state.phase}; });
    EXPECT_EQ(**value.try_get(), (State{20, "up"}));
}

TEST(Value, UpdateOfAnUnsetValueStartsFromADefault) {
    asio::io_context io;
    event::Value<int> value(io);
    value.update([](int count) { return count + 1; });
    EXPECT_EQ(**value.try_get(), 1);

    struct NoDefault {
        explicit NoDefault(int v) : number(v) {}
        int number;
    };
    event::Value<NoDefault> strict(io);
    EXPECT_THROW(strict.update([](NoDefault& none) { ++none.number; }), std::bad_optional_access);
    strict.set(NoDefault(1));
    strict.update([](NoDefault& one) { ++one.number; });
    EXPECT_EQ((*strict.try_get())->number, 2);
}

TEST(Value, UpdateRunsAgainWhenSomebodySetInBetween) {
    asio::io_context io;
    event::Value<std::string> value(io, "a");
    int runs = 0;
    value.update([&](const std::string& current) {
        if (++runs == 1) value.set("b");  // as another thread would
        return current + "!";
    });
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(**value.try_get(), "b!");
}

const auto deadlock = boost::system::errc::make_error_code(boost::system::errc::resource_deadlock_would_occur);

/// `use(sets)` calls `sets()` in each round of an update, without end unless that is found out.
template <class Use>
void expect_found_out(Use use) {
    int runs = 0;
    try {
        use([&] {
            if (++runs == 1'000) throw std::logic_error("never ends");
        });
        ADD_FAILURE() << "nothing was thrown";
    } catch (const boost::system::system_error& error) {
        EXPECT_EQ(error.code(), deadlock);
        EXPECT_THAT(error.what(), testing::StartsWith("event: the function given to update sets the same value"));
    }
}

TEST(Value, FindsOutAFunctionThatSetsItItself) {
    asio::io_context io;
    event::Value<std::string> text(io, "a");
    event::Value<int> number(io);
    expect_found_out([&](auto runs) {
        text.update([&](const std::string& current) {
            runs();
            text.set("b");
            return current + "!";
        });
    });
    expect_found_out([&](auto runs) {
        number.update([&](int& copy) {
            runs();
            number.update([](int& other) { ++other; });
            ++copy;
        });
    });
    EXPECT_EQ(**text.try_get(), "b");
    text.update([](std::string& copy) { copy += "!"; });
    EXPECT_EQ(**text.try_get(), "b!") << "and all goes on";
}

/// Its `==` does whatever it is told to.
struct Evil {
    int number = 0;
    static inline std::function<void()> compare;
    friend bool operator==(const Evil& left, const Evil& right) {
        compare();
        return left.number == right.number;
    }
};

TEST(Value, FindsOutAComparisonThatSetsIt) {
    asio::io_context io;
    event::Value<Evil> value(io, {1});
    expect_found_out([&](auto runs) {
        Evil::compare = [&] {
            runs();
            value.set({1});
        };
        value.set_if_changed({2});
    });
    Evil::compare = [] { throw std::runtime_error("no"); };
    EXPECT_THROW(value.set_if_changed({2}), std::runtime_error);
    EXPECT_EQ((*value.try_get())->number, 1);
}

TEST(Value, EndsAnUpdateThatOtherThreadsOvertook) {
    asio::io_context io;
    event::Value<std::string> value(io, "a");
    int runs = 0;
    value.update([&](const std::string& current) {
        if (++runs <= 5) std::thread([&] { value.set(std::to_string(runs)); }).join();
        return current + "!";
    });
    EXPECT_EQ(runs, 6);
    EXPECT_EQ(**value.try_get(), "5!");
}

TEST(Value, AnExceptionInUpdateChangesNothing) {
    asio::io_context io;
    event::Value<std::string> value(io, "a");
    EXPECT_THROW(value.update([](std::string&) { throw std::runtime_error("no"); }), std::runtime_error);
    EXPECT_EQ(**value.try_get(), "a");
}

TEST(Value, AViewOutlivesItAndReadsTheLastValue) {
    asio::io_context io;
    event::ValueView<State> nothing;
    EXPECT_FALSE(nothing.try_get());
    auto value = std::make_optional<event::Value<State>>(io, State{1, "up"});
    event::ValueView<State> view = value->view();
    event::ValueView<State> copy = view;
    value->set({2, "up"});
    EXPECT_EQ((*view.try_get())->connections, 2);
    value.reset();
    EXPECT_EQ((*copy.try_get())->connections, 2);
    auto late = copy.watch();
    EXPECT_EQ((*late.try_get())->connections, 2) << "not seen yet";
    Completion<event::Snapshot<State>> get;
    late.async_get(get.handler());
    drive(io);
    EXPECT_EQ(get.error(), event::errc::closed);
}

TEST(Value, MovesWithItsWatchers) {
    asio::io_context io;
    event::Value<int> value(io, 1);
    auto watcher = value.watch();
    event::Value<int> moved = std::move(value);
    moved.set(2);
    value.set(99);  // NOLINT(bugprone-use-after-move)
    EXPECT_FALSE(value.try_get());
    EXPECT_FALSE(value.set_if_changed(98));
    EXPECT_EQ(**watcher.try_get(), 2);
    event::Value<int> other(io, 5);
    auto of_other = other.watch();
    other = std::move(moved);
    EXPECT_EQ(**of_other.try_get(), 5);
    Completion<event::Snapshot<int>> get;
    of_other.async_get(get.handler());
    drive(io);
    EXPECT_EQ(get.error(), event::errc::closed) << "what was assigned over is gone";
    other.set(3);
    EXPECT_EQ(**watcher.try_get(), 3);
}

TEST(Value, CarriesWhatCanOnlyBeMoved) {
    asio::io_context io;
    event::Value<std::unique_ptr<int>> value(io);
    value.set(std::make_unique<int>(4));
    auto watcher = value.watch();
    const event::Snapshot<std::unique_ptr<int>> snapshot = *watcher.try_get();
    EXPECT_EQ(**snapshot, 4);
}

/// Larger than the stack.
struct Large {
    std::array<char, std::size_t{16} << 20> bytes{};
    friend bool operator==(const Large&, const Large&) = default;
};

void set_in_every_way(event::Value<Large> value) {
    const auto first = [&] { return (*value.try_get())->bytes[0]; };
    value.update([](Large& large) { large.bytes[0] = 'a'; });  // of an unset one
    EXPECT_EQ(first(), 'a');
    const auto large = std::make_unique<Large>();
    value.set(*large);
    EXPECT_EQ(first(), '\0');
    large->bytes[0] = 'b';
    value.set(std::move(*large));
    EXPECT_EQ(first(), 'b');
    EXPECT_FALSE(value.set_if_changed(*large));
    large->bytes[0] = 'c';
    EXPECT_TRUE(value.set_if_changed(*large));
    large->bytes[0] = 'd';
    EXPECT_TRUE(value.set_if_changed(std::move(*large)));
    EXPECT_EQ(first(), 'd');
    value.update([](Large& copy) { ++copy.bytes[0]; });
    EXPECT_EQ(first(), 'e');
    value.update([](const Large& current) -> Large { return {{static_cast<char>(current.bytes[0] + 1)}}; });
    EXPECT_EQ(first(), 'f');
    value.update([&](Large& copy) -> const Large& {
        ++copy.bytes[0];
        return copy;
    });
    EXPECT_EQ(first(), 'g');
    value.emplace();
    EXPECT_EQ(first(), '\0');
}

TEST(Value, MayBeLargerThanTheStack) {
    asio::io_context io;
    set_in_every_way(event::Value<Large>(io));
    const auto large = std::make_unique<Large>();
    large->bytes[1] = 'x';
    for (const event::Value<Large>& value :
         {event::Value<Large>(io, *large), event::Value<Large>(io.get_executor(), *large),
          event::Value<Large>(io, std::move(*large)), event::Value<Large>(io.get_executor(), std::move(*large)),
          event::Value<Large>(io, std::in_place, *large),
          event::Value<Large>(io.get_executor(), std::in_place, *large)}) {
        EXPECT_EQ((*value.try_get())->bytes[1], 'x');
    }
}

TEST(BusValue, MayBeLargerThanTheStack) {
    asio::io_context io;
    event::EventBus bus{io};
    auto subscription = bus.subscribe<Large>({.on_full = event::Latest{}});
    set_in_every_way(bus.value<Large>());
    EXPECT_EQ((*subscription.try_receive())->bytes[0], '\0');
}

TEST(BusValue, FindsOutAFunctionThatEmitsItsType) {
    asio::io_context io;
    event::EventBus bus{io};
    auto value = bus.value<Number>();
    auto other = bus.value<Number>();
    auto emitter = bus.emitter<Number>();
    auto everything = bus.subscribe<event::AnyEvent>();
    emitter.emit({1});
    const event::Delivery<event::AnyEvent> again = *everything.try_receive();
    const std::vector<std::function<void()>> ways{
        [&] { emitter.emit({1}); }, [&] { emitter.emit_all(std::vector<Number>{{1}, {2}}); },
        [&] { emitter.async_emit({1}, asio::detached); }, [&] { bus.emit(*again); }, [&] { other.set({1}); }};
    for (const auto& emits : ways) {
        expect_found_out([&](auto runs) {
            value.update([&](Number& number) {
                runs();
                emits();
                ++number.value;
            });
        });
    }
}

TEST(BusValue, MayBeForgottenInAnUpdate) {
    asio::io_context io;
    event::EventBus bus{io};
    auto value = bus.value<Number>();
    value.set({7});
    int runs = 0;
    value.update([&](Number& number) {
        if (++runs == 1) bus.forget<Number>();  // which is no set
        if (runs == 2) value.set({10});
        ++number.value;
    });
    EXPECT_EQ(runs, 3);
    EXPECT_EQ((*value.try_get())->value, 11);
}

/// Can be neither copied nor moved.
struct Pinned {
    explicit Pinned(int n) : number(n) {}
    std::atomic<int> number;
};

TEST(Value, CarriesWhatCanBeNeitherCopiedNorMoved) {
    asio::io_context io;
    event::EventBus bus{io};
    event::Value<Pinned> alone(io, std::in_place, 1);
    auto on_bus = bus.value<Pinned>();
    for (event::Value<Pinned>* value : {&alone, &on_bus}) {
        value->emplace(2);
        EXPECT_EQ((*value->try_get())->number, 2);
        value->update([](const Pinned& current) { return Pinned(current.number + 1); });
        EXPECT_EQ((*value->try_get())->number, 3);
    }
}

struct CopiedOnly {
    explicit CopiedOnly(int n) : number(n) {}
    CopiedOnly(const CopiedOnly&) = default;
    CopiedOnly(CopiedOnly&&) = delete;
    friend bool operator==(const CopiedOnly&, const CopiedOnly&) = default;
    int number;
};
struct LongCopiedOnly : CopiedOnly {
    using CopiedOnly::CopiedOnly;
    std::string text = "not trivially copyable";
    friend bool operator==(const LongCopiedOnly&, const LongCopiedOnly&) = default;
};

template <class T>
void carry_what_can_only_be_copied() {
    asio::io_context io;
    const T two(2);
    event::Value<T> value(io, two);
    value.set(two);
    EXPECT_FALSE(value.set_if_changed(two));
    value.update([](T& copy) { ++copy.number; });
    EXPECT_EQ((*value.try_get())->number, 3);
    value.update([](const T& current) { return T(current.number + 1); });
    EXPECT_EQ((*value.try_get())->number, 4);
    value.emplace(5);
    EXPECT_EQ((*value.try_get())->number, 5);
    EXPECT_TRUE(value.set_if_changed(two));
}

TEST(Value, CarriesWhatCanBeCopiedButNotMoved) {
    carry_what_can_only_be_copied<CopiedOnly>();
    carry_what_can_only_be_copied<LongCopiedOnly>();
}

TEST(Value, UpdatesWhatCanOnlyBeMovedFromWhatIsReturned) {
    asio::io_context io;
    event::Value<std::unique_ptr<int>> value(io, std::make_unique<int>(4));
    value.update([](const std::unique_ptr<int>& current) { return std::make_unique<int>(*current + 1); });
    EXPECT_EQ(***value.try_get(), 5);
    EXPECT_TRUE(value.set_if_changed(std::make_unique<int>(6)));
    EXPECT_EQ(***value.try_get(), 6);
}

TEST(Value, TakesBracesForEveryWayToSet) {
    asio::io_context io;
    event::Value<State> value(io, {});
    EXPECT_EQ((*value.try_get())->phase, "");
    value.set({1, "set"});
    EXPECT_EQ((*value.try_get())->phase, "set");
    value.set({.connections = 2, .phase = "designated"});
    EXPECT_EQ((*value.try_get())->phase, "designated");
    EXPECT_TRUE(value.set_if_changed({3, "other"}));
    event::Value<std::vector<int>> list(io, {1, 2, 3});
    list.set({4, 5});
    EXPECT_EQ((*list.try_get())->size(), 2U);
    list.set({});
    EXPECT_TRUE((*list.try_get())->empty());
    event::Value<int> number(io.get_executor(), {});
    number.set({});
    EXPECT_FALSE(number.set_if_changed({}));
    EXPECT_EQ(**number.try_get(), 0);
}

TEST(Value, SetIfChangedMovesOnlyWhatItSets) {
    asio::io_context io;
    event::Value<std::string> value(io, "a text that is long enough for memory of its own");
    std::string same = **value.try_get();
    EXPECT_FALSE(value.set_if_changed(std::move(same)));
    EXPECT_EQ(same, **value.try_get());  // NOLINT(bugprone-use-after-move)
}

/// Throws where it is built, copied or moved, when told to.
struct Fragile {
    Fragile() { count(); }
    explicit Fragile(int n) : number(n) { count(); }
    Fragile(const Fragile& other) : number(other.number) { count(); }
    Fragile(Fragile&& other) : number(other.number) { count(); }
    ~Fragile() { --alive; }
    friend bool operator==(const Fragile& left, const Fragile& right) { return left.number == right.number; }
    static void count() {
        if (breaks) throw std::runtime_error("broken");
        ++alive;
    }
    int number = 0;
    static inline bool breaks = false;
    static inline int alive = 0;
};

void break_in_every_way(event::Value<Fragile> value) {
    Fragile other(2);
    for (const bool is_set : {false, true}) {
        if (is_set) value.emplace(1);
        const std::uint64_t version = is_set ? value.try_get()->version() : 0;
        const int alive = Fragile::alive;
        auto watcher = value.watch();
        EXPECT_EQ(watcher.try_get().has_value(), is_set);
        Fragile::breaks = true;
        EXPECT_THROW(value.set(other), std::runtime_error);
        EXPECT_THROW(value.set(std::move(other)), std::runtime_error);
        EXPECT_THROW(value.emplace(3), std::runtime_error);
        EXPECT_THROW(value.set_if_changed(other), std::runtime_error);
        EXPECT_THROW(value.set_if_changed(std::move(other)), std::runtime_error);
        EXPECT_THROW(value.update([](Fragile& copy) { ++copy.number; }), std::runtime_error);
        EXPECT_THROW(value.update([](const Fragile&) { return Fragile(4); }), std::runtime_error);
        Fragile::breaks = false;
        EXPECT_THROW(value.update([](Fragile&) { throw std::runtime_error("no"); }), std::runtime_error);
        EXPECT_THROW(value.update([](const Fragile&) -> Fragile { throw std::runtime_error("no"); }),
                     std::runtime_error);
        EXPECT_EQ(Fragile::alive, alive);
        EXPECT_FALSE(watcher.try_get());
        EXPECT_EQ(is_set ? value.try_get()->version() : 0, version);
    }
}

TEST(Value, IsAsItWasWhenTheNewOneCannotBeBuilt) {
    asio::io_context io;
    break_in_every_way(event::Value<Fragile>(io));
    const Fragile initial;
    Fragile::breaks = true;
    EXPECT_THROW(event::Value<Fragile>(io, initial), std::runtime_error);
    EXPECT_THROW(event::Value<Fragile>(io, std::in_place, 1), std::runtime_error);
    Fragile::breaks = false;
    EXPECT_EQ(Fragile::alive, 1);
}

TEST(BusValue, IsAsItWasWhenTheNewOneCannotBeBuilt) {
    asio::io_context io;
    {
        event::EventBus bus{io};
        auto subscription = bus.subscribe<Fragile>();
        break_in_every_way(bus.value<Fragile>());
        EXPECT_EQ((*subscription.try_receive())->number, 1);
        EXPECT_FALSE(subscription.try_receive());
    }
    EXPECT_EQ(Fragile::alive, 0);
}

TEST(Snapshot, IsCheapToCopyAndOutlivesEverything) {
    event::Snapshot<State> kept;
    EXPECT_FALSE(kept);
    EXPECT_EQ(kept.version(), 0U);
    {
        asio::io_context io;
        event::Value<State> value(io, {7, std::string(1000, 'x')});
        const event::Snapshot<State> first = *value.try_get();
        kept = first;
        event::Snapshot<State> other = first;
        EXPECT_EQ(&*kept, &*other) << "shared";
        kept = std::move(other);
        value.set({8, ""});
    }
    EXPECT_EQ(kept->connections, 7);
    EXPECT_EQ(kept->phase.size(), 1000U);
    kept = {};
    EXPECT_FALSE(kept);
}

TEST(BusValue, IsTheRetainedTopicAsAValue) {
    asio::io_context io;
    event::EventBus bus{io};
    auto value = bus.value<State>();
    auto subscription = bus.subscribe<State>();
    EXPECT_FALSE(value.try_get());
    value.set({1, "set"});
    EXPECT_EQ((*subscription.try_receive())->phase, "set");  // set emits
    bus.emitter<State>().emit({2, "emitted"});
    EXPECT_EQ((*value.try_get())->phase, "emitted");  // and what is emitted is the latest value
    auto late = bus.subscribe<State>();
    const auto replayed = late.try_receive();
    EXPECT_EQ((*replayed)->phase, "emitted");
    EXPECT_EQ(replayed->sequence(), value.try_get()->version());
}

TEST(BusValue, WatchersAndSubscribersAgree) {
    asio::io_context io;
    event::EventBus bus{io};
    auto watcher = bus.watch<Number>();
    Completion<event::Snapshot<Number>> got;
    watcher.async_get(got.handler());
    drive(io);
    EXPECT_TRUE(got.pending());
    auto emitter = bus.emitter<Number>();  // retained, because somebody watches
    auto subscription = bus.subscribe<Number>();
    emitter.emit({7});
    drive(io);
    EXPECT_EQ(got.value()->value, 7);
    EXPECT_EQ(got.value().version(), subscription.try_receive()->sequence());
}

TEST(BusValue, HandlesComeAndGo) {
    asio::io_context io;
    event::EventBus bus{io};
    auto watcher = bus.watch<Number>();
    {
        auto one = bus.value<Number>();
        auto other = bus.value<Number>();
        EXPECT_EQ(bus.stat<Number>().emitters, 2U);
        one.set({1});
        one.close();
        one.set({2});  // nothing happens
        EXPECT_FALSE(one.set_if_changed({3}));
        EXPECT_EQ((*watcher.try_get())->value, 1);
        EXPECT_TRUE(other.set_if_changed({3}));
        EXPECT_FALSE(other.set_if_changed({3}));
        other.update([](Number& number) { ++number.value; });
    }
    EXPECT_EQ(bus.stat<Number>().emitters, 0U);
    EXPECT_EQ((*watcher.try_get())->value, 4);  // watchers end with the bus, not with a handle
    Completion<event::Snapshot<Number>> got;
    watcher.async_get(got.handler());
    drive(io);
    EXPECT_TRUE(got.pending());
    bus.value<Number>().set({5});
    drive(io);
    EXPECT_EQ(got.value()->value, 5);
    Completion<event::Snapshot<Number>> last;
    watcher.async_get(last.handler());
    bus.close();
    drive(io);
    EXPECT_EQ(last.error(), event::errc::closed);
}

TEST(BusValue, AViewStillWatchesWhenItsHandleIsGone) {
    asio::io_context io;
    event::EventBus bus{io};
    event::ValueView<Number> view;
    {
        auto value = bus.value<Number>();
        view = value.view();
    }
    auto watcher = view.watch();
    bus.emitter<Number>().emit({1});
    EXPECT_EQ((*watcher.try_get())->value, 1);
}

TEST(BusValue, ObeysAnExclusiveEmitter) {
    asio::io_context io;
    event::EventBus bus{io};
    auto only = bus.emitter<Number>({.exclusive = true});
    EXPECT_THROW(static_cast<void>(bus.value<Number>()), boost::system::system_error);
    EXPECT_FALSE(bus.watch<Number>().try_get());
    only.close();
    auto value = bus.value<Number>();
    boost::system::error_code error;
    auto second = bus.emitter<Number>({.exclusive = true}, error);
    EXPECT_EQ(error, event::errc::emitter_exists);
}

TEST(BusValue, CannotBeHadFromAClosedBus) {
    asio::io_context io;
    event::EventBus bus{io};
    auto value = bus.value<Number>();
    bus.close();
    value.set({1});
    EXPECT_FALSE(value.try_get());
    EXPECT_THROW(static_cast<void>(bus.value<Number>()), boost::system::system_error);
    EXPECT_THROW(static_cast<void>(bus.watch<Number>()), boost::system::system_error);
}

}  // namespace value_test
