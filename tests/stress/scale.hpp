#pragma once

namespace stress {

/// Short in the normal run, long under the sanitizers in CI.
constexpr int rounds(int count) {
#ifdef EVENTBUS_LONG_STRESS
    return 10 * count;
#else
    return count;
#endif
}

}  // namespace stress
