#include "allocations.hpp"
#include "steady_state.hpp"

namespace bench {

SteadyState::SteadyState(benchmark::State& state) noexcept : state_(state), blocks_before_(allocations()) {}

SteadyState::~SteadyState() {
    const auto blocks = static_cast<double>(allocations() - blocks_before_);
    state_.counters["allocs"] = benchmark::Counter(blocks, benchmark::Counter::kAvgIterations);
    state_.SetItemsProcessed(state_.iterations());
}

SteadyStateOfAllThreads::SteadyStateOfAllThreads(benchmark::State& state) noexcept : state_(state) {
    count_allocations_of_all_threads(true);
}

SteadyStateOfAllThreads::~SteadyStateOfAllThreads() {
    count_allocations_of_all_threads(false);
    const auto blocks = static_cast<double>(allocations_of_all_threads());
    state_.counters["allocs"] = benchmark::Counter(blocks, benchmark::Counter::kAvgIterations);
    state_.SetItemsProcessed(state_.iterations());
}

}  // namespace bench
