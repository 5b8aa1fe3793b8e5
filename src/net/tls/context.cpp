#include <event/net/tls/context.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/verify_mode.hpp>
#include <boost/system/system_error.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <openssl/ssl.h>
#include <string_view>
#include <utility>

namespace event::net {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using boost::system::system_error;

/// What an option holds, and how errors name it.
struct Pem {
    std::string what;
    std::string text;
};

Pem read(const std::string& option, std::string_view name, std::string_view holds, std::string_view mark) {
    Pem pem{.what = fmt::format("event: TlsOptions::{}", name), .text = option};
    const auto has_pem = [&] { return pem.text.find("-----BEGIN") != std::string::npos; };
    if (!has_pem()) {
        if (!option.empty()) pem.what += fmt::format(", the file '{}'", option);
        errno = 0;
        std::ifstream file(option, std::ios::binary);
        bool is_read = !option.empty() && file.is_open();
        try {
            if (is_read) pem.text.assign(std::istreambuf_iterator<char>(file), {});
        } catch (const std::ios_base::failure&) {  // a folder
            is_read = false;
        }
        if (!is_read) {
            const int why = option.empty() ? EINVAL : errno != 0 ? errno : EIO;
            throw system_error(error_code(why, boost::system::system_category()), pem.what);
        }
    }
    if (pem.text.find(mark) == std::string::npos) {
        throw system_error(make_error_code(boost::system::errc::invalid_argument),
                           fmt::format("{}, holds no {} in PEM", pem.what, holds));
    }
    return pem;
}

void check(const error_code& error, const std::string& what) {
    if (error) throw system_error(error, what);
}

void verify_both_sides(ssl::context& context) {
    context.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
}

}  // namespace

TlsContext::TlsContext(const TlsOptions& options) : context_(std::make_shared<ssl::context>(ssl::context::tls)) {
    ::SSL_CTX* const native = context_->native_handle();
    if (::SSL_CTX_set_min_proto_version(native, TLS1_3_VERSION) != 1)
        throw system_error(make_error_code(boost::system::errc::protocol_not_supported), "event: TLS 1.3");
    ::SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    ::SSL_CTX_set_num_tickets(native, 0);
    error_code error;
    context_->set_password_callback([password = options.password](std::size_t, auto) { return password; }, error);
    check(error, "event: TlsOptions::password");

    const Pem chain = read(options.certificate_chain, "certificate_chain", "certificate", "CERTIFICATE-----");
    const Pem key = read(options.private_key, "private_key", "private key", "PRIVATE KEY-----");
    const Pem trusted = read(options.trusted, "trusted", "certificate", "CERTIFICATE-----");
    context_->use_certificate_chain(boost::asio::buffer(chain.text), error);
    check(error, chain.what);
    context_->use_private_key(boost::asio::buffer(key.text), ssl::context::pem, error);
    check(error, key.what);
    context_->add_certificate_authority(boost::asio::buffer(trusted.text), error);
    check(error, trusted.what);
    verify_both_sides(*context_);
}

TlsContext::TlsContext(ssl::context context) : context_(std::make_shared<ssl::context>(std::move(context))) {
    verify_both_sides(*context_);
}

}  // namespace event::net
