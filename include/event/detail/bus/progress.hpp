#pragma once

#include <event/detail/bus/value_core.hpp>
#include <event/detail/intrusive_ptr.hpp>
#include <event/detail/order/aftermath.hpp>

#include <atomic>
#include <cstddef>

namespace event::detail {

/// Wakes those who wait for all of a bus to be idle, or over. They ask one subscription that is not to say when it is
/// (`Mailbox::ask_to_tell`), and look at all of them again when it has. Where nobody ever asked, there is none.
class Progress {
public:
    /// Made at the first call. Under the bus's mutex; throws `std::bad_alloc`.
    [[nodiscard]] ValueCore<std::size_t>& value(const boost::asio::any_io_executor& executor);
    /// Something has become idle, or has ended. Under whatever lock but the value's.
    void tell(Aftermath& after) noexcept;

    /// Handlers that still run, of subscriptions that the bus no longer knows.
    std::atomic<std::size_t> handlers_left{0};

private:
    static constexpr std::size_t number = 0;  // only that it is told counts

    IntrusivePtr<ValueCore<std::size_t>> owned_;
    std::atomic<ValueCore<std::size_t>*> value_{nullptr};
};

}  // namespace event::detail
