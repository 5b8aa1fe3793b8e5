#pragma once

/// The subscriptions of one stream, and nothing of any other: those that this side has, and those of the other side.

#include "net/protocol/frames.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <vector>

namespace event::net::protocol {

/// By alias. These only grow, so that one that is not larger than the last is, or was, one.
template <class T>
class ByAlias {
public:
    [[nodiscard]] T* find(Alias alias) noexcept {
        // what comes, and goes, is nearly always of the one before
        return found_ < all_.size() && all_[found_].alias == alias ? &all_[found_] : search(alias);
    }
    [[nodiscard]] bool was(Alias alias) const noexcept { return alias <= last_; }
    [[nodiscard]] Alias last() const noexcept { return last_; }
    [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }

    /// Its alias comes after all before it.
    void add(T subscription) {
        last_ = subscription.alias;
        all_.push_back(std::move(subscription));
    }
    void remove(Alias alias) {
        if (const auto place = lower_bound(alias); place != all_.end() && place->alias == alias) all_.erase(place);
    }
    void clear() noexcept { all_.clear(); }

private:
    [[gnu::noinline]] T* search(Alias alias) noexcept {
        const auto place = lower_bound(alias);
        if (place == all_.end() || place->alias != alias) return nullptr;
        found_ = static_cast<std::size_t>(place - all_.begin());
        return &*place;
    }
    auto lower_bound(Alias alias) noexcept {
        return std::ranges::lower_bound(all_, alias, {}, [](const T& one) { return one.alias; });
    }

    std::vector<T> all_;
    std::size_t found_ = 0;  // where one was found last; another may be there now
    Alias last_ = 0;
};

/// What this side subscribed to.
struct Consumed {
    Alias alias = 0;
    Mode mode = Mode::events;
    std::vector<std::size_t> max_payload = {};  // bytes, of each type

    [[nodiscard]] bool takes(const Event& event) const noexcept {
        return mode == Mode::events && event.type < max_payload.size() &&
               event.payload.size() <= max_payload[event.type];
    }

    struct Less {
        using is_transparent = void;
        bool operator()(View left, View right) const { return std::ranges::lexicographical_compare(left, right); }
    };
    std::map<Bytes, std::uint64_t, Less> versions = {};  // of each key that is present
};

/// What this side serves.
struct Served {
    Alias alias = 0;
    Mode mode = Mode::events;
    std::size_t types = 0;
    std::uint64_t lost = 0;  // could not be sent, and is missed before the next
};

}  // namespace event::net::protocol
