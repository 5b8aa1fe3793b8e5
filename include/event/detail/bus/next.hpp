#pragma once

#include <event/detail/event/erased.hpp>
#include <event/detail/wait/wrapped_handler.hpp>
#include <event/fwd.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

/// The next event of a type, received by a subscription that lasts as long as the operation.

namespace event::detail {

/// Accepts one event, and nothing after it.
template <class T, class Predicate>
struct OnceAccepted {
    Predicate accepts;
    bool is_there = false;

    [[nodiscard]] bool operator()(const Delivered<T>& event) {
        if (is_there) return false;
        return is_there = static_cast<bool>(std::invoke(accepts, event));
    }
};

/// Owns the subscription until the handler is called; with the handler's associations.
template <class Handler, class T>
struct NextHandler {
    Handler handler;
    Subscription<T> subscription;

    void operator()(boost::system::error_code error, Delivery<T> delivery) {
        subscription.close();
        std::move(handler)(error, std::move(delivery));
    }
};

/// Begins once; a copy that begins later finds the subscription gone, and completes with `errc::closed`.
template <class T, class Limit>
class InitiateNext {
public:
    using executor_type = boost::asio::any_io_executor;

    InitiateNext(Subscription<T>&& subscription, Limit limit)
        : subscription_(std::make_shared<Subscription<T>>(std::move(subscription))), limit_(limit) {}

    [[nodiscard]] executor_type get_executor() const noexcept { return subscription_->get_executor(); }

    template <class Handler>
    void operator()(Handler&& handler) const {
        NextHandler<std::decay_t<Handler>, T> next{std::forward<Handler>(handler), std::move(*subscription_)};
        Subscription<T>& subscription = next.subscription;
        subscription.async_receive_for(limit_, std::move(next));
    }

private:
    std::shared_ptr<Subscription<T>> subscription_;  // initiations are copied
    Limit limit_;
};

}  // namespace event::detail

template <template <class, class> class Associator, class Handler, class T, class Default>
struct boost::asio::associator<Associator, event::detail::NextHandler<Handler, T>, Default>
    : event::detail::AssociatorOf<Associator, Handler, Default> {};
