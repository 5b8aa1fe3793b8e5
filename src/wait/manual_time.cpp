#include <event/detail/wait/manual_time.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace event::detail {

std::atomic<int> ManualTime::installed = 0;

/// Where a context keeps its time.
class ManualTime::Service final : public boost::asio::execution_context::service {
public:
    static inline boost::asio::execution_context::id id;

    explicit Service(boost::asio::execution_context& context) : service(context) {}

    [[nodiscard]] std::shared_ptr<ManualTime> time() const {
        const std::lock_guard guard(mutex_);
        return time_;
    }
    [[nodiscard]] bool set(std::shared_ptr<ManualTime> time) {
        const std::lock_guard guard(mutex_);
        if (time && time_) return false;
        time_ = std::move(time);
        return true;
    }

private:
    void shutdown() noexcept override {
        if (const auto time = this->time()) time->remove();
    }

    mutable std::mutex mutex_;
    std::shared_ptr<ManualTime> time_;
};

std::shared_ptr<ManualTime> ManualTime::of(boost::asio::execution_context& context) {
    if (installed.load(std::memory_order_acquire) == 0 || !boost::asio::has_service<Service>(context)) return nullptr;
    return boost::asio::use_service<Service>(context).time();
}

std::shared_ptr<ManualTime> ManualTime::install(boost::asio::execution_context& context) {
    auto time = std::make_shared<ManualTime>();
    time->service_ = &boost::asio::use_service<Service>(context);
    if (!time->service_->set(time)) throw std::logic_error("event: this context has a manual clock already");
    installed.fetch_add(1, std::memory_order_release);
    return time;
}

void ManualTime::remove() noexcept {
    Entries forgotten;
    const std::lock_guard guard(mutex_);
    forgotten.swap(entries_);
    Service* const service = std::exchange(service_, nullptr);
    if (service == nullptr) return;
    static_cast<void>(service->set(nullptr));
    installed.fetch_sub(1, std::memory_order_release);
}

ManualTime::Clock::time_point ManualTime::now() const noexcept {
    const std::lock_guard guard(mutex_);
    return now_;
}

std::optional<ManualTime::Clock::time_point> ManualTime::next() const {
    const std::lock_guard guard(mutex_);
    if (entries_.empty()) return std::nullopt;
    return entries_.begin()->first;
}

ManualTime::Clock::time_point ManualTime::after(Clock::duration duration) const noexcept {
    return duration < Clock::time_point::max() - now_ ? now_ + duration : Clock::time_point::max();
}

void ManualTime::advance(Clock::duration by) {
    const std::lock_guard one_after_the_other(advancing_);
    std::unique_lock lock(mutex_);
    const Clock::time_point until = after(std::max(by, Clock::duration::zero()));
    while (!entries_.empty() && entries_.begin()->first <= until) {
        auto first = entries_.extract(entries_.begin());
        now_ = std::max(now_, first.key());
        lock.unlock();
        first.mapped()->pass();
        lock.lock();
    }
    now_ = until;
}

void ManualTime::add(Clock::duration limit, std::shared_ptr<Waiting> waiting) {
    const std::lock_guard guard(mutex_);
    if (service_ != nullptr) entries_.emplace(after(limit), std::move(waiting));
}

void ManualTime::remove(const Waiting& waiting) noexcept {
    Entries::node_type removed;
    const std::lock_guard guard(mutex_);
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const auto& entry) { return entry.second.get() == &waiting; });
    if (found != entries_.end()) removed = entries_.extract(found);
}

}  // namespace event::detail
