#pragma once

/// What peers say of themselves, as it goes over the wire: JSON, with limits, since it comes from strangers.

#include "events.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace host {

/// Why a text is not a `PeerInfo`, in words.
struct Malformed {
    std::string reason;
};

[[nodiscard]] std::string encode(const PeerInfo& info);

/// Names, versions, protocols and addresses are at most 64 printable ASCII characters, and lists at most 16 long; what
/// else the text holds is ignored.
[[nodiscard]] std::variant<PeerInfo, Malformed> decode_peer_info(std::string_view text);

}  // namespace host
