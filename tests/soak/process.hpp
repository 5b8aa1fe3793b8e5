#pragma once

/// What the system and the allocator say of this process.

#include <cstddef>

namespace soak {

struct ProcessFigures {
    std::size_t heap = 0;      ///< bytes that are allocated now
    std::size_t resident = 0;  ///< bytes of memory that it occupies
    std::size_t descriptors = 0;
    std::size_t threads = 0;
};

/// Starts the program again, once, without what glibc's threads keep for themselves of what was freed: up to 200 KiB of
/// each, which count as allocated, fill up for minutes and go up and down by 30 KiB. The sanitizers count without it.
void restart_without_thread_caches(char** arguments);

[[nodiscard]] std::size_t heap_bytes();
[[nodiscard]] ProcessFigures process_figures();

}  // namespace soak
