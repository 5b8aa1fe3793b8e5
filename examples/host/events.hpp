#pragma once

/// What the components of the host tell and ask each other. This is all that any of them knows of the others.

#include "asio.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace host {

/// Of one connection of one host; never used again.
using ConnectionId = std::uint64_t;

enum class Direction { inbound, outbound };

/// What the payload of a frame is for.
enum class Protocol : std::uint8_t { identify = 1, ping = 2, echo = 3 };

// The network, told by the swarm. The first two are retained.

struct NetworkStarted {
    tcp::endpoint address;  ///< where it listens
};
struct NetworkStopped {};

struct ConnEstablished {
    std::uint64_t change = 0;  ///< the `SwarmState::change` that it made
    ConnectionId connection = 0;
    Direction direction{};
    tcp::endpoint remote;
    std::string dialed;  ///< the address that was asked for, if it is outbound
};
struct ConnClosed {
    std::uint64_t change = 0;
    ConnectionId connection = 0;
    tcp::endpoint remote;
    std::string reason;
};
/// An incoming connection was turned away.
struct ConnRefused {
    tcp::endpoint remote;
    std::string reason;
};
struct AcceptFailed {
    std::string reason;
};
struct DialFailed {
    std::string address;
    std::string reason;
};
struct FrameReceived {
    ConnectionId connection = 0;
    Protocol protocol{};
    std::string payload;
};

// What is asked of the swarm. A request that names a connection which is gone is too late, and does nothing.

struct DialRequested {
    std::string address;  ///< HOST:PORT; leads to a `ConnEstablished` or a `DialFailed`
};
struct SendRequested {
    ConnectionId connection = 0;
    Protocol protocol{};
    std::string payload;
};
struct CloseRequested {
    ConnectionId connection = 0;
    std::string reason;
};
/// Everything ends: leads to a `ConnClosed` for each connection, then to `NetworkStopped`.
struct StopRequested {};

/// Asked of the dialer: keep this host connected to that address from now on.
struct PeerWanted {
    std::string address;  ///< HOST:PORT
};

// What the other components find out.

struct PeerInfo {
    std::string name;
    std::string version;
    std::vector<std::string> protocols;
    std::vector<std::string> listening;  ///< addresses where it listens
    std::vector<std::string> reachable;  ///< those of them at which others have reached it
    friend bool operator==(const PeerInfo&, const PeerInfo&) = default;
};
struct PeerIdentified {
    ConnectionId connection = 0;
    PeerInfo info;
};
struct PingMeasured {
    ConnectionId connection = 0;
    std::chrono::nanoseconds round_trip{};
};
struct EchoReturned {
    ConnectionId connection = 0;
    std::size_t bytes = 0;
    std::chrono::nanoseconds round_trip{};
};
/// Where this host can be reached has changed. Retained.
struct ReachableAddressesChanged {
    std::vector<std::string> addresses;
};
/// The heartbeat: what time it is for everything that has a time limit. Tests emit their own.
struct Tick {
    std::chrono::steady_clock::time_point now;
};

// What crosses the links between hosts: heard in every process under the same name, wherever it was said.

/// How a host is, as it says itself. Retained: of each host, by its name, the newest.
struct HostStatus {
    static constexpr std::string_view event_name = "host.status";
    static constexpr std::size_t max_wire_size = 256;
    std::string name;
    std::uint64_t incarnation = 0;  ///< another one after each start, and a greater one
    std::uint64_t sequence = 0;     ///< counts its changes
    bool is_final = false;          ///< there is no newer one until its next start
    friend bool operator==(const HostStatus&, const HostStatus&) = default;
};
/// What a host says to all others, numbered without a gap.
struct Announced {
    static constexpr std::string_view event_name = "host.announced";
    static constexpr std::size_t max_wire_size = 256;
    std::string from;
    std::uint64_t incarnation = 0;
    std::uint64_t number = 0;
};

// What is told of those links in this process.

struct NeighbourLinked {
    std::uint64_t incarnation = 0;
};
struct NeighbourLost {
    std::uint64_t incarnation = 0;
    std::string reason;  ///< empty where the other side has dialed
};
/// Its status came for the first time, or again after it had vanished.
struct HostAppeared {
    std::string name;
    std::uint64_t incarnation = 0;
    bool is_started_anew = false;  ///< an earlier incarnation was seen
};
/// The last link to it is lost.
struct HostVanished {
    std::string name;
    std::uint64_t incarnation = 0;
};
/// Asked of the presence: this host's status changes no more.
struct QuietRequested {};

using AllEvents =
    std::tuple<NetworkStarted, NetworkStopped, ConnEstablished, ConnClosed, ConnRefused, AcceptFailed, DialFailed,
               FrameReceived, DialRequested, SendRequested, CloseRequested, StopRequested, PeerWanted, PeerIdentified,
               PingMeasured, EchoReturned, ReachableAddressesChanged, Tick, HostStatus, Announced, NeighbourLinked,
               NeighbourLost, HostAppeared, HostVanished, QuietRequested>;

}  // namespace host
