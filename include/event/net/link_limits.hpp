#pragma once

/// What one link may take of this side, whatever the other side does: room, and time. With what stands here the
/// protocol of a link holds 17 MiB at the very most, and below 2 KiB when nothing happens for two `ping_interval`s. On
/// top of that come, of a link over a stream, the buffer that is read into (64 KiB, and 96 KiB while it grows), one
/// encoded event or latest value, and the bounded queues of its subscriptions; of TLS, what its stream takes
/// (`tls/stream.hpp`).

#include <event/detail/requirements.hpp>

#include <chrono>
#include <cstddef>

namespace event::net {

/// A link is not made with a `max_frame` below `min_frame`, or beyond 2^35 - 1, and not with `max_state_keys` of 0:
/// `std::invalid_argument`.
struct LinkLimits {
    /// The largest frame that is taken, and sent, in bytes. HELLO tells the other side; at least `min_frame`.
    std::size_t max_frame = (std::size_t{1} << 20) + 4'096;
    /// Of each side, at a time. HELLO tells the other side.
    std::size_t max_subscriptions = 256;

    // what is taken of one SUB; more is refused, and the link goes on
    std::size_t max_types = 32;
    std::size_t max_schema = 16'384;  // bytes, of one type's name and of its schema
    std::size_t max_keys = 256;       // of all its types together
    std::size_t max_key = 1'024;      // bytes

    /// Keys with a latest value, in all subscriptions of a direction together.
    std::size_t max_state_keys = 1'024;
    /// Latest values that wait to be written, in bytes; one may go beyond it.
    std::size_t max_state_bytes = std::size_t{1} << 20;
    /// Written of latest values, and of events, before the other's turn comes, in bytes; one frame may go beyond it.
    std::size_t quantum = 65'536;

    static constexpr std::size_t min_frame = 1'024;
};

/// Each at least 1 ms, `close_timeout` 0: otherwise `std::invalid_argument`. One of more than ten years is never over.
struct LinkTimes {
    /// So long from the beginning until the other side has said HELLO, a handshake of the stream (TLS) included.
    std::chrono::milliseconds handshake_timeout{10'000};
    /// So long without a frame, and a PING asks whether anybody is there.
    std::chrono::milliseconds ping_interval{15'000};
    /// So long after the PING was written the link ends. A frame that takes longer than both together ends it, too.
    std::chrono::milliseconds pong_timeout{20'000};
    /// So long the other side may take no byte of what is to be written.
    std::chrono::milliseconds write_timeout{30'000};
    /// So long an ending may take: what remains is written, and the other side's BYE comes.
    std::chrono::milliseconds close_timeout{5'000};
};

}  // namespace event::net
