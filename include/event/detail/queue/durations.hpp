#pragma once

#include <event/report.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace event::detail {

/// How long something took, each time: counted in buckets that are at most an eighth as wide as what they hold, eight
/// for each doubling, from nanoseconds to the third of an hour. Any thread.
class Durations {
public:
    /// One that is negative, because two clocks were read at nearly the same time, is none.
    void add(std::chrono::nanoseconds duration) noexcept;
    [[nodiscard]] DurationStat stat() const noexcept;

private:
    static constexpr int bits_in_bucket = 3;
    static constexpr std::size_t in_doubling = std::size_t{1} << bits_in_bucket;
    static constexpr int most_bits = 40;
    static constexpr std::size_t buckets =
        (most_bits - bits_in_bucket + 1) * in_doubling + 1;  // one for what is longer

    [[nodiscard]] static std::size_t bucket_of(std::uint64_t duration) noexcept;
    /// The largest that it holds.
    [[nodiscard]] static std::uint64_t end_of(std::size_t bucket) noexcept;

    std::atomic<std::uint64_t> sum_{0};
    std::atomic<std::uint64_t> max_{0};
    std::array<std::atomic<std::uint64_t>, buckets> counts_{};
};

}  // namespace event::detail
