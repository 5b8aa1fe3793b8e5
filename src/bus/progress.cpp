#include <event/detail/bus/bus_core.hpp>

#include <cstdint>

/// Whether all of a bus is idle, or over.

namespace event::detail {

ValueCore<std::size_t>& Progress::value(const boost::asio::any_io_executor& executor) {
    if (!owned_) {
        auto made = ValueCore<std::size_t>::create(executor);
        Aftermath nobody;
        made->topic().tell(&number, nobody);  // so that who comes looks for himself first
        owned_ = std::move(made);
        value_.store(owned_.get(), std::memory_order_release);
    }
    return *owned_;
}

void Progress::tell(Aftermath& after) noexcept {
    auto* value = value_.load(std::memory_order_acquire);
    if (value == nullptr) return;
    // also in an emit: who emits need not know of contexts on which somebody waits for the bus
    Aftermath told;
    told.only_ends();
    value->topic().tell(&number, told);
    after.wake_pinned(told);
}

IntrusivePtr<ValueCore<std::size_t>> BusCore::progress() {
    const RegistrationGuard lock(mutex_);
    if (context_is_gone()) return {};
    return IntrusivePtr<ValueCore<std::size_t>>(&progress_.value(executor()));
}

void BusCore::tell_progress(Aftermath& after) noexcept { progress_.tell(after); }

void BusCore::tell_progress() noexcept {
    Aftermath after;
    after.only_ends();
    progress_.tell(after);
    after.settle();
}

std::uint64_t BusCore::events_so_far() const {
    std::uint64_t sum = 0;
    for (const auto& topic : topics_) sum += DomainGuard(*topic).sequence();
    return sum;
}

bool BusCore::is_idle() {
    constexpr int most_looks = 16;
    {
        const RegistrationGuard lock(mutex_);
        // Each is found idle at its own moment. If nothing was emitted from the first to the last, all were at the
        // last.
        for (int looks = 0; looks < most_looks; ++looks) {
            const std::uint64_t before = events_so_far();
            if (is_something_busy()) return false;
            if (events_so_far() == before) return true;
        }
    }
    tell_progress();  // who asks is asked again, when others have had their turn
    return false;
}

bool BusCore::is_something_busy() {
    if (progress_.handlers_left.load(std::memory_order_acquire) != 0) return true;  // the last of them tells
    for (InBus& subscription : subscriptions_)
        if (subscription.mailbox.is_busy_and_will_tell()) return true;
    // last: what waited for a queue that has ended meanwhile waits on, or has emitted; its end tells
    for (EmitterState& emitter : emitters_)
        if (emitter.waits()) return true;
    return false;
}

bool BusCore::is_over() {
    const RegistrationGuard lock(mutex_);
    if (!is_closed() || progress_.handlers_left.load(std::memory_order_acquire) != 0) return false;
    for (InBus& subscription : subscriptions_)
        if (subscription.mailbox.goes_on_and_will_tell()) return false;
    return true;
}

}  // namespace event::detail
