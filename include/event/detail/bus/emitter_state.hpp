#pragma once

#include <event/detail/intrusive_list.hpp>
#include <event/detail/intrusive_ptr.hpp>
#include <event/detail/order/deferred.hpp>
#include <event/detail/queue/slot.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace event::detail {

class Aftermath;
class BusCore;
class ContextRegistry;
class Doomed;
class EmitSpot;
class TopicBase;

/// What an emitter and its pending emits share. Its place in the list is among the open ones of its bus, guarded by the
/// bus's mutex.
class EmitterState final : public Deferred, public ListHook<EmitterState> {
public:
    enum class Kind : std::uint8_t { emitter, value };
    EmitterState(IntrusivePtr<BusCore> bus, std::vector<TopicBase*> topics, std::string name, Kind kind, Origin origin);

    void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

    [[nodiscard]] BusCore& bus() const noexcept { return *bus_; }
    /// Who knows whether the bus's context lives, also without the bus.
    [[nodiscard]] const IntrusivePtr<ContextRegistry>& home_context() const noexcept;
    [[nodiscard]] std::span<TopicBase* const> topics() const noexcept { return topics_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] Origin origin() const noexcept { return origin_; }
    [[nodiscard]] bool is_value() const noexcept { return kind_ == Kind::value; }
    /// Whether `close()` has not been called yet.
    [[nodiscard]] bool is_open() const noexcept { return is_open_.load(std::memory_order_relaxed); }
    /// In a filter, when the emit is done.
    void close() noexcept;

    /// Its emits that wait for their turn, of one of its topics. Guarded by the lock of that one's domain.
    /// Whether an emit of it waits.
    [[nodiscard]] bool waits() const;
    [[nodiscard]] IntrusiveList<EmitSpot>& waiting(std::size_t topic) noexcept { return waiting_[topic]; }
    // No lock is held.
    /// All of them end: it is closed, or its topics are.
    void end_waiting(Aftermath& after) noexcept;
    void doom_waiting(Doomed& doomed) noexcept;

private:
    ~EmitterState() override;
    void defer_reference() noexcept override { add_reference(); }
    void run_deferred() noexcept override;

    const IntrusivePtr<BusCore> bus_;
    const std::vector<TopicBase*> topics_;
    std::vector<IntrusiveList<EmitSpot>> waiting_;  // as many
    const std::string name_;
    const Kind kind_;
    const Origin origin_;
    std::atomic<bool> is_open_{true};
    std::atomic<std::uint32_t> references_{1};
};

}  // namespace event::detail
