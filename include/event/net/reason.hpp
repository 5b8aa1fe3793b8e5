#pragma once

/// Why a link, or one subscription of it, has ended: a code that both sides know, and a sentence. What one side sends,
/// the other reads.

#include <event/detail/requirements.hpp>

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace event::net {

/// One byte on the wire, so that the numbers stay. 128 and above are the application's own. Zero is none.
enum class end_code : std::uint8_t {
    // in order; of a link, a subscription
    closed = 1,  ///< whoever had it wants no more
    killed,      ///< the subscription was too slow (`Kill`)

    // a subscription was refused
    not_served,       ///< there is no such type here, or none for this link
    schema_mismatch,  ///< the type is another one on the other side
    subscribe_limit,  ///< more types, keys or text in it than this side takes
    key_limit,        ///< more keys with a latest value than this side takes

    // a link was refused
    rejected = 16,  ///< whoever you are, you are not wanted here: do not come back
    busy,           ///< too much is going on; come back later (a listener's own limits close the stream instead)

    // the other side broke the protocol
    not_a_link = 32,         ///< it speaks something else
    version,                 ///< it speaks no version that this side does
    malformed,               ///< a frame that cannot be read
    frame_too_large,         ///< a frame that is larger than this side said it takes
    unknown_frame,           ///< a kind of frame that there is none of
    unexpected_frame,        ///< a frame that has no place where it came
    alias_reused,            ///< a SUB whose alias does not come after those before it
    unknown_alias,           ///< a frame for a subscription that never was
    unknown_type,            ///< an event of a type that is not in its subscription
    too_many_subscriptions,  ///< more than this side said it takes
    payload_too_large,       ///< an event larger than its type may be
    malformed_payload,       ///< an event that is not what its schema says
    stale_state,             ///< a latest value that is not newer than the one before it

    // the other side does not answer
    handshake_timeout = 64,  ///< no HELLO within `LinkTimes::handshake_timeout`
    pong_timeout,            ///< no answer to a PING
    write_timeout,           ///< it takes no byte of what is to be written
    lost,                    ///< the stream ended, or failed, without a BYE

    handshake_failed,  ///< the stream's own, before HELLO: of TLS, a certificate that one side does not take
};

/// The category "event.net.end": one object for the whole program. Safe from any thread.
[[nodiscard]] const boost::system::error_category& end_category() noexcept;

[[nodiscard]] inline boost::system::error_code make_error_code(end_code code) noexcept {
    return {static_cast<int>(code), end_category()};
}

enum class Side : std::uint8_t { here, remote };

struct Reason {
    static constexpr std::size_t max_text = 256;  // bytes; what is longer is cut

    end_code code = end_code::closed;
    /// What was wrong, and where. One line; what a remote says is made printable.
    std::string text = {};
    /// Who ended it.
    Side by = Side::here;

    friend bool operator==(const Reason&, const Reason&) = default;
};

/// "ended by the remote: killed (128 events were lost)", for logs.
[[nodiscard]] std::string to_string(const Reason& reason);

enum class LinkState : std::uint8_t {
    opening,   ///< the other side has not said HELLO
    running,   ///< what either side subscribes to is sent
    draining,  ///< one side has said BYE; what remains is written
    closed,    ///< the stream is of no more use
};

}  // namespace event::net

template <>
struct boost::system::is_error_code_enum<event::net::end_code> : std::true_type {};
