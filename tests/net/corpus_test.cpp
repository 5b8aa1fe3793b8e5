#include "net/fuzz/input.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

/// What libFuzzer found worth keeping (fuzz/bytes_fuzz.cpp): each reaches something that the others do not.

namespace corpus_test {

template <class Fault>
void try_all_of(std::string_view folder, Fault fault_of) {
    std::size_t inputs = 0;
    for (const auto& file :
         std::filesystem::directory_iterator(EVENTBUS_TESTS_FOLDER "/net/corpus/" + std::string(folder))) {
        std::ifstream stream(file.path(), std::ios::binary);
        const std::string input{std::istreambuf_iterator<char>(stream), {}};
        EXPECT_EQ(fault_of(input), "") << file.path();
        ++inputs;
    }
    EXPECT_GT(inputs, 0U);
}

TEST(NetCorpus, HoldsForBytes) { try_all_of("bytes", net_fuzz::fault_of_bytes); }
TEST(NetCorpus, HoldsForJson) { try_all_of("json", net_fuzz::fault_of_json); }
TEST(NetCorpus, HoldsForLinks) { try_all_of("protocol", net_fuzz::fault_of_protocol); }
TEST(NetCorpus, HoldsForSchemas) { try_all_of("schema", net_fuzz::fault_of_schema); }
TEST(NetCorpus, HoldsForSessions) { try_all_of("session", net_fuzz::fault_of_session); }

}  // namespace corpus_test
