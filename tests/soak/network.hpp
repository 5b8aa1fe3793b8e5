#pragma once

/// Hosts that stay, and a crowd that comes and goes.

#include "host.hpp"
#include "soak/ledger.hpp"

#include <event/value.hpp>

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace soak {

namespace asio = boost::asio;
using std::chrono::milliseconds;

/// A hub that listens, and a resident that keeps itself connected to it. In a round, guests, misbehaving peers and
/// closing connections are added; when it has ended, the two are as they were.
///
/// Threads: one at a time, but for `hub`, `hosts` and `connections`.
class Network {
public:
    Network(asio::thread_pool& pool, Faults& faults);
    ~Network();

    void begin_round(unsigned seed);
    /// Nobody comes any more, and who is there is sent away, until only coroutines of the two are left.
    void end_round();
    /// What is not yet as it is when nothing happens; empty if nothing is missing.
    [[nodiscard]] std::string unrest();

    [[nodiscard]] host::Host& hub() noexcept { return hub_; }
    [[nodiscard]] std::size_t hosts() const noexcept { return 2 + guests_there_; }
    [[nodiscard]] std::size_t connections() const { return open(hub_); }
    [[nodiscard]] std::uint64_t guests_so_far() const noexcept { return guests_so_far_; }

private:
    [[nodiscard]] static std::size_t open(const host::Host& of) {
        return (*of.network().try_get())->connections.size();
    }
    [[nodiscard]] static std::string unrest_of(host::Host& of, const std::string& peer);

    [[nodiscard]] asio::awaitable<bool> is_over_within(milliseconds time);
    [[nodiscard]] asio::awaitable<void> guest(unsigned seed);
    [[nodiscard]] asio::awaitable<void> tick();
    [[nodiscard]] asio::awaitable<void> misbehaving(unsigned seed);
    [[nodiscard]] asio::awaitable<void> closing(unsigned seed);
    void close_all();
    void stop(host::Host& host);

    asio::thread_pool& pool_;
    Faults& faults_;
    std::atomic<std::uint64_t> logged_{0};
    host::Console console_;
    host::Host hub_;
    host::Host resident_;
    const host::tcp::endpoint where_;
    event::Emitter<host::Tick> hub_ticks_, resident_ticks_;
    event::Emitter<host::CloseRequested> close_;
    host::Tasks crowd_;  // guests and the like, and the peers that end when they are sent away
    std::optional<event::Value<bool>> over_;
    std::atomic<std::size_t> guests_there_{0};
    std::atomic<std::uint64_t> guests_so_far_{0};
};

}  // namespace soak
