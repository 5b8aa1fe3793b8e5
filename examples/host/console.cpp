#include "console.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace host {

namespace {
constexpr std::string_view clear_line = "\r\x1b[K";
}

Console::Console(std::FILE* out) : out_(out), is_terminal_(::isatty(::fileno(out)) == 1) {}

Console::Console(std::function<void(std::string_view)> sink)
    : out_(nullptr), is_terminal_(false), sink_(std::move(sink)) {}

void Console::log(std::string_view host, std::string_view component, std::string_view text) {
    const std::string line = fmt::format("{:7.3f}  {:<9} {:<12} {}", elapsed().count(), host, component, text);
    const std::lock_guard lock(mutex_);
    if (sink_) return sink_(line);
    if (is_terminal_) fmt::print(out_, "{}{}\n{}", clear_line, line, status_);
    if (!is_terminal_) fmt::print(out_, "{}\n", line);
    std::fflush(out_);
}

void Console::status(std::string text) {
    if (!is_terminal_) return;
    const std::lock_guard lock(mutex_);
    status_ = std::move(text);
    fmt::print(out_, "{}{}", clear_line, status_);
    std::fflush(out_);
}

void Console::print(std::string_view text) {
    const std::lock_guard lock(mutex_);
    if (sink_) return sink_(text);
    if (is_terminal_) fmt::print(out_, "{}", clear_line);
    status_.clear();
    fmt::print(out_, "{}", text);
    std::fflush(out_);
}

}  // namespace host
