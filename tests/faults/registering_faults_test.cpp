/// Each allocation of what registers fails, and there is nothing of it.

#include "scene.hpp"

#include <event/fmt.hpp>

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace registering_faults_test {

using namespace faults;

template <class Make>
void registers(Make make) {
    expect_all_or_nothing(registering(std::move(make)));
}

constexpr auto key = [](const auto& event) { return event.value; };

TEST(FailedRegistration, OfABus) {
    registers([](Scene& scene) {
        // a place for it that can be moved
        return std::make_unique<event::EventBus>(scene.other, event::BusOptions{.name = long_text});
    });
}

TEST(FailedRegistration, OfAnEmitter) {
    registers([](Scene& scene) { return scene.bus.emitter<Small>(); });
    registers([](Scene& scene) { return scene.bus.emitter<Small, Large>({.name = long_text}); });
    registers([](Scene& scene) { return scene.bus.emitter<Large>({.retain = true}); });
    registers([](Scene& scene) { return scene.bus.emitter<Text>({.exclusive = true}); });
    registers([](Scene& scene) {
        error_code error;
        return scene.bus.emitter<Text, Number>({.retain = true, .name = long_text}, error);
    });
}

TEST(FailedRegistration, OfMoreTypesThanUsual) {
    // the one whose name nobody else may have is made when there is no room among the others
    registers([](Scene& scene) { return scene.bus.emitter<Text, Number, Letter, Silent, Large>(); });
    registers([](Scene& scene) { return scene.bus.subscribe<Text, Number, Letter, Silent, Small>({.name = "many"}); });
}

/// Whoever listens to everything or to its base hears it, too.
struct New : Base {
    static constexpr std::string_view event_name = "new";
    using event_interfaces = event::Interfaces<Base>;
};

TEST(FailedRegistration, OfATypeThatOthersListenToAlready) {
    registers([](Scene& scene) { return scene.bus.emitter<New>(); });
    registers([](Scene& scene) { return scene.bus.emitter<Small, New, Silent>({.retain = true}); });
    registers([](Scene& scene) { return scene.bus.subscribe<New, Large>(); });
    registers([](Scene& scene) { return scene.bus.watch<New>(); });
    registers([](Scene& scene) { return scene.bus.value<New>(); });
    registers([](Scene& scene) { return scene.bus.subscriber_count<New>(); });
}

TEST(FailedRegistration, OfASubscription) {
    registers([](Scene& scene) { return scene.bus.subscribe<Small, Large>(); });
    registers([](Scene& scene) { return scene.bus.subscribe<Large, Number>({.name = long_text}); });
    registers([](Scene& scene) { return scene.bus.subscribe<event::AnyEvent>({.replay_retained = true}); });
    registers([](Scene& scene) { return scene.bus.subscribe<event::AnyEvent>(); });
    registers([](Scene& scene) { return scene.bus.subscribe<event::Implements<Base>, Large, Text>(); });
}

TEST(FailedRegistration, OfASubscriptionOfEachPolicy) {
    const std::vector<event::Backpressure> policies{
        event::Drop{},
        event::DropOldest{},
        event::Latest{},
        event::Kill{},
        event::Notify{},
        event::Wait{},
        event::Notify{[held = std::string(long_text)](const event::SlowSubscriber&) {}}};
    for (const auto& policy : policies) {
        for (const std::size_t capacity : {1U, 10'000U}) {
            registers([policy, capacity](Scene& scene) {
                return scene.bus.subscribe<Small, Large>({.capacity = capacity, .on_full = policy});
            });
        }
    }
}

TEST(FailedRegistration, OfARefinedSubscription) {
    const auto wanted = [held = std::string(long_text)](const Large& large) { return large.value == held; };
    const auto merge = [](const Small& queued, const Small& newer) { return Small{queued.value + newer.value}; };
    registers([=](Scene& scene) { return scene.bus.subscribe<Large, Small>({}, event::where(wanted)); });
    registers([=](Scene& scene) { return scene.bus.subscribe<Large>({}, event::latest_by(key)); });
    registers([=](Scene& scene) { return scene.bus.subscribe<Small>({}, event::latest_by(key, merge)); });
    registers(
        [=](Scene& scene) { return scene.bus.subscribe<Large>({}, event::latest_by(key), event::where(wanted)); });
    registers([=](Scene& scene) {
        return scene.bus.subscribe<Large, Small>({}, event::where_key(&Large::value, long_text, "b", "c", "d"));
    });
    registers([=](Scene& scene) {
        // the second one finds the index of the first, in which there is no room for as many
        // (braces: one after the other; of what is retained, neither wants anything: the first may have been one)
        return std::pair{scene.bus.subscribe<Small>({.name = "first"}, event::where_key(&Small::value, 7)),
                         scene.bus.subscribe<Small>({.name = "second"}, event::where_key(&Small::value, 2, 3, 4, 5))};
    });
}

struct Unheard {};
/// Asks its bus for something when it goes.
struct AsksItsBus {
    explicit AsksItsBus(event::EventBus& of) : bus(&of) {}
    AsksItsBus(const AsksItsBus&) = default;
    AsksItsBus& operator=(const AsksItsBus&) = default;
    ~AsksItsBus() { bus->forget<Unheard>(); }

    event::EventBus* bus;
};

/// What is the user's in a subscription that cannot be made goes when the bus's mutex is no longer held: a destructor
/// that asks the bus would wait for it for ever.
TEST(FailedRegistration, DestroysNothingOfTheUsersUnderTheMutex) {
    registers([](Scene& scene) {
        const auto wanted = [asks = AsksItsBus(scene.bus)](const Small&) { return asks.bus != nullptr; };
        return scene.bus.subscribe<Small>({.capacity = 10'000, .on_full = event::DropOldest{}}, event::where(wanted));
    });
    registers([](Scene& scene) {
        const auto told = [asks = AsksItsBus(scene.bus)](const event::SlowSubscriber&) {};
        return scene.bus.subscribe<Small>({.capacity = 10'000, .on_full = event::Notify{told}});
    });
}

/// "A push subscription whose handler finds no memory to wait in has been one for a moment: what was queued for it
/// counts as discarded." And it has had its number, so it is named here.
template <class Make>
class Pushing final : public Registering<Make> {
public:
    using Registering<Make>::Registering;
    [[nodiscard]] std::string forgive(std::string look) const override {
        return look.substr(look.find('\n'));  // behind the sums
    }
};
template <class Make>
void pushes(Make make) {
    expect_all_or_nothing([&](Place place) { return std::make_unique<Pushing<Make>>(place, make); });
}

TEST(FailedRegistration, OfAPushSubscription) {
    const auto resource = std::make_shared<int>();
    const auto handler = [resource](const auto&) {};
    pushes([=](Scene& scene) { return scene.bus.subscribe<Small, Large>({.name = "push"}, handler); });
    pushes([=](Scene& scene) {
        return scene.bus.subscribe<Small>({.name = "push"}, asio::bind_executor(scene.strand, handler));
    });
    pushes([=](Scene& scene) {
        return scene.bus.subscribe<Large>({.name = "push"}, asio::bind_executor(scene.other.get_executor(), handler));
    });
    pushes([=](Scene& scene) {
        return scene.bus.subscribe<event::AnyEvent>({.name = "push"}, asio::bind_executor(scene.erased, handler));
    });
    pushes([=](Scene& scene) {
        return scene.bus.subscribe<Large>({.name = "push"}, asio::bind_allocator(std::allocator<void>(), handler));
    });
    EXPECT_EQ(resource.use_count(), 2);
}

TEST(FailedRegistration, OfAPushSubscriptionThatCanBeCancelled) {
    asio::cancellation_signal signal;
    pushes([&](Scene& scene) {
        return scene.bus.subscribe<Large>({.name = "push"},
                                          asio::bind_cancellation_slot(signal.slot(), [](const Large&) {}));
    });
}

TEST(FailedRegistration, OfAWatcher) {
    registers([](Scene& scene) { return scene.bus.watch<Small>(); });
    registers([](Scene& scene) { return scene.bus.watch<Large>(); });
    registers([](Scene& scene) { return scene.bus.watch<Text>(); });
}

TEST(FailedRegistration, OfAValue) {
    registers([](Scene& scene) { return scene.bus.value<Small>(); });
    registers([](Scene& scene) { return scene.bus.value<Text>(); });
    registers([](Scene& scene) { return event::Value<Small>(scene.io); });
    registers([](Scene& scene) { return event::Value<Small>(scene.other.get_executor(), Small{1}); });
    registers([](Scene& scene) { return event::Value<Large>(scene.other, std::in_place, long_text); });
}

TEST(FailedRegistration, OfNothingWhereFiguresAreAskedFor) {
    // of an empty bus, nothing needs memory
    expect_all_or_nothing(registering([](Scene& scene) { return scene.bus.report(); }), false);
    registers([](Scene& scene) { return to_string(scene.bus.report()); });
    registers([](Scene& scene) { return fmt::format("{}", scene.bus.report()); });
}

/// Somebody emits the type, and nothing is retained yet.
template <class Make>
class BesideAnEmitter final : public Scene {
public:
    BesideAnEmitter(Place place, Make make)
        : Scene(place), text_(bus.emitter<Text>()), number_(bus.emitter<Number>()), make_(std::move(make)) {}
    void act() override { made_.emplace(make_(*this)); }
    void go_on() override {
        text_.emit({long_text});
        number_.emit({1});
        Scene::go_on();
        made_.reset();
        text_.emit({long_text});
        number_.emit({1});
    }

private:
    event::Emitter<Text> text_;
    event::Emitter<Number> number_;
    Make make_;
    std::optional<std::invoke_result_t<Make&, Scene&>> made_;
};
template <class Make>
void registers_beside_an_emitter(Make make) {
    expect_all_or_nothing([&](Place place) { return std::make_unique<BesideAnEmitter<Make>>(place, make); });
}

TEST(FailedRegistration, RetainsNothingThatWasNotRetained) {
    registers_beside_an_emitter([](Scene& scene) { return scene.bus.watch<Text>(); });
    registers_beside_an_emitter([](Scene& scene) { return scene.bus.watch<Number>(); });
    registers_beside_an_emitter([](Scene& scene) { return scene.bus.value<Text>(); });
    registers_beside_an_emitter([](Scene& scene) { return scene.bus.emitter<Number, Text>({.retain = true}); });
}

/// A watcher of a view.
class WatcherOfAView final : public Scene {
public:
    explicit WatcherOfAView(Place place) : Scene(place) {
        view_ = bus.value<Large>().view();  // and nobody else uses it
        alone_.emplace(other, std::in_place, long_text);
    }
    void act() override {
        auto watcher = view_.watch();
        watchers_.push_back(alone_->watch());
        watchers_.push_back(std::move(watcher));
    }

private:
    event::ValueView<Large> view_;
    std::optional<event::Value<Large>> alone_;
    std::vector<event::Watcher<Large>> watchers_;
};
TEST(FailedRegistration, OfAWatcherOfAView) { expect_all_or_nothing(scene<WatcherOfAView>()); }

}  // namespace registering_faults_test
