#include "bus/unique_name.hpp"

#include <event/detail/bus/bus_core.hpp>

#include <boost/container/small_vector.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

/// What registers with a bus: emitters, subscriptions, watchers.

namespace event::detail {

// ---- emitters ---------------------------------------------------------------------------------------------------

EmitterState::EmitterState(IntrusivePtr<BusCore> bus, std::vector<TopicBase*> topics, std::string name, Kind kind)
    : bus_(std::move(bus)), topics_(std::move(topics)), waiting_(topics_.size()), name_(std::move(name)), kind_(kind) {}

EmitterState::~EmitterState() = default;

void EmitterState::close() noexcept {
    if (is_open_.exchange(false, std::memory_order_acq_rel) && !defer()) bus_->remove_emitter(*this);
}

void EmitterState::end_waiting(Aftermath& after) noexcept {
    for (std::size_t i = 0; i < topics_.size(); ++i) {
        const DomainGuard guard(*topics_[i]);
        while (EmitSpot* spot = waiting_[i].front()) {
            spot->end(after);
            after.wake(spot->claim());
        }
    }
}

void EmitterState::doom_waiting(Doomed& doomed) noexcept {
    for (std::size_t i = 0; i < topics_.size(); ++i) {
        const DomainGuard guard(*topics_[i]);
        for (EmitSpot& spot : waiting_[i]) doomed.add(spot.claim());
    }
}

void EmitterState::run_deferred() noexcept {
    bus_->remove_emitter(*this);
    release();
}

IntrusivePtr<EmitterState> BusCore::add_emitter(std::span<const EventType* const> types, EmitterOptions options,
                                                EmitterState::Kind kind, boost::system::error_code& error) {
    std::vector<TopicBase*> topics(types.size());
    std::vector<const DomainMember*> members;
    Aftermath after;
    IntrusivePtr<EmitterState> emitter;
    {
        Registering registering(*this, error);
        try {
            do {
                if (!error) find_all(types, topics, error);
                if (error) return {};
                if (!options.retain) break;
                members.assign(topics.begin(), topics.end());
                if (retained_ != nullptr) members.push_back(retained_);
            } while (!registering.are_together(members));
            const bool is_taken = std::any_of(topics.begin(), topics.end(), [&](const TopicBase* topic) {
                return topic->emitters != 0 && (options.exclusive || topic->has_exclusive_emitter);
            });
            if (is_taken) {
                error = errc::emitter_exists;
                retire_unused(topics);
                return {};
            }
            emitter = IntrusivePtr<EmitterState>::adopt(
                new EmitterState(IntrusivePtr<BusCore>(this), topics, std::move(options.name), kind));
        } catch (...) {
            retire_unused(topics);
            throw;
        }
        for (TopicBase* topic : topics) {
            topic->has_exclusive_emitter = options.exclusive;
            if (options.retain) retain(*topic);
            gain_emitter(*topic, emitter->is_value(), after);
        }
        emitters_.push_back(*emitter);
    }
    after.settle();
    return emitter;
}

void BusCore::remove_emitter(EmitterState& emitter) noexcept {
    Aftermath after;
    after.only_ends();
    {
        const std::lock_guard lock(mutex_);
        emitter.unlink();
        emitter.end_waiting(after);
        for (TopicBase* topic : emitter.topics()) {
            topic->has_exclusive_emitter = false;  // it was this one, if there was one
            lose_emitter(*topic, emitter.is_value(), after);
            retire_unused(*topic);
        }
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
    if (UserCode::runs()) UserCode::refuse();  // it could come, and not go again
    boost::system::error_code error;
    TopicBase* topic = nullptr;
    Aftermath after;
    {
        const Registering registering(*this, error);
        if (!error) topic = find_or_make(payload.type(), error);
        if (!error && topic->has_exclusive_emitter) error = errc::emitter_exists;
        if (error) return EmitResult{.error = static_cast<errc>(error.value())};
        gain_emitter(*topic, false, after);
    }
    // as any emitter that closes; what a callback throws passes by
    struct Leave {
        IntrusivePtr<BusCore> bus;  // a callback may destroy the last handle
        TopicBase& topic;
        ~Leave() {
            Aftermath after;
            {
                const std::lock_guard lock(bus->mutex_);
                bus->lose_emitter(topic, false, after);
                bus->retire_unused(topic);
            }
            after.settle();
        }
    } const leave{IntrusivePtr<BusCore>(this), *topic};
    after.settle();
    return topic->emit_shared(*std::exchange(reference.payload, nullptr));
}

// ---- watchers ---------------------------------------------------------------------------------------------------

TopicBase* BusCore::add_watcher(const EventType& type, boost::system::error_code& error) {
    Registering registering(*this, error);
    TopicBase* topic = nullptr;
    do {
        if (!error) topic = find_or_make(type, error);
        if (error) return nullptr;
    } while (retained_ != nullptr && !registering.are_together(std::array<const DomainMember*, 2>{retained_, topic}));
    retain(*topic);
    const DomainGuard guard(*topic);
    topic->add_watcher();
    return topic;
}

void BusCore::begin_watching(TopicBase& topic) {
    boost::system::error_code ignored;  // of a closed bus, a view may still be watched
    Registering registering(*this, ignored);
    do {
        // its last user may have gone, and a view of it asks for a watcher: its name may be another's by now
        if (!topic.is_listed) list(topic);
    } while (retained_ != nullptr && !registering.are_together(std::array<const DomainMember*, 2>{retained_, &topic}));
    retain(topic);
    const DomainGuard guard(topic);
    topic.add_watcher();
}

void BusCore::end_watching(TopicBase& topic, std::uint64_t seen) noexcept {
    Aftermath after;
    {
        const std::lock_guard lock(mutex_);
        {
            const DomainGuard guard(topic);
            topic.remove_watcher(seen);
            topic.forget_if_unread(after);
        }
        retire_unused(topic);
    }
    after.settle();
}

void BusCore::unviewed(TopicBase& topic) noexcept {
    if (!is_closed() || UserCode::runs()) return;
    Aftermath after;
    {
        const DomainGuard guard(topic);
        topic.forget_if_unread(after);
    }
    after.settle();
}

// ---- subscriptions ----------------------------------------------------------------------------------------------

/// Nothing of it is allocated for a subscription of usual size.
struct BusCore::Gathered {
    /// A topic that it is to hear of, and in which of its places.
    struct Target {
        TopicBase* topic;
        std::uint16_t type;
        SinkKind kind;
    };
    struct Replay {
        Target target;
        PayloadBlock block;  // for the shared form
    };

    template <class T>
    using List = boost::container::small_vector<T, 4>;

    explicit Gathered(std::span<const Listed> listed) {
        for (const Listed& entry : listed)
            if (entry.event != nullptr) types.push_back(entry.event);
        topics.resize(types.size());
    }

    List<const EventType*> types;
    List<TopicBase*> topics;  // of the types
    List<Subject*> subjects;
    List<Target> targets;
    List<const DomainMember*> members;
    List<Replay> replays;
};

void BusCore::gather(std::span<const Listed> listed, Gathered& gathered) {
    auto& [types, topics, subjects, targets, members, replays] = gathered;
    subjects.clear();
    targets.clear();
    for (auto topic = topics.begin(); const Listed& entry : listed) {
        const auto place = static_cast<std::uint16_t>(subjects.size());
        if (entry.event != nullptr) {
            targets.push_back({*topic, place, SinkKind::listed});
            subjects.push_back(*topic++);
            continue;
        }
        Behaviour& behaviour = find_or_make(entry.interface);
        behaviour.reserve_one();
        subjects.push_back(&behaviour);
        for (const auto& candidate : topics_) {
            if (behaviour.includes(candidate->type()))
                targets.push_back(
                    {candidate.get(), place, behaviour.is_wildcard() ? SinkKind::wildcard : SinkKind::behaviour});
        }
    }
    members.assign(subjects.begin(), subjects.end());
    for (const auto& target : targets)
        if (target.kind != SinkKind::listed) members.push_back(target.topic);
}

void BusCore::reserve(const SubscriptionOptions& options, Gathered& gathered) {
    for (const auto& target : gathered.targets) {
        target.topic->reserve_sinks(target.kind, gathered.subjects.size());
        if (target.kind != SinkKind::listed) target.topic->make_pool();
        if (!target.topic->is_retained()) continue;
        if (target.kind == SinkKind::wildcard && !options.replay_retained) continue;
        auto& replay = gathered.replays.emplace_back(Gathered::Replay{target, {}});
        if (target.kind != SinkKind::listed) replay.block = PayloadBlock(target.topic->pool());
    }
}

IntrusivePtr<Mailbox> BusCore::add_subscription(std::span<const Listed> listed, std::size_t stride,
                                                SubscriptionOptions&& options, std::unique_ptr<Refinement> refinement,
                                                const std::source_location& where, boost::system::error_code& error) {
    const bool is_erased =
        std::any_of(listed.begin(), listed.end(), [](const Listed& entry) { return entry.event == nullptr; });
    const char* wrong = nullptr;
    if (options.capacity == 0) {
        wrong = "its capacity must be at least 1";
    } else if (is_erased && policy_of(options.on_full) == Policy::latest) {
        wrong = "Latest keeps one event of each listed type, and it lists AnyEvent or Implements";
    } else if (refinement && refinement->has_keys() && policy_of(options.on_full) == Policy::latest) {
        wrong = "it has both Latest and latest_by; choose another policy for more keys than capacity";
    }
    if (wrong != nullptr) {
        throw std::invalid_argument(fmt::format("event: subscription '{}': {}",
                                                options.name.empty() ? unique_name(where, 0) : options.name, wrong));
    }
    // made before the lock is taken, and destroyed after it, as the options are: what is in them is the user's
    Mailbox::Options settings{.wanted = options,
                              .where = where,
                              .bus = options_,
                              .slow_line = slow_line_,
                              .is_erased = is_erased,
                              .stride = stride,
                              .refinement = std::move(refinement)};
    Aftermath after;
    IntrusivePtr<Mailbox> mailbox;
    {
        Gathered gathered(listed);
        Registering registering(*this, error);
        try {
            do {
                if (!error) find_all(gathered.types, gathered.topics, error);
                if (error) return {};
                gather(listed, gathered);
            } while (!registering.are_together(gathered.members));
            reserve(options, gathered);
            settings.number = subscriptions_ever_ + 1;
            settings.subjects = gathered.subjects;
            settings.topics = gathered.targets.size();
            settings.replay_room = gathered.replays.size();
            mailbox = Mailbox::create(std::move(settings));
        } catch (...) {
            retire_unused(gathered.topics);
            throw;
        }
        connect(*mailbox, gathered, after);
    }
    try {
        after.settle();
    } catch (...) {
        mailbox->close();  // what was thrown for a retained event
        throw;
    }
    return mailbox;
}

void BusCore::connect(Mailbox& mailbox, Gathered& gathered, Aftermath& after) noexcept {
    ++subscriptions_ever_;
    {
        const DomainGuard guard(mailbox.home());
        for (const auto& [topic, place, kind] : gathered.targets) topic->add(mailbox, place, kind, after);
        std::sort(gathered.replays.begin(), gathered.replays.end(), [](const auto& left, const auto& right) {
            return left.target.topic->retained_sequence() < right.target.topic->retained_sequence();
        });
        for (auto& [target, block] : gathered.replays)
            if (target.topic->retained_sequence() != 0)
                target.topic->replay(mailbox, target.type, std::move(block), after);
    }
    for (std::uint16_t place = 0; Subject * subject : gathered.subjects) {
        if (Behaviour* behaviour = subject->as_behaviour()) behaviour->add(mailbox, place);
        ++place;
    }
    subscriptions_.push_back(mailbox.in_bus);
    if (has_started_) resolve(mailbox, after);
}

void BusCore::end_subscription(Mailbox& mailbox, Mailbox::State how) noexcept {
    Aftermath after;
    after.only_ends();
    {
        const std::lock_guard lock(mutex_);
        disconnect(mailbox, how, after);
    }
    after.settle();
}

void BusCore::disconnect(Mailbox& mailbox, Mailbox::State how, Aftermath& after) noexcept {
    if (!mailbox.in_bus.is_linked()) return;
    {
        const DomainGuard guard(mailbox.home());
        const bool was_open = mailbox.state() == Mailbox::State::open;
        if (how == Mailbox::State::closed) {
            if (!mailbox.has_ended()) mailbox.end(how, after);
            gone_ += mailbox.figures();
        } else if (was_open) {
            mailbox.drain(after);
        }
        if (was_open) TopicBase::remove(mailbox, after);
        for (const Binding& binding : mailbox.bindings()) retire_if_unused(*binding.topic);
    }
    for (const Binding& binding : mailbox.bindings())
        if (!binding.topic->is_listed) binding.topic->empty_pool();
    if (mailbox.is_erased()) {
        for (std::uint16_t place = 0; const Listing& listing : mailbox.listings()) {
            if (Behaviour* behaviour = listing.subject->as_behaviour()) behaviour->remove(mailbox, place);
            ++place;
        }
    }
    if (how == Mailbox::State::closed) mailbox.in_bus.unlink();
}

}  // namespace event::detail
