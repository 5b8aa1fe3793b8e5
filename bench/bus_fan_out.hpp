#pragma once

#include "event.hpp"

#include <event/bus.hpp>

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace bench {

/// The event bus in the words of fan_out_rows.hpp: subscribers of one type, each with a queue of that capacity.
template <class T>
class BusFanOut {
public:
    BusFanOut(boost::asio::io_context& io, std::size_t subscribers, std::size_t capacity = batch)
        : bus_(io), emitter_(bus_.emitter<T>()) {
        for (std::size_t i = 0; i < subscribers; ++i) {
            subscriptions_.push_back(bus_.subscribe<T>({.capacity = capacity}));
        }
    }
    void emit(T&& event) { emitter_.emit(std::move(event)); }
    void drain() {
        for (event::Subscription<T>& subscription : subscriptions_) {
            while (const auto delivery = subscription.try_receive()) tally_(**delivery);
        }
    }
    [[nodiscard]] const Tally& tally() const { return tally_; }
    [[nodiscard]] event::EventBus& bus() { return bus_; }

private:
    Tally tally_;
    event::EventBus bus_;
    event::Emitter<T> emitter_;
    std::vector<event::Subscription<T>> subscriptions_;
};

}  // namespace bench
