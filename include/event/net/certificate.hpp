#pragma once

/// Who the other side has proven to be.

#include <event/detail/requirements.hpp>

#include <string>
#include <vector>

namespace event::net {

/// What a certificate says that was verified: of a stream with a handshake that asks for one (`tls/stream.hpp`).
struct Certificate {
    /// "CN=relay,O=Example", as RFC 2253 writes it; what is no printable ASCII is escaped.
    std::string subject;
    /// Of its subjectAltName: DNS names, IP addresses and URIs, as text. What is not printable ASCII is left out.
    std::vector<std::string> names;
    /// SHA-256 of the whole certificate, 64 hexadecimal digits in lower case.
    std::string fingerprint;

    friend bool operator==(const Certificate&, const Certificate&) = default;
};

}  // namespace event::net
