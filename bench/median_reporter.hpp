#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

/// Prints one line for each row when all have run, in the order of the source and not in the shuffled one of the run:
/// the median of its repetitions, their coefficient of variation in percent ("cv_%"), and its time over that of the
/// first peer of its group ("of_peer"). Rows are called group/system; the system that is ours is "eventbus".
class MedianReporter : public benchmark::ConsoleReporter {
public:
    MedianReporter() : ConsoleReporter(OO_Tabular) {}

    /// All repetitions of one row, or all its aggregates.
    void ReportRuns(const std::vector<Run>& runs) override {
        const Run* median = aggregate("median", runs);
        const Run* cv = aggregate("cv", runs);
        if (median != nullptr && cv != nullptr) {
            rows_.push_back(*median);
            rows_.back().counters["cv_%"] = 100 * cv->real_accumulated_time;
        } else if (!runs.empty() && runs.front().repetitions <= 1) {
            rows_.push_back(runs.front());
        }
    }

    void Finalize() override {
        std::sort(rows_.begin(), rows_.end(), [](const Run& a, const Run& b) { return place(a) < place(b); });
        for (Run& row : rows_) row.counters["of_peer"] = row.GetAdjustedRealTime() / peer_of(row).GetAdjustedRealTime();
        if (!rows_.empty()) ConsoleReporter::ReportRuns(rows_);
        ConsoleReporter::Finalize();
    }

private:
    [[nodiscard]] static const Run* aggregate(std::string_view name, const std::vector<Run>& runs) {
        const auto found =
            std::find_if(runs.begin(), runs.end(), [&](const Run& run) { return run.aggregate_name == name; });
        return found != runs.end() ? &*found : nullptr;
    }
    [[nodiscard]] static std::pair<std::int64_t, std::int64_t> place(const Run& run) {
        return {run.family_index, run.per_family_instance_index};
    }
    [[nodiscard]] static std::string group(const Run& run) {
        const std::string& name = run.run_name.function_name;
        return name.substr(0, name.rfind('/')) + run.run_name.threads;
    }
    [[nodiscard]] const Run& peer_of(const Run& row) const {
        const auto found = std::find_if(rows_.begin(), rows_.end(), [&](const Run& other) {
            return group(other) == group(row) && !other.run_name.function_name.ends_with("/eventbus");
        });
        return found != rows_.end() ? *found : row;
    }

    std::vector<Run> rows_;
};

}  // namespace bench
