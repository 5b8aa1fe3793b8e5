#pragma once

/// Links that others begin.

#include <event/detail/requirements.hpp>

#include <event/bus.hpp>
#include <event/net/detail/listener_core.hpp>
#include <event/net/detail/runnable.hpp>
#include <event/net/detail/stream_link.hpp>
#include <event/net/listener_options.hpp>
#include <event/net/remote.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/errc.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace event::net {

namespace detail {

template <class Acceptor>
class AcceptingLinks final : public ListenerCore {
    using Socket = boost::asio::basic_stream_socket<typename Acceptor::protocol_type, boost::asio::any_io_executor>;

public:
    AcceptingLinks(EventBus& bus, Acceptor&& acceptor, ListenerOptions&& options, Authorise&& authorise)
        : ListenerCore(bus, acceptor.get_executor(), std::move(options), std::move(authorise)),
          acceptor_(std::move(acceptor)) {}

private:
    void accept() override {
        auto self = std::static_pointer_cast<AcceptingLinks>(shared_from_this());
        acceptor_.async_accept(
            boost::asio::any_io_executor(acceptor_.get_executor()),
            boost::asio::bind_executor(strand(), [self = std::move(self)](const error_code& error, Socket socket) {
                if (error) return self->has_failed(error);
                try {
                    self->take(std::move(socket));
                } catch (...) {
                    return self->has_failed(make_error_code(boost::system::errc::not_enough_memory));
                }
                self->go_on();
            }));
    }
    void take(Socket&& socket) {
        std::string address = "local";
        if constexpr (std::is_same_v<typename Acceptor::protocol_type, boost::asio::ip::tcp>) {
            error_code error;
            const auto peer = socket.remote_endpoint(error);
            if (error) return;  // it is gone already
            address = peer.address().to_string();
            socket.set_option(boost::asio::ip::tcp::no_delay(true), error);
        }
        if (!admits(address)) return;
        was_accepted(std::move(address), [&](LinkOptions&& options) {
            if constexpr (requires { acceptor_.make_stream(std::move(socket)); }) {
                auto stream = acceptor_.make_stream(std::move(socket));
                return make_link(std::move(stream), std::move(options));
            } else {
                return make_link(std::move(socket), std::move(options));
            }
        });
    }
    template <class Stream>
    std::shared_ptr<LinkCore> make_link(Stream&& stream, LinkOptions&& options) {
        return std::make_shared<StreamLink<Stream>>(std::move(stream), std::move(options), bus_access());
    }
    void close_acceptor() noexcept override {
        error_code ignored;
        acceptor_.close(ignored);
    }

    Acceptor acceptor_;
};

}  // namespace detail

/// Accepts links, asks about each what it is served, and runs them.
///
///     const auto authorise = [](event::net::Remote& remote, const event::net::Peer& peer) {
///         remote.serve<Joined, Left>();
///         return std::optional<event::net::Reason>();  // or why it is not wanted
///     };
///     tcp::acceptor acceptor(io, {tcp::v4(), 4001});
///     event::net::Listener listener(bus, std::move(acceptor), {}, authorise);
///     co_await listener.async_run(asio::use_awaitable);
///
/// `authorise(Remote&, const Peer&)` is called for each link once the other side has said HELLO, and before anything
/// that it asks for is looked at. It says what that side is served (`serve`), and takes what is wanted of it
/// (`subscribe`, `import`, …); nothing is served that is not named there. It returns no reason, or that with which the
/// link ends: `end_code::rejected` says not to come back. What it throws ends the link. It runs on the link's executor,
/// of several links maybe at once; the `Remote` may be used in the call only.
///
/// `Acceptor` is one of Asio's, for TCP or unix sockets, or a `TlsAcceptor` (`tls/acceptor.hpp`).
///
/// Limits: links in all, of each address, and of those that have not said HELLO (`ListenerOptions`); one too many is
/// turned away by closing the stream. Where there are no descriptors it tries again every 100 ms.
///
/// Throws `std::invalid_argument` for limits that no link can work with (`link_limits.hpp`).
///
/// Ownership: move-only; moved from, `close` does nothing, and all else throws `std::logic_error`. The bus outlives it.
/// Destroying it ends it as `close` does. Threads: every function from any thread at once.
template <class Acceptor>
class Listener {
public:
    using executor_type = boost::asio::any_io_executor;
    using Authorise = std::function<std::optional<Reason>(Remote&, const Peer&)>;

    Listener(EventBus& bus, Acceptor acceptor, ListenerOptions options, Authorise authorise)
        : core_(std::make_shared<detail::AcceptingLinks<Acceptor>>(bus, std::move(acceptor), std::move(options),
                                                                   std::move(authorise))) {}
    Listener(Listener&&) noexcept = default;
    Listener& operator=(Listener&& other) noexcept {
        if (this != &other) {
            if (core_) core_->let_go();
            core_ = std::move(other.core_);
        }
        return *this;
    }
    ~Listener() {
        if (core_) core_->let_go();
    }

    /// Accepts until it is closed; once, as `Link::async_run`. When it completes, all its links have ended. Completion:
    /// `void(error_code)`, none when it was closed. Cancellation (all types) closes it; `operation_aborted`.
    template <class Token>
    auto async_run(Token&& token) {
        return event::detail::initiate<Token, void(error_code)>(detail::InitiateRun(core()), token);
    }

    /// Takes nobody any more, and ends all links with this reason. Idempotent.
    void close(Reason reason = {}) {
        if (core_) core_->close(std::move(reason));
    }

    /// How many links there are.
    [[nodiscard]] ValueView<std::size_t> links() const { return core()->links(); }
    [[nodiscard]] ListenerStat stat() const { return core()->stat(); }
    [[nodiscard]] executor_type get_executor() const { return core()->strand(); }

private:
    [[nodiscard]] const std::shared_ptr<detail::AcceptingLinks<Acceptor>>& core() const {
        if (!core_) throw std::logic_error("event: this listener was moved from");
        return core_;
    }

    std::shared_ptr<detail::AcceptingLinks<Acceptor>> core_;
};

}  // namespace event::net
