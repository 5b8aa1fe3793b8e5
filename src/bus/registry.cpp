#include <event/detail/bus/bus_core.hpp>
#include <event/detail/order/typed_topic.hpp>

#include <boost/container/small_vector.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string>

/// The topics of a bus: found by type and by name, made, and retired when nobody uses them.

namespace event::detail {

void RegistrationMutex::lock_in_filter() {
    if (!UserCode::begin_registering(bus_)) UserCode::refuse();
    if (mutex_.try_lock()) {
        is_filters_ = !bus_.runs_filter();
        if (is_filters_) return;
        mutex_.unlock();
    }
    UserCode::end_registering();
    UserCode::refuse();
}

void RegistrationMutex::unlock_in_filter() noexcept {
    is_filters_ = false;
    mutex_.unlock();
    UserCode::end_registering();
}

bool BusCore::runs_filter() const noexcept {
    return std::any_of(topics_.begin(), topics_.end(), [](const auto& topic) { return topic->is_at_standstill(); });
}

TopicBase* BusCore::find(const EventType& type) noexcept {
    const auto found = by_tag_.find(type.id->tag);
    TopicBase* topic = found != by_tag_.end() ? found->second : nullptr;
    if (topic != nullptr && topic->is_listed) return topic;
    TopicBase* namesake = nullptr;
    if (topic != nullptr) {
        namesake = *topic->namesake;
    } else if (const auto same_label = by_label_.find(type.label()); same_label != by_label_.end()) {
        namesake = same_label->second;
    }
    const bool is_elsewhere =
        namesake != nullptr && namesake->is_listed && namesake->type().id->is_same_elsewhere(*type.id);
    return is_elsewhere ? namesake : topic;
}

TopicBase* BusCore::find_or_make(const EventType& type, boost::system::error_code& error) {
    const auto own = by_tag_.find(type.id->tag);
    TopicBase* topic = own != by_tag_.end() ? own->second : nullptr;
    // listed, or nobody else ever was under its label since: listing it is all that is left to do
    if (topic != nullptr && topic->is_connected && *topic->namesake == topic) {
        topic->is_listed = true;
        return topic;
    }
    return find_or_make_otherwise(type, error);
}

TopicBase* BusCore::find_or_make_otherwise(const EventType& type, boost::system::error_code& error) {
    TopicBase* topic = find(type);
    if (topic != nullptr && topic->is_listed) return topic;
    if (!type.id->declared.empty() && is_taken(type.label())) {
        error = errc::name_clash;
        return nullptr;
    }
    if (topic == nullptr) topic = make_topic(type);
    if (!topic->is_connected && !connect(*topic)) return nullptr;
    list(*topic);
    return topic;
}

bool BusCore::is_taken(std::string_view label) const noexcept {
    const auto found = by_label_.find(label);
    return found != by_label_.end() && found->second != nullptr && found->second->is_listed;
}

std::string BusCore::unique_label(const EventType& type) const {
    std::string label(type.label());
    for (int number = 2; is_taken(label); ++number) label = fmt::format("{}#{}", type.label(), number);
    return label;
}

void BusCore::list(TopicBase& topic) {
    if (*topic.namesake != &topic) {  // it is new, or its name may be another's by now
        if (is_taken(topic.label())) topic.relabel(unique_label(topic.type()));
        by_label_[topic.label()] = &topic;
    }
    topic.is_listed = true;
}

TopicBase* BusCore::make_topic(const EventType& type) {
    if (topics_.size() == topics_.capacity()) topics_.reserve(2 * topics_.size() + 8);
    std::unique_ptr<TopicBase> made = type.make_topic(type, unique_label(type), *this);
    if (options_.count_unheard) {
        const DomainGuard guard(*made);
        made->count_unheard();
    }
    made->namesake = &by_label_[type.label()];
    by_tag_.emplace(type.id->tag, made.get());
    return topics_.emplace_back(std::move(made)).get();
}

bool BusCore::connect(TopicBase& topic) {
    boost::container::small_vector<Behaviour*, 4> behaviours;
    boost::container::small_vector<Subject*, 4> members{&topic};
    std::size_t sinks = 0;
    for (const auto& behaviour : behaviours_) {
        if (behaviour->subscribers().empty() || !behaviour->includes(topic.type())) continue;
        behaviours.push_back(behaviour.get());
        members.push_back(behaviour.get());
        sinks += behaviour->subscribers().size();
    }
    if (sinks == 0) return topic.is_connected = true;
    topic.reserve_sinks(SinkKind::behaviour, sinks);
    topic.make_pool();
    if (!are_together(members)) return false;
    for (const Behaviour* behaviour : behaviours) {
        // as often as it lists behaviours that may include the type
        for (const auto& subscriber : behaviour->subscribers())
            subscriber.mailbox->reserve_bindings(subscriber.mailbox->listings().size());
    }
    // Nothing below can fail.
    Aftermath nothing;
    const DomainGuard guard(topic);
    for (const Behaviour* behaviour : behaviours) {
        const SinkKind kind = behaviour->is_wildcard() ? SinkKind::wildcard : SinkKind::behaviour;
        for (const auto& [mailbox, place] : behaviour->subscribers()) {
            if (mailbox->state() != Mailbox::State::open) continue;  // killed, and not closed yet
            topic.add(*mailbox, place, kind, nothing);
        }
    }
    return topic.is_connected = true;
}

Behaviour& BusCore::find_or_make(const TypeId* interface) {
    for (const auto& behaviour : behaviours_)
        if (behaviour->is(interface)) return *behaviour;
    std::string label =
        interface != nullptr ? fmt::format("Implements<{}>", interface->label()) : std::string("AnyEvent");
    return *behaviours_.emplace_back(std::make_unique<Behaviour>(interface, std::move(label), topics_, *this));
}

void BusCore::retire_unused(TopicBase& topic) noexcept {
    {
        const DomainGuard guard(topic);
        retire_if_unused(topic);
    }
    if (!topic.is_listed) topic.empty_pool();
}

void BusCore::retain(TopicBase& topic) noexcept {
    retained_ = &topic;
    const DomainGuard guard(topic);
    topic.retain();
}

void BusCore::retain(TopicBase& topic, std::unique_ptr<History>& history) noexcept {
    retained_ = &topic;
    const DomainGuard guard(topic);
    topic.retain();
    if (topic.history() == nullptr) topic.retain(std::move(history));
}

void BusCore::tell_emitters(const TopicBase& topic, Aftermath& after) noexcept {
    if (topic.is_counted) counts_.find(&topic)->second.emitters->topic().tell(&topic.emitters, after);
}

void BusCore::gain_emitter(TopicBase& topic, bool is_value, Aftermath& after) noexcept {
    ++topic.emitters;
    if (is_value) ++topic.values;
    tell_emitters(topic, after);
}

void BusCore::lose_emitter(TopicBase& topic, bool is_value, Aftermath& after) noexcept {
    --topic.emitters;
    if (is_value) --topic.values;
    tell_emitters(topic, after);
}

}  // namespace event::detail
