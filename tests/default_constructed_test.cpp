/// Handles that nobody has made yet: closed, until one that somebody has made is moved there.

#include "support.hpp"

#include <array>
#include <future>
#include <type_traits>

namespace default_constructed_test {

using namespace support;
using namespace std::chrono_literals;

using Awaitable = asio::use_awaitable_t<>;

static_assert(std::is_nothrow_default_constructible_v<event::Emitter<Number>>);
static_assert(std::is_nothrow_default_constructible_v<event::Emitter<Number, Text>>);
static_assert(std::is_nothrow_default_constructible_v<event::Subscription<Number>>);
static_assert(std::is_nothrow_default_constructible_v<event::Watcher<int>>);
// an executor that is always some context's
using Context = asio::io_context::executor_type;
static_assert(!std::is_default_constructible_v<event::BasicSubscription<Context, Number>>);
static_assert(!std::is_default_constructible_v<event::BasicWatcher<Context, int>>);

/// What a component keeps, and gets when it starts.
struct Component {
    event::Emitter<Number, Text> emitter;
    event::Subscription<Number, Text> subscription;
    event::Watcher<int> watcher;
};

TEST(DefaultConstructed, AnEmitterIsClosed) {
    event::Emitter<Number> one;
    const event::Emitter<Number, Text> two;
    const std::array<Number, 2> batch{};
    EXPECT_FALSE(one.is_open());
    EXPECT_EQ(one.emit({1}).error, event::errc::closed);
    EXPECT_EQ(two.emit(Text{"text"}).error, event::errc::closed);
    EXPECT_EQ(two.emplace<Text>("text").error, event::errc::closed);
    EXPECT_EQ(one.emit_all(batch).error, event::errc::closed);
    EXPECT_EQ(one.name(), "");
    EXPECT_FALSE(one.get_executor());
    one.close();
    EXPECT_FALSE(one.is_open());
}

TEST(DefaultConstructed, ASubscriptionHasEnded) {
    event::Subscription<Number, Text> subscription;
    EXPECT_FALSE(subscription.try_receive());
    const event::SubscriptionStat stat = subscription.stat();
    EXPECT_EQ(stat.name, "");
    EXPECT_EQ(stat.capacity, 0U);
    EXPECT_EQ(stat.delivered, 0U);
    EXPECT_TRUE(subscription.missing_emitters().empty());
    EXPECT_FALSE(subscription.get_executor());
    subscription.cancel();
    subscription.close_after_drain();
    subscription.close();
    EXPECT_FALSE(subscription.try_receive());
}

TEST(DefaultConstructed, AWatcherHasEnded) {
    event::Watcher<int> watcher;
    EXPECT_FALSE(watcher.try_get());
    EXPECT_FALSE(watcher.get_executor());
    watcher.cancel();
    watcher.close();
    EXPECT_FALSE(watcher.try_get());
}

CO_TEST(DefaultConstructed, AllThatWaitsIsClosedAtOnce) {
    Component component;
    auto& [emitter, subscription, watcher] = component;
    const auto token = asio::as_tuple(asio::use_awaitable);
    const Number number{1};
    const auto [emit, result] = co_await emitter.async_emit<Number>(number, token);
    EXPECT_EQ(emit, event::errc::closed);
    EXPECT_EQ(result.error, event::errc::closed);
    const auto [emplace, no_result] = co_await emitter.async_emplace<Text>(token, "text");
    EXPECT_EQ(emplace, event::errc::closed);
    const auto [receive, delivery] = co_await subscription.async_receive(token);
    EXPECT_EQ(receive, event::errc::closed);
    const auto [limited, no_delivery] = co_await subscription.async_receive_for(1h, token);
    EXPECT_EQ(limited, event::errc::closed);
    std::array<event::Delivery<Number, Text>, 2> batch;
    const auto [some, count] = co_await subscription.async_receive_some(batch, token);
    EXPECT_EQ(some, event::errc::closed);
    EXPECT_EQ(count, 0U);
    const auto [wait] = co_await subscription.async_wait(token);
    EXPECT_EQ(wait, event::errc::closed);
    const auto [end] = co_await subscription.async_closed(token);
    EXPECT_EQ(end, event::errc::closed);
    const auto [start] = co_await subscription.async_ready(token);
    EXPECT_EQ(start, event::errc::closed);
    const auto [get, snapshot] = co_await watcher.async_get(token);
    EXPECT_EQ(get, event::errc::closed);
    const auto [conditional, no_snapshot] = co_await watcher.async_get_if([](int) { return true; }, token);
    EXPECT_EQ(conditional, event::errc::closed);
    const auto [in_time, neither] = co_await watcher.async_get_for(1h, token);
    EXPECT_EQ(in_time, event::errc::closed);
    const auto [newer] = co_await watcher.async_wait(token);
    EXPECT_EQ(newer, event::errc::closed);
}

/// A handler without an executor, which the system's runs on a thread of its own.
template <class... Values>
class Promised {
public:
    [[nodiscard]] auto handler() {
        return [promise = promise_](error_code error, const Values&...) { promise->set_value(error); };
    }
    [[nodiscard]] error_code error() { return promise_->get_future().get(); }

private:
    std::shared_ptr<std::promise<error_code>> promise_ = std::make_shared<std::promise<error_code>>();
};

TEST(DefaultConstructed, CompletesOnTheSystemsExecutorWhereNobodyHasOne) {
    Component component;
    auto& [emitter, subscription, watcher] = component;
    std::array<event::Delivery<Number, Text>, 2> batch;
    Promised<event::EmitResult> emit, emplace;
    Promised<event::Delivery<Number, Text>> receive, limited;
    Promised<std::size_t> some;
    Promised<> wait, end, start, newer;
    Promised<event::Snapshot<int>> get, conditional, in_time, of_nothing;
    emitter.async_emit<Text>(Text{"text"}, emit.handler());
    emitter.async_emplace<Number>(emplace.handler(), 1);
    subscription.async_receive(receive.handler());
    subscription.async_receive_for(1h, limited.handler());
    subscription.async_receive_some(batch, some.handler());
    subscription.async_wait(wait.handler());
    subscription.async_closed(end.handler());
    subscription.async_ready(start.handler());
    watcher.async_get(get.handler());
    watcher.async_get_if([](int) { return true; }, conditional.handler());
    watcher.async_get_for(1h, in_time.handler());
    watcher.async_wait(newer.handler());
    event::ValueView<int>().watch().async_get(of_nothing.handler());
    for (const error_code& error :
         {emit.error(), emplace.error(), receive.error(), limited.error(), some.error(), wait.error(), end.error(),
          start.error(), get.error(), conditional.error(), in_time.error(), newer.error(), of_nothing.error()})
        EXPECT_EQ(error, event::errc::closed);
}

TEST(DefaultConstructed, BecomesWhatIsMovedThere) {
    asio::io_context io;
    event::EventBus bus{io};
    event::Value<int> value{io, 1};
    Component component;
    component = {bus.emitter<Number, Text>({.name = "component"}), bus.subscribe<Number, Text>(), value.watch()};
    EXPECT_TRUE(component.emitter.is_open());
    EXPECT_EQ(component.emitter.name(), "component");
    EXPECT_EQ(component.emitter.emit(Text{"text"}).delivered, 1U);
    EXPECT_EQ(component.emitter.get_executor(), io.get_executor());
    Completion<event::Delivery<Number, Text>> receive;
    component.subscription.async_receive(receive.handler());
    Completion<event::Snapshot<int>> get;
    component.watcher.async_get(get.handler());
    drive(io);
    EXPECT_TRUE(receive.value().get_if<Text>());
    EXPECT_EQ(*get.value(), 1);
}

TEST(DefaultConstructed, ClosesWhatItIsMovedOver) {
    asio::io_context io;
    event::EventBus bus{io};
    event::Value<int> value{io, 1};
    Component component{bus.emitter<Number, Text>(), bus.subscribe<Number, Text>(), value.watch()};
    Completion<bool> end;
    Completion<event::Snapshot<int>> get;
    static_cast<void>(component.watcher.try_get());
    component.subscription.async_closed(end.handler());
    component.watcher.async_get(get.handler());
    component = {};
    drive(io);
    EXPECT_EQ(end.error(), event::errc::closed);
    EXPECT_EQ(get.error(), event::errc::closed);
    EXPECT_EQ(bus.stat<Text>().emitters, 0U);
    EXPECT_EQ(bus.stat<Text>().subscribers, 0U);
}

TEST(DefaultConstructed, IsMovedAsItIs) {
    // also as a vector's element
    std::vector<event::Subscription<Number>> subscriptions(3);
    subscriptions.resize(100);
    event::Emitter<Number> emitter;
    const auto next_emitter = std::move(emitter);
    const auto next = std::move(subscriptions.front());
    event::Watcher<int> watcher;
    const auto next_watcher = std::move(watcher);
    EXPECT_FALSE(next_emitter.is_open());
    EXPECT_FALSE(next_watcher.get_executor());
    EXPECT_FALSE(next.get_executor());
    EXPECT_FALSE(subscriptions.back().try_receive());
}

CO_TEST(DefaultConstructed, TakesAnotherExecutorType) {
    auto subscription = Awaitable::as_default_on(event::Subscription<Number>());
    auto watcher = Awaitable::as_default_on(event::Watcher<int>());
    EXPECT_FALSE(subscription.get_executor());
    const auto [receive, delivery] = co_await subscription.async_receive(asio::as_tuple(asio::use_awaitable));
    EXPECT_EQ(receive, event::errc::closed);
    const auto [get, snapshot] = co_await watcher.async_get(asio::as_tuple(asio::use_awaitable));
    EXPECT_EQ(get, event::errc::closed);
    Promised<event::Delivery<Number>> promised;
    subscription.async_receive(promised.handler());
    EXPECT_EQ(promised.error(), event::errc::closed);
    event::EventBus bus{io};
    const auto emitter = bus.emitter<Number>();
    subscription = Awaitable::as_default_on(bus.subscribe<Number>());
    emitter.emit({1});
    const auto received = co_await subscription.async_receive();
    EXPECT_EQ(received->value, 1);
}

}  // namespace default_constructed_test
