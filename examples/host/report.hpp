#pragma once

/// What one host, or several together, did: the closing table.

#include "state.hpp"
#include "statistics.hpp"

#include <event/report.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace host {

struct Report {
    struct Queue {
        std::uint64_t delivered = 0;
        std::uint64_t missed = 0;
        std::size_t high_water = 0;
        std::size_t capacity = 0;
    };

    std::size_t hosts = 0;
    std::map<std::string, std::uint64_t> emitted;  ///< events by type
    std::map<std::string, Queue> queues;           ///< by the subscription's name
    std::uint64_t opened = 0;                      ///< connections
    std::uint64_t closed = 0;
    std::uint64_t refused = 0;
    std::uint64_t trimmed = 0;
    std::uint64_t failed_dials = 0;
    std::uint64_t links_made = 0;
    std::uint64_t links_lost = 0;
    std::uint64_t transitions = 0;  ///< of the reachability
    Measured measured;

    void add(const event::SubscriptionStat& stat);
    Report& operator+=(const Report& other);

    [[nodiscard]] std::uint64_t total_emitted() const;
    /// The table, at most 100 columns wide.
    [[nodiscard]] std::string table(std::chrono::duration<double> elapsed) const;
};

}  // namespace host
