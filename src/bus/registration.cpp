#include "bus/gathered.hpp"
#include "bus/unique_name.hpp"

#include <event/detail/bus/bus_core.hpp>
#include <event/detail/bus/subscribing.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

/// What registers with a bus, and how subscriptions and watchers do.

namespace event::detail {

// ---- all of them ------------------------------------------------------------------------------------------------

/// Of those who list behaviours: each includes the topics that were just made, too.
void BusCore::gather_behaviours(Gathered& gathered) {
    gathered.has_behaviours = true;
    for (std::uint16_t place = 0; const Listed& entry : gathered.listed) {
        if (entry.event == nullptr) {
            Behaviour& behaviour = find_or_make(entry.interface);
            behaviour.reserve_one();
            gathered.members[place] = &behaviour;
            const SinkKind kind = behaviour.is_wildcard() ? SinkKind::wildcard : SinkKind::behaviour;
            for (const auto& topic : topics_) {
                // who connects it finds this one among those who subscribe
                if (!topic->is_connected || !behaviour.includes(topic->type())) continue;
                gathered.targets.push_back({topic.get(), place, kind});
                gathered.members.push_back(topic.get());
            }
        }
        ++place;
    }
}

// ---- watchers ---------------------------------------------------------------------------------------------------

TopicBase* BusCore::add_watcher(const EventType& type, boost::system::error_code& error) {
    const std::array listed{Listed{&type}};
    const RegistrationGuard lock(mutex_);
    Gathered gathered(*this, listed);
    if (!gather(Order::of_retained, gathered, error)) return nullptr;
    gathered.has_registered = true;
    TopicBase& topic = *gathered.targets.front().topic;
    retain(topic);
    const DomainGuard guard(topic);
    topic.add_watcher();
    return &topic;
}

// ---- subscriptions ----------------------------------------------------------------------------------------------

[[nodiscard]] static ChosenKeys* keys_of(const Refinement* refinement, std::uint16_t place, SinkKind kind) {
    return kind == SinkKind::listed ? chosen(refinement, place) : nullptr;
}

inline void BusCore::reserve(const Mailbox::Options& settings, Gathered& gathered, Aftermath& after) {
    for (const auto& [topic, place, kind] : gathered.targets) {
        if (ChosenKeys* keys = keys_of(settings.refinement.get(), place, kind)) {
            const RegistrationMutex::Asking asking(mutex_);
            topic->reserve_keys(*keys, after);
        } else {
            topic->reserve_sinks(kind, gathered.listed.size());
        }
        if (kind != SinkKind::listed) topic->make_pool();
        if (topic->is_retained() && (kind != SinkKind::wildcard || settings.wanted.replay_retained))
            gathered.replay_first({topic, place, kind});
    }
    if (!gathered.replays.empty()) make_replay_room(settings.refinement.get(), gathered);
}

/// Of who chose by key that is not known before its keys are asked, which is when it is connected.
void BusCore::make_replay_room(const Refinement* refinement, Gathered& gathered) {
    gathered.replay_room = gathered.replays.size();
    for (const auto& replay : gathered.replays) {
        const auto& [topic, place, kind] = replay.target;
        if (topic->history() == nullptr || keys_of(refinement, place, kind) != nullptr) continue;
        const DomainGuard guard(*topic);
        gathered.replay_room += topic->replays() + topic->replays() / 8;  // some more until it is connected
    }
}

[[noreturn]] static void refuse_subscription(const SubscriptionOptions& options, const std::source_location& where,
                                             const char* why) {
    throw std::invalid_argument(
        fmt::format("event: subscription '{}': {}", options.name.empty() ? unique_name(where, 0) : options.name, why));
}

void check_concurrency(const SubscriptionOptions& options, const std::source_location& where, Handles handles) {
    const char* wrong = nullptr;
    if (options.concurrency == 0) {
        wrong = "its concurrency must be at least 1";
    } else if (handles == Handles::nothing) {
        wrong = "concurrency is for a handler, and it has none; receivers share() a subscription";
    } else if (handles == Handles::one_event) {
        wrong = "once is one run of the handler, and it asks for more concurrency";
    }
    if (wrong != nullptr) refuse_subscription(options, where, wrong);
}

/// Null if it may.
[[gnu::noinline]] static const char* why_not_latest(std::span<const Listed> listed, const Refinement* refinement) {
    if (std::any_of(listed.begin(), listed.end(), [](const Listed& entry) { return entry.event == nullptr; }))
        return "Latest keeps one event of each listed type, and it lists AnyEvent or Implements";
    if (refinement != nullptr && refinement->has_keys())
        return "it has both Latest and latest_by; choose another policy for more keys than capacity";
    return nullptr;
}

IntrusivePtr<Mailbox> BusCore::add_subscription(std::span<const Listed> listed, std::size_t stride,
                                                SubscriptionOptions&& options, Refinement* given,
                                                const std::source_location& where) {
    std::unique_ptr<Refinement> refinement(given);
    const char* wrong = nullptr;
    if (options.capacity == 0) {
        wrong = "its capacity must be at least 1";
    } else if (policy_of(options.on_full) == Policy::latest) {
        wrong = why_not_latest(listed, refinement.get());
    }
    if (wrong != nullptr) refuse_subscription(options, where, wrong);
    // made before the lock is taken, and destroyed after it, as the options are: what is in them is the user's
    Mailbox::Options settings{.wanted = options,
                              .where = where,
                              .bus = options_,
                              .slow_line = slow_line_,
                              .stride = stride,
                              .refinement = std::move(refinement)};
    boost::system::error_code error;
    Aftermath after;
    IntrusivePtr<Mailbox> mailbox;
    {
        const RegistrationGuard lock(mutex_);
        Gathered gathered(*this, listed);
        if (gather(Order::of_listed, gathered, error)) {
            reserve(settings, gathered, after);
            const MailboxPlace place{.number = subscriptions_ever_ + 1,
                                     .subjects = std::span(gathered.members).first(listed.size()),
                                     .topics = gathered.targets.size(),
                                     .is_erased = gathered.has_behaviours,
                                     .replay_room = gathered.replay_room};
            mailbox = Mailbox::create(settings, place);
            if (settings.is_unusual) mailbox->furnish(settings, place.replay_room);
            Connected connected = Connected::needs_room;
            // unless its user's code has thrown: nobody has seen the subscription, then
            while (connected == Connected::needs_room && !after.has_thrown()) {
                connected = connect(*mailbox, gathered, after);
                if (connected == Connected::needs_room) mailbox->make_slots(gathered.replay_room);
            }
            gathered.has_registered = connected == Connected::yes;
        }
    }
    if (!mailbox) refuse("subscribe to", listed, error);
    try {
        after.settle();
    } catch (...) {
        mailbox->close();  // what was thrown for a retained event, or by who was told of it
        throw;
    }
    return mailbox;
}

bool BusCore::replay(Mailbox& mailbox, Gathered& gathered, Aftermath& after) noexcept {
    auto& replays = gathered.replays;
    const RegistrationMutex::Asking asking(mutex_);
    std::size_t events = 0;
    for (const auto& replay : replays) {
        const auto& [topic, place, kind] = replay.target;
        events += topic->replays(keys_of(mailbox.refinement(), place, kind), after);
    }
    if (events > gathered.replay_room) {
        gathered.replay_room = events + events / 8;  // some more until it is connected
        return false;
    }
    if (events == 0 || after.has_thrown()) return true;
    using Replay = Gathered::Replay;
    for (Replay& replay : replays) replay.next = replay.target.topic->first_replayed();
    const auto none = [](const Replay& replay) { return replay.next.sequence == 0; };
    replays.erase(std::remove_if(replays.begin(), replays.end(), none), replays.end());
    // one event by its type, and then as a behaviour: as it is emitted
    const auto later = [](const Replay& left, const Replay& right) {
        if (left.next.sequence != right.next.sequence) return left.next.sequence > right.next.sequence;
        return std::pair(left.target.kind, left.target.place) > std::pair(right.target.kind, right.target.place);
    };
    std::make_heap(replays.begin(), replays.end(), later);
    while (!replays.empty()) {
        std::pop_heap(replays.begin(), replays.end(), later);
        auto& [target, block, next] = replays.back();
        target.topic->replay(next, mailbox, target.place, target.kind, std::move(block), after);
        next = target.topic->next_replayed(next);
        if (next.sequence != 0) {
            std::push_heap(replays.begin(), replays.end(), later);
        } else {
            replays.pop_back();
        }
    }
    return true;
}

inline BusCore::Connected BusCore::connect(Mailbox& mailbox, Gathered& gathered, Aftermath& after) noexcept {
    {
        const DomainGuard guard(mailbox.home());
        if (!gathered.replays.empty() && !replay(mailbox, gathered, after)) return Connected::needs_room;
        if (after.has_thrown()) {  // its refinement, for a retained event: nobody has seen the subscription
            mailbox.end(Mailbox::State::closed, after);
            return Connected::no;
        }
        for (const auto& [topic, place, kind] : gathered.targets) topic->add(mailbox, place, kind, after);
    }
    ++subscriptions_ever_;
    subscriptions_.push_back(mailbox.in_bus);
    if (Tie* tie = mailbox.tie()) [[unlikely]] {
        ties_.insert_behind(nullptr, *tie);
        mailbox.for_each_behaviour([&](Behaviour& behaviour, std::uint16_t place) { behaviour.add(mailbox, place); });
    }
    if (has_started_) resolve(mailbox, after);
    return Connected::yes;
}

[[gnu::always_inline]] inline void BusCore::disconnect_here(Mailbox& mailbox, Mailbox::State how,
                                                            Aftermath& after) noexcept {
    if (!mailbox.in_bus.is_linked()) return;
    // whether it holds nothing together since it was to be drained: then its lock may be that of one topic only
    Tie* const tie = mailbox.tie();
    const bool have_parted = tie != nullptr && !tie->is_linked();
    bool leaves_pools = false;
    {
        const DomainGuard guard(mailbox.home());
        const bool was_open = mailbox.state() == Mailbox::State::open;
        if (how == Mailbox::State::closed) {
            if (!mailbox.has_ended()) mailbox.end(how, after);
            if (mailbox.is_left_to_its_handler()) progress_.handlers_left.fetch_add(1, std::memory_order_acq_rel);
            if (mailbox.has_figures()) gone_ += mailbox.figures();
        } else if (was_open) {
            mailbox.drain(after);
        }
        if (was_open) TopicBase::remove(mailbox, after);
        if (!have_parted)
            for (const Binding& binding : mailbox.bindings()) leaves_pools |= retire_if_unused(*binding.topic);
    }
    if (have_parted || leaves_pools) [[unlikely]] {
        for (const Binding& binding : mailbox.bindings()) {
            if (have_parted) {
                retire_unused(*binding.topic);
            } else if (!binding.topic->is_listed) {
                binding.topic->empty_pool();
            }
        }
    }
    if (tie != nullptr) [[unlikely]] {
        if (!have_parted) untie(*tie);
        mailbox.for_each_behaviour(
            [&](Behaviour& behaviour, std::uint16_t place) { behaviour.remove(mailbox, place); });
    }
    if (how == Mailbox::State::closed) mailbox.in_bus.unlink();
}

void BusCore::disconnect(Mailbox& mailbox, Mailbox::State how, Aftermath& after) noexcept {
    disconnect_here(mailbox, how, after);
}

void BusCore::end_subscription(Mailbox& mailbox, Mailbox::State how) noexcept {
    end_under<RegistrationGuard>(mutex_, [&](Aftermath& after) { disconnect_here(mailbox, how, after); });
}

}  // namespace event::detail
