#include "chaos/operations.hpp"
#include "chaos/rounds.hpp"
#include "chaos/watchdog.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <random>

namespace chaos {
namespace {

std::optional<std::uint64_t> number_from(const char* variable) {
    const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody sets one
    return text != nullptr ? std::optional<std::uint64_t>(std::strtoull(text, nullptr, 0)) : std::nullopt;
}

/// For the whole program.
std::chrono::seconds time_to_run() {
#ifdef EVENTBUS_LONG_STRESS
    constexpr std::uint64_t usual = 60;
#else
    constexpr std::uint64_t usual = 5;
#endif
    return std::chrono::seconds(number_from("EVENTBUS_CHAOS_SECONDS").value_or(usual));
}

}  // namespace

void run_rounds(void (*round)(Random&), int tenths) {
    const testing::UnitTest& program = *testing::UnitTest::GetInstance();
    const auto share = std::chrono::milliseconds(time_to_run()) * tenths / 10;
    const std::uint64_t first = number_from("EVENTBUS_CHAOS_SEED").value_or(std::random_device()());
    const auto began = std::chrono::steady_clock::now();
    const std::uint64_t disturbances_before = disturbances();
    Random seeds(first);
    int rounds = 0;
    for (std::uint64_t seed = first; rounds == 0 || std::chrono::steady_clock::now() - began < share; seed = seeds()) {
        const std::string how = fmt::format("EVENTBUS_CHAOS_SEED={:#x} --gtest_filter={}.{}", seed,
                                            program.current_test_suite()->name(), program.current_test_info()->name());
        open_books();
        draw_rule(seed);
        {
            const Watchdog watchdog(how);
            const Disturbed disturbed(0, "the round");
            Random random(seed);
            round(random);
        }
        ++rounds;
        if (testing::Test::HasFailure()) {
            ADD_FAILURE() << "in round " << rounds << ", after "
                          << std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count()
                          << " s; to run it again: " << how;
            return;
        }
    }
    fmt::print("{} rounds, {} disturbances\n", rounds, disturbances() - disturbances_before);
}

}  // namespace chaos
