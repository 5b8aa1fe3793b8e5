#include "soak/round.hpp"

#include <event/combine.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <optional>
#include <tuple>
#include <utility>

namespace soak {

using boost::system::error_code;
using host::quietly;

namespace {

struct Ignore {
    CountedHandler counted = {};
    template <class... Args>
    void operator()(const Args&...) const {}
};

asio::awaitable<void> receive_to_the_end(event::Subscription<Number, Text> from) {
    const CountedHandler counted;
    for (;;) {
        const auto received = co_await from.async_receive(quietly);
        if (std::get<0>(received)) break;
    }
}

asio::awaitable<void> follow_to_the_end(event::Watcher<Text> watcher) {
    const CountedHandler counted;
    for (;;) {
        const auto got = co_await watcher.async_get(quietly);
        if (std::get<0>(got)) break;
    }
}

/// A bus and all that one can have of it. Members that are reset in any order.
struct Life {
    Life(const asio::any_io_executor& at, const asio::any_io_executor& completions)
        : bus(std::in_place, at, event::BusOptions{.on_slow_subscriber = Ignore()}),
          emitter(bus->emitter<Number, Text>()),
          value(bus->value<Text>()),
          pull(bus->subscribe<Number, Text>({.capacity = 2, .on_full = event::Wait{}})),
          push(bus->subscribe<Number, Text>({.capacity = 4}, asio::bind_executor(completions, Ignore()))),
          tracer(bus->subscribe<event::AnyEvent>({.capacity = 4, .on_full = event::Kill{}},
                                                 asio::bind_executor(completions, Ignore()))),
          watcher(bus->watch<Text>()),
          shared(pull->share()),
          made(event::combine(value->view(), [](const Text& text) { return Text{text.value}; }).watch()),
          lacking(bus->subscribe<Passing<0>>({.require_emitters = true})) {}

    void emit() {
        bus->start();
        for (unsigned i = 0; i < 3; ++i) {
            emitter->emit<Number>({.value = i});
            emitter->emplace<Text>("to be gone");
            value->emplace("set");
        }
        bus->forget<Text>();
    }
    void emit_and_wait() {
        for (int i = 0; i < 3; ++i) emitter->async_emplace<Text>(Ignore(), "waits");
    }
    void wait_on(const asio::any_io_executor& completions) {
        pull->async_closed(asio::bind_executor(completions, Ignore()));
        lacking->async_ready(asio::bind_executor(completions, Ignore()));
        watcher->async_get(asio::bind_executor(completions, Ignore()));
        shared->async_receive(asio::bind_executor(completions, Ignore()));
        made->async_get(asio::bind_executor(completions, Ignore()));
    }
    void reset(unsigned which) {
        switch (which) {
            case 0:
                return bus.reset();
            case 1:
                return emitter.reset();
            case 2:
                return value.reset();
            case 3:
                return pull.reset();
            case 4:
                return push.reset();
            case 5:
                return tracer.reset();
            case 6:
                return watcher.reset();
            case 7:
                return shared.reset();
            case 8:
                return made.reset();
            default:
                return lacking.reset();
        }
    }
    static constexpr unsigned parts = 10;

    std::optional<event::EventBus> bus;
    std::optional<event::Emitter<Number, Text>> emitter;
    std::optional<event::Value<Text>> value;
    std::optional<event::Subscription<Number, Text>> pull, push;
    std::optional<event::Subscription<event::AnyEvent>> tracer;
    std::optional<event::Watcher<Text>> watcher;
    std::optional<event::Subscription<Number, Text>> shared;
    std::optional<event::Watcher<Text>> made;                // of the value
    std::optional<event::Subscription<Passing<0>>> lacking;  // nobody emits it
};

}  // namespace

void let_a_bus_go(const asio::any_io_executor& pool, unsigned seed) {
    std::minstd_rand random(seed);
    Life life(pool, asio::make_strand(pool));
    life.wait_on(pool);
    asio::co_spawn(asio::make_strand(pool), receive_to_the_end(life.bus->subscribe<Number, Text>()), asio::detached);
    asio::co_spawn(asio::make_strand(pool), follow_to_the_end(life.bus->watch<Text>()), asio::detached);
    life.emit();
    life.emit_and_wait();
    for (unsigned i = 0; i < Life::parts; ++i) life.reset(static_cast<unsigned>(random()) % Life::parts);
}

void let_a_context_die(const asio::any_io_executor& pool, unsigned seed) {
    std::minstd_rand random(seed);
    std::optional<asio::io_context> dying(std::in_place);
    const asio::any_io_executor at = dying->get_executor();
    // the bus's context dies, or that of the completions, or both are one
    const unsigned which = static_cast<unsigned>(random()) % 3;
    Life life(which == 0 ? pool : at, which == 1 ? pool : at);
    life.wait_on(which == 1 ? pool : at);
    asio::co_spawn(at, receive_to_the_end(life.bus->subscribe<Number, Text>()), asio::detached);
    asio::co_spawn(at, follow_to_the_end(life.bus->watch<Text>()), asio::detached);
    life.emit();
    // where the bus lives on, its threads would emit to receivers on the context that dies
    if (which != 0) life.emit_and_wait();
    for (auto turns = random() % 8; turns > 0; --turns) dying->poll_one();
    for (auto early = random() % 3; early > 0; --early) life.reset(static_cast<unsigned>(random()) % Life::parts);
    dying.reset();
    if (life.bus && life.emitter && random() % 2 == 0) life.emitter->emplace<Text>("too late");
}

}  // namespace soak
