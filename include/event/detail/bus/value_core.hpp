#pragma once

#include <event/detail/bus/core.hpp>
#include <event/detail/order/topic.hpp>
#include <event/detail/wait/parked_op.hpp>
#include <event/error.hpp>
#include <event/snapshot.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

namespace event::detail {

/// A retained topic without a bus.
template <class T>
class ValueCore final : public Core {
public:
    [[nodiscard]] static IntrusivePtr<ValueCore> create(boost::asio::any_io_executor executor) {
        return IntrusivePtr<ValueCore>::adopt(new ValueCore(std::move(executor)));
    }

    [[nodiscard]] Topic<T>& topic() noexcept { return topic_; }

private:
    explicit ValueCore(boost::asio::any_io_executor executor)
        : Core(std::move(executor)), topic_(event_type<T>(), std::string()) {
        topic_.retain();
    }
    void destroy_core() noexcept override { delete this; }
    void begin_watching(TopicBase& topic) override {
        const DomainGuard guard(topic);
        topic.add_watcher();
    }
    void end_watching(TopicBase& topic, std::uint64_t seen) noexcept override {
        const DomainGuard guard(topic);
        topic.remove_watcher(seen);
    }
    void destroy_pending() noexcept override {
        ParkedOp* doomed = nullptr;
        {
            const DomainGuard guard(topic_);
            while (ParkingSpot* watcher = topic_.watching().front()) {
                SpotList::remove(*watcher);
                if (ParkedOp* op = watcher->claim()) op->next = std::exchange(doomed, op);
            }
        }
        while (doomed != nullptr) std::exchange(doomed, doomed->next)->destroy();
    }

    Topic<T> topic_;
};

/// A watcher: where its pending get waits, and what it has seen.
template <class T>
class WatchSpot final : public ParkingSpot {
public:
    [[nodiscard]] static IntrusivePtr<WatchSpot> create(IntrusivePtr<Core> core, Topic<T>& topic) {
        auto spot = IntrusivePtr<WatchSpot>::adopt(new WatchSpot(std::move(core), topic));
        spot->core_->begin_watching(topic);
        return spot;
    }

    /// What a look finds, under the domain's lock.
    [[nodiscard]] Look look() const noexcept {
        if (is_closed_) return Look::ended;
        if (is_behind()) return Look::readable;
        return topic_->is_closed() ? Look::ended : Look::empty;
    }
    void wait_for_newer() noexcept { topic_->watching().push_back(*this); }

    /// Whether there is a value that was not seen. Without the lock, and so only a hint.
    [[nodiscard]] bool is_behind() const noexcept {
        return topic_->retained_sequence() > seen_.load(std::memory_order_relaxed);
    }
    /// Without the lock.
    [[nodiscard]] Look look_now() const noexcept {
        const DomainGuard guard(*topic_);
        return look();
    }
    /// The newest value, if it has not been seen. `snapshot` is empty before.
    [[nodiscard]] Look take(Snapshot<T>& snapshot) noexcept {
        const DomainGuard guard(*topic_);
        const Look found = look();
        if (found == Look::readable) {
            snapshot.version_ = topic_->read(snapshot.kept_);
            seen_.store(snapshot.version_, std::memory_order_relaxed);
            topic_->newest_was_seen();
        }
        return found;
    }
    [[nodiscard]] static std::optional<Snapshot<T>> current(Topic<T>& topic) noexcept {
        std::optional<Snapshot<T>> snapshot(std::in_place);
        const DomainGuard guard(topic);
        snapshot->version_ = topic.read(snapshot->kept_);
        if (snapshot->version_ == 0) snapshot.reset();
        return snapshot;
    }

    void close() noexcept {
        ParkedOp* op = nullptr;
        std::uint64_t seen = 0;
        {
            const DomainGuard guard(*topic_);
            if (std::exchange(is_closed_, true)) return;
            op = claim();
            SpotList::remove(*this);
            seen = seen_.load(std::memory_order_relaxed);
        }
        if (op != nullptr) op->wake();
        core_->end_watching(*topic_, seen);
    }

    [[nodiscard]] const DomainMember& home() const noexcept override { return *topic_; }
    [[nodiscard]] bool home_is(const boost::asio::execution_context& context) const noexcept override {
        return core_->context_is(context);
    }
    [[nodiscard]] bool home_is_gone() const noexcept override { return core_->context_is_gone(); }

private:
    WatchSpot(IntrusivePtr<Core> core, Topic<T>& topic) noexcept : core_(std::move(core)), topic_(&topic) {}
    void destroy_spot() noexcept override { delete this; }

    // guarded by the domain's lock
    bool is_closed_ = false;              // first: it fits behind what the base has
    std::atomic<std::uint64_t> seen_{0};  // read without it, too

    const IntrusivePtr<Core> core_;
    Topic<T>* const topic_;
};

/// Waits for a value that has not been seen, and takes nothing.
template <class T>
class WaitNewer : public SourceBase {
public:
    using Values = std::tuple<boost::system::error_code>;
    explicit WaitNewer(WatchSpot<T>& spot) noexcept : spot_(&spot) {}
    [[nodiscard]] bool ready() const noexcept { return spot_->is_behind(); }
    [[nodiscard]] bool idle() const noexcept { return spot_->look() == Look::empty; }
    void parked() noexcept { spot_->wait_for_newer(); }
    [[nodiscard]] bool take(Values& values) const {
        const Look found = spot_->look_now();
        if (found == Look::ended) std::get<0>(values) = errc::closed;
        return found != Look::empty;
    }

protected:
    WatchSpot<T>* spot_;  // the operation holds a reference
};

/// Waits for a value that has not been seen and that the predicate accepts.
template <class T, class Predicate>
class GetNewer : public WaitNewer<T> {
public:
    using Values = std::tuple<boost::system::error_code, Snapshot<T>>;
    GetNewer(WatchSpot<T>& spot, Predicate accepts) : WaitNewer<T>(spot), accepts_(std::move(accepts)) {}
    [[nodiscard]] bool take(Values& values) {
        for (;;) {
            Snapshot<T> snapshot;
            const Look found = this->spot_->take(snapshot);
            if (found == Look::empty) return false;
            if (found == Look::ended) {
                std::get<0>(values) = errc::closed;
                return true;
            }
            if (!std::invoke(accepts_, *snapshot)) continue;
            std::get<1>(values) = std::move(snapshot);
            return true;
        }
    }

private:
    Predicate accepts_;
};

/// Waits until a newer value is accepted, and hands nothing out.
template <class T, class Predicate>
class WaitFor : public GetNewer<T, Predicate> {
public:
    using Values = std::tuple<boost::system::error_code>;
    using GetNewer<T, Predicate>::GetNewer;
    [[nodiscard]] bool take(Values& values) {
        typename GetNewer<T, Predicate>::Values got;
        if (!GetNewer<T, Predicate>::take(got)) return false;
        std::get<0>(values) = std::get<0>(got);
        return true;
    }
};

struct AcceptAll {
    template <class T>
    constexpr bool operator()(const T&) const noexcept {
        return true;
    }
};

}  // namespace event::detail
