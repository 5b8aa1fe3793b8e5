/// Runs the benchmarks. The Time of a row is what one event, hop, set or subscription takes.

#include "machine.hpp"
#include "median_reporter.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <semaphore>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

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

/// Takes `--json=FILE` out of the arguments.
std::string take_json(int& argc, char** argv) {
    constexpr std::string_view option = "--json=";
    const std::span arguments(argv, static_cast<std::size_t>(argc));
    const auto found = std::ranges::find_if(
        arguments, [&](const char* argument) { return std::string_view(argument).starts_with(option); });
    if (found == arguments.end()) return {};
    std::string file = *found + option.size();
    std::rotate(found, found + 1, arguments.end());
    --argc;
    return file;
}

}  // namespace

int main(int argc, char** argv) {
    const ParkedThread parked;
    bench::MedianReporter::Context context = bench::describe_machine();
    for (const auto& [key, value] : context) benchmark::AddCustomContext(key, value);
    std::string json = take_json(argc, argv);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    bench::MedianReporter reporter(std::move(json), std::move(context));
    benchmark::RunSpecifiedBenchmarks(&reporter);
    benchmark::Shutdown();
}
