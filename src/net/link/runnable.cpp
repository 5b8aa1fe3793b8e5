#include <event/net/detail/runnable.hpp>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <new>

namespace event::net::detail {

namespace {

/// Of what is below the erasure, where that is known: a strand of an erased executor allocates whenever it is copied.
boost::asio::any_io_executor strand_of(const boost::asio::any_io_executor& executor) {
    using namespace boost::asio;
    if (const auto* context = executor.target<io_context::executor_type>()) return make_strand(*context);
    if (const auto* pool = executor.target<thread_pool::executor_type>()) return make_strand(*pool);
    return make_strand(executor);
}

}  // namespace

Runnable::Runnable(const boost::asio::any_io_executor& executor)
    : strand_(strand_of(executor)),
      io_strand_(strand_.target<IoStrand>()),
      finished_(executor, boost::asio::steady_timer::time_point::max()) {}

void Runnable::cancel_run(std::shared_ptr<const Ticket> ticket) {
    boost::asio::post(strand_, [self = shared_from_this(), ticket = std::move(ticket)] {
        if (self->has_finished_ || ticket->is_refused) return;
        self->was_cancelled_ = true;
        self->stop({.code = end_code::closed, .text = "cancelled"});
    });
}

void Runnable::run(RunHandler handler, Ticket& ticket) {
    // on its own executor, whose context it keeps at work until then
    const auto executor = boost::asio::get_associated_executor(handler, strand_);
    if (!executor) throw std::bad_alloc();  // an erased handler's comes empty where there is no memory for it
    const auto complete = [](const auto& on, RunHandler&& waiting, const error_code& error) {
        boost::asio::dispatch(on, boost::asio::append(std::move(waiting), error));
    };
    ticket.is_refused = std::exchange(has_begun_, true);
    if (ticket.is_refused) return complete(executor, std::move(handler), boost::asio::error::already_started);
    auto work = boost::asio::prefer(executor, boost::asio::execution::outstanding_work.tracked);
    auto end = [self = shared_from_this(), complete, executor, work = std::move(work),
                handler = std::move(handler)](const error_code&) mutable {
        complete(executor, std::move(handler),
                 self->was_cancelled_ ? error_code(boost::asio::error::operation_aborted) : self->result());
    };
    finished_.async_wait(boost::asio::bind_executor(strand_, std::move(end)));
    if (has_finished_) {  // before it ran
        finished_.cancel();
    } else {
        begin();
    }
}

void Runnable::finish() {
    has_finished_ = true;
    finished_.cancel();
}

}  // namespace event::net::detail
