#pragma once

#include <event/detail/intrusive_ptr.hpp>
#include <event/detail/wait/object_or_context.hpp>
#include <event/detail/wait/operation.hpp>
#include <event/error.hpp>

#include <type_traits>
#include <utility>

/// How an operation begins that waits in a spot.

namespace event::detail {

/// Whether operations can begin there; if not, `refuse` ends them.
template <class Spot>
[[nodiscard]] bool accepts_operations(const ObjectOrContext<Spot>& spot) noexcept {
    return spot && !spot->home_is_gone();
}
/// Ends an operation that cannot begin there: with `errc::closed`, or, where the context is gone, with its handler
/// destroyed uninvoked. Out of line, so that what begins has the usual case within it.
template <class Values, class Spot, class Handler, class Executor>
[[gnu::noinline]] void refuse(const ObjectOrContext<Spot>& spot, Handler&& handler, const Executor& executor) {
    complete_at_once(spot.context(), failed<Values>(errc::closed), std::forward<Handler>(handler), executor);
}

/// Starts an operation of this source, made of the arguments, in a spot.
template <class Source, class Spot, class Handler, class Executor, class... Args>
void start_in(IntrusivePtr<Spot> spot, Handler&& handler, const Executor& executor, Args&&... args) {
    std::decay_t<Handler> stored(std::forward<Handler>(handler));
    if (spot->home_is_gone()) return;  // the handler is destroyed uninvoked
    Source source(*spot, std::forward<Args>(args)...);
    Operation<Source, std::decay_t<Handler>, Executor>::start(std::move(spot), std::move(source), std::move(stored),
                                                              executor);
}

/// The initiation of the `async_` functions. (GCC 12 destroys aggregate temporaries of a `co_await` expression twice.)
template <class Source, class Spot, class Executor>
class Initiate {
public:
    using executor_type = Executor;

    Initiate(const Executor& executor, ObjectOrContext<Spot> spot) : executor_(executor), spot_(std::move(spot)) {}

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

    template <class Handler, class... Args>
    void operator()(Handler&& handler, Args&&... args) const& {
        start(ObjectOrContext<Spot>(spot_), std::forward<Handler>(handler), std::forward<Args>(args)...);
    }
    template <class Handler, class... Args>
    [[gnu::always_inline]] inline void operator()(Handler&& handler, Args&&... args) && {
        start(std::move(spot_), std::forward<Handler>(handler), std::forward<Args>(args)...);
    }

private:
    template <class Handler, class... Args>
    void start(ObjectOrContext<Spot>&& spot, Handler&& handler, Args&&... args) const {
        if (!spot) return refuse<typename Source::Values>(spot, std::forward<Handler>(handler), executor_);
        start_in<Source>(std::move(spot).object(), std::forward<Handler>(handler), executor_,
                         std::forward<Args>(args)...);
    }

    Executor executor_;
    ObjectOrContext<Spot> spot_;
};

}  // namespace event::detail
