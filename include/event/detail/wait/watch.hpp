#pragma once

#include <event/detail/order/typed_topic.hpp>
#include <event/detail/wait/combination.hpp>
#include <event/detail/wait/operation.hpp>
#include <event/detail/wait/spot.hpp>
#include <event/error.hpp>
#include <event/fwd.hpp>

#include <boost/system/error_code.hpp>

#include <atomic>
#include <concepts>
#include <cstdint>
#include <functional>
#include <new>
#include <tuple>
#include <utility>

/// What the operations of a watcher wait for.

namespace event::detail {

/// A watcher: where its pending get waits, and what it has seen. Where a handler gets that, `Base` is `PushedWatch`,
/// whose virtual functions it implements.
template <class T, class Base = ParkingSpot>
class WatchSpot : public Base {
    static constexpr bool is_pushed = !std::same_as<Base, ParkingSpot>;

public:
    using Event = T;
    /// What a get gets.
    using Got = Snapshot<T>;
    using Value = T;
    [[nodiscard]] static const T& value_in(const Got& got) { return *got; }
    /// Whether to tell of it: each set counts. (See `ProjectedSpot` for these.)
    [[nodiscard]] static constexpr bool is_news(const Got&) noexcept { return true; }
    [[nodiscard]] static constexpr bool is_known_or_pass(const Got&, std::uint64_t) noexcept { return false; }
    [[nodiscard]] static constexpr bool notice_or_pass(const Got&, std::uint64_t) noexcept { return true; }
    static constexpr void forget_noticed() noexcept {}
    [[nodiscard]] static const Got& project_or_pass(const Got& got) noexcept { return got; }

    /// Memory for one, which is to be had before anybody hears of it: then nothing can fail.
    class Memory {
    public:
        Memory() : block_(::operator new(sizeof(WatchSpot))) {}
        Memory(const Memory&) = delete;
        Memory& operator=(const Memory&) = delete;
        ~Memory() { ::operator delete(block_); }  // clang before 19 knows no sized one
        /// Of a topic that counts this watcher already. Once.
        [[nodiscard]] IntrusivePtr<WatchSpot> make(TopicBase& topic) noexcept {
            static_assert(alignof(WatchSpot) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
            return IntrusivePtr<WatchSpot>::adopt(::new (std::exchange(block_, nullptr)) WatchSpot(topic));
        }

    private:
        void* block_;
    };

    [[nodiscard]] static IntrusivePtr<WatchSpot> create(TopicBase& topic) {
        Memory memory;
        topic.core().begin_watching(topic);
        return memory.make(topic);
    }

    /// What a look finds, under the domain's lock.
    [[nodiscard]] Look look() const noexcept {
        if (state_ != State::open) [[unlikely]] {
            if (state_ == State::closed) return Look::ended;
            if (topic_->combination()->is_stale() && !is_drained()) return Look::stale;
        }
        return look_at_newest();
    }
    void wait_for_newer(ParkedOp& op) noexcept { topic_->watching().push_back(op); }

    /// Whether there is a value that was not seen. Without the lock, and so only a hint.
    [[nodiscard]] bool is_behind() const noexcept { return has_newer() || is_stale(); }
    /// Without the lock.
    [[nodiscard]] Look look_now() const {
        DomainGuard guard(*topic_);
        return look_and_make(guard);
    }
    /// The newest value, if it has not been seen. `snapshot` is empty before.
    [[nodiscard]] Look take(Snapshot<T>& snapshot) { return take<false>(snapshot); }
    /// The same if it has been seen already, too.
    [[nodiscard]] Look take_again(Snapshot<T>& snapshot) { return take<true>(snapshot); }
    /// The same, and it counts as seen no more than before. Whether there is one.
    [[nodiscard]] bool peek(Snapshot<T>& snapshot) const {
        DomainGuard guard(*topic_);
        static_cast<void>(look_and_make(guard));
        if (state_ != State::closed) snapshot.read(*topic_);
        return static_cast<bool>(snapshot);
    }
    struct Found {
        Look look;
        bool is_last;  // a newer one will not come
    };
    /// Under the domain's lock.
    [[nodiscard]] Found look_and_whether_last() const noexcept { return {look(), topic_->is_closed()}; }
    /// Without the lock: the newest value if it has not been seen, which it has no more than before.
    [[nodiscard]] Found look_at(Snapshot<T>& snapshot) const {
        DomainGuard guard(*topic_);
        const Look look = look_and_make(guard);
        const Found found{look, topic_->is_closed()};
        if (found.look == Look::readable) snapshot.read(*topic_);
        return found;
    }
    /// Without the lock: the newest value has been seen, if it is that one. Whether it is.
    [[nodiscard]] bool see(std::uint64_t version) {
        DomainGuard guard(*topic_);
        if (look() != Look::readable || newest_version() != version) return false;
        note_seen(version, guard);
        return true;
    }
    [[nodiscard]] std::uint64_t newest_version() const noexcept { return topic_->retained_sequence(); }
    /// Whether there is a value, seen or not. Without the lock, and so only a hint.
    [[nodiscard]] bool has_value() const noexcept { return topic_->retained_sequence() != 0; }

    /// In a filter, when the emit is done.
    void stop_watching() noexcept {
        if (this->defer_request(this->close_it)) return;
        Aftermath after;
        after.only_ends();
        {
            const DomainGuard guard(*topic_);
            if (std::exchange(state_, State::closed) == State::closed) return;
            after.wake(this->claim());
            if constexpr (is_pushed) this->give_up(after);
        }
        after.settle();
        this->core().end_watching(*topic_, seen_.load(std::memory_order_relaxed));
    }

protected:
    explicit WatchSpot(TopicBase& topic) noexcept
        : Base(topic), state_(topic.combination() != nullptr ? State::combined : State::open), topic_(&topic) {}
    ~WatchSpot() override = default;

    [[nodiscard]] std::uint64_t seen() const noexcept { return seen_.load(std::memory_order_relaxed); }

private:
    /// Combined: open, and what it watches is made of others. Said here, so that the usual look reads nothing else.
    enum class State : std::uint8_t { open, combined, closed };

    /// Without the lock.
    [[nodiscard]] bool is_stale() const noexcept {
        const Combination* combination = topic_->combination();
        return combination != nullptr && combination->is_stale();
    }
    [[nodiscard]] bool has_newer() const noexcept {
        return topic_->retained_sequence() > seen_.load(std::memory_order_relaxed);
    }
    // under it
    [[nodiscard]] bool is_drained() const noexcept {
        if constexpr (is_pushed) return Base::is_drained(seen_.load(std::memory_order_relaxed));
        return false;
    }
    [[nodiscard]] Look look_at_newest() const noexcept {
        if (is_drained()) return Look::ended;
        if (has_newer()) return Look::readable;
        if constexpr (is_pushed)
            if (this->is_draining()) return Look::ended;
        return topic_->is_closed() ? Look::ended : Look::empty;
    }
    /// What is stale is made anew, while the lock is given back.
    [[nodiscard]] Look look_and_make(DomainGuard& guard) const {
        return state_ == State::open ? look_at_newest() : look_specially(guard);
    }
    /// Out of line, so that the others have the usual case within them.
    [[nodiscard, gnu::noinline, gnu::cold]] Look look_specially(DomainGuard& guard) const {
        if (look() == Look::stale) {
            guard.unlock();
            topic_->combination()->refresh();
            guard.lock(*topic_);
        }
        return state_ == State::closed ? Look::ended : look_at_newest();
    }

    template <bool also_again>
    [[nodiscard]] Look take(Snapshot<T>& snapshot) {
        DomainGuard guard(*topic_);
        const Look found = look_and_make(guard);
        if (found != Look::readable) {
            if (!also_again || state_ == State::closed || !has_value()) return found;
            snapshot.read(*topic_);
            return Look::readable;
        }
        snapshot.read(*topic_);
        note_seen(snapshot.version(), guard);
        return found;
    }
    [[gnu::always_inline]] inline void note_seen(std::uint64_t version, DomainGuard& guard) {
        seen_.store(version, std::memory_order_relaxed);
        topic_->newest_was_seen(version);
        if (topic_->is_closed()) [[unlikely]] {
            guard.unlock();
            this->core().unviewed(*topic_);
        }
    }

    void destroy_spot() noexcept override { delete this; }
    void fulfil([[maybe_unused]] typename Base::Requests requests) noexcept override {
        if constexpr (is_pushed) {
            if ((requests & this->drain_it) != 0) this->close_after_drain();
            if ((requests & this->close_it) == 0) return;
        }
        stop_watching();
    }

    // guarded by the domain's lock
    State state_;                         // first: it fits behind what the base has
    std::atomic<std::uint64_t> seen_{0};  // read without it, too

    TopicBase* const topic_;  // a Topic: whoever destroys a watcher need not know T
};

/// Waits for a value that has not been seen, and takes nothing.
template <class Spot>
class WaitNewer : public SourceBase {
public:
    using Values = std::tuple<boost::system::error_code>;
    explicit WaitNewer(Spot& spot) noexcept : spot_(&spot) {}
    [[nodiscard]] bool ready() const noexcept { return spot_->is_behind(); }
    [[nodiscard]] bool idle() const noexcept { return spot_->look() == Look::empty; }
    void list(ParkedOp& op) noexcept { spot_->wait_for_newer(op); }
    [[nodiscard]] bool may_recur() const noexcept { return spot_->look() != Look::ended; }
    [[nodiscard]] Spot& spot() const noexcept { return *spot_; }
    [[nodiscard]] Taken take(Values& values) const {
        const Look found = spot_->look_now();
        if (found == Look::ended) std::get<0>(values) = errc::closed;
        return found != Look::empty ? Taken::values : Taken::nothing;
    }

protected:
    Spot* spot_;  // the operation holds a reference
};

/// Waits for a value that has not been seen and that the predicate accepts.
template <class Spot, class Predicate>
class GetNewer : public WaitNewer<Spot> {
    static constexpr int most_at_once = 16;  // then the executor's other work has its turn

public:
    using Values = std::tuple<boost::system::error_code, typename Spot::Got>;
    GetNewer(Spot& spot, Predicate accepts) : WaitNewer<Spot>(spot), accepts_(std::move(accepts)) {}
    [[nodiscard]] Taken take(Values& values) {
        for (int budget = most_at_once; budget > 0 && this->spot_->phase() == Phase::pending; --budget) {
            typename Spot::Got got{};
            const Look found = this->spot_->take(got);
            if (found == Look::empty) return Taken::nothing;
            if (found == Look::ended) {
                std::get<0>(values) = errc::closed;
                return Taken::values;
            }
            if (!this->spot_->is_news(got) || !std::invoke(accepts_, Spot::value_in(got))) continue;
            std::get<1>(values) = std::move(got);
            return Taken::values;
        }
        return Taken::more;
    }

protected:
    Predicate accepts_;
};

/// The same, but the newest value of the moment at which it is begun may have been seen already.
template <class Spot, class Predicate>
class GetUntil : public GetNewer<Spot, Predicate> {
    using Base = GetNewer<Spot, Predicate>;

public:
    using Values = typename Base::Values;
    using Base::Base;
    [[nodiscard]] bool ready() const noexcept { return Base::ready() || (is_first_ && this->spot_->has_value()); }
    [[nodiscard]] bool idle() const noexcept { return Base::idle() && !(is_first_ && this->spot_->has_value()); }
    [[nodiscard]] Taken take(Values& values) {
        if (std::exchange(is_first_, false)) {
            typename Spot::Got newest{};
            const bool is_there = this->spot_->take_again(newest) == Look::readable;
            if (is_there) static_cast<void>(this->spot_->is_news(newest));
            if (is_there && std::invoke(this->accepts_, Spot::value_in(newest))) {
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
template <class Spot, class Predicate>
class WaitFor : public GetNewer<Spot, Predicate> {
    using Base = GetNewer<Spot, Predicate>;

public:
    using Values = std::tuple<boost::system::error_code>;
    using Base::Base;
    [[nodiscard]] Taken take(Values& values) {
        typename Base::Values got;
        const Taken taken = Base::take(got);
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
