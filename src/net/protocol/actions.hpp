#pragma once

#include "net/protocol/frames.hpp"

namespace event::net::protocol {

/// What a link does to this side. Called from inside `Protocol::received`, `lost`, `tick` and `close`, and may call the
/// protocol, but not destroy it. Views last as long as the call. Nothing here throws: what could is caught by who
/// implements it, and ends the link with a reason.
class Actions {
public:
    /// The other side is there; from now on this side may subscribe.
    virtual void opened(const Hello& remote) noexcept = 0;

    /// The other side subscribes. Events and latest values of this alias may be sent from now on; `Protocol::end`
    /// refuses it, now or later.
    virtual void subscribed(const Subscribe& subscribe) noexcept = 0;
    /// The other side wants no more of it.
    virtual void unsubscribed(Alias alias, const Reason& reason) noexcept = 0;

    // of what this side subscribed to
    /// Those that have come with it may be taken at once: `Protocol::next_event`.
    virtual void event(const Event& event) noexcept = 0;
    virtual void state(const State& state) noexcept = 0;
    virtual void ended(Alias alias, const Reason& reason) noexcept = 0;

    /// Once, and last. All subscriptions, in both directions, have ended with it.
    virtual void ended(const Reason& reason) noexcept = 0;

protected:
    Actions() = default;
    Actions(const Actions&) = default;
    Actions& operator=(const Actions&) = default;
    ~Actions() = default;
};

}  // namespace event::net::protocol
