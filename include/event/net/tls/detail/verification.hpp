#pragma once

#include <event/net/certificate.hpp>
#include <event/net/error.hpp>
#include <event/net/reason.hpp>

#include <boost/asio/ssl/stream_base.hpp>
#include <boost/asio/ssl/verify_context.hpp>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace event::net {

/// Whom a client takes for the server.
struct TlsExpected {
    /// The name, or IP address, that the server's certificate must be for. A name is told to the server (SNI), too.
    std::string name;
    /// Where there are any: the certificate must be one of these, too (`Certificate::fingerprint`).
    std::vector<std::string> fingerprints = {};
};

namespace detail {

/// Looks at the other side's certificate, and knows what was wrong with it. It does not move: a stream does.
class TlsVerification {
public:
    /// Of a server; anybody whom the context trusts.
    TlsVerification() = default;
    /// Of a client. Throws `std::invalid_argument` without a name.
    explicit TlsVerification(TlsExpected expected);

    [[nodiscard]] boost::asio::ssl::stream_base::handshake_type role() const noexcept {
        return expected_ ? boost::asio::ssl::stream_base::client : boost::asio::ssl::stream_base::server;
    }
    /// Before the handshake.
    void prepare(::SSL* stream) const;
    /// Called for each certificate of the other side's chain, its own last.
    [[nodiscard]] bool accepts(bool is_verified, boost::asio::ssl::verify_context& context) noexcept;
    /// The handshake is over on this side. An error where nobody was verified: a context of one's own may know ciphers
    /// without certificates, old sessions, or a verification that leaves this one out.
    [[nodiscard]] error_code finish() noexcept;
    [[nodiscard]] bool has_succeeded() const noexcept { return has_succeeded_; }
    /// Whether the other side has begun with something else than TLS.
    [[nodiscard]] bool is_of_no_tls(const error_code& error) const;
    /// A record of TLS: the alert protocol_version, which is fatal.
    static constexpr std::array<unsigned char, 7> no_tls_here{0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46};
    /// What became of the stream.
    [[nodiscard]] Reason reason(const error_code& error) const;

private:
    [[nodiscard]] std::string wrong(bool is_verified, ::X509_STORE_CTX* context) const;

    const std::optional<TlsExpected> expected_;
    std::string refusal_;        // why this side does not take the other's certificate
    bool has_verified_ = false;  // the other side's own certificate, with all that is expected of it
    bool has_succeeded_ = false;
};

/// The one that was verified; none before the handshake.
[[nodiscard]] std::optional<Certificate> certificate_of(::SSL* stream);

}  // namespace detail
}  // namespace event::net
