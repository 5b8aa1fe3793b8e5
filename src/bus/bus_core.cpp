#include "queue/slow_subscriber.hpp"

#include <event/detail/bus/bus_core.hpp>

#include <algorithm>
#include <vector>

/// The life of a bus, and its figures.

namespace event::detail {
namespace {

BusOptions with_defaults(BusOptions options) {
    if (!options.on_slow_subscriber) options.on_slow_subscriber = &report_slow_subscriber;
    return options;
}

}  // namespace

IntrusivePtr<BusCore> BusCore::create(boost::asio::any_io_executor executor, BusOptions&& options) {
    return IntrusivePtr<BusCore>::adopt(new BusCore(std::move(executor), std::move(options)));
}

BusCore::BusCore(boost::asio::any_io_executor executor, BusOptions&& options)
    : Core(std::move(executor), options.pooled_bytes), options_(with_defaults(std::move(options))), clock_(context()) {
    if (options_.stamp) stamp_by(clock_);
}

void BusCore::destroy_core() noexcept { delete this; }

BusCore::~BusCore() = default;

// ---- the start --------------------------------------------------------------------------------------------------

bool BusCore::start() {
    Aftermath after;
    after.only_ends();
    {
        const std::lock_guard lock(mutex_);
        if (is_closed() || std::exchange(has_started_, true)) return false;
        for (auto at = subscriptions_.begin(); at != subscriptions_.end();) {
            Mailbox& mailbox = (*at).mailbox;
            ++at;
            resolve(mailbox, after);
        }
    }
    after.settle();
    return true;
}

void BusCore::resolve(Mailbox& mailbox, Aftermath& after) noexcept {
    const auto listings = mailbox.listings();
    const bool is_lacking = mailbox.requires_emitters() &&
                            std::any_of(listings.begin(), listings.end(),
                                        [](const Listing& listing) { return !listing.subject->has_emitter(); });
    {
        const DomainGuard guard(mailbox.home());
        if (mailbox.state() != Mailbox::State::open) return;
        mailbox.resolve(is_lacking ? Mailbox::Readiness::no_emitters : Mailbox::Readiness::ready, after);
    }
    if (is_lacking) disconnect(mailbox, Mailbox::State::closed, after);
}

std::vector<std::string> BusCore::missing_emitters(Mailbox& mailbox) {
    std::vector<std::string> missing;
    const std::lock_guard lock(mutex_);
    for (const Listing& listing : mailbox.listings())
        if (!listing.subject->has_emitter()) missing.emplace_back(listing.subject->label());
    return missing;
}

// ---- the end ----------------------------------------------------------------------------------------------------

void BusCore::close() noexcept {
    if (defer()) return;
    end_under<RegistrationGuard>(mutex_, [this](Aftermath& after) {
        if (is_closed()) return;
        closed_.store(true, std::memory_order_release);
        for (const auto& topic : topics_) {
            const DomainGuard guard(*topic);
            topic->close(after);
            topic->forget_if_unread(after);
        }
        for (EmitterState& emitter : emitters_) emitter.end_waiting(after);
        for (InBus& subscription : subscriptions_) disconnect(subscription.mailbox, Mailbox::State::draining, after);
        for (const auto& [topic, counts] : counts_) {
            for (const Count& count : {counts.emitters, counts.subscribers, counts.forgotten}) {
                const DomainGuard guard(count->topic());
                count->topic().close(after);
            }
        }
        tell_progress(after);
    });
}

RegistrationMutex::CertainGuard::CertainGuard(RegistrationMutex& mutex) noexcept
    : mutex_(mutex.asker_.load(std::memory_order_relaxed) != this_thread() ? &mutex.mutex_ : nullptr) {
    if (mutex_ != nullptr) mutex_->lock();
}

void BusCore::destroy_pending() noexcept {
    Doomed doomed;
    const RegistrationMutex::CertainGuard lock(mutex_);
    for (const auto& topic : topics_) {
        const CertainGuard guard(*topic);
        topic->doom_waiting(doomed);
    }
    for (EmitterState& emitter : emitters_) emitter.doom_waiting(doomed);
    for (InBus& subscription : subscriptions_) {
        Mailbox& mailbox = subscription.mailbox;
        const CertainGuard guard(mailbox.home());
        doomed.add(mailbox.claim());
        if (Sharing* sharing = mailbox.sharing()) doomed.add_all(sharing->waiting());
        doomed.add_all(mailbox.end_waiters());
        doomed.add_all(mailbox.ready_waiters());
    }
}

// ---- figures ----------------------------------------------------------------------------------------------------

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
    std::unique_lock lock(mutex_);
    std::unordered_map<const TopicBase*, std::vector<std::string>> emitter_names;
    for (const EmitterState& emitter : emitters_) {
        EmitterReport& entry = report.emitters.emplace_back(
            EmitterReport{.id = emitter.origin().id(), .name = emitter.name(), .types = {}});
        for (const TopicBase* topic : emitter.topics()) {
            emitter_names[topic].emplace_back(emitter.name());
            entry.types.emplace_back(topic->label());
        }
    }
    for (const auto& topic : topics_) {
        TopicReport entry;
        entry.name = topic->label();
        entry.emitters = topic->emitters;
        entry.emitter_names = std::move(emitter_names[topic.get()]);
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
    Figures sums = gone_;
    std::vector<IntrusivePtr<Mailbox>> mailboxes;
    for (InBus& subscription : subscriptions_) mailboxes.emplace_back(&subscription.mailbox);
    lock.unlock();  // to print keys is a user's code
    for (const auto& mailbox : mailboxes) {
        const SubscriptionStat& stat = report.subscriptions.emplace_back(mailbox->stat());
        sums += {.delivered = stat.delivered,
                 .lost = stat.lost,
                 .rejected = stat.rejected,
                 .discarded = stat.discarded,
                 .killed = stat.killed ? 1U : 0U};
    }
    report.delivered = sums.delivered;
    report.lost = sums.lost;
    report.rejected = sums.rejected;
    report.discarded = sums.discarded;
    report.killed = sums.killed;
    const auto by_name = [](const auto& left, const auto& right) { return left.name < right.name; };
    std::sort(report.topics.begin(), report.topics.end(), by_name);
    std::sort(report.values.begin(), report.values.end(), by_name);
    return report;
}

BusCore::Counts BusCore::counts(const EventType& type, boost::system::error_code& error) {
    Aftermath after;
    Counts counts;
    {
        const RegistrationGuard lock(mutex_);
        TopicBase* topic = nullptr;
        while (topic == nullptr) {
            if (is_closed() || context_is_gone()) error = errc::closed;  // nobody could be told
            if (!error) topic = find_or_make(type, error);
            if (error) return {};
        }
        if (const auto known = counts_.find(topic); known != counts_.end()) return known->second;
        try {
            counts.emitters = ValueCore<std::size_t>::create(executor());
            counts.subscribers = ValueCore<std::size_t>::create(executor());
            counts.forgotten = ValueCore<std::size_t>::create(executor());
            counts_.emplace(topic, counts);
        } catch (...) {
            retire_unused(*topic);
            throw;
        }
        topic->is_counted = true;
        tell_emitters(*topic, after);
        const DomainGuard guard(*topic);
        topic->tell_counts_to(counts.subscribers->topic(), counts.forgotten->topic(), after);
    }
    after.settle();
    return counts;
}

void BusCore::forget(const EventType& type) {
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

bool BusCore::forget(const EventType& type, const GivenKey& key) {
    Aftermath after;
    bool was_kept = false;
    {
        const std::lock_guard lock(mutex_);
        const RegistrationMutex::Asking asking(mutex_);
        if (TopicBase* topic = find(type)) {
            const DomainGuard guard(*topic);
            was_kept = topic->forget(key, after);
        }
    }
    after.settle();
    return was_kept;
}

}  // namespace event::detail
