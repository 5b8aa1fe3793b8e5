#include "statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace host {

void Sample::add(std::chrono::nanoseconds duration) {
    ++count_;
    if (kept_.size() < capacity) return kept_.push_back(duration);
    // Vitter's algorithm R: each of the `count_` durations is kept with the same probability
    const auto at = std::uniform_int_distribution<std::uint64_t>(0, count_ - 1)(random_);
    if (at < capacity) kept_[at] = duration;
}

void Sample::add(const Sample& other) {
    for (const auto duration : other.kept_) add(duration);
    count_ += other.count_ - other.kept_.size();
}

std::chrono::nanoseconds Sample::percentile(double part) const {
    if (kept_.empty()) return {};
    auto sorted = kept_;
    std::sort(sorted.begin(), sorted.end());
    const auto rank = static_cast<std::size_t>(std::ceil(part * static_cast<double>(sorted.size())));
    return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

Measured& Measured::operator+=(const Measured& other) {
    pings.add(other.pings);
    echoes.add(other.echoes);
    echoed_bytes += other.echoed_bytes;
    missed += other.missed;
    return *this;
}

Statistics::Statistics(event::EventBus& bus, Tasks& tasks)
    : events_(bus.subscribe<PingMeasured, EchoReturned>(
          {.capacity = 1024, .on_full = event::Drop{}, .name = "statistics"})) {
    tasks.spawn(asio::make_strand(bus.get_executor()), "statistics", run());
}

asio::awaitable<void> Statistics::run() {
    std::array<event::Delivery<PingMeasured, EchoReturned>, 64> batch;
    for (;;) {
        const auto received = co_await events_.async_receive_some(std::span(batch), quietly);
        const auto& [error, count] = received;
        if (error) break;
        const std::lock_guard lock(mutex_);
        for (const auto& event : std::span(batch).first(count)) {
            measured_.missed += event.missed();
            if (const auto* ping = event.get_if<PingMeasured>()) {
                measured_.pings.add(ping->round_trip);
            } else if (const auto* echo = event.get_if<EchoReturned>()) {
                measured_.echoes.add(echo->round_trip);
                measured_.echoed_bytes += echo->bytes;
            }
        }
    }
}

Measured Statistics::measured() const {
    const std::lock_guard lock(mutex_);
    return measured_;
}

}  // namespace host
