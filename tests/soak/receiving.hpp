#pragma once

/// Coroutines that receive and follow until a round is over, and subscriptions that are held.

#include "host.hpp"
#include "soak/counted.hpp"
#include "soak/round.hpp"

#include <event/subscription.hpp>
#include <event/value.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <span>
#include <tuple>
#include <utility>

namespace soak {

using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using boost::system::error_code;
using host::quietly;

inline constexpr auto is_true = [](bool value) { return value; };

template <class... Ts>
asio::awaitable<void> receive(event::Subscription<Ts...> from, event::ValueView<bool> over, unsigned way) {
    const CountedHandler counted;
    auto ending = over.watch();
    std::array<event::Delivery<Ts...>, 8> batch;
    for (;;) {
        if (way == 0) {
            const auto first = co_await (from.async_receive(quietly) || ending.async_get_if(is_true, quietly));
            if (first.index() == 1 || std::get<0>(std::get<0>(first))) break;
        } else if (way == 1) {
            const auto first =
                co_await (from.async_receive_some(std::span(batch), quietly) || ending.async_get_if(is_true, quietly));
            if (first.index() == 1 || std::get<0>(std::get<0>(first))) break;
        } else {
            const auto received = co_await from.async_receive_for(3ms, quietly);
            const error_code error = std::get<0>(received);
            if (error && error != asio::error::timed_out) break;
            if (ending.try_get() && **over.try_get()) break;
        }
    }
}

template <class T>
asio::awaitable<void> follow(event::Watcher<T> watcher, event::ValueView<bool> over, unsigned way) {
    const CountedHandler counted;
    auto ending = over.watch();
    for (;;) {
        if (way == 0) {
            const auto first = co_await (watcher.async_get(quietly) || ending.async_get_if(is_true, quietly));
            if (first.index() == 1 || std::get<0>(std::get<0>(first))) break;
        } else {
            const auto got = co_await watcher.async_get_for(3ms, quietly);
            const error_code error = std::get<0>(got);
            if (error && error != asio::error::timed_out) break;
            if (**over.try_get()) break;
        }
    }
}

/// A pull subscription whose holder looks at it now and then.
template <class... Ts>
[[nodiscard]] Held pulled(event::Subscription<Ts...> subscription) {
    auto held = std::make_shared<event::Subscription<Ts...>>(std::move(subscription));
    return {held, [own = held.get()](unsigned lot) {
                if (lot == 0) return own->close();
                if (lot == 1) return own->close_after_drain();
                if (lot == 2) return own->async_closed([counted = CountedHandler()](error_code) {});
                for (; lot > 3 && own->try_receive(); --lot) {
                }
            }};
}

}  // namespace soak
