#include "bus/gathered.hpp"

#include <event/detail/bus/bus_core.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

/// How emitters register with a bus, and leave it.

namespace event::detail {

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

/// What the topics are to retain beside their newest event: from `retain_by`, or the last few.
static Histories histories_of(std::span<const Listed> types, const EmitterOptions& options, Histories&& given) {
    const auto refuse = [&](std::string_view why) {
        throw std::invalid_argument(fmt::format("event: emitter '{}': {}", options.name, why));
    };
    if (options.retain_last == 0) refuse("retain_last must be at least 1");
    if (options.retain_last == 1) return std::move(given);
    if (!options.retain) refuse("retain_last is for retain");
    if (!given.empty()) refuse("it has both retain_last and retain_by");
    given.reserve(types.size());
    for (const Listed& type : types) given.push_back(std::make_unique<History>(*type.event, options.retain_last));
    return std::move(given);
}

IntrusivePtr<EmitterState> BusCore::add_emitter(std::span<const Listed> types, EmitterOptions&& options,
                                                EmitterState::Kind kind, boost::system::error_code& error,
                                                Histories&& given) {
    Histories histories = histories_of(types, options, std::move(given));
    Histories unused;  // both are destroyed after the mutex was given back: a key is the user's
    Aftermath after;
    IntrusivePtr<EmitterState> emitter;
    {
        const RegistrationGuard lock(mutex_);
        Gathered gathered(*this, types);
        const Order order = options.retain || !histories.empty() ? Order::of_retained : Order::of_each;
        if (!gather(order, gathered, error)) return {};
        std::vector<TopicBase*> topics;
        topics.reserve(types.size());
        for (const auto& target : gathered.targets) {
            topics.push_back(target.topic);
            if (target.topic->emitters != 0 && (options.exclusive || target.topic->has_exclusive_emitter))
                error = errc::emitter_exists;
        }
        if (error) return {};
        if (make_ready(topics, histories, unused, after)) {
            emitter = IntrusivePtr<EmitterState>::adopt(
                new EmitterState(IntrusivePtr<BusCore>(this), std::move(topics), std::move(options.name), kind,
                                 Origin(static_cast<EmitterId>(emitters_ever_ % last_emitter_id + 1))));
            ++emitters_ever_;
            gathered.has_registered = true;
            for (std::size_t i = 0; TopicBase * topic : emitter->topics()) {
                const bool has_history = !histories.empty() && histories[i];
                topic->has_exclusive_emitter = options.exclusive;
                if (has_history) {
                    retain(*topic, histories[i]);
                } else if (options.retain) {
                    retain(*topic);
                }
                gain_emitter(*topic, emitter->is_value(), after);
                ++i;
            }
            emitters_.push_back(*emitter);
        }
    }
    after.settle();
    return emitter;
}

bool BusCore::make_ready(std::span<TopicBase* const> topics, const Histories& histories, Histories& unused,
                         Aftermath& after) {
    unused.reserve(histories.size());
    for (std::size_t i = 0; i < histories.size(); ++i) {
        if (!histories[i]) continue;
        TopicBase& topic = *topics[i];
        const RegistrationMutex::Asking asking(mutex_);
        const bool is_free = topic.may_retain(*histories[i], after);
        if (after.has_thrown()) return false;
        if (!is_free)
            throw std::invalid_argument(fmt::format("event: {} is retained otherwise already", topic.label()));
        topic.make_pool();
        unused.push_back(topic.take_unused_history());
    }
    return true;
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
        Gathered gathered(*this, listed);
        if (gather(Order::of_each, gathered, error)) {
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

}  // namespace event::detail
