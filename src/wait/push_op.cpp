#include <event/detail/wait/push_events.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/system_error.hpp>

namespace event::detail {

bool is_cancellation(const std::exception_ptr& exception) noexcept {
    try {
        std::rethrow_exception(exception);
    } catch (const boost::system::system_error& error) {
        return error.code() == boost::asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

boost::asio::any_io_executor make_serial(const boost::asio::any_io_executor& executor) {
    return !executor || below_strands(executor) != executor ? executor : boost::asio::make_strand(executor);
}

template class StandingOp<MailboxSource>;

}  // namespace event::detail
