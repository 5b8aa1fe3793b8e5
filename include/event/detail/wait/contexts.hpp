#pragma once

#include <event/detail/intrusive_list.hpp>
#include <event/detail/intrusive_ptr.hpp>
#include <event/detail/order/deferred.hpp>

#include <boost/asio/execution_context.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

/// Who is told that an execution context dies, so that handlers which wait outside the context's own queue are
/// destroyed with it, uninvoked, as Asio's requirements on asynchronous operations ask.

namespace event::detail {

class ContextListener;

/// The listeners of one context: shared by the context's service and by whoever listens, so that both may go at once.
class ContextRegistry {
public:
    explicit ContextRegistry(boost::asio::execution_context& context) noexcept : context_(&context) {}
    ContextRegistry(const ContextRegistry&) = delete;
    ContextRegistry& operator=(const ContextRegistry&) = delete;

    void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

    [[nodiscard]] bool add(ContextListener& listener) noexcept;
    void remove(ContextListener& listener) noexcept;
    /// The context is being destroyed: tells everybody.
    void close() noexcept;
    /// Has the context wait with its death until `unpin`, which must come soon; false if it is dying already.
    [[nodiscard]] bool pin() noexcept;
    void unpin() noexcept;
    /// While it exists, this thread holds one pin: a context that dies on this thread meanwhile does not wait for it.
    class Pinned {
    public:
        explicit Pinned(IntrusivePtr<ContextRegistry> registry) noexcept;
        Pinned(const Pinned&) = delete;
        Pinned& operator=(const Pinned&) = delete;
        ~Pinned();

    private:
        friend ContextRegistry;

        const IntrusivePtr<ContextRegistry> registry_;
        const Pinned* const outer_;
    };
    [[nodiscard]] bool is_gone() const noexcept { return is_gone_.load(std::memory_order_acquire); }
    /// Another context may have the address of one that is gone.
    [[nodiscard]] bool is_of(const boost::asio::execution_context& context) const noexcept {
        return context_ == &context && !is_gone();
    }
    [[nodiscard]] bool was_of(const boost::asio::execution_context& context) const noexcept {
        return context_ == &context && is_gone();
    }

private:
    ~ContextRegistry() = default;
    void note_change() noexcept;

    const boost::asio::execution_context* const context_;
    std::atomic<std::uint32_t> references_{1};
    // Who pins counts first, then looks whether the context is gone; who closes the other way round.
    std::atomic<std::size_t> pins_{0};
    std::atomic<bool> is_gone_{false};  // written under mutex_
    std::mutex mutex_;
    std::atomic<std::uint32_t> changes_{0};     // of what `close` waits for; written under mutex_
    IntrusiveList<ContextListener> listeners_;  // guarded by mutex_
};

/// Something counted that must let go of its pending operations when an execution context dies. One context at a time.
class ContextListener : public Deferred, public ListHook<ContextListener> {
public:
    /// Listens to this context from now on, and no longer to the one before. Not from two threads at once.
    /// False if that context is dying already.
    [[nodiscard]] bool listen_to(boost::asio::execution_context& context);
    void stop_listening() noexcept {
        if (registry_) registry_->remove(*this);
        registry_ = {};
    }
    /// The same by one who gives up, by `let_go`, what it has of the context, maybe the last that keeps it alive.
    template <class LetGo>
    void stop_listening(LetGo&& let_go) noexcept {
        if (const auto registry = registry_; registry && registry->pin()) {
            const ContextRegistry::Pinned pinned(registry);
            stop_listening();
            let_go();
        } else {  // it is dying already, and waits for who still listens
            let_go();
            stop_listening();
        }
    }
    /// Whether it listened to that context until this one died.
    [[nodiscard]] bool has_outlived(const boost::asio::execution_context& context) const noexcept {
        return registry_ && registry_->was_of(context);
    }

    /// Of the context that it listens to.
    [[nodiscard]] const IntrusivePtr<ContextRegistry>& registry() const noexcept { return registry_; }

protected:
    ContextListener() = default;
    ~ContextListener() override = default;

private:
    friend class ContextRegistry;

    /// Takes a reference, unless the last one is gone.
    [[nodiscard]] virtual bool try_add_reference() noexcept = 0;
    /// The context is being destroyed, and this no longer listens to it. Gives that reference back.
    virtual void context_gone(const boost::asio::execution_context& context) noexcept = 0;

    IntrusivePtr<ContextRegistry> registry_;
};

}  // namespace event::detail
