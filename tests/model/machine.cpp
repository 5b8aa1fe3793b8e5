#include "machine.hpp"

#include <iterator>
#include <string_view>
#include <utility>

namespace model {

using namespace std::string_view_literals;

const char* name_of(Operation::Kind kind) {
    constexpr const char* names[] = {"receive", "receive_some", "wait",   "end",       "readiness",
                                     "emit",    "get",          "get_if", "wait_newer"};
    return names[static_cast<std::size_t>(kind)];
}

std::string shown(const error_code& error) { return error.message(); }

std::string shown(const EmitResult& result) {
    return fmt::format("{} subscribers, {} delivered, {} rejected, {} refused, {} displaced, {} killed, error {}",
                       result.subscribers, result.delivered, result.rejected, result.refused, result.displaced,
                       result.killed, static_cast<int>(result.error));
}

bool is_same(const EmitResult& left, const EmitResult& right) {
    return left.subscribers == right.subscribers && left.delivered == right.delivered &&
           left.rejected == right.rejected && left.refused == right.refused && left.displaced == right.displaced &&
           left.killed == right.killed && left.error == right.error;
}

Machine::Machine(std::vector<int> tellers) : tellers_(std::move(tellers)) {
    for (std::size_t i = 0; i < contexts_.size(); ++i) {
        contexts_[i] = std::make_unique<boost::asio::io_context>();
        strands_[i].emplace(contexts_[i]->get_executor());
    }
    clock_.emplace(*contexts_[0]);
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
    values_.clear();
    views_.clear();
    held_.clear();
    bus_.reset();
    for (auto& strand : strands_) strand.reset();
    for (auto& context : contexts_) context.reset();
    operations_.clear();
}

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

Handling Machine::handling(int number) {
    const Operation& operation = operations_.at(number);
    const auto& strand = strands_[operation.context];
    return {*this, number, contexts_[operation.context].get(), operation.is_on_strand ? &*strand : nullptr,
            operation.signal};
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
        return subscription.is_open() && subscription.policy == Policy::wait && subscription.hears(left) &&
               subscription.hears(right);
    });
}

bool Machine::somebody_waits_beside(Type type) const {
    return any(operations_, [&](const auto& entry) {
        const Operation& other = entry.second;
        return other.kind == Kind::emit && !other.fixed && share_queue(other.type, type);
    });
}

int Machine::receiving(int handle) const {
    for (const auto& [number, operation] : operations_)
        if (is_receive(operation.kind) && operation.target == handle && !operation.fixed) return number;
    return 0;
}

bool Machine::somebody_waits_for_room(const Subscription& subscription) const {
    return subscription.policy == Policy::wait && any(operations_, [&](const auto& entry) {
               return entry.second.kind == Kind::emit && subscription.hears(entry.second.type);
           });
}

bool Machine::may_emit(const Operation& operation) {
    return operation.kind == Kind::emit && !operation.fixed && !operation.is_cancelled && *operation.emitter_is_open &&
           !model_.is_closed && model_.has_room(operation.type, operation.number, operation.emitter);
}

bool Machine::is_due(const Operation& operation) {
    if (operation.fixed || operation.is_cancelled || operation.limit == Operation::Limit::expired) return true;
    switch (operation.kind) {
        case Kind::receive:
        case Kind::receive_some:
        case Kind::wait:
            return model_.subscriptions.at(operation.queue).is_readable() ||
                   (operation.kind == Kind::receive_some && operation.most == 0);
        case Kind::end:
            return model_.subscriptions.at(operation.queue).has_ended();
        case Kind::readiness: {
            const Subscription& subscription = model_.subscriptions.at(operation.queue);
            return subscription.readiness != Subscription::Readiness::unknown || !subscription.is_open();
        }
        case Kind::emit: {
            if (!*operation.emitter_is_open || model_.is_closed) return true;
            if (!model_.has_room(operation.type, operation.number, operation.emitter)) return false;
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
            if (watcher.is_closed || model_.topics.at(watcher.topic).is_closed) return true;
            if (!model_.is_behind(watcher) || may_have_seen_newest(watcher)) return false;
            return operation.kind != Kind::get_if || is_wanted(model_.newest(watcher)->number);
        }
    }
    return false;
}

bool Machine::is_at_home(std::size_t context, bool is_on_strand) const {
    if (!is_alive(context)) return false;
    return is_on_strand ? strands_[context]->running_in_this_thread()
                        : contexts_[context]->get_executor().running_in_this_thread();
}

Operation* Machine::finish(int number, const char* how, Operation& storage) {
    const auto found = operations_.find(number);
    expect(found != operations_.end(), "operation {} {}, which is over", number, how);
    if (found == operations_.end()) return nullptr;
    storage = std::move(found->second);
    operations_.erase(found);
    if (how == "completes"sv)
        expect(is_at_home(storage.context, storage.is_on_strand), "{} {} completes elsewhere", name_of(storage.kind),
               number);
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
    if (is_receive(operation.kind) && !operation.fixed) model_.subscriptions.at(operation.queue).leave(number);
    const bool may_die =
        operation.may_be_destroyed || home_is_gone_ || dying_[operation.context] != 0 || !is_alive(operation.context);
    expect(may_die, "{} {} is destroyed, though its contexts live", name_of(operation.kind), number);
}

void Machine::act(std::uint8_t then) {
    if (depth_ >= deepest || !failure_.empty() || is_quiet_) return;
    static constexpr std::uint8_t acts[] = {0, 0, 3, 7, 10, 9, 11, 2, 4, 17, 20, 6, 25, 27, 28};
    static constexpr std::uint8_t rare_acts[] = {34, 35};
    const std::uint8_t what = then >= 240 ? rare_acts[then % 2] : acts[then % std::size(acts)];
    if (what == 0 || acts_left_-- <= 0) return;
    const auto argument = static_cast<std::uint8_t>(then / std::size(acts));
    execute({what, argument, static_cast<std::uint8_t>(argument * 7), 0});
}

void Machine::execute(const Step& step) {
    if (!failure_.empty()) return;
    ++depth_;
    switch (step.what % kinds_of_steps) {
        case 0:
        case 1:
            subscribe(step, false);
            break;
        case 32:
        case 33:
            subscribe(step, true);
            break;
        case 34:
            share(step);
            break;
        case 35: {
            const std::int64_t milliseconds = step.a % 8;
            model_.now += milliseconds;
            clock_->advance(std::chrono::milliseconds(milliseconds));
            break;
        }
        case 2:
            close_emitter(step, step.b % 2 != 0);
            break;
        case 3:
        case 4:
        case 29:
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
        case 31:
            start_receive(step);
            break;
        case 11:
            cancel(step);
            break;
        case 12:
        case 13:
        case 14:
        case 30:
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
                const bool by_event = model_.user_code_threw;
                expect_thrown(guarded([&] { bus_->start(); }), by_event);
            } else {
                const auto type = static_cast<Type>(step.b % started);
                model_.forget(type);
                forget(*bus_, type);
            }
            break;
        case 24:
            make_value(step);
            break;
        case 25:
            set_value(step);
            break;
        case 26:
            end_value(step);
            break;
        case 27:
            view(step);
            break;
        case 28:
            pass(step);
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

}  // namespace model
