#pragma once

#include <event/detail/order/typed_topic.hpp>
#include <event/detail/wait/operation.hpp>
#include <event/error.hpp>
#include <event/fwd.hpp>

#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <new>
#include <tuple>
#include <utility>

/// What the operations of a watcher wait for.

namespace event::detail {

/// A watcher: where its pending get waits, and what it has seen.
template <class T>
class WatchSpot final : public ParkingSpot {
public:
    /// Memory for one, which is to be had before anybody hears of it: then nothing can fail.
    class Memory {
    public:
        Memory() : block_(::operator new(sizeof(WatchSpot))) {}
        Memory(const Memory&) = delete;
        Memory& operator=(const Memory&) = delete;
        ~Memory() { ::operator delete(block_); }  // clang before 19 knows no sized one
        /// Of a topic that counts this watcher already. Once.
        [[nodiscard]] IntrusivePtr<WatchSpot> make(Topic<T>& topic) noexcept {
            static_assert(alignof(WatchSpot) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
            return IntrusivePtr<WatchSpot>::adopt(::new (std::exchange(block_, nullptr)) WatchSpot(topic));
        }

    private:
        void* block_;
    };

    [[nodiscard]] static IntrusivePtr<WatchSpot> create(Topic<T>& topic) {
        Memory memory;
        topic.core().begin_watching(topic);
        return memory.make(topic);
    }

    /// What a look finds, under the domain's lock.
    [[nodiscard]] Look look() const noexcept {
        if (is_closed_) return Look::ended;
        if (is_behind()) return Look::readable;
        return topic_->is_closed() ? Look::ended : Look::empty;
    }
    void wait_for_newer(ParkedOp& op) noexcept { topic_->watching().push_back(op); }

    /// Whether there is a value that was not seen. Without the lock, and so only a hint.
    [[nodiscard]] bool is_behind() const noexcept {
        return topic_->retained_sequence() > seen_.load(std::memory_order_relaxed);
    }
    /// Without the lock.
    [[nodiscard]] Look look_now() const {
        const DomainGuard guard(*topic_);
        return look();
    }
    /// The newest value, if it has not been seen. `snapshot` is empty before.
    [[nodiscard]] Look take(Snapshot<T>& snapshot) { return take<false>(snapshot); }
    /// The same if it has been seen already, too.
    [[nodiscard]] Look take_again(Snapshot<T>& snapshot) { return take<true>(snapshot); }
    /// The same, and it counts as seen no more than before.
    void peek(Snapshot<T>& snapshot) const {
        const DomainGuard guard(*topic_);
        if (!is_closed_) snapshot.read(static_cast<Topic<T>&>(*topic_));
    }
    /// Whether there is a value, seen or not. Without the lock, and so only a hint.
    [[nodiscard]] bool has_value() const noexcept { return topic_->retained_sequence() != 0; }

    void close() noexcept {
        if (defer_request(close_it)) return;
        Aftermath after;
        after.only_ends();
        {
            const DomainGuard guard(*topic_);
            if (std::exchange(is_closed_, true)) return;
            after.wake(claim());
        }
        after.settle();
        core().end_watching(*topic_, seen_.load(std::memory_order_relaxed));
    }

private:
    explicit WatchSpot(Topic<T>& topic) noexcept : ParkingSpot(topic), topic_(&topic) {}

    template <bool also_again>
    [[nodiscard]] Look take(Snapshot<T>& snapshot) {
        DomainGuard guard(*topic_);
        const Look found = look();
        if (found != Look::readable) {
            if (!also_again || is_closed_ || !has_value()) return found;
            snapshot.read(static_cast<Topic<T>&>(*topic_));
            return Look::readable;
        }
        snapshot.read(static_cast<Topic<T>&>(*topic_));
        seen_.store(snapshot.version(), std::memory_order_relaxed);
        topic_->newest_was_seen();
        if (topic_->is_closed()) [[unlikely]] {
            guard.unlock();
            core().unviewed(*topic_);
        }
        return found;
    }

    void destroy_spot() noexcept override { delete this; }
    void fulfil(Requests) noexcept override { close(); }

    // guarded by the domain's lock
    bool is_closed_ = false;              // first: it fits behind what the base has
    std::atomic<std::uint64_t> seen_{0};  // read without it, too

    TopicBase* const topic_;  // a Topic<T>: whoever destroys a watcher need not know T
};

/// Waits for a value that has not been seen, and takes nothing.
template <class T>
class WaitNewer : public SourceBase {
public:
    using Values = std::tuple<boost::system::error_code>;
    explicit WaitNewer(WatchSpot<T>& spot) noexcept : spot_(&spot) {}
    [[nodiscard]] bool ready() const noexcept { return spot_->is_behind(); }
    [[nodiscard]] bool idle() const noexcept { return spot_->look() == Look::empty; }
    void list(ParkedOp& op) noexcept { spot_->wait_for_newer(op); }
    [[nodiscard]] bool may_recur() const noexcept { return spot_->look() != Look::ended; }
    [[nodiscard]] Taken take(Values& values) const {
        const Look found = spot_->look_now();
        if (found == Look::ended) std::get<0>(values) = errc::closed;
        return found != Look::empty ? Taken::values : Taken::nothing;
    }

protected:
    WatchSpot<T>* spot_;  // the operation holds a reference
};

/// Waits for a value that has not been seen and that the predicate accepts.
template <class T, class Predicate>
class GetNewer : public WaitNewer<T> {
    static constexpr int most_at_once = 16;  // then the executor's other work has its turn

public:
    using Values = std::tuple<boost::system::error_code, Snapshot<T>>;
    GetNewer(WatchSpot<T>& spot, Predicate accepts) : WaitNewer<T>(spot), accepts_(std::move(accepts)) {}
    [[nodiscard]] Taken take(Values& values) {
        for (int budget = most_at_once; budget > 0 && this->spot_->phase() == Phase::pending; --budget) {
            Snapshot<T> snapshot;
            const Look found = this->spot_->take(snapshot);
            if (found == Look::empty) return Taken::nothing;
            if (found == Look::ended) {
                std::get<0>(values) = errc::closed;
                return Taken::values;
            }
            if (!std::invoke(accepts_, *snapshot)) continue;
            std::get<1>(values) = std::move(snapshot);
            return Taken::values;
        }
        return Taken::more;
    }

protected:
    Predicate accepts_;
};

/// The same, but the newest value of the moment at which it is begun may have been seen already.
template <class T, class Predicate>
class GetUntil : public GetNewer<T, Predicate> {
    using Base = GetNewer<T, Predicate>;

public:
    using Values = typename Base::Values;
    using Base::Base;
    [[nodiscard]] bool ready() const noexcept { return Base::ready() || (is_first_ && this->spot_->has_value()); }
    [[nodiscard]] bool idle() const noexcept { return Base::idle() && !(is_first_ && this->spot_->has_value()); }
    [[nodiscard]] Taken take(Values& values) {
        if (std::exchange(is_first_, false)) {
            Snapshot<T> newest;
            if (this->spot_->take_again(newest) == Look::readable && std::invoke(this->accepts_, *newest)) {
                std::get<1>(values) = std::move(newest);
                return Taken::values;
            }
        }
        return Base::take(values);
    }

private:
    bool is_first_ = true;
};

/// Waits until a newer value is accepted, and hands nothing out.
template <class T, class Predicate>
class WaitFor : public GetNewer<T, Predicate> {
public:
    using Values = std::tuple<boost::system::error_code>;
    using GetNewer<T, Predicate>::GetNewer;
    [[nodiscard]] Taken take(Values& values) {
        typename GetNewer<T, Predicate>::Values got;
        const Taken taken = GetNewer<T, Predicate>::take(got);
        std::get<0>(values) = std::get<0>(got);
        return taken;
    }
};

struct AcceptAll {
    template <class T>
    constexpr bool operator()(const T&) const noexcept {
        return true;
    }
};

}  // namespace event::detail
