#include "machine.hpp"

#include <utility>

namespace model {

void Machine::cancel(const Step& step) {
    auto* picked = pick(operations_, step.a);
    if (picked == nullptr) return;
    if (!picked->second.fixed) cancel_receiving(picked->first, picked->second);
    const auto signal = picked->second.signal;
    signal->emit(static_cast<boost::asio::cancellation_type>(1U << step.b % 3));
}

void Machine::cancel_receiving(int number, Operation& operation) {
    operation.is_cancelled = true;
    if (is_receive(operation.kind)) model_.subscriptions.at(operation.queue).leave(number);
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
        if (is_there && operation.target == target && !operation.fixed) cancel_receiving(number, operation);
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
    for (int i = 0; i <= step.b % 4 && failure_.empty(); ++i) poll(*context);
}

bool Machine::poll(boost::asio::io_context& context) {
    std::size_t handlers = 1;
    const Outcome outcome = guarded([&] { handlers = context.poll_one(); });
    expect(teller_ == 0, "emit {} has told who is slow, and does not complete", teller_);
    if (!outcome.threw) {
        expect(!std::exchange(handler_threw_, false), "what a handler throws does not leave run()");
    } else if (!std::exchange(handler_threw_, false)) {
        expect(running_ == 0 && posted_-- > 0, "run() throws what nobody has thrown");
    }
    return handlers != 0;
}

void Machine::run_all() {
    for (bool is_idle = false; !is_idle && failure_.empty();) {
        is_idle = true;
        for (running_ = 0; running_ < contexts_.size(); ++running_) {
            const auto& context = contexts_[running_];
            if (context == nullptr) continue;
            context->restart();
            for (int handlers = 0; failure_.empty() && poll(*context); ++handlers) {
                is_idle = false;
                expect(handlers < 10'000, "it does not come to rest");
            }
        }
    }
    check_idle();
}

void Machine::check_idle() {
    if (!failure_.empty()) return;
    expect(home_is_gone_ || posted_ == 0, "what was thrown into waiting emits does not leave run()");
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
        const Subscription& subscription = model_.subscriptions.at(subscribed.queue);
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
    strands_[which].reset();
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

}  // namespace model
