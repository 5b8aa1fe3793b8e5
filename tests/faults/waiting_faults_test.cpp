/// Each allocation of what begins to wait fails: it has not begun, and can be begun once more.

#include "scene.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>

namespace waiting_faults_test {

using namespace faults;
using namespace std::chrono_literals;

/// One of everything that can be waited for.
class Waits {
public:
    explicit Waits(Scene& s) : scene(s) {
        full.emplace(scene.bus.subscribe<Text>({.capacity = 1, .on_full = event::Wait{}}));
        emitter.emit({"first"});
        static_cast<void>(take_all(empty));
        closed.close();
        silent.close();
    }
    void go_on() {
        scene.run();
        static_cast<void>(empty.try_receive());
        static_cast<void>(filled.try_receive());
        static_cast<void>(full->try_receive());
        value.set(Number{2});
        scene.bus.start();
        scene.run();
        empty.close();
        watcher.close();
        scene.run();
    }
    void look_into(std::string& all) const {
        all += fmt::format("  {} {} {} {} {}\n", text(receive), text(some), text(done), text(get), text(emit));
    }

    Scene& scene;
    event::Subscription<Small, Large> empty = scene.bus.subscribe<Small, Large>();
    event::Subscription<Text> filled = scene.bus.subscribe<Text>();
    std::optional<event::Subscription<Text>> full;
    event::Emitter<Text> emitter = scene.bus.emitter<Text>();
    event::Subscription<Small, Large> closed = scene.bus.subscribe<Small, Large>();
    event::Emitter<Text> silent = scene.bus.emitter<Text>();
    event::Value<Number> value{scene.io, Number{1}};
    event::Watcher<Number> watcher = value.watch();
    event::Connection watched;
    Completion<event::Delivery<Small, Large>> receive;
    Completion<std::size_t> some;
    Completion<bool> done;
    Completion<event::Snapshot<Number>> get;
    Completion<event::EmitResult> emit;
    std::array<event::Delivery<Small, Large>, 2> two;
    std::array<event::Delivery<Text>, 2> texts;
    asio::cancellation_signal signal;
};

/// Nobody waits there for ever.
class WaitsForSomeTime : public Waits {
public:
    explicit WaitsForSomeTime(Scene& s) : Waits(s) {
        full.emplace(scene.bus.subscribe<Text>({.capacity = 1, .on_full = event::Wait{.limit = 1h}}));
        emitter.emit({"once more"});
    }
};

/// Where a handler may run, and what it may bring. (Not on a strand what need not wait: one of Asio's that has no
/// memory to be scheduled keeps what it has, and never runs again.)
constexpr auto plain = [](Waits&, auto handler) { return handler; };
constexpr auto on_strand = [](Waits& w, auto handler) { return asio::bind_executor(w.scene.strand, handler); };
constexpr auto elsewhere = [](Waits& w, auto handler) { return asio::bind_executor(w.scene.other, handler); };
constexpr auto erased = [](Waits& w, auto handler) { return asio::bind_executor(w.scene.erased, handler); };
constexpr auto cancellable = [](Waits& w, auto handler) {
    return asio::bind_cancellation_slot(w.signal.slot(),
                                        asio::bind_allocator(std::allocator<void>(), std::move(handler)));
};

template <class Begin>
void begins_or_not(Begin begin) {
    expect_all_or_nothing(doing<Waits>(begin));
}
/// With each kind of handler.
template <class Begin>
void begins_or_not_everywhere(Begin begin) {
    begins_or_not([=](Waits& w) { begin(w, plain); });
    begins_or_not([=](Waits& w) { begin(w, on_strand); });
    begins_or_not([=](Waits& w) { begin(w, elsewhere); });
    begins_or_not([=](Waits& w) { begin(w, erased); });
    begins_or_not([=](Waits& w) { begin(w, cancellable); });
}

TEST(FailedWait, ForAnEvent) {
    begins_or_not_everywhere([](Waits& w, auto on) { w.empty.async_receive(on(w, w.receive.handler())); });
    begins_or_not([](Waits& w) { w.empty.async_receive_some(w.two, elsewhere(w, w.some.handler())); });
    begins_or_not([](Waits& w) { w.empty.async_wait(elsewhere(w, w.done.handler())); });
    // it is there already
    begins_or_not([](Waits& w) { w.filled.async_receive_some(w.texts, w.some.handler()); });
    begins_or_not([](Waits& w) { w.filled.async_wait(elsewhere(w, w.done.handler())); });
}

TEST(FailedWait, ForSomeTime) {
    begins_or_not_everywhere([](Waits& w, auto on) { w.empty.async_receive_for(1h, on(w, w.receive.handler())); });
    begins_or_not_everywhere([](Waits& w, auto on) { w.empty.async_receive_for(0s, on(w, w.receive.handler())); });
    begins_or_not([](Waits& w) {
        static_cast<void>(w.watcher.try_get());
        w.watcher.async_get_for(1h, elsewhere(w, w.get.handler()));
    });
}

TEST(FailedWait, ForAValue) {
    begins_or_not([](Waits& w) { w.watcher.async_get(elsewhere(w, w.get.handler())); });
    begins_or_not([](Waits& w) {
        const auto is_even = [held = std::string(long_text)](const Number& number) { return number.value % 2 == 0; };
        w.watcher.async_get_if(is_even, elsewhere(w, w.get.handler()));
    });
    begins_or_not([](Waits& w) { w.watcher.async_wait(cancellable(w, w.done.handler())); });
    begins_or_not_everywhere([](Waits& w, auto on) {
        static_cast<void>(w.watcher.try_get());
        w.watcher.async_get_settled(1h, on(w, w.get.handler()));
    });
}

TEST(FailedWait, OfAHandlerForAValue) {
    begins_or_not_everywhere(
        [](Waits& w, auto on) { w.watched = w.value.watch(on(w, [held = std::string(long_text)](const Number&) {})); });
    begins_or_not([](Waits& w) {  // on a strand that there is: see Scene
        const auto coroutine = [](int) -> asio::awaitable<void> { co_return; };
        w.watched = w.value.watch(&Number::value, on_strand(w, coroutine));
    });
}

TEST(FailedWait, ForTheStartAndForTheEnd) {
    begins_or_not([](Waits& w) { w.empty.async_closed(elsewhere(w, w.done.handler())); });
    begins_or_not([](Waits& w) { w.empty.async_ready(cancellable(w, w.done.handler())); });
}

TEST(FailedWait, ForRoom) {
    begins_or_not_everywhere([](Waits& w, auto on) { w.emitter.async_emit(Text{long_text}, on(w, w.emit.handler())); });
    begins_or_not([](Waits& w) { w.emitter.async_emplace(w.emit.handler(), long_text); });
    const auto begin = [](WaitsForSomeTime& w) {
        w.emitter.async_emit(Text{long_text}, elsewhere(w, w.emit.handler()));
    };
    expect_all_or_nothing(doing<WaitsForSomeTime>(begin));
}

TEST(FailedWait, BesideAnother) {
    begins_or_not([](Waits& w) {
        w.full->async_wait(asio::detached);
        w.full->async_wait(elsewhere(w, w.done.handler()));
    });
}

TEST(FailedWait, ThatComesTooLate) {
    begins_or_not([](Waits& w) { w.closed.async_receive(elsewhere(w, w.receive.handler())); });
    begins_or_not([](Waits& w) { w.silent.async_emit(Text{long_text}, elsewhere(w, w.emit.handler())); });
}

}  // namespace waiting_faults_test
