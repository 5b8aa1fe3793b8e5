/// Programs that nobody thought of, on the library and on a model of its contract: seeded, so that each runs again.
/// EVENTBUS_MODEL_STEPS and EVENTBUS_MODEL_SEED say how many steps, and where to begin.

#include "program.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace model_test {

/// Of that seed: mostly short, so that what fails is.
model::Program program_of_seed(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    model::Program program(20 + random() % 180);
    for (model::Step& step : program) {
        const std::uint64_t bits = random();
        step = {static_cast<std::uint8_t>(bits), static_cast<std::uint8_t>(bits >> 8U),
                static_cast<std::uint8_t>(bits >> 16U), static_cast<std::uint8_t>(bits >> 24U)};
    }
    return program;
}

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// Each takes eight times as long under AddressSanitizer.
#ifdef EVENTBUS_LONG_STRESS
constexpr std::uint64_t steps_in_ci = 200'000;
#else
constexpr std::uint64_t steps_in_ci = 1'000'000;
#endif

TEST(Model, SaysTheSameAsTheLibrary) {
    const std::uint64_t steps = number_from("EVENTBUS_MODEL_STEPS", steps_in_ci);
    std::uint64_t seed = number_from("EVENTBUS_MODEL_SEED", 1);
    for (std::uint64_t done = 0; done < steps; ++seed) {
        const model::Program program = program_of_seed(seed);
        done += program.size();
        if (const std::string failure = model::run(program); !failure.empty()) {
            const model::Program shortest = model::shrunk(program);
            FAIL() << "seed " << seed << ": " << failure << "\nshortest: " << model::run(shortest) << "\n"
                   << to_string(shortest);
        }
    }
}

/// Those that libFuzzer found worth keeping (model_fuzz.cpp): each reaches something that the others do not.
TEST(Model, SaysTheSameAsTheLibraryOfTheCorpus) {
    std::size_t programs = 0;
    for (const auto& file : std::filesystem::directory_iterator(EVENTBUS_TESTS_FOLDER "/model/corpus")) {
        std::ifstream stream(file.path(), std::ios::binary);
        const std::vector<char> bytes{std::istreambuf_iterator<char>(stream), {}};
        std::vector<std::uint8_t> numbers(bytes.begin(), bytes.end());
        const model::Program program = model::program_of(numbers);
        EXPECT_EQ(model::run(program), "") << file.path();
        ++programs;
    }
    EXPECT_GT(programs, 0U);
}

}  // namespace model_test
