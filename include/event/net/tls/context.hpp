#pragma once

/// What one side of TLS shows, and whom it believes.

#include <event/detail/requirements.hpp>

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

namespace event::net {

/// Each but the password is needed, and is the path of a PEM file, or PEM text itself: what has "-----BEGIN" in it.
struct TlsOptions {
    /// This side's certificate, then those between it and the one that the other side trusts.
    std::string certificate_chain;
    /// The key of the first of them.
    std::string private_key;
    /// The certificates, of authorities as a rule, that the other side's one has to be signed by. The system's are not
    /// trusted: whoever has bought a certificate is nobody in particular.
    std::string trusted;
    /// Of the private key, where that is encrypted. Nobody is asked for it at a terminal.
    std::string password = {};
};

/// The part of TLS that all links of a program share: read once, and used by listeners (`tls/acceptor.hpp`) and dialers
/// (`tls/dialer.hpp`) alike. Each side shows a certificate and verifies the other's.
///
///     event::net::TlsContext tls({.certificate_chain = "node.pem", .private_key = "node.key", .trusted = "ca.pem"});
///
/// TLS 1.3 and nothing older, without resumption: each link is verified anew. Renewed certificates are a new context;
/// links that there are go on.
///
/// Ownership: copies share one context. Threads: as a value; `native()` is not to be changed once it is in use.
class TlsContext {
public:
    /// Throws `boost::system::system_error` with a sentence that names the file, or the option, and OpenSSL's reason:
    /// it cannot be read, holds no certificate, or the key is another one than the certificate's. It reads files, and
    /// so may block.
    explicit TlsContext(const TlsOptions& options);
    /// One's own, for what the options do not say. It is taken as it is, except that it verifies both sides: a
    /// handshake in which one is not verified (a session that is resumed, a cipher without certificates) fails.
    explicit TlsContext(boost::asio::ssl::context context);
    TlsContext(const TlsContext&) = default;  // and no move: there is none without a context
    TlsContext& operator=(const TlsContext&) = default;
    ~TlsContext() = default;

    [[nodiscard]] boost::asio::ssl::context& native() const noexcept { return *context_; }

private:
    std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace event::net
