#include <event/net/tls/detail/verification.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace event::net::detail {
namespace {

template <auto free>
struct Free {
    template <class T>
    void operator()(T* object) const noexcept {
        free(object);
    }
};

std::string text_of(const ::X509_NAME* name) {
    const std::unique_ptr<::BIO, Free<&::BIO_free_all>> memory(::BIO_new(::BIO_s_mem()));
    if (!memory || ::X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253) < 0) throw std::bad_alloc();
    std::string text(::BIO_ctrl_pending(memory.get()), '\0');
    if (!text.empty()) ::BIO_read(memory.get(), text.data(), static_cast<int>(text.size()));
    return text;
}

std::string fingerprint_of(const ::X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (::X509_digest(certificate, ::EVP_sha256(), digest.data(), &size) != 1) throw std::bad_alloc();
    std::string text;
    for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
}

std::string text_of(const ::ASN1_STRING* text) {
    const auto* bytes = ::ASN1_STRING_get0_data(text);
    return {bytes, bytes + ::ASN1_STRING_length(text)};
}

std::string address_of(const ::ASN1_OCTET_STRING* address) {
    const std::string bytes = text_of(address);
    const auto as = [&]<class Address>(Address) -> std::string {
        typename Address::bytes_type raw;
        std::copy(bytes.begin(), bytes.end(), raw.begin());
        return Address(raw).to_string();
    };
    if (bytes.size() == 4) return as(boost::asio::ip::address_v4());
    return bytes.size() == 16 ? as(boost::asio::ip::address_v6()) : std::string();
}

std::vector<std::string> names_of(const ::X509* certificate) {
    std::vector<std::string> names;
    const std::unique_ptr<::GENERAL_NAMES, Free<&::GENERAL_NAMES_free>> all(
        static_cast<::GENERAL_NAMES*>(::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
        int type = 0;
        const void* const value = ::GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all.get(), i), &type);
        std::string name;
        if (type == GEN_IPADD) {
            name = address_of(static_cast<const ::ASN1_OCTET_STRING*>(value));
        } else if (type == GEN_DNS || type == GEN_URI) {
            name = text_of(static_cast<const ::ASN1_STRING*>(value));
        }
        // a name with a zero in it is read as two different ones by those who compare it
        const bool is_text = std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; });
        if (!name.empty() && is_text) names.push_back(std::move(name));
    }
    return names;
}

/// A verification that fails without one of OpenSSL's own reasons: the other side is told one all the same.
std::string refuse(::X509_STORE_CTX* context, int code, std::string text) {
    ::X509_STORE_CTX_set_error(context, code);
    return text;
}

constexpr int first_alert = SSL_AD_REASON_OFFSET, last_alert = SSL_AD_REASON_OFFSET + 255;

bool is_about_a_certificate(int alert) {
    switch (alert) {
        case SSL_AD_BAD_CERTIFICATE:
        case SSL_AD_UNSUPPORTED_CERTIFICATE:
        case SSL_AD_CERTIFICATE_REVOKED:
        case SSL_AD_CERTIFICATE_EXPIRED:
        case SSL_AD_CERTIFICATE_UNKNOWN:
        case SSL_AD_UNKNOWN_CA:
        case SSL_AD_ACCESS_DENIED:
        case SSL_AD_CERTIFICATE_REQUIRED:
            return true;
        default:
            return false;
    }
}

std::string_view name_of_alert(int alert) {
    if (alert == SSL_AD_CERTIFICATE_REQUIRED) return "certificate required";  // OpenSSL 3.0 does not spell it
    return ::SSL_alert_desc_string_long(alert);
}

/// OpenSSL's, or 0.
int reason_of(const error_code& error) {
    if (error.category() != boost::asio::error::get_ssl_category()) return 0;
    return ERR_GET_REASON(static_cast<unsigned long>(error.value()));
}

}  // namespace

TlsVerification::TlsVerification(TlsExpected expected) : expected_(std::move(expected)) {
    if (expected_->name.empty()) throw std::invalid_argument("event: a TLS client needs the name of its server");
}

void TlsVerification::prepare(::SSL* stream) const {
    if (!expected_) return;
    error_code is_name;
    static_cast<void>(boost::asio::ip::make_address(expected_->name, is_name));
    // SSL_set_tlsext_host_name without its cast
    if (is_name && ::SSL_ctrl(stream, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                              const_cast<char*>(expected_->name.c_str())) != 1)
        throw std::invalid_argument(fmt::format("event: '{}' cannot be the name of a server", expected_->name));
}

bool TlsVerification::accepts(bool is_verified, boost::asio::ssl::verify_context& context) noexcept {
    try {
        ::X509_STORE_CTX* const native = context.native_handle();
        if (refusal_.empty()) refusal_ = wrong(is_verified, native);
        if (!refusal_.empty()) return false;
        if (::X509_STORE_CTX_get_error_depth(native) == 0) has_verified_ = true;
        return true;
    } catch (...) {  // no memory
        return false;
    }
}

error_code TlsVerification::finish() noexcept {
    if (!has_verified_) return make_error_code(end_code::handshake_failed);
    has_succeeded_ = true;
    return {};
}

std::string TlsVerification::wrong(bool is_verified, ::X509_STORE_CTX* context) const {
    const ::X509* const certificate = ::X509_STORE_CTX_get_current_cert(context);
    const std::string subject = certificate != nullptr ? text_of(::X509_get_subject_name(certificate)) : "";
    if (!is_verified) {
        const int code = ::X509_STORE_CTX_get_error(context);
        std::string text = fmt::format("{} ({}", ::X509_verify_cert_error_string(code), subject);
        if (certificate != nullptr) text += fmt::format(", issued by {}", text_of(::X509_get_issuer_name(certificate)));
        return text + ')';
    }
    if (!expected_ || ::X509_STORE_CTX_get_error_depth(context) != 0) return {};
    boost::asio::ssl::verify_context seen(context);
    if (!boost::asio::ssl::host_name_verification(expected_->name)(true, seen)) {
        return refuse(context, X509_V_ERR_HOSTNAME_MISMATCH,
                      fmt::format("it is not for '{}', but for '{}' ({})", expected_->name,
                                  fmt::join(names_of(certificate), "', '"), subject));
    }
    const auto& pinned = expected_->fingerprints;
    if (pinned.empty()) return {};
    const std::string fingerprint = fingerprint_of(certificate);
    if (std::find(pinned.begin(), pinned.end(), fingerprint) != pinned.end()) return {};
    return refuse(context, X509_V_ERR_APPLICATION_VERIFICATION,
                  fmt::format("its fingerprint {} is none of those that are expected ({})", fingerprint, subject));
}

bool TlsVerification::is_of_no_tls(const error_code& error) const {
    if (has_succeeded_) return false;
    switch (reason_of(error)) {
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
        case SSL_R_PACKET_LENGTH_TOO_LONG:
            return true;
        default:
            return false;
    }
}

Reason TlsVerification::reason(const error_code& error) const {
    const auto failed = [](std::string text) {
        if (text.size() > Reason::max_text) text.resize(Reason::max_text);
        return Reason{.code = end_code::handshake_failed, .text = std::move(text)};
    };
    if (!refusal_.empty()) return failed("this side refuses the other's certificate: " + refusal_);
    if (error == end_code::handshake_failed) return failed("this side has verified no certificate of the other's");
    const int reason = reason_of(error);
    if (reason >= first_alert && reason <= last_alert) {
        const int alert = reason - first_alert;
        if (is_about_a_certificate(alert))
            return failed(fmt::format("the other side refuses this side's certificate: {}", name_of_alert(alert)));
        if (!has_succeeded_) return failed(fmt::format("the other side ended it: {}", name_of_alert(alert)));
    }
    if (has_succeeded_) return {.code = end_code::lost, .text = error.message()};
    if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) return failed("the other side shows no certificate");
    if (is_of_no_tls(error)) return failed(fmt::format("the other side does not speak TLS ({})", error.message()));
    if (error == boost::asio::ssl::error::stream_truncated || error == boost::asio::error::eof)
        return failed("the other side closed the stream");
    return failed(error.message());
}

std::optional<Certificate> certificate_of(::SSL* stream) {
    const std::unique_ptr<::X509, Free<&::X509_free>> certificate(::SSL_get_peer_certificate(stream));
    if (!certificate) return std::nullopt;
    return Certificate{.subject = text_of(::X509_get_subject_name(certificate.get())),
                       .names = names_of(certificate.get()),
                       .fingerprint = fingerprint_of(certificate.get())};
}

}  // namespace event::net::detail
