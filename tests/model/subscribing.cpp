#include "machine.hpp"

#include <utility>

namespace model {

void Machine::subscribe(const Step& step) {
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
    wanted.number = next_++;
    const std::size_t context = choose_context(step.c / 24);
    if (wanted.is_push && is_alive(context)) {
        wanted.context = contexts_[context].get();
        if (step.b / 72 % 3 == 1) wanted.strand = &*strands_[context];
    }
    if (home_is_gone_ || wanted.context == nullptr) wanted.is_push = false;
    const bool replays = lists.front() != Listed::all || step.c / 48 % 2 == 0;
    subscription.is_filtered = wanted.is_filtered;
    subscription.throws = wanted.throws = step.a / 8 % 4 == 1;
    subscription.keys = wanted.keys;
    subscription.requires_emitters = step.b / 18 % 4 == 0;
    static const event::Backpressure policies[] = {event::Notify{}, event::Drop{}, event::DropOldest{},
                                                   event::Latest{}, event::Kill{}, event::Wait{}};
    wanted.options = {.capacity = subscription.capacity,
                      .on_full = policies[step.b % 6],
                      .name = name_of(wanted.number),
                      .require_emitters = subscription.requires_emitters,
                      .replay_retained = replays};
    const int number = wanted.number;
    const bool is_refused = policy == Policy::latest && (is_erased || wanted.keys != Keys::none);
    Subscribed& made = subscriptions_[number];
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

void Machine::end_subscription(const Step& step, int how) {
    auto* picked = pick(subscriptions_, step.a);
    if (picked == nullptr) return;
    const int number = picked->first;
    Subscription& subscription = model_.subscriptions.at(number);
    if (how == 0) {
        model_.close(subscription);
        picked->second.handle->close();
    } else if (how == 1) {
        model_.drain(subscription);
        picked->second.handle->drain();
    } else if (how == 3) {
        model_.close(subscription);
        picked->second.handle.reset();
        subscriptions_.erase(number);
    }
}

void Machine::try_receive(const Step& step) {
    auto* picked = pick(subscriptions_, step.a);
    if (picked == nullptr) return;
    Subscription& subscription = model_.subscriptions.at(picked->first);
    const auto received = picked->second.handle->try_receive();
    if (received) return check_received(picked->first, *received);
    const auto taken = model_.take(subscription);
    expect(!taken, "subscription {} gave nothing, not {}", picked->first, taken ? taken->event.number : 0);
}

void Machine::start_receive(const Step& step) {
    auto* picked = pick(subscriptions_, step.a);
    if (picked == nullptr) return;
    const int target = picked->first;
    const Subscription& subscription = model_.subscriptions.at(target);
    Operation operation{.kind = static_cast<Kind>(step.b % 3),
                        .target = target,
                        .context = choose_context(step.b / 3),
                        .most = step.b / 6 % 4U,
                        .is_on_strand = step.b / 24 % 3 == 1,
                        .then = step.c};
    if (operation.kind == Kind::receive) operation.limit = limit_of(step.b / 24);
    if (!is_alive(operation.context)) return;
    const Subscribed& subscribed = picked->second;
    if (subscribed.is_push && subscribed.has_handler && subscription.has_ended()) return;  // it may be going just now
    if (is_occupied(target, false) || (subscribed.is_push && subscribed.has_handler))
        operation.fixed = errc::concurrent_receive;
    const int number = begin(operation);
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
