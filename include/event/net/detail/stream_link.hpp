#pragma once

#include <event/net/detail/link_core.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

namespace event::net::detail {

/// Closes the innermost of a stream's layers: what waits on any of them ends.
template <class Stream>
void close_layers(Stream& stream) {
    error_code ignored;
    if constexpr (requires { stream.next_layer(); }) {
        close_layers(stream.next_layer());
    } else if constexpr (requires { stream.close(ignored); }) {
        stream.close(ignored);
    } else {
        constexpr bool can_close = requires { stream.close(); };
        static_assert(can_close, "event: a link's stream, or the innermost of its layers, must have close()");
        if constexpr (can_close) stream.close();
    }
}

/// Takes a handshake's result, in requirements.
struct TakesError {
    void operator()(const error_code&) const {}
};
/// A stream that begins with a handshake of its own, and says in words what its errors mean.
template <class Stream>
concept HasHandshake = requires(Stream& stream, const error_code& error) {
    stream.async_handshake(TakesError());
    stream.async_shutdown(TakesError());
    { stream.reason(error) } -> std::same_as<Reason>;
    { stream.certificate() } -> std::same_as<std::optional<Certificate>>;
};

/// A socket of Asio's own. What is begun on it has no steps in between that would have to run on the strand, and a
/// write that there is room for need not wait for a turn of the reactor.
template <class Stream>
inline constexpr bool is_socket = false;
template <class Protocol, class Executor>
inline constexpr bool is_socket<boost::asio::basic_stream_socket<Protocol, Executor>> = true;

/// A link over this stream.
template <class Stream>
class StreamLink final : public LinkCore {
public:
    StreamLink(Stream&& stream, LinkOptions&& options, BusAccess access,
               std::shared_ptr<Echoes> echoes = std::make_shared<Echoes>(), bool is_one_of_several = false)
        : LinkCore(stream.get_executor(), std::move(options), std::move(access), std::move(echoes), is_one_of_several,
                   HasHandshake<Stream>),
          stream_(std::move(stream)) {}

private:
    [[nodiscard]] std::shared_ptr<StreamLink> self() {
        return std::static_pointer_cast<StreamLink>(shared_from_this());
    }
    void read(std::span<std::byte> buffer) override {
        stream_.async_read_some(boost::asio::buffer(buffer.data(), buffer.size()),
                                completion([](StreamLink& link, const error_code& error, std::size_t count) {
                                    link.was_read(error, count);
                                }));
    }
    std::size_t write_at_once([[maybe_unused]] ByteView bytes, [[maybe_unused]] error_code& error) override {
        if constexpr (is_socket<Stream>) {
            error_code unsuitable;
            if (!stream_.non_blocking()) stream_.non_blocking(true, unsuitable);
            if (unsuitable) return 0;
            const std::size_t count = stream_.write_some(boost::asio::buffer(bytes.data(), bytes.size()), error);
            // another error is said once: who tries again hears of what followed from it
            using namespace boost::asio::error;
            if (error && (error == would_block || error == try_again || error == interrupted)) error = {};
            return count;
        } else {
            return 0;
        }
    }
    void write(ByteView bytes) override {
        const auto buffer = boost::asio::buffer(bytes.data(), bytes.size());
        auto written = completion(
            [](StreamLink& link, const error_code& error, std::size_t count) { link.was_written(error, count); });
        if constexpr (requires { stream_.async_write_some(true, buffer, std::move(written)); }) {
            stream_.binary(true);  // a WebSocket of Beast's: a message, which is no text
            stream_.async_write_some(true, buffer, std::move(written));
        } else {
            stream_.async_write_some(buffer, std::move(written));
        }
    }
    /// A handler that calls `f` on the strand, where the steps in between run, too, if there are any.
    template <class F>
    [[nodiscard]] auto completion(F f) {
        if constexpr (is_socket<Stream>) {
            return [self = self(), f](const error_code& error, std::size_t count) mutable {
                const StreamLink& link = *self;
                link.dispatch([self = std::move(self), f, error, count] { f(*self, error, count); });
            };
        } else {
            return boost::asio::bind_executor(
                strand(), [self = self(), f](const error_code& error, std::size_t count) { f(*self, error, count); });
        }
    }
    void shake_hands() override {
        if constexpr (HasHandshake<Stream>) {
            stream_.async_handshake(boost::asio::bind_executor(
                strand(), [self = self()](const error_code& error) { self->has_shaken_hands(error); }));
        }
    }
    [[nodiscard]] std::optional<Certificate> certificate() override {
        if constexpr (HasHandshake<Stream>) return stream_.certificate();
        return std::nullopt;
    }
    [[nodiscard]] Reason reason_of(const error_code& error) const override {
        if constexpr (HasHandshake<Stream>) return stream_.reason(error);
        return LinkCore::reason_of(error);
    }
    void close_stream(bool is_in_order) noexcept override {
        try {
            if constexpr (HasHandshake<Stream>) {
                // what it says goes out at once if there is room, and nobody waits for the answer
                if (is_in_order) {
                    stream_.async_shutdown(boost::asio::bind_executor(strand(), [self = self()](const error_code&) {}));
                }
            }
            close_layers(stream_);
        } catch (...) {  // what waits on it ends by itself, or with it
        }
    }

    Stream stream_;
};

}  // namespace event::net::detail
