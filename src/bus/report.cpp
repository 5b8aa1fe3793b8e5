#include <event/fmt.hpp>
#include <event/report.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace event {
namespace {

constexpr std::size_t most_columns = 100;

/// Long names lose their beginning: their end is what tells them apart.
std::string shortened(std::string_view text, std::size_t columns) {
    if (text.size() <= columns) return std::string(text);
    text.remove_prefix(text.size() - columns + 1);
    while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xC0U) == 0x80U) text.remove_prefix(1);
    return fmt::format("…{}", text);
}

std::string joined(const std::vector<std::string>& names, std::size_t columns) {
    std::string all;
    std::size_t unnamed = 0;
    for (const std::string& name : names) {
        if (name.empty()) {
            ++unnamed;
        } else {
            all += all.empty() ? name : ", " + name;
        }
    }
    if (unnamed != 0) all += fmt::format("{}{} unnamed", all.empty() ? "" : ", ", unnamed);
    if (all.size() <= columns) return all;
    std::size_t end = columns - 1;
    while (end > 0 && (static_cast<unsigned char>(all[end]) & 0xC0U) == 0x80U) --end;
    return fmt::format("{}…", std::string_view(all).substr(0, end));
}

/// With at most that many digits: "123456", "12.3M".
std::string figure(std::uint64_t number, std::size_t digits) {
    std::string text = fmt::format("{}", number);
    if (text.size() <= digits) return text;
    double scaled = static_cast<double>(number);
    for (const char unit : std::string_view("kMGTPE")) {
        scaled /= 1000;
        if (scaled < 999.5) return fmt::format("{:.3g}{}", scaled, unit);
    }
    return text;
}

/// In three digits.
std::string duration(std::chrono::nanoseconds duration) {
    constexpr std::string_view units[] = {"ns", "us", "ms", "s"};
    auto scaled = static_cast<double>(duration.count());
    std::size_t unit = 0;
    for (; scaled >= 999.5 && unit + 1 < std::size(units); ++unit) scaled /= 1000;
    return unit + 1 < std::size(units) || scaled < 999.5 ? fmt::format("{:.3g}{}", scaled, units[unit])
                                                         : fmt::format("{:.0f}{}", scaled, units[unit]);
}

std::string_view state_of(const SubscriptionStat& stat) {
    if (stat.killed) return "killed";
    if (stat.waiting) return "waiting";
    return stat.size == 0 ? "idle" : "busy";
}

std::string age_of(const SubscriptionStat& stat) {
    using std::chrono::duration_cast;
    if (!stat.age) return "-";
    if (*stat.age < std::chrono::seconds(1))
        return fmt::format("{}", duration_cast<std::chrono::milliseconds>(*stat.age));
    return fmt::format("{}", duration_cast<std::chrono::seconds>(*stat.age));
}

}  // namespace

std::string to_string(const DurationStat& stat) {
    if (stat.count == 0) return "none yet";
    return fmt::format("p50 {}, p90 {}, p99 {}, max {}", duration(stat.p50), duration(stat.p90), duration(stat.p99),
                       duration(stat.max));
}

std::string to_string(const BusReport& report) {
    std::string table;
    const auto line = [&]<class... Args>(fmt::format_string<Args...> text, Args&&... args) {
        fmt::format_to(std::back_inserter(table), text, std::forward<Args>(args)...);
        table.erase(table.find_last_not_of(' ') + 1);
        table += '\n';
    };
    const auto counted = [](std::uint64_t count, std::string_view what) {
        return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
    };
    line("bus{}: {}, {}, {}", report.name.empty() ? std::string() : fmt::format(" '{}'", shortened(report.name, 40)),
         counted(report.topics.size(), "topic"), counted(report.subscriptions.size(), "subscription"),
         counted(report.values.size(), "value"));
    if (!report.topics.empty()) {
        line("\n{:<32} {:>8} {:>11} {:>8} {:>9} {:>9}  {}", "topic", "emitters", "subscribers", "retained", "sequence",
             "emitted", "emitted by");
        for (const TopicReport& topic : report.topics) {
            line("{:<32} {:>8} {:>11} {:>8} {:>9} {:>9}  {}", shortened(topic.name, 32), figure(topic.emitters, 8),
                 figure(topic.subscribers, 8),
                 !topic.retained     ? std::string("-")
                 : topic.replays > 1 ? figure(topic.replays, 8)
                 : topic.replayable  ? "yes"
                                     : "nothing",
                 figure(topic.last_sequence, 9), figure(topic.emitted, 9), joined(topic.emitter_names, 15));
            if (topic.refused != 0) line("    {} of a key too many refused", counted(topic.refused, "event"));
        }
    }
    if (!report.subscriptions.empty()) {
        line("\n{:<28} {:<10} {:>14} {:>8} {:>9} {:>9} {:>7} {:>8}", "subscription", "policy", "queued", "highest",
             "delivered", "missed", "state", "age");
        for (const SubscriptionStat& stat : report.subscriptions) {
            line("{:<28} {:<10} {:>14} {:>8} {:>9} {:>9} {:>7} {:>8}", shortened(stat.name, 28),
                 fmt::format("{}", stat.policy),
                 fmt::format("{} of {}", figure(stat.size, 4), figure(stat.capacity, 5)), figure(stat.high_water, 8),
                 figure(stat.delivered, 9), figure(stat.lost, 9), state_of(stat), age_of(stat));
            std::string where = shortened(stat.where, 40);
            if (stat.emits_waiting != 0)
                where += fmt::format(", {} {}", counted(stat.emits_waiting, "emit"),
                                     stat.emits_waiting == 1 ? "waits" : "wait");
            if (stat.receivers > 1) where += fmt::format(", {} receivers", stat.receivers);
            if (!stat.keys.empty()) where += fmt::format(", keys {}", joined(stat.keys, 24));
            line("    {}: {}", where, joined(stat.types, most_columns - where.size() - 6));
            if (stat.latency) line("    latency {}", to_string(*stat.latency));
            if (stat.handler_time) line("    handler {}", to_string(*stat.handler_time));
        }
    }
    if (!report.values.empty()) {
        line("\n{:<54} {:>8} {:>9} {:>9} {:>7}", "value", "handles", "version", "watchers", "behind");
        for (const ValueReport& value : report.values)
            line("{:<54} {:>8} {:>9} {:>9} {:>7}", shortened(value.name, 54), figure(value.handles, 8),
                 figure(value.version, 9), figure(value.watchers, 9), figure(value.behind, 7));
    }
    table.pop_back();
    return table;
}

}  // namespace event
