#pragma once

/// To let one allocation of this thread fail: the program of allocation_test.cpp replaces what allocates.
namespace allocation {

inline thread_local long until_failure = -1;  // so many succeed before the one that fails; negative: none fails
inline thread_local bool has_failed = false;

/// Calls `f` with its n-th allocation failing; whether it came so far.
template <class F>
bool failing(long n, F&& f) {
    struct Reset {
        ~Reset() { until_failure = -1; }
    } reset;
    has_failed = false;
    until_failure = n;
    f();
    return has_failed;
}

}  // namespace allocation
