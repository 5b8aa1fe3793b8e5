#include "sightings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace host {

namespace {
bool is_older(const HostStatus& one, const HostStatus& other) {
    return std::pair(one.incarnation, one.sequence) < std::pair(other.incarnation, other.sequence);
}

std::string text(const HostStatus& status) {
    return fmt::format("{}/{} of {}", status.incarnation, status.sequence, status.name);
}
}  // namespace

Sightings::Sightings(std::string name, std::uint64_t incarnation) {
    figures_.name = std::move(name);
    figures_.incarnation = incarnation;
}

void Sightings::linked(std::uint64_t incarnation) {
    ++figures_.made;
    ++links_[incarnation];
    linked_anew_.insert(incarnation);
}

std::optional<HostVanished> Sightings::lost(std::uint64_t incarnation) {
    ++figures_.lost;
    const auto link = links_.find(incarnation);
    if (link == links_.end() || --link->second != 0) return std::nullopt;
    links_.erase(link);
    for (auto& [name, known] : known_) {
        if (known.status.incarnation != incarnation) continue;
        known.has_vanished = true;
        return HostVanished{.name = name, .incarnation = incarnation};
    }
    return std::nullopt;
}

std::optional<HostAppeared> Sightings::saw(const HostStatus& status) {
    if (status.name == figures_.name) return std::nullopt;
    ++figures_.states;
    const auto [found, is_first] = known_.try_emplace(status.name, Known{.status = status, .later_links = {}});
    Known& known = found->second;
    if (is_older(status, known.status)) {
        is_stale(fmt::format("{} came after {}", text(status), text(known.status)));
        return std::nullopt;
    }
    const bool is_restart = status.incarnation != known.status.incarnation;
    if (is_restart) {
        if (known.later_links.contains(status.incarnation))
            is_stale(fmt::format("{} was shown beside a link to {}", text(known.status), status.incarnation));
        known.later_links.clear();
        ++figures_.restarts;
    }
    known.status = status;
    const bool is_back = std::exchange(known.has_vanished, false);
    if (!is_first && !is_back && !is_restart) return std::nullopt;
    return HostAppeared{.name = status.name, .incarnation = status.incarnation, .is_started_anew = is_restart};
}

void Sightings::heard(const Announced& announced) {
    if (announced.from == figures_.name) return;
    ++figures_.events;
    const bool is_linked_anew = linked_anew_.erase(announced.incarnation) != 0;
    Heard& last = heard_[announced.from];
    const Heard now{announced.incarnation, announced.number, figures_.missed};
    const auto what = [&] { return fmt::format("announcement {} of {}", announced.number, announced.from); };
    if (std::pair(now.incarnation, now.number) <= std::pair(last.incarnation, last.number))
        return is_stale(fmt::format("{} came after {}", what(), last.number));
    const bool has_gap = now.incarnation == last.incarnation && now.number != last.number + 1;
    if (has_gap && now.missed == last.missed && !is_linked_anew) {
        ++figures_.unmarked;
        fault(fmt::format("{} came after {}, and no mark", what(), last.number));
    }
    last = now;
}

void Sightings::shown(std::vector<HostStatus> statuses) {
    std::sort(statuses.begin(), statuses.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    for (const HostStatus& status : statuses) {
        const auto found = known_.find(status.name);
        if (found == known_.end()) continue;
        Known& known = found->second;
        if (is_older(status, known.status))
            is_stale(fmt::format("{} was shown after {}", text(status), text(known.status)));
        if (status.incarnation != known.status.incarnation) continue;
        for (auto later = links_.upper_bound(status.incarnation); later != links_.end(); ++later)
            known.later_links.insert(later->first);
    }
    figures_.shows = std::move(statuses);
}

void Sightings::is_stale(std::string what) {
    ++figures_.stale;
    fault(std::move(what));
}

void Sightings::fault(std::string what) {
    constexpr std::size_t most = 8;
    if (figures_.faults.size() < most) figures_.faults.push_back(std::move(what));
}

}  // namespace host
