#include "machine.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace model {
namespace {

constexpr int deepest = 3;  // handlers that act inside handlers that act …
constexpr std::size_t most_of_a_kind = 6;

const char* name_of(Operation::Kind kind) {
    constexpr const char* names[] = {"receive", "receive_some", "wait",   "end",       "readiness",
                                     "emit",    "get",          "get_if", "wait_newer"};
    return names[static_cast<std::size_t>(kind)];
}

std::string text_of(const EmitResult& result) {
    return fmt::format("{} subscribers, {} delivered, {} rejected, {} refused, {} displaced, {} killed, error {}",
                       result.subscribers, result.delivered, result.rejected, result.refused, result.displaced,
                       result.killed, static_cast<int>(result.error));
}

/// Whether they say the same; of no events, an error is neither there nor not.
bool operator==(const EmitResult& left, const EmitResult& right) { return text_of(left) == text_of(right); }

bool is(error_code error, errc expected) { return expected == errc{} ? !error : error == expected; }

template <class Container, class Predicate>
bool any(const Container& container, Predicate&& predicate) {
    return std::any_of(container.begin(), container.end(), std::forward<Predicate>(predicate));
}

}  // namespace

Machine::Machine() {
    for (auto& context : contexts_) context = std::make_unique<boost::asio::io_context>();
    bus_ = std::make_unique<event::EventBus>(
        *contexts_[0],
        event::BusOptions{.on_slow_subscriber = [this](const event::SlowSubscriber& slow) { told_slow(slow); }});
    // a type that nobody has named yet has no figures
    for (const Type type : {ping, pong, note}) {
        error_code error;
        static_cast<void>(model::make_emitter(*bus_, type, {}, error));
    }
    static_cast<void>(bus_->emitter<event::BusStarted>());
}

Machine::~Machine() {
    // nothing is compared any more; what handlers tell now is not listened to
    failure_ = "over";
    depth_ = deepest;
    subscriptions_.clear();
    watchers_.clear();
    emitters_.clear();
    bus_.reset();
    for (auto& context : contexts_) context.reset();
    operations_.clear();
}

// ---- what there is ----------------------------------------------------------------------------------------------

std::size_t Machine::choose_context(std::uint8_t which) const {
    const std::size_t wanted = which % 2;
    return is_alive(wanted) ? wanted : 1 - wanted;
}

int Machine::begin(Operation operation) {
    operation.signal = std::make_shared<boost::asio::cancellation_signal>();
    const int number = next_++;
    operations_.emplace(number, std::move(operation));
    return number;
}

bool Machine::is_occupied(int target, bool of_watcher) const {
    return any(operations_, [&](const auto& entry) {
        const Operation& operation = entry.second;
        const bool is_there = of_watcher ? is_of_watcher(operation.kind) : is_receive(operation.kind);
        return is_there && operation.target == target && !operation.fixed;
    });
}

bool Machine::share_queue(Type left, Type right) const {
    return any(model_.subscriptions, [&](const auto& entry) {
        const Subscription& subscription = entry.second;
        return subscription.is_open() && subscription.policy == Policy::wait && !subscription.hears(left).empty() &&
               !subscription.hears(right).empty();
    });
}

bool Machine::somebody_waits_beside(Type type) const {
    return any(operations_, [&](const auto& entry) {
        const Operation& other = entry.second;
        return other.kind == Kind::emit && !other.fixed && share_queue(other.type, type);
    });
}

bool Machine::may_emit(const Operation& operation) const {
    return operation.kind == Kind::emit && !operation.fixed && !operation.is_cancelled && *operation.emitter_is_open &&
           !model_.is_closed && model_.has_room(operation.type);
}

bool Machine::is_due(const Operation& operation) const {
    if (operation.fixed || operation.is_cancelled) return true;
    switch (operation.kind) {
        case Kind::receive:
        case Kind::receive_some:
        case Kind::wait:
            return model_.subscriptions.at(operation.target).is_readable() ||
                   (operation.kind == Kind::receive_some && operation.most == 0);
        case Kind::end:
            return model_.subscriptions.at(operation.target).has_ended();
        case Kind::readiness: {
            const Subscription& subscription = model_.subscriptions.at(operation.target);
            return subscription.readiness != Subscription::Readiness::unknown || !subscription.is_open();
        }
        case Kind::emit: {
            if (!*operation.emitter_is_open || model_.is_closed) return true;
            if (!model_.has_room(operation.type)) return false;
            return !any(operations_, [&](const auto& entry) {
                const Operation& other = entry.second;
                return other.kind == Kind::emit && !other.fixed && other.arrival < operation.arrival &&
                       share_queue(other.type, operation.type);
            });
        }
        case Kind::get:
        case Kind::wait_newer:
        case Kind::get_if: {
            const Watcher& watcher = model_.watchers.at(operation.target);
            if (model_.has_ended(watcher)) return true;
            if (!model_.is_behind(watcher)) return false;
            if (watcher.may_have_seen && !is_wanted(model_.newest(watcher)->number)) return false;
            return operation.kind != Kind::get_if || is_wanted(model_.newest(watcher)->number);
        }
    }
    return false;
}

// ---- completions ------------------------------------------------------------------------------------------------

Operation* Machine::finish(int number, const char* how, Operation& storage) {
    const auto found = operations_.find(number);
    expect(found != operations_.end(), "operation {} {}, which is over", number, how);
    if (found == operations_.end()) return nullptr;
    storage = std::move(found->second);
    operations_.erase(found);
    return &storage;
}

void Machine::destroyed(int number) {
    if (number < 0) {  // a push handler
        if (const auto found = subscriptions_.find(-number); found != subscriptions_.end())
            found->second.has_handler = false;
        return;
    }
    Operation operation;
    if (failure_ == "over" || finish(number, "is destroyed", operation) == nullptr) return;
    const bool may_die = home_is_gone_ || dying_[operation.context] != 0 || !is_alive(operation.context);
    expect(may_die, "{} {} is destroyed, though its contexts live", name_of(operation.kind), number);
}

void Machine::received(int number, error_code error, std::span<const Received> all) {
    Operation operation;
    if (finish(number, "completes", operation) == nullptr) return;
    expect(!home_is_gone_, "receive {} completes without the bus's context", number);
    if (operation.fixed) {
        expect(is(error, *operation.fixed), "receive {}: {}, not {}", number, error.message(),
               static_cast<int>(*operation.fixed));
    } else if (operation.is_cancelled) {
        expect(error == boost::asio::error::operation_aborted, "receive {}: {}, not cancelled", number,
               error.message());
    } else {
        Subscription& subscription = model_.subscriptions.at(operation.target);
        const std::size_t most = operation.kind == Kind::receive ? 1 : operation.most;
        const bool has_ended = most != 0 && subscription.has_ended();
        if (has_ended) {
            expect(error == subscription.end_reason(), "receive {}: {}, though it has ended", number, error.message());
        } else {
            expect(!error, "receive {}: {}", number, error.message());
            const std::size_t count = std::min(most, subscription.queue.size());
            expect(all.size() == count, "receive {} got {} events, not {}", number, all.size(), count);
            for (const Received& received : all) check_received(operation.target, received);
        }
    }
    act(operation.then);
}

void Machine::completed(int number, error_code error) {
    Operation operation;
    if (finish(number, "completes", operation) == nullptr) return;
    expect(!home_is_gone_, "{} {} completes without the bus's context", name_of(operation.kind), number);
    if (operation.fixed) {
        expect(is(error, *operation.fixed), "{} {}: {}", name_of(operation.kind), number, error.message());
        return act(operation.then);
    }
    if (operation.is_cancelled) {
        expect(error == boost::asio::error::operation_aborted, "{} {}: {}, not cancelled", name_of(operation.kind),
               number, error.message());
        return act(operation.then);
    }
    if (operation.kind == Kind::wait_newer) {
        const Watcher& watcher = model_.watchers.at(operation.target);
        const bool has_ended = model_.has_ended(watcher);
        expect(has_ended || model_.is_behind(watcher), "wait {} completes, and there is nothing new", number);
        expect(is(error, has_ended ? errc::closed : errc{}), "wait {}: {}", number, error.message());
        return act(operation.then);
    }
    const Subscription& subscription = model_.subscriptions.at(operation.target);
    errc expected{};
    if (operation.kind == Kind::wait) {
        expect(subscription.is_readable(), "wait {} completes, and there is nothing to read", number);
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
    expect(is(error, expected), "{} {}: {}, not {}", name_of(operation.kind), number, error.message(),
           static_cast<int>(expected));
    act(operation.then);
}

void Machine::emitted(int number, error_code error, const EmitResult& result) {
    Operation operation;
    if (finish(number, "completes", operation) == nullptr) return;
    expect(!home_is_gone_, "emit {} completes without the bus's context", number);
    EmitResult expected;
    if (operation.fixed) {
        expect(is(error, *operation.fixed), "emit {}: {}", number, error.message());
        expected = operation.result;
    } else if (operation.is_cancelled) {
        expect(error == boost::asio::error::operation_aborted, "emit {}: {}, not cancelled", number, error.message());
    } else if (!*operation.emitter_is_open || model_.is_closed) {
        expect(error == errc::closed, "emit {}: {}, not closed", number, error.message());
        expected.error = errc::closed;
    } else {
        expect(!error, "emit {}: {}", number, error.message());
        expect(model_.has_room(operation.type), "emit {} completes without room", number);
        expected = model_.emit(operation.type, operation.number);
        expect(expected.refused == 0 ||
                   !any(model_.subscriptions, [&](const auto& entry) { return entry.second.is_slow_due; }),
               "emit {} completes before it has told who is slow", number);
    }
    expect(result == expected, "emit {} of {}: {}, not {}", number, operation.number, text_of(result),
           text_of(expected));
    act(operation.then);
}

void Machine::got(int number, error_code error, std::optional<Seen> seen) {
    Operation operation;
    if (finish(number, "completes", operation) == nullptr) return;
    expect(!home_is_gone_, "get {} completes without the bus's context", number);
    if (operation.fixed) {
        expect(is(error, *operation.fixed), "get {}: {}", number, error.message());
    } else if (operation.is_cancelled) {
        expect(error == boost::asio::error::operation_aborted, "get {}: {}, not cancelled", number, error.message());
    } else {
        Watcher& watcher = model_.watchers.at(operation.target);
        if (error) {
            const bool may_have_seen = operation.kind == Kind::get_if && watcher.may_have_seen && model_.is_closed;
            expect(error == errc::closed && (model_.has_ended(watcher) || may_have_seen), "get {}: {}", number,
                   error.message());
            if (!model_.has_ended(watcher) && may_have_seen) model_.see(watcher);
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
    act(operation.then);
}

void Machine::pushed(int number, const Received& received) {
    Subscribed& subscribed = subscriptions_.at(number);
    expect(!home_is_gone_ && is_alive(subscribed.context), "a handler runs after its context");
    expect(!model_.subscriptions.at(number).has_ended(), "a handler runs after the end");
    check_received(number, received);
    act(subscribed.then);
}

void Machine::check_received(int number, const Received& received) {
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
    std::uint64_t& last = subscriptions_.at(number).last_sequence;
    expect(received.sequence >= last, "subscription {}: sequence {} after {}", number, received.sequence, last);
    last = received.sequence;
}

void Machine::note_sequence(std::uint64_t order, std::uint64_t sequence) {
    const auto [known, is_new] = sequences_.emplace(order, sequence);
    expect(is_new || known->second == sequence, "event {} has the sequences {} and {}", order, known->second, sequence);
}

void Machine::told_slow(const event::SlowSubscriber& slow) {
    if (failure_ == "over") return;
    const int number = std::stoi(slow.name.substr(1));
    if (is_quiet_) {
        quiet_calls_.push_back(number);
        return;
    }
    Subscription& subscription = model_.subscriptions.at(number);
    if (!subscription.is_slow_due) {
        // told by an emit that has waited, before its own completion
        for (auto& [id, operation] : operations_) {
            if (!may_emit(operation) || operation.context != running_) continue;
            Bus after = model_;
            const EmitResult result = after.emit(operation.type, operation.number);
            if (!after.subscriptions.at(number).is_slow_due || !is_like_library(after)) continue;
            model_ = std::move(after);
            operation.fixed = errc{};
            operation.result = result;
            break;
        }
    }
    Subscription& now = model_.subscriptions.at(number);
    expect(std::exchange(now.is_slow_due, false), "subscription {} is told to be slow", number);
    expect(slow.lost == now.figures.lost && slow.episodes == now.episodes && slow.capacity == now.capacity,
           "subscription {} is told other figures", number);
    if (const auto found = subscriptions_.find(number); found != subscriptions_.end()) act(found->second.then);
}

void Machine::check_callbacks() {
    if (depth_ != 0) return;
    for (auto& [number, subscription] : model_.subscriptions)
        expect(!std::exchange(subscription.is_slow_due, false), "subscription {} is not told to be slow", number);
}

void Machine::act(std::uint8_t then) {
    if (depth_ >= deepest || !failure_.empty() || is_quiet_) return;
    static constexpr std::uint8_t acts[] = {0, 0, 3, 7, 10, 9, 11, 2, 4, 17, 20, 6};
    const std::uint8_t what = acts[then % std::size(acts)];
    if (what == 0 || acts_left_-- <= 0) return;
    const auto argument = static_cast<std::uint8_t>(then / std::size(acts));
    execute({what, argument, static_cast<std::uint8_t>(argument * 7), 0});
}

// ---- steps ------------------------------------------------------------------------------------------------------

void Machine::execute(const Step& step) {
    if (!failure_.empty()) return;
    ++depth_;
    switch (step.what % 24) {
        case 0:
        case 1:
            subscribe(step);
            break;
        case 2:
            close_emitter(step, step.b % 2 != 0);
            break;
        case 3:
        case 4:
            emit(step);
            break;
        case 5:
            emit_all(step);
            break;
        case 6:
            async_emit(step);
            break;
        case 7:
            end_subscription(step, step.b % 4);
            break;
        case 8:
        case 9:
            try_receive(step);
            break;
        case 10:
            start_receive(step);
            break;
        case 11:
            cancel(step);
            break;
        case 12:
        case 13:
        case 14:
            if (depth_ == 1) run_context(step);
            break;
        case 15:
            make_emitter(step);
            break;
        case 16:
            watch(step);
            break;
        case 17:
            try_get(step);
            break;
        case 18:
            start_get(step);
            break;
        case 19:
            end_watcher(step);
            break;
        case 20:
            start_beside(step);
            break;
        case 21:
            if (step.a % 8 == 0) {
                if (somebody_waits_beside(started)) break;
                model_.start();
                bus_->start();
            } else {
                const auto type = static_cast<Type>(step.b % started);
                model_.forget(type);
                forget(*bus_, type);
            }
            break;
        case 22:
            cancel_receive(step);
            break;
        case 23:
            if (depth_ != 1) break;
            if (step.a < 16) {
                close_bus();
            } else if (step.a < 48) {
                kill_context(step);
            } else {
                run_all();
            }
            break;
    }
    --depth_;
    check_callbacks();
}

void Machine::make_emitter(const Step& step) {
    if (emitters_.size() >= most_of_a_kind) return close_emitter(step, true);
    const auto type = static_cast<Type>(step.a % started);
    const bool retain = step.b % 4 == 0, exclusive = step.b % 16 == 1;
    const errc expected = model_.add_emitter(type, retain, exclusive);
    error_code error;
    auto handle = model::make_emitter(*bus_, type, {.retain = retain, .exclusive = exclusive}, error);
    expect(is(error, expected), "an emitter: {}", error.message());
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
    for (const auto& [number, subscribed] : subscriptions_) {
        if (subscribed.handle == nullptr) continue;
        const Subscription& subscription = model.subscriptions.at(number);
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

EmitResult Machine::emit_as_library_did(Type type, int number) {
    std::vector<int> queues;
    for (const auto& [id, subscription] : model_.subscriptions) {
        if (subscription.is_open() && subscription.policy == Policy::wait && !subscription.hears(type).empty())
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
        const EmitResult result = after.emit(type, number, accepts);
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
    Emitting& emitter = picked->second;
    const int number = next_number_++ * 2 + step.b % 3;
    EmitResult expected, result;
    if (!*emitter.is_open) {
        expected.error = errc::closed;
        result = emitter.handle->emit(number);
    } else if (somebody_waits_beside(emitter.type) && !model_.is_closed) {
        if (depth_ > 1) return;  // an outer call of the library is in progress
        quietly([&] { result = emitter.handle->emit(number); });
        expected = emit_as_library_did(emitter.type, number);
    } else {
        expected = model_.emit(emitter.type, number);
        // a callback may destroy it
        result = emitter.handle->emit(number);
    }
    expect(result == expected, "emit of {}: {}, not {}", number, text_of(result), text_of(expected));
}

void Machine::emit_all(const Step& step) {
    auto* picked = pick(emitters_, step.a);
    if (picked == nullptr || !*picked->second.is_open) return;
    Emitting& emitter = picked->second;
    if (somebody_waits_beside(emitter.type)) return;
    const std::size_t count = step.b % 4;
    const int first = next_number_ * 2;
    next_number_ += static_cast<int>(count);
    EmitResult expected;
    for (std::size_t i = 0; i < count; ++i) expected += model_.emit(emitter.type, first + static_cast<int>(i));
    const EmitResult result = emitter.handle->emit_all(first, count);
    expect(result == expected, "emit_all of {} from {}: {}, not {}", count, first, text_of(result), text_of(expected));
}

void Machine::async_emit(const Step& step) {
    auto* picked = pick(emitters_, step.a);
    if (picked == nullptr) return;
    Emitting& emitter = picked->second;
    const std::size_t context = choose_context(step.b);
    if (!is_alive(context)) return;
    const int number = next_number_++ * 2 + step.c % 2;
    const int operation = begin({.kind = Kind::emit,
                                 .target = picked->first,
                                 .context = context,
                                 .then = step.c,
                                 .type = emitter.type,
                                 .number = number,
                                 .arrival = ++arrivals_,
                                 .emitter_is_open = emitter.is_open});
    Operation& waiting = operations_.at(operation);
    const auto start = [&] {
        const auto signal = waiting.signal;
        emitter.handle->async_emit({*this, operation, contexts_[context].get(), *signal}, number);
    };
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
        const auto type = emitter.type;
        quietly(start);
        if (stat(*bus_, type).emitted == before) return;  // it waits
        const EmitResult result = emit_as_library_did(type, number);
        if (const auto found = operations_.find(operation); found != operations_.end()) {
            found->second.fixed = errc{};
            found->second.result = result;
        }
        return;
    }
    if (!model_.is_wanted(emitter.type) || model_.has_room(emitter.type)) {
        waiting.fixed = errc{};
        waiting.result = model_.emit(emitter.type, number);
    }
    start();
}

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
    if (wanted.is_push && is_alive(context)) wanted.context = contexts_[context].get();
    if (home_is_gone_ || wanted.context == nullptr) wanted.is_push = false;
    const bool replays = lists.front() != Listed::all || step.c / 48 % 2 == 0;
    subscription.is_filtered = wanted.is_filtered;
    subscription.keys = wanted.keys;
    subscription.requires_emitters = step.b / 18 % 4 == 0;
    static const event::Backpressure policies[] = {event::Notify{}, event::Drop{}, event::DropOldest{},
                                                   event::Latest{}, event::Kill{}, event::Wait{}};
    wanted.options = {.capacity = subscription.capacity,
                      .on_full = policies[step.b % 6],
                      .name = fmt::format("s{}", wanted.number),
                      .require_emitters = subscription.requires_emitters,
                      .replay_retained = replays};
    const int number = wanted.number;
    const bool is_refused = policy == Policy::latest && (is_erased || wanted.keys != Keys::none);
    Subscribed& made = subscriptions_[number];
    made.is_push = wanted.is_push;
    made.context = context;
    made.has_handler = wanted.is_push;
    made.then = static_cast<std::uint8_t>(step.c ^ step.b);
    if (!is_refused && !model_.is_closed) model_.subscribe(number, subscription, replays);
    try {
        auto handle = model::subscribe(*bus_, *this, std::move(wanted));
        subscriptions_.at(number).handle = std::move(handle);
        expect(!is_refused && !model_.is_closed, "a subscription that cannot be");
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
                        .then = step.c};
    if (!is_alive(operation.context)) return;
    const Subscribed& subscribed = picked->second;
    if (subscribed.is_push && subscribed.has_handler && subscription.has_ended()) return;  // it may be going just now
    if (is_occupied(target, false) || (subscribed.is_push && subscribed.has_handler))
        operation.fixed = errc::concurrent_receive;
    const int number = begin(operation);
    const auto signal = operations_.at(number).signal;
    const Handling handling{*this, number, contexts_[operation.context].get(), *signal};
    switch (operation.kind) {
        case Kind::receive:
            return subscribed.handle->receive(handling);
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
                        .then = step.c};
    if (!is_alive(operation.context)) return;
    const int number = begin(operation);
    const auto signal = operations_.at(number).signal;
    const Handling handling{*this, number, contexts_[operation.context].get(), *signal};
    if (operation.kind == Kind::end) {
        picked->second.handle->wait_for_end(handling);
    } else {
        picked->second.handle->wait_for_start(handling);
    }
}

void Machine::watch(const Step& step) {
    if (watchers_.size() >= most_of_a_kind) return end_watcher({step.what, step.a, 1, 0});
    const auto type = static_cast<Type>(step.a % started);
    const int number = next_++;
    try {
        auto handle = model::watch(*bus_, type);
        expect(!model_.is_closed, "a watcher of a closed bus");
        model_.watch(number, type);
        watchers_[number].handle = std::move(handle);
    } catch (const boost::system::system_error& error) {
        expect(error.code() == errc::closed && model_.is_closed, "a watcher is refused: {}", error.what());
    }
}

void Machine::try_get(const Step& step) {
    auto* picked = pick(watchers_, step.a);
    if (picked == nullptr) return;
    Watcher& watcher = model_.watchers.at(picked->first);
    const auto seen = picked->second.handle->try_get();
    const bool is_readable = !watcher.is_closed && model_.is_behind(watcher);
    if (!seen) {
        const bool may_have_seen =
            watcher.may_have_seen && model_.newest(watcher) && !is_wanted(model_.newest(watcher)->number);
        expect(!is_readable || may_have_seen, "watcher {} has seen what it has not seen", picked->first);
        if (is_readable) model_.see(watcher);
        return;
    }
    expect(is_readable, "watcher {} sees what is not new", picked->first);
    if (!is_readable) return;
    expect(seen->number == model_.newest(watcher)->number, "watcher {} sees {}, not {}", picked->first, seen->number,
           model_.newest(watcher)->number);
    note_sequence(model_.newest(watcher)->order, seen->version);
    model_.see(watcher);
}

void Machine::start_get(const Step& step) {
    auto* picked = pick(watchers_, step.a);
    if (picked == nullptr) return;
    Operation operation{.kind = static_cast<Kind>(static_cast<int>(Kind::get) + step.b % 3),
                        .target = picked->first,
                        .context = choose_context(step.b / 3),
                        .then = step.c};
    if (!is_alive(operation.context)) return;
    if (is_occupied(picked->first, true)) operation.fixed = errc::concurrent_receive;
    if (operation.kind == Kind::get_if && !operation.fixed) model_.watchers.at(picked->first).may_have_seen = true;
    const int number = begin(operation);
    const auto signal = operations_.at(number).signal;
    const Handling handling{*this, number, contexts_[operation.context].get(), *signal};
    switch (operation.kind) {
        case Kind::get:
            return picked->second.handle->get(handling);
        case Kind::get_if:
            return picked->second.handle->get_if(handling);
        default:
            return picked->second.handle->wait(handling);
    }
}

void Machine::end_watcher(const Step& step) {
    auto* picked = pick(watchers_, step.a);
    if (picked == nullptr) return;
    model_.close(model_.watchers.at(picked->first));
    if (step.b % 2 == 0) return picked->second.handle->close();
    const auto handle = std::move(picked->second.handle);
    watchers_.erase(picked->first);
}

void Machine::cancel(const Step& step) {
    auto* picked = pick(operations_, step.a);
    if (picked == nullptr) return;
    if (!picked->second.fixed) picked->second.is_cancelled = true;
    const auto signal = picked->second.signal;
    signal->emit(static_cast<boost::asio::cancellation_type>(1U << step.b % 3));
}

void Machine::cancel_receive(const Step& step) {
    const bool of_watcher = step.b % 2 == 0;
    int target = 0;
    if (of_watcher) {
        auto* picked = pick(watchers_, step.a);
        if (picked == nullptr) return;
        target = picked->first;
    } else {
        auto* picked = pick(subscriptions_, step.a);
        if (picked == nullptr) return;
        target = picked->first;
        if (picked->second.is_push) return picked->second.handle->cancel();  // which does nothing
    }
    for (auto& [number, operation] : operations_) {
        const bool is_there = of_watcher ? is_of_watcher(operation.kind) : is_receive(operation.kind);
        if (is_there && operation.target == target && !operation.fixed) operation.is_cancelled = true;
    }
    if (of_watcher) {
        watchers_.at(target).handle->cancel();
    } else {
        subscriptions_.at(target).handle->cancel();
    }
}

void Machine::run_context(const Step& step) {
    boost::asio::io_context* context = contexts_[step.a % 2].get();
    if (context == nullptr) return;
    running_ = step.a % 2;
    context->restart();
    for (int i = 0; i <= step.b % 4 && failure_.empty(); ++i) context->poll_one();
}

void Machine::run_all() {
    for (bool is_idle = false; !is_idle && failure_.empty();) {
        is_idle = true;
        for (running_ = 0; running_ < contexts_.size(); ++running_) {
            const auto& context = contexts_[running_];
            if (context == nullptr) continue;
            context->restart();
            for (int handlers = 0; failure_.empty() && context->poll_one() != 0; ++handlers) {
                is_idle = false;
                expect(handlers < 10'000, "it does not come to rest");
            }
        }
    }
    check_idle();
}

void Machine::check_idle() {
    if (!failure_.empty()) return;
    for (const auto& [number, operation] : operations_) {
        if (home_is_gone_) {
            expect(false, "{} {} outlives the bus's context", name_of(operation.kind), number);
        } else if (is_alive(operation.context)) {
            expect(!is_due(operation), "{} {} should have completed", name_of(operation.kind), number);
        } else {
            expect(false, "{} {} outlives its context", name_of(operation.kind), number);
        }
    }
    for (const auto& [number, subscribed] : subscriptions_) {
        const Subscription& subscription = model_.subscriptions.at(number);
        if (!subscribed.is_push || home_is_gone_ || !is_alive(subscribed.context)) continue;
        expect(subscription.queue.empty(), "push subscription {} has not given everything", number);
        expect(subscribed.has_handler != subscription.has_ended(), "push subscription {} has a handler or not", number);
    }
    for (auto& [number, watcher] : model_.watchers) {
        // a get with a predicate has looked by now
        const bool waits = any(operations_, [&, id = number](const auto& entry) {
            return entry.second.kind == Kind::get_if && entry.second.target == id && !entry.second.fixed;
        });
        if (waits && model_.is_behind(watcher) && !watcher.is_closed) model_.see(watcher);
        watcher.may_have_seen = waits || (watcher.may_have_seen && model_.is_behind(watcher));
    }
}

void Machine::kill_context(const Step& step) {
    const std::size_t which = step.b % 4 == 0 ? 0 : 1;
    if (!is_alive(which)) return;
    ++dying_[which];
    if (which == 0) home_is_gone_ = true;
    contexts_[which].reset();
    --dying_[which];
    for (const auto& [number, operation] : operations_) {
        expect(operation.context != which, "{} {} outlives its context", name_of(operation.kind), number);
    }
    for (const auto& [number, subscribed] : subscriptions_) {
        expect(!subscribed.is_push || subscribed.context != which || !subscribed.has_handler,
               "the handler of subscription {} outlives its context", number);
    }
}

void Machine::close_bus() {
    model_.close();
    bus_->close();
}

// ---- comparing --------------------------------------------------------------------------------------------------

void Machine::compare_subscription(int number, const Subscription& subscription) {
    const event::SubscriptionStat stat = subscriptions_.at(number).handle->stat();
    const Figures figures{stat.delivered, stat.lost, stat.rejected, stat.discarded, stat.killed ? 1U : 0U};
    expect(figures == subscription.figures,
           "subscription {}: delivered {}, lost {}, rejected {}, discarded {}, not {} {} {} {}", number, stat.delivered,
           stat.lost, stat.rejected, stat.discarded, subscription.figures.delivered, subscription.figures.lost,
           subscription.figures.rejected, subscription.figures.discarded);
    expect(stat.size == subscription.queue.size(), "subscription {}: size {}, not {}", number, stat.size,
           subscription.queue.size());
    expect(stat.high_water == subscription.high_water, "subscription {}: high water {}, not {}", number,
           stat.high_water, subscription.high_water);
    expect(stat.gap == subscription.gap, "subscription {}: gap {}, not {}", number, stat.gap, subscription.gap);
    expect(stat.capacity == subscription.capacity, "subscription {}: capacity", number);
    expect(stat.killed == (subscription.state == Subscription::State::killed), "subscription {}: killed", number);
}

void Machine::compare() {
    if (!failure_.empty()) return;
    for (const auto& [number, subscribed] : subscriptions_)
        compare_subscription(number, model_.subscriptions.at(number));
    for (int type = 0; type < types; ++type) {
        const Topic& topic = model_.topics[static_cast<std::size_t>(type)];
        const event::TopicStat stat = model::stat(*bus_, static_cast<Type>(type));
        if (topic.kept && !stat.replayable && model_.is_closed) {  // gets with a predicate may have looked
            for (auto& [number, watcher] : model_.watchers)
                if (watcher.type == type && watcher.may_have_seen && topic.kept && !is_wanted(topic.kept->number))
                    model_.see(watcher);
        }
        expect(stat.emitters == topic.emitters, "type {}: {} emitters, not {}", type, stat.emitters, topic.emitters);
        expect(stat.subscribers == model_.subscribers(static_cast<Type>(type)), "type {}: {} subscribers, not {}", type,
               stat.subscribers, model_.subscribers(static_cast<Type>(type)));
        expect(stat.retained == topic.is_retained, "type {}: retained {}", type, stat.retained);
        expect(stat.emitted == topic.emitted, "type {}: emitted {}, not {}", type, stat.emitted, topic.emitted);
        expect(stat.lost == topic.lost, "type {}: lost {}, not {}", type, stat.lost, topic.lost);
        expect(stat.killed == topic.killed, "type {}: killed {}, not {}", type, stat.killed, topic.killed);
        expect(stat.replayable == topic.kept.has_value(), "type {}: replayable {}", type, stat.replayable);
        if (topic.last) note_sequence(topic.last->order, stat.last_sequence);
    }
    const event::BusReport report = bus_->report();
    const Figures sums{report.delivered, report.lost, report.rejected, report.discarded, report.killed};
    expect(sums == model_.sums(), "the sums are {} {} {} {}, not {} {} {} {}", sums.delivered, sums.lost, sums.rejected,
           sums.discarded, model_.sums().delivered, model_.sums().lost, model_.sums().rejected,
           model_.sums().discarded);
    std::size_t notes = model_.alive(note);
    for (const auto& [number, operation] : operations_)
        if (operation.kind == Kind::emit && operation.type == note && !operation.fixed) ++notes;
    const bool emits = any(operations_, [](const auto& entry) { return entry.second.kind == Kind::emit; });
    expect(emits || Note::alive == notes, "{} notes are alive, not {}", Note::alive, notes);
}

// ---- programs ---------------------------------------------------------------------------------------------------

Program program_of(std::span<const std::uint8_t> bytes) {
    Program program;
    for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4)
        program.push_back({bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]});
    return program;
}

std::string to_string(const Program& program) {
    static constexpr const char* names[] = {
        "subscribe",   "subscribe",   "close emitter", "emit",        "emit",   "emit_all",     "async_emit", "end",
        "try_receive", "try_receive", "receive",       "cancel",      "run",    "run",          "run",        "emitter",
        "watch",       "try_get",     "get",           "end watcher", "beside", "start/forget", "cancel all", "life"};
    std::string text;
    for (const Step& step : program)
        text += fmt::format("    {{{}, {}, {}, {}}},  // {}\n", step.what, step.a, step.b, step.c,
                            names[step.what % std::size(names)]);
    return text;
}

std::string run(const Program& program) {
    Machine machine;
    for (const Step& step : program) {
        machine.execute(step);
        machine.compare();
        if (!machine.failure().empty()) return machine.failure();
    }
    machine.execute({23, 255, 0, 0});
    machine.compare();
    return machine.failure();
}

Program shrunk(Program program) {
    const auto kind_of = [](std::string failure) {
        std::erase_if(failure, [](char character) { return character >= '0' && character <= '9'; });
        return failure;
    };
    const std::string kind = kind_of(run(program));
    for (std::size_t length = program.size() / 2 + 1; length > 0;) {
        bool is_shorter = false;
        for (std::size_t begin = 0; begin + length <= program.size();) {
            Program candidate = program;
            const auto first = candidate.begin() + static_cast<std::ptrdiff_t>(begin);
            candidate.erase(first, first + static_cast<std::ptrdiff_t>(length));
            if (kind_of(run(candidate)) != kind) {
                begin += length;
            } else {
                program = std::move(candidate);
                is_shorter = true;
            }
        }
        if (length == 1 && !is_shorter) break;
        length = length == 1 ? 1 : length / 2;
    }
    return program;
}

}  // namespace model
