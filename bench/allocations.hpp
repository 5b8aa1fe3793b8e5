#pragma once

#include <cstdint>

namespace bench {

/// Blocks that this thread has taken from the heap so far, through `operator new` or `aligned_alloc` (Asio's way).
[[nodiscard]] std::uint64_t allocations() noexcept;

/// The same of all threads since the counting was turned on, which slows them down a little.
void count_allocations_of_all_threads(bool on) noexcept;
[[nodiscard]] std::uint64_t allocations_of_all_threads() noexcept;

}  // namespace bench
