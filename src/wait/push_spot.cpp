#include <event/detail/order/domain.hpp>
#include <event/detail/queue/slow_notifier.hpp>
#include <event/detail/wait/completion_executor.hpp>
#include <event/detail/wait/push_spot.hpp>

#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

namespace event::detail {

void HandlersExecutor::use(const boost::asio::any_io_executor& executor) {
    kept_ = std::make_unique<Kept>();
    kept_->executor = executor;
}

void HandlersExecutor::let_kept_go() noexcept {
    const std::lock_guard guard(kept_->mutex);
    kept_->executor = {};
}

void PushSpot::use_executor(const boost::asio::any_io_executor& executor) {
    if (executor == core().executor()) return;
    handlers_executor().use(executor);
    try {
        static_cast<void>(listen_to(executor.context()));
    } catch (...) {
        handlers_executor().let_go();  // nobody would have it let go
        throw;
    }
}

bool PushSpot::handles_here(const Handling& handling, const HandlersExecutor& executor) const {
    return handling.runs() && (handling.runs_on_this_thread() || runs_here(executor.get_or(core().executor())));
}

void PushSpot::close_and_wait(boost::system::error_code& error) {
    close();
    // in a filter, which may close it only when the emit is done, and in a callback nothing is waited for
    const bool may_wait = !UserCode::runs() && !SlowNotifier::runs_callback();
    if (!has_ended() || (!may_wait && handles()) || handles_here() || (may_wait && !await_handlers()))
        error = make_error_code(boost::system::errc::resource_deadlock_would_occur);
}

void PushSpot::close_and_wait() {
    boost::system::error_code error;
    close_and_wait(error);
    if (error) throw boost::system::system_error(error, "event: the handler that is to be waited for waits for this");
}

}  // namespace event::detail
