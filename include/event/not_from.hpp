#pragma once

/// A subscription that does not hear an emitter.

#include <event/detail/requirements.hpp>

#include <event/detail/bus/emitter_state.hpp>
#include <event/detail/intrusive_ptr.hpp>
#include <event/fwd.hpp>

namespace event {

/// What `not_from` returns: an argument of `EventBus::subscribe`, before or after a handler and other refinements.
struct NotFrom {
    detail::IntrusivePtr<detail::EmitterState> emitter;  ///< null: nobody
    bool relayed = false;                                ///< what comes from elsewhere, whoever emits it
};

/// Does not deliver what this emitter emits, of whatever type and in whatever way (`emit`, `emit_all`, `async_emit`, as
/// `AnyEvent` and as a behaviour, retained and replayed): a component that both emits and subscribes to a type does not
/// hear its own echo, and a bridge does not send back what came from the other side. (As NATS' `no_echo`, which holds
/// for a connection, and Linux' `IP_MULTICAST_LOOP`; here each subscription chooses whom.) What comes back to the bus
/// as the `AnyEvent` that it was still is the emitter's. Several may be named.
///
/// What it rejects takes no slot, and counts as what a filter rejects: `EmitResult::rejected`,
/// `SubscriptionStat::rejected`. `async_emit` does not wait for that queue. It is asked before a filter, and runs no
/// code of yours. An emitter that is closed already still counts, for what is retained; one that was moved from is
/// nobody. `std::invalid_argument` from `subscribe` for an emitter of another bus.
template <class... Ts>
[[nodiscard]] NotFrom not_from(const Emitter<Ts...>& emitter) noexcept {
    NotFrom given;
    if (emitter.state_) given.emitter = emitter.state_.object();
    return given;
}

/// Does not deliver what comes from elsewhere, whoever emits it here (`Emitter::relay`), nor tell of what was lost on
/// its way: for a bridge that passes on what is this bus's own, so that nothing goes round between several of them.
/// Otherwise as `not_from`.
[[nodiscard]] inline NotFrom not_relayed() noexcept {
    NotFrom given;
    given.relayed = true;
    return given;
}

}  // namespace event
