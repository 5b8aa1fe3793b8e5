#pragma once

/// What is said of a link when it is made, and what it says of itself.

#include <event/detail/requirements.hpp>

#include <event/backpressure.hpp>
#include <event/net/certificate.hpp>
#include <event/net/link_limits.hpp>
#include <event/net/reason.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace event::net {

/// How the other side is served: each of its subscriptions has a queue of its own on this side, out of which it is
/// written as the stream takes it. A slow stream fills that queue, and nothing else.
struct ServeOptions {
    /// Events, at least 1.
    std::size_t capacity = 1'024;
    /// What is lost there, the other side sees as `missed()`, exactly where it happened. `Kill` ends the subscription,
    /// with `end_code::killed`. `Wait` is refused (`std::invalid_argument`): the other side would make this one wait.
    Backpressure on_full = Drop{};
    /// Of the queues, in reports; by default the link's.
    std::string name = {};
    /// Whether what came to this bus from elsewhere (`Link::import`, `mirror`; `Emitter::relay`) is served, too, but to
    /// the link that it came by: for the centre of a star. Where buses are linked in a ring it would go round for ever.
    bool forwards = false;
};

/// A subscription of this side that the other one refused, or ended: what was subscribed to here gets nothing more.
struct EndedSubscription {
    std::string types;  ///< their names, with commas
    Reason reason;
};

/// What the other side has said of itself, and what its stream has proven.
struct RemoteHello {
    std::uint64_t epoch = 0;  ///< of the node: another one after each start
    bool serves = false;
    bool consumes = false;
    /// What the stream has verified (`tls/stream.hpp`); none of other streams.
    std::optional<Certificate> certificate = {};
};

struct LinkOptions {
    /// Whether this side lets the other one subscribe at all, and whether it subscribes itself. The other side is told.
    bool serves = true;
    bool consumes = true;
    LinkLimits limits = {};
    LinkTimes times = {};
    /// Of this node: another one after each start; the other side can read it (`LinkStat::remote_epoch`). 0: a random
    /// one, the same for all links of the program.
    std::uint64_t epoch = 0;
    /// In reports.
    std::string name = "link";
    /// Called on the link's executor once the other side has said HELLO, and before anything that it asks for is looked
    /// at: what it is to be served may be said now. A reason ends the link with it.
    std::function<std::optional<Reason>(const RemoteHello&)> on_opened = {};
    /// Called on the link's executor. Empty: a line on stderr, but for those that ended in order.
    std::function<void(const EndedSubscription&)> on_subscription_ended = {};
    /// Of subscriptions that were made by `Link::subscribe`; as `BusOptions::on_slow_subscriber`.
    std::function<void(const SlowSubscriber&)> on_slow_subscriber = {};
};

/// Figures of one link, all of one moment: when it had last dealt with what came, was written, or was asked of it.
struct LinkStat {
    LinkState state = LinkState::opening;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t events_sent = 0;
    std::uint64_t events_received = 0;
    std::uint64_t states_sent = 0;  ///< latest values; one may take another's place before it is written
    std::uint64_t states_received = 0;
    /// Events and latest values that could not be written, since they are larger than their type, or the other side,
    /// allows. The other side sees an event as missed; it has no value instead of one that is too large for its type,
    /// and no subscription any more instead of one that is too large for itself.
    std::uint64_t unsendable = 0;
    std::size_t serving = 0;    ///< subscriptions of the other side
    std::size_t consuming = 0;  ///< subscriptions of this side
    std::size_t held = 0;       ///< bytes in buffers
    /// Of the other side's HELLO; 0 before it came.
    std::uint64_t remote_epoch = 0;
    /// Why the link has ended, as this side sees it, and what the other side said. None before.
    std::optional<Reason> reason = {};
    std::optional<Reason> remote_reason = {};
};

}  // namespace event::net
