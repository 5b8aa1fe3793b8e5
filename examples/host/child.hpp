#pragma once

/// A process that this one started.

#include "asio.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace host {

/// Its input and output are pipes; what it logs goes where this process logs.
///
/// Ownership: it is killed when this is destroyed. Threads: none but those of one strand.
class Child {
public:
    /// Throws `boost::system::system_error`.
    Child(const asio::any_io_executor& executor, std::string program, std::vector<std::string> arguments);
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();

    void send(int signal) const;
    void close_input() { input_.close(); }
    /// The next line of its output, without the line's end; none when that has ended.
    [[nodiscard]] asio::awaitable<std::optional<std::string>> next_line();
    /// Blocks until the process has ended, which is to be certain: its exit status, or the signal as a negative number.
    int wait();

private:
    pid_t process_ = -1;
    asio::posix::stream_descriptor input_;
    asio::posix::stream_descriptor output_;
    std::string unread_;
};

}  // namespace host
