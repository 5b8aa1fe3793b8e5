#pragma once

#include <event/detail/bus/bus_core.hpp>

#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace event::detail {

/// Nothing of it is allocated for a registration of usual size. The bus's mutex is held as long as it exists; topics
/// that nobody uses are retired with it, unless what was to use them has registered.
struct BusCore::Gathered {
    /// A topic that is listed, or that a behaviour includes which is listed.
    struct Target {
        TopicBase* topic;
        std::uint16_t place;  // in what is listed
        SinkKind kind;
    };
    /// One whose retained event comes first.
    struct Replay {
        Target target;
        PayloadBlock block;  // for the shared form
        TopicBase::Replayed next = {};
    };
    template <class T>
    using List = boost::container::small_vector<T, 4>;

    explicit Gathered(BusCore& owner) noexcept : bus(owner) {}
    Gathered(const Gathered&) = delete;
    Gathered& operator=(const Gathered&) = delete;
    ~Gathered() {
        if (has_registered) return;
        // found anew: some were made when there was no memory for one more target, or before the mutex was given back
        for (const Listed& entry : listed)
            if (TopicBase* topic = entry.event != nullptr ? bus.find(*entry.event) : nullptr;
                topic != nullptr && topic->is_listed)
                bus.retire_unused(*topic);
    }

    BusCore& bus;
    std::span<const Listed> listed;  // once it was looked for
    List<Target> targets;
    List<Subject*> members;  // of one domain, if they are to be: first what is listed
    List<Replay> replays;
    std::size_t replay_room = 0;  // for events of them
    bool has_registered = false;
};

}  // namespace event::detail
