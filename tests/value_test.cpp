#include "support.hpp"

#include <event/value.hpp>

#include <stdexcept>

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
