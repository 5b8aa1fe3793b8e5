#include "limits.hpp"
#include "median_reporter.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <map>
#include <string_view>
#include <tuple>

namespace bench {
namespace {

using Run = benchmark::BenchmarkReporter::Run;

/// The value below which the part of the sorted values lies.
double quantile(const std::vector<double>& sorted, double part) {
    const double place = part * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

/// "P2/8_subscribers"; with its argument, if it has one.
std::string group_of(const Run& run) {
    const std::string& name = run.run_name.function_name;
    std::string group = name.substr(0, name.rfind('/'));
    if (!run.run_name.args.empty()) group += '/' + run.run_name.args;
    return group;
}
std::string system_of(const Run& run) {
    const std::string& name = run.run_name.function_name;
    return name.substr(name.rfind('/') + 1);
}
bool is_ours(const std::string& system) { return system == "eventbus" || system.starts_with("eventbus_"); }
bool is_fair_peer(const std::string& system) {
    return !is_ours(system) && !system.ends_with("_inline") && !system.ends_with("_one_thread");
}

/// What the row is about: bytes where it counts them, else time.
double figure_of(const Run& run) {
    const auto bytes = run.counters.find("bytes");
    return bytes != run.counters.end() ? bytes->second.value : run.GetAdjustedRealTime();
}

void write_string(std::ostream& out, std::string_view text) {
    out << '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') out << '\\';
        out << (static_cast<unsigned char>(c) < ' ' ? ' ' : c);
    }
    out << '"';
}

}  // namespace

MedianReporter::MedianReporter(std::string json, Context context)
    : ConsoleReporter(OO_Tabular), json_(std::move(json)), context_(std::move(context)) {}

void MedianReporter::ReportRuns(const std::vector<Run>& runs) {
    if (runs.empty()) return;
    if (runs.front().run_type == Run::RT_Iteration) {
        std::vector<double> times;
        for (const Run& run : runs) times.push_back(run.GetAdjustedRealTime());
        std::sort(times.begin(), times.end());
        quartiles_ = {quantile(times, 0.25), quantile(times, 0.75)};
        repetitions_ = runs.size();
        if (runs.front().repetitions <= 1 || runs.front().error_occurred) {
            rows_.push_back({runs.front(), quartiles_.first, quartiles_.second, 1});
        }
        return;
    }
    for (const Run& run : runs) {
        if (run.aggregate_name == "median") rows_.push_back({run, quartiles_.first, quartiles_.second, repetitions_});
    }
}

void MedianReporter::Finalize() {
    compare();
    print();
    if (!json_.empty()) write();
    ConsoleReporter::Finalize();
}

/// Sorts the rows, those of one group together, and finds what each is to be compared with.
void MedianReporter::compare() {
    const auto place = [](const Run& run) { return std::pair(run.family_index, run.per_family_instance_index); };
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> first;  // place of each group
    for (const Row& row : rows_) {
        const auto [group, is_new] = first.emplace(group_of(row.run), place(row.run));
        if (!is_new) group->second = std::min(group->second, place(row.run));
    }
    std::map<std::string, const Row*> best;
    std::map<std::string, const Row*> limits;
    std::sort(rows_.begin(), rows_.end(), [&](const Row& a, const Row& b) {
        return std::tuple(first[group_of(a.run)], place(a.run)) < std::tuple(first[group_of(b.run)], place(b.run));
    });
    for (const Row& row : rows_) {
        const std::string group = group_of(row.run);
        if (group == "limit") limits[row.run.run_name.function_name] = &row;
        if (group == "limit" || !is_fair_peer(system_of(row.run))) continue;
        const Row*& leader = best[group];
        if (leader == nullptr || figure_of(row.run) < figure_of(leader->run)) leader = &row;
    }
    for (Row& row : rows_) {
        const std::string group = group_of(row.run);
        if (const auto leader = best.find(group); leader != best.end()) {
            row.best = system_of(leader->second->run);
            row.run.counters["of_best"] = figure_of(row.run) / figure_of(leader->second->run);
        }
        const auto binding = std::find_if(bindings.begin(), bindings.end(),
                                          [&](const Binding& candidate) { return group.starts_with(candidate.rows); });
        if (binding == bindings.end()) continue;
        const auto limit = limits.find(std::string(binding->limit));
        if (limit == limits.end()) continue;
        row.limit = binding->limit;
        row.run.counters["of_limit"] = row.run.GetAdjustedRealTime() / limit->second->run.GetAdjustedRealTime();
    }
}

void MedianReporter::print() {
    std::vector<Run> runs;
    for (const Row& row : rows_) {
        Run& run = runs.emplace_back(row.run);
        run.counters["spread_%"] = 100 * (row.high - row.low) / row.run.GetAdjustedRealTime();
        // each line has the same columns, or a new table would begin
        for (const char* column : {"of_best", "of_limit", "bytes"}) run.counters.emplace(column, 0);
    }
    if (!runs.empty()) ConsoleReporter::ReportRuns(runs);
}

void MedianReporter::write() const {
    std::ofstream out(json_);
    out << "{\n  \"context\": {";
    const char* separator = "\n    ";
    for (const auto& [key, value] : context_) {
        out << separator;
        write_string(out, key);
        out << ": ";
        write_string(out, value);
        separator = ",\n    ";
    }
    out << "\n  },\n  \"rows\": [";
    separator = "\n    ";
    for (const Row& row : rows_) {
        out << separator << "{\"group\": ";
        write_string(out, group_of(row.run));
        out << ", \"system\": ";
        write_string(out, system_of(row.run));
        out << ", \"ns\": " << row.run.GetAdjustedRealTime() << ", \"low\": " << row.low << ", \"high\": " << row.high
            << ", \"repetitions\": " << row.repetitions;
        for (const char* counter : {"allocs", "bytes", "of_best", "of_limit"}) {
            const auto found = row.run.counters.find(counter);
            if (found != row.run.counters.end()) out << ", \"" << counter << "\": " << found->second.value;
        }
        for (const auto& [key, value] : {std::pair("best", &row.best), std::pair("limit", &row.limit)}) {
            if (value->empty()) continue;
            out << ", \"" << key << "\": ";
            write_string(out, *value);
        }
        out << '}';
        separator = ",\n    ";
    }
    out << "\n  ]\n}\n";
    if (!out.flush()) GetErrorStream() << "cannot write " << json_ << '\n';
}

}  // namespace bench
