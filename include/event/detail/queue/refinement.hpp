#pragma once

#include <event/detail/order/key_index.hpp>
#include <event/detail/queue/slot.hpp>
#include <event/meta.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace event::detail {

/// What a subscription wants of the events that are offered to it: a filter, a key, a merge; and by which keys they are
/// found that are offered to it at all. Events are given as they
/// lie in a queue (`StoredEvent`); `type` is their place in the subscription's list. Everything is called under the
/// domain's lock, and may throw what the user's code throws.
class Refinement {
public:
    Refinement() = default;
    Refinement(const Refinement&) = delete;
    Refinement& operator=(const Refinement&) = delete;
    virtual ~Refinement() = default;

    /// What that emitter emits is not wanted at all.
    void exclude(EmitterId emitter) { excluded_.push_back(emitter); }
    /// Nor what comes from elsewhere.
    void exclude_relayed() noexcept { excludes_relayed_ = true; }
    [[nodiscard]] bool excludes(Origin origin) const noexcept {
        return (excludes_relayed_ && origin.is_relayed()) ||
               std::find(excluded_.begin(), excluded_.end(), origin.id()) != excluded_.end();
    }

    /// Of that type only the events of these keys are wanted.
    void choose(std::unique_ptr<ChosenKeys> keys) { chosen_.push_back(std::move(keys)); }
    /// Null: those of all keys.
    [[nodiscard]] ChosenKeys* chosen(std::uint16_t type) const noexcept {
        for (const auto& keys : chosen_)
            if (keys->type() == type) return keys.get();
        return nullptr;
    }
    [[nodiscard]] const std::vector<std::unique_ptr<ChosenKeys>>& chosen() const noexcept { return chosen_; }

    /// Whether it may reject what is offered to it.
    [[nodiscard]] bool may_reject() const noexcept { return has_filter() || excludes_relayed_ || !excluded_.empty(); }

    /// For conflation.
    [[nodiscard]] virtual bool has_keys() const noexcept = 0;
    /// Whether it has a user's code ask about each event.
    [[nodiscard]] virtual bool has_filter() const noexcept = 0;

    [[nodiscard]] virtual bool accepts(std::uint16_t type, const std::byte* event, const Meta& meta) = 0;
    /// Of the event's key; none if the type has no key.
    [[nodiscard]] virtual std::optional<std::size_t> hash(std::uint16_t type, const std::byte* event) = 0;
    /// Two events of one type.
    [[nodiscard]] virtual bool same_key(std::uint16_t type, const std::byte* left, const std::byte* right) = 0;

    enum class Merged : std::uint8_t {
        unasked,  // the newer event replaces the queued one
        event,    // this one replaces it: stored in `merged`, which has room for `most_inline_bytes`
        nothing,  // both are gone
    };
    [[nodiscard]] virtual Merged merge(std::uint16_t type, const std::byte* queued, const std::byte* newer,
                                       std::byte* merged) = 0;

    /// Of a queue that only excludes emitters: at which count of its events a push has more to do than to ask whose the
    /// event is. The queue's, under the domain's lock.
    std::uint64_t next_look = 0;

private:
    std::vector<EmitterId> excluded_;
    bool excludes_relayed_ = false;
    std::vector<std::unique_ptr<ChosenKeys>> chosen_;
};

/// Of who may have none.
[[nodiscard]] inline bool may_reject(const Refinement* refinement) noexcept {
    return refinement != nullptr && refinement->may_reject();
}
[[nodiscard]] inline ChosenKeys* chosen(const Refinement* refinement, std::uint16_t type) noexcept {
    return refinement != nullptr ? refinement->chosen(type) : nullptr;
}

}  // namespace event::detail
