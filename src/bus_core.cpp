#include "slow_subscriber.hpp"
#include "unique_name.hpp"

#include <event/detail/bus_core.hpp>

#include <fmt/format.h>

#include <algorithm>
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
    const auto found = by_tag_.find(type.tag);
    return found != by_tag_.end() ? found->second : nullptr;
}

TopicBase* BusCore::find_or_make(const EventType& type, boost::system::error_code& error) {
    TopicBase* topic = find(type);
    if (topic != nullptr && topic->is_listed) return topic;

    const auto same_label = by_label_.find(type.label());
    if (same_label != by_label_.end() && same_label->second->type().is_same_elsewhere(type)) {
        by_tag_.insert_or_assign(type.tag, same_label->second);
        return same_label->second;
    }
    if (same_label != by_label_.end() && !type.declared.empty()) {
        error = errc::name_clash;
        return nullptr;
    }
    if (topic == nullptr) {
        std::string label(type.label());
        for (int number = 2; by_label_.contains(label); ++number) label = fmt::format("{}#{}", type.label(), number);
        if (topics_.size() == topics_.capacity()) topics_.reserve(2 * topics_.size() + 8);
        std::unique_ptr<TopicBase> made = type.make_topic(type, std::move(label));
        by_tag_.emplace(type.tag, made.get());
        topic = topics_.emplace_back(std::move(made)).get();
        if (options_.count_unheard) {
            const DomainGuard guard(*topic);
            topic->count_unheard();
        }
    }
    by_label_.emplace(topic->label(), topic);
    topic->is_listed = true;
    return topic;
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
    TopicStat stat;
    topic.stat_into(stat);
    if (topic.emitters != 0 || stat.subscribers != 0 || stat.replayable || topic.is_counted) return;
    topic.reset();
    // A label that was made unique stays with its topic, which keeps it unique.
    if (topic.is_listed && !topic.type().declared.empty()) {
        by_label_.erase(topic.label());
        topic.is_listed = false;
    }
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

// ---- emitters ---------------------------------------------------------------------------------------------------

EmitterState::EmitterState(IntrusivePtr<BusCore> bus, std::vector<TopicBase*> topics, std::string name) noexcept
    : bus_(std::move(bus)), topics_(std::move(topics)), name_(std::move(name)) {}

EmitterState::~EmitterState() = default;

void EmitterState::close() noexcept {
    if (is_open_.exchange(false, std::memory_order_acq_rel)) bus_->remove_emitter(*this);
}

IntrusivePtr<EmitterState> BusCore::add_emitter(std::span<const EventType* const> types, EmitterOptions options,
                                                boost::system::error_code& error) {
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
                new EmitterState(IntrusivePtr<BusCore>(this), topics, std::move(options.name)));
        } catch (...) {
            retire_unused(topics);
            throw;
        }
        for (TopicBase* topic : topics) {
            ++topic->emitters;
            topic->has_exclusive_emitter = options.exclusive;
            if (options.retain) retain(*topic);
            emitters_changed(*topic, after);
        }
    }
    after.settle();
    return emitter;
}

void BusCore::remove_emitter(const EmitterState& emitter) noexcept {
    Aftermath after;
    {
        const std::lock_guard lock(mutex_);
        for (TopicBase* topic : emitter.topics()) {
            --topic->emitters;
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

IntrusivePtr<Mailbox> BusCore::add_subscription(std::span<const EventType* const> types, std::size_t stride,
                                                SubscriptionOptions options, const std::source_location& where,
                                                boost::system::error_code& error) {
    if (options.capacity == 0) {
        throw std::invalid_argument(fmt::format("event: the capacity of subscription '{}' must be at least 1",
                                                options.name.empty() ? unique_name(where, 0) : options.name));
    }
    // made before the lock is taken, and destroyed after it: the policy's callback is the user's
    Mailbox::Options settings;
    settings.capacity = options.capacity;
    settings.on_full = std::move(options.on_full);
    settings.name = std::move(options.name);
    settings.where = where;
    settings.types = types.size();
    settings.require_emitters = options.require_emitters;
    settings.stride = stride;
    Aftermath after;
    IntrusivePtr<Mailbox> mailbox;
    {
        const std::lock_guard lock(mutex_);
        if (closed_.load(std::memory_order_relaxed)) {
            error = errc::closed;
            return {};
        }
        std::vector<TopicBase*> topics(types.size());
        std::vector<std::size_t> oldest_first;  // places in `topics` of those that may have an event to replay
        find_all(types, topics, error);
        if (error) return {};
        try {
            for (std::size_t i = 0; i < types.size(); ++i) {
                topics[i]->reserve_sink();
                if (topics[i]->is_retained()) oldest_first.push_back(i);
            }
            settings.number = subscriptions_ever_ + 1;
            settings.replay_room = oldest_first.size();
            mailbox = Mailbox::create(IntrusivePtr<Core>(this), options_.on_slow_subscriber, std::move(settings));
        } catch (...) {
            retire_unused(topics);
            throw;
        }
        // Nothing below can fail.
        ++subscriptions_ever_;
        for (TopicBase* topic : topics) DomainMember::merge(*topics.front(), *topic);
        {
            const DomainGuard guard(*topics.front());
            for (std::size_t i = 0; i < topics.size(); ++i)
                topics[i]->add({mailbox.get(), static_cast<std::uint16_t>(i)}, after);
            std::erase_if(oldest_first, [&](std::size_t i) { return topics[i]->retained_sequence() == 0; });
            std::sort(oldest_first.begin(), oldest_first.end(), [&](std::size_t left, std::size_t right) {
                return topics[left]->retained_sequence() < topics[right]->retained_sequence();
            });
            for (std::size_t i : oldest_first) topics[i]->replay({mailbox.get(), static_cast<std::uint16_t>(i)}, after);
        }
        mailbox->next_in_bus = subscriptions_;
        if (subscriptions_ != nullptr) subscriptions_->previous_in_bus = mailbox.get();
        subscriptions_ = mailbox.get();
        mailbox->in_bus = true;
        if (has_started_) resolve(*mailbox, after);
    }
    after.settle();
    return mailbox;
}

void BusCore::close_subscription(Mailbox& mailbox) noexcept {
    Aftermath after;
    {
        const std::lock_guard lock(mutex_);
        if (!mailbox.in_bus) return;
        mailbox.in_bus = false;
        (mailbox.previous_in_bus != nullptr ? mailbox.previous_in_bus->next_in_bus : subscriptions_) =
            mailbox.next_in_bus;
        if (mailbox.next_in_bus != nullptr) mailbox.next_in_bus->previous_in_bus = mailbox.previous_in_bus;
        {
            const DomainGuard guard(mailbox.home());
            const bool listed = mailbox.state() == Mailbox::State::open;
            if (!mailbox.has_ended()) mailbox.end(Mailbox::State::closed, after);
            if (listed) TopicBase::remove(mailbox, after);
        }
        for (const Binding& binding : mailbox.bindings()) retire_unused(*binding.topic);
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
        }
        for (const Binding& binding : mailbox.bindings()) retire_unused(*binding.topic);
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
    const auto bindings = mailbox.bindings();
    const bool is_lacking =
        mailbox.requires_emitters() && std::any_of(bindings.begin(), bindings.end(),
                                                   [](const Binding& binding) { return binding.topic->emitters == 0; });
    {
        const DomainGuard guard(mailbox.home());
        if (mailbox.state() != Mailbox::State::open) return;
        mailbox.resolve(is_lacking ? Mailbox::Readiness::no_emitters : Mailbox::Readiness::ready, after);
        if (!is_lacking) return;
        mailbox.end(Mailbox::State::closed, after);
        TopicBase::remove(mailbox, after);
    }
    for (const Binding& binding : bindings) retire_unused(*binding.topic);
}

std::vector<std::string> BusCore::missing_emitters(Mailbox& mailbox) {
    std::vector<std::string> missing;
    const std::lock_guard lock(mutex_);
    for (const Binding& binding : mailbox.bindings())
        if (binding.topic->emitters == 0) missing.emplace_back(binding.topic->label());
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
