#include "net/protocol/state_lane.hpp"

#include <algorithm>

namespace event::net::protocol {

StateLane::Index::iterator StateLane::lower_bound(Alias alias, View key) {
    return std::lower_bound(by_key_.begin(), by_key_.end(), key, [alias](Queue::iterator entry, View sought) {
        if (entry->alias != alias) return entry->alias < alias;
        return std::lexicographical_compare(entry->key.begin(), entry->key.end(), sought.begin(), sought.end());
    });
}

void StateLane::fill(Entry& entry, View payload) {
    bytes_ = bytes_ - entry.payload.size() + payload.size();
    held_ -= entry.payload.capacity();
    // room that was made for a large value is not kept for small ones while there is much of it
    if (entry.payload.capacity() < payload.size() || held_ + entry.payload.capacity() > limits_.max_state_bytes) {
        entry.payload = Bytes(payload.begin(), payload.end());
    } else {
        entry.payload.assign(payload.begin(), payload.end());
    }
    held_ += entry.payload.capacity();
}

bool StateLane::put(const State& state) {
    const View payload = state.present ? state.payload : View{};
    const Index::iterator place = lower_bound(state.alias, state.key);
    const bool is_there =
        place != by_key_.end() && (*place)->alias == state.alias && std::ranges::equal((*place)->key, state.key);
    if (is_there && state.version <= (*place)->version) return true;
    const std::size_t before = is_there ? (*place)->payload.size() : 0;
    const std::size_t others = bytes_ - before;
    // one may go beyond the limit: a large one would wait for ever beside small ones that change all the time
    const bool is_full = others != 0 && others >= limits_.max_state_bytes;
    if (is_full && payload.size() > before) return false;
    if (is_there) {
        Entry& entry = **place;
        fill(entry, payload);
        entry.version = state.version;
        entry.present = state.present;
        return true;
    }
    if (!by_key_.empty() && by_key_.size() >= limits_.max_state_keys) return false;

    if (spare_.empty()) spare_.emplace_back();
    Entry& entry = spare_.front();
    entry.key.assign(state.key.begin(), state.key.end());
    fill(entry, payload);
    entry.alias = state.alias;
    entry.version = state.version;
    entry.present = state.present;
    entry.is_end = false;
    by_key_.insert(place, spare_.begin());
    queue_.splice(queue_.end(), spare_, spare_.begin());
    return true;
}

void StateLane::put_end(const Unsubscribe& unsubscribe) {
    Bytes frame;
    write(unsubscribe, frame);
    if (spare_.empty()) spare_.emplace_back();
    Entry& entry = spare_.front();
    fill(entry, frame);
    entry.alias = unsubscribe.alias;
    entry.is_end = true;
    ends_.push_back(spare_.begin());
    queue_.splice(queue_.end(), spare_, spare_.begin());
}

/// Its memory stays, unless there is much.
void StateLane::put_aside(Queue::iterator entry) {
    fill(*entry, {});
    spare_.splice(spare_.begin(), queue_, entry);
}

void StateLane::drop(Alias alias) {
    const auto is_another = [alias](Queue::iterator entry) { return entry->alias != alias; };
    const Index::iterator first = lower_bound(alias, {});
    const Index::iterator last = std::find_if(first, by_key_.end(), is_another);
    std::for_each(first, last, [this](Queue::iterator entry) { put_aside(entry); });
    by_key_.erase(first, last);
    if (const auto end = std::find_if_not(ends_.begin(), ends_.end(), is_another); end != ends_.end()) {
        put_aside(*end);
        ends_.erase(end);
    }
}

void StateLane::clear() {
    by_key_.clear();
    ends_.clear();
    queue_.clear();
    spare_.clear();
    bytes_ = 0;
    held_ = 0;
}

void StateLane::give_back() noexcept {
    clear();
    Index().swap(by_key_);
    Index().swap(ends_);
}

void StateLane::take(Bytes& out, std::size_t quantum) {
    const std::size_t before = out.size();
    while (!queue_.empty() && out.size() - before < quantum) {
        const Entry& entry = queue_.front();
        if (entry.is_end) {
            out.insert(out.end(), entry.payload.begin(), entry.payload.end());
            ends_.erase(ends_.begin());
        } else {
            write({.alias = entry.alias,
                   .version = entry.version,
                   .key = entry.key,
                   .present = entry.present,
                   .payload = entry.payload},
                  out);
            by_key_.erase(lower_bound(entry.alias, entry.key));
        }
        put_aside(queue_.begin());
    }
}

}  // namespace event::net::protocol
