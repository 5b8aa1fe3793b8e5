#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

/// What a program that is linked with allocation.cpp allocates, in operator new and in aligned_alloc (which Asio uses),
/// and a way to let it fail.
namespace allocation {

inline std::atomic<long> count{0};           // so many there were
inline std::atomic<long> live{0};            // blocks of operator new that there are now
inline std::atomic<std::size_t> largest{0};  // block of operator new since this was set to 0
inline std::atomic<long> payload_bytes{0};   // only payloads are allocated with an alignment and freed with a size, too

/// What becomes of those that come after the one that fails.
enum class Others : std::uint8_t { succeed, fail };

inline thread_local long until_failure = -1;  // so many succeed before the one that fails; negative: none fails
inline thread_local Others others = Others::succeed;
inline thread_local bool has_failed = false;

/// Calls `f` with the n-th allocation of this thread failing; whether it came so far.
template <class F>
bool failing(long n, F&& f, Others then = Others::succeed) {
    struct Reset {
        ~Reset() { until_failure = -1; }
    } reset;
    has_failed = false;
    others = then;
    until_failure = n;
    f();
    return has_failed;
}

}  // namespace allocation
