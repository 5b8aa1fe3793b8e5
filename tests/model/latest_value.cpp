#include "model.hpp"

#include <algorithm>
#include <utility>

/// The latest value of a type on the bus, and of values that stand alone.

namespace model {

errc Bus::add_value(Type type) {
    const errc error = add_emitter(type, true, false);
    if (error != errc{}) return error;
    ++topics.at(type).values;
    add_view(type);
    return {};
}

void Bus::close_value(Type type) {
    --topics.at(type).values;
    remove_emitter(type);
}

void Bus::remove_view(int topic) {
    --topics.at(topic).views;
    forget_if_unread(topic);
}

void Bus::set_lone(int number, Type type, int to) {
    Topic& topic = topics.at(number);
    if (topic.is_closed) return;
    topic.kept = make(type, to, 0);
    topic.kept->order = ++order_;
}

// ---- watchers ---------------------------------------------------------------------------------------------------

void Bus::watch(int number, int topic) {
    watchers[number] = {.topic = topic};
    topics.at(topic).is_retained = true;
    ++topics.at(topic).watchers;
}

void Bus::close(Watcher& watcher) {
    if (std::exchange(watcher.is_closed, true)) return;
    --topics.at(watcher.topic).watchers;
    forget_if_unread(watcher.topic);
    if (watcher.topic < types) retire_unused(static_cast<Type>(watcher.topic));
}

void Bus::see(Watcher& watcher) {
    watcher.seen = newest(watcher)->order;
    forget_if_unread(watcher.topic);
}

void Bus::forget_if_unread(int topic) {
    // what a value holds that stands alone goes with its last handle
    if (topic >= types || !is_closed || topics.at(topic).views != 0) return;
    const bool is_read = std::any_of(watchers.begin(), watchers.end(), [&](const auto& entry) {
        return entry.second.topic == topic && !entry.second.is_closed && is_behind(entry.second);
    });
    if (!is_read) topics.at(topic).kept.reset();
}

void Bus::forget(Type type) {
    topics.at(type).kept.reset();
    retire_unused(type);
}

}  // namespace model
