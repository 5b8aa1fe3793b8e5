#pragma once

namespace event::detail {

/// A thread, by the address of what is its own, which another one may have once it has ended; null is none. (`<thread>`
/// takes a tenth of a second to include.)
using ThreadId = const void*;
[[nodiscard]] inline ThreadId this_thread() noexcept { return __builtin_thread_pointer(); }

}  // namespace event::detail
