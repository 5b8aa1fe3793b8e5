#include "verdict.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

namespace host {

namespace {

/// What is to be shown everywhere: how each says that it is itself. None if one does not say so finally.
std::optional<std::vector<HostStatus>> truth(const std::vector<Seat>& seats) {
    std::vector<HostStatus> all;
    for (const Seat& seat : seats) {
        if (seat.is_killed) continue;
        if (!seat.agreed) return std::nullopt;
        const auto& shows = seat.agreed->shows;
        const auto is_own = [&](const HostStatus& status) { return status.name == seat.name; };
        const auto own = std::find_if(shows.begin(), shows.end(), is_own);
        if (own == shows.end() || !own->is_final || own->incarnation != seat.agreed->incarnation) return std::nullopt;
        all.push_back(*own);
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return all;
}

}  // namespace

bool agree(const std::vector<Seat>& seats) {
    const auto all = truth(seats);
    return all && std::all_of(seats.begin(), seats.end(),
                              [&](const Seat& seat) { return seat.is_killed || seat.agreed->shows == *all; });
}

std::vector<std::string> faults_of(const std::vector<Seat>& seats) {
    std::vector<std::string> faults;
    for (const Seat& seat : seats) {
        if (seat.is_killed) continue;
        if (!seat.at_end) {
            faults.push_back(seat.name + " said nothing at its end");
            continue;
        }
        for (const std::string& fault : seat.at_end->faults) faults.push_back(seat.name + " saw: " + fault);
        if (seat.at_end->faults.empty() && seat.at_end->stale + seat.at_end->unmarked != 0)
            faults.push_back(seat.name + " saw what it does not name");
        if (seat.exit_status != 0)
            faults.push_back(fmt::format("{} ended with {}", seat.name, seat.exit_status.value_or(-1)));
    }
    if (!agree(seats)) faults.emplace_back("at the end not all show the newest state of each");
    return faults;
}

std::string table(const std::vector<Seat>& seats) {
    std::string text;
    const auto out = std::back_inserter(text);
    fmt::format_to(out, "\n{:<6}{:>8}{:>7}{:>6}{:>9}{:>8}{:>9}{:>10}{:>7}{:>10}  {}\n", "host", "started", "links",
                   "lost", "events", "missed", "states", "restarts", "stale", "unmarked", "shows at the end");
    for (const Seat& seat : seats) {
        fmt::format_to(out, "{:<6}{:>8}", seat.name, seat.starts);
        if (!seat.at_end) {
            fmt::format_to(out, "  {}\n", seat.is_killed ? "was killed, and has no figures" : "said nothing");
            continue;
        }
        const Figures& saw = *seat.at_end;
        std::vector<std::string> shows;
        if (seat.agreed)
            for (const HostStatus& status : seat.agreed->shows) shows.push_back(status.name);
        fmt::format_to(out, "{:>7}{:>6}{:>9}{:>8}{:>9}{:>10}{:>7}{:>10}  {}\n", saw.made, saw.lost, saw.events,
                       saw.missed, saw.states, saw.restarts, saw.stale, saw.unmarked, fmt::join(shows, " "));
    }
    const auto faults = faults_of(seats);
    for (const std::string& fault : faults) fmt::format_to(out, "WRONG: {}\n", fault);
    if (faults.empty()) {
        text +=
            "nothing was stale: nobody believed an older state after a newer one, or one of a former start beside a\n"
            "link to the next; each gap was marked; and all show the newest state of each\n";
    }
    return text;
}

}  // namespace host
