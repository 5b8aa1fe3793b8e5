#include <event/detail/bus/bus_core.hpp>

#include <array>
#include <mutex>

/// What watchers and views of a bus's topics tell it.

namespace event::detail {

void BusCore::begin_watching(TopicBase& topic) {
    const RegistrationGuard lock(mutex_);
    do {
        // its last user may have gone, and a view of it asks for a watcher
        if (!topic.is_listed) list(topic);
    } while (retained_ != nullptr && !are_together(std::array<Subject*, 2>{retained_, &topic}));
    retain(topic);
    const DomainGuard guard(topic);
    topic.add_watcher();
}

void BusCore::end_watching(TopicBase& topic, std::uint64_t seen) noexcept {
    Aftermath after;
    {
        const std::lock_guard lock(mutex_);
        {
            const DomainGuard guard(topic);
            topic.remove_watcher(seen);
            topic.forget_if_unread(after);
        }
        retire_unused(topic);
    }
    after.settle();
}

void BusCore::unviewed(TopicBase& topic) noexcept {
    if (!is_closed() || UserCode::runs()) return;
    Aftermath after;
    {
        const DomainGuard guard(topic);
        topic.forget_if_unread(after);
    }
    after.settle();
}

}  // namespace event::detail
