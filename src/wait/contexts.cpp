#include <event/detail/chaos.hpp>
#include <event/detail/order/domain.hpp>
#include <event/detail/wait/contexts.hpp>

#include <boost/asio/detail/strand_executor_service.hpp>
#include <boost/asio/execution_context.hpp>

#include <utility>

namespace event::detail {
namespace {

thread_local const ContextRegistry::Pinned* pinned_here = nullptr;

class ContextService final : public boost::asio::execution_context::service {
public:
    using key_type = ContextService;
    inline static boost::asio::execution_context::id id;

    /// A context shuts the newest of its services down first: that of the strands, which are posted to until `close`
    /// is over, is to be older. It is asked for by its inner name: to make a strand for that is to crash where the
    /// second of its allocations fails (Boost 1.81 destroys one that is half made).
    explicit ContextService(boost::asio::execution_context& context)
        : boost::asio::execution_context::service(
              (boost::asio::use_service<boost::asio::detail::strand_executor_service>(context), context)),
          registry(IntrusivePtr<ContextRegistry>::adopt(new ContextRegistry(context))) {}

    const IntrusivePtr<ContextRegistry> registry;

private:
    void shutdown() override { registry->close(); }
};

}  // namespace

bool ContextListener::listen_to(boost::asio::execution_context& context) {
    if (registry_ && registry_->is_of(context)) return true;
    stop_listening();
    registry_ = boost::asio::use_service<ContextService>(context).registry;
    return registry_->add(*this);
}

bool ContextRegistry::add(ContextListener& listener) noexcept {
    chaos(Point::before_registering, this);
    const std::lock_guard guard(mutex_);
    if (is_gone_.load(std::memory_order_relaxed)) return false;
    listeners_.push_back(listener);
    chaos(Point::registered, this);
    return true;
}

ContextRegistry::Pinned::Pinned(IntrusivePtr<ContextRegistry> registry) noexcept
    : registry_(std::move(registry)), outer_(std::exchange(pinned_here, this)) {}

ContextRegistry::Pinned::~Pinned() {
    pinned_here = outer_;
    registry_->unpin();
}

void ContextRegistry::remove(ContextListener& listener) noexcept {
    chaos(Point::before_registering, this);
    const std::lock_guard guard(mutex_);
    listener.unlink();  // the context may just have let go of it
    note_change();
}

/// Under the mutex.
void ContextRegistry::note_change() noexcept {
    changes_.fetch_add(1);
    changes_.notify_all();
}

bool ContextRegistry::pin() noexcept {
    pins_.fetch_add(1, std::memory_order_seq_cst);
    chaos(Point::pinned, this);
    if (!is_gone_.load(std::memory_order_seq_cst)) return true;
    unpin();
    return false;
}

void ContextRegistry::unpin() noexcept {
    pins_.fetch_sub(1, std::memory_order_seq_cst);
    chaos(Point::unpinned, this);
    if (!is_gone_.load(std::memory_order_seq_cst)) return;
    const std::lock_guard guard(mutex_);
    note_change();
}

void ContextRegistry::close() noexcept {
    chaos(Point::before_death, this);
    UserCode::destroy_waiting_on(*context_);
    std::size_t own_pins = 0;
    for (const Pinned* pin = pinned_here; pin != nullptr; pin = pin->outer_)
        if (pin->registry_.get() == this) ++own_pins;
    for (;;) {
        ContextListener* next = nullptr;
        {
            std::unique_lock guard(mutex_);
            is_gone_.store(true, std::memory_order_seq_cst);
            // who is just being destroyed elsewhere gives up what it has of the context, and then leaves the list
            const auto is_done = [&] {
                for (ContextListener& listener : listeners_) {
                    if (pins_ > own_pins || !listener.try_add_reference()) continue;
                    next = &listener;
                    listener.unlink();
                    return true;
                }
                return pins_ <= own_pins && listeners_.empty();
            };
            for (std::uint32_t seen = changes_.load(); !is_done(); seen = changes_.load()) {
                guard.unlock();
                changes_.wait(seen);
                guard.lock();
            }
        }
        if (next == nullptr) break;
        next->context_gone(*context_);
    }
    chaos(Point::death, this);
}

}  // namespace event::detail
