#include "bus/unique_name.hpp"

#include <event/detail/bus/bus_core.hpp>
#include <event/detail/bus/subscribing.hpp>

#include <boost/container/small_vector.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

/// What registers with a bus: emitters, subscriptions, watchers.

namespace event::detail {

// ---- all of them ------------------------------------------------------------------------------------------------

/// Nothing of it is allocated for a registration of usual size. The bus's mutex is held as long as it exists; topics
/// that nobody uses are retired with it, unless what was to use them has registered.
struct BusCore::Gathered {
    /// A topic that is listed, or that a behaviour includes which is listed.
    struct Target {
        TopicBase* topic;
        std::uint16_t place;  // in what is listed
        SinkKind kind;
    };
    /// One whose retained event comes first.
    struct Replay {
        Target target;
        PayloadBlock block;  // for the shared form
    };
    template <class T>
    using List = boost::container::small_vector<T, 4>;

    explicit Gathered(BusCore& owner) noexcept : bus(owner) {}
    Gathered(const Gathered&) = delete;
    Gathered& operator=(const Gathered&) = delete;
    ~Gathered() {
        if (has_registered) return;
        // found anew: some were made when there was no memory for one more target, or before the mutex was given back
        for (const Listed& entry : listed)
            if (TopicBase* topic = entry.event != nullptr ? bus.find(*entry.event) : nullptr;
                topic != nullptr && topic->is_listed)
                bus.retire_unused(*topic);
    }

    BusCore& bus;
    std::span<const Listed> listed;  // once it was looked for
    List<Target> targets;
    List<Subject*> members;  // of one domain, if they are to be: first what is listed
    List<Replay> replays;
    bool has_registered = false;
};

bool BusCore::gather(std::span<const Listed> listed, Order order, Gathered& gathered,
                     boost::system::error_code& error) {
    do {
        if (!find_or_make(listed, gathered, error)) return false;
        if (order == Order::of_each) return true;
        if (order == Order::of_retained && retained_ != nullptr) gathered.members.push_back(retained_);
    } while (!are_together(gathered.members));
    return true;
}

bool BusCore::are_together(std::span<Subject* const> members) {
    const Subject& first = *members.front();
    if (std::all_of(members.begin(), members.end(),
                    [&](const Subject* other) { return other->is_together_with(first); }))
        return true;
    const bool is_given_back = !UserCode::runs();  // a filter might not get it again
    if (is_given_back) mutex_.unlock();
    for (const Subject* member : members) DomainMember::merge(first, *member);
    if (is_given_back) mutex_.lock();
    return false;
}

bool BusCore::find_or_make(std::span<const Listed> listed, Gathered& gathered, boost::system::error_code& error) {
    if (is_closed()) {
        error = errc::closed;
        return false;
    }
    auto& [bus, looked_for, targets, members, replays, has_registered] = gathered;
    looked_for = listed;
    targets.clear();
    members.assign(listed.size(), nullptr);
    for (std::uint16_t place = 0; const Listed& entry : listed) {
        if (entry.event != nullptr) {
            TopicBase* topic = find_or_make(*entry.event, error);
            if (topic == nullptr) return !error && find_or_make(listed, gathered, error);
            targets.push_back({topic, place, SinkKind::listed});
            members[place] = topic;
        }
        ++place;
    }
    // a behaviour includes the topics that were just made, too
    for (std::uint16_t place = 0; const Listed& entry : listed) {
        if (entry.event == nullptr) {
            Behaviour& behaviour = find_or_make(entry.interface);
            behaviour.reserve_one();
            members[place] = &behaviour;
            const SinkKind kind = behaviour.is_wildcard() ? SinkKind::wildcard : SinkKind::behaviour;
            for (const auto& topic : topics_) {
                // who connects it finds this one among those who subscribe
                if (!topic->is_connected || !behaviour.includes(topic->type())) continue;
                targets.push_back({topic.get(), place, kind});
                members.push_back(topic.get());
            }
        }
        ++place;
    }
    return true;
}

// ---- emitters ---------------------------------------------------------------------------------------------------

EmitterState::EmitterState(IntrusivePtr<BusCore> bus, std::vector<TopicBase*> topics, std::string name, Kind kind,
                           Origin origin)
    : bus_(std::move(bus)),
      topics_(std::move(topics)),
      waiting_(topics_.size()),
      name_(std::move(name)),
      kind_(kind),
      origin_(origin) {}

EmitterState::~EmitterState() = default;

const IntrusivePtr<ContextRegistry>& EmitterState::home_context() const noexcept { return bus_->registry(); }

void EmitterState::close() noexcept {
    if (is_open_.exchange(false, std::memory_order_acq_rel) && !defer()) bus_->remove_emitter(*this);
}

bool EmitterState::waits() const {
    for (std::size_t i = 0; i < topics_.size(); ++i) {
        const DomainGuard guard(*topics_[i]);
        if (waiting_[i].front() != nullptr) return true;
    }
    return false;
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
        const CertainGuard guard(*topics_[i]);
        for (EmitSpot& spot : waiting_[i]) doomed.add(spot.claim());
    }
}

void EmitterState::run_deferred() noexcept {
    bus_->remove_emitter(*this);
    release();
}

IntrusivePtr<EmitterState> BusCore::add_emitter(std::span<const Listed> types, EmitterOptions&& options,
                                                EmitterState::Kind kind, boost::system::error_code& error) {
    Aftermath after;
    IntrusivePtr<EmitterState> emitter;
    {
        const RegistrationGuard lock(mutex_);
        Gathered gathered(*this);
        const Order order = options.retain ? Order::of_retained : Order::of_each;
        if (!gather(types, order, gathered, error)) return {};
        std::vector<TopicBase*> topics;
        topics.reserve(types.size());
        for (const auto& target : gathered.targets) {
            topics.push_back(target.topic);
            if (target.topic->emitters != 0 && (options.exclusive || target.topic->has_exclusive_emitter))
                error = errc::emitter_exists;
        }
        if (error) return {};
        emitter = IntrusivePtr<EmitterState>::adopt(
            new EmitterState(IntrusivePtr<BusCore>(this), std::move(topics), std::move(options.name), kind,
                             Origin(static_cast<EmitterId>(emitters_ever_ % last_emitter_id + 1))));
        ++emitters_ever_;
        gathered.has_registered = true;
        for (TopicBase* topic : emitter->topics()) {
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
    end_under<RegistrationGuard>(mutex_, [&](Aftermath& after) {
        emitter.unlink();
        emitter.end_waiting(after);
        for (TopicBase* topic : emitter.topics()) {
            topic->has_exclusive_emitter = false;  // it was this one, if there was one
            lose_emitter(*topic, emitter.is_value(), after);
            retire_unused(*topic);
        }
    });
}

PayloadPool& BusCore::pool(TopicBase& topic) {
    const RegistrationGuard lock(mutex_);
    topic.make_pool();
    return topic.pool();
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
    const std::array listed{Listed{&payload.type()}};
    {
        const RegistrationGuard lock(mutex_);
        Gathered gathered(*this);
        if (gather(listed, Order::of_each, gathered, error)) {
            topic = gathered.targets.front().topic;
            if (topic->has_exclusive_emitter) error = errc::emitter_exists;
        }
        if (error) return EmitResult{.error = static_cast<errc>(error.value())};
        gathered.has_registered = true;
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
    const std::array listed{Listed{&type}};
    const RegistrationGuard lock(mutex_);
    Gathered gathered(*this);
    if (!gather(listed, Order::of_retained, gathered, error)) return nullptr;
    gathered.has_registered = true;
    TopicBase& topic = *gathered.targets.front().topic;
    retain(topic);
    const DomainGuard guard(topic);
    topic.add_watcher();
    return &topic;
}

// ---- subscriptions ----------------------------------------------------------------------------------------------

void BusCore::reserve(const SubscriptionOptions& options, std::size_t listed, Gathered& gathered) {
    for (const auto& target : gathered.targets) {
        const auto& [topic, place, kind] = target;
        topic->reserve_sinks(kind, listed);
        if (kind != SinkKind::listed) topic->make_pool();
        if (!topic->is_retained() || (kind == SinkKind::wildcard && !options.replay_retained)) continue;
        auto& replay = gathered.replays.emplace_back(Gathered::Replay{target, {}});
        if (kind != SinkKind::listed) replay.block = PayloadBlock(topic->pool());
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

IntrusivePtr<Mailbox> BusCore::add_subscription(std::span<const Listed> listed, std::size_t stride,
                                                SubscriptionOptions&& options, Refinement* given,
                                                const std::source_location& where) {
    std::unique_ptr<Refinement> refinement(given);
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
    if (wrong != nullptr) refuse_subscription(options, where, wrong);
    // made before the lock is taken, and destroyed after it, as the options are: what is in them is the user's
    Mailbox::Options settings{.wanted = options,
                              .where = where,
                              .bus = options_,
                              .slow_line = slow_line_,
                              .is_erased = is_erased,
                              .stride = stride,
                              .refinement = std::move(refinement)};
    boost::system::error_code error;
    Aftermath after;
    IntrusivePtr<Mailbox> mailbox;
    {
        const RegistrationGuard lock(mutex_);
        Gathered gathered(*this);
        if (gather(listed, Order::of_listed, gathered, error)) {
            reserve(options, listed.size(), gathered);
            settings.number = subscriptions_ever_ + 1;
            settings.subjects = std::span(gathered.members).first(listed.size());
            settings.topics = gathered.targets.size();
            settings.replay_room = gathered.replays.size();
            mailbox = Mailbox::create(std::move(settings));
            gathered.has_registered = connect(*mailbox, gathered, after);
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

bool BusCore::connect(Mailbox& mailbox, Gathered& gathered, Aftermath& after) noexcept {
    {
        const DomainGuard guard(mailbox.home());
        std::sort(gathered.replays.begin(), gathered.replays.end(), [](const auto& left, const auto& right) {
            return left.target.topic->retained_sequence() < right.target.topic->retained_sequence();
        });
        if (!gathered.replays.empty()) {
            const RegistrationMutex::Asking asking(mutex_);
            for (auto& [target, block] : gathered.replays)
                if (target.topic->retained_sequence() != 0)
                    target.topic->replay(mailbox, target.place, std::move(block), after);
        }
        if (after.has_thrown()) {  // its refinement, for a retained event: nobody has seen the subscription
            mailbox.end(Mailbox::State::closed, after);
            return false;
        }
        for (const auto& [topic, place, kind] : gathered.targets) topic->add(mailbox, place, kind, after);
    }
    ++subscriptions_ever_;
    mailbox.for_each_behaviour([&](Behaviour& behaviour, std::uint16_t place) { behaviour.add(mailbox, place); });
    subscriptions_.push_back(mailbox.in_bus);
    if (has_started_) resolve(mailbox, after);
    return true;
}

void BusCore::end_subscription(Mailbox& mailbox, Mailbox::State how) noexcept {
    end_under<RegistrationGuard>(mutex_, [&](Aftermath& after) { disconnect(mailbox, how, after); });
}

void BusCore::disconnect(Mailbox& mailbox, Mailbox::State how, Aftermath& after) noexcept {
    if (!mailbox.in_bus.is_linked()) return;
    {
        const DomainGuard guard(mailbox.home());
        const bool was_open = mailbox.state() == Mailbox::State::open;
        if (how == Mailbox::State::closed) {
            if (!mailbox.has_ended()) mailbox.end(how, after);
            if (mailbox.is_left_to_its_handler()) progress_.handlers_left.fetch_add(1, std::memory_order_acq_rel);
            gone_ += mailbox.figures();
        } else if (was_open) {
            mailbox.drain(after);
        }
        if (was_open) TopicBase::remove(mailbox, after);
        for (const Binding& binding : mailbox.bindings()) retire_if_unused(*binding.topic);
    }
    for (const Binding& binding : mailbox.bindings())
        if (!binding.topic->is_listed) binding.topic->empty_pool();
    mailbox.for_each_behaviour([&](Behaviour& behaviour, std::uint16_t place) { behaviour.remove(mailbox, place); });
    if (how == Mailbox::State::closed) mailbox.in_bus.unlink();
}

}  // namespace event::detail
