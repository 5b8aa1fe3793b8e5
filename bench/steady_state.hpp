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

}  // namespace bench
