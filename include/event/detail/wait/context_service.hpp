#pragma once

#include <boost/asio/execution_context.hpp>

#include <mutex>

namespace event::detail {

class ContextService;

/// Something that must let go of its pending operations when an execution context dies. At most one context at a time.
class ContextListener {
public:
    ContextListener() = default;
    ContextListener(const ContextListener&) = delete;
    ContextListener& operator=(const ContextListener&) = delete;

    /// Listens to this context from now on, and no longer to the one before.
    void listen_to(boost::asio::execution_context& context);
    void stop_listening() noexcept;
    [[nodiscard]] bool listens_to(const boost::asio::execution_context& context) const noexcept;

protected:
    ~ContextListener() = default;

private:
    friend class ContextService;

    /// The context is being destroyed, and this no longer listens to it.
    virtual void context_gone(boost::asio::execution_context& context) noexcept = 0;

    ContextService* service_ = nullptr;
    // guarded by the service's mutex
    ContextListener* previous_ = nullptr;
    ContextListener* next_ = nullptr;
};

/// Tells listeners when their context is destroyed, so that handlers which wait outside the context's own queue are
/// destroyed with it, uninvoked, as Asio's requirements on asynchronous operations ask.
class ContextService final : public boost::asio::execution_context::service {
public:
    using key_type = ContextService;
    inline static boost::asio::execution_context::id id;

    explicit ContextService(boost::asio::execution_context& context)
        : boost::asio::execution_context::service(context) {}

private:
    friend class ContextListener;

    void shutdown() override;
    void add(ContextListener& listener);
    void remove(ContextListener& listener) noexcept;
    void unlink(ContextListener& listener) noexcept;

    std::mutex mutex_;
    ContextListener* first_ = nullptr;  // guarded by mutex_
};

inline bool ContextListener::listens_to(const boost::asio::execution_context& context) const noexcept {
    return service_ != nullptr && &service_->context() == &context;
}

}  // namespace event::detail
