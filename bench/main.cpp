/// Runs the benchmarks and prints, of repeated rows, the median and its spread. The Time of a row is what one event,
/// hop, set or subscription takes.

#include <boost/config.hpp>
#include <boost/version.hpp>

#include <benchmark/benchmark.h>

#include <semaphore>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

/// While a process has never started a thread, glibc and libstdc++ leave the atomics out of mutexes, malloc and
/// shared_ptr, which would flatter every row.
class ParkedThread {
public:
    ~ParkedThread() {
        done_.release();
        thread_.join();
    }

private:
    std::binary_semaphore done_{0};
    std::thread thread_{[this] { done_.acquire(); }};
};

/// Leaves out the means and standard deviations of repeated rows: one disturbed repetition spoils both.
class MedianReporter : public benchmark::ConsoleReporter {
public:
    MedianReporter() : ConsoleReporter(OO_Tabular) {}
    void ReportRuns(const std::vector<Run>& runs) override {
        std::vector<Run> shown;
        for (const Run& run : runs) {
            const bool repeated = run.run_type == Run::RT_Iteration && run.repetitions > 1 && !run.error_occurred;
            const bool of_the_mean = run.aggregate_name == "mean" || run.aggregate_name == "stddev";
            if (!repeated && !of_the_mean) shown.push_back(run);
        }
        if (!shown.empty()) ConsoleReporter::ReportRuns(shown);
    }
};

}  // namespace

int main(int argc, char** argv) {
    const ParkedThread parked;
    benchmark::AddCustomContext("compiler", BOOST_COMPILER);
    const std::string boost = std::to_string(BOOST_VERSION / 100000) + '.' + std::to_string(BOOST_VERSION / 100 % 1000);
    benchmark::AddCustomContext("boost", boost);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    MedianReporter reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter);
    benchmark::Shutdown();
}
