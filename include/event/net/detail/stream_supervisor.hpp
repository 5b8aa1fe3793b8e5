#pragma once

#include <event/net/detail/stream_link.hpp>
#include <event/net/detail/supervisor_core.hpp>

#include <boost/asio/bind_executor.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace event::net::detail {

template <class Dialer>
class StreamSupervisor final : public SupervisorCore {
    using Stream = typename Dialer::stream_type;

public:
    StreamSupervisor(Dialer&& dialer, SupervisorOptions&& options, BusAccess access)
        : SupervisorCore(dialer.get_executor(), std::move(options), std::move(access)), dialer_(std::move(dialer)) {}

private:
    void dial() override {
        auto self = std::static_pointer_cast<StreamSupervisor>(shared_from_this());
        dialer_.async_dial(
            boost::asio::bind_executor(strand(), [self = std::move(self)](const error_code& error, Stream stream) {
                if (!error) self->stream_.emplace(std::move(stream));
                self->was_dialed(error);
            }));
    }
    void cancel_dial() noexcept override { dialer_.cancel(); }
    std::shared_ptr<LinkCore> make_link(LinkOptions&& options) override {
        Stream stream = std::move(*stream_);
        stream_.reset();
        return std::make_shared<StreamLink<Stream>>(std::move(stream), std::move(options), bus_access(), echoes(),
                                                    true);
    }

    Dialer dialer_;
    std::optional<Stream> stream_;  // that was dialed
};

}  // namespace event::net::detail
