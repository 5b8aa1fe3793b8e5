#pragma once

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/recycling_allocator.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace event::detail {

/// Memory for one post at a time, kept beside the operation that posts itself, so that a wake-up allocates nothing,
/// whichever thread it comes from. An executor that asks for a second block meanwhile (a strand does) gets it from
/// Asio's recycled memory.
class PostMemory {
public:
    template <class T>
    class Allocator {
    public:
        using value_type = T;

        explicit Allocator(PostMemory& memory) noexcept : memory_(&memory) {}
        template <class U>
        Allocator(const Allocator<U>& other) noexcept : memory_(other.memory_) {}

        [[nodiscard]] T* allocate(std::size_t count) {
            if (count * sizeof(T) <= size && alignof(T) <= alignof(std::max_align_t) && !memory_->used_) {
                memory_->used_ = true;
                return reinterpret_cast<T*>(memory_->bytes_);
            }
            return boost::asio::recycling_allocator<T>().allocate(count);
        }
        // The memory may be gone when a block that it did not give is returned: only its address is looked at.
        void deallocate(T* block, std::size_t count) noexcept {
            if (static_cast<void*>(block) == static_cast<void*>(memory_)) {
                memory_->used_ = false;
            } else {
                boost::asio::recycling_allocator<T>().deallocate(block, count);
            }
        }

        template <class U>
        bool operator==(const Allocator<U>& other) const noexcept {
            return memory_ == other.memory_;
        }

    private:
        template <class U>
        friend class Allocator;

        PostMemory* memory_;
    };

private:
    static constexpr std::size_t size = 96;

    alignas(std::max_align_t) std::byte bytes_[size];  // first: its address is the object's
    bool used_ = false;
};

/// A function that is posted in that memory. (`bind_allocator` would do, but it has an associated executor in Asio's
/// eyes, and posting such a function costs another unit of work and another dispatch.)
template <class Function>
class WithMemory {
public:
    using allocator_type = PostMemory::Allocator<std::byte>;

    WithMemory(PostMemory& memory, Function&& function) : allocator_(memory), function_(std::move(function)) {}
    [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_; }
    void operator()() { function_(); }

private:
    allocator_type allocator_;
    Function function_;
};

/// An executor of this type, on which an operation completes.
template <class Executor>
class TypedCompletionExecutor {
public:
    explicit TypedCompletionExecutor(const Executor& executor) : executor_(executor) {}
    TypedCompletionExecutor(const Executor& executor, const boost::asio::any_io_executor&) : executor_(executor) {}

    [[nodiscard]] boost::asio::execution_context& context() const noexcept {
        return boost::asio::query(executor_, boost::asio::execution::context);
    }
    /// Keeps the context's `run()` from returning until this is destroyed.
    void start_work() {
        if (!work_) work_.emplace(boost::asio::prefer(executor_, boost::asio::execution::outstanding_work.tracked));
    }

    template <class Function>
    void post(Function&& function, PostMemory& memory) const {
        boost::asio::post(executor_, WithMemory<std::decay_t<Function>>(memory, std::forward<Function>(function)));
    }

private:
    using Tracked = std::decay_t<decltype(boost::asio::prefer(std::declval<const Executor&>(),
                                                              boost::asio::execution::outstanding_work.tracked))>;

    Executor executor_;
    std::optional<Tracked> work_;
};

/// Runs on one executor what can only be posted to another: `any_completion_executor` promises no more than that a
/// function will run, perhaps at once, which must not be on the stack of whoever wakes an operation.
class RelayedCompletionExecutor {
public:
    RelayedCompletionExecutor(const boost::asio::any_completion_executor& executor,
                              const boost::asio::any_io_executor& home)
        : executor_(executor), home_(home) {}

    [[nodiscard]] boost::asio::execution_context& context() const noexcept { return home_.context(); }
    void start_work() {
        if (!work_) work_.emplace(boost::asio::prefer(executor_, boost::asio::execution::outstanding_work.tracked));
        home_.start_work();
    }
    template <class Function>
    void post(Function&& function, PostMemory& memory) const {
        home_.post(Relay<std::decay_t<Function>>(executor_, std::forward<Function>(function)), memory);
    }

private:
    template <class Function>
    class Relay {
    public:
        Relay(const boost::asio::any_completion_executor& executor, Function&& function)
            : executor_(executor), function_(std::move(function)) {}
        void operator()() { boost::asio::dispatch(executor_, std::move(function_)); }

    private:
        boost::asio::any_completion_executor executor_;
        Function function_;
    };

    boost::asio::any_completion_executor executor_;
    TypedCompletionExecutor<boost::asio::any_io_executor> home_;
    std::optional<boost::asio::any_completion_executor> work_;
};

/// The same where only an erased executor is known (coroutines always bring one). Erasure costs a wake-up two
/// allocations from a foreign thread, and a strand four times the time, so the executors that are nearly always inside
/// are taken out again.
template <class Erased>
class ErasedCompletionExecutor {
    using Any = boost::asio::any_io_executor;
    using Context = boost::asio::io_context::executor_type;
    using Pool = boost::asio::thread_pool::executor_type;
    using ContextStrand = boost::asio::strand<Context>;
    static constexpr bool is_postable = std::is_same_v<Erased, Any>;
    using Other = std::conditional_t<is_postable, TypedCompletionExecutor<Any>, RelayedCompletionExecutor>;
    using Typed = std::variant<TypedCompletionExecutor<Context>, TypedCompletionExecutor<Pool>,
                               TypedCompletionExecutor<ContextStrand>, Other>;

public:
    /// `home` is where to post what can only be dispatched to `executor`.
    ErasedCompletionExecutor(const Erased& executor, const Any& home) : typed_(unwrap(executor, home)) {}

    [[nodiscard]] boost::asio::execution_context& context() const noexcept {
        return std::visit([](const auto& typed) -> boost::asio::execution_context& { return typed.context(); }, typed_);
    }
    void start_work() {
        std::visit([](auto& typed) { typed.start_work(); }, typed_);
    }
    template <class Function>
    void post(Function&& function, PostMemory& memory) const {
        std::visit([&](const auto& typed) { typed.post(std::forward<Function>(function), memory); }, typed_);
    }

private:
    template <class Executor>
    static Typed unwrap(const Executor& executor, const Any& home) {
        if (const auto* context = executor.template target<Context>())
            return TypedCompletionExecutor<Context>(*context);
        if (const auto* pool = executor.template target<Pool>()) return TypedCompletionExecutor<Pool>(*pool);
        if (const auto* strand = executor.template target<ContextStrand>())
            return TypedCompletionExecutor<ContextStrand>(*strand);
        if constexpr (is_postable) {
            return Other(executor);
        } else {
            return Other(executor, home);
        }
    }

    Typed typed_;
};

template <class Executor>
struct SelectCompletionExecutor {
    using type = TypedCompletionExecutor<Executor>;
};
// also the types that `as_default_on` derives from it
template <std::derived_from<boost::asio::any_io_executor> Executor>
struct SelectCompletionExecutor<Executor> {
    using type = ErasedCompletionExecutor<boost::asio::any_io_executor>;
};
template <>
struct SelectCompletionExecutor<boost::asio::any_completion_executor> {
    using type = ErasedCompletionExecutor<boost::asio::any_completion_executor>;
};

/// The executor on which an operation completes; made from it and from the executor of the object it belongs to.
template <class Executor>
using CompletionExecutor = typename SelectCompletionExecutor<Executor>::type;

}  // namespace event::detail
