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

[[nodiscard]] std::size_t heap_bytes();
[[nodiscard]] ProcessFigures process_figures();

}  // namespace soak
