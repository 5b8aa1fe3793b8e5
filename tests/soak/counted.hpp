#pragma once

/// What the soak counts itself: its events and its handlers say so as long as they live.

#include <event/interface.hpp>

#include <atomic>
#include <cstdint>
#include <string>

namespace soak {

/// A member, or a base, of what is counted.
template <class Kind>
class Counted {
public:
    Counted() noexcept { ++living_; }
    Counted(const Counted&) noexcept { ++living_; }
    Counted& operator=(const Counted&) noexcept = default;
    ~Counted() { --living_; }

    [[nodiscard]] static long living() noexcept { return living_; }

private:
    static inline std::atomic<long> living_{0};
};

using CountedEvent = Counted<struct EventKind>;
/// Also of filters, callbacks and coroutines.
using CountedHandler = Counted<struct HandlerKind>;

/// Copied into each queue.
struct Number {
    std::uint64_t value = 0;
};
/// Built once and shared.
struct Text {
    std::string value;
    CountedEvent counted = {};
};
/// A behaviour, and what implements it: one is copied, one shared.
struct Found {
    int peer = 0;
};
struct Overheard : Found {
    explicit Overheard(int which) : Found{which} {}
    using event_interfaces = event::Interfaces<Found>;
};
struct Announced : Found {
    explicit Announced(int which) : Found{which} {}
    using event_interfaces = event::Interfaces<Found>;
    CountedEvent counted = {};
};
/// Retained. Always of one length, so that what is kept is, too.
struct State {
    std::string value = std::string(64, 's');
    CountedEvent counted = {};
};
/// Topics that come and go.
template <int Which>
struct Passing {
    std::uint64_t value = 0;
    CountedEvent counted = {};
};

}  // namespace soak
