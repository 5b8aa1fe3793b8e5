#include <event/detail/wait/parked_op.hpp>

#include <type_traits>
#include <utility>
#include <variant>

namespace event::detail {

boost::asio::any_io_executor below_strands(const boost::asio::any_io_executor& executor) {
    using namespace boost::asio;
    if (const auto* on_context = executor.target<strand<io_context::executor_type>>())
        return on_context->get_inner_executor();
    if (const auto* on_pool = executor.target<strand<thread_pool::executor_type>>())
        return on_pool->get_inner_executor();
    if (const auto* on_any = executor.target<strand<any_io_executor>>())
        return below_strands(on_any->get_inner_executor());
    return executor;
}

boost::asio::any_io_executor or_system(const boost::asio::any_io_executor& executor) {
    return executor ? executor : boost::asio::system_executor();
}

bool runs_here(const boost::asio::any_io_executor& executor) noexcept {
    using namespace boost::asio;
    if (const auto* on_context = executor.target<strand<io_context::executor_type>>())
        return on_context->running_in_this_thread();
    if (const auto* on_pool = executor.target<strand<thread_pool::executor_type>>())
        return on_pool->running_in_this_thread();
    if (const auto* on_any = executor.target<strand<any_io_executor>>())
        return on_any->running_in_this_thread() || runs_here(on_any->get_inner_executor());
    return false;
}

template <class Erased>
ErasedCompletionExecutor<Erased>::ErasedCompletionExecutor(const Erased& executor, const Any& home)
    : typed_(unwrap(executor, home)) {}

template <class Erased>
ErasedCompletionExecutor<Erased>::ErasedCompletionExecutor(ErasedCompletionExecutor&& other) noexcept = default;

template <class Erased>
ErasedCompletionExecutor<Erased>::~ErasedCompletionExecutor() = default;

template <class Erased>
boost::asio::execution_context& ErasedCompletionExecutor<Erased>::context() const noexcept {
    return std::visit([](const auto& typed) -> boost::asio::execution_context& { return typed.context(); }, typed_);
}

template <class Erased>
auto ErasedCompletionExecutor<Erased>::in_context() const -> Any {
    return std::visit([](const auto& typed) -> Any { return typed.in_context(); }, typed_);
}

template <class Erased>
void ErasedCompletionExecutor<Erased>::start_work() {
    std::visit([](auto& typed) { typed.start_work(); }, typed_);
}

template <class Erased>
void ErasedCompletionExecutor<Erased>::post(Wake&& wake) {
    if (auto* usual = std::get_if<TypedCompletionExecutor<Context>>(&typed_)) return usual->post(std::move(wake));
    std::visit([&](auto& typed) { typed.post(std::move(wake)); }, typed_);
}

template <class Erased>
auto ErasedCompletionExecutor<Erased>::unwrap(const Erased& executor, const Any& home) -> Typed {
    if (const auto* context = executor.template target<Context>()) return TypedCompletionExecutor<Context>(*context);
    if (const auto* pool = executor.template target<Pool>()) return TypedCompletionExecutor<Pool>(*pool);
    if (const auto* strand = executor.template target<ContextStrand>())
        return TypedCompletionExecutor<ContextStrand>(*strand);
    if constexpr (is_postable) {
        if (!executor) throw boost::asio::execution::bad_executor();  // the handler's own
        return TypedCompletionExecutor<Any>(executor);
    } else {
        if (const auto* strand = executor.template target<boost::asio::strand<Pool>>())
            return TypedCompletionExecutor<Any>(*strand);
        if (const auto* strand = executor.template target<boost::asio::strand<Any>>())
            return TypedCompletionExecutor<Any>(*strand);
        return RelayedCompletionExecutor<Erased>(executor, home);
    }
}

template class ErasedCompletionExecutor<boost::asio::any_io_executor>;
template class ErasedCompletionExecutor<boost::asio::any_completion_executor>;

}  // namespace event::detail
