#pragma once

/// Behaviours: to subscribe to what events can do, whatever their types.
///
///     struct PeerFound { PeerId peer; };                                      // the behaviour
///     struct MdnsAnswer : PeerFound { using event_interfaces = event::Interfaces<PeerFound>; };
///     struct DhtAnswer : PeerFound { using event_interfaces = event::Interfaces<PeerFound>; int distance; };
///
///     auto found = bus.subscribe<event::Implements<PeerFound>>([](const PeerFound& found) { … });
///
/// After the discussion of libp2p's RFC for a local event bus (libp2p#653), which asked for a `PeerFound` that any
/// discovery service can emit in an event of its own.

#include <event/detail/requirements.hpp>

namespace event {

/// What an event type declares as `event_interfaces`: the bases as which it can be subscribed to. They are accessible,
/// unambiguous base classes; virtual functions are not needed, and no RTTI. What derives from such an event inherits
/// the declaration, as it does an `event_name`: give each event type that has named bases a name of its own. Where
/// shared libraries hide their symbols, the base needs an `event_name` as well (`event/name.hpp`). An event that does
/// not declare its base is not found by it.
template <class... Bases>
struct Interfaces {};

/// To subscribe to, instead of an event type: every event type that names `Base` among its `event_interfaces`, whoever
/// emits it, also types that first appear later. Delivered as `const Base&`, in the one order of all events. Beside
/// an event type that implements it in one subscription, such an event is delivered once for each. An event is shared
/// by all such subscribers, and built for them once; a small event takes the lock of its types three times then.
template <class Base>
struct Implements;

}  // namespace event
