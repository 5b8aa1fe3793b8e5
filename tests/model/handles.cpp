#include "handles.hpp"

#include <array>
#include <type_traits>

namespace model {
namespace {

template <class... Ts>
[[nodiscard]] Received read(const event::Delivery<Ts...>& delivery) {
    Received received{.index = delivery.index(),
                      .sequence = delivery.sequence(),
                      .missed = delivery.missed(),
                      .is_replayed = delivery.replayed()};
    delivery.visit([&](const auto& event) { received.number = number_of(event); });
    return received;
}

template <class... Ts>
class SubscriptionOf final : public AnySubscription {
public:
    explicit SubscriptionOf(event::Subscription<Ts...> subscription) : subscription_(std::move(subscription)) {}

    std::optional<Received> try_receive() override {
        const auto delivery = subscription_.try_receive();
        if (!delivery) return std::nullopt;
        return read(*delivery);
    }
    void receive(const Handling& handling) override {
        const auto tell = [](Listener& listener, int operation, error_code error,
                             const event::Delivery<Ts...>& delivery) {
            std::vector<Received> all;
            if (!error) all.push_back(read(delivery));
            listener.received(operation, error, all);
        };
        start_with(handling, tell, [&](auto handler) { subscription_.async_receive(std::move(handler)); });
    }
    void receive_some(const Handling& handling, std::size_t most) override {
        auto into = std::make_shared<std::vector<event::Delivery<Ts...>>>(most);
        const auto tell = [into](Listener& listener, int operation, error_code error, std::size_t count) {
            std::vector<Received> all;
            for (std::size_t i = 0; i < count; ++i) all.push_back(read((*into)[i]));
            into->clear();
            listener.received(operation, error, all);
        };
        start_with(handling, tell, [&](auto handler) { subscription_.async_receive_some(*into, std::move(handler)); });
    }
    void wait(const Handling& handling) override {
        start_with(handling, tell_completed, [&](auto handler) { subscription_.async_wait(std::move(handler)); });
    }
    void wait_for_end(const Handling& handling) override {
        start_with(handling, tell_completed, [&](auto handler) { subscription_.async_closed(std::move(handler)); });
    }
    void wait_for_start(const Handling& handling) override {
        start_with(handling, tell_completed, [&](auto handler) { subscription_.async_ready(std::move(handler)); });
    }
    void cancel() override { subscription_.cancel(); }
    void close() override { subscription_.close(); }
    void drain() override { subscription_.close_after_drain(); }
    event::SubscriptionStat stat() const override { return subscription_.stat(); }

private:
    static constexpr auto tell_completed = [](Listener& listener, int operation, error_code error) {
        listener.completed(operation, error);
    };
    event::Subscription<Ts...> subscription_;
};

constexpr auto wants = [](const auto& event) { return is_wanted(number_of(event)); };
constexpr auto key = [](const auto& event) { return key_of(number_of(event)); };
struct Merge {
    template <class T>
    [[nodiscard]] std::optional<T> operator()(const T& queued, const T& newer) const {
        const std::optional<int> both = merged(number_of(queued), number_of(newer));
        return both ? std::optional<T>(std::in_place, *both) : std::nullopt;
    }
    [[nodiscard]] std::optional<Ping> operator()(const Ping& queued, const Ping& newer) const {
        const std::optional<int> both = merged(queued.number, newer.number);
        return both ? std::optional<Ping>(Ping{*both}) : std::nullopt;
    }
};

template <class... Ts, class... Refinements>
[[nodiscard]] std::unique_ptr<AnySubscription> subscribe_as(event::EventBus& bus, Listener& listener, Wanted&& wanted,
                                                            Refinements... refinements) {
    if (!wanted.is_push) {
        return std::make_unique<SubscriptionOf<Ts...>>(
            bus.subscribe<Ts...>(std::move(wanted.options), std::move(refinements)...));
    }
    auto handler = [token = Token(listener, -wanted.number), &listener, number = wanted.number](
                       const auto& event, const event::Meta& meta) mutable {
        // of which type it is, the handler alone cannot tell: the place in the list is the event's
        std::size_t index = 0;
        static_cast<void>(
            ((std::is_same_v<std::remove_cvref_t<decltype(event)>, event::detail::Delivered<Ts>> || (++index, false)) ||
             ...));
        listener.pushed(number, {.index = index,
                                 .number = number_of(event),
                                 .sequence = meta.sequence,
                                 .missed = meta.missed,
                                 .is_replayed = meta.replayed});
    };
    const auto start = [&](auto stored) {
        return std::make_unique<SubscriptionOf<Ts...>>(
            bus.subscribe<Ts...>(std::move(wanted.options), std::move(stored), std::move(refinements)...));
    };
    if (wanted.context == nullptr) return start(std::move(handler));
    return start(boost::asio::bind_executor(wanted.context->get_executor(), std::move(handler)));
}

template <class... Ts>
[[nodiscard]] std::unique_ptr<AnySubscription> refine(event::EventBus& bus, Listener& listener, Wanted&& wanted) {
    if (wanted.keys == Keys::none) {
        if (!wanted.is_filtered) return subscribe_as<Ts...>(bus, listener, std::move(wanted));
        return subscribe_as<Ts...>(bus, listener, std::move(wanted), event::where(wants));
    }
    if constexpr (!(event::detail::is_erased<Ts> || ...)) {
        if (wanted.keys == Keys::merged)
            return subscribe_as<Ts...>(bus, listener, std::move(wanted), event::latest_by(key, Merge()));
    }
    if (!wanted.is_filtered) return subscribe_as<Ts...>(bus, listener, std::move(wanted), event::latest_by(key));
    return subscribe_as<Ts...>(bus, listener, std::move(wanted), event::where(wants), event::latest_by(key));
}

template <class T>
class EmitterOf final : public AnyEmitter {
public:
    explicit EmitterOf(event::Emitter<T> emitter) : emitter_(std::move(emitter)) {}
    EmitResult emit(int number) override { return emitter_.emit(T{number}); }
    EmitResult emit_all(int first, std::size_t count) override {
        std::vector<T> events;
        for (std::size_t i = 0; i < count; ++i) events.push_back(T{first + static_cast<int>(i)});
        return emitter_.emit_all(events);
    }
    void async_emit(const Handling& handling, int number) override {
        const auto tell = [](Listener& listener, int operation, error_code error, const EmitResult& result) {
            listener.emitted(operation, error, result);
        };
        start_with(handling, tell, [&](auto handler) { emitter_.async_emit(T{number}, std::move(handler)); });
    }
    void close() override { emitter_.close(); }

private:
    event::Emitter<T> emitter_;
};

template <class T>
class WatcherOf final : public AnyWatcher {
public:
    explicit WatcherOf(event::Watcher<T> watcher) : watcher_(std::move(watcher)) {}
    std::optional<Seen> try_get() override {
        const auto snapshot = watcher_.try_get();
        if (!snapshot) return std::nullopt;
        return seen(*snapshot);
    }
    void get(const Handling& handling) override {
        start_with(handling, tell_got, [&](auto handler) { watcher_.async_get(std::move(handler)); });
    }
    void get_if(const Handling& handling) override {
        start_with(handling, tell_got, [&](auto handler) { watcher_.async_get_if(wants, std::move(handler)); });
    }
    void wait(const Handling& handling) override {
        const auto tell = [](Listener& listener, int operation, error_code error) {
            listener.completed(operation, error);
        };
        start_with(handling, tell, [&](auto handler) { watcher_.async_wait(std::move(handler)); });
    }
    void cancel() override { watcher_.cancel(); }
    void close() override { watcher_.close(); }

private:
    static Seen seen(const event::Snapshot<T>& snapshot) { return {number_of(*snapshot), snapshot.version()}; }
    static constexpr auto tell_got = [](Listener& listener, int operation, error_code error,
                                        const event::Snapshot<T>& snapshot) {
        listener.got(operation, error, snapshot ? std::optional(seen(snapshot)) : std::nullopt);
    };
    event::Watcher<T> watcher_;
};

/// Calls `function` with the type itself.
template <class Function>
decltype(auto) with_type(Type type, Function&& function) {
    switch (type) {
        case ping:
            return function(std::type_identity<Ping>());
        case pong:
            return function(std::type_identity<Pong>());
        default:
            return function(std::type_identity<Note>());
    }
}

}  // namespace

const std::vector<std::vector<Listed>> menus = {
    {Listed::ping},
    {Listed::note},
    {Listed::ping, Listed::pong},
    {Listed::ping, Listed::note},
    {Listed::pong, Listed::behaviour},
    {Listed::behaviour},
    {Listed::all},
    {Listed::ping, Listed::pong, Listed::note},
};

std::unique_ptr<AnySubscription> subscribe(event::EventBus& bus, Listener& listener, Wanted wanted) {
    switch (wanted.menu) {
        case 0:
            return refine<Ping>(bus, listener, std::move(wanted));
        case 1:
            return refine<Note>(bus, listener, std::move(wanted));
        case 2:
            return refine<Ping, Pong>(bus, listener, std::move(wanted));
        case 3:
            return refine<Ping, Note>(bus, listener, std::move(wanted));
        case 4:
            return refine<Pong, event::Implements<Talk>>(bus, listener, std::move(wanted));
        case 5:
            return refine<event::Implements<Talk>>(bus, listener, std::move(wanted));
        case 6:
            return refine<event::AnyEvent>(bus, listener, std::move(wanted));
        default:
            return refine<Ping, Pong, Note>(bus, listener, std::move(wanted));
    }
}

std::unique_ptr<AnyEmitter> make_emitter(event::EventBus& bus, Type type, event::EmitterOptions options,
                                         error_code& error) {
    return with_type(type, [&]<class T>(std::type_identity<T>) -> std::unique_ptr<AnyEmitter> {
        return std::make_unique<EmitterOf<T>>(bus.emitter<T>(std::move(options), error));
    });
}

std::unique_ptr<AnyWatcher> watch(event::EventBus& bus, Type type) {
    return with_type(type, [&]<class T>(std::type_identity<T>) -> std::unique_ptr<AnyWatcher> {
        return std::make_unique<WatcherOf<T>>(bus.watch<T>());
    });
}

event::TopicStat stat(const event::EventBus& bus, Type type) {
    if (type == started) return bus.stat<event::BusStarted>();
    return with_type(type, [&]<class T>(std::type_identity<T>) { return bus.stat<T>(); });
}

std::string_view label_of(Type type) {
    if (type == started) return event::name_of<event::BusStarted>();
    return with_type(type, []<class T>(std::type_identity<T>) { return event::name_of<T>(); });
}

void forget(event::EventBus& bus, Type type) {
    with_type(type, [&]<class T>(std::type_identity<T>) { bus.forget<T>(); });
}

}  // namespace model
