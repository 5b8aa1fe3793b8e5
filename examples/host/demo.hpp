#pragma once

/// The demonstration: some seconds in the life of a host.

#include "program.hpp"

namespace host {

/// One listening host and several that dial it, all in this process, over loopback: peers come, go and misbehave, too
/// many come at once, and one component never looks at its queue. The exit status: 1 if a figure at the end is not what
/// it must be.
[[nodiscard]] asio::awaitable<int> run_demo(asio::io_context& io, Console& console, Interrupted interrupted);

}  // namespace host
