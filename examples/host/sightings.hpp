#pragma once

/// What one host has seen of the others, and whether any of it was stale.

#include "events.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace host {

/// What a host has seen, as it says it to who started it: as a line of JSON (`figures.hpp`).
struct Figures {
    static constexpr std::string_view event_name = "host.figures";
    std::string name;
    std::uint64_t incarnation = 0;
    std::uint64_t made = 0;           ///< links
    std::uint64_t lost = 0;           ///< links
    std::uint64_t events = 0;         ///< announcements of others
    std::uint64_t missed = 0;         ///< marks of gaps before them
    std::uint64_t states = 0;         ///< statuses of others
    std::uint64_t restarts = 0;       ///< of others
    std::uint64_t stale = 0;          ///< statuses and announcements that came after newer ones
    std::uint64_t unmarked = 0;       ///< gaps that no mark told of
    std::vector<HostStatus> shows;    ///< what somebody finds who comes now, by name
    std::vector<std::string> faults;  ///< the first of what was stale or unmarked, in words
};

/// The judge; it knows no bus, and is told everything in the order in which it came to the bus.
///
/// A status or an announcement is stale after a newer one of the same host. What is shown is stale if it is older than
/// what was seen, or of a former incarnation at a time when there was a link to the next one already. A gap within an
/// incarnation has a mark, or a new link before it.
class Sightings {
public:
    /// Of the host with that name nothing is judged: it is this one.
    Sightings(std::string name, std::uint64_t incarnation);

    void linked(std::uint64_t incarnation);
    /// The host that has gone with it, if that was the last link to it and it is known who it was.
    std::optional<HostVanished> lost(std::uint64_t incarnation);
    void missed(std::uint64_t count) { figures_.missed += count; }
    /// Set if the host, or this incarnation of it, is new, or is back.
    std::optional<HostAppeared> saw(const HostStatus& status);
    void heard(const Announced& announced);
    /// What somebody finds who comes now.
    void shown(std::vector<HostStatus> statuses);

    [[nodiscard]] const Figures& figures() const noexcept { return figures_; }

private:
    struct Known {
        HostStatus status;
        std::set<std::uint64_t> later_links;  ///< to greater incarnations, while this one was shown
        bool has_vanished = false;
    };
    struct Heard {
        std::uint64_t incarnation = 0;
        std::uint64_t number = 0;
        std::uint64_t missed = 0;  ///< all told, when it was heard
    };

    void is_stale(std::string what);
    void fault(std::string what);

    Figures figures_;
    std::map<std::uint64_t, std::uint64_t> links_;  // by incarnation, how many
    std::set<std::uint64_t> linked_anew_;           // and nothing was heard of it since
    std::map<std::string, Known> known_;
    std::map<std::string, Heard> heard_;
};

}  // namespace host
