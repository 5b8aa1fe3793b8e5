#pragma once

/// What is measured each second and at each quiet moment, and what must be true of it at the end.

#include "soak/process.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace soak {

struct Figures {
    double seconds = 0;
    bool is_quiet = false;
    ProcessFigures process = {};
    // of what the soak counts itself
    std::uint64_t events = 0;
    std::uint64_t handlers = 0;
    std::uint64_t coroutines = 0;
    std::uint64_t hosts = 0;
    std::uint64_t connections = 0;
    // of the reports of the two buses that stay
    std::uint64_t topics = 0;
    std::uint64_t emitters = 0;
    std::uint64_t subscriptions = 0;
    std::uint64_t value_handles = 0;
    std::uint64_t watchers = 0;
    // sums, of the bus whose emits are in the ledger
    std::uint64_t offered = 0;
    std::uint64_t delivered = 0;
    std::uint64_t lost = 0;
    std::uint64_t rejected = 0;
    std::uint64_t discarded = 0;
    std::uint64_t killed = 0;
};

/// A column of the file, and what it is in a sentence.
struct Column {
    std::string_view name;
    std::string_view words;
    std::uint64_t Figures::* figure;
    bool must_return;  ///< at each quiet moment it is what it was at the first
    bool is_sum;       ///< it never falls
};

/// All that are not of the process.
[[nodiscard]] const std::vector<Column>& columns();

void write_header(std::FILE* file);
void write_row(std::FILE* file, const Figures& figures);

/// Looks at one row after the other. What it finds are sentences.
class Judge {
public:
    /// It keeps that many quiet moments without growing itself.
    explicit Judge(std::size_t quiet_moments) { quiet_.reserve(quiet_moments); }

    /// What is not as it was at the first quiet moment, or does not add up.
    [[nodiscard]] std::vector<std::string> differences(const Figures& now) const;
    /// Of a row: what has not returned, what has fallen, what does not add up.
    [[nodiscard]] std::vector<std::string> look(const Figures& now);
    /// Of all quiet moments: what has grown.
    [[nodiscard]] std::vector<std::string> conclude() const;
    [[nodiscard]] std::size_t quiet_moments() const noexcept { return quiet_.size(); }

    /// The heap and the resident memory at quiet moments, as medians of the first and of the last third of those after
    /// the warm-up. Empty if there are too few to say.
    struct Growth {
        double before = 0, after = 0;
    };
    [[nodiscard]] Growth growth(std::size_t ProcessFigures::* of) const;

private:
    Figures last_;
    std::vector<Figures> quiet_;
};

}  // namespace soak
