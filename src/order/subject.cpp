#include <event/detail/order/subject.hpp>
#include <event/detail/order/topic.hpp>

#include <algorithm>

namespace event::detail {

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

}  // namespace event::detail
