#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace host {

void Report::add(const event::SubscriptionStat& stat) {
    Queue& queue = queues[stat.name];
    queue.delivered += stat.delivered;
    queue.missed += stat.lost;
    queue.high_water = std::max(queue.high_water, stat.high_water);
    queue.capacity = std::max(queue.capacity, stat.capacity);
}

Report& Report::operator+=(const Report& other) {
    hosts += other.hosts;
    for (const auto& [type, count] : other.emitted) emitted[type] += count;
    for (const auto& [name, theirs] : other.queues) {
        Queue& ours = queues[name];
        ours.delivered += theirs.delivered;
        ours.missed += theirs.missed;
        ours.high_water = std::max(ours.high_water, theirs.high_water);
        ours.capacity = std::max(ours.capacity, theirs.capacity);
    }
    opened += other.opened;
    closed += other.closed;
    refused += other.refused;
    trimmed += other.trimmed;
    failed_dials += other.failed_dials;
    links_made += other.links_made;
    links_lost += other.links_lost;
    transitions += other.transitions;
    measured += other.measured;
    return *this;
}

std::uint64_t Report::total_emitted() const {
    std::uint64_t total = 0;
    for (const auto& [type, count] : emitted) total += count;
    return total;
}

namespace {
void add_round_trips(std::string& text, std::string_view what, const Sample& sample) {
    const auto ms = [&](double part) {
        return std::chrono::duration<double, std::milli>(sample.percentile(part)).count();
    };
    fmt::format_to(std::back_inserter(text), "{:<28}{:>10}   p50 {:>8.3f} ms   p90 {:>8.3f} ms   p99 {:>8.3f} ms\n",
                   what, sample.count(), ms(0.5), ms(0.9), ms(0.99));
}
}  // namespace

std::string Report::table(std::chrono::duration<double> elapsed) const {
    std::string text;
    const auto out = std::back_inserter(text);
    fmt::format_to(out, "\n{:<28}{:>10}\n", "event", "emitted");
    for (const auto& [type, count] : emitted) fmt::format_to(out, "{:<28}{:>10}\n", type, count);
    fmt::format_to(out, "\n{:<28}{:>10}{:>10}{:>15}{:>10}\n", "subscription", "delivered", "missed", "highest queue",
                   "capacity");
    for (const auto& [name, queue] : queues) {
        fmt::format_to(out, "{:<28}{:>10}{:>10}{:>15}{:>10}\n", name, queue.delivered, queue.missed, queue.high_water,
                       queue.capacity);
    }
    fmt::format_to(out, "\n{:<28}{:>10} opened, {} closed, {} refused, {} trimmed, {} dials failed\n", "connections",
                   opened, closed, refused, trimmed, failed_dials);
    fmt::format_to(out, "{:<28}{:>10} made, {} lost\n", "links", links_made, links_lost);
    add_round_trips(text, "pings", measured.pings);
    add_round_trips(text, "echoes", measured.echoes);
    fmt::format_to(out, "{:<28}{:>10}\n", "reachability transitions", transitions);
    fmt::format_to(out, "{:<28}{:>10.0f}   ({} in {:.1f} s, by {} host{})\n", "events per second",
                   static_cast<double>(total_emitted()) / std::max(elapsed.count(), 1e-9), total_emitted(),
                   elapsed.count(), hosts, hosts == 1 ? "" : "s");
    return text;
}

}  // namespace host
