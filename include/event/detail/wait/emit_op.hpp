#pragma once

#include <event/detail/bus/bus_core.hpp>
#include <event/detail/order/topic.hpp>
#include <event/detail/wait/parked_op.hpp>
#include <event/emit_result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace event::detail {

/// An event that somebody holds until it is emitted: a copy, or the only reference to its payload.
template <class T>
class HeldEvent {
public:
    /// Takes over the payload's reference.
    explicit HeldEvent(EventItem<T> event) noexcept { event_.store(event); }
    HeldEvent(HeldEvent&& other) noexcept : event_(other.event_), held_(std::exchange(other.held_, false)) {}
    HeldEvent(const HeldEvent&) = delete;
    HeldEvent& operator=(const HeldEvent&) = delete;
    ~HeldEvent() {
        if (PayloadBase* payload = held_ ? event_.payload() : nullptr) payload->release();
    }
    [[nodiscard]] EventItem<T> item() const noexcept { return event_.item(); }
    /// A payload's reference was somebody else's to give up.
    void taken() noexcept { held_ = false; }

private:
    Retained<T> event_;
    bool held_ = true;
};

/// What a callback throws has no caller to go to but whoever runs the bus's context: an initiation must not throw once
/// the event is out, and a completion is not the callback's.
inline void settle_or_post(Aftermath& after, const boost::asio::any_io_executor& executor) noexcept {
    class Rethrow {
    public:
        explicit Rethrow(std::exception_ptr exception) noexcept : exception_(std::move(exception)) {}
        void operator()() const { std::rethrow_exception(exception_); }

    private:
        std::exception_ptr exception_;
    };
    try {
        after.settle();
    } catch (...) {
        boost::asio::post(executor, Rethrow(std::current_exception()));
    }
}

/// Waits for room at every subscriber whose policy is `Wait`, then emits.
template <class T>
class EmitWhenRoom : public SourceBase {
public:
    using Values = std::tuple<boost::system::error_code, EmitResult>;

    EmitWhenRoom(EmitSpot& spot, IntrusivePtr<EmitterState> emitter, HeldEvent<T>&& event) noexcept
        : spot_(&spot),
          topic_(static_cast<Topic<T>*>(&spot.topic())),
          emitter_(std::move(emitter)),
          event_(std::move(event)) {}

    static constexpr bool can_look = false;  // only the lock tells
    [[nodiscard]] bool ready() const noexcept { return false; }
    [[nodiscard]] bool idle() noexcept {
        if (has_ended()) return false;
        if (!std::exchange(is_listed_, true)) topic_->enlist(*spot_);  // from here on nobody overtakes
        return !is_my_turn();
    }

    [[nodiscard]] bool take(Values& values) {
        auto& [error, result] = values;
        Aftermath after;
        bool is_done = true;
        topic_->attempt(event_.item(), [&](DomainGuard& domain, SharedForm<T>* shared) {
            if (has_ended()) {
                error = errc::closed;
                result.error = errc::closed;
            } else if (!is_my_turn()) {
                is_done = false;
                return true;
            } else if (!topic_->publish(event_.item(), shared, domain, true, result, after)) {
                return false;
            } else {
                event_.taken();
            }
            leave(after);
            return true;
        });
        settle(after);
        return is_done;
    }

    void abandon() noexcept {
        Aftermath after;
        {
            const DomainGuard guard(*topic_);
            leave(after);
        }
        settle(after);
    }

private:
    [[nodiscard]] bool has_ended() const noexcept { return !emitter_->is_open() || topic_->is_closed(); }
    [[nodiscard]] bool is_my_turn() const noexcept {
        const EmitSpot* first = topic_->first_emitting();
        return (first == nullptr || first == spot_) && topic_->has_room();
    }
    /// Passes the turn on.
    void leave(Aftermath& after) noexcept {
        SpotList::remove(*spot_);
        topic_->give_turn(after);
    }
    void settle(Aftermath& after) const noexcept { settle_or_post(after, emitter_->bus()->executor()); }

    EmitSpot* spot_;  // the operation holds a reference
    Topic<T>* topic_;
    IntrusivePtr<EmitterState> emitter_;
    HeldEvent<T> event_;
    bool is_listed_ = false;
};

/// The initiation of `async_emit`: emits at once where nobody has to be waited for. Without an emitter (it was closed
/// or moved from) it completes with `errc::closed`.
template <class T>
class InitiateEmit {
public:
    using executor_type = boost::asio::any_io_executor;

    InitiateEmit(const executor_type& executor, IntrusivePtr<EmitterState> emitter, Topic<T>* topic,
                 std::optional<HeldEvent<T>> event) noexcept
        : executor_(executor), emitter_(std::move(emitter)), topic_(topic), event_(std::move(event)) {}

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

    template <class Handler>
    void operator()(Handler&& handler) {
        EmitResult result;
        if (!event_ || !emitter_->is_open()) {
            result.error = errc::closed;
        } else if (!emit_now(result)) {
            auto spot = IntrusivePtr<EmitSpot>::adopt(new EmitSpot(emitter_->bus(), *topic_, *emitter_));
            EmitWhenRoom<T> source(*spot, std::move(emitter_), std::move(*event_));
            std::decay_t<Handler> stored(std::forward<Handler>(handler));
            Operation<EmitWhenRoom<T>, std::decay_t<Handler>, executor_type>::start(std::move(spot), std::move(source),
                                                                                    std::move(stored), executor_);
            return;
        }
        boost::system::error_code error;
        if (result.error != errc{}) error = result.error;
        complete_at_once(executor_, std::forward<Handler>(handler), error, result);
    }

private:
    [[nodiscard]] bool emit_now(EmitResult& result) {
        Aftermath after;
        bool is_done = true;
        topic_->attempt(event_->item(), [&](DomainGuard& domain, SharedForm<T>* shared) {
            is_done = topic_->first_emitting() == nullptr && topic_->has_room();
            return !is_done || topic_->publish(event_->item(), shared, domain, true, result, after);
        });
        if (!is_done) return false;
        event_->taken();
        settle_or_post(after, executor_);
        return true;
    }

    executor_type executor_;
    IntrusivePtr<EmitterState> emitter_;
    Topic<T>* topic_;
    std::optional<HeldEvent<T>> event_;
};

}  // namespace event::detail
