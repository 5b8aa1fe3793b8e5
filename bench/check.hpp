#pragma once

#include <exception>
#include <stdexcept>

namespace bench {

/// A row that measures something else than it says ends the program.
inline void check(bool holds, const char* otherwise) {
    if (!holds) throw std::logic_error(otherwise);
}

/// For `co_spawn`: what a coroutine throws comes out of `run()`.
inline void rethrow(std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
}

}  // namespace bench
