#pragma once

/// What became of one emit.

#include <event/detail/requirements.hpp>

#include <event/error.hpp>

#include <cstddef>

namespace event {

/// `subscribers == delivered + rejected + refused + killed`: whom the event reaches in two ways (by its type and as a
/// behaviour) counts twice, unless it is killed. Figures of `emit_all` are sums over its events.
struct EmitResult {
    std::size_t subscribers = 0;  ///< subscriptions of the type, and of its key, when the event was emitted
    std::size_t delivered = 0;    ///< queues that hold the event now
    std::size_t rejected = 0;   ///< filters (`where`) that did not want it, and merges (`latest_by`) that left nothing
    std::size_t refused = 0;    ///< full queues that lost it
    std::size_t displaced = 0;  ///< older events that made way for it
    std::size_t killed = 0;     ///< subscriptions that ended because of it
    /// `errc::closed`, or `errc::too_many_keys` of what a topic retains (`retain_by`): nothing was delivered to
    /// anybody, of several events those that were refused.
    errc error = {};

    /// Events that some subscriber will never see because of this emit.
    [[nodiscard]] constexpr std::size_t lost() const noexcept { return refused + displaced; }

    /// Sums of the figures; the first error.
    constexpr EmitResult& operator+=(const EmitResult& other) noexcept {
        subscribers += other.subscribers;
        delivered += other.delivered;
        rejected += other.rejected;
        refused += other.refused;
        displaced += other.displaced;
        killed += other.killed;
        if (error == errc{}) error = other.error;
        return *this;
    }
};

}  // namespace event
