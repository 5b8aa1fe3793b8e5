#pragma once

/// The latest values of the host: what is so now, for whoever needs to know it and not how it came about.

#include "events.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <vector>

namespace host {

struct ConnectionInfo {
    ConnectionId id = 0;
    Direction direction{};
    tcp::endpoint remote;
    friend bool operator==(const ConnectionInfo&, const ConnectionInfo&) = default;
};

/// The swarm's truth. It is set before the event that tells of the change is emitted, so that who loses events finds
/// here what they would have told.
struct SwarmState {
    std::uint64_t change = 0;                 ///< counts the connections that came and went
    std::vector<ConnectionInfo> connections;  ///< by id
    std::uint64_t refused = 0;
};

/// What the peers of the present connections said of themselves.
using IdentifiedPeers = std::map<ConnectionId, std::shared_ptr<const PeerInfo>>;

/// Connections that the connection manager must not trim, beside those that this host dialed.
using ProtectedConnections = std::set<ConnectionId>;

struct ConnectionCount {
    std::size_t open = 0;
    std::uint64_t trimmed = 0;
};

enum class Reachability { unknown, behind_nat, open_to_all };

/// The words that the rest of the world uses: unknown, private, public.
[[nodiscard]] constexpr std::string_view to_string(Reachability reachability) noexcept {
    switch (reachability) {
        case Reachability::unknown:
            return "unknown";
        case Reachability::behind_nat:
            return "private";
        case Reachability::open_to_all:
            return "public";
    }
    return "?";
}

}  // namespace host
