#pragma once

#include <event/detail/intrusive_ptr.hpp>
#include <event/detail/wait/handling.hpp>
#include <event/detail/wait/push_spot.hpp>

#include <cstddef>

namespace event::detail {

class Mailbox;

/// Where one of those who receive from a queue waits: the first at the queue itself, the others as `Receiver`s.
class QueueSpot : public PushSpot {
public:
    [[nodiscard]] Mailbox& mailbox() const noexcept { return mailbox_; }
    /// Of the handler that waits here.
    [[nodiscard]] virtual Handling& handling() noexcept = 0;
    inline void end_handling(Handling& handling) noexcept;
    void leave() noexcept final;

protected:
    explicit QueueSpot(const DomainMember& home, Mailbox& mailbox) noexcept : PushSpot(home), mailbox_(mailbox) {}

private:
    void pass_on(Aftermath& after) noexcept final;

    Mailbox& mailbox_;
};

/// One more handle on the queue.
[[nodiscard]] IntrusivePtr<QueueSpot> share(QueueSpot& spot);
[[noreturn]] void refuse_to_share();
/// Where one more run of its handler waits: `which` counts those beside the queue's own, from 0.
[[nodiscard]] IntrusivePtr<QueueSpot> new_run(Mailbox& mailbox, std::size_t which);

}  // namespace event::detail
