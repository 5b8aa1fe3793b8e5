#pragma once

#include <event/detail/bus/emitter_state.hpp>
#include <event/detail/order/aftermath.hpp>
#include <event/detail/order/batch.hpp>
#include <event/detail/order/typed_topic.hpp>
#include <event/detail/queue/turn.hpp>
#include <event/detail/wait/initiate.hpp>
#include <event/detail/wait/object_or_context.hpp>
#include <event/detail/wait/operation.hpp>
#include <event/detail/wait/time_limit.hpp>
#include <event/emit_result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace event::detail {

using EmitValues = std::tuple<boost::system::error_code, EmitResult>;

[[nodiscard]] inline EmitValues emit_values(const EmitResult& result) noexcept {
    boost::system::error_code error;
    if (result.error != errc{}) error = result.error;
    return {error, result};
}

/// Waits for room at every subscriber whose policy is `Wait`, then emits.
template <class T>
class EmitWhenRoom : public SourceBase {
public:
    using Values = EmitValues;

    EmitWhenRoom(EmitSpot& spot, IntrusivePtr<EmitterState> emitter, HeldEvent<T>&& event) noexcept
        : spot_(&spot), topic_(&spot.topic()), emitter_(std::move(emitter)), event_(std::move(event)) {}

    static constexpr bool can_look = false;                           // only the lock tells
    [[nodiscard]] static bool may_recur() noexcept { return false; }  // its turn is passed on
    [[nodiscard]] bool ready() {
        spot_->reserve();
        if (spot_->joins_early()) join_early();
        return false;
    }
    void limit(ParkingSpot&, std::uint64_t ticket) noexcept { ticket_ = ticket; }
    /// Looks again when it has waited long enough for the next one of those that are not waited for for ever.
    template <class Executor>
    [[nodiscard]] bool arm(const Executor& executor) noexcept {
        using namespace std::chrono_literals;
        const Moment until = spot_->patient_until();
        const bool has_passed = alarm_ && alarm_->has_passed();
        if (until == alarm_at_ && !has_passed) return true;
        // one that has passed in vain was set by another clock, which goes on
        const auto least = has_passed && until == alarm_at_ ? 1ms : 0ms;
        alarm_.reset();
        alarm_at_ = Moment::max();
        if (until == Moment::max()) return true;
        try {
            alarm_ = std::make_unique<TimeLimit>(timers_of(executor, topic_->core()),
                                                 std::max<Moment::duration>(spot_->patience(), least));
            alarm_->start(*spot_, ticket_, Phase::pending);
        } catch (...) {  // no memory: it looks again at once
            alarm_.reset();
            return false;
        }
        alarm_at_ = until;
        return true;
    }
    /// From here on nobody overtakes.
    [[nodiscard]] bool idle() noexcept {
        if (has_ended() || (alarm_ && alarm_->has_passed())) return false;
        // keys and filters are asked where what they close can end, and not here
        if (topic_->asks_who_waits()) return spot_->has_places() && !spot_->is_offered();
        if (!spot_->join(nullptr)) return false;
        has_joined_ = true;
        return !spot_->is_offered() && spot_->patient_until() >= alarm_at_;
    }

    void leave_timers() noexcept {
        if (alarm_) alarm_->leave();
    }
    [[nodiscard]] Taken take(Values& values) {
        spot_->reserve();
        Aftermath after;
        after.only_ends();
        bool is_over = false;
        std::optional<EmitResult> result = event_.emit_with(topic_->type(), [&](Batch& batch) {
            const auto admits = [&] {
                is_over = has_ended();
                const Waiting event{batch, after};
                if (is_over) return false;
                if (!topic_->limits_waiting() && spot_->may_emit(event)) return true;
                if (!joins_early() || !join(event)) return false;
                return spot_->is_offered();  // who has said meanwhile that it wants it after all may lose it
            };
            return topic_->emit_if(batch, admits, spot_, after, [&] { spot_->end(after); });
        });
        if (is_over) {
            abandon<DomainGuard>();
            result = EmitResult{.error = errc::closed};
        }
        settle_or_post(after, topic_->core());
        if (result) values = emit_values(*result);
        return result ? Taken::values : Taken::nothing;
    }

    template <class Guard>
    void abandon() {
        if (!has_joined_) return;
        Aftermath after;
        after.only_ends();
        {
            const Guard guard(*topic_);
            spot_->end(after);
        }
        settle_or_post(after, topic_->core());
    }

private:
    /// Before it parks, where those have to be asked who may not want the event, or an alarm is to be set.
    [[nodiscard]] bool joins_early() const noexcept { return topic_->asks_who_waits() || topic_->limits_waiting(); }
    [[nodiscard]] bool join(const Waiting& event) {
        if (!spot_->join(topic_->asks_who_waits() ? &event : nullptr)) return false;
        return has_joined_ = true;
    }
    void join_early() {
        Aftermath after;
        after.only_ends();
        const auto join = [&](Batch& batch) {
            const DomainGuard guard(*topic_);
            return has_ended() || this->join({batch, after});
        };
        while (!event_.emit_with(topic_->type(), join)) spot_->reserve();
        settle_or_post(after, topic_->core());
    }
    [[nodiscard]] bool has_ended() const noexcept { return !emitter_->is_open() || topic_->is_closed(); }

    EmitSpot* spot_;  // the operation holds a reference
    TopicBase* topic_;
    IntrusivePtr<EmitterState> emitter_;
    HeldEvent<T> event_;
    bool has_joined_ = false;
    std::uint64_t ticket_ = 0;
    std::unique_ptr<TimeLimit> alarm_;  // null: those whom it waits for are waited for for ever
    Moment alarm_at_ = Moment::max();
};

/// The initiation of `async_emit`: emits at once where nobody has to be waited for. Without an emitter (it was closed
/// or moved from) it completes with `errc::closed`.
template <class T>
class InitiateEmit {
public:
    using executor_type = boost::asio::any_io_executor;

    /// Of the emitter's topic with that number.
    InitiateEmit(const executor_type& executor, ObjectOrContext<EmitterState> emitter, std::size_t topic,
                 std::optional<HeldEvent<T>> event) noexcept
        : executor_(executor), emitter_(std::move(emitter)), number_(topic), event_(std::move(event)) {}

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

    template <class Handler>
    void operator()(Handler&& handler) {
        using Completed = CompletedOp<EmitValues, std::decay_t<Handler>, executor_type>;
        if (!emitter_) {
            return complete_at_once(emitter_.context(), emit_values(EmitResult{.error = errc::closed}),
                                    std::forward<Handler>(handler), executor_);
        }
        std::decay_t<Handler> stored(std::forward<Handler>(handler));
        auto completed = Completed::make(emitter_.context(), std::move(stored), executor_);  // or nothing is emitted
        std::size_t queues = 0;
        bool joins_early = false;
        const std::optional<EmitResult> result = emit_now(queues, joins_early);
        if (!completed) return;
        if (result) return Completed::complete(std::move(completed), emit_values(*result));
        auto spot = IntrusivePtr<EmitSpot>::adopt(
            new EmitSpot(*emitter_->topics()[number_], emitter_->waiting(number_), queues, joins_early));
        start_in<EmitWhenRoom<T>>(std::move(spot), Completed::take_back(std::move(completed)), executor_,
                                  std::move(emitter_).object(), std::move(*event_));
    }

private:
    /// Unless it has to wait, for so many queues, and maybe joins their lines before it parks.
    [[nodiscard]] std::optional<EmitResult> emit_now(std::size_t& queues, bool& joins_early) {
        if (!event_ || !emitter_->is_open()) return EmitResult{.error = errc::closed};
        TopicBase& topic = *emitter_->topics()[number_];
        if (!topic.wanted()) return EmitResult();
        Aftermath after;
        const std::optional<EmitResult> result = event_->emit_with(topic.type(), [&](Batch& batch) {
            const auto admits = [&] {
                joins_early = topic.asks_who_waits() || topic.limits_waiting();
                queues = topic.waiting_queues();
                return topic.has_room({batch, after});
            };
            return topic.emit_if(batch, admits, nullptr, after);
        });
        settle_or_post(after, topic.core());
        return result;
    }

    executor_type executor_;
    ObjectOrContext<EmitterState> emitter_;
    std::size_t number_;
    std::optional<HeldEvent<T>> event_;
};

}  // namespace event::detail
