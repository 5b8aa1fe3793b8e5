#include "net/link/inside.hpp"

#include <boost/asio/error.hpp>

#include <fmt/format.h>

/// What the other side subscribed to: opened, taken from, written.

namespace event::net::detail {
namespace {

constexpr int most_at_once = 1'000;  // events, or latest values

struct Places {
    std::vector<std::size_t> of;           // each type that is asked for, among these
    const Asked::Type* missing = nullptr;  // the first that is not there
};

Places places_of(const Asked& asked, const std::vector<WireType>& types) {
    Places places;
    for (const Asked::Type& type : asked.types) {
        const auto found =
            std::find_if(types.begin(), types.end(), [&](const WireType& served) { return served.name == type.name; });
        if (found == types.end()) {
            places.missing = &type;
            break;
        }
        places.of.push_back(static_cast<std::size_t>(found - types.begin()));
    }
    return places;
}

}  // namespace

void LinkCore::Inside::pull() {
    if (!may_pull_ || protocol_.state() != LinkState::running) return;
    pull(true, next_latest_);
    pull(false, next_events_);
    may_pull_ = false;
    for (ServedOne& one : served_) {
        one.is_refused = false;
        may_pull_ = may_pull_ || one.is_ready;
        if (one.is_ready || one.is_waited_for) continue;
        one.is_waited_for = true;
        one.serving->wait(ServingReady(link_.self(), one.alias));
    }
}

/// Round after round one of each, so that who has much leaves room for who has little. Where there was no room, the
/// next time begins: so nobody's turn is always the last.
void LinkCore::Inside::pull(bool latest, std::size_t& next) {
    std::optional<std::size_t> refused;
    int left = most_at_once;
    for (std::size_t without = 0; without < served_.size() && left > 0; ++next) {
        if (next >= served_.size()) next = 0;
        ServedOne& one = served_[next];
        const bool is_due = one.is_latest == latest && one.is_ready && !one.is_refused;
        // what none of the others has anything beside, has all the turns
        int turns = without + 1 == served_.size() ? left : 1;
        left -= turns;
        const Pulled pulled = is_due ? try_pull_from(one, turns) : Pulled::nothing;
        left += turns;
        switch (pulled) {
            case Pulled::one:
                without = 0;
                break;
            case Pulled::no_room:
                if (!latest) return;
                one.is_refused = true;  // others may have their old value's room
                if (!refused) refused = next;
                [[fallthrough]];
            case Pulled::nothing:
                ++without;
                break;
        }
    }
    if (refused) next = *refused;
}

/// The types' own code may throw, and the bus may be closed: that ends the subscription, and nothing else.
LinkCore::Inside::Pulled LinkCore::Inside::try_pull_from(ServedOne& one, int& turns) {
    const protocol::Alias alias = one.alias;
    try {
        return one.is_latest ? pull_value_from(one, turns) : pull_events_from(one, turns);
    } catch (...) {
        protocol_.end(alias, {.code = end_code::closed, .text = what(std::current_exception())});
        unsubscribed(alias, {});
        return Pulled::nothing;
    }
}

LinkCore::Inside::Pulled LinkCore::Inside::pull_events_from(ServedOne& one, int& turns) {
    const auto write = [&](protocol::Bytes& out, std::size_t room, protocol::Event& event) {
        if (!one.serving->next_event(out, room, item_)) return false;
        event.type = item_.type;
        event.missed = item_.missed;
        event.replayed = item_.is_replayed;
        return true;
    };
    Pulled pulled = Pulled::one;
    while (turns > 0 && pulled == Pulled::one) {
        const std::optional<protocol::Sent> sent = protocol_.send_next(one.alias, write);
        if (!sent || sent == protocol::Sent::ended) {
            one.is_ready = false;
            pulled = Pulled::nothing;
        } else if (sent == protocol::Sent::no_room) {
            pulled = Pulled::no_room;
        } else {
            ++(sent == protocol::Sent::yes ? stat_.events_sent : stat_.unsendable);
            --turns;
        }
    }
    stat_.unsendable += std::exchange(item_.unsendable, 0);
    return pulled;
}

LinkCore::Inside::Pulled LinkCore::Inside::pull_value_from(ServedOne& one, int& turns) {
    one.is_ready = one.serving->next_value(payload_, item_);
    stat_.unsendable += std::exchange(item_.unsendable, 0);
    if (!one.is_ready) return Pulled::nothing;
    protocol::State state{.alias = one.alias, .version = ++one.version, .key = item_.key, .present = item_.is_present};
    if (item_.is_present) state.payload = payload_;
    const protocol::Sent sent = protocol_.send_state(state);
    if (sent == protocol::Sent::no_room) return Pulled::no_room;  // the newest one then
    if (sent != protocol::Sent::yes) {
        ++stat_.unsendable;
        unsubscribed(one.alias, {});
        return Pulled::nothing;
    }
    one.serving->was_sent(item_);
    one.is_refused = !one.is_by_key;  // somebody may set it all the while: a newer one, when this is written
    ++stat_.states_sent;
    --turns;
    return Pulled::one;
}

void LinkCore::Inside::was_ready(protocol::Alias alias, const error_code& error) {
    // in the order of their aliases, which only grow
    const auto one = std::ranges::lower_bound(served_, alias, {}, &ServedOne::alias);
    if (one == served_.end() || one->alias != alias) return;
    one->is_waited_for = false;
    if (!error) {
        one->is_ready = may_pull_ = true;
        return;
    }
    if (error == boost::asio::error::operation_aborted) return;
    const bool was_killed = error == event::errc::killed;
    protocol_.end(alias, {.code = was_killed ? end_code::killed : end_code::closed,
                          .text = was_killed ? "too slow" : "the bus has closed"});
    served_.erase(one);
}

void LinkCore::Inside::subscribed(const protocol::Subscribe& subscribe) noexcept {
    Reason reason{.code = end_code::not_served};
    try {
        auto serving = open(subscribe);
        served_.push_back({.alias = subscribe.alias,
                           .serving = std::move(serving),
                           .is_latest = subscribe.mode == protocol::Mode::latest,
                           .is_by_key = subscribe.by_key});
        may_pull_ = true;
        return;
    } catch (const Refused& refused) {
        reason = refused.reason;
    } catch (...) {
        reason.text = what(std::current_exception());
    }
    or_lose([&] { protocol_.end(subscribe.alias, reason); });
}

std::unique_ptr<Serving> LinkCore::Inside::open(const protocol::Subscribe& subscribe) {
    Asked asked{.is_latest = subscribe.mode == protocol::Mode::latest,
                .is_by_key = subscribe.by_key,
                .replays = subscribe.replay};
    for (const auto& type : subscribe.types) asked.types.push_back({type.name, type.schema, type.keys});

    const Asked::Type* missing = nullptr;  // in the group that has most of them
    for (const auto& group : groups_) {
        const std::vector<WireType> types = group->types();
        const auto [places, lacks] = places_of(asked, types);
        if (lacks != nullptr) {
            if (missing == nullptr || lacks > missing) missing = lacks;
            continue;
        }
        for (std::size_t i = 0; i < places.size(); ++i) {
            const Asked::Type& type = asked.types[i];
            if (std::find(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(i), places[i]) !=
                places.begin() + static_cast<std::ptrdiff_t>(i))
                refuse(end_code::not_served, type, "it is asked for twice");
            if (types[places[i]].schema == type.schema) continue;
            if (const auto difference = schema_difference(types[places[i]].schema, type.schema))
                refuse(end_code::schema_mismatch, type, *difference);
        }
        std::unique_ptr<Serving> serving;
        const bool has_bus = link_.bus_access().use([&](EventBus& bus) {
            serving = group->open(
                {bus, link_.bus_access(), link_.echoes(), link_.options().name, epoch_, protocol_.remote().epoch},
                asked, places);
        });
        if (!has_bus) refuse(end_code::closed, asked.types.front(), "the link is closing");
        return serving;
    }
    const Asked::Type& first = asked.types.front();
    if (missing == nullptr || missing == &first) refuse(end_code::not_served, first, "it is not served");
    refuse(end_code::not_served, *missing, fmt::format("it is not served in one order with {}", first.name));
}

void LinkCore::Inside::unsubscribed(protocol::Alias alias, const Reason&) noexcept {
    std::erase_if(served_, [&](const ServedOne& one) { return one.alias == alias; });
}

}  // namespace event::net::detail
