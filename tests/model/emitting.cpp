#include "machine.hpp"

#include <utility>

namespace model {

void Machine::make_emitter(const Step& step) {
    if (emitters_.size() >= most_of_a_kind) return close_emitter(step, true);
    const auto type = static_cast<Type>(step.a % started);
    const bool retain = step.b % 4 == 0, exclusive = step.b % 16 == 1;
    const errc expected = model_.add_emitter(type, retain, exclusive);
    error_code error;
    auto handle = model::make_emitter(*bus_, type, {.retain = retain, .exclusive = exclusive}, error);
    expect(is(error, expected), "an emitter: {}", error);
    if (!error) emitters_.emplace(next_++, Emitting{std::move(handle), type});
}

void Machine::close_emitter(const Step& step, bool destroys) {
    auto* picked = pick(emitters_, step.a);
    if (picked == nullptr) return;
    Emitting& emitter = picked->second;
    if (std::exchange(*emitter.is_open, false)) model_.remove_emitter(emitter.type);
    emitter.handle->close();
    if (destroys && depth_ == 1) emitters_.erase(picked->first);  // it may be emitting else
}

bool Machine::is_like_library(const Bus& model) const {
    for (const auto& [handle, subscribed] : subscriptions_) {
        if (subscribed.handle == nullptr) continue;
        const Subscription& subscription = model.subscriptions.at(subscribed.queue);
        const event::SubscriptionStat stat = subscribed.handle->stat();
        if (stat.size != subscription.queue.size() || stat.lost != subscription.figures.lost ||
            stat.gap != subscription.gap)
            return false;
    }
    return true;
}

template <class Call>
void Machine::quietly(Call&& call) {
    is_quiet_ = true;
    quiet_calls_.clear();
    call();
    is_quiet_ = false;
}

EmitResult Machine::emit_as_library_did(Type type, int number, event::EmitterId emitter) {
    std::vector<int> queues;
    for (const auto& [id, subscription] : model_.subscriptions) {
        if (subscription.is_open() && subscription.policy == Policy::wait && subscription.hears(type))
            queues.push_back(id);
    }
    // each of them takes none, one, or two of its places
    std::size_t ways = 1;
    for (std::size_t i = 0; i < queues.size(); ++i) ways *= 3;
    for (std::size_t way = ways; way-- > 0;) {
        Accepts accepts;
        std::size_t left = way;
        for (const int queue : queues) {
            accepts[queue] = static_cast<int>(left % 3);
            left /= 3;
        }
        Bus after = model_;
        const EmitResult result = after.emit(type, number, emitter, accepts);
        if (!is_like_library(after)) continue;
        model_ = std::move(after);
        for (const int called : quiet_calls_) {
            bool& is_due = model_.subscriptions.at(called).is_slow_due;
            expect(std::exchange(is_due, false), "subscription {} is told to be slow", called);
        }
        for (auto& [id, subscription] : model_.subscriptions)
            expect(!std::exchange(subscription.is_slow_due, false), "subscription {} is not told to be slow", id);
        return result;
    }
    expect(false, "an emit beside waiting ones did what it could not do");
    return {};
}

void Machine::emit(const Step& step) {
    auto* picked = pick(emitters_, step.a);
    if (picked == nullptr) return;
    const Type type = picked->second.type;
    AnyEmitter& handle = *picked->second.handle;
    const event::EmitterId emitter = handle.id();
    const int number = next_number_++ * 2 + step.b % 3;
    EmitResult expected, result;
    Outcome outcome;
    bool throws = false;
    const auto call = [&] { result = handle.emit(number); };
    if (!*picked->second.is_open) {
        expected.error = errc::closed;
        outcome = guarded(call);
    } else if (copy_throws(type, number) && (model_.is_closed || model_.is_wanted(type))) {
        throws = true;  // nobody gets any of it
        outcome = guarded(call);
    } else if (somebody_waits_beside(type) && !model_.is_closed) {
        if (depth_ > 1) return;  // an outer call of the library is in progress
        quietly([&] { outcome = guarded(call); });
        expected = emit_as_library_did(type, number, emitter);
        throws = model_.user_code_threw;
    } else {
        expected = model_.emit(type, number, emitter);
        throws = model_.user_code_threw;
        // a callback may destroy it
        outcome = guarded(call);
    }
    expect_thrown(outcome, throws);
    expect(outcome.threw || is_same(result, expected), "emit of {}: {}, not {}", number, result, expected);
}

void Machine::emit_all(const Step& step) {
    auto* picked = pick(emitters_, step.a);
    if (picked == nullptr || !*picked->second.is_open) return;
    const Type type = picked->second.type;
    if (somebody_waits_beside(type)) return;
    const std::size_t count = step.b % 4;
    const event::EmitterId emitter = picked->second.handle->id();
    const int first = next_number_ * 2;
    next_number_ += static_cast<int>(count);
    EmitResult expected, result;
    bool throws = false;
    for (std::size_t i = 0; i < count && (model_.is_closed || model_.is_wanted(type)); ++i)
        throws = throws || copy_throws(type, first + static_cast<int>(i));
    for (std::size_t i = 0, all = throws ? 0 : count; i < all; ++i) {
        expected += model_.emit(type, first + static_cast<int>(i), emitter);
        throws = throws || model_.user_code_threw;
    }
    const Outcome outcome = guarded([&] { result = picked->second.handle->emit_all(first, count); });
    expect_thrown(outcome, throws);
    expect(outcome.threw || is_same(result, expected), "emit_all of {} from {}: {}, not {}", count, first, result,
           expected);
}

void Machine::pass(const Step& step) {
    auto* picked = pick(held_, step.a);
    if (picked == nullptr) return;
    const Held held = picked->second;
    const Type type = held.event.type;
    if (somebody_waits_beside(type)) return;
    const EmitResult expected = model_.begin_passing(held.event);
    const bool throws = model_.user_code_threw;
    EmitResult result;
    const Outcome outcome = guarded([&] { result = bus_->emit(held.any); });
    if (expected.error == errc{}) model_.end_passing(type);
    expect_thrown(outcome, expected.error == errc{} && throws);
    expect(outcome.threw || is_same(result, expected), "{} passes by: {}, not {}", held.event.number, result, expected);
}

void Machine::async_emit(const Step& step) {
    auto* picked = pick(emitters_, step.a);
    if (picked == nullptr) return;
    Emitting& emitter = picked->second;
    const std::size_t context = choose_context(step.b);
    if (!is_alive(context)) return;
    const int number = next_number_++ * 2 + step.c % 2;
    const Type type = emitter.type;
    const int operation = begin({.kind = Kind::emit,
                                 .target = picked->first,
                                 .context = context,
                                 .is_on_strand = step.b / 2 % 4 == 1,
                                 .then = step.c,
                                 .type = emitter.type,
                                 .number = number,
                                 .emitter = emitter.handle->id(),
                                 .arrival = ++arrivals_,
                                 .emitter_is_open = emitter.is_open});
    Operation& waiting = operations_.at(operation);
    const Handling handling = this->handling(operation);
    // what a filter throws goes with what a callback does
    const auto start = [&](bool throws = false) {
        const Outcome outcome = guarded([&] { emitter.handle->async_emit(handling, number); });
        expect(!outcome.threw, "an emit that may wait throws");
        if (throws || outcome.callback_threw) ++posted_;
    };
    if (*emitter.is_open && copy_throws(type, number)) {
        waiting.may_be_destroyed = true;
        const Outcome outcome = guarded([&] { emitter.handle->async_emit(handling, number); });
        return expect(outcome.threw && !operations_.contains(operation), "an event that cannot be copied is emitted");
    }
    if (!*emitter.is_open || model_.is_closed) {
        waiting.fixed = waiting.result.error = errc::closed;
        return start();
    }
    const bool is_uncertain = any(operations_, [&](const auto& entry) {
        return entry.first != operation && entry.second.kind == Kind::emit && !entry.second.fixed &&
               share_queue(entry.second.type, emitter.type);
    });
    if (is_uncertain) {  // whether it waits: the library says
        if (depth_ > 1) {
            operations_.erase(operation);
            return;
        }
        const std::uint64_t before = stat(*bus_, emitter.type).emitted;
        quietly(start);
        if (stat(*bus_, type).emitted == before) return;  // it waits
        const EmitResult result = emit_as_library_did(type, number, emitter.handle->id());
        if (const auto found = operations_.find(operation); found != operations_.end()) {
            found->second.fixed = errc{};
            found->second.result = result;
        }
        if (model_.user_code_threw) ++posted_;
        return;
    }
    if (!model_.is_wanted(emitter.type) || model_.has_room(emitter.type, number, waiting.emitter)) {
        waiting.fixed = errc{};
        waiting.result = model_.emit(type, number, waiting.emitter);
        return start(model_.user_code_threw);
    }
    start();
}

void Machine::told_slow(const event::SlowSubscriber& slow) {
    if (failure_ == "over") return;
    const int number = std::stoi(slow.name.substr(1));
    if (is_quiet_) {
        quiet_calls_.push_back(number);
        return;
    }
    if (!model_.subscriptions.at(number).is_slow_due) find_teller(number);
    Subscription& now = model_.subscriptions.at(number);
    expect(std::exchange(now.is_slow_due, false), "subscription {} is told to be slow", number);
    expect(slow.lost == now.figures.lost && slow.episodes == now.episodes && slow.capacity == now.capacity,
           "subscription {} is told other figures", number);
    const auto found = std::find_if(subscriptions_.begin(), subscriptions_.end(),
                                    [&](const auto& entry) { return entry.second.queue == number; });
    if (found == subscriptions_.end()) return;
    const std::uint8_t then = found->second.then;
    act(then);
    if (!failure_.empty() || !throws(then)) return;
    if (calling_ != nullptr) calling_->callback_threw = true;
    throw Thrown();
}

void Machine::find_teller(int subscription) {
    if (teller_ != 0) return;
    const bool is_known = tellers_known_ < tellers_.size();
    for (auto& [number, operation] : operations_) {
        if (is_known && number != tellers_[tellers_known_]) continue;
        if (!may_emit(operation) || operation.context != running_) continue;
        Bus after = model_;
        const EmitResult result = after.emit(operation.type, operation.number, operation.emitter);
        if (!after.subscriptions.at(subscription).is_slow_due || !is_like_library(after)) continue;
        model_ = std::move(after);
        operation.fixed = errc{};
        operation.result = result;
        operation.has_thrown = model_.user_code_threw;
        teller_ = number;
        if (!is_known) tellers_.push_back(number);
        ++tellers_known_;
        return;
    }
}

void Machine::check_teller(int operation) {
    if (teller_ == 0 || std::exchange(teller_, 0) == operation) return;
    tellers_.resize(tellers_known_);
    tellers_.back() = operation;
    was_misled_ = true;
    if (failure_.empty())
        failure_ = fmt::format("emit {} has told who is slow, not the one that was thought of", operation);
}

void Machine::check_callbacks() {
    if (depth_ != 0) return;
    for (auto& [number, subscription] : model_.subscriptions)
        expect(!std::exchange(subscription.is_slow_due, false), "subscription {} is not told to be slow", number);
}

}  // namespace model
