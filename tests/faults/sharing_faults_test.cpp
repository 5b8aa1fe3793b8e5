/// Shared queues, several runs of a handler, and combined values, in which one thing after the other fails.

#include "scene.hpp"

#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace sharing_faults_test {

using namespace faults;

// ---- allocations ------------------------------------------------------------------------------------------------

/// One queue, and two who receive from it, of whom one waits.
class Shares {
public:
    explicit Shares(Scene& s) : scene(s) {
        s.bus.emitter<Small>().emit(Small{});  // they have their memory from here on
        for (auto* queue : {&alone, &first}) static_cast<void>(take_all(*queue));
        second = first.share();
        second.async_receive(waits.handler());
    }
    void go_on() {
        scene.run();
        second.close();
        scene.run();
    }
    void look_into(std::string& all) const {
        all += fmt::format("  {} {} {} {}, {} receivers\n", text(waits), text(receive), text(some), text(done),
                           first.stat().receivers);
    }

    Scene& scene;
    event::Subscription<Small, Large> alone = scene.bus.subscribe<Small, Large>({.name = "alone"});
    event::Subscription<Small, Large> first = scene.bus.subscribe<Small, Large>({.name = "shared"});
    event::Subscription<Small, Large> second, third;
    event::Emitter<Large> emitter = scene.bus.emitter<Large>();
    Completion<event::Delivery<Small, Large>> waits, receive;
    Completion<std::size_t> some;
    Completion<bool> done;
    std::array<event::Delivery<Small, Large>, 2> two;
};

void shares_or_not(const std::function<void(Shares&)>& act) { expect_all_or_nothing(doing<Shares>(act)); }

TEST(FailedSharing, OfASubscription) {
    shares_or_not([](Shares& s) { s.third = s.alone.share(); });
    shares_or_not([](Shares& s) { s.third = s.first.share(); });
    shares_or_not([](Shares& s) { s.third = s.second.share(); });
}

TEST(FailedSharing, WhereSomebodyWaits) {
    shares_or_not([](Shares& s) { s.first.async_receive(s.receive.handler()); });
    shares_or_not(
        [](Shares& s) { s.first.async_receive_some(s.two, asio::bind_executor(s.scene.other, s.some.handler())); });
    shares_or_not([](Shares& s) { s.first.async_wait(asio::bind_executor(s.scene.erased, s.done.handler())); });
}

TEST(FailedSharing, WhereSomebodyIsWoken) {
    shares_or_not([](Shares& s) { s.emitter.emplace(long_text); });
}

/// The sums, and who was in them for a moment, may differ: a push subscription that found no memory was one.
template <class Make>
class Pushing final : public Registering<Make> {
public:
    using Registering<Make>::Registering;
    [[nodiscard]] std::string forgive(std::string look) const override { return look.substr(look.find('\n')); }
};

template <class Make>
void pushes(Make make) {
    expect_all_or_nothing([&](Place place) { return std::make_unique<Pushing<Make>>(place, make); });
}

TEST(FailedRegistration, OfAHandlerThatMayRunSeveralTimesAtOnce) {
    const auto resource = std::make_shared<int>();
    const auto handler = [resource](const auto&) {};
    for (const std::size_t concurrency : {2U, 3U}) {
        pushes([=](Scene& scene) {
            return scene.bus.subscribe<Small, Large>({.name = "push", .concurrency = concurrency}, handler);
        });
        pushes([=](Scene& scene) {
            return scene.bus.subscribe<Large>({.name = "push", .concurrency = concurrency},
                                              asio::bind_executor(scene.strand, handler));
        });
    }
    EXPECT_EQ(resource.use_count(), 2);
}

/// Two values, and what is made of them.
class Combines {
public:
    explicit Combines(Scene& s) : scene(s) {}
    void go_on() {
        scene.run();
        second.set(Small{7});
        scene.run();
        watcher.close();
        first.close();
        second.close();
        scene.run();
    }
    void look_into(std::string& all) const { all += fmt::format("  {} {} {}\n", text(get), text(done), read); }
    [[nodiscard]] event::ValueView<Large> combine() {
        return event::combine(first.view(), second.view(), [](const Large& large, const Small& small) {
            user_code();
            return Large(large.value + fmt::format("{}", small.value));
        });
    }

    Scene& scene;
    event::Value<Large> first{scene.io, Large(long_text)};
    event::Value<Small> second{scene.io, Small{1}};
    event::ValueView<Large> view = combine();
    event::Watcher<Large> watcher = view.watch();
    event::ValueView<Large> another;
    Completion<event::Snapshot<Large>> get;
    Completion<bool> done;
    std::size_t read = 0;
};

void combines_or_not(const std::function<void(Combines&)>& act, const std::vector<const Source*>& sources = {}) {
    expect_all_or_nothing(doing<Combines>(act));
    for (const Source* source : sources) expect_all_or_nothing(*source, doing<Combines>(act));
}

TEST(FailedCombining, OfViews) {
    combines_or_not([](Combines& c) { c.another = c.combine(); });
    combines_or_not([](Combines& c) {
        c.another = event::combine(c.view, c.second.view(), [](const Large& large, const Small&) { return large; });
    });
}

TEST(FailedCombining, WhereSomebodyLooks) {
    combines_or_not([](Combines& c) { c.read = (*c.view.try_get())->value.size(); }, {&user_code_alone});
    combines_or_not([](Combines& c) {  // of watchers, only the one that looks first is told of what the function throws
        if (const auto now = c.watcher.try_get()) c.read = (*now)->value.size();
        if (c.read == 0) c.read = (*c.view.try_get())->value.size();
    });
    combines_or_not([](Combines& c) { c.watcher.async_get(c.get.handler()); });
    combines_or_not([](Combines& c) { c.watcher.async_get(asio::bind_executor(c.scene.other, c.get.handler())); });
    combines_or_not([](Combines& c) { c.watcher.async_wait(asio::bind_executor(c.scene.other, c.done.handler())); });
}

TEST(FailedCombining, WhereSomethingIsSet) {
    combines_or_not([](Combines& c) {
        c.watcher.async_get(c.get.handler());
        c.second.set(Small{2});
    });
}

// ---- posts ------------------------------------------------------------------------------------------------------

/// Throws at the n-th post, and so many times from there on.
struct Failing {
    asio::io_context io;
    long until_failure = -1;
    long failures = 0;
};
struct Executor {
    Failing* where;

    template <class Function>
    void execute(Function&& function) const {
        if (where->until_failure == 0 && where->failures > 0) {
            --where->failures;
            throw Thrown{};
        }
        if (where->until_failure > 0) --where->until_failure;
        asio::post(where->io, std::forward<Function>(function));
    }
    [[nodiscard]] asio::execution_context& query(asio::execution::context_t) const noexcept { return where->io; }
    static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
        return asio::execution::blocking.never;
    }
    [[nodiscard]] Executor require(asio::execution::blocking_t::never_t) const noexcept { return *this; }
    bool operator==(const Executor&) const noexcept = default;
};

/// Receives again and again.
struct Worker {
    event::Subscription<Number> handle;
    Executor on;
    std::vector<int>& got;

    void receive() {
        handle.async_receive(asio::bind_executor(on, [this](error_code error, const event::Delivery<Number>& delivery) {
            if (error) return;
            got.push_back(delivery->value);
            receive();
        }));
    }
};

/// Three of them, or as many runs of one handler.
template <class Begin>
void loses_nothing_where_a_post_fails(Begin begin) {
    for (const long times : {1, 2, 4}) {
        for (long n = 0; n < 12; ++n) {
            SCOPED_TRACE(fmt::format("post {} fails {} times", n, times));
            const long live = allocation::live;
            {
                Failing where;
                event::EventBus bus(where.io);
                const auto emitter = bus.emitter<Number>();
                std::vector<int> got;
                const auto receivers = begin(bus, where, got);
                drive(where.io);
                where.until_failure = n;
                where.failures = times;
                for (int i = 0; i < 6; ++i) {
                    emitter.emit({i});
                    if (i % 2 == 0) drive(where.io);
                }
                drive(where.io);
                where.until_failure = -1;
                emitter.emit({6});  // the next occasion
                drive(where.io);
                EXPECT_THAT(got, testing::ElementsAre(0, 1, 2, 3, 4, 5, 6));
                bus.close();
                drive(where.io);
            }
            ASSERT_EQ(allocation::live, live) << "leaks";
        }
    }
}

TEST(FailingExecutor, LosesNothingOfASharedQueue) {
    for (const event::Backpressure& policy : {event::Backpressure(event::Drop{}), event::Backpressure(event::Wait{})}) {
        loses_nothing_where_a_post_fails([&](event::EventBus& bus, Failing& where, std::vector<int>& got) {
            auto first = bus.subscribe<Number>({.capacity = 32, .on_full = policy});
            std::vector<std::unique_ptr<Worker>> workers;
            for (int i = 0; i < 3; ++i) workers.emplace_back(new Worker{first.share(), {&where}, got})->receive();
            return workers;
        });
    }
}

TEST(FailingExecutor, LosesNothingOfAHandlerThatMayRunSeveralTimesAtOnce) {
    loses_nothing_where_a_post_fails([](event::EventBus& bus, Failing& where, std::vector<int>& got) {
        return bus.subscribe<Number>(
            {.concurrency = 3},
            asio::bind_executor(Executor{&where}, [&got](const Number& number) { got.push_back(number.value); }));
    });
}

}  // namespace sharing_faults_test
