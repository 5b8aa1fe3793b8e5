#pragma once

/// How a supervisor gets a stream of TLS.

#include <event/detail/requirements.hpp>

#include <event/net/dialer.hpp>
#include <event/net/tls/context.hpp>
#include <event/net/tls/stream.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>

#include <string>
#include <utility>
#include <vector>

namespace event::net {

struct TlsDialerOptions {
    /// The name, or IP address, that the server's certificate must be for; empty: the host that is dialed.
    std::string expected_name = {};
    /// As `TlsExpected::fingerprints`.
    std::vector<std::string> fingerprints = {};
};

/// Connects as `TcpDialer` does, for a link that begins with a TLS handshake.
///
///     event::net::TlsContext tls({.certificate_chain = "node.pem", .private_key = "node.key", .trusted = "ca.pem"});
///     event::net::Supervisor supervisor(bus, event::net::TlsDialer(io, tls, "relay.example", "4001"));
///
/// The server's certificate must be trusted by the context, and be for the host: its name, or its IP address. Where one
/// side does not take the other's certificate, `SupervisorStat::last_error` says why, and it is dialed again later.
///
/// Ownership: copies share what is under way. Threads: one at a time; a supervisor uses it on its own executor.
class TlsDialer {
public:
    using stream_type = TlsStream;
    using executor_type = TcpDialer::executor_type;

    /// Throws `std::invalid_argument` where there is neither a host nor an expected name, or the one that counts cannot
    /// be the name of a server.
    TlsDialer(const executor_type& executor, TlsContext context, const std::string& host, std::string service,
              TlsDialerOptions options = {});
    template <class Context>
    TlsDialer(Context& on, TlsContext context, const std::string& host, std::string service,
              TlsDialerOptions options = {})
        : TlsDialer(executor_type(on.get_executor()), std::move(context), host, std::move(service),
                    std::move(options)) {}

    [[nodiscard]] executor_type get_executor() const noexcept { return dialer_.get_executor(); }

    /// Completion: `void(error_code, stream_type)`, on the handler's executor; one at a time. The stream is connected,
    /// and its handshake has not begun; with an error it is of no use. Cancellation: by `cancel` alone.
    template <class Token>
    auto async_dial(Token&& token) {
        return boost::asio::async_initiate<Token, void(error_code, stream_type)>(
            Initiation(dialer_, context_, expected_), token);
    }
    /// Ends it with `operation_aborted`. To be called on the executor of its handler.
    void cancel() noexcept { dialer_.cancel(); }

private:
    class Initiation {
    public:
        using executor_type = TlsDialer::executor_type;
        Initiation(const TcpDialer& dialer, const TlsContext& context, const TlsExpected& expected)
            : dialer_(dialer), context_(context), expected_(expected) {}
        [[nodiscard]] executor_type get_executor() const noexcept { return dialer_.get_executor(); }
        template <class Handler>
        void operator()(Handler&& handler) {
            const auto on = boost::asio::get_associated_executor(handler, get_executor());
            // now, and not when the socket is there: if it could not be made then, there would be nobody to tell
            auto stream = stream_type::as_client(TcpDialer::stream_type(get_executor()), context_, expected_);
            dialer_.async_dial(
                boost::asio::bind_executor(on, [stream = std::move(stream), handler = std::forward<Handler>(handler)](
                                                   const error_code& error, TcpDialer::stream_type socket) mutable {
                    stream.next_layer() = std::move(socket);
                    std::move(handler)(error, std::move(stream));
                }));
        }

    private:
        TcpDialer dialer_;
        TlsContext context_;
        TlsExpected expected_;
    };

    TcpDialer dialer_;
    TlsContext context_;
    TlsExpected expected_;
};

}  // namespace event::net
