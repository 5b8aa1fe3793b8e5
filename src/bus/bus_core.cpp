#include "bus/unique_name.hpp"
#include "queue/slow_subscriber.hpp"

#include <event/detail/bus/bus_core.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

namespace event::detail {
namespace {

BusOptions with_defaults(BusOptions options) {
    if (!options.on_slow_subscriber) options.on_slow_subscriber = &report_slow_subscriber;
    return options;
}

}  // namespace

IntrusivePtr<BusCore> BusCore::create(boost::asio::any_io_executor executor, BusOptions options) {
    return IntrusivePtr<BusCore>::adopt(new BusCore(std::move(executor), std::move(options)));
}

BusCore::BusCore(boost::asio::any_io_executor executor, BusOptions options)
    : Core(std::move(executor)), options_(with_defaults(std::move(options))) {}

BusCore::~BusCore() = default;

// ---- topics -----------------------------------------------------------------------------------------------------

TopicBase* BusCore::find(const EventType& type) noexcept {
    const auto found = by_tag_.find(type.id->tag);
    TopicBase* topic = found != by_tag_.end() ? found->second : nullptr;
    if (topic != nullptr && topic->is_listed) return topic;
    const auto same_label = by_label_.find(type.label());
    const bool is_elsewhere =
        same_label != by_label_.end() && same_label->second->type().id->is_same_elsewhere(*type.id);
    return is_elsewhere ? same_label->second : topic;
}

TopicBase* BusCore::find_or_make(const EventType& type, boost::system::error_code& error) {
    TopicBase* topic = find(type);
    if (topic != nullptr && topic->is_listed) return topic;
    if (!type.id->declared.empty() && by_label_.contains(type.label())) {
        error = errc::name_clash;
        return nullptr;
    }
    if (topic == nullptr) topic = make_topic(type);
    by_label_.emplace(topic->label(), topic);
    topic->is_listed = true;
    return topic;
}

TopicBase* BusCore::make_topic(const EventType& type) {
    std::string label(type.label());
    for (int number = 2; by_label_.contains(label); ++number) label = fmt::format("{}#{}", type.label(), number);
    if (topics_.size() == topics_.capacity()) topics_.reserve(2 * topics_.size() + 8);
    std::unique_ptr<TopicBase> made = type.make_topic(type, std::move(label));

    std::size_t sinks = 0;
    for (const auto& behaviour : behaviours_) {
        if (!behaviour->includes(type)) continue;
        sinks += behaviour->subscribers.size();
        // as often as it lists behaviours that may include the type
        for (const auto& subscriber : behaviour->subscribers)
            subscriber.mailbox->reserve_bindings(subscriber.mailbox->subjects().size());
    }
    if (sinks != 0) {
        made->reserve_sinks(SinkKind::behaviour, sinks);
        made->make_pool();
    }
    by_tag_.emplace(type.id->tag, made.get());
    TopicBase* topic = topics_.emplace_back(std::move(made)).get();
    // Nothing below can fail.
    Aftermath nothing;
    for (const auto& behaviour : behaviours_) {
        if (!behaviour->includes(type) || behaviour->subscribers.empty()) continue;
        DomainMember::merge(*behaviour, *topic);
        const DomainGuard guard(*topic);
        for (const auto& [mailbox, place] : behaviour->subscribers) {
            if (mailbox->state() != Mailbox::State::open) continue;  // killed, and not closed yet
            topic->add(*mailbox, place, behaviour->is_wildcard() ? SinkKind::wildcard : SinkKind::behaviour, nothing);
        }
    }
    if (options_.count_unheard) {
        const DomainGuard guard(*topic);
        topic->count_unheard();
    }
    return topic;
}

Behaviour& BusCore::find_or_make(const TypeId* interface) {
    for (const auto& behaviour : behaviours_)
        if (behaviour->is(interface)) return *behaviour;
    std::string label =
        interface != nullptr ? fmt::format("Implements<{}>", interface->label()) : std::string("AnyEvent");
    return *behaviours_.emplace_back(std::make_unique<Behaviour>(interface, std::move(label), topics_));
}

void BusCore::add_targets(std::span<Subject* const> subjects, std::span<const Listed> listed,
                          std::pmr::vector<Target>& targets) {
    targets.reserve(subjects.size());
    for (std::size_t i = 0; i < subjects.size(); ++i) {
        const auto place = static_cast<std::uint16_t>(i);
        if (listed[i].event != nullptr) {
            targets.push_back({static_cast<TopicBase*>(subjects[i]), place, SinkKind::listed});
            continue;
        }
        const auto& behaviour = static_cast<const Behaviour&>(*subjects[i]);
        for (const auto& topic : topics_) {
            if (!behaviour.includes(topic->type())) continue;
            targets.push_back({topic.get(), place, behaviour.is_wildcard() ? SinkKind::wildcard : SinkKind::behaviour});
        }
    }
}

void BusCore::leave_behaviours(const Mailbox& mailbox) noexcept {
    if (!mailbox.is_erased()) return;
    for (const auto& behaviour : behaviours_)
        std::erase_if(behaviour->subscribers, [&](const auto& subscriber) { return subscriber.mailbox == &mailbox; });
}

void BusCore::find_all(std::span<const EventType* const> types, std::span<TopicBase*> topics,
                       boost::system::error_code& error) {
    std::size_t found = 0;
    try {
        for (; found < types.size() && !error; ++found) topics[found] = find_or_make(*types[found], error);
    } catch (...) {
        retire_unused(topics.first(found));
        throw;
    }
    if (error) retire_unused(topics.first(found - 1));
}

void BusCore::retire_unused(TopicBase& topic) noexcept {
    const DomainGuard guard(topic);
    retire_if_unused(topic);
}

void BusCore::retire_if_unused(TopicBase& topic) noexcept {
    if (topic.emitters != 0 || topic.is_in_use() || topic.is_counted) return;
    topic.reset();
    // A label that was made unique stays with its topic, which keeps it unique.
    if (topic.is_listed && !topic.type().id->declared.empty()) {
        by_label_.erase(topic.label());
        topic.is_listed = false;
    }
}

void BusCore::retire_unused_topics(Mailbox& mailbox) noexcept {
    for (const Binding& binding : mailbox.bindings()) retire_if_unused(*binding.topic);
}

void BusCore::retire_unused(std::span<TopicBase* const> topics) noexcept {
    for (TopicBase* topic : topics) retire_unused(*topic);
}

void BusCore::retain(TopicBase& topic) noexcept {
    if (retained_ != nullptr) DomainMember::merge(*retained_, topic);
    retained_ = &topic;
    const DomainGuard guard(topic);
    topic.retain();
}

TopicStat BusCore::stat(const EventType& type) {
    const std::lock_guard lock(mutex_);
    TopicStat stat;
    if (TopicBase* topic = find(type)) {
        stat.emitters = topic->emitters;
        const DomainGuard guard(*topic);
        topic->stat_into(stat);
    }
    return stat;
}

BusReport BusCore::report() {
    BusReport report;
    report.name = name();
    const std::lock_guard lock(mutex_);
    std::unordered_map<const TopicBase*, std::vector<std::string>> emitter_names;
    for (const EmitterState* emitter = emitters_; emitter != nullptr; emitter = emitter->next_in_bus)
        for (const TopicBase* topic : emitter->topics()) emitter_names[topic].emplace_back(emitter->name());
    for (const auto& topic : topics_) {
        TopicReport entry;
        entry.name = topic->label();
        entry.emitters = topic->emitters;
        entry.emitter_names = std::move(emitter_names[topic.get()]);
        std::reverse(entry.emitter_names.begin(), entry.emitter_names.end());
        ValueReport value;
        value.name = topic->label();
        value.handles = topic->values;
        bool is_in_use = topic->emitters != 0;
        {
            const DomainGuard guard(*topic);
            is_in_use = is_in_use || topic->is_in_use();
            topic->stat_into(entry);
            value.version = topic->retained_sequence();
            value.watchers = topic->watchers();
            value.behind = topic->watchers_behind();
        }
        if (value.handles != 0 || value.watchers != 0) report.values.push_back(std::move(value));
        if (is_in_use) report.topics.push_back(std::move(entry));
    }
    for (Mailbox* mailbox = subscriptions_; mailbox != nullptr; mailbox = mailbox->next_in_bus)
        report.subscriptions.push_back(mailbox->stat());
    std::reverse(report.subscriptions.begin(), report.subscriptions.end());
    const auto by_name = [](const auto& left, const auto& right) { return left.name < right.name; };
    std::sort(report.topics.begin(), report.topics.end(), by_name);
    std::sort(report.values.begin(), report.values.end(), by_name);
    return report;
}

BusCore::Counts BusCore::counts(const EventType& type, boost::system::error_code& error) {
    Aftermath after;
    Counts counts;
    {
        const std::lock_guard lock(mutex_);
        if (closed_.load(std::memory_order_relaxed)) {
            error = errc::closed;
            return {};
        }
        TopicBase* topic = find_or_make(type, error);
        if (error) return {};
        if (const auto known = counts_.find(topic); known != counts_.end()) return known->second;
        try {
            counts.emitters = ValueCore<std::size_t>::create(executor());
            counts.subscribers = ValueCore<std::size_t>::create(executor());
            counts_.emplace(topic, counts);
        } catch (...) {
            retire_unused(*topic);
            throw;
        }
        topic->is_counted = true;
        emitters_changed(*topic, after);
        const DomainGuard guard(*topic);
        topic->tell_subscribers_to(counts.subscribers->topic(), after);
    }
    after.settle();
    return counts;
}

BusCore::Count BusCore::emitter_count(const EventType& type, boost::system::error_code& error) {
    return counts(type, error).emitters;
}

BusCore::Count BusCore::subscriber_count(const EventType& type, boost::system::error_code& error) {
    return counts(type, error).subscribers;
}

void BusCore::emitters_changed(const TopicBase& topic, Aftermath& after) noexcept {
    if (!topic.is_counted) return;
    tell(counts_.find(&topic)->second.emitters->topic(), topic.emitters, after);
}

void BusCore::forget(const EventType& type) noexcept {
    Aftermath after;
    {
        const std::lock_guard lock(mutex_);
        TopicBase* topic = find(type);
        if (topic == nullptr) return;
        {
            const DomainGuard guard(*topic);
            topic->forget(after);
        }
        retire_unused(*topic);
    }
    after.settle();
}

EmitResult BusCore::emit(PayloadBase& payload) {
    struct Reference {
        PayloadBase* payload;
        ~Reference() {
            if (payload != nullptr) payload->release();
        }
    } reference{&payload};
    EmitResult result;
    TopicBase* topic = nullptr;
    {
        const std::lock_guard lock(mutex_);
        boost::system::error_code error;
        if (closed_.load(std::memory_order_relaxed)) {
            error = errc::closed;
        } else {
            topic = find_or_make(payload.type(), error);
            if (!error && topic->has_exclusive_emitter) error = errc::emitter_exists;
        }
        if (error) {
            result.error = static_cast<errc>(error.value());
            return result;
        }
        ++topic->emitters;
    }
    // as any emitter that closes; what a callback throws passes by
    struct Leave {
        IntrusivePtr<BusCore> bus;  // a callback may destroy the last handle
        TopicBase& topic;
        ~Leave() {
            const std::lock_guard lock(bus->mutex_);
            --topic.emitters;
            bus->retire_unused(topic);
        }
    } leave{IntrusivePtr<BusCore>(this), *topic};
    return topic->emit_shared(*std::exchange(reference.payload, nullptr));
}

// ---- emitters ---------------------------------------------------------------------------------------------------

EmitterState::EmitterState(IntrusivePtr<BusCore> bus, std::vector<TopicBase*> topics, std::string name,
                           Kind kind) noexcept
    : bus_(std::move(bus)), topics_(std::move(topics)), name_(std::move(name)), kind_(kind) {}

EmitterState::~EmitterState() = default;

void EmitterState::close() noexcept {
    if (is_open_.exchange(false, std::memory_order_acq_rel)) bus_->remove_emitter(*this);
}

IntrusivePtr<EmitterState> BusCore::add_emitter(std::span<const EventType* const> types, EmitterOptions options,
                                                boost::system::error_code& error) {
    return add_emitter(types, std::move(options), EmitterState::Kind::emitter, error);
}

IntrusivePtr<EmitterState> BusCore::add_value(std::span<const EventType* const> type,
                                              boost::system::error_code& error) {
    return add_emitter(type, {.retain = true, .name = "value"}, EmitterState::Kind::value, error);
}

TopicBase* BusCore::retain(const EventType& type, boost::system::error_code& error) {
    const std::lock_guard lock(mutex_);
    if (closed_.load(std::memory_order_relaxed)) {
        error = errc::closed;
        return nullptr;
    }
    TopicBase* topic = find_or_make(type, error);
    if (!error) retain(*topic);
    return topic;
}

void BusCore::begin_watching(TopicBase& topic) {
    const std::lock_guard lock(mutex_);
    if (!topic.is_listed) {
        // its last user went, and a view of it asks for a watcher: its name may be another's by now
        topic.is_listed = by_label_.emplace(topic.label(), &topic).second;
    }
    retain(topic);
    const DomainGuard guard(topic);
    topic.add_watcher();
}

void BusCore::end_watching(TopicBase& topic, std::uint64_t seen) noexcept {
    const std::lock_guard lock(mutex_);
    {
        const DomainGuard guard(topic);
        topic.remove_watcher(seen);
    }
    retire_unused(topic);
}

IntrusivePtr<EmitterState> BusCore::add_emitter(std::span<const EventType* const> types, EmitterOptions options,
                                                EmitterState::Kind kind, boost::system::error_code& error) {
    std::vector<TopicBase*> topics(types.size());
    Aftermath after;
    IntrusivePtr<EmitterState> emitter;
    {
        const std::lock_guard lock(mutex_);
        if (closed_.load(std::memory_order_relaxed)) {
            error = errc::closed;
            return {};
        }
        find_all(types, topics, error);
        if (error) return {};
        const bool is_taken = std::any_of(topics.begin(), topics.end(), [&](const TopicBase* topic) {
            return topic->emitters != 0 && (options.exclusive || topic->has_exclusive_emitter);
        });
        if (is_taken) {
            error = errc::emitter_exists;
            retire_unused(topics);
            return {};
        }
        try {
            emitter = IntrusivePtr<EmitterState>::adopt(
                new EmitterState(IntrusivePtr<BusCore>(this), topics, std::move(options.name), kind));
        } catch (...) {
            retire_unused(topics);
            throw;
        }
        for (TopicBase* topic : topics) {
            ++topic->emitters;
            if (kind == EmitterState::Kind::value) ++topic->values;
            topic->has_exclusive_emitter = options.exclusive;
            if (options.retain) retain(*topic);
            emitters_changed(*topic, after);
        }
        emitter->next_in_bus = emitters_;
        if (emitters_ != nullptr) emitters_->previous_in_bus = emitter.get();
        emitters_ = emitter.get();
    }
    after.settle();
    return emitter;
}

void BusCore::remove_emitter(EmitterState& emitter) noexcept {
    Aftermath after;
    {
        const std::lock_guard lock(mutex_);
        (emitter.previous_in_bus != nullptr ? emitter.previous_in_bus->next_in_bus : emitters_) = emitter.next_in_bus;
        if (emitter.next_in_bus != nullptr) emitter.next_in_bus->previous_in_bus = emitter.previous_in_bus;
        for (TopicBase* topic : emitter.topics()) {
            --topic->emitters;
            if (emitter.kind() == EmitterState::Kind::value) --topic->values;
            topic->has_exclusive_emitter = false;  // it was this one, if there was one
            emitters_changed(*topic, after);
            {
                const DomainGuard guard(*topic);
                topic->close_emitter(emitter, after);
            }
            retire_unused(*topic);
        }
    }
    after.settle();
}

// ---- subscriptions ----------------------------------------------------------------------------------------------

IntrusivePtr<Mailbox> BusCore::add_subscription(std::span<const Listed> listed, std::size_t stride,
                                                SubscriptionOptions&& options, std::unique_ptr<Refinement> refinement,
                                                const std::source_location& where, boost::system::error_code& error) {
    const auto name = [&] { return options.name.empty() ? unique_name(where, 0) : options.name; };
    if (options.capacity == 0) {
        throw std::invalid_argument(fmt::format("event: the capacity of subscription '{}' must be at least 1", name()));
    }
    const bool is_erased =
        std::any_of(listed.begin(), listed.end(), [](const Listed& entry) { return entry.event == nullptr; });
    if (is_erased && policy_of(options.on_full) == Policy::latest) {
        throw std::invalid_argument(fmt::format(
            "event: Latest keeps one event of each listed type; subscription '{}' lists AnyEvent or Implements",
            name()));
    }
    if (refinement && refinement->has_keys() && policy_of(options.on_full) == Policy::latest) {
        throw std::invalid_argument(fmt::format(
            "event: subscription '{}' has both Latest and latest_by; choose another policy for more keys than capacity",
            name()));
    }
    // made before the lock is taken, and destroyed after it, as the options are: what is in them is the user's
    Mailbox::Options settings{.wanted = options,
                              .where = where,
                              .is_erased = is_erased,
                              .stride = stride,
                              .refinement = std::move(refinement)};
    Aftermath after;
    IntrusivePtr<Mailbox> mailbox;
    {
        const std::lock_guard lock(mutex_);
        if (closed_.load(std::memory_order_relaxed)) {
            error = errc::closed;
            return {};
        }
        struct Replay {
            Target target;
            PayloadBlock block;  // for the shared form
        };
        // for a subscription of usual size, nothing of this is allocated
        std::array<std::byte, 1024> scratch;
        std::pmr::monotonic_buffer_resource resource(scratch.data(), scratch.size());
        std::pmr::vector<const EventType*> types(&resource);
        types.reserve(listed.size());
        for (const Listed& entry : listed)
            if (entry.event != nullptr) types.push_back(entry.event);
        std::pmr::vector<TopicBase*> topics(types.size(), &resource);
        std::pmr::vector<Subject*> subjects(&resource);
        std::pmr::vector<Target> targets(&resource);
        std::pmr::vector<Replay> replays(&resource);
        find_all(types, topics, error);
        if (error) return {};
        try {
            subjects.reserve(listed.size());
            for (auto topic = topics.begin(); const Listed& entry : listed)
                subjects.push_back(entry.event != nullptr ? *topic++
                                                          : static_cast<Subject*>(&find_or_make(entry.interface)));
            add_targets(subjects, listed, targets);
            for (const Target& target : targets) {
                target.topic->reserve_sinks(target.kind, subjects.size());
                if (target.kind != SinkKind::listed) target.topic->make_pool();
                if (!target.topic->is_retained()) continue;
                if (target.kind == SinkKind::wildcard && !options.replay_retained) continue;
                Replay& replay = replays.emplace_back(Replay{target, {}});
                if (target.kind != SinkKind::listed) replay.block = PayloadBlock(target.topic->pool());
            }
            for (std::size_t i = 0; i < subjects.size(); ++i) {
                if (listed[i].event != nullptr) continue;
                auto& subscribers = static_cast<Behaviour&>(*subjects[i]).subscribers;
                subscribers.reserve(subscribers.size() + 1);
            }
            settings.number = subscriptions_ever_ + 1;
            settings.subjects = subjects;
            settings.topics = targets.size();
            settings.replay_room = replays.size();
            mailbox = Mailbox::create(IntrusivePtr<Core>(this), options_, std::move(settings));
        } catch (...) {
            retire_unused(topics);
            throw;
        }
        // Nothing below can fail.
        ++subscriptions_ever_;
        for (Subject* subject : subjects) DomainMember::merge(*subjects.front(), *subject);
        for (const Target& target : targets) DomainMember::merge(*subjects.front(), *target.topic);
        {
            const DomainGuard guard(*subjects.front());
            for (const auto& [topic, place, kind] : targets) topic->add(*mailbox, place, kind, after);
            std::sort(replays.begin(), replays.end(), [](const Replay& left, const Replay& right) {
                return left.target.topic->retained_sequence() < right.target.topic->retained_sequence();
            });
            for (auto& [target, block] : replays) {
                if (target.topic->retained_sequence() == 0) continue;
                if (block) {
                    target.topic->replay_shared(*mailbox, target.type, std::move(block), after);
                } else {
                    target.topic->replay(*mailbox, target.type, after);
                }
            }
        }
        for (std::size_t i = 0; i < subjects.size(); ++i) {
            if (listed[i].event == nullptr)
                static_cast<Behaviour&>(*subjects[i])
                    .subscribers.push_back({mailbox.get(), static_cast<std::uint16_t>(i)});
        }
        mailbox->next_in_bus = subscriptions_;
        if (subscriptions_ != nullptr) subscriptions_->previous_in_bus = mailbox.get();
        subscriptions_ = mailbox.get();
        mailbox->in_bus = true;
        if (has_started_) resolve(*mailbox, after);
    }
    try {
        after.settle();
    } catch (...) {
        close_subscription(*mailbox);  // what was thrown for a retained event
        throw;
    }
    return mailbox;
}

void BusCore::close_subscription(Mailbox& mailbox) noexcept {
    Aftermath after;
    {
        const std::lock_guard lock(mutex_);
        if (!mailbox.in_bus) return;
        mailbox.in_bus = false;
        leave_behaviours(mailbox);
        (mailbox.previous_in_bus != nullptr ? mailbox.previous_in_bus->next_in_bus : subscriptions_) =
            mailbox.next_in_bus;
        if (mailbox.next_in_bus != nullptr) mailbox.next_in_bus->previous_in_bus = mailbox.previous_in_bus;
        {
            const DomainGuard guard(mailbox.home());
            const bool listed = mailbox.state() == Mailbox::State::open;
            if (!mailbox.has_ended()) mailbox.end(Mailbox::State::closed, after);
            if (listed) TopicBase::remove(mailbox, after);
            retire_unused_topics(mailbox);
        }
    }
    after.settle();
}

void BusCore::drain_subscription(Mailbox& mailbox) noexcept {
    Aftermath after;
    {
        const std::lock_guard lock(mutex_);
        {
            const DomainGuard guard(mailbox.home());
            if (mailbox.state() != Mailbox::State::open) return;
            mailbox.drain(after);
            TopicBase::remove(mailbox, after);
            retire_unused_topics(mailbox);
        }
        leave_behaviours(mailbox);
    }
    after.settle();
}

// ---- the start --------------------------------------------------------------------------------------------------

bool BusCore::start() noexcept {
    Aftermath after;
    {
        const std::lock_guard lock(mutex_);
        if (closed_.load(std::memory_order_relaxed) || std::exchange(has_started_, true)) return false;
        for (Mailbox* mailbox = subscriptions_; mailbox != nullptr; mailbox = mailbox->next_in_bus)
            resolve(*mailbox, after);
    }
    after.settle();
    return true;
}

void BusCore::resolve(Mailbox& mailbox, Aftermath& after) noexcept {
    const auto subjects = mailbox.subjects();
    const bool is_lacking =
        mailbox.requires_emitters() &&
        std::any_of(subjects.begin(), subjects.end(), [](const Subject* subject) { return !subject->has_emitter(); });
    {
        const DomainGuard guard(mailbox.home());
        if (mailbox.state() != Mailbox::State::open) return;
        mailbox.resolve(is_lacking ? Mailbox::Readiness::no_emitters : Mailbox::Readiness::ready, after);
        if (!is_lacking) return;
        mailbox.end(Mailbox::State::closed, after);
        TopicBase::remove(mailbox, after);
        retire_unused_topics(mailbox);
    }
    leave_behaviours(mailbox);
}

std::vector<std::string> BusCore::missing_emitters(Mailbox& mailbox) {
    std::vector<std::string> missing;
    const std::lock_guard lock(mutex_);
    for (const Subject* subject : mailbox.subjects())
        if (!subject->has_emitter()) missing.emplace_back(subject->label());
    return missing;
}

// ---- the end ----------------------------------------------------------------------------------------------------

void BusCore::close() noexcept {
    Aftermath after;
    {
        const std::lock_guard lock(mutex_);
        if (closed_.load(std::memory_order_relaxed)) return;
        closed_.store(true, std::memory_order_release);
        for (const auto& topic : topics_) {
            const DomainGuard guard(*topic);
            topic->close(after);
        }
        for (Mailbox* mailbox = subscriptions_; mailbox != nullptr; mailbox = mailbox->next_in_bus) {
            const DomainGuard guard(mailbox->home());
            if (mailbox->state() != Mailbox::State::open) continue;
            mailbox->drain(after);
            TopicBase::remove(*mailbox, after);
        }
        for (const auto& [topic, counts] : counts_) {
            for (const Count& count : {counts.emitters, counts.subscribers}) {
                const DomainGuard guard(count->topic());
                count->topic().close(after);
            }
        }
    }
    after.settle();
}

void BusCore::destroy_pending() noexcept {
    // Handlers may own whatever they like, this bus's handles included: they are destroyed without a lock.
    ParkedOp* doomed = nullptr;
    const auto claim = [&](ParkingSpot& spot) {
        if (ParkedOp* op = spot.claim()) op->next = std::exchange(doomed, op);
    };
    const auto claim_all = [&](SpotList& list) {
        while (ParkingSpot* spot = list.front()) {
            SpotList::remove(*spot);
            claim(*spot);
        }
    };
    {
        const std::lock_guard lock(mutex_);
        for (const auto& topic : topics_) {
            const DomainGuard guard(*topic);
            claim_all(topic->watching());
            claim_all(topic->emitting());
        }
        for (Mailbox* mailbox = subscriptions_; mailbox != nullptr; mailbox = mailbox->next_in_bus) {
            const DomainGuard guard(mailbox->home());
            claim(*mailbox);
            claim_all(mailbox->end_waiters());
            claim_all(mailbox->ready_waiters());
        }
    }
    while (doomed != nullptr) std::exchange(doomed, doomed->next)->destroy();
}

}  // namespace event::detail
