#include "model.hpp"

#include <algorithm>
#include <utility>

/// How a queue fills, and is emptied by whom.

namespace model {

void Bus::append(Subscription& subscription, const Queued& queued) {
    subscription.queue.push_back(queued);
    subscription.queue.back().missed += std::exchange(subscription.gap, 0);
    subscription.high_water = std::max<std::uint64_t>(subscription.high_water, subscription.queue.size());
}

void Bus::lose(Subscription& subscription, std::size_t position) {
    const auto at = subscription.queue.begin() + static_cast<std::ptrdiff_t>(position);
    const std::uint64_t missed = at->missed + 1;
    const auto next = subscription.queue.erase(at);
    (next != subscription.queue.end() ? next->missed : subscription.gap) += missed;
}

std::optional<Bus::Pushed> Bus::replace(Subscription& subscription, std::size_t index, const Event& event,
                                        bool is_replayed) {
    const bool is_latest = subscription.policy == Policy::latest;
    if (!is_latest && subscription.keys == Keys::none) return std::nullopt;
    const auto fail = [&] {
        ++subscription.figures.rejected;
        user_code_threw = true;
        return Pushed::rejected;
    };
    const bool has_throwing_key = subscription.throws && subscription.keys != Keys::none;
    if (has_throwing_key && key_throws(event.number)) return fail();
    std::deque<Queued>& queue = subscription.queue;
    auto same = queue.end();
    for (auto queued = queue.begin(); queued != queue.end(); ++queued) {
        if (queued->index != index) continue;
        if (!is_latest && key_of(queued->event.number) != key_of(event.number)) continue;
        if (same == queue.end() || queued->keyed > same->keyed) same = queued;
    }
    if (same == queue.end()) return std::nullopt;
    Queued newest{event, index, same->missed + 1, is_replayed, same->keyed};
    if (subscription.keys == Keys::merged) {
        if (subscription.throws && merge_throws(same->event.number, event.number)) return fail();
        const std::optional<int> both = merged(same->event.number, event.number);
        if (!both) {
            ++subscription.figures.lost;
            ++subscription.figures.rejected;
            lose(subscription, static_cast<std::size_t>(same - queue.begin()));
            return Pushed::merged_away;
        }
        if (copy_throws(event.type, *both) || (has_throwing_key && key_throws(*both))) return fail();
        newest.event.number = *both;
        newest.event.object = ++objects_;
        if (key_of(*both) != key_of(event.number)) newest.keyed = ++keyed_;
    }
    ++subscription.figures.lost;
    queue.erase(same);
    append(subscription, newest);
    return Pushed::displaced;
}

bool Bus::accepts(const Subscription& subscription, std::size_t index, const Event& event, bool is_replayed) {
    if (subscription.excluded != 0 && event.emitter == subscription.excluded) return false;
    if (!subscription.is_filtered) return true;
    if (subscription.throws && filter_throws(event.number)) {
        user_code_threw = true;
        return false;
    }
    if (!model::is_wanted(event.number)) return false;
    const event::Meta meta{0, subscription.gap, is_replayed, event.emitter};
    return subscription.lists[index] == Listed::ping ||
           model::is_wanted(subscription.asks, subscription.asks_for, meta);
}

Bus::Pushed Bus::push(Subscription& subscription, std::size_t index, const Event& event, bool is_replayed, int* room) {
    auto& [delivered, lost, rejected, discarded, killed] = subscription.figures;
    std::deque<Queued>& queue = subscription.queue;
    if (queue.empty()) subscription.is_in_episode = false;
    if (!accepts(subscription, index, event, is_replayed)) {
        ++rejected;
        return Pushed::rejected;
    }
    const bool had_room = subscription.has_room();
    if (const auto replaced = replace(subscription, index, event, is_replayed)) {
        if (had_room && !subscription.has_room()) subscription.full_since = now;  // what was replayed counts now
        if (*replaced == Pushed::displaced) subscription.serve();
        if (*replaced == Pushed::merged_away) subscription.check_served();
        return *replaced;
    }
    const bool is_latest = subscription.policy == Policy::latest;
    Pushed pushed = Pushed::queued;
    const bool is_taken = subscription.has_room() && (room == nullptr || (*room)-- > 0);
    if (!is_replayed && !is_latest && !is_taken) {
        switch (subscription.policy) {
            case Policy::drop_oldest: {
                const auto oldest =
                    std::find_if(queue.begin(), queue.end(), [](const Queued& queued) { return !queued.is_replayed; });
                ++lost;
                lose(subscription, static_cast<std::size_t>(oldest - queue.begin()));
                pushed = Pushed::displaced;
                break;
            }
            case Policy::kill:
                if (now - subscription.full_since < subscription.patience) {
                    ++lost;
                    ++subscription.gap;
                    return Pushed::refused;
                }
                ++killed;
                end(subscription, Subscription::State::killed);
                return Pushed::killed;
            default:
                ++lost;
                ++subscription.gap;
                if (subscription.policy != Policy::drop && !std::exchange(subscription.is_in_episode, true)) {
                    subscription.is_slow_due = true;
                    ++subscription.episodes;
                }
                return Pushed::refused;
        }
    }
    append(subscription, {event, index, 0, is_replayed, ++keyed_});
    if (!subscription.has_room()) subscription.full_since = now;
    subscription.serve();
    return pushed;
}

std::optional<Queued> Bus::take(Subscription& subscription) {
    if (subscription.has_ended()) return std::nullopt;
    std::optional<Queued> taken;
    if (!subscription.queue.empty()) {
        taken = subscription.queue.front();
        subscription.queue.pop_front();
        ++subscription.figures.delivered;
    }
    if (subscription.state == Subscription::State::draining && subscription.queue.empty())
        end(subscription, Subscription::State::closed);
    return taken;
}

void Bus::end(Subscription& subscription, Subscription::State how) {
    subscription.state = how;
    subscription.figures.discarded += subscription.queue.size();
    subscription.queue.clear();
    subscription.is_slow_due = false;
}

// ---- several receivers ------------------------------------------------------------------------------------------

void Receivers::forget(int operation) {
    std::erase(waiting, operation);
    served.erase(operation);
    if (waiting.empty() && served.empty()) are_unsure = false;
}

std::size_t Subscription::available(int operation) const {
    const std::size_t kept = receivers.kept_from(operation);
    return queue.size() > kept ? queue.size() - kept : 0;
}

void Subscription::line_up(int operation) {
    if (!receivers.are_several) return;
    if (available(operation) != 0) {
        receivers.served.insert(operation);
    } else {
        receivers.waiting.push_back(operation);
    }
}

void Subscription::serve() {
    while (!receivers.waiting.empty() && queue.size() > receivers.served.size()) {
        receivers.served.insert(receivers.waiting.front());
        receivers.waiting.pop_front();
    }
}

void Subscription::leave(int operation) {
    receivers.forget(operation);
    serve();
}

void Subscription::overlook(int operation) {
    receivers.forget(operation);
    if (!receivers.waiting.empty()) receivers.are_unsure = true;
}

void Subscription::lose_served(int operation) {
    if (receivers.served.erase(operation) != 0) receivers.waiting.push_front(operation);
    receivers.are_unsure = true;
}

void Subscription::check_served() {
    if (!receivers.served.empty() || !receivers.waiting.empty()) receivers.are_unsure = true;
}

}  // namespace model
