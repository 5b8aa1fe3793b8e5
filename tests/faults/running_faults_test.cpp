/// What fails while an operation runs, not while it begins.

#include "scene.hpp"

#include <fmt/format.h>

#include <new>

namespace running_faults_test {

using namespace faults;

/// Receives on a context that the library has not seen yet, of an event that is there when they begin, and gone when
/// they run.
class Robbed {
public:
    explicit Robbed(Scene& s) : scene(s) {
        static_cast<void>(take_all(in));
        emitter.emit(Small{1});
        in.async_receive(asio::bind_executor(scene.other, receive.handler()));
        static_cast<void>(in.try_receive());
        watcher.async_get(asio::bind_executor(scene.other, get.handler()));
        static_cast<void>(watcher.try_get());
    }
    void go_on() { value.set(Number{2}); }
    void look_into(std::string& all) const { all += fmt::format("  {} {}\n", text(receive), text(get)); }

    Scene& scene;
    event::Emitter<Small> emitter = scene.bus.emitter<Small>();
    event::Subscription<Small, Large> in = scene.bus.subscribe<Small, Large>();
    event::Value<Number> value{scene.io, Number{1}};
    event::Watcher<Number> watcher = value.watch();
    Completion<event::Delivery<Small, Large>> receive;
    Completion<event::Snapshot<Number>> get;
};

TEST(FailedRun, OfWhatFindsNothing) {
    expect_all_or_nothing(doing<Robbed>([](Robbed& robbed) { robbed.scene.run(); }));
}

/// Emits that wait for several queues, once they run.
class Waiting {
public:
    explicit Waiting(Scene& s) : scene(s) {
        emitter.emit({"first"});
        emitter.async_emit(Text{long_text}, asio::bind_executor(scene.other, emit.handler()));
        scene.run();
        static_cast<void>(first.try_receive());
        second.emplace(scene.bus.subscribe<Text>({.capacity = 1, .on_full = event::Wait{}}));
        third.emplace(scene.bus.subscribe<Text>({.capacity = 1, .on_full = event::Wait{}}));
        emitter.emit({"second"});
    }
    void go_on() {
        for (auto* in : std::array{&first, &*second, &*third}) static_cast<void>(in->try_receive());
    }
    void look_into(std::string& all) const { all += fmt::format("  {}\n", text(emit)); }

    Scene& scene;
    event::Emitter<Text> emitter = scene.bus.emitter<Text>();
    event::Subscription<Text> first = scene.bus.subscribe<Text>({.capacity = 1, .on_full = event::Wait{}});
    std::optional<event::Subscription<Text>> second, third;
    Completion<event::EmitResult> emit;
};

TEST(FailedRun, OfAnEmitThatHasToWaitForMore) {
    expect_all_or_nothing(doing<Waiting>([](Waiting& waiting) { waiting.scene.run(); }));
}

TEST(FailedRun, OfACallbackOfWhichNobodyCanBeTold) {
    // the callback has no memory, and neither has the word of that for who runs the context
    for (long n = 0, failed = 1; failed != 0; ++n) {
        asio::io_context io;
        event::EventBus bus{io, {.on_slow_subscriber = [](const event::SlowSubscriber&) { std::string(100, 'x'); }}};
        const auto emitter = bus.emitter<Number>();
        auto in = bus.subscribe<Number>({.capacity = 1});
        emitter.emit({1});
        Completion<event::EmitResult> emit;
        failed = allocation::failing(
            n,
            [&] {
                try {
                    emitter.async_emit({2}, emit.handler());
                } catch (const std::bad_alloc&) {
                }
            },
            allocation::Others::fail);
        EXPECT_EQ(in.stat().lost, emit.pending() ? 1U : 0U) << "at allocation " << n;
        try {
            drive(io);
        } catch (const std::bad_alloc&) {
            drive(io);
        }
        EXPECT_EQ(emit.done(), in.stat().lost == 1) << "at allocation " << n;
    }
}

}  // namespace running_faults_test
