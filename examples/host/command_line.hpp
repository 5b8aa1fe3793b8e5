#pragma once

/// What the program was asked to do.

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace host {

extern const std::string_view usage;

/// With neither `listen` nor `dial`, and no cluster: the demonstration.
struct CommandLine {
    std::optional<std::string> listen;
    std::vector<std::string> dial;
    std::string name;
    std::optional<std::chrono::milliseconds> run_for;  ///< none: until it is interrupted
    bool wants_cluster = false;
    bool wants_figures = false;  ///< prints what it has seen as lines of JSON, for who started it
    bool wants_help = false;
};

/// What is wrong with the arguments, in words.
struct UsageError {
    std::string what;
};

/// The arguments without the program's name. The usage says what they may be.
[[nodiscard]] std::variant<CommandLine, UsageError> parse_command_line(std::span<const std::string_view> arguments);

}  // namespace host
