#pragma once

#include "chaos/director.hpp"

#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

namespace chaos {

/// Runs rounds of a scenario, each with a seed of its own, until its share of the time is over, a tenth or more of what
/// the whole program has: EVENTBUS_CHAOS_SECONDS. EVENTBUS_CHAOS_SEED is the seed of the first round. A failure ends it
/// and says the seed.
void run_rounds(void (*round)(Random&), int tenths = 1);

/// Threads that are disturbed, until the end of the scope.
class Crew {
public:
    Crew() = default;
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;
    ~Crew() { join(); }

    template <class Work>
    void add(const char* role, Work&& work) {
        const auto number = static_cast<std::uint32_t>(100 + threads_.size());
        threads_.emplace_back([number, role, work = std::forward<Work>(work)]() mutable {
            const Disturbed disturbed(number, role);
            work(Disturbed::random());
        });
    }
    void join() {
        for (std::thread& thread : threads_)
            if (thread.joinable()) thread.join();
    }

private:
    std::vector<std::thread> threads_;
};

}  // namespace chaos
