#include <event/detail/order/domain.hpp>

#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <thread>
#include <utility>

namespace event::detail {
namespace {

thread_local const UserCode* innermost = nullptr;

}  // namespace

UserCode::UserCode(const DomainMember& home, const Core& core) noexcept
    : domain_(*home.domain_.load(std::memory_order_relaxed)), core_(&core), outer_(std::exchange(innermost, this)) {
    domain_.user_code.store(std::this_thread::get_id(), std::memory_order_relaxed);
}

UserCode::~UserCode() {
    domain_.user_code.store(std::thread::id(), std::memory_order_relaxed);
    innermost = outer_;
}

bool UserCode::runs() noexcept { return innermost != nullptr; }

void UserCode::refuse() {
    throw boost::system::system_error(
        boost::system::errc::make_error_code(boost::system::errc::resource_deadlock_would_occur),
        "event: a filter, a key or a merge must not use a bus");
}

void UserCode::refuse_in(const Core& core) {
    for (const UserCode* code = innermost; code != nullptr; code = code->outer_) {
        if (code->core_ == &core) refuse();
    }
}

void Domain::wait() {
    // The second question is for libraries with a copy of this one each, which do not see each other's thread_local.
    if (!UserCode::runs() && user_code.load(std::memory_order_relaxed) != std::this_thread::get_id()) {
        lock.lock();
        return;
    }
    // Who runs no user's code under a lock waits for none of another's, and so soon gives his own back.
    do {
        if (user_code.load(std::memory_order_relaxed) != std::thread::id()) UserCode::refuse();
        std::this_thread::yield();
    } while (!lock.try_lock());
}

void DomainGuard::follow(const DomainMember& topic) {
    for (;;) {
        domain_->lock.unlock();
        domain_ = topic.domain_.load(std::memory_order_acquire);
        domain_->wait();
        if (topic.domain_.load(std::memory_order_relaxed) == domain_) return;
    }
}

void DomainMember::merge(DomainMember& left, DomainMember& right) noexcept {
    Domain* into = left.domain_.load(std::memory_order_relaxed);
    Domain* from = right.domain_.load(std::memory_order_relaxed);
    if (into == from) return;
    if (into->size < from->size) std::swap(into, from);

    // Never waits for one while it holds the other: who runs a filter under that one may need this one. Waits for each
    // in turn, so that either may be taken nearly always.
    Domain* first = into;
    Domain* second = from;
    for (first->lock.lock(); !second->lock.try_lock(); first->lock.lock()) {
        first->lock.unlock();
        std::this_thread::yield();
        std::swap(first, second);
    }
    into->sequence = std::max(into->sequence, from->sequence);
    into->arrivals = std::max(into->arrivals, from->arrivals);
    DomainMember* last = from->members;
    for (DomainMember* member = from->members; member != nullptr; member = member->next_in_domain_) {
        member->domain_.store(into, std::memory_order_release);
        last = member;
    }
    from->lock.unlock();
    into->lock.unlock();

    last->next_in_domain_ = std::exchange(into->members, std::exchange(from->members, nullptr));
    into->size += std::exchange(from->size, 0);
}

}  // namespace event::detail
