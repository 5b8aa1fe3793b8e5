#include "machine.hpp"

#include <set>
#include <string>
#include <string_view>

namespace model {
namespace {

Figures figures_of(const event::SubscriptionStat& stat) {
    return {stat.delivered, stat.lost, stat.rejected, stat.discarded, stat.killed ? 1U : 0U};
}

}  // namespace

void Machine::compare_subscription(int number, const Subscription& subscription, const event::SubscriptionStat& stat) {
    expect(figures_of(stat) == subscription.figures,
           "subscription {}: delivered {}, lost {}, rejected {}, discarded {}, not {} {} {} {}", number, stat.delivered,
           stat.lost, stat.rejected, stat.discarded, subscription.figures.delivered, subscription.figures.lost,
           subscription.figures.rejected, subscription.figures.discarded);
    expect(stat.size == subscription.queue.size(), "subscription {}: size {}, not {}", number, stat.size,
           subscription.queue.size());
    expect(stat.high_water == subscription.high_water, "subscription {}: high water {}, not {}", number,
           stat.high_water, subscription.high_water);
    expect(stat.gap == subscription.gap, "subscription {}: gap {}, not {}", number, stat.gap, subscription.gap);
    expect(stat.capacity == subscription.capacity, "subscription {}: capacity", number);
    expect(stat.policy == subscription.policy, "subscription {}: policy", number);
    const std::size_t receivers = subscription.receivers.handles - 1 + subscription.receivers.runs;
    expect(stat.receivers == receivers, "subscription {}: {} receivers, not {}", number, stat.receivers, receivers);
    expect(stat.killed == (subscription.state == Subscription::State::killed), "subscription {}: killed", number);
}

void Machine::compare_topic(Type type, const event::TopicStat& stat) {
    const Topic& topic = model_.topics.at(type);
    const std::size_t subscribers = model_.subscribers(type);
    const int shown = type;
    expect(stat.emitters == topic.emitters, "type {}: {} emitters, not {}", shown, stat.emitters, topic.emitters);
    expect(stat.subscribers == subscribers, "type {}: {} subscribers, not {}", shown, stat.subscribers, subscribers);
    expect(stat.retained == topic.is_retained, "type {}: retained {}", shown, stat.retained);
    expect(stat.emitted == topic.emitted, "type {}: emitted {}, not {}", shown, stat.emitted, topic.emitted);
    expect(stat.lost == topic.lost, "type {}: lost {}, not {}", shown, stat.lost, topic.lost);
    expect(stat.killed == topic.killed, "type {}: killed {}, not {}", shown, stat.killed, topic.killed);
    expect(stat.replayable == topic.kept.has_value(), "type {}: replayable {}", shown, stat.replayable);
    if (topic.last) note_sequence(topic.last->order, stat.last_sequence);
}

void Machine::compare_report() {
    const event::BusReport report = bus_->report();
    const Figures sums{report.delivered, report.lost, report.rejected, report.discarded, report.killed};
    const Figures expected = model_.sums();
    expect(sums == expected, "the sums are {} {} {} {}, not {} {} {} {}", sums.delivered, sums.lost, sums.rejected,
           sums.discarded, expected.delivered, expected.lost, expected.rejected, expected.discarded);
    // in the order of their registration
    auto listed = report.subscriptions.begin();
    for (const auto& [number, subscription] : model_.subscriptions) {
        if (!subscription.is_listed) continue;
        const bool is_there = listed != report.subscriptions.end() && listed->name == name_of(number);
        expect(is_there, "subscription {} is not in the report", number);
        if (!is_there) return;
        compare_subscription(number, subscription, *listed++);
    }
    expect(listed == report.subscriptions.end(), "the report lists a subscription too many");
    std::size_t topics = 0;
    for (const Type type : {ping, pong, note, started}) {
        const std::string_view label = label_of(type);
        const auto named = [label](const auto& entry) { return entry.name == label; };
        const auto topic = std::find_if(report.topics.begin(), report.topics.end(), named);
        const bool is_there = topic != report.topics.end();
        expect(is_there == model_.is_used(type), "type {} is in the report: {}", label, is_there);
        if (is_there) {
            ++topics;
            compare_topic(type, *topic);
        }
        const auto value = std::find_if(report.values.begin(), report.values.end(), named);
        event::ValueReport figures;
        if (value != report.values.end()) figures = *value;
        const Topic& in_model = model_.topics.at(type);
        expect(figures.handles == in_model.values && figures.watchers == in_model.watchers,
               "type {}: {} values and {} watchers, not {} and {}", label, figures.handles, figures.watchers,
               in_model.values, in_model.watchers);
        std::size_t behind = 0;
        bool is_certain = true;
        for (const auto& [number, watcher] : model_.watchers) {
            if (watcher.topic != type || watcher.is_closed) continue;
            is_certain = is_certain && !watcher.may_have_seen;
            if (model_.is_behind(watcher)) ++behind;
        }
        expect(!is_certain || value == report.values.end() || figures.behind == behind, "type {}: {} behind, not {}",
               label, figures.behind, behind);
    }
    compare_views();
    expect(report.topics.size() == topics, "the report lists a topic too many");
}

void Machine::forget_gone() {
    const auto is_waited_for = [&](int number, bool is_watcher) {
        return any(operations_, [&](const auto& entry) {
            const int waits_at = is_watcher ? entry.second.target : entry.second.queue;
            return waits_at == number && is_of_watcher(entry.second.kind) == is_watcher && !entry.second.fixed;
        });
    };
    std::erase_if(model_.subscriptions, [&](const auto& entry) {
        return !entry.second.is_listed && !is_waited_for(entry.first, false) &&
               !any(subscriptions_, [&](const auto& handle) { return handle.second.queue == entry.first; });
    });
    std::erase_if(model_.watchers, [&](const auto& entry) {
        return entry.second.is_closed && !watchers_.contains(entry.first) && !is_waited_for(entry.first, true);
    });
    std::erase_if(model_.topics, [&](const auto& entry) {
        return entry.first >= types && entry.second.views == 0 &&
               !any(model_.watchers, [&](const auto& watched) { return watched.second.topic == entry.first; });
    });
}

void Machine::compare(bool is_last) {
    if (!failure_.empty()) return;
    forget_gone();
    for (const Type type : {ping, pong, note, started}) {
        const event::TopicStat stat = model::stat(*bus_, type);
        const Topic& topic = model_.topics.at(type);
        if (topic.kept && !stat.replayable && model_.is_closed) {  // gets with a predicate may have looked
            for (auto& [number, watcher] : model_.watchers)
                if (watcher.topic == type && may_have_seen_newest(watcher)) model_.see(watcher);
        }
        compare_topic(type, stat);
    }
    const bool reports = is_last || ++comparisons_ % 4 == 0;  // which costs as much as all the rest
    if (reports) compare_report();
    for (const auto& [number, subscribed] : subscriptions_) {
        const Subscription& subscription = model_.subscriptions.at(subscribed.queue);
        if (!reports || !subscription.is_listed) compare_subscription(number, subscription, subscribed.handle->stat());
    }
    // what waits to be emitted has one, too
    if (any(operations_, [](const auto& entry) { return entry.second.kind == Kind::emit; })) return;
    std::set<std::uint64_t> alive = model_.alive(note);
    if (const auto held = held_.find(note); held != held_.end()) alive.insert(held->second.event.object);
    expect(Note::alive == alive.size(), "{} notes are alive, not {}", Note::alive, alive.size());
}

}  // namespace model
