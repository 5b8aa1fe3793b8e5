#pragma once

/// What became of one emit.

#include <event/error.hpp>

#include <cstddef>

namespace event {

/// `subscribers == delivered + rejected + refused + killed`. Figures of `emit_all` are sums over its events.
struct EmitResult {
    std::size_t subscribers = 0;  ///< subscriptions of the type when the event was emitted
    std::size_t delivered = 0;    ///< queues that hold the event now
    std::size_t rejected = 0;   ///< filters (`where`) that did not want it, and merges (`latest_by`) that left nothing
    std::size_t refused = 0;    ///< full queues that lost it
    std::size_t displaced = 0;  ///< older events that made way for it
    std::size_t killed = 0;     ///< subscriptions that ended because of it
    errc error = {};            ///< `errc::closed`: nothing was delivered to anybody

    /// Events that some subscriber will never see because of this emit.
    [[nodiscard]] constexpr std::size_t lost() const noexcept { return refused + displaced; }
};

}  // namespace event
