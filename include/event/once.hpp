#pragma once

/// A handler that runs once.

#include <event/detail/requirements.hpp>

namespace event {

/// The type of `once`.
struct Once {};

/// An argument of `EventBus::subscribe`, beside a handler: the first event that comes (and passes the filter) runs it,
/// and when it has returned, thrown, or ended if it is a coroutine, the subscription closes itself; events that came
/// meanwhile are discarded. To wait for one event in a coroutine: `EventBus::async_next`.
inline constexpr Once once{};

}  // namespace event
