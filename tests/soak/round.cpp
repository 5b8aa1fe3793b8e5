#include "soak/receiving.hpp"
#include "soak/round.hpp"

#include <event/fmt.hpp>
#include <event/where_key.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/detached.hpp>

#include <fmt/format.h>

#include <atomic>
#include <span>
#include <string>
#include <tuple>
#include <utility>

namespace soak {

using boost::system::error_code;
using host::quietly;

namespace {

constexpr std::size_t most_held = 24;

/// Takes any event, and its time for it.
struct Handler {
    unsigned turns = 0;
    CountedHandler counted = {};
    template <class Event>
    void operator()(const Event&) const {
        for (unsigned i = 0; i < turns; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
    }
};

/// Rejects some.
struct Filter {
    CountedHandler counted = {};
    bool operator()(const Number& number) const { return number.value % 3 != 0; }
    bool operator()(const Announced& found) const { return found.peer % 3 != 0; }
};

struct Callback {
    CountedHandler counted = {};
    void operator()(const event::SlowSubscriber&) const {}
};

/// Adds to the ledger what an emit came to that had to wait.
struct Settle {
    Ledger& ledger;
    CountedHandler counted = {};
    void operator()(error_code error, const event::EmitResult& result) const {
        if (!error) ledger.add(result);
    }
};

/// Emits what must not be lost, and loses patience now and then.
asio::awaitable<void> produce(event::Emitter<Text> to, Ledger& ledger, event::ValueView<bool> over) {
    const CountedHandler counted;
    for (int i = 0; !**over.try_get(); ++i) {
        auto ending = over.watch();
        const auto first = co_await (to.async_emplace(quietly, "must not be lost") ||
                                     ending.async_get_for(std::chrono::milliseconds(i % 4), quietly));
        if (first.index() != 0) continue;
        const auto& [error, result] = std::get<0>(first);
        if (error) break;
        ledger.add(result);
    }
}

asio::awaitable<void> wait_for_an_emitter(event::EventBus& bus, event::ValueView<bool> over) {
    const CountedHandler counted;
    auto ending = over.watch();
    const auto first = co_await (bus.async_wait_emitter<Passing<0>>(quietly) || ending.async_get_if(is_true, quietly));
    static_cast<void>(first);
}

/// A push subscription: nobody looks at it.
template <class... Ts>
Held pushed(event::Subscription<Ts...> subscription) {
    auto held = std::make_shared<event::Subscription<Ts...>>(std::move(subscription));
    return {held, [own = held.get()](unsigned lot) {
                if (lot == 0) own->close();
                if (lot == 1) own->close_after_drain();
                if (lot > 2) static_cast<void>(own->stat());
            }};
}

}  // namespace

Round::Round(Ground ground, unsigned seed)
    : ground_(std::move(ground)),
      random_(seed),
      over_(ground_.pool, false),
      emitter_(ground_.bus.emitter<Number, Text, Overheard, Announced, State>({.retain = false, .name = "round"})) {}

Round::~Round() {
    over_.set(true);
    while (!held_.empty()) {
        std::swap(held_[lot(static_cast<unsigned>(held_.size()))], held_.back());
        held_.pop_back();
    }
}

void Round::step() {
    const unsigned what = lot(100);
    if (what < 53) return emit();
    if (what == 53) return share();
    if (what == 54) return combine();
    if (what < 60) return emit_and_wait();
    if (what < 64) return pass();
    if (what < 69) return pull();
    if (what < 74) return push();
    if (what < 77) return receive_in_a_coroutine();
    if (what < 78) return trace();
    if (what < 82) return listen_to_the_hub();
    if (what < 86) return follow_values();
    if (what < 87) return report();
    if (what == 87) return let_a_bus_go(ground_.pool, static_cast<unsigned>(random_()));
    if (what == 88) return let_a_context_die(ground_.pool, static_cast<unsigned>(random_()));
    if (!held_.empty()) held_[lot(static_cast<unsigned>(held_.size()))].use(lot(12));
}

event::Backpressure Round::any_policy() {
    switch (lot(7)) {
        case 0:
            return event::Notify{Callback()};
        case 1:
            return event::Notify{};
        case 2:
            return event::Drop{};
        case 3:
            return event::DropOldest{};
        case 4:
            return event::Latest{};
        case 5:
            return event::Kill{.after = std::chrono::milliseconds(lot(3))};
        default:
            return event::Wait{.limit = std::chrono::milliseconds(lot(3))};
    }
}

event::SubscriptionOptions Round::any_options() { return {.capacity = 1 + lot(16), .on_full = any_policy()}; }

asio::any_io_executor Round::any_executor() {
    if (lot(2) == 0) return ground_.pool;
    return asio::make_strand(ground_.pool);
}

void Round::hold(Held held) {
    if (held_.size() < most_held) return held_.push_back(std::move(held));
    held_[lot(most_held)] = std::move(held);
}

void Round::emit() {
    const unsigned value = lot(1000);
    Ledger& ledger = ground_.ledger;
    switch (lot(6)) {
        case 0:
            return ledger.add(emitter_.emit<Number>({.value = value}));
        case 1:
            return ledger.add(emitter_.emplace<Text>("plain"));
        case 2:
            return ledger.add(emitter_.emplace<Overheard>(static_cast<int>(value)));
        case 3:
            return ledger.add(emitter_.emplace<Announced>(static_cast<int>(value)));
        case 4:
            return ledger.add(emitter_.emit(State{}));
        default: {
            const std::array<Number, 3> numbers{{{value}, {value + 1}, {value + 2}}};
            return ledger.add(emitter_.emit_all<Number>(numbers));
        }
    }
}

void Round::emit_and_wait() {
    const Settle settle{ground_.ledger};
    if (lot(2) == 0) {
        emitter_.async_emplace<Number>(settle, lot(1000));
    } else {
        emitter_.async_emplace<Text>(settle, "waits");
    }
}

/// A topic that was not there, and is gone again.
void Round::pass() {
    const auto through = [this](auto which) {
        using Event = decltype(which);
        auto subscription = ground_.bus.subscribe<Event>({.capacity = 4, .on_full = event::Drop{}});
        const auto emitter = ground_.bus.emitter<Event>();
        for (unsigned i = 0; i < 6; ++i) ground_.ledger.add(emitter.emplace(i));
        while (subscription.try_receive() && lot(4) != 0) {
        }
    };
    if (lot(2) == 0) {
        through(Passing<0>());
    } else {
        through(Passing<1>());
    }
}

void Round::pull() {
    event::EventBus& bus = ground_.bus;
    auto options = any_options();
    const bool is_latest = event::policy_of(options.on_full) == event::Policy::latest;
    const auto key = [](const Number& number) { return number.value % 4; };
    switch (lot(is_latest ? 4 : 6)) {
        case 0:
            return hold(pulled(bus.subscribe<Number, Text>(std::move(options))));
        case 1:
            return hold(pulled(bus.subscribe<Number, Announced>(std::move(options), event::where(Filter()))));
        case 2:
            ground_.ledger.add_replayed();
            return hold(pulled(bus.subscribe<Text, State>(std::move(options))));
        case 3:
            return hold(pulled(bus.subscribe<Number, Announced>(std::move(options), event::not_from(emitter_))));
        case 4:
            return hold(pulled(bus.subscribe<event::Implements<Found>, Text>(std::move(options))));
        default:
            return hold(pulled(
                bus.subscribe<Number, Announced>(std::move(options), event::latest_by(key), event::where(Filter()))));
    }
}

void Round::push() {
    event::EventBus& bus = ground_.bus;
    auto options = any_options();
    const bool is_latest = event::policy_of(options.on_full) == event::Policy::latest;
    if (lot(3) == 0) options.concurrency = 2 + lot(2);
    auto handler = asio::bind_executor(any_executor(), Handler{lot(3) == 0 ? 20'000U : 0U});
    switch (lot(is_latest ? 3 : 4)) {
        case 0:
            return hold(pushed(bus.subscribe<Number, Text>(std::move(options), std::move(handler))));
        case 1:
            return hold(pushed(
                bus.subscribe<Number, Announced>(std::move(options), std::move(handler), event::where(Filter()))));
        case 2:
            ground_.ledger.add_replayed();
            return hold(pushed(bus.subscribe<State>(std::move(options), std::move(handler))));
        default:
            return hold(pushed(bus.subscribe<event::Implements<Found>>(std::move(options), std::move(handler))));
    }
}

void Round::receive_in_a_coroutine() {
    event::EventBus& bus = ground_.bus;
    const asio::any_io_executor strand = asio::make_strand(ground_.pool);
    const auto spawn = [&](asio::awaitable<void> what) { ground_.tasks.spawn(strand, "a coroutine", std::move(what)); };
    switch (lot(4)) {
        case 0:
            return spawn(receive(bus.subscribe<Number, Text>(any_options()), over_.view(), lot(3)));
        case 1:
            return spawn(receive(bus.subscribe<Text>({.capacity = 2, .on_full = event::Wait{}}), over_.view(), lot(3)));
        case 2:
            return spawn(produce(bus.emitter<Text>(), ground_.ledger, over_.view()));
        default:
            return spawn(wait_for_an_emitter(bus, over_.view()));
    }
}

void Round::trace() {
    const bool replays = lot(2) == 0;
    if (replays) ground_.ledger.add_replayed();
    event::SubscriptionOptions options{.capacity = 32,
                                       .on_full = event::DropOldest{},
                                       .name = {},
                                       .require_emitters = false,
                                       .replay_retained = replays};
    if (lot(2) == 0)
        return hold(pushed(ground_.bus.subscribe<event::AnyEvent>(std::move(options),
                                                                  asio::bind_executor(any_executor(), Handler()))));
    auto tracer = std::make_shared<event::Subscription<event::AnyEvent>>(
        ground_.bus.subscribe<event::AnyEvent>(std::move(options)));
    hold({tracer, [this, own = tracer.get()](unsigned lot) {
              if (lot == 0) return own->close();
              // once more, as itself
              if (const auto traced = own->try_receive()) ground_.ledger.add(ground_.bus.emit(**traced));
          }});
}

/// On the bus of a host that is at work.
void Round::listen_to_the_hub() {
    event::EventBus& bus = ground_.hub.bus();
    auto options = any_options();
    const event::Policy policy = event::policy_of(options.on_full);
    // it emits with async_emit what it must not lose: one who waits would have it wait
    if (policy == event::Policy::wait || policy == event::Policy::notify) options.on_full = event::Notify{Callback()};
    auto handler = asio::bind_executor(any_executor(), Handler());
    switch (lot(4)) {
        case 0:
            return hold(pulled(bus.subscribe<host::ConnEstablished, host::ConnClosed, host::Tick>(std::move(options))));
        case 1:
            return hold(pushed(bus.subscribe<host::ConnEstablished, host::FrameReceived>(
                std::move(options), std::move(handler),
                event::where_key(&host::FrameReceived::protocol, host::Protocol::ping))));
        case 2:
            return hold(pushed(bus.subscribe<host::SendRequested>(std::move(options), std::move(handler))));
        default:
            options.on_full = event::DropOldest{};
            return hold(pushed(bus.subscribe<event::AnyEvent>(std::move(options), std::move(handler))));
    }
}

void Round::follow_values() {
    const asio::any_io_executor strand = asio::make_strand(ground_.pool);
    const auto spawn = [&](asio::awaitable<void> what) { ground_.tasks.spawn(strand, "a watcher", std::move(what)); };
    host::Host& hub = ground_.hub;
    switch (lot(5)) {
        case 0:
            return spawn(follow(hub.network().watch(), over_.view(), lot(2)));
        case 1:
            return spawn(follow(hub.peers().watch(), over_.view(), lot(2)));
        case 2:
            return spawn(follow(hub.bus().watch<State>(), over_.view(), lot(2)));
        case 3: {
            auto value = std::make_shared<event::Value<State>>(hub.bus().value<State>());
            return hold({value, [own = value.get()](unsigned lot) {
                             if (lot == 0) return own->close();
                             own->set(State{});
                         }});
        }
        default: {
            auto value = std::make_shared<event::Value<Text>>(ground_.pool);
            for (unsigned watchers = lot(4); watchers > 0; --watchers)
                spawn(follow(value->watch(), over_.view(), lot(2)));
            return hold({value, [own = value.get()](unsigned lot) {
                             if (lot == 0) return own->close();
                             if (lot % 2 == 0) return own->emplace("emplaced");
                             own->update([](const Text& text) { return Text{text.value.substr(0, 8) + "!"}; });
                         }});
        }
    }
}

void Round::report() {
    const std::string tables = fmt::format("{}\n{}", ground_.bus.report(), ground_.hub.bus().report());
    static_cast<void>(tables);
}

}  // namespace soak
