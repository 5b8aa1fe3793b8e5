#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/bad_executor.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/is_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/recycling_allocator.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/system_executor.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

namespace boost::asio {
class any_completion_executor;
}

namespace event::detail {

class Wake;

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
                return static_cast<T*>(static_cast<void*>(memory_->bytes_));
            }
            return allocate_elsewhere(count);
        }
        // The memory may be gone when a block that it did not give is returned: only its address is looked at.
        void deallocate(T* block, std::size_t count) noexcept {
            if (static_cast<void*>(block) == static_cast<void*>(memory_)) {
                memory_->used_ = false;
            } else {
                deallocate_elsewhere(block, count);
            }
        }

        template <class U>
        bool operator==(const Allocator<U>& other) const noexcept {
            return memory_ == other.memory_;
        }

    private:
        template <class U>
        friend class Allocator;

        // out of line, so that what posts has the usual case within it
        [[nodiscard, gnu::noinline]] static T* allocate_elsewhere(std::size_t count) {
            return boost::asio::recycling_allocator<T>().allocate(count);
        }
        [[gnu::noinline]] static void deallocate_elsewhere(T* block, std::size_t count) noexcept {
            boost::asio::recycling_allocator<T>().deallocate(block, count);
        }

        PostMemory* memory_;
    };

private:
    static constexpr std::size_t size = 96;

    alignas(std::max_align_t) std::byte bytes_[size];  // first: its address is the object's
    bool used_ = false;
};

/// An executor as the Networking TS had them: `io_context::strand` is one.
template <class Executor>
concept LegacyExecutor =
    boost::asio::is_executor<Executor>::value && !boost::asio::execution::is_executor<Executor>::value;

/// An executor that knows the execution context it belongs to.
template <class Executor>
concept HasContext = LegacyExecutor<Executor> || requires(const Executor& executor) {
    {
        boost::asio::query(executor, boost::asio::execution::context)
    } -> std::convertible_to<boost::asio::execution_context&>;
};

/// An executor that can be told never to run a function on the stack of who hands it over.
template <class Executor>
concept Postable =
    LegacyExecutor<Executor> || boost::asio::can_require_v<Executor, boost::asio::execution::blocking_t::never_t>;

/// Of a handle that nobody made, or that was made after its context died.
template <class Executor>
[[nodiscard]] bool is_empty(const Executor& executor) noexcept {
    if constexpr (std::constructible_from<bool, const Executor&>) {
        return !executor;
    } else {
        return false;
    }
}
/// The executor, or the system's where it is empty.
template <class Executor>
[[nodiscard]] Executor or_system(const Executor& executor) {
    if constexpr (std::constructible_from<Executor, boost::asio::system_executor>)
        if (is_empty(executor)) return Executor(boost::asio::system_executor());
    return executor;
}
[[nodiscard]] boost::asio::any_io_executor or_system(const boost::asio::any_io_executor& executor);

template <HasContext Executor>
[[nodiscard]] boost::asio::execution_context& context_of(const Executor& executor) noexcept {
    if constexpr (LegacyExecutor<Executor>) {
        return executor.context();
    } else {
        return boost::asio::query(executor, boost::asio::execution::context);
    }
}

/// What keeps the context's `run()` from returning as long as it lives.
template <class Executor>
[[nodiscard]] auto work_on(const Executor& executor) {
    if constexpr (LegacyExecutor<Executor>) {
        return boost::asio::executor_work_guard<Executor>(executor);
    } else {
        return boost::asio::prefer(executor, boost::asio::execution::outstanding_work.tracked);
    }
}

/// The same context without a strand: a strand may not outlive its context, these may.
[[nodiscard]] boost::asio::any_io_executor below_strands(const boost::asio::any_io_executor& executor);
/// Whether it is a strand on which this thread runs something now.
[[nodiscard]] bool runs_here(const boost::asio::any_io_executor& executor) noexcept;

/// An executor of this type, on which an operation completes.
template <class Executor>
class TypedCompletionExecutor {
public:
    explicit TypedCompletionExecutor(const Executor& executor) : executor_(executor) {}
    TypedCompletionExecutor(const Executor& executor, const boost::asio::any_io_executor&) : executor_(executor) {}

    [[nodiscard]] boost::asio::execution_context& context() const noexcept { return context_of(executor_); }
    /// An executor of that context.
    [[nodiscard]] const Executor& in_context() const noexcept { return executor_; }
    /// Whether what it runs is run by that context.
    [[nodiscard]] static constexpr bool runs_in_context() noexcept { return true; }
    /// Keeps the context's `run()` from returning until this is destroyed.
    void start_work() {
        if (!work_) work_.emplace(work_on(executor_));
    }
    /// Until what is returned is destroyed.
    [[nodiscard]] auto stop_work() noexcept { return std::exchange(work_, std::nullopt); }

    template <class Function>
    void post(Function&& function) const {
        boost::asio::post(executor_, std::forward<Function>(function));
    }

private:
    Executor executor_;
    std::optional<decltype(work_on(std::declval<const Executor&>()))> work_;
};

/// An executor that is not enough by itself, so that the home executor stands in. One without a context (a GUI's): the
/// home context's death is the operation's. One that cannot be posted to (`inline_executor`, `any_completion_executor`)
/// may run a function at once, which must not be on the stack of whoever wakes an operation: home posts, and what it
/// runs is dispatched from there. Home is let go of before the operation is in hands that may outlive it.
template <class Executor>
class RelayedCompletionExecutor {
public:
    RelayedCompletionExecutor(const Executor& executor, const boost::asio::any_io_executor& home)
        : executor_(executor), home_(below_strands(home)) {}

    [[nodiscard]] boost::asio::execution_context& context() const noexcept {
        if constexpr (HasContext<Executor>) {
            return context_of(executor_);
        } else {
            return home_.context();
        }
    }
    [[nodiscard]] const boost::asio::any_io_executor& in_context() const noexcept { return home_.in_context(); }
    [[nodiscard]] static constexpr bool runs_in_context() noexcept { return false; }
    void start_work() {
        if (!work_) work_.emplace(work_on(executor_));
        home_.start_work();
    }
    template <class Function>
    void post(Function&& function) {
        if constexpr (Postable<Executor>) {
            [[maybe_unused]] const auto until_posted = home_.stop_work();
            try {
                boost::asio::post(executor_, std::forward<Function>(function));
            } catch (...) {
                home_.start_work();
                throw;
            }
        } else {
            home_.post(Relay<std::decay_t<Function>>(*this, std::forward<Function>(function)));
        }
    }

private:
    /// The function owns the operation that owns the executor.
    template <class Function>
    class Relay {
    public:
        using allocator_type = typename Function::allocator_type;

        Relay(RelayedCompletionExecutor& on, Function&& function) : on_(&on), function_(std::move(function)) {}
        [[nodiscard]] allocator_type get_allocator() const noexcept { return function_.get_allocator(); }
        void operator()() {
            static_cast<void>(on_->home_.stop_work());
            boost::asio::dispatch(on_->executor_, std::move(function_));
        }

    private:
        RelayedCompletionExecutor* on_;
        Function function_;
    };

    Executor executor_;
    TypedCompletionExecutor<boost::asio::any_io_executor> home_;
    std::optional<decltype(work_on(std::declval<const Executor&>()))> work_;
};

/// The same where only an erased executor is known (coroutines always bring one). Erasure costs a wake-up two
/// allocations from a foreign thread, and a strand four times the time, so the executors that are nearly always inside
/// are taken out again. `any_completion_executor` does not say which context it belongs to either. Inside it, the
/// executors and strands of `io_context`, `thread_pool` and `any_io_executor` are found; for any other one the home
/// context stands in, and nobody hears of the death of its own. Compiled once, in the library, and what it is made of
/// is known only there: what Asio needs for its executors takes long to compile.
template <class Erased>
class ErasedCompletionExecutor {
    using Any = boost::asio::any_io_executor;
    static constexpr bool is_postable = std::is_same_v<Erased, Any>;

public:
    /// `home` is where to post what can only be dispatched to `executor`.
    ErasedCompletionExecutor(const Erased& executor, const Any& home);
    ErasedCompletionExecutor(ErasedCompletionExecutor&& other) noexcept;
    ErasedCompletionExecutor& operator=(ErasedCompletionExecutor&&) = delete;
    ~ErasedCompletionExecutor();

    [[nodiscard]] boost::asio::execution_context& context() const noexcept;
    [[nodiscard]] Any in_context() const;
    [[nodiscard]] bool runs_in_context() const noexcept;
    void start_work();
    void post(Wake&& wake);

private:
    struct Typed;
    [[nodiscard]] Typed& typed() noexcept;
    [[nodiscard]] const Typed& typed() const noexcept;

    // executors, and what keeps their contexts at work: of the one, and where home stands in, of that, too
    static constexpr std::size_t size = (is_postable ? 2 : 4) * (sizeof(Any) + sizeof(void*));
    alignas(std::max_align_t) std::byte typed_[size];
};

template <class Executor>
struct SelectCompletionExecutor {
    using type = std::conditional_t<HasContext<Executor> && Postable<Executor>, TypedCompletionExecutor<Executor>,
                                    RelayedCompletionExecutor<Executor>>;
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

/// The executor on which an operation completes: its handler's, or else that of the object it belongs to. Made from it
/// and from that one.
template <class Handler, class Executor>
using CompletionExecutor =
    typename SelectCompletionExecutor<std::decay_t<boost::asio::associated_executor_t<Handler, Executor>>>::type;

template <class Handler, class Executor>
[[nodiscard, gnu::always_inline]] inline CompletionExecutor<Handler, Executor> completion_executor(
    const Handler& handler, const Executor& executor) {
    return {boost::asio::get_associated_executor(handler, executor), executor};
}

}  // namespace event::detail
