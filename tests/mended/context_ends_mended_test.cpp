/// Filters that end a context: what waits there is destroyed at once, uninvoked, although their locks are held.

#include "in_filter.hpp"

namespace context_ends_mended_test {

using namespace support;

class AFilterThatEndsAContext : public InFilter {
protected:
    template <class Token>
    [[nodiscard]] auto elsewhere(Token&& token) {
        return asio::bind_executor(other_->get_executor(), std::forward<Token>(token));
    }
    std::optional<asio::io_context> other_{std::in_place};
};

TEST_F(AFilterThatEndsAContext, HasItsReceivesDestroyed) {
    auto subscription = bus_.subscribe<Number>();
    Completion<event::Delivery<Number>> receive;
    subscription.async_receive(elsewhere(receive.handler()));
    Completion<bool> end;
    subscription.async_closed(elsewhere(end.handler()));
    in_filter([&] {
        other_.reset();
        EXPECT_TRUE(receive.destroyed());
        EXPECT_TRUE(end.destroyed());
    });
    emitter_.emit({1});
    EXPECT_EQ(numbers(subscription), std::vector<int>{1});
}

TEST_F(AFilterThatEndsAContext, HasItsPushSubscriptionsDestroyed) {
    const auto handler = std::make_shared<int>();
    const auto pushed = bus_.subscribe<Number>({}, elsewhere([handler](const Number&) {}));
    in_filter([&] {
        other_.reset();
        EXPECT_EQ(handler.use_count(), 1);
    });
    emitter_.emit({1});
}

TEST_F(AFilterThatEndsAContext, HasItsWatchersDestroyed) {
    auto value = bus_.value<Number>();
    auto watcher = value.watch();
    Completion<event::Snapshot<Number>> get;
    watcher.async_get(elsewhere(get.handler()));
    in_filter([&] {
        other_.reset();
        EXPECT_TRUE(get.destroyed());
    });
    value.set({1});
    EXPECT_EQ((*watcher.try_get())->value, 1);
}

TEST_F(AFilterThatEndsAContext, HasItsEmitsPassTheirTurnsOn) {
    auto slow = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    emitter_.emit({1});
    Completion<event::EmitResult> doomed;
    emitter_.async_emit(Number{2}, elsewhere(doomed.handler()));
    Completion<event::EmitResult> next;
    emitter_.async_emit(Number{3}, next.handler());
    drive(io_);
    in_filter([&] {
        other_.reset();
        EXPECT_TRUE(doomed.destroyed());
    });
    EXPECT_EQ((*slow.try_receive())->value, 1);
    drive(io_);
    EXPECT_EQ(next.value().delivered, 2U);
    EXPECT_EQ(numbers(slow), std::vector<int>{3});
}

TEST_F(AFilterThatEndsAContext, HasAnEmitThatWasPostedThereDestroyed) {
    auto slow = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    emitter_.emit({1});
    Completion<event::EmitResult> doomed;
    emitter_.async_emit(Number{2}, elsewhere(doomed.handler()));
    Completion<event::EmitResult> next;
    emitter_.async_emit(Number{3}, next.handler());
    EXPECT_EQ((*slow.try_receive())->value, 1);
    in_filter([&] {
        other_.reset();
        EXPECT_TRUE(doomed.destroyed());
    });
    drive(io_);
    EXPECT_EQ(next.value().delivered, 2U);
    EXPECT_EQ(numbers(slow), std::vector<int>{3});
}

TEST_F(AFilterThatEndsAContext, HasAReceiveDestroyedThatItsOwnEmitHasWoken) {
    auto heard = bus_.subscribe<Number>();
    Completion<event::Delivery<Number>> receive;
    heard.async_receive(elsewhere(receive.handler()));
    const auto filtered = bus_.subscribe<Number>({}, event::where([&](const Number&) {
                                                     other_.reset();
                                                     EXPECT_TRUE(receive.destroyed());
                                                     return true;
                                                 }));
    emitter_.emit({1});
    EXPECT_EQ(numbers(heard), std::vector<int>{1});
    Completion<event::Delivery<Number>> next;
    heard.async_receive(next.handler());
    emitter_.emit({2});
    drive(io_);
    EXPECT_EQ(next.value()->value, 2);
}

TEST_F(AFilterThatEndsAContext, HasAReceiveDestroyedThatAnEmitInItsTurnHasWoken) {
    auto heard = bus_.subscribe<Number>();
    auto slow = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    emitter_.emit({1});
    Completion<event::Delivery<Number>> receive;
    EXPECT_EQ(numbers(heard), std::vector<int>{1});
    heard.async_receive(elsewhere(receive.handler()));
    const auto filtered = bus_.subscribe<Number>({}, event::where([&](const Number&) {
                                                     other_.reset();
                                                     EXPECT_TRUE(receive.destroyed());
                                                     return true;
                                                 }));
    Completion<event::EmitResult> emit;
    emitter_.async_emit(Number{2}, emit.handler());
    EXPECT_EQ(numbers(slow), std::vector<int>{1});
    drive(io_);
    EXPECT_EQ(emit.value().delivered, 4U);
    EXPECT_EQ(numbers(heard), std::vector<int>{2});
}

/// What waits on the bus's own context, and on another one, while a filter ends the bus's.
class AFilterThatEndsItsBussContext : public testing::Test {
protected:
    void wait() {
        subscription_.async_receive(receive_.handler());
        subscription_.async_closed(asio::bind_executor(other_.get_executor(), end_.handler()));
        watcher_.async_get(get_.handler());
        slow_.async_wait(wait_.handler());
        emitter_.emit({1});
        drive(*io_);
        emitter_.async_emit(Number{2}, emit_.handler());
    }
    void expect_destroyed() {
        io_.reset();
        EXPECT_TRUE(get_.destroyed());
        EXPECT_TRUE(emit_.destroyed());
        EXPECT_TRUE(end_.destroyed());
    }

    std::optional<asio::io_context> io_{std::in_place};
    asio::io_context other_;
    event::EventBus bus_{*io_};
    event::Emitter<Number> emitter_ = bus_.emitter<Number>();
    event::Value<Letter> value_ = bus_.value<Letter>();
    event::Watcher<Letter> watcher_ = value_.watch();
    event::Subscription<Number, Letter, Text> subscription_ = bus_.subscribe<Number, Letter, Text>();
    event::Subscription<Number> slow_ = bus_.subscribe<Number>({.capacity = 1, .on_full = event::Wait{}});
    Completion<event::Delivery<Number, Letter, Text>> receive_;
    Completion<bool> end_;
    Completion<event::Snapshot<Letter>> get_;
    Completion<bool> wait_;
    Completion<event::EmitResult> emit_;
};

TEST_F(AFilterThatEndsItsBussContext, HasAllThatWaitsThereDestroyed) {
    wait();
    EXPECT_EQ(receive_.value().get_if<Number>()->value, 1);
    bool is_done = false;
    auto filtered = bus_.subscribe<Text>({}, event::where([&](const Text&) {
                                             if (!std::exchange(is_done, true)) expect_destroyed();
                                             return true;
                                         }));
    bus_.emitter<Text>().emit({"x"});
    EXPECT_TRUE(is_done);
    EXPECT_EQ(filtered.try_receive()->get_if<Text>()->value, "x");
}

TEST_F(AFilterThatEndsItsBussContext, WhereARetainedEventIsReplayedHasAllThatWaitsThereDestroyed) {
    wait();
    const auto retained = bus_.emitter<Text>({.retain = true});
    retained.emit({"x"});
    bool is_done = false;
    auto filtered = bus_.subscribe<Text>({}, event::where([&](const Text&) {
                                             if (!std::exchange(is_done, true)) expect_destroyed();
                                             return true;
                                         }));
    EXPECT_TRUE(is_done);
    EXPECT_EQ(filtered.try_receive()->get_if<Text>()->value, "x");
}

}  // namespace context_ends_mended_test
