#include "soak/figures.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace soak {

namespace {

/// The first quiet moments, in which pools and caches reach their size.
constexpr double warm_up = 0.25;
/// By how much the medians may grow, in bytes. What was seen in two minutes are 2 to 6 KiB: lists, pools and Asio's
/// caches that are as large as was ever needed at once, and so grow ever more seldom.
constexpr double heap_bound = 16 * 1024;
constexpr double resident_bound = 16 * 1024 * 1024;
/// A sanitizer's own memory takes minutes to reach its size, and in great steps.
constexpr double resident_after = 300;
constexpr std::size_t fewest = 8;

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

}  // namespace

const std::vector<Column>& columns() {
    static const std::vector<Column> all{
        {"events", "events", &Figures::events, true, false},
        {"handlers", "handlers, filters and callbacks", &Figures::handlers, true, false},
        {"coroutines", "coroutines", &Figures::coroutines, true, false},
        {"hosts", "hosts", &Figures::hosts, true, false},
        {"connections", "connections of the hub", &Figures::connections, true, false},
        {"topics", "topics in the reports", &Figures::topics, true, false},
        {"emitters", "emitters in the reports", &Figures::emitters, true, false},
        {"subscriptions", "subscriptions in the reports", &Figures::subscriptions, true, false},
        {"value_handles", "handles of values in the reports", &Figures::value_handles, true, false},
        {"watchers", "watchers in the reports", &Figures::watchers, true, false},
        {"offered", "offered events", &Figures::offered, false, true},
        {"delivered", "delivered events", &Figures::delivered, false, true},
        {"lost", "lost events", &Figures::lost, false, true},
        {"rejected", "rejected events", &Figures::rejected, false, true},
        {"discarded", "discarded events", &Figures::discarded, false, true},
        {"killed", "events that killed", &Figures::killed, false, true},
    };
    return all;
}

void write_header(std::FILE* file) {
    fmt::print(file, "seconds,quiet,heap,resident,descriptors,threads");
    for (const Column& column : columns()) fmt::print(file, ",{}", column.name);
    fmt::print(file, "\n");
}

void write_row(std::FILE* file, const Figures& figures) {
    const ProcessFigures& process = figures.process;
    fmt::print(file, "{:.2f},{:d},{},{},{},{}", figures.seconds, figures.is_quiet, process.heap, process.resident,
               process.descriptors, process.threads);
    for (const Column& column : columns()) fmt::print(file, ",{}", figures.*column.figure);
    fmt::print(file, "\n");
    std::fflush(file);
}

std::vector<std::string> Judge::differences(const Figures& now) const {
    std::vector<std::string> found;
    const std::uint64_t accounted = now.delivered + now.lost + now.rejected + now.discarded + now.killed;
    if (now.offered != accounted)
        found.push_back(
            fmt::format("{} events were offered, and the report accounts for {}: {} delivered, {} lost, {} "
                        "rejected, {} discarded, {} that killed",
                        now.offered, accounted, now.delivered, now.lost, now.rejected, now.discarded, now.killed));
    if (quiet_.empty()) return found;
    const Figures& base = quiet_.front();
    const auto compare = [&](std::string_view words, std::size_t then, std::size_t here) {
        if (then != here) found.push_back(fmt::format("there are {} {}, and there were {}", here, words, then));
    };
    compare("descriptors", base.process.descriptors, now.process.descriptors);
    compare("threads", base.process.threads, now.process.threads);
    for (const Column& column : columns())
        if (column.must_return) compare(column.words, base.*column.figure, now.*column.figure);
    return found;
}

std::vector<std::string> Judge::look(const Figures& now) {
    std::vector<std::string> found;
    if (now.is_quiet) {
        found = differences(now);
        quiet_.push_back(now);
    }
    for (const Column& column : columns())
        if (column.is_sum && now.*column.figure < last_.*column.figure)
            found.push_back(fmt::format("the sum of {} has fallen from {} to {}", column.words, last_.*column.figure,
                                        now.*column.figure));
    last_ = now;
    return found;
}

Judge::Growth Judge::growth(std::size_t ProcessFigures::* of) const {
    const auto first = static_cast<std::ptrdiff_t>(warm_up * static_cast<double>(quiet_.size()));
    std::vector<double> all;
    std::transform(quiet_.begin() + first, quiet_.end(), std::back_inserter(all),
                   [of](const Figures& one) { return static_cast<double>(one.process.*of); });
    const auto third = static_cast<std::ptrdiff_t>(all.size() / 3);
    if (third == 0) return {};
    return {.before = median({all.begin(), all.begin() + third}), .after = median({all.end() - third, all.end()})};
}

std::vector<std::string> Judge::conclude() const {
    std::vector<std::string> found;
    if (quiet_.size() < fewest)
        return {fmt::format("there were {} quiet moments, too few to say whether anything grows", quiet_.size())};
    const auto check = [&](std::string_view words, std::size_t ProcessFigures::* of, double bound) {
        const auto [before, after] = growth(of);
        if (after - before > bound)
            found.push_back(
                fmt::format("the {} at quiet moments has grown from {:.0f} to {:.0f} bytes, by more than {:.0f}", words,
                            before, after, bound));
    };
    check("heap", &ProcessFigures::heap, heap_bound);
    if (last_.seconds >= resident_after) check("resident memory", &ProcessFigures::resident, resident_bound);
    return found;
}

}  // namespace soak
