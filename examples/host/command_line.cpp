#include "address.hpp"
#include "command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace host {

const std::string_view usage =
    "usage: host                                          a listening host and its guests, for some seconds\n"
    "       host --cluster                                five hosts, some of which are killed and started anew\n"
    "       host --listen ADDR:PORT [--name N] [--for SECONDS] [--figures]\n"
    "       host --dial ADDR:PORT ... [--name N] [--for SECONDS] [--figures]\n"
    "\n"
    "  --listen ADDR:PORT    take links of other hosts there; port 0 is any free one\n"
    "  --dial ADDR:PORT ...  keep a link to each of these hosts; may be used with --listen\n"
    "  --name N              what to tell the others: at most 64 printable characters\n"
    "  --for SECONDS         end after so long; otherwise Ctrl-C does it\n"
    "  --figures             say on stdout, in lines of JSON, what was seen of the others, and be quiet when stdin "
    "ends\n";

namespace {

/// The arguments, one after the other.
class Parser {
public:
    explicit Parser(std::span<const std::string_view> arguments) : rest_(arguments) {}

    [[nodiscard]] CommandLine parse() {
        while (!rest_.empty()) {
            const std::string_view option = next();
            if (option == "--help" || option == "-h") {
                line_.wants_help = true;
            } else if (option == "--cluster") {
                line_.wants_cluster = true;
            } else if (option == "--figures") {
                line_.wants_figures = true;
            } else if (option == "--listen") {
                if (line_.listen) throw UsageError{"--listen is there twice"};
                line_.listen = address(option);
            } else if (option == "--dial") {
                do line_.dial.push_back(address(option));
                while (!rest_.empty() && !rest_.front().starts_with('-'));
            } else if (option == "--name") {
                line_.name = name(option);
            } else if (option == "--for") {
                line_.run_for = seconds(option);
            } else {
                throw UsageError{fmt::format("unknown option \"{}\"", option)};
            }
        }
        const bool is_host = line_.listen || !line_.dial.empty();
        if (!is_host && (line_.run_for || !line_.name.empty() || line_.wants_figures) && !line_.wants_help)
            throw UsageError{"--name, --for and --figures need --listen or --dial"};
        if (is_host && line_.wants_cluster) throw UsageError{"--cluster starts its hosts itself"};
        return line_;
    }

private:
    std::string_view next() {
        const std::string_view first = rest_.front();
        rest_ = rest_.subspan(1);
        return first;
    }

    std::string_view value(std::string_view option) {
        if (rest_.empty()) throw UsageError{fmt::format("{} needs a value", option)};
        return next();
    }

    std::string address(std::string_view option) {
        const std::string_view text = value(option);
        if (!parse_address(text)) throw UsageError{fmt::format("{}: \"{}\" is not ADDR:PORT", option, text)};
        return std::string(text);
    }

    std::string name(std::string_view option) {
        const std::string_view text = value(option);
        const bool is_printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
        if (text.empty() || text.size() > 64 || !is_printable)
            throw UsageError{fmt::format("{}: 1 to 64 printable characters", option)};
        return std::string(text);
    }

    std::chrono::milliseconds seconds(std::string_view option) {
        constexpr double longest = 1e7;
        const std::string_view text = value(option);
        double parsed = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
        if (error != std::errc{} || end != text.data() + text.size() || !(parsed > 0 && parsed <= longest))
            throw UsageError{fmt::format("{}: \"{}\" is not a number of seconds", option, text)};
        return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(parsed));
    }

    std::span<const std::string_view> rest_;
    CommandLine line_;
};

}  // namespace

std::variant<CommandLine, UsageError> parse_command_line(std::span<const std::string_view> arguments) {
    try {
        return Parser(arguments).parse();
    } catch (const UsageError& error) {
        return error;
    }
}

}  // namespace host
