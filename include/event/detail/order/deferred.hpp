#pragma once

#include <atomic>

namespace event::detail {

/// What a filter may ask to end (its own subscription, say) although the locks that this needs are held for the filter:
/// it ends once the emit is done.
class Deferred {
public:
    Deferred(const Deferred&) = delete;
    Deferred& operator=(const Deferred&) = delete;

    /// Whether this thread runs a filter: then it will be ended when that is over, and the caller has nothing to do.
    [[nodiscard]] bool defer() noexcept;
    /// Ends what this thread's filters have asked to end, unless one still runs.
    static void run_all() noexcept;

protected:
    Deferred() = default;
    virtual ~Deferred() = default;

private:
    virtual void defer_reference() noexcept = 0;
    /// Gives back the reference that `defer_reference` took.
    virtual void run_deferred() noexcept = 0;

    std::atomic<Deferred*> next_{nullptr};  // null: not asked for; the last one is followed by itself
};

}  // namespace event::detail
