#pragma once

#include <event/detail/event/event_type.hpp>
#include <event/detail/order/domain.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace event::detail {

class Mailbox;
class TopicBase;

/// What can be subscribed to: a topic, or a behaviour, which many topics feed.
class Subject : public DomainMember {
public:
    explicit Subject(std::string label) noexcept : label_(std::move(label)) {}
    virtual ~Subject() = default;

    /// Never changes.
    [[nodiscard]] const std::string& label() const noexcept { return label_; }
    /// Whether somebody emits it now. Needs the bus's mutex.
    [[nodiscard]] virtual bool has_emitter() const noexcept = 0;

private:
    const std::string label_;
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
    Behaviour(const TypeId* interface, std::string label, const Topics& topics) noexcept
        : Subject(std::move(label)), interface_(interface), topics_(topics) {}

    [[nodiscard]] bool is_wildcard() const noexcept { return interface_ == nullptr; }
    [[nodiscard]] bool is(const TypeId* interface) const noexcept {
        return interface_ == nullptr || interface == nullptr ? interface_ == interface : interface_->is(*interface);
    }
    [[nodiscard]] bool includes(const EventType& type) const noexcept;
    [[nodiscard]] bool has_emitter() const noexcept override;

    std::vector<Subscriber> subscribers;

private:
    const TypeId* const interface_;
    const Topics& topics_;
};

}  // namespace event::detail
