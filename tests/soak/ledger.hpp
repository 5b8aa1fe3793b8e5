#pragma once

/// What the bus was given, to compare with what it says became of it; and what went wrong.

#include <event/emit_result.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace soak {

/// Threads: every function from any thread at once.
class Ledger {
public:
    void add(const event::EmitResult& result) noexcept {
        ++emits_;
        offered_ += result.subscribers;
        if (result.subscribers != result.delivered + result.rejected + result.refused + result.killed) ++uneven_;
    }
    /// A new subscription was given the retained event.
    void add_replayed() noexcept { ++offered_; }

    [[nodiscard]] std::uint64_t emits() const noexcept { return emits_; }
    /// Events, each as often as there was a subscription to take it.
    [[nodiscard]] std::uint64_t offered() const noexcept { return offered_; }
    /// Results whose figures did not add up.
    [[nodiscard]] std::uint64_t uneven() const noexcept { return uneven_; }

private:
    std::atomic<std::uint64_t> emits_{0}, offered_{0}, uneven_{0};
};

/// Sentences. Threads: as above.
class Faults {
public:
    void add(std::string sentence) {
        const std::lock_guard lock(mutex_);
        if (sentences_.size() < most) sentences_.push_back(std::move(sentence));
    }
    [[nodiscard]] std::vector<std::string> all() const {
        const std::lock_guard lock(mutex_);
        return sentences_;
    }

private:
    static constexpr std::size_t most = 20;

    mutable std::mutex mutex_;
    std::vector<std::string> sentences_;  // guarded by mutex_
};

}  // namespace soak
