#include "machine.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <utility>

namespace model {

void Machine::received(int number, error_code error, std::span<const Received> all) {
    Operation operation;
    if (finish(number, "completes", operation) == nullptr) return;
    expect(!home_is_gone_, "receive {} completes without the bus's context", number);
    if (operation.fixed) {
        expect(is(error, *operation.fixed), "receive {}: {}, not {}", number, error,
               static_cast<int>(*operation.fixed));
    } else if (operation.limit == Operation::Limit::expired && error == boost::asio::error::timed_out) {
        expect(all.empty(), "receive {} timed out, and got something", number);
    } else if (operation.is_cancelled) {
        expect(error == boost::asio::error::operation_aborted, "receive {}: {}, not cancelled", number, error);
    } else {
        Subscription& subscription = model_.subscriptions.at(operation.queue);
        const std::size_t most = operation.kind == Kind::receive ? 1 : operation.most;
        const bool has_ended = most != 0 && subscription.has_ended();
        if (has_ended) {
            expect(error == subscription.end_reason(), "receive {}: {}, though it has ended", number, error);
        } else {
            expect(!error, "receive {}: {}", number, error);
            check_count(number, subscription, most, all.size());
            for (const Received& received : all) check_received(operation.target, received);
        }
        subscription.leave(number);
    }
    end_handler(operation.then);
}

void Machine::check_count(int number, Subscription& subscription, std::size_t most, std::size_t count) {
    const std::size_t expected = std::min(most, subscription.available(number));
    if (subscription.receivers.are_unsure) {
        expect(count <= std::min(most, subscription.queue.size()) && (count != 0 || most == 0),
               "receive {} got {} events", number, count);
    } else {
        expect(count == expected && (count != 0 || most == 0), "receive {} got {} events, not {}", number, count,
               expected);
    }
    subscription.receivers.forget(number);
}

void Machine::completed(int number, error_code error) {
    Operation operation;
    if (finish(number, "completes", operation) == nullptr) return;
    expect(!home_is_gone_, "{} {} completes without the bus's context", name_of(operation.kind), number);
    if (operation.fixed) {
        expect(is(error, *operation.fixed), "{} {}: {}", name_of(operation.kind), number, error);
        return end_handler(operation.then);
    }
    if (operation.is_cancelled) {
        expect(error == boost::asio::error::operation_aborted, "{} {}: {}, not cancelled", name_of(operation.kind),
               number, error);
        return end_handler(operation.then);
    }
    if (operation.kind == Kind::wait_newer) {
        Watcher& watcher = model_.watchers.at(operation.target);
        const bool has_ended = has_ended_by(watcher, error);
        expect(has_ended || model_.is_behind(watcher), "wait {} completes, and there is nothing new", number);
        expect(is(error, has_ended ? errc::closed : errc{}), "wait {}: {}", number, error);
        return end_handler(operation.then);
    }
    Subscription& subscription = model_.subscriptions.at(operation.queue);
    errc expected{};
    if (operation.kind == Kind::wait) {
        const bool is_kept_from = !subscription.receivers.are_unsure && subscription.available(number) == 0;
        expect(subscription.has_ended() || (subscription.is_readable() && !is_kept_from),
               "wait {} completes, and there is nothing to read", number);
        subscription.overlook(number);
        if (subscription.has_ended()) expected = subscription.end_reason();
    } else if (operation.kind == Kind::end) {
        expect(subscription.has_ended(), "the end {} of what has not ended", number);
        expected = subscription.end_reason();
    } else {
        using Readiness = Subscription::Readiness;
        const bool is_known = subscription.readiness != Readiness::unknown;
        expect(is_known || !subscription.is_open(), "readiness {} is not known", number);
        if (subscription.readiness == Readiness::no_emitters) expected = errc::no_emitters;
        if (!is_known) expected = subscription.end_reason();
    }
    expect(is(error, expected), "{} {}: {}, not {}", name_of(operation.kind), number, error,
           static_cast<int>(expected));
    end_handler(operation.then);
}

void Machine::emitted(int number, error_code error, const EmitResult& result) {
    Operation operation;
    if (finish(number, "completes", operation) == nullptr) return;
    check_teller(number);
    expect(!home_is_gone_, "emit {} completes without the bus's context", number);
    EmitResult expected;
    bool has_thrown = std::exchange(calling_->callback_threw, false) || operation.has_thrown;
    if (operation.fixed) {
        expect(is(error, *operation.fixed), "emit {}: {}", number, error);
        expected = operation.result;
    } else if (operation.is_cancelled) {
        expect(error == boost::asio::error::operation_aborted, "emit {}: {}, not cancelled", number, error);
    } else if (!*operation.emitter_is_open || model_.is_closed) {
        expect(error == errc::closed, "emit {}: {}, not closed", number, error);
        expected.error = errc::closed;
    } else {
        expect(!error, "emit {}: {}", number, error);
        expect(model_.has_room(operation.type, operation.number, operation.emitter), "emit {} completes without room",
               number);
        expected = model_.emit(operation.type, operation.number, operation.emitter);
        has_thrown = has_thrown || model_.user_code_threw;
        expect(expected.refused == 0 ||
                   !any(model_.subscriptions, [&](const auto& entry) { return entry.second.is_slow_due; }),
               "emit {} completes before it has told who is slow", number);
    }
    if (has_thrown) ++posted_;
    expect(is_same(result, expected), "emit {} of {}: {}, not {}", number, operation.number, result, expected);
    end_handler(operation.then);
}

void Machine::got(int number, error_code error, std::optional<Seen> seen) {
    Operation operation;
    if (finish(number, "completes", operation) == nullptr) return;
    expect(!home_is_gone_, "get {} completes without the bus's context", number);
    if (operation.fixed) {
        expect(is(error, *operation.fixed), "get {}: {}", number, error);
    } else if (operation.limit == Operation::Limit::expired && error == boost::asio::error::timed_out) {
        expect(!seen, "get {} timed out, and got something", number);
    } else if (operation.is_cancelled) {
        expect(error == boost::asio::error::operation_aborted, "get {}: {}, not cancelled", number, error);
    } else {
        Watcher& watcher = model_.watchers.at(operation.target);
        if (error) {
            expect(error == errc::closed && has_ended_by(watcher, error), "get {}: {}", number, error);
        } else {
            expect(!watcher.is_closed && model_.is_behind(watcher), "get {} got what is not new", number);
            const auto& newest = model_.newest(watcher);
            if (seen && newest) {
                expect(seen->number == newest->number, "get {} got {}, not {}", number, seen->number, newest->number);
                note_sequence(newest->order, seen->version);
                if (operation.kind == Kind::get_if)
                    expect(is_wanted(seen->number), "get {} got what was not wanted", number);
                model_.see(watcher);
            }
        }
    }
    end_handler(operation.then);
}

void Machine::pushed(int number, const Received& received) {
    const Subscribed& subscribed = subscriptions_.at(number);
    const std::uint8_t then = subscribed.then;
    expect(!home_is_gone_ && is_alive(subscribed.context), "a handler runs after its context");
    expect(is_at_home(subscribed.context, subscribed.is_on_strand), "the handler of {} runs elsewhere", number);
    expect(!model_.subscriptions.at(number).has_ended(), "a handler runs after the end");
    check_received(number, received);
    end_handler(then);
}

void Machine::check_received(int handle, const Received& received) {
    Subscribed& subscribed = subscriptions_.at(handle);
    const int number = subscribed.queue;
    const auto taken = model_.take(model_.subscriptions.at(number));
    expect(taken.has_value(), "subscription {} gave {}, and there was nothing", number, received.number);
    if (!taken) return;
    expect(taken->event.number == received.number && taken->index == received.index,
           "subscription {} gave {} (place {}), not {} (place {})", number, received.number, received.index,
           taken->event.number, taken->index);
    expect(taken->missed == received.missed, "subscription {} missed {} before {}, not {}", number, received.missed,
           received.number, taken->missed);
    expect(taken->is_replayed == received.is_replayed, "subscription {}: {} replayed or not", number, received.number);
    note_sequence(taken->event.order, received.sequence);
    expect(taken->event.type == started || taken->event.emitter == received.emitter, "{} is of emitter {}, not {}",
           received.number, received.emitter, taken->event.emitter);
    std::uint64_t& last = subscribed.last_sequence;
    expect(received.sequence >= last, "subscription {}: sequence {} after {}", number, received.sequence, last);
    last = received.sequence;
    if (!received.any) return;
    expect(received.any.name() == label_of(taken->event.type), "subscription {} gave a {}", number,
           received.any.name());
    held_[taken->event.type] = {received.any, taken->event};
}

void Machine::end_handler(std::uint8_t then) {
    act(then);
    if (!failure_.empty() || !throws(then)) return;
    handler_threw_ = true;
    throw Thrown();
}

void Machine::note_sequence(std::uint64_t order, std::uint64_t sequence) {
    const auto [known, is_new] = sequences_.emplace(order, sequence);
    expect(is_new || known->second == sequence, "event {} has the sequences {} and {}", order, known->second, sequence);
}

}  // namespace model
