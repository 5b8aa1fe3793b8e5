#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

namespace bench {

/// Lives while a row is measured, once it has warmed up, and gives it its columns: "allocs", the blocks that the
/// measuring thread takes from the heap in an iteration, through `operator new` or `aligned_alloc` (Asio's way); and
/// "items_per_second".
class SteadyState {
public:
    explicit SteadyState(benchmark::State& state) noexcept;
    SteadyState(const SteadyState&) = delete;
    SteadyState& operator=(const SteadyState&) = delete;
    ~SteadyState();

private:
    benchmark::State& state_;
    std::uint64_t blocks_before_;
};

/// The same where other threads take part: counts what all of them take, which slows them down a little.
class SteadyStateOfAllThreads {
public:
    explicit SteadyStateOfAllThreads(benchmark::State& state) noexcept;
    SteadyStateOfAllThreads(const SteadyStateOfAllThreads&) = delete;
    SteadyStateOfAllThreads& operator=(const SteadyStateOfAllThreads&) = delete;
    ~SteadyStateOfAllThreads();

private:
    benchmark::State& state_;
};

}  // namespace bench
