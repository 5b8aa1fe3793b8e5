#pragma once

/// A stream for a link, which begins with a TLS handshake.

#include <event/detail/requirements.hpp>

#include <event/net/certificate.hpp>
#include <event/net/error.hpp>
#include <event/net/reason.hpp>
#include <event/net/tls/context.hpp>
#include <event/net/tls/detail/verification.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/ssl/verify_mode.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace event::net {

/// TLS over a stream that is connected. `TlsDialer` and `TlsAcceptor` make these; by itself it is for a `Link`:
///
///     event::net::Link link(bus, event::net::TlsStream::as_client(std::move(socket), tls, {.name = "relay.example"}));
///
/// The link begins with the handshake, within `LinkTimes::handshake_timeout`, and ends with
/// `end_code::handshake_failed` where one side does not take the other's certificate; `LinkStat::reason` says why, on
/// both sides. (In TLS 1.3 a client's handshake is over before the server has seen its certificate: that the server
/// refuses it, the client learns by its first read.)
///
/// Ownership: move-only; not to be moved while an operation is under way. Threads: one at a time, completions included.
/// Cost: 34 KiB of buffers beside what OpenSSL takes.
template <class NextLayer>
class BasicTlsStream {
public:
    using next_layer_type = NextLayer;
    using executor_type = typename boost::asio::ssl::stream<NextLayer>::executor_type;

    /// Takes anybody whose certificate the context trusts. Throws what making an `ssl::stream` throws.
    [[nodiscard]] static BasicTlsStream as_server(NextLayer next, TlsContext context) {
        return {std::move(next), std::move(context), std::make_shared<detail::TlsVerification>()};
    }
    /// The same; throws `std::invalid_argument`, too, without a name, or with one that cannot be a server's.
    [[nodiscard]] static BasicTlsStream as_client(NextLayer next, TlsContext context, TlsExpected expected) {
        return {std::move(next), std::move(context), std::make_shared<detail::TlsVerification>(std::move(expected))};
    }

    [[nodiscard]] executor_type get_executor() noexcept { return stream_.get_executor(); }
    [[nodiscard]] next_layer_type& next_layer() noexcept { return stream_.next_layer(); }

    // What a link asks of it. All complete on the handler's executor; closing the next layer ends them.
    /// Once, before anything is read or written. Completion: `void(error_code)`. Cancellation: by closing alone.
    template <class Handler>
    void async_handshake(Handler&& handler) {
        const auto on = boost::asio::get_associated_executor(handler, get_executor());
        auto done = [this, on, verification = verification_,
                     handler = std::forward<Handler>(handler)](error_code error) mutable {
            if (!error) error = verification->finish();
            if (!verification->is_of_no_tls(error)) return std::move(handler)(error);
            // OpenSSL says nothing to who speaks no TLS; this tells what is spoken here
            auto told = boost::asio::bind_executor(
                on, [error, handler = std::move(handler)](const error_code&, std::size_t) mutable {
                    std::move(handler)(error);
                });
            try {  // with a copy, so that there is one where that throws
                next_layer().async_write_some(boost::asio::buffer(detail::TlsVerification::no_tls_here), told);
            } catch (...) {  // no memory: the other side is not told
                told.get()(error_code(), 0);
            }
        };
        stream_.async_handshake(verification_->role(), boost::asio::bind_executor(on, std::move(done)));
    }
    /// As `ssl::stream` does, cancellation included.
    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return stream_.async_read_some(buffers, std::forward<Token>(token));
    }
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        return stream_.async_write_some(buffers, std::forward<Token>(token));
    }
    /// Says that nothing more is written (close_notify), and waits until the other side says so. Completion:
    /// `void(error_code)`.
    template <class Token>
    auto async_shutdown(Token&& token) {
        return stream_.async_shutdown(std::forward<Token>(token));
    }
    /// What an operation's error means, in words.
    [[nodiscard]] Reason reason(const error_code& error) const { return verification_->reason(error); }
    /// The other side's, once the handshake has succeeded; none before.
    [[nodiscard]] std::optional<Certificate> certificate() {
        return verification_->has_succeeded() ? detail::certificate_of(stream_.native_handle()) : std::nullopt;
    }

private:
    BasicTlsStream(NextLayer&& next, TlsContext&& context, std::shared_ptr<detail::TlsVerification> verification)
        : context_(std::move(context)),
          verification_(std::move(verification)),
          stream_(std::move(next), context_.native()) {
        namespace ssl = boost::asio::ssl;
        verification_->prepare(stream_.native_handle());
        stream_.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
        stream_.set_verify_callback([verification = verification_](bool is_verified, ssl::verify_context& seen) {
            return verification->accepts(is_verified, seen);
        });
    }

    TlsContext context_;  // outlives the stream
    std::shared_ptr<detail::TlsVerification> verification_;
    boost::asio::ssl::stream<NextLayer> stream_;
};

using TlsStream = BasicTlsStream<boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::any_io_executor>>;

}  // namespace event::net
