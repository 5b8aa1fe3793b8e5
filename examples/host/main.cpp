/// A small networking host whose components know each other only through an event bus. README.md draws them.
///
///     host                                                   the demonstration
///     host --cluster                                         five hosts, some of which are killed
///     host --listen ADDR:PORT [--name N] [--for SECONDS]     a host
///     host --dial ADDR:PORT ... [--name N] [--for SECONDS]   another one, which links to it

#include "cluster.hpp"
#include "command_line.hpp"
#include "demo.hpp"
#include "node.hpp"
#include "program.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

int main(int argc, char** argv) {
    const std::vector<std::string_view> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    const auto parsed = host::parse_command_line(arguments);
    if (const auto* error = std::get_if<host::UsageError>(&parsed)) {
        fmt::print(stderr, "host: {}\n{}", error->what, host::usage);
        return 2;
    }
    const auto& line = std::get<host::CommandLine>(parsed);
    if (line.wants_help) {
        fmt::print("{}", host::usage);
        return 0;
    }
    const std::string program = argc > 0 ? argv[0] : "host";
    host::Console console(line.wants_figures ? stderr : stdout);
    return host::run_program(console, [&](boost::asio::io_context& io, host::Interrupted interrupted) {
        if (line.wants_cluster) return host::run_cluster(console, program, std::move(interrupted));
        const bool is_node = line.listen || !line.dial.empty();
        return is_node ? host::run_node(io, console, line, std::move(interrupted))
                       : host::run_demo(io, console, std::move(interrupted));
    });
}
