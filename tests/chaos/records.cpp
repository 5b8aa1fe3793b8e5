#include "chaos/records.hpp"

#include <gtest/gtest.h>

#include <map>
#include <unordered_map>

namespace chaos {

void Seen::note(const Id& id, const event::Meta& meta) {
    EXPECT_EQ(inside_.fetch_add(1, std::memory_order_relaxed), 0) << "handlers of one subscription never overlap";
    EXPECT_FALSE(is_closed_) << "no handler starts after close() has returned on its executor";
    entries_.push_back({meta.sequence, id});
    missed_ += meta.missed;
    if (meta.replayed) ++replayed_;
    inside_.fetch_sub(1, std::memory_order_relaxed);
}

std::shared_ptr<Seen> Ledger::open() {
    auto seen = std::make_shared<Seen>();
    const std::lock_guard guard(mutex_);
    all_.push_back(seen);
    return seen;
}

void Ledger::count(std::size_t type, const event::EmitResult& result, std::size_t events) noexcept {
    EXPECT_EQ(result.subscribers, result.delivered + result.rejected + result.refused + result.killed);
    if (result.error != event::errc{}) return;
    emitted_[type].fetch_add(events, std::memory_order_relaxed);
    offered_.fetch_add(result.subscribers, std::memory_order_relaxed);
}

void Ledger::expect_one_order() const {
    std::unordered_map<std::uint64_t, std::uint64_t> sequence_of;
    const std::lock_guard guard(mutex_);
    for (const auto& seen : all_) {
        std::uint64_t last = 0;
        std::map<std::uint32_t, std::uint32_t> last_of_emitter;
        for (const auto& [sequence, id] : seen->entries_) {
            ASSERT_GT(sequence, last) << "sequences grow along a queue, and nothing comes twice";
            last = sequence;
            const auto [place, is_new] = sequence_of.try_emplace(std::uint64_t{id.emitter} << 32 | id.number, sequence);
            ASSERT_EQ(place->second, sequence) << "one event has one place, whoever receives it";
            const auto [before, is_first] = last_of_emitter.try_emplace(id.emitter, id.number);
            if (is_first) continue;
            ASSERT_LT(before->second, id.number) << "what was emitted first comes first";
            before->second = id.number;
        }
    }
}

}  // namespace chaos
