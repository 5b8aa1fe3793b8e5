#pragma once

/// How a listener gets streams of TLS.

#include <event/detail/requirements.hpp>

#include <event/net/error.hpp>
#include <event/net/tls/context.hpp>
#include <event/net/tls/stream.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <utility>

namespace event::net {

/// An acceptor for `Listener`, each of whose links begins with a TLS handshake.
///
///     event::net::TlsContext tls({.certificate_chain = "relay.pem", .private_key = "relay.key", .trusted = "ca.pem"});
///     event::net::Listener listener(bus, event::net::TlsAcceptor(std::move(acceptor), tls), {}, authorise);
///
/// The handshakes go on beside each other, and beside accepting: a slow one holds up nobody. Each counts as a link that
/// is opening (`ListenerOptions::max_opening`) and has `LinkTimes::handshake_timeout`, HELLO included.
/// `Peer::certificate` is who the client has proven to be. Failures are in `ListenerStat::failed_openings` and
/// `last_error`.
///
/// Ownership: move-only, as the acceptor that it takes. Threads: one at a time; a listener uses it on its own executor.
template <class Acceptor>
class BasicTlsAcceptor {
public:
    using protocol_type = typename Acceptor::protocol_type;
    using executor_type = typename Acceptor::executor_type;
    using socket_type = boost::asio::basic_stream_socket<protocol_type, boost::asio::any_io_executor>;
    using stream_type = BasicTlsStream<socket_type>;

    /// The acceptor is open, and listens.
    BasicTlsAcceptor(Acceptor acceptor, TlsContext context)
        : acceptor_(std::move(acceptor)), context_(std::move(context)) {}

    [[nodiscard]] executor_type get_executor() noexcept { return acceptor_.get_executor(); }

    // What a listener asks of it.
    /// The next connection, whose handshake has not begun. Completion: `void(error_code, socket_type)`; one at a time.
    /// Closing ends it; cancellation is the acceptor's own.
    template <class Token>
    auto async_accept(const boost::asio::any_io_executor& executor, Token&& token) {
        return acceptor_.async_accept(executor, std::forward<Token>(token));
    }
    /// What a link runs over. Throws what making an `ssl::stream` throws.
    [[nodiscard]] stream_type make_stream(socket_type&& socket) const {
        return stream_type::as_server(std::move(socket), context_);
    }
    void close(error_code& error) { acceptor_.close(error); }

private:
    Acceptor acceptor_;
    TlsContext context_;
};

using TlsAcceptor = BasicTlsAcceptor<boost::asio::ip::tcp::acceptor>;

}  // namespace event::net
