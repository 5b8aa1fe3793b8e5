#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

namespace bench {

/// Blocks that the process has taken from the heap so far, through `operator new` or `aligned_alloc` (Asio's way).
[[nodiscard]] std::uint64_t allocations() noexcept;

/// Begun once a row has reached its steady state: the column "allocs", heap allocations for each iteration.
class AllocationColumn {
public:
    AllocationColumn() noexcept : before_(allocations()) {}
    void add_to(benchmark::State& state) const {
        state.counters["allocs"] =
            benchmark::Counter(static_cast<double>(allocations() - before_), benchmark::Counter::kAvgIterations);
    }

private:
    std::uint64_t before_;
};

}  // namespace bench
