/// What has ended gives up what it held: queued events at once, retained ones with the bus.

#include "../support.hpp"

namespace ended_mended_test {

using namespace support;

// ---- F12: an ended pull subscription gives up its events at once ----------------------------------------------------

struct Shared {
    std::shared_ptr<int> resource;
    int key = 0;
};

/// A resource that only the queues own.
class AKilledQueue : public testing::Test {
protected:
    /// Emits one event that owns what is returned.
    std::weak_ptr<int> emit(int key = 0) {
        auto resource = std::make_shared<int>();
        std::weak_ptr<int> seen = resource;
        emitter_.emit({std::move(resource), key});
        return seen;
    }

    asio::io_context io_;
    event::EventBus bus_{io_};
    event::Emitter<Shared> emitter_ = bus_.emitter<Shared>();
};
class AnEndedQueue : public AKilledQueue, public testing::WithParamInterface<event::Policy> {
protected:
    [[nodiscard]] static event::Backpressure policy(event::Policy which) {
        switch (which) {
            case event::Policy::notify:
                return event::Notify{[](const event::SlowSubscriber&) {}};
            case event::Policy::drop:
                return event::Drop{};
            case event::Policy::drop_oldest:
                return event::DropOldest{};
            case event::Policy::latest:
                return event::Latest{};
            case event::Policy::kill:
                return event::Kill{};
            case event::Policy::wait:
                return event::Wait{};
        }
        return {};
    }
};

TEST_P(AnEndedQueue, GivesUpItsEventsWhenItIsClosed) {
    // F12: the handle lives
    auto subscription = bus_.subscribe<Shared>({.capacity = 4, .on_full = policy(GetParam())});
    const auto first = emit(), second = emit();
    EXPECT_FALSE(second.expired());
    subscription.close();
    EXPECT_TRUE(first.expired());
    EXPECT_TRUE(second.expired());
}

TEST_P(AnEndedQueue, GivesUpItsEventsWhenItIsClosedOnAnotherThread) {
    // F12
    auto subscription = bus_.subscribe<Shared>({.capacity = 4, .on_full = policy(GetParam())});
    static_cast<void>(emit());
    static_cast<void>(subscription.try_receive());
    const auto event = emit();
    std::thread([&] { subscription.close(); }).join();
    EXPECT_TRUE(event.expired());
}

TEST_P(AnEndedQueue, GivesUpItsEventsBesideAReceiveThatWasWoken) {
    // F12: the receive has not run, so no receiver is inside
    auto subscription = bus_.subscribe<Shared>({.capacity = 4, .on_full = policy(GetParam())});
    Completion<event::Delivery<Shared>> receive;
    subscription.async_receive(receive.handler());
    const auto event = emit();
    subscription.close();
    EXPECT_TRUE(event.expired());
    drive(io_);
    EXPECT_EQ(receive.error(), event::errc::closed);
}

TEST_P(AnEndedQueue, GivesUpWhatItReplayed) {
    // F12
    emitter_.close();
    emitter_ = bus_.emitter<Shared>({.retain = true});
    const auto event = emit();
    auto subscription = bus_.subscribe<Shared>({.capacity = 1, .on_full = policy(GetParam())});
    bus_.forget<Shared>();
    EXPECT_FALSE(event.expired());
    subscription.close();
    EXPECT_TRUE(event.expired());
}

TEST_P(AnEndedQueue, OfAPushSubscriptionWhoseContextDoesNotRunGivesThemUp) {
    // F12
    auto subscription =
        bus_.subscribe<Shared>({.capacity = 4, .on_full = policy(GetParam())}, [](const Shared&) { FAIL(); });
    const auto event = emit();
    subscription.close();
    EXPECT_TRUE(event.expired());
    drive(io_);
}

/// Of another policy than Latest, which goes with neither latest_by nor AnyEvent.
class AnEndedQueueOfEvents : public AnEndedQueue {};

TEST_P(AnEndedQueueOfEvents, WithLatestByGivesThemUp) {
    // F12
    auto subscription = bus_.subscribe<Shared>({.capacity = 4, .on_full = policy(GetParam())},
                                               event::latest_by([](const Shared& event) { return event.key; }));
    const auto first = emit(1), second = emit(2), newer = emit(1);
    EXPECT_TRUE(first.expired());
    subscription.close();
    EXPECT_TRUE(second.expired());
    EXPECT_TRUE(newer.expired());
}

TEST_P(AnEndedQueueOfEvents, OfAWildcardGivesThemUp) {
    // F12
    auto subscription = bus_.subscribe<event::AnyEvent>({.capacity = 4, .on_full = policy(GetParam())});
    const auto event = emit();
    subscription.close();
    EXPECT_TRUE(event.expired());
}

TEST_P(AnEndedQueue, LeavesWhatWasReceived) {
    // F12: a delivery owns its share
    auto subscription = bus_.subscribe<Shared>({.capacity = 4, .on_full = policy(GetParam())});
    const auto event = emit();
    const auto delivery = subscription.try_receive();
    ASSERT_TRUE(delivery);
    subscription.close();
    EXPECT_FALSE(event.expired());
    EXPECT_NE((*delivery)->resource, nullptr);
}

constexpr const char* policy_names[] = {"Notify", "Drop", "DropOldest", "Latest", "Kill", "Wait"};
constexpr auto name_of_policy = [](const auto& tested) { return policy_names[static_cast<std::size_t>(tested.param)]; };
INSTANTIATE_TEST_SUITE_P(Mended, AnEndedQueueOfEvents,
                         testing::Values(event::Policy::notify, event::Policy::drop, event::Policy::drop_oldest,
                                         event::Policy::kill, event::Policy::wait),
                         name_of_policy);
INSTANTIATE_TEST_SUITE_P(Mended, AnEndedQueue,
                         testing::Values(event::Policy::notify, event::Policy::drop, event::Policy::drop_oldest,
                                         event::Policy::latest, event::Policy::kill, event::Policy::wait),
                         name_of_policy);

TEST_F(AKilledQueue, GivesUpItsEventsAtOnce) {
    // F12: before the emit that killed it returns to anybody who looks
    auto subscription = bus_.subscribe<Shared>({.capacity = 2, .on_full = event::Kill{}});
    const auto first = emit(), second = emit(), third = emit();
    EXPECT_TRUE(first.expired());
    EXPECT_TRUE(second.expired());
    EXPECT_TRUE(third.expired());
    Completion<event::Delivery<Shared>> receive;
    subscription.async_receive(receive.handler());
    drive(io_);
    EXPECT_EQ(receive.error(), event::errc::killed);
}

TEST_F(AKilledQueue, WithLatestByGivesUpItsEventsAtOnce) {
    // F12
    auto subscription = bus_.subscribe<Shared>({.capacity = 2, .on_full = event::Kill{}},
                                               event::latest_by([](const Shared& event) { return event.key; }));
    const auto first = emit(1), second = emit(2), third = emit(3);
    EXPECT_TRUE(first.expired());
    EXPECT_TRUE(second.expired());
    EXPECT_TRUE(third.expired());
}

TEST_F(AKilledQueue, GivesUpItsEventsBesideAReceiveThatWasWoken) {
    // F12
    auto subscription = bus_.subscribe<Shared>({.capacity = 2, .on_full = event::Kill{}});
    Completion<event::Delivery<Shared>> receive;
    subscription.async_receive(receive.handler());
    const auto first = emit(), second = emit(), third = emit();
    EXPECT_TRUE(first.expired());
    EXPECT_TRUE(second.expired());
    drive(io_);
    EXPECT_EQ(receive.error(), event::errc::killed);
}

TEST_F(AKilledQueue, OfAPushSubscriptionWhoseContextDoesNotRunGivesThemUp) {
    // F12
    auto subscription =
        bus_.subscribe<Shared>({.capacity = 2, .on_full = event::Kill{}}, [](const Shared&) { FAIL(); });
    const auto first = emit(), second = emit(), third = emit();
    EXPECT_TRUE(first.expired());
    EXPECT_TRUE(second.expired());
    drive(io_);
}

TEST_F(AKilledQueue, GivesUpItsEventsWhereTheBusMissesAnEmitterAtTheStart) {
    // F12: the start closes it
    auto subscription = bus_.subscribe<Shared, Silent>({.require_emitters = true});
    const auto event = emit();
    bus_.start();
    EXPECT_TRUE(event.expired());
}

// ---- F13: a retained event that owns a handle of its own bus --------------------------------------------------------

struct Component {
    std::optional<event::Emitter<Number>> emitter = std::nullopt;
    std::optional<event::Subscription<Number>> subscription = std::nullopt;
    std::optional<event::ValueView<Number>> view = std::nullopt;
};
struct Up {
    std::shared_ptr<const Component> component;
};
/// Holds its emitter without any pointer, and can only be moved.
struct Moved {
    event::Emitter<Number> emitter;
    std::shared_ptr<int> resource;
};

class ARetainedEvent : public testing::Test {
protected:
    std::weak_ptr<const Component> announce(Component component) {
        auto shared = std::make_shared<const Component>(std::move(component));
        std::weak_ptr<const Component> seen = shared;
        bus_.emitter<Up>({.retain = true}).emit({std::move(shared)});
        return seen;
    }

    asio::io_context io_;
    event::EventBus bus_{io_};
};

TEST_F(ARetainedEvent, ThatOwnsAnEmitterOfItsBusIsFreedByTheBussClose) {
    // F13
    const auto component = announce({.emitter = bus_.emitter<Number>()});
    EXPECT_FALSE(component.expired());
    bus_.close();
    EXPECT_TRUE(component.expired());
}

TEST_F(ARetainedEvent, ThatOwnsASubscriptionOfItsBusIsFreedByTheBussClose) {
    // F13
    const auto component = announce({.subscription = bus_.subscribe<Number>()});
    bus_.close();
    EXPECT_TRUE(component.expired());
}

TEST_F(ARetainedEvent, ThatOwnsAViewOfItsBusIsFreedByTheBussClose) {
    // F13: of another topic
    const auto component = announce({.view = bus_.value<Number>().view()});
    bus_.close();
    EXPECT_TRUE(component.expired());
}

TEST_F(ARetainedEvent, ThatCanOnlyBeMovedIsFreedByTheBussClose) {
    // F13
    auto resource = std::make_shared<int>();
    bus_.emitter<Moved>({.retain = true}).emit(Moved{bus_.emitter<Number>(), resource});
    EXPECT_EQ(resource.use_count(), 2);
    bus_.close();
    EXPECT_EQ(resource.use_count(), 1);
}

TEST_F(ARetainedEvent, IsFreedByTheBussDestruction) {
    // F13
    std::weak_ptr<const Component> seen;
    {
        event::EventBus bus{io_};
        auto component = std::make_shared<const Component>(Component{.emitter = bus.emitter<Number>()});
        seen = component;
        auto emitter = bus.emitter<Up>({.retain = true});
        emitter.emit({std::move(component)});
    }
    EXPECT_TRUE(seen.expired());
}

TEST_F(ARetainedEvent, IsFreedOfABusWithAWatcherThatHasSeenIt) {
    // F13: the watcher lives, and could not get it again
    auto watcher = bus_.watch<Up>();
    const auto component = announce({.emitter = bus_.emitter<Number>()});
    EXPECT_TRUE(watcher.try_get());
    bus_.close();
    EXPECT_TRUE(component.expired());
}

TEST_F(ARetainedEvent, IsStillReadByViewsOfBefore) {
    // F13
    auto value = bus_.value<Text>();
    value.set(Text{"last"});
    const event::ValueView<Text> view = value.view();
    bus_.close();
    const auto snapshot = view.try_get();
    ASSERT_TRUE(snapshot);
    EXPECT_EQ((*snapshot)->value, "last");
    EXPECT_TRUE(value.try_get());
}

TEST_F(ARetainedEvent, IsStillReadByAWatcherThatHasNotSeenIt) {
    // F13: of two, one had seen it
    auto late = bus_.watch<Text>(), early = bus_.watch<Text>();
    bus_.emitter<Text>().emit(Text{"last"});
    EXPECT_TRUE(early.try_get());
    bus_.close();
    EXPECT_FALSE(early.try_get());
    const auto snapshot = late.try_get();
    ASSERT_TRUE(snapshot);
    EXPECT_EQ((*snapshot)->value, "last");
}

TEST_F(ARetainedEvent, IsStillReadThroughASnapshotAndADelivery) {
    // F13: both own their share
    auto subscription = bus_.subscribe<Up>();
    auto watcher = bus_.watch<Up>();
    const auto component = announce({.emitter = bus_.emitter<Number>()});
    {
        const auto snapshot = watcher.try_get();
        const auto delivery = subscription.try_receive();
        bus_.close();
        EXPECT_FALSE(component.expired());
        ASSERT_TRUE(snapshot);
        EXPECT_NE((*snapshot)->component, nullptr);
    }
    EXPECT_TRUE(component.expired());
}

TEST_F(ARetainedEvent, IsFreedWithTheLastViewOfAClosedBus) {
    // F13: nobody can read it any more
    std::weak_ptr<const Component> component;
    {
        auto value = bus_.value<Up>();
        const event::ValueView<Up> view = value.view();
        component = announce({.emitter = bus_.emitter<Number>()});
        bus_.close();
        EXPECT_FALSE(component.expired());
        ASSERT_TRUE(view.try_get());
    }
    EXPECT_TRUE(component.expired());
}

}  // namespace ended_mended_test
