#include "scene.hpp"

#include <fmt/format.h>

#include <new>

namespace faults {
namespace {

thread_local long calls_until_failure = -1;
thread_local bool has_thrown = false;

bool failing_allocations(long n, const std::function<void()>& f, bool& threw, allocation::Others others) {
    threw = false;
    return allocation::failing(
        n,
        [&] {
            try {
                f();
            } catch (const std::bad_alloc&) {
                threw = true;
            }
        },
        others);
}

}  // namespace

void user_code() {
    if (calls_until_failure < 0 || calls_until_failure-- != 0) return;
    has_thrown = true;
    throw Thrown{};
}

const Source allocation_alone{"allocation", [](long n, const std::function<void()>& f, bool& threw) {
                                  return failing_allocations(n, f, threw, allocation::Others::succeed);
                              }};
const Source allocations_from{"all allocations from", [](long n, const std::function<void()>& f, bool& threw) {
                                  return failing_allocations(n, f, threw, allocation::Others::fail);
                              }};
const Source user_code_alone{"call of the user's code", [](long n, const std::function<void()>& f, bool& threw) {
                                 threw = has_thrown = false;
                                 calls_until_failure = n;
                                 try {
                                     f();
                                 } catch (const Thrown&) {
                                     threw = true;
                                 }
                                 calls_until_failure = -1;
                                 return has_thrown;
                             }};

// ---- what can be seen -------------------------------------------------------------------------------------------

struct Scene::Crowd {
    explicit Crowd(event::EventBus& bus)
        : emitter(bus.emitter<Small, Large>({.retain = true})),
          all(bus.subscribe<event::AnyEvent>({.name = "all"})),
          behaviour(bus.subscribe<event::Implements<Base>>({.name = "behaviour"})),
          some(bus.subscribe<Small, Large>({.on_full = event::Wait{}, .name = "some"})),
          small(bus.watch<Small>()),
          large(bus.watch<Large>()),
          emitters(bus.emitter_count<Large>()),
          subscribers(bus.subscriber_count<Small>()) {
        emitter.emit(Small{1});
        emitter.emplace<Large>(long_text);
    }
    event::Emitter<Small, Large> emitter;
    event::Subscription<event::AnyEvent> all;
    event::Subscription<event::Implements<Base>> behaviour;
    event::Subscription<Small, Large> some;
    event::Watcher<Small> small;
    event::Watcher<Large> large;
    event::ValueView<std::size_t> emitters;
    event::ValueView<std::size_t> subscribers;
};

Scene::Scene(Place place)
    : bus(io, {.on_slow_subscriber = [this](const event::SlowSubscriber&) { ++told; }, .name = "tested"}) {
    if (place == Place::crowded) crowd_ = std::make_unique<Crowd>(bus);
}

Scene::~Scene() = default;

void Scene::run() {
    for (int i = 0; i < 3; ++i) {
        drive(io);
        drive(other);
    }
}

void Scene::emit_both() {
    const auto emitter = bus.emitter<Small, Large>();
    notes.push_back(text(emitter.emit(Small{3})));
    notes.push_back(text(emitter.emplace<Large>(long_text)));
}

void Scene::go_on() {
    run();
    emit_both();
    run();
}

std::string text(const event::EmitResult& result) {
    return fmt::format("{} subscribers: {} {} {} {} {} {}", result.subscribers, result.delivered, result.rejected,
                       result.refused, result.displaced, result.killed, static_cast<int>(result.error));
}

std::string text(const event::SubscriptionStat& stat) {
    return fmt::format("  {} {} of {} high {} delivered {} lost {} gap {} rejected {} discarded {}{}{} {}\n", stat.name,
                       stat.size, stat.capacity, stat.high_water, stat.delivered, stat.lost, stat.gap, stat.rejected,
                       stat.discarded, stat.killed ? " killed" : "", stat.waiting ? " waiting" : "",
                       fmt::join(stat.types, " "));
}

std::string text(const event::BusReport& report) {
    std::string all = fmt::format("delivered {} lost {} rejected {} discarded {} killed {}\n", report.delivered,
                                  report.lost, report.rejected, report.discarded, report.killed);
    for (const event::TopicReport& topic : report.topics)
        all += fmt::format("  {}: {} emitters, {} subscribers, retained {} {}, emitted {} last {} lost {} killed {}\n",
                           topic.name, topic.emitters, topic.subscribers, topic.retained, topic.replayable,
                           topic.emitted, topic.last_sequence, topic.lost, topic.killed);
    for (const event::SubscriptionStat& subscription : report.subscriptions) all += text(subscription);
    for (const event::ValueReport& value : report.values)
        all += fmt::format("  value {}: {} handles, version {}, {} watchers, {} behind\n", value.name, value.handles,
                           value.version, value.watchers, value.behind);
    return all;
}

std::string Scene::look() const {
    std::string all = text(bus.report());
    for (const auto& stat : {bus.stat<Small>(), bus.stat<Large>()})
        all += fmt::format("  retained {} of {}\n", stat.retained, stat.last_sequence);
    all += fmt::format("  {} are alive, told {}\n", Large::alive, told);
    if (crowd_) all += fmt::format("  {} {}\n", **crowd_->emitters.try_get(), **crowd_->subscribers.try_get());
    for (const std::string& note : notes) all += fmt::format("  note: {}\n", note);
    look_into(all);
    return all;
}

namespace {

/// Another type of the same name.
template <class T>
struct Namesake {
    static constexpr std::string_view event_name = T::event_name;
    double others[9] = {};
};

}  // namespace

std::string Scene::names_in_use() {
    error_code small, large;
    static_cast<void>(bus.emitter<Namesake<Small>>({}, small));
    static_cast<void>(bus.emitter<Namesake<Large>>({}, large));
    return fmt::format("small: {}, large: {}", small.message(), large.message());
}

// ---- what is to hold --------------------------------------------------------------------------------------------

namespace {

constexpr long most = 2'000;

/// Where nothing fails.
struct Expected {
    std::string names = {};  // before
    std::string done = {};
    std::string gone_on = {};
};

/// Whether there was something to fail.
bool fails_once(const Source& source, const MakeScene& make, Place place, long n, const Expected& expected) {
    const std::unique_ptr<Scene> scene = make(place);
    const std::string before = scene->look();
    bool threw = false;
    const std::function<void()> act = [&] { scene->act(); };
    const bool failed = source.failing(n, act, threw);
    if (!failed) return false;
    const std::string after = scene->look();
    if (threw) {
        EXPECT_EQ(scene->forgive(after), scene->forgive(before)) << "something is half done";
        EXPECT_EQ(scene->names_in_use(), expected.names) << "somebody still has a name";
        scene->act();
        EXPECT_EQ(scene->forgive(scene->look()), scene->forgive(expected.done)) << "done once more";
    } else if (scene->may_look(after)) {
        return true;
    } else {
        EXPECT_EQ(after, expected.done) << "it has not thrown";
    }
    scene->go_on();
    EXPECT_EQ(scene->forgive(scene->look()), scene->forgive(expected.gone_on)) << "later";
    return true;
}

}  // namespace

void expect_all_or_nothing(const Source& source, const MakeScene& make, bool is_to_fail) {
    for (const Place place : {Place::empty, Place::crowded}) {
        Expected expected{.names = make(place)->names_in_use()};
        {
            const std::unique_ptr<Scene> scene = make(place);
            scene->act();
            expected.done = scene->look();
            scene->go_on();
            expected.gone_on = scene->look();
        }
        long n = 0;
        for (bool has_failed = true; has_failed; ++n) {
            ASSERT_LT(n, most) << "never ends";
            SCOPED_TRACE(fmt::format("{} {}, {}", source.name, n, place == Place::empty ? "empty" : "crowded"));
            const long live = allocation::live;
            has_failed = fails_once(source, make, place, n, expected);
            if (testing::Test::HasFailure()) return;
            ASSERT_EQ(allocation::live, live) << "leaks";
            ASSERT_EQ(Large::alive, 0);
        }
        if (is_to_fail && place == Place::empty) {
            EXPECT_GT(n, 1) << "nothing was there to fail";
        }
    }
}

void expect_all_or_nothing(const MakeScene& make, bool is_to_fail) {
    expect_all_or_nothing(allocation_alone, make, is_to_fail);
    if (!testing::Test::HasFailure()) expect_all_or_nothing(allocations_from, make, is_to_fail);
}

}  // namespace faults
