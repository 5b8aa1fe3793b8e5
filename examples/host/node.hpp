#pragma once

/// One host as a process of its own.

#include "command_line.hpp"
#include "program.hpp"

namespace host {

/// Listens and dials as the command line says, until it is interrupted or its time is up. The exit status: 1 if it
/// cannot listen there, or a component failed.
[[nodiscard]] asio::awaitable<int> run_node(asio::io_context& io, Console& console, CommandLine line,
                                            Interrupted interrupted);

}  // namespace host
