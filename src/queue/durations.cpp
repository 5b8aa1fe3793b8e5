#include <event/detail/queue/durations.hpp>

#include <algorithm>
#include <bit>

namespace event::detail {

void Durations::add(std::chrono::nanoseconds duration) noexcept {
    const auto taken = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
    sum_.fetch_add(taken, std::memory_order_relaxed);
    std::uint64_t longest = max_.load(std::memory_order_relaxed);
    while (longest < taken && !max_.compare_exchange_weak(longest, taken, std::memory_order_relaxed)) {
    }
    counts_[bucket_of(taken)].fetch_add(1, std::memory_order_relaxed);
}

std::size_t Durations::bucket_of(std::uint64_t duration) noexcept {
    if (duration < in_doubling) return duration;
    const int shift = 63 - std::countl_zero(duration) - bits_in_bucket;  // what bit_width returns differs
    return std::min(buckets - 1, static_cast<std::size_t>(shift) * in_doubling + (duration >> shift));
}

std::uint64_t Durations::end_of(std::size_t bucket) noexcept {
    if (bucket < in_doubling) return bucket;
    const auto shift = bucket / in_doubling - 1;
    return ((bucket % in_doubling + in_doubling + 1) << shift) - 1;
}

DurationStat Durations::stat() const noexcept {
    std::array<std::uint64_t, buckets> counts{};
    DurationStat stat;
    for (std::size_t i = 0; i < buckets; ++i) stat.count += counts[i] = counts_[i].load(std::memory_order_relaxed);
    if (stat.count == 0) return stat;
    const std::uint64_t longest = max_.load(std::memory_order_relaxed);
    const auto percentile = [&](std::uint64_t percent) {
        const std::uint64_t rank = (stat.count * percent + 99) / 100;
        std::size_t bucket = 0;
        for (std::uint64_t seen = counts[0]; seen < rank; seen += counts[bucket]) ++bucket;
        const bool is_last = bucket == buckets - 1;  // it has no end
        return std::chrono::nanoseconds(is_last ? longest : std::min(end_of(bucket), longest));
    };
    stat.sum = std::chrono::nanoseconds(sum_.load(std::memory_order_relaxed));
    stat.p50 = percentile(50);
    stat.p90 = percentile(90);
    stat.p99 = percentile(99);
    stat.max = std::chrono::nanoseconds(longest);
    return stat;
}

}  // namespace event::detail
