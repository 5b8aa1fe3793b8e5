#include "machine.hpp"

#include <utility>

namespace model {

void Machine::choose(const Step& step, Wanted& wanted, Subscription& subscription) {
    const int choice = step.a / 32;
    auto* emitter = pick(emitters_, step.c);
    if (choice < 2) {
        wanted.is_push = true;
        subscription.receivers.runs = wanted.options.concurrency = static_cast<std::size_t>(choice) + 2;
    } else if (choice < 4 && emitter != nullptr) {
        wanted.not_from = emitter->second.handle->not_from();
        subscription.excluded = emitter->second.handle->id();
    } else if (choice < 6) {
        wanted.is_filtered = true;
        if (wanted.keys == Keys::merged) wanted.keys = Keys::newest;
        wanted.asks = static_cast<Asks>(1 + step.b / 6 % 3);
        // who is waited for says the same of the same event each time
        if (subscription.policy == Policy::wait && wanted.asks == Asks::whether_missed) wanted.asks = Asks::whose;
        wanted.asks_for = emitter != nullptr ? emitter->second.handle->id() : 0;
    } else {
        subscription.policy = Policy::kill;
        subscription.patience = 5 * (choice - 5);
        wanted.options.on_full = event::Kill{.after = std::chrono::milliseconds(subscription.patience)};
    }
}

void Machine::subscribe(const Step& step, bool is_special) {
    if (subscriptions_.size() >= most_of_a_kind) return end_subscription(step, 3);
    Wanted wanted{.menu = step.a % menus.size()};
    const auto policy = static_cast<Policy>(step.b % 6);
    const std::vector<Listed>& lists = menus[wanted.menu];
    const bool is_erased = lists.back() >= Listed::behaviour;
    Subscription subscription{.lists = lists, .policy = policy, .capacity = 1U + step.b / 6 % 3};
    switch (step.c % 8) {
        case 0:
            wanted.keys = Keys::newest;
            break;
        case 1:
            wanted.keys = is_erased ? Keys::newest : Keys::merged;
            break;
        case 2:
            wanted.keys = Keys::newest;
            wanted.is_filtered = true;
            break;
        case 3:
            wanted.is_filtered = true;
            break;
        default:
            break;
    }
    wanted.is_push = step.c / 8 % 3 == 0;
    static const event::Backpressure policies[] = {event::Notify{}, event::Drop{}, event::DropOldest{},
                                                   event::Latest{}, event::Kill{}, event::Wait{}};
    wanted.options.on_full = policies[step.b % 6];
    if (is_special) choose(step, wanted, subscription);
    wanted.number = next_++;
    const std::size_t context = choose_context(step.c / 24);
    if (wanted.is_push && is_alive(context)) {
        wanted.context = contexts_[context].get();
        if (step.b / 72 % 3 == 1) wanted.strand = &*strands_[context];
    }
    if (home_is_gone_ || wanted.context == nullptr) wanted.is_push = false;
    if (!wanted.is_push) subscription.receivers.runs = wanted.options.concurrency = 1;
    subscription.receivers.are_several = subscription.receivers.runs > 1;
    const bool replays = lists.front() != Listed::all || step.c / 48 % 2 == 0;
    subscription.is_filtered = wanted.is_filtered;
    subscription.throws = wanted.throws = step.a / 8 % 4 == 1;
    subscription.asks = wanted.asks;
    subscription.asks_for = wanted.asks_for;
    subscription.keys = wanted.keys;
    subscription.requires_emitters = step.b / 18 % 4 == 0;
    wanted.options.capacity = subscription.capacity;
    wanted.options.name = name_of(wanted.number);
    wanted.options.require_emitters = subscription.requires_emitters;
    wanted.options.replay_retained = replays;
    const int number = wanted.number;
    const bool is_refused = subscription.policy == Policy::latest && (is_erased || wanted.keys != Keys::none);
    Subscribed& made = subscriptions_[number];
    made.queue = number;
    made.is_push = wanted.is_push;
    made.context = context;
    made.is_on_strand = wanted.strand != nullptr;
    made.has_handler = wanted.is_push;
    made.then = static_cast<std::uint8_t>(step.c ^ step.b);
    bool throws = false;
    if (!is_refused && !model_.is_closed) {
        model_.subscribe(number, subscription, replays);
        throws = model_.user_code_threw;
    }
    try {
        auto handle = model::subscribe(*bus_, *this, std::move(wanted));
        subscriptions_.at(number).handle = std::move(handle);
        expect(!is_refused && !model_.is_closed && !throws, "a subscription that cannot be");
    } catch (const Thrown&) {
        expect(throws, "a subscription throws");
    } catch (const std::invalid_argument&) {
        expect(is_refused, "a subscription is refused");
    } catch (const boost::system::system_error& error) {
        expect(error.code() == errc::closed && model_.is_closed, "a subscription is refused: {}", error.what());
    }
    if (subscriptions_.at(number).handle == nullptr) subscriptions_.erase(number);
}

void Machine::share(const Step& step) {
    if (subscriptions_.size() >= most_of_a_kind) return end_subscription(step, 3);
    auto* picked = pick(subscriptions_, step.a);
    if (picked == nullptr) return;
    const Subscribed& shared = picked->second;
    Subscription& subscription = model_.subscriptions.at(shared.queue);
    const int pending = receiving(picked->first);
    // when a limit passes that is over, and something goes to the next one, only the library knows
    if (pending != 0 && operations_.at(pending).limit == Operation::Limit::expired) return;
    std::unique_ptr<AnySubscription> handle;
    try {
        handle = shared.handle->share();
        expect(!shared.is_push, "what a handler empties is shared");
    } catch (const boost::system::system_error& error) {
        return expect(shared.is_push && error.code() == errc::concurrent_receive, "to share is refused: {}",
                      error.what());
    }
    Receivers& receivers = subscription.receivers;
    ++receivers.handles;
    if (!std::exchange(receivers.are_several, true) && pending != 0 && !operations_.at(pending).is_cancelled) {
        const bool takes_nothing =
            operations_.at(pending).kind == Kind::receive_some && operations_.at(pending).most == 0;
        if (!takes_nothing || !subscription.queue.empty()) subscription.line_up(pending);
        if (somebody_waits_for_room(subscription)) receivers.are_unsure = true;
    }
    const int number = next_++;
    Subscribed& made = subscriptions_[number];
    made.handle = std::move(handle);
    made.queue = shared.queue;
    made.then = step.c;
}

void Machine::end_subscription(const Step& step, int how) {
    auto* picked = pick(subscriptions_, step.a);
    if (picked == nullptr) return;
    const int number = picked->first;
    Subscription& subscription = model_.subscriptions.at(picked->second.queue);
    if (how == 0) {
        model_.close(subscription);
        picked->second.handle->close();
    } else if (how == 1) {
        model_.drain(subscription);
        picked->second.handle->drain();
    } else if (how == 3) {
        if (subscription.receivers.handles == 1) {
            model_.close(subscription);
        } else {
            --subscription.receivers.handles;
            if (const int pending = receiving(number); pending != 0) cancel_receiving(pending, operations_.at(pending));
        }
        picked->second.handle.reset();
        subscriptions_.erase(number);
    }
}

void Machine::try_receive(const Step& step) {
    auto* picked = pick(subscriptions_, step.a);
    if (picked == nullptr) return;
    Subscription& subscription = model_.subscriptions.at(picked->second.queue);
    const int pending = receiving(picked->first);
    const auto received = picked->second.handle->try_receive();
    const bool is_sure = !subscription.receivers.are_unsure && subscription.receivers.runs == 1;
    const bool is_there = subscription.available(pending) != 0;
    expect(!is_sure || is_there == received.has_value(), "subscription {} gave something, or kept it: {}",
           picked->first, received.has_value());
    if (received) {
        check_received(picked->first, *received);
        if (pending != 0) subscription.lose_served(pending);
    } else if (subscription.queue.empty()) {
        static_cast<void>(model_.take(subscription));
    }
}

void Machine::start_receive(const Step& step) {
    auto* picked = pick(subscriptions_, step.a);
    if (picked == nullptr) return;
    const int target = picked->first;
    Subscription& subscription = model_.subscriptions.at(picked->second.queue);
    Operation operation{.kind = static_cast<Kind>(step.b % 3),
                        .target = target,
                        .queue = picked->second.queue,
                        .context = choose_context(step.b / 3),
                        .most = step.b / 6 % 4U,
                        .is_on_strand = step.b / 24 % 3 == 1,
                        .then = step.c};
    if (operation.kind == Kind::receive) operation.limit = limit_of(step.b / 24);
    if (operation.limit == Operation::Limit::expired && subscription.receivers.are_several) operation.limit = {};
    if (!is_alive(operation.context)) return;
    const Subscribed& subscribed = picked->second;
    if (subscribed.is_push && subscribed.has_handler && subscription.has_ended()) return;  // it may be going just now
    if (is_occupied(target, false) || (subscribed.is_push && subscribed.has_handler))
        operation.fixed = errc::concurrent_receive;
    const bool takes_nothing = operation.kind == Kind::receive_some && operation.most == 0;
    const int number = begin(operation);
    if (!operation.fixed && !takes_nothing) {
        subscription.line_up(number);
        if (somebody_waits_for_room(subscription)) subscription.receivers.are_unsure = true;
    }
    const Handling handling = this->handling(number);
    switch (operation.kind) {
        case Kind::receive:
            if (operation.limit == Operation::Limit::none) return subscribed.handle->receive(handling);
            return subscribed.handle->receive_for(handling, duration_of(operation.limit));
        case Kind::receive_some:
            return subscribed.handle->receive_some(handling, operation.most);
        default:
            return subscribed.handle->wait(handling);
    }
}

void Machine::start_beside(const Step& step) {
    auto* picked = pick(subscriptions_, step.a);
    if (picked == nullptr) return;
    Operation operation{.kind = step.b % 2 == 0 ? Kind::end : Kind::readiness,
                        .target = picked->first,
                        .queue = picked->second.queue,
                        .context = choose_context(step.b / 2),
                        .is_on_strand = step.b / 4 % 3 == 1,
                        .then = step.c};
    if (!is_alive(operation.context)) return;
    const int number = begin(operation);
    const Handling handling = this->handling(number);
    if (operation.kind == Kind::end) {
        picked->second.handle->wait_for_end(handling);
    } else {
        picked->second.handle->wait_for_start(handling);
    }
}

}  // namespace model
