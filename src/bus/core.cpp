#include <event/detail/bus/core.hpp>
#include <event/detail/wait/parked_op.hpp>

namespace event::detail {

void Core::adopt(ParkedOp& op) noexcept {
    const std::lock_guard guard(lock_);
    adopted_.push_back(op);
}

void Core::context_gone(const boost::asio::execution_context&) noexcept {
    context_is_gone_.store(true, std::memory_order_release);
    destroy_pending();
    // Who adopted one did so under the lock under which it would have been found: it is there by now.
    {
        Doomed doomed;
        boost::asio::any_io_executor executor;  // a strand may not outlive its context
        const std::lock_guard guard(lock_);
        while (ParkedOp* op = adopted_.pop_front()) doomed.add(op);
        executor.swap(executor_);
    }
    release();
}

}  // namespace event::detail
