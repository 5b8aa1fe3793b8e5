#pragma once

/// One TCP connection as the swarm sees it: frames in, frames out, limits, and the reason why it ended.

#include "frame.hpp"
#include "state.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace host {

struct ConnectionLimits {
    std::size_t max_payload = 64 * 1024;         ///< bytes of one frame, in either direction
    std::size_t max_unsent = 1024 * 1024;        ///< bytes that wait for a peer that does not read
    std::chrono::milliseconds patience{10'000};  ///< for each whole frame, the greeting included
};

struct Frame {
    Protocol protocol{};
    std::string payload;
};

/// Why a connection ended, in words for the log.
struct Ended {
    std::string reason;
};

/// Ownership: shared with its own writes. Threads: everything on the socket's executor, which is a strand.
class Connection : public std::enable_shared_from_this<Connection> {
    using TimePoint = std::chrono::steady_clock::time_point;

public:
    Connection(ConnectionInfo info, tcp::socket socket, const ConnectionLimits& limits, TimePoint now);

    [[nodiscard]] const ConnectionInfo& info() const noexcept { return info_; }

    /// Sends our greeting; call it once, before all else.
    void greet() { queue(std::string(greeting)); }
    /// Waits for the other greeting. Empty if that went well, otherwise why not.
    [[nodiscard]] asio::awaitable<std::string> read_greeting();
    /// Waits for the next frame.
    [[nodiscard]] asio::awaitable<std::variant<Ended, Frame>> read_frame();

    /// Sends when it can. A peer that does not read is closed when too much waits for it.
    void send(Protocol protocol, std::string_view payload);
    /// Ends what waits for the peer; the first reason counts.
    void close(std::string_view reason);

    /// Closes the connection if a whole frame has been due for longer than its patience.
    void check_patience(TimePoint now);

private:
    /// Fills the buffer. Empty if that went well, otherwise why not.
    /// `offset` bytes of what is being read are there already.
    [[nodiscard]] asio::awaitable<std::string> read(asio::mutable_buffer into, std::string_view what,
                                                    std::size_t offset = 0);
    void queue(std::string bytes);
    void write_next();

    const ConnectionInfo info_;
    const ConnectionLimits limits_;
    tcp::socket socket_;
    std::deque<std::string> unsent_;  // the first one is being written
    std::size_t unsent_bytes_ = 0;
    TimePoint now_;            // of the last heartbeat
    TimePoint waiting_since_;  // for the next whole frame
    bool is_reading_ = false;  // otherwise it is we who are slow
    bool is_out_of_patience_ = false;
    std::string close_reason_;
};

}  // namespace host
