#pragma once

#include <event/detail/intrusive_list.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// How a topic finds the subscriptions that chose by key. Its one rule: what is looked up, added and removed here is
/// guarded by the domain's lock, and nothing of it allocates or is destroyed there.

namespace event::detail {

class Aftermath;
class ChosenKeys;
class DomainMember;
class Mailbox;

/// One of the keys that a subscription has chosen, where it is found.
struct ChosenKey : ListHook<ChosenKey> {
    ChosenKey(ChosenKeys& of, std::size_t key_hash) noexcept : owner(of), hash(key_hash) {}

    ChosenKeys& owner;
    const std::size_t hash;
    ChosenKey* next_of_owner = nullptr;
    ChosenKey* next_found = nullptr;
};

/// Those keys that are one event's, as long as the lock is held.
struct FoundKeys {
    ChosenKey* first = nullptr;
    std::size_t count = 0;

    void add(ChosenKey& key) noexcept {
        key.next_found = std::exchange(first, &key);
        ++count;
    }
};

/// The keys that were chosen by one projection of one event type, by hash.
class KeyIndex : public ListHook<KeyIndex>, public std::enable_shared_from_this<KeyIndex> {
public:
    /// `kind`: which class it is; no RTTI.
    explicit KeyIndex(const void* kind) noexcept : kind_(kind) {}
    KeyIndex(const KeyIndex&) = delete;
    KeyIndex& operator=(const KeyIndex&) = delete;
    virtual ~KeyIndex() = default;

    /// Whether it has an equal projection of the same type.
    [[nodiscard]] bool is_same(const KeyIndex& other) const { return kind_ == other.kind_ && is_equal(other); }
    /// Adds to `found` the keys that are the event's, which is given as it lies in a queue. Throws what the user's
    /// projection, hash and `==` throw.
    virtual void find(const std::byte* event, FoundKeys& found) const = 0;

    using Chain = IntrusiveList<ChosenKey>;
    struct Chains {
        std::unique_ptr<Chain[]> of;
        std::size_t count = 0;  // a power of two
    };
    [[nodiscard]] static Chains chains_for(std::size_t keys);

    [[nodiscard]] bool is_empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool has_room_for(std::size_t keys) const noexcept { return keys <= chains_.count; }
    /// Takes these, which are empty and more, and gives back those that it had.
    void use(Chains& larger) noexcept;
    void add(ChosenKey& key) noexcept {
        chain_of(key.hash).push_back(key);
        ++size_;
    }
    void remove(ChosenKey& key) noexcept {
        key.unlink();
        --size_;
    }
    template <class F>
    void for_each(F&& f) const {
        for (std::size_t i = 0; i < chains_.count; ++i)
            for (ChosenKey& key : chains_.of[i]) f(key);
    }

protected:
    [[nodiscard]] Chain& chain_of(std::size_t hash) const noexcept;

private:
    [[nodiscard]] virtual bool is_equal(const KeyIndex& of_same_kind) const = 0;

    const void* const kind_;
    Chains chains_;
    std::size_t size_ = 0;
};

/// All keys that a subscription has chosen among the events of one type. Made with an index of its own, which its topic
/// uses unless it has one by an equal projection.
class ChosenKeys {
public:
    /// `type`: its place in the subscription's list.
    explicit ChosenKeys(std::uint16_t type) noexcept : type_(type) {}
    ChosenKeys(const ChosenKeys&) = delete;
    ChosenKeys& operator=(const ChosenKeys&) = delete;
    virtual ~ChosenKeys() = default;

    [[nodiscard]] std::uint16_t type() const noexcept { return type_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Those of the queue that it was added for.
    [[nodiscard]] Mailbox& mailbox() const noexcept { return *mailbox_; }
    [[nodiscard]] bool is_added() const noexcept { return mailbox_ != nullptr; }
    /// As texts, for a report.
    virtual void print(std::vector<std::string>& keys) const = 0;

    /// Whether one of them is the event's. As `KeyIndex::find`.
    [[nodiscard]] bool are_of(const std::byte* event) const;

protected:
    void make_index(std::shared_ptr<KeyIndex> index) noexcept { index_ = std::move(index); }
    [[nodiscard]] KeyIndex& index() const noexcept { return *index_; }
    void add(ChosenKey& key) noexcept {
        key.next_of_owner = std::exchange(first_, &key);
        ++size_;
        index_->add(key);
    }

private:
    friend class KeyedSinks;

    std::shared_ptr<KeyIndex> index_;  // in which they are
    std::shared_ptr<KeyIndex> other_;  // that they go to; then the one where they were, which is not destroyed there
    ChosenKey* first_ = nullptr;
    std::size_t size_ = 0;
    Mailbox* mailbox_ = nullptr;
    const std::uint16_t type_;
};

/// The subscriptions of a topic that chose by key.
class KeyedSinks {
public:
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

    /// Makes the next `add` of these unable to fail. Needs the bus's mutex instead of the lock. Throws
    /// `std::bad_alloc`; what a projection's `==` throws is in `after` then.
    void reserve(ChosenKeys& keys, const DomainMember& topic, Aftermath& after);
    void add(ChosenKeys& keys, Mailbox& mailbox) noexcept;
    void remove(ChosenKeys& keys) noexcept;
    /// Those that an event is for. What the user's code throws is in `after` then, unless it is only asked and will
    /// throw again.
    [[nodiscard]] FoundKeys find(const std::byte* event, const DomainMember& topic, Aftermath& after,
                                 bool is_emitted) noexcept;
    /// Calls `f` with each queue, whatever its keys.
    template <class F>
    void for_each(F&& f) {
        for (const KeyIndex& index : indexes_) {
            index.for_each([&](const ChosenKey& key) {
                if (key.owner.first_ == &key) f(key.owner.mailbox());
            });
        }
    }

private:
    IntrusiveList<KeyIndex> indexes_;
    std::size_t count_ = 0;
};

}  // namespace event::detail
