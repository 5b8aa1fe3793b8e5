#include <event/detail/wait/context_service.hpp>

namespace event::detail {

void ContextListener::listen_to(boost::asio::execution_context& context) {
    if (listens_to(context)) return;
    stop_listening();
    auto& service = boost::asio::use_service<ContextService>(context);
    service.add(*this);
}

void ContextListener::stop_listening() noexcept {
    if (service_ != nullptr) service_->remove(*this);
}

void ContextService::add(ContextListener& listener) {
    std::lock_guard guard(mutex_);
    listener.service_ = this;
    listener.previous_ = nullptr;
    listener.next_ = first_;
    if (first_ != nullptr) first_->previous_ = &listener;
    first_ = &listener;
}

void ContextService::remove(ContextListener& listener) noexcept {
    std::lock_guard guard(mutex_);
    if (listener.service_ == this) unlink(listener);  // the context may just have let go of it
}

void ContextService::unlink(ContextListener& listener) noexcept {
    (listener.previous_ != nullptr ? listener.previous_->next_ : first_) = listener.next_;
    if (listener.next_ != nullptr) listener.next_->previous_ = listener.previous_;
    listener.service_ = nullptr;
}

void ContextService::shutdown() {
    for (;;) {
        ContextListener* listener = nullptr;
        {
            std::lock_guard guard(mutex_);
            listener = first_;
            if (listener == nullptr) return;
            unlink(*listener);
        }
        listener->context_gone(context());
    }
}

}  // namespace event::detail
