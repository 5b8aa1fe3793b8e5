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
                      .is_replayed = delivery.replayed(),
                      .emitter = delivery.emitter()};
    delivery.visit([&](const auto& event) {
        received.number = number_of(event);
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(event)>, event::AnyEvent>) received.any = event;
    });
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
        start_with(handling, tell_received, [&](auto handler) { subscription_.async_receive(std::move(handler)); });
    }
    void receive_for(const Handling& handling, std::chrono::nanoseconds limit) override {
        start_with(handling, tell_received,
                   [&](auto handler) { subscription_.async_receive_for(limit, std::move(handler)); });
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
    std::unique_ptr<AnySubscription> share() override {
        return std::make_unique<SubscriptionOf>(subscription_.share());
    }
    void cancel() override { subscription_.cancel(); }
    void close() override { subscription_.close(); }
    void drain() override { subscription_.close_after_drain(); }
    event::SubscriptionStat stat() const override { return subscription_.stat(); }

private:
    static constexpr auto tell_received = [](Listener& listener, int operation, error_code error,
                                             const event::Delivery<Ts...>& delivery) {
        std::vector<Received> all;
        if (!error) all.push_back(read(delivery));
        listener.received(operation, error, all);
    };
    static constexpr auto tell_completed = [](Listener& listener, int operation, error_code error) {
        listener.completed(operation, error);
    };
    event::Subscription<Ts...> subscription_;
};

struct Wants {
    bool throws;
    Asks asks;
    event::EmitterId asks_for;
    [[nodiscard]] bool operator()(const Ping& event) const { return wants(event); }
    template <class T>
        requires(!std::is_same_v<T, Ping>)
    [[nodiscard]] bool operator()(const T& event, const event::Meta& meta) const {
        return wants(event) && is_wanted(asks, asks_for, meta);
    }

private:
    template <class T>
    [[nodiscard]] bool wants(const T& event) const {
        if (throws && filter_throws(number_of(event))) throw Thrown();
        return is_wanted(number_of(event));
    }
};
struct Key {
    bool throws;
    template <class T>
    [[nodiscard]] int operator()(const T& event) const {
        if (throws && key_throws(number_of(event))) throw Thrown();
        return key_of(number_of(event));
    }
};
struct Merge {
    bool throws;
    template <class T>
    [[nodiscard]] std::optional<T> operator()(const T& queued, const T& newer) const {
        if (throws && merge_throws(number_of(queued), number_of(newer))) throw Thrown();
        const std::optional<int> both = merged(number_of(queued), number_of(newer));
        if (!both) return std::nullopt;
        if constexpr (std::is_same_v<T, Ping>) {
            return Ping{*both};
        } else {
            return std::optional<T>(std::in_place, *both);
        }
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
        Received received{.index = index,
                          .number = number_of(event),
                          .sequence = meta.sequence,
                          .missed = meta.missed,
                          .is_replayed = meta.replayed,
                          .emitter = meta.emitter};
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(event)>, event::AnyEvent>) received.any = event;
        listener.pushed(number, received);
    };
    const auto start = [&](auto stored) {
        return std::make_unique<SubscriptionOf<Ts...>>(
            bus.subscribe<Ts...>(std::move(wanted.options), std::move(stored), std::move(refinements)...));
    };
    if (wanted.strand != nullptr) return start(boost::asio::bind_executor(*wanted.strand, std::move(handler)));
    return start(boost::asio::bind_executor(wanted.context->get_executor(), std::move(handler)));
}

template <class... Ts>
[[nodiscard]] std::unique_ptr<AnySubscription> refine(event::EventBus& bus, Listener& listener, Wanted&& wanted) {
    const auto where = event::where(Wants{wanted.throws, wanted.asks, wanted.asks_for});
    const event::NotFrom not_from = wanted.not_from;  // maybe nobody
    if (wanted.keys == Keys::none) {
        if (wanted.is_filtered) return subscribe_as<Ts...>(bus, listener, std::move(wanted), where, not_from);
        if (not_from.emitter) return subscribe_as<Ts...>(bus, listener, std::move(wanted), not_from);
        return subscribe_as<Ts...>(bus, listener, std::move(wanted));
    }
    const Key key{wanted.throws};
    if constexpr (!(event::detail::is_erased<Ts> || ...)) {
        if (wanted.keys == Keys::merged) {
            const Merge merge{wanted.throws};
            return subscribe_as<Ts...>(bus, listener, std::move(wanted), event::latest_by(key, merge), not_from);
        }
    }
    if (!wanted.is_filtered)
        return subscribe_as<Ts...>(bus, listener, std::move(wanted), not_from, event::latest_by(key));
    return subscribe_as<Ts...>(bus, listener, std::move(wanted), where, not_from, event::latest_by(key));
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

}  // namespace model
