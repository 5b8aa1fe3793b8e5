#include "model.hpp"

#include <algorithm>
#include <utility>

namespace model {

std::size_t Subscription::new_events() const {
    return static_cast<std::size_t>(
        std::count_if(queue.begin(), queue.end(), [](const Queued& queued) { return !queued.is_replayed; }));
}

bool Subscription::hears(Type type) const {
    return std::any_of(lists.begin(), lists.end(), [type](Listed listed) { return includes(listed, type); });
}

bool Subscription::lists_itself(Type type) const {
    return std::any_of(lists.begin(), lists.end(), [type](Listed listed) {
        return listed < Listed::behaviour && static_cast<Type>(listed) == type;
    });
}

Bus::Bus() {
    for (const Type type : {ping, pong, note, started}) topics[type];
}

// ---- emitters ---------------------------------------------------------------------------------------------------

errc Bus::add_emitter(Type type, bool retain, bool exclusive) {
    if (is_closed) return errc::closed;
    Topic& topic = topics.at(type);
    if (topic.emitters != 0 && (exclusive || topic.has_exclusive)) {
        retire_unused(type);
        return errc::emitter_exists;
    }
    ++topic.emitters;
    topic.has_exclusive = exclusive;
    topic.is_retained = topic.is_retained || retain;
    return {};
}

void Bus::remove_emitter(Type type) {
    --topics.at(type).emitters;
    topics.at(type).has_exclusive = false;
    retire_unused(type);
}

EmitResult Bus::emit(Event event, const Accepts& accepts) {
    const Type type = event.type;
    EmitResult result;
    user_code_threw = false;
    Topic& topic = topics.at(type);
    if (is_closed) {
        result.error = errc::closed;
        return result;
    }
    if (!is_wanted(type)) return result;
    event.order = ++order_;
    Accepts left = accepts;
    // who lists the type comes first, then who knows only what it can do
    for (const bool itself : {true, false}) {
        for (auto& [id, subscription] : subscriptions) {
            for (std::size_t index = 0; index < subscription.lists.size(); ++index) {
                const Listed listed = subscription.lists[index];
                if (!subscription.is_open() || (listed < Listed::behaviour) != itself || !includes(listed, type))
                    continue;
                ++result.subscribers;
                const bool is_there_already = !subscription.queue.empty() && subscription.queue.back().event == event;
                switch (push(subscription, index, event, false, left.contains(id) ? &left[id] : nullptr)) {
                    case Pushed::queued:
                        ++result.delivered;
                        break;
                    case Pushed::displaced:
                        ++result.delivered;
                        ++result.displaced;
                        break;
                    case Pushed::refused:
                        ++result.refused;
                        break;
                    case Pushed::rejected:
                        ++result.rejected;
                        break;
                    case Pushed::merged_away:
                        ++result.rejected;
                        ++result.displaced;
                        break;
                    case Pushed::killed:
                        ++result.killed;
                        if (is_there_already) {  // whom it reaches in two ways counts once
                            --result.subscribers;
                            --result.delivered;
                            --subscription.figures.discarded;
                        }
                        break;
                }
            }
        }
    }
    topic.lost += result.lost();
    topic.killed += result.killed;
    ++topic.emitted;
    topic.last = event;
    if (topic.is_retained) topic.kept = event;
    return result;
}

EmitResult Bus::begin_passing(const Event& event) {
    Topic& topic = topics.at(event.type);
    if (is_closed || topic.has_exclusive) return {.error = is_closed ? errc::closed : errc::emitter_exists};
    ++topic.emitters;
    return emit(event);
}

void Bus::end_passing(Type type) {
    --topics.at(type).emitters;
    retire_unused(type);
}

bool Bus::is_wanted(Type type) const {
    if (topics.at(type).is_retained || counts_unheard) return true;
    return std::any_of(subscriptions.begin(), subscriptions.end(),
                       [type](const auto& entry) { return entry.second.is_open() && entry.second.hears(type); });
}

bool Bus::has_room(Type type, int number, event::EmitterId emitter) {
    const bool has_thrown = user_code_threw;
    const Event event{.type = type, .number = number, .emitter = emitter};
    const bool has_room = std::all_of(subscriptions.begin(), subscriptions.end(), [&](const auto& entry) {
        const Subscription& subscription = entry.second;
        if (!subscription.is_open() || subscription.policy != Policy::wait || subscription.has_room()) return true;
        for (std::size_t index = 0; index < subscription.lists.size(); ++index)
            if (includes(subscription.lists[index], type) && accepts(subscription, index, event, false)) return false;
        return true;
    });
    user_code_threw = has_thrown;  // it will throw again
    return has_room;
}

// ---- subscriptions ----------------------------------------------------------------------------------------------

void Bus::subscribe(int number, Subscription wanted, bool replays) {
    user_code_threw = false;
    Subscription& subscription = subscriptions[number] = std::move(wanted);
    if (subscription.policy == Policy::latest) subscription.capacity = subscription.lists.size();
    std::vector<std::pair<Event, std::size_t>> kept;
    for (int type = 0; type < types && replays; ++type) {
        const std::optional<Event>& event = topics.at(type).kept;
        if (!event) continue;
        for (std::size_t index = 0; index < subscription.lists.size(); ++index)
            if (includes(subscription.lists[index], event->type)) kept.emplace_back(*event, index);
    }
    std::sort(kept.begin(), kept.end(), [](const auto& left, const auto& right) {
        return std::pair(left.first.order, left.second) < std::pair(right.first.order, right.second);
    });
    for (const auto& [event, index] : kept) push(subscription, index, event, true, nullptr);
    if (user_code_threw) {  // there was no subscription
        const auto failed = subscriptions.extract(number);
        for (int type = 0; type < types; ++type)
            if (failed.mapped().lists_itself(static_cast<Type>(type))) retire_unused(static_cast<Type>(type));
        return;
    }
    if (has_started) resolve(subscription);
}

void Bus::close(Subscription& subscription) {
    if (!subscription.is_listed) return;
    if (!subscription.has_ended()) end(subscription, Subscription::State::closed);
    gone_.delivered += subscription.figures.delivered;
    gone_.lost += subscription.figures.lost;
    gone_.rejected += subscription.figures.rejected;
    gone_.discarded += subscription.figures.discarded;
    gone_.killed += subscription.figures.killed;
    subscription.is_listed = false;
    for (int type = 0; type < types; ++type)
        if (subscription.hears(static_cast<Type>(type))) retire_unused(static_cast<Type>(type));
}

void Bus::drain(Subscription& subscription) {
    if (!subscription.is_listed) return;
    if (subscription.is_open()) {
        subscription.state = Subscription::State::draining;
        if (subscription.queue.empty()) end(subscription, Subscription::State::closed);
    }
    for (int type = 0; type < types; ++type)
        if (subscription.hears(static_cast<Type>(type))) retire_unused(static_cast<Type>(type));
}

// ---- the bus ----------------------------------------------------------------------------------------------------

void Bus::resolve(Subscription& subscription) {
    using Readiness = Subscription::Readiness;
    if (!subscription.is_open()) return;
    const bool is_lacking = std::any_of(subscription.lists.begin(), subscription.lists.end(), [&](Listed listed) {
        if (listed == Listed::all) return false;
        if (listed == Listed::behaviour) return topics.at(pong).emitters == 0 && topics.at(note).emitters == 0;
        return topics.at(static_cast<int>(listed)).emitters == 0;
    });
    if (!subscription.requires_emitters || !is_lacking) {
        subscription.readiness = Readiness::ready;
        return;
    }
    subscription.readiness = Readiness::no_emitters;
    close(subscription);
}

void Bus::start() {
    user_code_threw = false;
    if (is_closed) return;
    const errc failed = add_emitter(started, true, false);
    if (!std::exchange(has_started, true)) {
        for (auto& [id, subscription] : subscriptions) resolve(subscription);
        if (failed == errc{}) emit(started, 0, 0);
    }
    remove_emitter(started);
}

void Bus::close() {
    if (std::exchange(is_closed, true)) return;
    for (int type = 0; type < types; ++type) {
        topics.at(type).is_closed = true;
        forget_if_unread(type);
    }
    for (auto& [id, subscription] : subscriptions) drain(subscription);
}

bool Bus::is_used(Type type) const {
    const Topic& topic = topics.at(type);
    if (topic.emitters != 0 || topic.watchers != 0 || topic.kept) return true;
    return std::any_of(subscriptions.begin(), subscriptions.end(),
                       [type](const auto& entry) { return entry.second.is_open() && entry.second.lists_itself(type); });
}

void Bus::retire_unused(Type type) {
    if (is_used(type)) return;
    Topic& topic = topics.at(type);
    topic.is_retained = false;
    topic.emitted = topic.lost = topic.killed = 0;
    topic.last.reset();
}

std::size_t Bus::subscribers(Type type) const {
    std::size_t count = 0;
    for (const auto& [id, subscription] : subscriptions) {
        if (!subscription.is_open() || subscription.is_wildcard()) continue;
        for (const Listed listed : subscription.lists)
            if (includes(listed, type)) ++count;
    }
    return count;
}

Figures Bus::sums() const {
    Figures sums = gone_;
    for (const auto& [id, subscription] : subscriptions) {
        if (!subscription.is_listed) continue;
        sums.delivered += subscription.figures.delivered;
        sums.lost += subscription.figures.lost;
        sums.rejected += subscription.figures.rejected;
        sums.discarded += subscription.figures.discarded;
        sums.killed += subscription.figures.killed;
    }
    return sums;
}

std::set<std::uint64_t> Bus::alive(Type type) const {
    std::set<std::uint64_t> objects;
    for (const auto& [number, topic] : topics)
        if (topic.kept && topic.kept->type == type) objects.insert(topic.kept->object);
    for (const auto& [id, subscription] : subscriptions)
        for (const Queued& queued : subscription.queue)
            if (queued.event.type == type) objects.insert(queued.event.object);
    return objects;
}

}  // namespace model
