#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>

namespace bench {

/// How many there are of what a row has more and more of.
inline std::size_t argument(const benchmark::State& state) { return static_cast<std::size_t>(state.range(0)); }

/// A row that was compiled for one size.
inline void add_sized(std::int64_t size, const char* name, void (*row)(benchmark::State&)) {
    benchmark::RegisterBenchmark(name, row)->Arg(size);
}

}  // namespace bench
