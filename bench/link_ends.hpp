#pragma once

/// Two ends of a stream: of links, and of the peer, which is a length before each event, and a loop of Asio's.

#include <event/bus.hpp>
#include <event/net/link.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace bench {

namespace asio = boost::asio;
using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

/// 32 bytes, most of which are sent as they are.
struct Sample {
    static constexpr std::string_view event_name = "sample";
    std::uint64_t number = 0;
    std::array<double, 3> values{};
};
struct Chunk {
    static constexpr std::string_view event_name = "chunk";
    std::uint64_t number = 0;
    Bytes data;
};
template <class T>
T make() {
    if constexpr (std::is_same_v<T, Chunk>)
        return {.data = Bytes(4'096)};
    else
        return {.values = {1.5, 2.5, 3.5}};
}

struct Unix {
    using Socket = asio::local::stream_protocol::socket;
    static void connect(Socket& one, Socket& other) { asio::local::connect_pair(one, other); }
};
struct Tcp {
    using Socket = asio::ip::tcp::socket;
    static void connect(Socket& one, Socket& other) {
        asio::ip::tcp::acceptor acceptor(one.get_executor(), {asio::ip::address_v4::loopback(), 0});
        one.connect(acceptor.local_endpoint());
        acceptor.accept(other);
        for (Socket* socket : {&one, &other}) socket->set_option(asio::ip::tcp::no_delay(true));
    }
};

template <class T>
using Take = std::function<void(const T&)>;

/// One end: sends events, and calls `take` with those of the other end.
template <class T, class Socket>
class BusEnd {
public:
    BusEnd(asio::io_context& io, Socket&& socket, Take<T> take)
        : bus_(io),
          emitter_(bus_.emitter<T>()),
          link_(bus_, std::move(socket)),
          subscription_(link_.template subscribe<T>({.capacity = 2 * batch}, std::move(take))) {
        link_.template serve<T>({.capacity = 2 * batch});
        link_.async_run([](event::net::error_code) {});
    }
    [[nodiscard]] bool is_connected() const { return bus_.template stat<T>().subscribers != 0; }
    void send(const T& event) { emitter_.emit(event); }
    void flush() {}
    [[nodiscard]] std::uint64_t bytes() const { return link_.stat().bytes_sent; }

private:
    event::EventBus bus_;
    event::Emitter<T> emitter_;
    event::net::Link<Socket> link_;
    event::Subscription<T> subscription_;
};

// ---- the peer -----------------------------------------------------------------------------------------------------

inline void append(const Sample& sample, Bytes& bytes) {
    const auto* first = reinterpret_cast<const std::byte*>(&sample);
    bytes.insert(bytes.end(), first, first + sizeof sample);
}
inline void append(const Chunk& chunk, Bytes& bytes) {
    const auto* first = reinterpret_cast<const std::byte*>(&chunk.number);
    bytes.insert(bytes.end(), first, first + sizeof chunk.number);
    bytes.insert(bytes.end(), chunk.data.begin(), chunk.data.end());
}
inline void parse(ByteView bytes, Sample& sample) { std::memcpy(&sample, bytes.data(), sizeof sample); }
inline void parse(ByteView bytes, Chunk& chunk) {
    std::memcpy(&chunk.number, bytes.data(), sizeof chunk.number);
    chunk.data.assign(bytes.begin() + sizeof chunk.number, bytes.end());
}

template <class T, class Socket>
class FrameEnd {
    using Length = std::uint32_t;

public:
    FrameEnd(asio::io_context&, Socket&& socket, Take<T> take) : socket_(std::move(socket)), take_(std::move(take)) {
        read();
    }
    [[nodiscard]] bool is_connected() const { return true; }
    void send(const T& event) {
        const std::size_t at = pending_.size();
        pending_.resize(at + sizeof(Length));
        append(event, pending_);
        const auto length = static_cast<Length>(pending_.size() - at - sizeof(Length));
        std::memcpy(pending_.data() + at, &length, sizeof length);
    }
    /// All that is pending, in one write.
    void flush() {
        if (is_writing_ || pending_.empty()) return;
        is_writing_ = true;
        std::swap(pending_, written_);
        asio::async_write(socket_, asio::buffer(written_), [this](boost::system::error_code error, std::size_t count) {
            if (error) return;
            bytes_ += count;
            written_.clear();
            is_writing_ = false;
            flush();
        });
    }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

private:
    void read() {
        socket_.async_read_some(asio::buffer(buffer_.data() + size_, buffer_.size() - size_),
                                [this](boost::system::error_code error, std::size_t count) {
                                    if (error) return;
                                    take_all(size_ + count);
                                    read();
                                });
    }
    /// What is left is the beginning of a frame.
    void take_all(std::size_t size) {
        std::size_t at = 0;
        for (Length length = 0; size - at >= sizeof length; at += sizeof length + length) {
            std::memcpy(&length, buffer_.data() + at, sizeof length);
            if (size - at - sizeof length < length) break;
            parse(ByteView(buffer_).subspan(at + sizeof length, length), event_);
            take_(event_);
        }
        size_ = size - at;
        std::memmove(buffer_.data(), buffer_.data() + at, size_);
    }

    Socket socket_;
    Take<T> take_;
    Bytes pending_;
    Bytes written_;
    bool is_writing_ = false;
    std::uint64_t bytes_ = 0;
    Bytes buffer_ = Bytes(65'536);
    std::size_t size_ = 0;
    T event_{};
};

}  // namespace bench
