#pragma once

/// A handler that runs only while its owner lives.

#include <event/detail/requirements.hpp>

#include <memory>
#include <utility>

namespace event {

/// What `while_alive` returns: an argument of `EventBus::subscribe`, beside a handler.
template <class Owner>
struct WhileAlive {
    std::weak_ptr<Owner> owner;
};

/// The handler runs only while the owner lives, and keeps it alive meanwhile (a coroutine: until it has ended). The
/// first event that finds it gone closes the subscription. So a component whose last owner lets go of it on one thread,
/// while its handler runs on another, is destroyed when that has returned: by the handler's thread then, where nothing
/// may wait for that handler. (`shared_from_this()` captured by the handler keeps the component alive as long as the
/// subscription is open: for ever, where the component itself holds the subscription.)
///
/// Subscribe after the owner was made: in its constructor `weak_from_this()` is still empty, and the first event would
/// close the subscription. Until an event comes, a subscription whose owner is gone still keeps `run()` from returning,
/// unless the owner held it. Cost: one `weak_ptr::lock` for each event.
template <class Owner>
[[nodiscard]] WhileAlive<Owner> while_alive(std::weak_ptr<Owner> owner) noexcept {
    return {std::move(owner)};
}
template <class Owner>
[[nodiscard]] WhileAlive<Owner> while_alive(const std::shared_ptr<Owner>& owner) noexcept {
    return {owner};
}

}  // namespace event
