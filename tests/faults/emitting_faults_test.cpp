/// Each allocation of what emits, sets or ends something fails: nobody got any of it, or all is done.

#include "scene.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

namespace emitting_faults_test {

using namespace faults;

constexpr auto same_for_all = [](const auto&) { return 0; };

/// Subscriptions of every policy, each full or nearly so, and receivers that wait.
class Hearers {
public:
    explicit Hearers(Scene& s) : scene(s), emitter(s.bus.emitter<Small, Large>()) {
        const std::vector<event::Backpressure> policies{event::Drop{},   event::DropOldest{}, event::Latest{},
                                                        event::Notify{}, event::Kill{},       event::Wait{}};
        for (const auto& policy : policies) {
            for (const std::size_t capacity : {2U, 8U})
                hearers.push_back(scene.bus.subscribe<Small, Large>({.capacity = capacity, .on_full = policy}));
        }
        hearers.push_back(scene.bus.subscribe<Small, Large>({}, event::latest_by(same_for_all)));
        // their queues have their memory, so that there is nothing but the emit to fail
        emitter.emit(Small{1});
        emitter.emplace<Large>("first");
        for (auto& hearer : hearers) static_cast<void>(hearer.try_receive());
        for (auto& wait : waits) static_cast<void>(take_all(wait));
        waits[0].async_receive(receive.handler());
        waits[1].async_receive(asio::bind_executor(scene.other, elsewhere.handler()));
        pushed = scene.bus.subscribe<Small, Large>({.name = "push"}, [this](const auto&) { ++calls; });
        static_cast<void>(watcher.try_get());
        watcher.async_get(get.handler());
        scene.run();
    }
    void go_on() {
        scene.run();
        for (auto& hearer : hearers) static_cast<void>(hearer.try_receive());
    }
    void look_into(std::string& all) const {
        all += fmt::format("  {} {} {} pushed {}\n", text(receive), text(elsewhere), text(get), calls);
    }

    Scene& scene;
    event::Emitter<Small, Large> emitter;
    std::vector<event::Subscription<Small, Large>> hearers;
    std::array<event::Subscription<Small, Large>, 2> waits{scene.bus.subscribe<Small, Large>(),
                                                           scene.bus.subscribe<Small, Large>()};
    Completion<event::Delivery<Small, Large>> receive, elsewhere;
    std::optional<event::Subscription<Small, Large>> pushed;
    long calls = 0;
    event::Value<Large> value = scene.bus.value<Large>();
    event::Value<Large> alone{scene.io, std::in_place, "alone"};
    event::Watcher<Large> watcher = alone.watch();
    Completion<event::Snapshot<Large>> get;
    const Small small{2};
    const Large large{long_text};
    const std::vector<Small> smalls{Small{2}, Small{3}, Small{4}};
    const std::vector<Large> larges{Large("two"), Large(long_text), Large("four")};
};

using Act = void (*)(Hearers&);
void is_done_or_not(Act act, bool is_to_fail = true) {
    expect_all_or_nothing(doing<Hearers>(act), is_to_fail);
    expect_all_or_nothing(user_code_alone, doing<Hearers>(act), false);
}

TEST(FailedEmit, OfWhatIsCopiedOrShared) {
    is_done_or_not([](Hearers& h) { h.emitter.emit(h.small); }, false);
    is_done_or_not([](Hearers& h) { h.emitter.emit(h.large); });
    is_done_or_not([](Hearers& h) { h.emitter.emit(Large(long_text)); });
    is_done_or_not([](Hearers& h) { h.emitter.emplace<Large>(long_text); });
}

TEST(FailedEmit, OfSeveral) {
    is_done_or_not([](Hearers& h) { h.emitter.emit_all<Small>(h.smalls); }, false);
    is_done_or_not([](Hearers& h) { h.emitter.emit_all<Large>(h.larges); });
}

TEST(FailedEmit, ThatWouldWait) {
    is_done_or_not([](Hearers& h) { h.emitter.async_emit<Small>(h.small, asio::detached); });
    is_done_or_not([](Hearers& h) { h.emitter.async_emit<Large>(h.large, asio::detached); });
    is_done_or_not([](Hearers& h) { h.emitter.async_emplace<Large>(asio::detached, long_text); });
    is_done_or_not([](Hearers& h) {
        h.emitter.async_emit<Large>(h.large, asio::bind_executor(h.scene.other, [](error_code, event::EmitResult) {}));
    });
}

TEST(FailedEmit, OfWhatWasReceived) {
    event::EventBus elsewhere{asio::system_executor()};
    auto all = elsewhere.subscribe<event::AnyEvent>();
    const auto emitter = elsewhere.emitter<Small>();
    emitter.emit(Small{1});
    const event::AnyEvent any = **all.try_receive();
    expect_all_or_nothing(doing<Hearers>([&](Hearers& h) { h.scene.bus.emit(any); }), false);
}

TEST(FailedSet, OfAValue) {
    is_done_or_not([](Hearers& h) { h.value.set(h.large); });
    is_done_or_not([](Hearers& h) { h.value.emplace(long_text); });
    is_done_or_not([](Hearers& h) { h.alone.set(h.large); });
    is_done_or_not([](Hearers& h) { h.alone.set_if_changed(h.large); });
    is_done_or_not([](Hearers& h) { h.value.set_if_changed(Large(long_text)); });
    is_done_or_not([](Hearers& h) { h.alone.update([](Large& large) { large.value += long_text; }); });
    is_done_or_not(
        [](Hearers& h) { h.value.update([](const Large& large) { return Large(large.value + long_text); }); });
}

TEST(FailedEmit, OfWhatCannotBeCopied) {
    // each copy, move, comparison and function throws
    const auto is_done = [](Act act) { expect_all_or_nothing(user_code_alone, doing<Hearers>(act)); };
    is_done([](Hearers& h) { h.emitter.emit(h.large); });
    is_done([](Hearers& h) { h.emitter.emit(Large(long_text)); });
    is_done([](Hearers& h) { h.emitter.emit_all<Large>(h.larges); });
    is_done([](Hearers& h) { h.emitter.async_emit<Large>(h.large, asio::detached); });
    is_done([](Hearers& h) { h.value.set(h.large); });
    is_done([](Hearers& h) { h.alone.set_if_changed(h.large); });
    is_done([](Hearers& h) {
        h.alone.update([](Large& large) {
            large.value = "half done";
            user_code();
        });
    });
    is_done([](Hearers& h) {
        h.value.update([](const Large& large) {
            user_code();
            return large;
        });
    });
}

TEST(FailedReading, OfFigures) {
    is_done_or_not([](Hearers& h) { static_cast<void>(h.hearers[0].stat()); });
    is_done_or_not([](Hearers& h) { static_cast<void>(h.hearers[0].missing_emitters()); }, false);
    is_done_or_not([](Hearers& h) { static_cast<void>(h.scene.bus.stat<Text>()); }, false);
    is_done_or_not([](Hearers& h) { static_cast<void>(h.alone.try_get()); }, false);
    is_done_or_not([](Hearers& h) { static_cast<void>(h.hearers[0].get_executor()); }, false);
    is_done_or_not([](Hearers& h) { static_cast<void>(h.emitter.name()); }, false);
}

TEST(FailedEnd, OfAnything) {
    // nothing of that allocates
    is_done_or_not([](Hearers& h) { h.emitter.close(); }, false);
    is_done_or_not([](Hearers& h) { h.hearers[0].close(); }, false);
    is_done_or_not([](Hearers& h) { h.hearers[2].close_after_drain(); }, false);
    is_done_or_not([](Hearers& h) { h.waits[1].close(); }, false);
    is_done_or_not([](Hearers& h) { h.waits[0].cancel(); }, false);
    is_done_or_not([](Hearers& h) { h.pushed->close(); }, false);
    is_done_or_not([](Hearers& h) { h.watcher.cancel(); }, false);
    is_done_or_not([](Hearers& h) { h.alone.close(); }, false);
    is_done_or_not([](Hearers& h) { h.scene.bus.forget<Large>(); }, false);
    is_done_or_not([](Hearers& h) { static_cast<void>(h.hearers[0].try_receive()); }, false);
    is_done_or_not([](Hearers& h) { h.scene.run(); }, false);
}

TEST(FailedEnd, OfABus) {
    for (const long n : {0, 1, 2}) {
        asio::io_context io;
        event::EventBus bus{io};
        auto in = bus.subscribe<Large>();
        auto watcher = bus.watch<Large>();
        const auto emitter = bus.emitter<Large>();
        Completion<event::Delivery<Large>> receive;
        Completion<event::Snapshot<Large>> get;
        in.async_receive(receive.handler());
        watcher.async_get(get.handler());
        EXPECT_FALSE(allocation::failing(n, [&] { bus.close(); }));
        drive(io);
        EXPECT_EQ(receive.error(), event::errc::closed);
        EXPECT_EQ(get.error(), event::errc::closed);
    }
}

/// A bus that is to start, for those who listen in every way.
class Starting {
public:
    explicit Starting(Scene& s) : scene(s) {
        wants.async_ready(ready.handler());
        lacks.async_ready(missing.handler());
        started.async_receive(receive.handler());
    }
    void go_on() {
        scene.run();
        scene.bus.start();
    }
    void look_into(std::string& all) const {
        all += fmt::format("  {} {} {} {}", text(ready), text(missing), text(receive), all_of_it.stat().size);
    }

    Scene& scene;
    // with memory from the beginning
    event::Subscription<event::BusStarted> started =
        scene.bus.subscribe<event::BusStarted>({.on_full = event::Latest{}});
    event::Subscription<event::AnyEvent> all_of_it = scene.bus.subscribe<event::AnyEvent>({.capacity = 10'000});
    event::Subscription<Text> wants = scene.bus.subscribe<Text>();
    event::Subscription<Text> lacks = scene.bus.subscribe<Text>({.require_emitters = true});
    Completion<bool> ready, missing;
    Completion<event::Delivery<event::BusStarted>> receive;
};

TEST(FailedStart, OfABus) {
    expect_all_or_nothing(doing<Starting>([](Starting& s) { s.scene.bus.start(); }));
}

/// Queues that have had no event yet.
class Fresh {
public:
    explicit Fresh(Scene& s) : scene(s) {
        for (const event::Backpressure& policy :
             {event::Backpressure(event::Drop{}), event::Backpressure(event::Wait{}),
              event::Backpressure(event::DropOldest{})})
            hearers.push_back(scene.bus.subscribe<Small, Large>({.on_full = policy}));
    }
    void go_on() {}
    void look_into(std::string&) const {}
    /// "A queue of usual size gets its memory with its first event; while there is none, events are lost as if it were
    /// full."
    [[nodiscard]] bool adds_up() const {
        return std::all_of(hearers.begin(), hearers.end(), [](const auto& hearer) {
            const auto stat = hearer.stat();
            return stat.size + stat.lost == hearers_offered && stat.lost <= 1 && stat.gap == stat.lost;
        });
    }

    static constexpr std::size_t hearers_offered = 1;
    Scene& scene;
    event::Emitter<Small, Large> emitter = scene.bus.emitter<Small, Large>();
    std::vector<event::Subscription<Small, Large>> hearers;
};

TEST(FailedEmit, ToQueuesThatWereEmptySoFar) {
    expect_all_or_nothing(doing<Fresh>([](Fresh& f) { f.emitter.emit(Small{1}); }));
    expect_all_or_nothing(doing<Fresh>([](Fresh& f) { f.emitter.emplace<Large>(long_text); }));
}

/// While it exists, stderr is that file.
class StderrTo {
public:
    explicit StderrTo(const char* file) : own_(::dup(STDERR_FILENO)) {
        const int opened = ::open(file, O_WRONLY | O_CLOEXEC);
        ::dup2(opened, STDERR_FILENO);
        ::close(opened);
    }
    StderrTo(const StderrTo&) = delete;
    StderrTo& operator=(const StderrTo&) = delete;
    ~StderrTo() {
        ::dup2(own_, STDERR_FILENO);
        ::close(own_);
        std::clearerr(stderr);
    }

private:
    int own_;
};

TEST(FailedEmit, IsNoneWhereNobodyCanBeToldThatASubscriberIsSlow) {
    const StderrTo full("/dev/full");
    asio::io_context io;
    event::EventBus bus{io};
    const auto emitter = bus.emitter<Number>();
    const auto slow = bus.subscribe<Number>({.capacity = 1});
    emitter.emit({1});
    EXPECT_EQ(emitter.emit({2}).refused, 1U);
    // and whoever runs the context is told as little
    const auto slow_too = bus.subscribe<Number>({.capacity = 1});
    emitter.emit({3});
    Completion<event::EmitResult> emit;
    emitter.async_emit({4}, emit.handler());
    drive(io);
    EXPECT_EQ(emit.value().refused, 2U);
}

TEST(FailedEmit, IsNoneWhereThereIsNoMemoryForTheWordOfASlowSubscriber) {
    for (long n = 0, failed = 1; failed != 0; ++n) {
        asio::io_context io;
        event::EventBus bus{io};
        const auto emitter = bus.emitter<Number>();
        const auto slow = bus.subscribe<Number>({.capacity = 1, .name = std::string(1'000, 's')});
        emitter.emit({1});
        const StderrTo nobody("/dev/null");
        failed = allocation::failing(n, [&] { EXPECT_EQ(emitter.emit({2}).refused, 1U); });
    }
}

}  // namespace emitting_faults_test
