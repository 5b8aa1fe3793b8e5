#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// Prints one line for each row when all have run, in the order of the source and not in the shuffled one of the run:
/// the median of its repetitions, how far apart the middle half of them is, in percent of it ("spread_%"), and its time
/// over that of the best peer of its group ("of_best") and over that of the limit that binds it ("of_limit",
/// limits.hpp). Rows are called group/system; the system that is ours is "eventbus", or begins with "eventbus_". The
/// best peer is one with a queue for each subscriber that may be used from any thread: "…_inline" and "…_one_thread"
/// are not.
///
/// With `--json=FILE` all this is written there, too, for report.py.
class MedianReporter : public benchmark::ConsoleReporter {
public:
    using Context = std::vector<std::pair<std::string, std::string>>;

    /// `json` may be empty. `context` goes into the file.
    MedianReporter(std::string json, Context context);

    /// All repetitions of one row, or all its aggregates.
    void ReportRuns(const std::vector<Run>& runs) override;
    void Finalize() override;

private:
    struct Row {
        Run run;
        double low = 0;   ///< a quarter of the repetitions took less, …
        double high = 0;  ///< … and a quarter took more
        std::size_t repetitions = 1;
        std::string best = {};   ///< of its peers
        std::string limit = {};  ///< that binds it
    };

    void compare();
    void print();
    void write() const;

    std::string json_;
    Context context_;
    std::vector<Row> rows_;
    std::pair<double, double> quartiles_{};  // of the repetitions that were reported last
    std::size_t repetitions_ = 0;
};

}  // namespace bench
