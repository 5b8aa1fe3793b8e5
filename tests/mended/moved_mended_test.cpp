/// Handles that were moved from: what is begun with one completes with `errc::closed`, or ends with the context of what
/// it has given away.

#include "../support.hpp"

#include <array>

namespace moved_mended_test {

using namespace support;
using namespace std::chrono_literals;

using EmitCompletion = Completion<event::EmitResult>;

template <class... Completions>
bool all_destroyed(const Completions&... completions) {
    return (completions.destroyed() && ...);
}
template <class... Completions>
bool all_closed(const Completions&... completions) {
    return ((completions.done() && completions.error() == event::errc::closed) && ...);
}

/// One of each operation of a handle, begun with what makes a completion's handler one for the operation.
struct EmitOperations {
    EmitCompletion emit, moving_emit, emplace;

    template <class Bind>
    void begin(const event::Emitter<Number, Text>& emitter, Bind bind) {
        const Number number{1};
        emitter.async_emit<Number>(number, bind(emit.handler()));
        emitter.async_emit<Text>(Text{"text"}, bind(moving_emit.handler()));
        emitter.async_emplace<Text>(bind(emplace.handler()), "text");
    }
    [[nodiscard]] bool are_destroyed() const { return all_destroyed(emit, moving_emit, emplace); }
    [[nodiscard]] bool are_closed() const { return all_closed(emit, moving_emit, emplace); }
};
struct ReceiveOperations {
    Completion<event::Delivery<Number>> receive, limited;
    Completion<std::size_t> some;
    Completion<bool> wait, end, start;
    std::array<event::Delivery<Number>, 2> batch;

    template <class Executor, class Bind>
    void begin(event::BasicSubscription<Executor, Number>& subscription, Bind bind) {
        subscription.async_receive(bind(receive.handler()));
        subscription.async_receive_for(1h, bind(limited.handler()));
        subscription.async_receive_some(batch, bind(some.handler()));
        subscription.async_wait(bind(wait.handler()));
        subscription.async_closed(bind(end.handler()));
        subscription.async_ready(bind(start.handler()));
    }
    [[nodiscard]] bool are_destroyed() const { return all_destroyed(receive, limited, some, wait, end, start); }
    [[nodiscard]] bool are_closed() const { return all_closed(receive, limited, some, wait, end, start); }
};
struct GetOperations {
    Completion<event::Snapshot<int>> get, conditional, limited;
    Completion<bool> wait;

    template <class Executor, class Bind>
    void begin(event::BasicWatcher<Executor, int>& watcher, Bind bind) {
        watcher.async_get(bind(get.handler()));
        watcher.async_get_if([](int) { return true; }, bind(conditional.handler()));
        watcher.async_get_for(1h, bind(limited.handler()));
        watcher.async_wait(bind(wait.handler()));
    }
    [[nodiscard]] bool are_destroyed() const { return all_destroyed(get, conditional, limited, wait); }
    [[nodiscard]] bool are_closed() const { return all_closed(get, conditional, limited, wait); }
};

/// The handler as it is: its operation completes on the executor of the handle.
constexpr auto here = [](auto handler) { return handler; };

/// Handles of a bus and a value on one context, and another context that lives.
class MovedFrom : public testing::Test {
protected:
    /// The handler bound to the context that lives.
    [[nodiscard]] auto there() {
        return [this](auto handler) { return asio::bind_executor(mine_, std::move(handler)); };
    }
    /// Begins everything with all three, here and there.
    template <class Subscription, class Watcher>
    void begin(const event::Emitter<Number, Text>& emitter, Subscription& subscription, Watcher& watcher) {
        emits_[0].begin(emitter, here);
        emits_[1].begin(emitter, there());
        receives_[0].begin(subscription, here);
        receives_[1].begin(subscription, there());
        gets_[0].begin(watcher, here);
        gets_[1].begin(watcher, there());
    }
    void expect_destroyed() {
        drive(mine_);
        for (const int which : {0, 1}) {
            EXPECT_TRUE(emits_[static_cast<std::size_t>(which)].are_destroyed()) << which;
            EXPECT_TRUE(receives_[static_cast<std::size_t>(which)].are_destroyed()) << which;
            EXPECT_TRUE(gets_[static_cast<std::size_t>(which)].are_destroyed()) << which;
        }
    }
    void expect_closed() {
        drive(*home_);
        drive(mine_);
        for (const int which : {0, 1}) {
            EXPECT_TRUE(emits_[static_cast<std::size_t>(which)].are_closed()) << which;
            EXPECT_TRUE(receives_[static_cast<std::size_t>(which)].are_closed()) << which;
            EXPECT_TRUE(gets_[static_cast<std::size_t>(which)].are_closed()) << which;
        }
    }

    std::unique_ptr<asio::io_context> home_ = std::make_unique<asio::io_context>();
    asio::io_context mine_;
    std::optional<event::EventBus> bus_{*home_};
    event::Emitter<Number, Text> emitter_ = bus_->emitter<Number, Text>();
    event::Subscription<Number> subscription_ = bus_->subscribe<Number>();
    std::optional<event::Value<int>> value_{std::in_place, *home_, 1};
    event::Watcher<int> watcher_ = value_->watch();

    std::array<EmitOperations, 2> emits_;
    std::array<ReceiveOperations, 2> receives_;
    std::array<GetOperations, 2> gets_;
};

// NOLINTBEGIN(bugprone-use-after-move): what is tested

TEST_F(MovedFrom, CompletesAsClosedWhileItsContextLives) {
    const auto emitter = std::move(emitter_);
    const auto subscription = std::move(subscription_);
    const auto watcher = std::move(watcher_);
    begin(emitter_, subscription_, watcher_);
    expect_closed();
}

TEST_F(MovedFrom, BeginsNothingOnceItsContextIsGone) {
    const auto emitter = std::move(emitter_);
    const auto subscription = std::move(subscription_);
    const auto watcher = std::move(watcher_);
    home_.reset();
    begin(emitter_, subscription_, watcher_);
    expect_destroyed();
}

TEST_F(MovedFrom, BeginsNothingOnceItsContextAndAllElseAreGone) {
    // also what it has given away
    {
        const auto emitter = std::move(emitter_);
        const auto subscription = std::move(subscription_);
        const auto watcher = std::move(watcher_);
        bus_.reset();
        value_.reset();
    }
    home_.reset();
    begin(emitter_, subscription_, watcher_);
    expect_destroyed();
}

TEST_F(MovedFrom, BeginsNothingWhenItWasAssignedFrom) {
    auto emitter = bus_->emitter<Number, Text>();
    auto subscription = bus_->subscribe<Number>();
    auto watcher = value_->watch();
    emitter = std::move(emitter_);
    subscription = std::move(subscription_);
    watcher = std::move(watcher_);
    home_.reset();
    begin(emitter_, subscription_, watcher_);
    expect_destroyed();
}

TEST_F(MovedFrom, BeginsNothingWhenItWasMovedOn) {
    // who is moved from a handle that was moved from, and who is assigned from it
    const auto emitter = std::move(emitter_);
    const auto subscription = std::move(subscription_);
    const auto watcher = std::move(watcher_);
    auto next_emitter = std::move(emitter_);
    auto next_subscription = std::move(subscription_);
    auto next_watcher = std::move(watcher_);
    emitter_ = std::move(next_emitter);
    subscription_ = std::move(next_subscription);
    watcher_ = std::move(next_watcher);
    home_.reset();
    begin(emitter_, subscription_, watcher_);
    expect_destroyed();
    emits_ = {}, receives_ = {}, gets_ = {};
    begin(next_emitter, next_subscription, next_watcher);
    expect_destroyed();
}

TEST_F(MovedFrom, BeginsNothingWhenItsExecutorTypeWasChanged) {
    // who was moved from, and who was moved there and then on
    using Awaitable = asio::use_awaitable_t<>;
    auto subscription = Awaitable::as_default_on(std::move(subscription_));
    auto watcher = Awaitable::as_default_on(std::move(watcher_));
    const auto next_subscription = std::move(subscription);
    const auto next_watcher = std::move(watcher);
    home_.reset();
    begin(emitter_, subscription_, watcher_);
    drive(mine_);
    for (const int which : {0, 1}) {
        EXPECT_TRUE(receives_[static_cast<std::size_t>(which)].are_destroyed()) << which;
        EXPECT_TRUE(gets_[static_cast<std::size_t>(which)].are_destroyed()) << which;
    }
    emits_ = {}, receives_ = {}, gets_ = {};
    begin(std::exchange(emitter_, bus_->emitter<Number, Text>()), subscription, watcher);
    drive(mine_);
    for (const int which : {0, 1}) {
        EXPECT_TRUE(receives_[static_cast<std::size_t>(which)].are_destroyed()) << which;
        EXPECT_TRUE(gets_[static_cast<std::size_t>(which)].are_destroyed()) << which;
    }
}

TEST_F(MovedFrom, IsNotCompletedOnceItsContextIsGone) {
    // begun while it lived, each handler's own context runs later
    const auto emitter = std::move(emitter_);
    const auto subscription = std::move(subscription_);
    const auto watcher = std::move(watcher_);
    begin(emitter_, subscription_, watcher_);
    home_.reset();
    expect_destroyed();
}

TEST_F(MovedFrom, BeginsNothingWithAnInitiationThatWasMadeBefore) {
    const auto emitter = std::move(emitter_);
    const auto subscription = std::move(subscription_);
    const auto watcher = std::move(watcher_);
    const Number number{1};
    auto emit = emitter_.async_emit<Number>(number, asio::deferred);
    auto receive = subscription_.async_receive(asio::deferred);
    auto limited = subscription_.async_receive_for(1h, asio::deferred);
    auto end = subscription_.async_closed(asio::deferred);
    auto get = watcher_.async_get(asio::deferred);
    home_.reset();
    EmitCompletion emits;
    Completion<event::Delivery<Number>> first, second;
    Completion<bool> third;
    Completion<event::Snapshot<int>> fourth;
    std::move(emit)(emits.handler());
    std::move(receive)(first.handler());
    std::move(limited)(second.handler());
    std::move(end)(third.handler());
    std::move(get)(fourth.handler());
    EXPECT_TRUE(all_destroyed(emits, first, second, third, fourth));
}

TEST_F(MovedFrom, BeginsNothingOnceTheContextOfItsPushHandlerIsGone) {
    // with that context's executor: it was bound to the handler, and a change of the executor's type keeps it
    auto foreign = std::make_unique<asio::io_context>();
    auto subscription = asio::use_awaitable_t<>::as_default_on(
        bus_->subscribe<Number>({}, asio::bind_executor(foreign->get_executor(), [](const Number&) {})));
    const auto next = std::move(subscription);
    foreign.reset();
    ReceiveOperations receives;
    receives.begin(subscription, here);
    EXPECT_TRUE(receives.are_destroyed());
}

TEST_F(MovedFrom, CompletesOnTheContextOfItsPushHandler) {
    auto subscription = asio::use_awaitable_t<>::as_default_on(
        bus_->subscribe<Number>({}, asio::bind_executor(mine_.get_executor(), [](const Number&) {})));
    auto next = std::move(subscription);
    ReceiveOperations receives;
    receives.begin(subscription, here);
    next.close();
    drive(mine_);
    EXPECT_TRUE(receives.are_closed());
}

TEST_F(MovedFrom, KeepsNoBusAndNoValueAlive) {
    // what they hold goes as if it did not exist
    auto told = std::make_shared<int>();
    auto event = std::make_shared<int>();
    using Shared = std::shared_ptr<int>;
    std::optional<event::EventBus> bus(
        std::in_place, *home_, event::BusOptions{.on_slow_subscriber = [told](const event::SlowSubscriber&) {}});
    std::optional<event::Value<Shared>> value(std::in_place, *home_, event);
    auto emitter = bus->emitter<Shared>({.retain = true});
    auto subscription = bus->subscribe<Shared>();
    auto watcher = value->watch();
    emitter.emit(event);
    {
        const auto next_emitter = std::move(emitter);
        const auto next_subscription = std::move(subscription);
        const auto next_watcher = std::move(watcher);
    }
    bus.reset();
    value.reset();
    EXPECT_EQ(told.use_count(), 1);
    EXPECT_EQ(event.use_count(), 1);
    EmitCompletion emit;
    Completion<event::Delivery<Shared>> receive;
    Completion<event::Snapshot<Shared>> get;
    emitter.async_emit(event, emit.handler());
    subscription.async_receive(receive.handler());
    watcher.async_get(get.handler());
    drive(*home_);
    EXPECT_TRUE(all_closed(emit, receive, get));
}

TEST_F(MovedFrom, IsLikeAnEmitterThatCouldNotBeMade) {
    error_code error;
    const auto exclusive = bus_->emitter<Letter>({.exclusive = true});
    const auto refused = bus_->emitter<Letter>({}, error);
    ASSERT_EQ(error, event::errc::emitter_exists);
    EmitCompletion before, after;
    refused.async_emit(Letter{'a'}, before.handler());
    drive(*home_);
    EXPECT_TRUE(all_closed(before));
    home_.reset();
    refused.async_emit(Letter{'a'}, after.handler());
    EXPECT_TRUE(after.destroyed());
}

// NOLINTEND(bugprone-use-after-move)

TEST(MadeAfterItsContextDied, AHandleBeginsNothingEither) {
    auto home = std::make_unique<asio::io_context>();
    event::EventBus bus{*home};
    event::Value<int> value{*home, 1};
    home.reset();
    const auto emitter = bus.emitter<Number, Text>();
    auto subscription = bus.subscribe<Number>();
    auto push = bus.subscribe<Number>({}, [](const Number&) {});
    auto watcher = value.watch();
    EmitOperations emits;
    ReceiveOperations receives, beside;
    GetOperations gets;
    emits.begin(emitter, here);
    receives.begin(subscription, here);
    beside.begin(push, here);
    gets.begin(watcher, here);
    EXPECT_TRUE(emits.are_destroyed());
    EXPECT_TRUE(receives.are_destroyed());
    EXPECT_TRUE(beside.are_destroyed());
    EXPECT_TRUE(gets.are_destroyed());
}

}  // namespace moved_mended_test
