#pragma once

/// Certificates that are made when a test wants them, in memory.

#include <memory>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <string>

namespace certificates {

constexpr long day = 24 * 60 * 60;  // seconds

struct Pem {
    std::string certificate;
    std::string key;
};

struct Wanted {
    std::string name;        // its CN
    std::string alt = {};    // as "DNS:relay.example,IP:127.0.0.1"
    std::string usage = {};  // as "clientAuth"
    long from = -day;        // from now, in seconds
    long until = 365 * day;
};

namespace detail {

struct Free {
    void operator()(::EVP_PKEY* it) const noexcept { ::EVP_PKEY_free(it); }
    void operator()(::EVP_PKEY_CTX* it) const noexcept { ::EVP_PKEY_CTX_free(it); }
    void operator()(::X509* it) const noexcept { ::X509_free(it); }
    void operator()(::X509_EXTENSION* it) const noexcept { ::X509_EXTENSION_free(it); }
    void operator()(::BIO* it) const noexcept { ::BIO_free_all(it); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

inline void check(bool is_well) {
    if (!is_well) throw std::runtime_error("OpenSSL made no certificate");
}

template <class F>
std::string written(F&& write) {
    const Owned<::BIO> memory(::BIO_new(::BIO_s_mem()));
    check(write(memory.get()) == 1);
    std::string text(::BIO_ctrl_pending(memory.get()), '\0');
    ::BIO_read(memory.get(), text.data(), static_cast<int>(text.size()));
    return text;
}

}  // namespace detail

/// Who signs.
class Authority {
public:
    explicit Authority(const std::string& name) : key_(make_key()) {
        certificate_ = make({.name = name}, key_.get(), true);
    }

    [[nodiscard]] std::string pem() const { return text_of(certificate_.get()); }
    [[nodiscard]] Pem issue(const Wanted& wanted) const {
        const auto key = make_key();
        const auto certificate = make(wanted, key.get(), false);
        return {text_of(certificate.get()), detail::written([&](::BIO* out) {
                    return ::PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
                })};
    }

private:
    static detail::Owned<::EVP_PKEY> make_key() {
        const detail::Owned<::EVP_PKEY_CTX> context(::EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nullptr));
        ::EVP_PKEY* key = nullptr;
        detail::check(::EVP_PKEY_keygen_init(context.get()) == 1 && ::EVP_PKEY_keygen(context.get(), &key) == 1);
        return detail::Owned<::EVP_PKEY>(key);
    }
    static std::string text_of(::X509* certificate) {
        return detail::written([&](::BIO* out) { return ::PEM_write_bio_X509(out, certificate); });
    }
    detail::Owned<::X509> make(const Wanted& wanted, ::EVP_PKEY* key, bool is_authority) const {
        static long serial = 0;
        detail::Owned<::X509> certificate(::X509_new());
        ::X509* const it = certificate.get();
        detail::check(::X509_set_version(it, 2) == 1);  // which is called 3
        detail::check(::ASN1_INTEGER_set(::X509_get_serialNumber(it), ++serial) == 1);
        ::X509_gmtime_adj(::X509_getm_notBefore(it), wanted.from);
        ::X509_gmtime_adj(::X509_getm_notAfter(it), wanted.until);
        const auto* const name = reinterpret_cast<const unsigned char*>(wanted.name.c_str());
        detail::check(::X509_NAME_add_entry_by_txt(::X509_get_subject_name(it), "CN", MBSTRING_UTF8, name, -1, -1, 0) ==
                      1);
        detail::check(::X509_set_issuer_name(it, ::X509_get_subject_name(is_authority ? it : certificate_.get())) == 1);
        detail::check(::X509_set_pubkey(it, key) == 1);
        if (is_authority) extend(it, NID_basic_constraints, "critical,CA:TRUE");
        if (!wanted.usage.empty()) extend(it, NID_ext_key_usage, wanted.usage);
        if (!wanted.alt.empty()) extend(it, NID_subject_alt_name, wanted.alt);
        detail::check(::X509_sign(it, key_.get(), nullptr) > 0);
        return certificate;
    }
    static void extend(::X509* certificate, int what, const std::string& value) {
        const detail::Owned<::X509_EXTENSION> extension(::X509V3_EXT_nconf_nid(nullptr, nullptr, what, value.c_str()));
        detail::check(extension && ::X509_add_ext(certificate, extension.get(), -1) == 1);
    }

    detail::Owned<::EVP_PKEY> key_;
    detail::Owned<::X509> certificate_;
};

}  // namespace certificates
