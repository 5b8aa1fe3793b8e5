#include <event/connection.hpp>
#include <event/detail/wait/push_spot.hpp>

namespace event {

void Connection::disconnect() noexcept {
    if (spot_ == nullptr) return;
    spot_->leave();
    std::exchange(spot_, nullptr)->release();
}

void Connection::close() noexcept {
    if (spot_ != nullptr) spot_->close();
}

void Connection::close_after_drain() noexcept {
    if (spot_ != nullptr) spot_->close_after_drain();
}

void Connection::close_and_wait() {
    if (spot_ != nullptr) spot_->close_and_wait();
}

void Connection::close_and_wait(boost::system::error_code& error) {
    error = {};
    if (spot_ != nullptr) spot_->close_and_wait(error);
}

SubscriptionStat Connection::stat() const { return spot_ != nullptr ? spot_->stat() : SubscriptionStat(); }

bool Connection::is_open() const noexcept { return spot_ != nullptr && spot_->is_open(); }

}  // namespace event
