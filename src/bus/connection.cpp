#include <event/connection.hpp>
#include <event/detail/queue/mailbox.hpp>

namespace event {

void Connection::disconnect() noexcept {
    if (mailbox_ == nullptr) return;
    close();
    std::exchange(mailbox_, nullptr)->release();
}

void Connection::close() noexcept {
    if (mailbox_ != nullptr) mailbox_->close();
}

void Connection::close_after_drain() noexcept {
    if (mailbox_ != nullptr) mailbox_->close_after_drain();
}

void Connection::close_and_wait() {
    if (mailbox_ != nullptr) mailbox_->close_and_wait();
}

void Connection::close_and_wait(boost::system::error_code& error) {
    error = {};
    if (mailbox_ != nullptr) mailbox_->close_and_wait(error);
}

SubscriptionStat Connection::stat() const { return mailbox_ != nullptr ? mailbox_->stat() : SubscriptionStat(); }

bool Connection::is_open() const noexcept {
    return mailbox_ != nullptr && mailbox_->state() == detail::Mailbox::State::open;
}

}  // namespace event
