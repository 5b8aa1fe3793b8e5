#pragma once

#include <event/detail/queue/mailbox.hpp>
#include <event/detail/queue/queue_spot.hpp>

#include <boost/system/error_code.hpp>

#include <utility>

namespace event::detail {

/// Where one more waits who receives from a queue: another handle on it, or one more run of its handler. It is the
/// queue's in all but the waiting.
class Receiver final : public QueueSpot {
public:
    Receiver(IntrusivePtr<Mailbox> mailbox, Handling& handling, HandlersExecutor& executor) noexcept
        : QueueSpot(mailbox->home(), *mailbox),
          handling_(handling),
          handlers_executor_(executor),
          kept_(std::move(mailbox)) {}

    [[nodiscard]] Handling& handling() noexcept override { return handling_; }
    [[nodiscard]] bool has_ended() const noexcept override { return mailbox().has_ended(); }
    [[nodiscard]] bool is_given_up() const noexcept override { return mailbox().is_given_up(); }
    [[nodiscard]] bool is_open() const noexcept override { return mailbox().is_open(); }
    [[nodiscard]] boost::system::error_code end_reason() const noexcept override { return mailbox().end_reason(); }
    [[nodiscard]] SubscriptionStat stat() override { return mailbox().stat(); }
    [[nodiscard]] bool handles() const noexcept override { return mailbox().handles(); }
    [[nodiscard]] bool handles_here() override { return mailbox().handles_here(); }
    [[nodiscard]] bool await_handlers() override { return mailbox().await_handlers(); }
    [[nodiscard]] WaitList& end_waiters() noexcept override { return mailbox().end_waiters(); }
    void close() noexcept override { mailbox().close(); }
    void close_after_drain() noexcept override { mailbox().close_after_drain(); }

private:
    ~Receiver() override = default;
    [[nodiscard]] HandlersExecutor& handlers_executor() noexcept override { return handlers_executor_; }
    void let_go() noexcept override { kept_ = {}; }
    void destroy_spot() noexcept override { delete this; }

    Handling& handling_;
    HandlersExecutor& handlers_executor_;
    IntrusivePtr<Mailbox> kept_;  // as long as somebody may wait here
};

}  // namespace event::detail
