#pragma once

#include <event/detail/event/event_type.hpp>
#include <event/detail/intrusive_list.hpp>
#include <event/detail/order/domain.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace event::detail {

class Behaviour;
class Mailbox;
class TopicBase;

/// What can be subscribed to: a topic, or a behaviour, which many topics feed. The list, guarded by the bus's mutex, is
/// that of those whose domains may be parted.
class Subject : public DomainMember, public ListHook<Subject> {
public:
    Subject(std::string&& label, Core& core);
    virtual ~Subject();

    /// Stays as it is while somebody uses it; the text lives as long as the core.
    [[nodiscard]] const std::string& label() const noexcept { return *label_.load(std::memory_order_acquire); }
    /// Nobody uses it, and its label may have become another's. Needs the bus's mutex.
    void relabel(std::string label) {
        labels_.push_back(std::make_unique<const std::string>(std::move(label)));
        label_.store(labels_.back().get(), std::memory_order_release);
    }
    /// Whether somebody emits it now. Needs the bus's mutex.
    [[nodiscard]] virtual bool has_emitter() const noexcept = 0;
    /// Null if it is a topic.
    [[nodiscard]] virtual Behaviour* as_behaviour() noexcept { return nullptr; }

private:
    std::atomic<const std::string*> label_{nullptr};
    std::vector<std::unique_ptr<const std::string>> labels_;  // all that it ever had; guarded by the bus's mutex
};

/// All topics whose type implements an interface; or all topics, for the wildcard. Guarded by the bus's mutex.
class Behaviour final : public Subject {
public:
    using Topics = std::vector<std::unique_ptr<TopicBase>>;
    struct Subscriber {
        Mailbox* mailbox;
        std::uint16_t type;  // the behaviour's place in the mailbox's list
    };

    /// `interface` lives as long as the program, null for the wildcard; `topics` are the bus's.
    Behaviour(const TypeId* interface, std::string label, const Topics& topics, Core& core)
        : Subject(std::move(label), core), interface_(interface), topics_(topics) {}

    [[nodiscard]] bool is_wildcard() const noexcept { return interface_ == nullptr; }
    [[nodiscard]] bool is(const TypeId* interface) const noexcept {
        return interface_ == nullptr || interface == nullptr ? interface_ == interface : interface_->is(*interface);
    }
    [[nodiscard]] bool includes(const EventType& type) const noexcept;
    [[nodiscard]] bool has_emitter() const noexcept override;
    [[nodiscard]] Behaviour* as_behaviour() noexcept override { return this; }

    /// Makes the next `add` unable to fail.
    void reserve_one() {
        if (subscribers_.size() == subscribers_.capacity()) subscribers_.reserve(2 * subscribers_.size() + 4);
    }
    void add(Mailbox& mailbox, std::uint16_t type) noexcept;
    void remove(Mailbox& mailbox, std::uint16_t type) noexcept;
    [[nodiscard]] const std::vector<Subscriber>& subscribers() const noexcept { return subscribers_; }

private:
    std::vector<Subscriber> subscribers_;

    const TypeId* const interface_;
    const Topics& topics_;
};

}  // namespace event::detail
