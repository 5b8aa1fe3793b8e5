#include <event/net/dialer.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>

#include <optional>

namespace event::net {
namespace {

using boost::asio::ip::tcp;
using boost::asio::local::stream_protocol;

template <class Protocol>
class SocketDialing : public detail::Dialing<Protocol>, public std::enable_shared_from_this<SocketDialing<Protocol>> {
public:
    using typename detail::Dialing<Protocol>::Handler;
    using typename detail::Dialing<Protocol>::Stream;

    explicit SocketDialing(const boost::asio::any_io_executor& executor) : executor_(executor) {}

    void start(Handler handler) override {
        is_cancelled_ = false;
        socket_.emplace(executor_);
        connect(std::move(handler));
    }
    void cancel() noexcept override {
        is_cancelled_ = true;
        error_code ignored;
        if (socket_) socket_->close(ignored);
    }

protected:
    virtual void connect(Handler handler) = 0;

    [[nodiscard]] Stream& socket() noexcept { return *socket_; }
    [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
    /// A cancellation finds nothing to end between two operations: what comes next has to ask.
    [[nodiscard]] bool is_cancelled() const noexcept { return is_cancelled_; }
    void complete(Handler&& handler, const error_code& error) {
        Stream socket = std::move(*socket_);
        socket_.reset();
        // it may have come when the socket was connected already
        std::move(handler)(is_cancelled_ ? boost::asio::error::operation_aborted : error, std::move(socket));
    }

private:
    const boost::asio::any_io_executor executor_;
    std::optional<Stream> socket_;
    bool is_cancelled_ = false;
};

class TcpDialing final : public SocketDialing<tcp> {
public:
    TcpDialing(const boost::asio::any_io_executor& executor, std::string host, std::string service)
        : SocketDialing(executor), host_(std::move(host)), service_(std::move(service)), resolver_(executor) {}

    void cancel() noexcept override {
        resolver_.cancel();
        SocketDialing::cancel();
    }

private:
    void connect(Handler handler) override {
        const auto on = boost::asio::get_associated_executor(handler, executor());
        auto self = std::static_pointer_cast<TcpDialing>(shared_from_this());
        resolver_.async_resolve(
            host_, service_,
            boost::asio::bind_executor(
                on, [self, on, handler = std::move(handler)](const error_code& error,
                                                             const tcp::resolver::results_type& found) mutable {
                    if (error || self->is_cancelled()) return self->complete(std::move(handler), error);
                    boost::asio::async_connect(
                        self->socket(), found,
                        boost::asio::bind_executor(on, [self, handler = std::move(handler)](
                                                           const error_code& failed, const tcp::endpoint&) mutable {
                            error_code ignored;
                            if (!failed) self->socket().set_option(tcp::no_delay(true), ignored);
                            self->complete(std::move(handler), failed);
                        }));
                }));
    }

    const std::string host_;
    const std::string service_;
    boost::asio::ip::basic_resolver<tcp> resolver_;
};

class LocalDialing final : public SocketDialing<stream_protocol> {
public:
    LocalDialing(const boost::asio::any_io_executor& executor, std::string path)
        : SocketDialing(executor), path_(std::move(path)) {}

private:
    void connect(Handler handler) override {
        const auto on = boost::asio::get_associated_executor(handler, executor());
        socket().async_connect(
            stream_protocol::endpoint(path_),
            boost::asio::bind_executor(
                on, [self = std::static_pointer_cast<LocalDialing>(shared_from_this()), handler = std::move(handler)](
                        const error_code& error) mutable { self->complete(std::move(handler), error); }));
    }

    const std::string path_;
};

}  // namespace

TcpDialer::TcpDialer(const executor_type& executor, std::string host, std::string service)
    : Dials(executor, std::make_shared<TcpDialing>(executor, std::move(host), std::move(service))) {}

LocalDialer::LocalDialer(const executor_type& executor, std::string path)
    : Dials(executor, std::make_shared<LocalDialing>(executor, std::move(path))) {}

}  // namespace event::net
