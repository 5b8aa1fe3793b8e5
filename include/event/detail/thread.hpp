#pragma once

namespace event::detail {

/// A thread, while it lives; null is none. (`<thread>` takes a tenth of a second to include.)
using ThreadId = const void*;
[[nodiscard]] inline ThreadId this_thread() noexcept { return __builtin_thread_pointer(); }

}  // namespace event::detail
