#pragma once

/// Peers that a host meets sooner or later.

#include "asio.hpp"

#include <array>
#include <chrono>
#include <string_view>

namespace host {

enum class BadPeer {
    garbage,             ///< speaks another protocol
    unknown_protocol,    ///< sends a frame of a protocol that does not exist
    empty_frame,         ///< a frame of no bytes
    oversized,           ///< announces a frame of two gigabytes
    truncated,           ///< ends in the middle of a frame
    dying,               ///< is reset in the middle of a frame
    silent,              ///< says nothing
    trickling,           ///< says it too slowly
    deaf,                ///< sends without end, and never reads what comes back
    malformed_identify,  ///< says nonsense of itself
    malformed_ping,
    unasked_answer,  ///< answers a ping that was never sent
    never_answers,   ///< is lively, but leaves pings without an answer
};

inline constexpr std::array all_bad_peers{BadPeer::garbage,        BadPeer::unknown_protocol,
                                          BadPeer::empty_frame,    BadPeer::oversized,
                                          BadPeer::truncated,      BadPeer::dying,
                                          BadPeer::silent,         BadPeer::trickling,
                                          BadPeer::deaf,           BadPeer::malformed_identify,
                                          BadPeer::malformed_ping, BadPeer::unasked_answer,
                                          BadPeer::never_answers};

[[nodiscard]] std::string_view to_string(BadPeer kind) noexcept;

/// Connects and misbehaves, until the host ends the connection; `dying` and `truncated` end it themselves. `pause` is
/// between the bytes of `trickling` and the frames of `never_answers`.
[[nodiscard]] asio::awaitable<void> misbehave(BadPeer kind, tcp::endpoint target, std::chrono::milliseconds pause);

}  // namespace host
