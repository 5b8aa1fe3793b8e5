#include <event/detail/wait/parked_op.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <memory>
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
struct ErasedCompletionExecutor<Erased>::Typed {
    using Context = boost::asio::io_context::executor_type;
    using Pool = boost::asio::thread_pool::executor_type;
    using ContextStrand = boost::asio::strand<Context>;
    template <class... Others>
    using OneOf = std::variant<TypedCompletionExecutor<Context>, TypedCompletionExecutor<Pool>,
                               TypedCompletionExecutor<ContextStrand>, TypedCompletionExecutor<Any>, Others...>;
    using Executor = std::conditional_t<is_postable, OneOf<>, OneOf<RelayedCompletionExecutor<Erased>>>;

    explicit Typed(const Erased& erased, const Any& home) : executor(unwrap(erased, home)) {}

    [[nodiscard]] static Executor unwrap(const Erased& executor, const Any& home) {
        if (const auto* context = executor.template target<Context>())
            return TypedCompletionExecutor<Context>(*context);
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

    Executor executor;
};

template <class Erased>
auto ErasedCompletionExecutor<Erased>::typed() noexcept -> Typed& {
    return *std::launder(static_cast<Typed*>(static_cast<void*>(typed_)));
}

template <class Erased>
auto ErasedCompletionExecutor<Erased>::typed() const noexcept -> const Typed& {
    return *std::launder(static_cast<const Typed*>(static_cast<const void*>(typed_)));
}

template <class Erased>
ErasedCompletionExecutor<Erased>::ErasedCompletionExecutor(const Erased& executor, const Any& home) {
    static_assert(sizeof(Typed) <= size && alignof(Typed) <= alignof(std::max_align_t));
    ::new (static_cast<void*>(typed_)) Typed(executor, home);
}

template <class Erased>
ErasedCompletionExecutor<Erased>::ErasedCompletionExecutor(ErasedCompletionExecutor&& other) noexcept {
    ::new (static_cast<void*>(typed_)) Typed(std::move(other.typed()));
}

template <class Erased>
ErasedCompletionExecutor<Erased>::~ErasedCompletionExecutor() {
    std::destroy_at(&typed());
}

template <class Erased>
boost::asio::execution_context& ErasedCompletionExecutor<Erased>::context() const noexcept {
    return std::visit([](const auto& own) -> boost::asio::execution_context& { return own.context(); },
                      typed().executor);
}

template <class Erased>
auto ErasedCompletionExecutor<Erased>::in_context() const -> Any {
    return std::visit([](const auto& own) -> Any { return own.in_context(); }, typed().executor);
}

template <class Erased>
bool ErasedCompletionExecutor<Erased>::runs_in_context() const noexcept {
    return std::visit([](const auto& own) { return own.runs_in_context(); }, typed().executor);
}

template <class Erased>
void ErasedCompletionExecutor<Erased>::start_work() {
    std::visit([](auto& own) { own.start_work(); }, typed().executor);
}

template <class Erased>
void ErasedCompletionExecutor<Erased>::post(Wake&& wake) {
    if (auto* usual = std::get_if<TypedCompletionExecutor<typename Typed::Context>>(&typed().executor))
        return usual->post(std::move(wake));
    std::visit([&](auto& own) { own.post(std::move(wake)); }, typed().executor);
}

template class ErasedCompletionExecutor<boost::asio::any_io_executor>;
template class ErasedCompletionExecutor<boost::asio::any_completion_executor>;

}  // namespace event::detail
