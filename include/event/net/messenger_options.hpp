#pragma once

/// What is said of a messenger when it is made, and what it says of itself and of its peers.

#include <event/detail/requirements.hpp>

#include <event/backpressure.hpp>
#include <event/net/error.hpp>
#include <event/net/supervisor_options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace event::net {

/// What the application calls a peer: a name, a key's fingerprint, an address. What a link says of itself proves it, or
/// nothing does: that is decided where the link is attached.
using PeerId = std::string;

/// Which side has dialed a link. Where both sides have, the one that the node with the lower epoch
/// (`LinkOptions::epoch`) has dialed is used, and the other one is left.
enum class Dialed : std::uint8_t { here, there };

/// What is sent before what: a type says it by a member,
/// `static constexpr auto message_priority = event::net::Priority::urgent`. Of one priority, what came first goes
/// first; of a lower one, one goes after eight of higher ones.
enum class Priority : std::uint8_t { urgent, normal, bulk };

struct MessengerOptions {
    /// What is sent is acknowledged by the peer's messenger, and is sent again by the next link until then: each
    /// message arrives once, in order, while both sides' memory of each other lasts (`keep`). Otherwise what was on its
    /// way when a link was lost is lost with it.
    bool reliable = false;
    /// Of each peer's queue here: messages, and bytes as they are on the wire. At least 1.
    std::size_t capacity = 1'024;
    std::size_t max_bytes = std::size_t{1} << 20;
    /// A message that finds the queue full is refused, or takes the place of the oldest that was not sent yet, of no
    /// higher a priority.
    std::variant<Drop, DropOldest> on_full = Drop{};
    /// Of all peers' queues together, in bytes. What is left of it is shared fairly: a peer may fill as much as is free
    /// for others beside it. So one alone gets half of it, and each of n that want more the (n+1)th part (the dynamic
    /// threshold of Choudhury and Hahne, 1998).
    std::size_t max_total_bytes = std::size_t{64} << 20;
    /// Messages of each peer that wait here for being received, and requests of it that are being answered; at least 1.
    /// A reliable peer sends no more of them; of another one the newest is lost, and `missed()` by the next, and a
    /// request is refused.
    std::size_t inbox = 256;
    /// How long a peer without a link is kept, with what is queued for it.
    std::chrono::steady_clock::duration keep = std::chrono::minutes(1);
    /// Peers that are known at once; of one more nothing is taken, and its link has no part in the messenger.
    std::size_t max_peers = 1'024;
    /// In reports.
    std::string name = "messenger";
};

/// How a messenger dials (`Messenger::dial_by`).
struct DialOptions {
    /// Of the links to each peer: while a peer cannot be reached, it is dialed again and again, until it is forgotten
    /// (`MessengerOptions::keep`).
    SupervisorOptions supervisor = {};
    /// A link that was dialed is closed once nothing was said by it for so long, and dialed again for the next message.
    /// Noticed up to once more so much later. A link on which a request waits, or a message was not yet written or
    /// acknowledged, is used.
    std::chrono::steady_clock::duration idle = std::chrono::minutes(5);
};

/// How messages are handled (`Messenger::on`).
struct HandlerOptions {
    /// So many calls, or coroutines, at once.
    std::size_t concurrency = 1;
};

/// What became of a message that was sent.
struct SendResult {
    /// None: it is queued, and will be written once a link takes it. `no_room` in that peer's queue, or in the part
    /// that it may have of all bytes; `too_many_peers`; `too_large` for its type, or for the queue's bytes;
    /// `event::errc::closed`.
    error_code error = {};
    std::size_t queued = 0;     ///< messages in that peer's queue, with this one
    std::size_t displaced = 0;  ///< older ones that it took the place of

    explicit operator bool() const noexcept { return !error; }
};

/// Figures of one peer.
struct PeerStat {
    std::size_t links = 0;
    std::size_t queued = 0;        ///< not yet sent, or not yet acknowledged
    std::size_t queued_bytes = 0;  ///< their size
    std::size_t inbox = 0;         ///< not yet received here
    std::size_t asked = 0;         ///< requests without an answer yet
    std::size_t answering = 0;     ///< the peer's requests that are not answered yet
    std::uint64_t sent = 0;        ///< messages and requests that were taken into the queue; answers are not counted
    std::uint64_t received = 0;    ///< the same of the peer's
    std::uint64_t refused = 0;     ///< found the queue full
    std::uint64_t displaced = 0;
    std::uint64_t missed = 0;       ///< of the peer's messages, lost on the way, or for want of room in the inbox
    std::uint64_t unconfirmed = 0;  ///< sent, and nobody knows whether they arrived
};

// ---- on the bus -------------------------------------------------------------------------------------------------

/// A peer that had no link has one.
struct PeerConnected {
    static constexpr std::string_view event_name = "event.net.peer_connected";
    PeerId peer;
};
/// Its last link is gone.
struct PeerDisconnected {
    static constexpr std::string_view event_name = "event.net.peer_disconnected";
    PeerId peer;
};
/// Its queue is full: a message was refused, or has displaced another. Once, until the queue is half empty again. What
/// a bus's `Notify` is; whatever the policy. (There is no `Kill`: a slow peer holds up nobody, and who wants it to end
/// closes its link.)
struct PeerSlow {
    static constexpr std::string_view event_name = "event.net.peer_slow";
    PeerId peer;
    std::size_t queued = 0;        ///< messages
    std::size_t queued_bytes = 0;  ///< their size
};
/// Messages that were queued for a peer, and of which it is not known that they arrived: since the peer was without a
/// link for longer than `MessengerOptions::keep`, or was started anew.
struct Undelivered {
    static constexpr std::string_view event_name = "event.net.undelivered";
    PeerId peer;
    std::size_t unsent = 0;       ///< never sent
    std::size_t unconfirmed = 0;  ///< sent: they may have arrived
};

}  // namespace event::net
