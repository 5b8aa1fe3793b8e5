#pragma once

/// Where the hosts of this process print: a log, and on a terminal a line below it that shows how things stand.

#include <chrono>
#include <cstdio>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace host {

/// Threads: every function from any thread at once.
class Console {
public:
    /// Prints to `out`, which outlives it. The status line is shown only if that is a terminal.
    explicit Console(std::FILE* out);
    /// Hands each line of the log to `sink` instead, one call at a time.
    explicit Console(std::function<void(std::string_view line)> sink);

    /// One line of the log: when, which host, which of its components, what.
    void log(std::string_view host, std::string_view component, std::string_view text);
    void status(std::string text);
    /// Something that is not part of the log, as it is; the status line goes.
    void print(std::string_view text);

    [[nodiscard]] std::chrono::duration<double> elapsed() const { return std::chrono::steady_clock::now() - start_; }

private:
    std::FILE* const out_;
    const bool is_terminal_;
    const std::function<void(std::string_view)> sink_;
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::mutex mutex_;
    std::string status_;  // guarded by mutex_
};

}  // namespace host
