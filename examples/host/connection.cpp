#include "connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace host {

namespace {

/// Bytes that are no greeting may be anything: shown so that they do the log no harm.
std::string printable(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        if (byte >= ' ' && byte <= '~') {
            text += byte;
        } else {
            text += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
        }
    }
    return text;
}

}  // namespace

Connection::Connection(ConnectionInfo info, tcp::socket socket, const ConnectionLimits& limits, TimePoint now)
    : info_(std::move(info)), limits_(limits), socket_(std::move(socket)), now_(now), waiting_since_(now) {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
}

asio::awaitable<std::string> Connection::read_greeting() {
    std::array<char, greeting.size()> theirs{};
    std::string fault = co_await read(asio::buffer(theirs), "greeting");
    const std::string_view text(theirs.data(), theirs.size());
    if (fault.empty() && text != greeting) fault = fmt::format("not our protocol: \"{}\"", printable(text));
    waiting_since_ = now_;
    co_return fault;
}

asio::awaitable<std::variant<Ended, Frame>> Connection::read_frame() {
    FrameHeader::Bytes bytes{};
    std::string fault = co_await read(asio::buffer(bytes), "frame");
    if (!fault.empty()) co_return Ended{std::move(fault)};
    const FrameHeader header(bytes);
    fault = header.fault(limits_.max_payload);
    if (!fault.empty()) co_return Ended{std::move(fault)};

    Frame frame{header.protocol(), std::string(header.payload_size(), '\0')};
    fault = co_await read(asio::buffer(frame.payload), "frame", FrameHeader::size);
    if (!fault.empty()) co_return Ended{std::move(fault)};
    waiting_since_ = now_;
    co_return frame;
}

asio::awaitable<std::string> Connection::read(asio::mutable_buffer into, std::string_view what, std::size_t offset) {
    is_reading_ = true;
    const auto result = co_await asio::async_read(socket_, into, quietly);
    is_reading_ = false;
    const auto& [error, received] = result;
    if (!error) co_return std::string();

    std::string progress;
    if (offset + received != 0) progress = fmt::format(", {} bytes into a {}", offset + received, what);
    if (!close_reason_.empty()) co_return is_out_of_patience_ ? close_reason_ + progress : close_reason_;
    if (error != asio::error::eof) co_return error.message() + progress;
    co_return progress.empty() ? "the peer left" : "cut off" + progress;
}

void Connection::send(Protocol protocol, std::string_view payload) {
    if (payload.size() > limits_.max_payload) return close("we were asked to send an oversized frame");
    queue(encode_frame(protocol, payload));
}

void Connection::queue(std::string bytes) {
    if (!close_reason_.empty()) return;
    unsent_bytes_ += bytes.size();
    if (unsent_bytes_ > limits_.max_unsent) return close(fmt::format("does not read: {} bytes wait", unsent_bytes_));
    unsent_.push_back(std::move(bytes));
    if (unsent_.size() == 1) write_next();
}

void Connection::write_next() {
    asio::async_write(socket_, asio::buffer(unsent_.front()),
                      [self = shared_from_this()](const error_code& error, std::size_t written) {
                          self->unsent_bytes_ -= std::min(written, self->unsent_bytes_);
                          self->unsent_.pop_front();
                          if (error) return self->close("cannot send: " + error.message());
                          if (!self->unsent_.empty()) self->write_next();
                      });
}

void Connection::close(std::string_view reason) {
    if (!close_reason_.empty()) return;
    close_reason_ = reason;
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
}

void Connection::check_patience(TimePoint now) {
    now_ = now;
    if (!is_reading_) {
        waiting_since_ = now;
    } else if (now - waiting_since_ > limits_.patience) {
        is_out_of_patience_ = true;
        close(fmt::format("no whole frame for {} ms", limits_.patience.count()));
    }
}

}  // namespace host
