#pragma once

/// How a supervisor gets a stream.

#include <event/detail/requirements.hpp>

#include <event/net/error.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <memory>
#include <string>
#include <utility>

namespace event::net {

namespace detail {

/// What is under way, which goes with its operations. On the executor of the handler.
template <class Protocol>
class Dialing {
public:
    using Stream = boost::asio::basic_stream_socket<Protocol, boost::asio::any_io_executor>;
    using Handler = boost::asio::any_completion_handler<void(error_code, Stream)>;

    Dialing() = default;
    Dialing(const Dialing&) = delete;
    Dialing& operator=(const Dialing&) = delete;
    virtual ~Dialing() = default;
    virtual void start(Handler handler) = 0;
    virtual void cancel() noexcept = 0;
};

template <class Protocol>
class Dials {
public:
    using stream_type = typename Dialing<Protocol>::Stream;
    using executor_type = boost::asio::any_io_executor;

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

    /// Completion: `void(error_code, stream_type)`, on the handler's executor; one at a time. With an error the stream
    /// is of no use. Cancellation: by `cancel` alone.
    template <class Token>
    auto async_dial(Token&& token) {
        return boost::asio::async_initiate<Token, void(error_code, stream_type)>(
            [dialing = dialing_]<class Handler>(Handler&& handler) {
                dialing->start(typename Dialing<Protocol>::Handler(std::forward<Handler>(handler)));
            },
            token);
    }
    /// Ends it with `operation_aborted`. To be called on the executor of its handler.
    void cancel() noexcept { dialing_->cancel(); }

protected:
    Dials(const executor_type& executor, std::shared_ptr<Dialing<Protocol>> dialing)
        : executor_(executor), dialing_(std::move(dialing)) {}

private:
    executor_type executor_;
    std::shared_ptr<Dialing<Protocol>> dialing_;
};

}  // namespace detail

/// Resolves a name and connects to the first of its addresses that takes it, with `TCP_NODELAY`. Copies share what is
/// under way.
class TcpDialer : public detail::Dials<boost::asio::ip::tcp> {
public:
    TcpDialer(const executor_type& executor, std::string host, std::string service);
    template <class Context>
    TcpDialer(Context& context, std::string host, std::string service)
        : TcpDialer(executor_type(context.get_executor()), std::move(host), std::move(service)) {}
};

/// Connects to a unix socket. Copies share what is under way.
class LocalDialer : public detail::Dials<boost::asio::local::stream_protocol> {
public:
    LocalDialer(const executor_type& executor, std::string path);
    template <class Context>
    LocalDialer(Context& context, std::string path)
        : LocalDialer(executor_type(context.get_executor()), std::move(path)) {}
};

}  // namespace event::net
