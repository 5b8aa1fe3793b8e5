#include <event/detail/chaos.hpp>
#include <event/detail/order/subject.hpp>
#include <event/detail/queue/mailbox.hpp>
#include <event/detail/queue/slow_notifier.hpp>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

namespace event::detail {
namespace {

/// While it exists, this thread runs a callback.
struct Calling {
    Calling() noexcept { ++depth; }
    ~Calling() { --depth; }
    Calling(const Calling&) = delete;
    Calling& operator=(const Calling&) = delete;

    static thread_local int depth;
};
thread_local int Calling::depth = 0;

}  // namespace

bool SlowNotifier::runs_callback() noexcept { return Calling::depth != 0; }

bool SlowNotifier::open(Reason reason, std::uint16_t type) noexcept {
    if (is_open(reason)) return false;
    open_ |= bit(reason);
    due_ |= bit(reason);
    ++episodes_;
    type_ = type;
    if (call_.load(std::memory_order_relaxed) != Call::none) return false;  // who calls looks once more
    call_.store(Call::due, std::memory_order_relaxed);
    return true;
}

bool SlowNotifier::note_age(bool is_empty, std::uint16_t type) noexcept {
    const auto now = line_.clock().now();
    if (is_empty) not_empty_since_ = now;
    return !is_empty && now - not_empty_since_ >= options_.slow_after && open(Reason::age, type);
}

bool SlowNotifier::tell(Mailbox& mailbox, unsigned reasons, std::exception_ptr& first) {
    const Callback* const own = mailbox.own_callback();
    bool is_left = false;
    for (;;) {
        SlowSubscriber slow;
        const Subject* subject = nullptr;
        std::chrono::nanoseconds age(0);
        unsigned due = 0;
        {
            const DomainGuard guard(mailbox.home());
            due = mailbox.has_ended() ? 0 : due_ & reasons;
            if (due == 0) {
                is_left = due_ != 0 && !mailbox.has_ended();
                call_.store(is_left ? Call::due : Call::none, std::memory_order_release);
                break;
            }
            due_ &= static_cast<std::uint8_t>(~due);
            call_.store(Call::running, std::memory_order_relaxed);
            caller_ = this_thread();
            slow.capacity = mailbox.capacity();
            slow.lost = mailbox.figures().lost;
            slow.episodes = episodes_;
            subject = mailbox.listings()[type_].subject;
            age = std::max(this->age(), std::chrono::nanoseconds(1));
        }
        const auto call = [&](const Callback& callback) {
            const Calling calling;
            chaos(Point::before_callback, this);
            try {
                // told without its names where there is no memory for them: the event is out, and whoever emits it is
                // not to hear of that
                try {
                    slow.name = mailbox.name();
                    slow.type = subject->label();
                } catch (const std::bad_alloc&) {
                }
                callback(slow);
            } catch (...) {
                if (!first) first = std::current_exception();
            }
            chaos(Point::after_callback, this);
        };
        if ((due & bit(Reason::loss)) != 0) call(own != nullptr ? *own : options_.on_slow_subscriber);
        slow.age = age;
        if ((due & bit(Reason::age)) != 0) call(options_.on_slow_subscriber);
    }
    call_.notify_all();
    return is_left;
}

void SlowNotifier::run(Mailbox& mailbox, std::exception_ptr& first) {
    auto reference = IntrusivePtr<Mailbox>::adopt(&mailbox);
    // what goes to a callback of the subscription's own need not wait for its turn
    if (mailbox.own_callback() == nullptr || tell(mailbox, bit(Reason::loss), first))
        line_.tell(*reference.detach(), first);
}

void SlowNotifier::run_in_line(Mailbox& mailbox, std::exception_ptr& first) {
    const auto reference = IntrusivePtr<Mailbox>::adopt(&mailbox);
    tell(mailbox, bit(Reason::loss) | bit(Reason::age), first);
}

void SlowNotifier::await_call(const Mailbox& mailbox) noexcept {
    Call call = call_.load(std::memory_order_acquire);
    if (call == Call::running) {
        if (Calling::depth != 0 || UserCode::runs()) return;
        {
            const DomainGuard guard(mailbox.home());
            if (caller_ == this_thread()) return;
        }
        chaos(Point::awaits_callback, this);
        call_.wait(Call::running, std::memory_order_acquire);
        chaos(Point::callback_is_over, this);
        call = Call::none;
    }
    if (call == Call::none) call_.store(Call::over, std::memory_order_release);
}

void SlowLine::tell(Mailbox& mailbox, std::exception_ptr& first) {
    const IntrusivePtr<Core> alive(&mailbox.core());  // and so this
    {
        const std::lock_guard guard(mutex_);
        mailbox.next_slow = nullptr;
        (last_ != nullptr ? last_->next_slow : first_) = &mailbox;
        last_ = &mailbox;
        if (std::exchange(is_telling_, true)) return;
    }
    for (;;) {
        Mailbox* next = nullptr;
        {
            const std::lock_guard guard(mutex_);
            next = first_;
            is_telling_ = next != nullptr;
            if (next == nullptr) return;
            first_ = next->next_slow;
            if (first_ == nullptr) last_ = nullptr;
        }
        next->slow().run_in_line(*next, first);
    }
}

}  // namespace event::detail
