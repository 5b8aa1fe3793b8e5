#pragma once

/// Whom a listener takes, and how many of them.

#include <event/detail/requirements.hpp>

#include <event/net/certificate.hpp>
#include <event/net/link_options.hpp>
#include <event/net/reason.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace event::net {

class Remote;

/// Who is on the other end of a link.
struct Peer {
    std::string address;  ///< without a port; "local" of a unix socket
    RemoteHello hello;
    /// Who it has proven to be. Of a `TlsAcceptor` always there, and one that its context trusts; otherwise none.
    std::optional<Certificate> certificate = {};
};

struct ListenerOptions {
    /// Of each of its links. (`on_opened` is called before the listener's own question.)
    LinkOptions link = {};
    /// Links, all told; who comes then is turned away at once, by closing the stream.
    std::size_t max_links = 1'024;
    /// Of one address.
    std::size_t max_links_of_address = 64;
    /// Links whose other side has not said HELLO yet. Each has `LinkTimes::handshake_timeout` for that, and for a
    /// handshake of its stream before it.
    std::size_t max_opening = 64;
};

struct ListenerStat {
    std::size_t links = 0;
    std::size_t opening = 0;
    std::uint64_t accepted = 0;     ///< all told
    std::uint64_t turned_away = 0;  ///< because of a limit
    std::uint64_t rejected = 0;     ///< by `authorise`, or by `LinkOptions::on_opened`
    std::uint64_t failures = 0;     ///< of accepting: no descriptors, say; it goes on
    /// Links that failed before the other side had said HELLO: a certificate that one side does not take, say.
    std::uint64_t failed_openings = 0;
    std::string last_error = {};  ///< of accepting, or of an opening, with the address
};

}  // namespace event::net
