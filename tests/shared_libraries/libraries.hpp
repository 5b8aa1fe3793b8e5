#pragma once

#include <event/bus.hpp>

#include <functional>
#include <string>
#include <vector>

/// What the two libraries show of themselves. Neither shows an event type.
namespace shared_libraries {

/// Calls emit an event of that value, as long as they live.
using Emit = std::function<event::EmitResult(int)>;
/// Calls tell the values that were received so far.
using Received = std::function<std::vector<int>()>;

struct Emitting {
    Emit (*named)(event::EventBus& bus);
    Emit (*named_text)(event::EventBus& bus);
    Emit (*unnamed)(event::EventBus& bus);
    Emit (*resized)(event::EventBus& bus);
    Emit (*derived)(event::EventBus& bus);
};

struct Subscribing {
    Received (*named)(event::EventBus& bus);
    Received (*named_text)(event::EventBus& bus);
    Received (*unnamed)(event::EventBus& bus);
    Received (*resized)(event::EventBus& bus);
    Received (*named_base)(event::EventBus& bus);
    Received (*unnamed_base)(event::EventBus& bus);
    /// Through the wildcard: -1 for what is no `Named`.
    Received (*any_named)(event::EventBus& bus);
    /// The statistics of `Named` and `Unnamed` as this library sees them, which may have registered neither.
    event::TopicStat (*stat_of_named)(const event::EventBus& bus);
    event::TopicStat (*stat_of_unnamed)(const event::EventBus& bus);
    void (*forget_named)(event::EventBus& bus);
};

}  // namespace shared_libraries

extern "C" {
[[gnu::visibility("default")]] const shared_libraries::Emitting* emitting_library();
[[gnu::visibility("default")]] const shared_libraries::Subscribing* subscribing_library();
}
