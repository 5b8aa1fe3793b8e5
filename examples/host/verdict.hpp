#pragma once

/// What the hosts of a cluster saw, and whether they saw rightly.

#include "sightings.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace host {

/// One place in the cluster, whoever sat there.
struct Seat {
    std::string name;
    std::uint64_t starts = 0;
    bool is_killed = false;               ///< and was not started again
    std::optional<Figures> agreed = {};   ///< when all were quiet
    std::optional<Figures> at_end = {};   ///< what it said last of all
    std::optional<int> exit_status = {};  ///< of the last process
};

/// Whether each of those that were not killed shows the final status of each of them, and of nobody else, and all the
/// same.
[[nodiscard]] bool agree(const std::vector<Seat>& seats);

/// What is wrong, in words; nothing, if nothing was stale.
[[nodiscard]] std::vector<std::string> faults_of(const std::vector<Seat>& seats);

/// The table, at most 100 columns wide, and the verdict.
[[nodiscard]] std::string table(const std::vector<Seat>& seats);

}  // namespace host
