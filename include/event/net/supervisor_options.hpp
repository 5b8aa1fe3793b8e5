#pragma once

/// How a link is kept, and what became of that.

#include <event/detail/requirements.hpp>

#include <event/net/link_options.hpp>
#include <event/net/reason.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace event::net {

/// Whether it makes no sense to dial again: the other side is another one than was thought (`not_a_link`, `version`),
/// or does not want this one (`rejected`).
[[nodiscard]] bool is_final(const Reason& reason) noexcept;

struct SupervisorOptions {
    /// Of each of its links.
    LinkOptions link = {};
    std::chrono::milliseconds first_backoff{100};
    std::chrono::milliseconds longest_backoff{10'000};
    /// Up to so much more each time, by chance, so that many do not come back at once.
    std::chrono::milliseconds jitter{100};
    std::chrono::milliseconds dial_timeout{10'000};
    /// Of that chance; 0: a random one.
    std::uint64_t seed = 0;
    std::function<bool(const Reason&)> is_final = &net::is_final;
};

struct SupervisorStat {
    std::uint64_t dials = 0;
    std::uint64_t failed_dials = 0;
    std::uint64_t links = 0;                 ///< that were opened, all told
    std::string last_error = {};             ///< of dialing, or of a link that ended before it was open
    std::optional<Reason> last_reason = {};  ///< why the last link ended
    LinkStat link = {};                      ///< of the last one
};

}  // namespace event::net
