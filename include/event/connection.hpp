#pragma once

/// A subscription, or a watched value, whose types nobody needs to know.

#include <event/detail/requirements.hpp>

#include <event/fwd.hpp>
#include <event/report.hpp>

#include <boost/system/error_code.hpp>

#include <utility>

namespace event {

namespace detail {
class PushSpot;
}

/// A subscription without its types and its headers, for a member in a component's header (`event/fwd.hpp` declares
/// it): the types and the handler are the business of one source file, which says `connection_ = bus.subscribe<A,
/// B>(handler)`. For push subscriptions: of a pulled one nobody could receive any more. And what
/// `Value::watch(handler)` gives. What Signals2 calls a `scoped_connection`.
///
/// Ownership: move-only; destroying it closes the subscription, as does giving it another one (of several that share a
/// queue, `Subscription::share`, only the last one does). Default-constructed or moved from, it is none. Threads:
/// distinct objects are independent; on one object, all functions but move and assignment from any thread.
class [[nodiscard]] Connection {
public:
    Connection() = default;
    Connection(Connection&& other) noexcept : spot_(std::exchange(other.spot_, nullptr)) {}
    Connection& operator=(Connection&& other) noexcept {
        if (this != &other) {
            disconnect();
            spot_ = std::exchange(other.spot_, nullptr);
        }
        return *this;
    }
    ~Connection() { disconnect(); }

    /// As those of `Subscription`. Of a value, what is queued is the newest one, also if it was set after
    /// `close_after_drain()`, unless the handler has got it; and
    /// `stat()` has `types`, `size`, `delivered` and `waiting`.
    void close() noexcept;
    void close_after_drain() noexcept;
    void close_and_wait();
    void close_and_wait(boost::system::error_code& error);
    [[nodiscard]] SubscriptionStat stat() const;
    /// Whether it takes what is new. After `close_after_drain()` it does not, and what is queued still comes; nor does
    /// it once the bus, or the value, was closed.
    [[nodiscard]] bool is_open() const noexcept;

private:
    template <class, class...>
    friend class BasicSubscription;
    template <class>
    friend class ValueView;

    /// Takes over a reference.
    explicit Connection(detail::PushSpot* spot) noexcept : spot_(spot) {}
    void disconnect() noexcept;

    detail::PushSpot* spot_ = nullptr;  // with a reference
};

}  // namespace event
