#include <event/detail/order/subject.hpp>
#include <event/detail/order/topic.hpp>

#include <algorithm>
#include <utility>

namespace event::detail {

Subject::Subject(std::string&& label, Core& core) : DomainMember(core) { relabel(std::move(label)); }
Subject::~Subject() = default;

bool Behaviour::includes(const EventType& type) const noexcept {
    if (is_wildcard()) return true;
    return std::any_of(type.interfaces.begin(), type.interfaces.end(),
                       [&](const ImplementedInterface& candidate) { return candidate.id->is(*interface_); });
}

bool Behaviour::has_emitter() const noexcept {
    return is_wildcard() || std::any_of(topics_.begin(), topics_.end(), [&](const auto& topic) {
               return topic->has_emitter() && includes(topic->type());
           });
}

void Behaviour::add(Mailbox& mailbox, std::uint16_t type) noexcept {
    mailbox.listings()[type].position = subscribers_.size();
    subscribers_.push_back({&mailbox, type});
}

void Behaviour::remove(Mailbox& mailbox, std::uint16_t type) noexcept {
    const std::size_t position = std::exchange(mailbox.listings()[type].position, Listing::nowhere);
    if (position == Listing::nowhere) return;
    Subscriber& gone = subscribers_[position];
    if (Subscriber& last = subscribers_.back(); &last != &gone) {
        gone = last;
        gone.mailbox->listings()[gone.type].position = position;
    }
    subscribers_.pop_back();
}

}  // namespace event::detail
