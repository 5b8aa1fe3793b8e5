#pragma once

/// Five hosts as processes, some of which are killed and started anew.

#include "console.hpp"
#include "program.hpp"

#include <string>

namespace host {

/// Starts that program five times, each linked with each; kills some, one of them for good; has strangers misbehave
/// towards all; and prints what each saw. The exit status: 0 if nothing was stale (`verdict.hpp`).
[[nodiscard]] asio::awaitable<int> run_cluster(Console& console, std::string program, Interrupted interrupted);

}  // namespace host
