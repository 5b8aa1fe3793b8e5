#pragma once

namespace bench {

/// How often the process has allocated so far, through operator new or aligned_alloc (which Asio uses). Link with
/// -Wl,--wrap=aligned_alloc.
[[nodiscard]] long allocations() noexcept;

}  // namespace bench
