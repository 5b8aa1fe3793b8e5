#include <event/detail/chaos.hpp>
#include <event/detail/order/aftermath.hpp>
#include <event/detail/order/domain.hpp>

#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <functional>
#include <thread>
#include <utility>

namespace event::detail {
namespace {

thread_local Deferred* deferred = nullptr;
thread_local bool registers = false;
std::atomic<bool> a_filter_registers{false};

}  // namespace

// ---- user code under a lock -------------------------------------------------------------------------------------

constinit thread_local const UserCode* UserCode::innermost_ = nullptr;

Standstill::Standstill(Domain& domain) noexcept : domain_(domain) {
    domain_.holder.store(this_thread(), std::memory_order_relaxed);
    domain_.readers.store(0, std::memory_order_release);
}

Standstill::~Standstill() {
    for (std::int32_t none = 0;
         !domain_.readers.compare_exchange_weak(none, Domain::nobody_may, std::memory_order_acquire); none = 0)
        relax();  // a reader copies a value, and waits for nobody
    domain_.holder.store(nullptr, std::memory_order_relaxed);
}

UserCode::UserCode(const DomainMember& home, Aftermath& after) noexcept
    : standstill_(*home.domain_.load(std::memory_order_relaxed)),
      core_(home.core()),
      after_(after),
      outer_(std::exchange(innermost_, this)) {}

UserCode::~UserCode() {
    innermost_ = outer_;
    if (deferred != nullptr) after_.run_deferred();
}

void UserCode::refuse() {
    throw boost::system::system_error(
        boost::system::errc::make_error_code(boost::system::errc::resource_deadlock_would_occur),
        "event: a filter, a key or a merge must not use a bus");
}

void UserCode::destroy_waiting_on(const boost::asio::execution_context& context) noexcept {
    for (const UserCode* code = innermost_; code != nullptr; code = code->outer_)
        code->after_.destroy_waiting_on(context);
}

bool UserCode::begin_registering(const Core& bus) noexcept {
    for (const UserCode* code = innermost_; code != nullptr; code = code->outer_)
        if (&code->core_ == &bus) return false;
    return !registers && (registers = !a_filter_registers.exchange(true, std::memory_order_acquire));
}

void UserCode::end_registering() noexcept {
    registers = false;
    a_filter_registers.store(false, std::memory_order_release);
}

bool Deferred::defer() noexcept {
    if (!UserCode::runs()) return false;
    Deferred* none = nullptr;
    Deferred* const next = deferred != nullptr ? deferred : this;
    if (!next_.compare_exchange_strong(none, next, std::memory_order_acq_rel)) return true;
    defer_reference();
    deferred = this;
    return true;
}

void Deferred::run_all() noexcept {
    while (deferred != nullptr && !UserCode::runs()) {
        Deferred* const first = deferred;
        Deferred* const next = first->next_.load(std::memory_order_relaxed);
        deferred = next != first ? next : nullptr;
        first->next_.store(nullptr, std::memory_order_release);
        first->run_deferred();
    }
}

// ---- domains ----------------------------------------------------------------------------------------------------

void Domain::wait() {
    // The second question is for libraries with a copy of this one each, which do not see each other's thread_local.
    if (registers || (!UserCode::runs() && !is_held_by_this_thread())) {
        lock.lock();
        return;
    }
    // Who holds a lock, and is not at a standstill, waits for nobody, and so soon gives it back.
    do {
        if (holder.load(std::memory_order_relaxed) != nullptr) UserCode::refuse();
        std::this_thread::yield();
    } while (!lock.try_lock());
}

void DomainGuard::lock(const DomainMember& topic) {
    Domain* const domain = topic.domain_.load(std::memory_order_acquire);
    if (!domain->lock.try_lock()) domain->wait();
    domain_ = domain;
    if (topic.domain_.load(std::memory_order_relaxed) != domain) follow(topic);
}

void DomainGuard::follow(const DomainMember& topic) {
    for (;;) {
        domain_->lock.unlock();
        domain_ = topic.domain_.load(std::memory_order_acquire);
        domain_->wait();
        if (topic.domain_.load(std::memory_order_relaxed) == domain_) return;
    }
}

void ReadGuard::enter(const DomainMember& topic, bool is_locked) noexcept {
    for (way_ = is_locked ? Way::lock : Way::none;;) {
        leave();
        domain_ = topic.domain_.load(std::memory_order_acquire);
        while ((way_ = try_enter()) == Way::none) std::this_thread::yield();
        if (topic.domain_.load(std::memory_order_relaxed) == domain_) return;
    }
}

ReadGuard::Way ReadGuard::try_enter() noexcept {
    if (domain_->is_held_by_this_thread()) return Way::own;
    if (!UserCode::runs()) {
        domain_->lock.lock();
        return Way::lock;
    }
    if (domain_->lock.try_lock()) return Way::lock;
    std::int32_t readers = domain_->readers.load(std::memory_order_relaxed);
    while (readers != Domain::nobody_may) {
        if (domain_->readers.compare_exchange_weak(readers, readers + 1, std::memory_order_acquire))
            return Way::standstill;
    }
    return Way::none;
}

CertainGuard::CertainGuard(const DomainMember& topic) noexcept {
    for (;;) {
        Domain* const domain = topic.domain_.load(std::memory_order_acquire);
        if (domain->is_held_by_this_thread()) return;
        domain->lock.lock();
        if (topic.domain_.load(std::memory_order_relaxed) == domain) {
            domain_ = domain;
            return;
        }
        domain->lock.unlock();
    }
}

void DomainMember::move_to(Domain& into) noexcept {
    chaos(Point::before_rehoming, this);
    domain_.store(&into, std::memory_order_release);
    chaos(Point::rehomed, this);
}

void DomainMember::list_in(Domain& domain) noexcept {
    next_in_domain_ = std::exchange(domain.members, this);
    ++domain.size;
}

void DomainMember::merge(const DomainMember& left, const DomainMember& right) noexcept {
    for (;;) {
        Domain* into = left.domain_.load(std::memory_order_acquire);
        Domain* from = right.domain_.load(std::memory_order_acquire);
        if (into == from) return;
        // in the order of their addresses, so that two who merge do not wait for each other
        Domain* const first = std::min(into, from, std::less<>());
        Domain* const second = std::max(into, from, std::less<>());
        first->lock.lock();
        {
            const Standstill waiting(*first);
            second->lock.lock();
        }
        const bool are_current = left.domain_.load(std::memory_order_relaxed) == into &&
                                 right.domain_.load(std::memory_order_relaxed) == from;
        if (are_current) {
            if (into->size < from->size) std::swap(into, from);
            into->go_on_from(*from);
            from->size = 0;
            for (DomainMember* next = std::exchange(from->members, nullptr); next != nullptr;) {
                DomainMember& member = *next;
                next = member.next_in_domain_;
                member.move_to(*into);
                member.list_in(*into);
            }
        }
        second->lock.unlock();
        first->lock.unlock();
        if (are_current) return;
    }
}

}  // namespace event::detail
