/// Runs the benchmarks. The Time of a row is what one event, hop, set or subscription takes.

#include "median_reporter.hpp"

#include <boost/config.hpp>
#include <boost/version.hpp>

#include <benchmark/benchmark.h>

#include <semaphore>
#include <string>
#include <thread>

namespace {

/// While a process has never started a thread, glibc and libstdc++ leave the atomics out of mutexes, malloc and
/// shared_ptr, which would flatter every row.
class ParkedThread {
public:
    ParkedThread() = default;
    ParkedThread(const ParkedThread&) = delete;
    ParkedThread& operator=(const ParkedThread&) = delete;
    ~ParkedThread() {
        done_.release();
        thread_.join();
    }

private:
    std::binary_semaphore done_{0};
    std::thread thread_{[this] { done_.acquire(); }};
};

}  // namespace

int main(int argc, char** argv) {
    const ParkedThread parked;
    const std::string boost = std::to_string(BOOST_VERSION / 100000) + '.' + std::to_string(BOOST_VERSION / 100 % 1000);
    benchmark::AddCustomContext("compiler", BOOST_COMPILER);
    benchmark::AddCustomContext("boost", boost);
    benchmark::AddCustomContext("event", "32 bytes; queues and batches of 64");
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    bench::MedianReporter reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter);
    benchmark::Shutdown();
}
