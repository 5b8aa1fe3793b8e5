#pragma once

#include <event/detail/bus/core.hpp>
#include <event/detail/bus/value_core.hpp>
#include <event/detail/event/event_type.hpp>
#include <event/detail/order/subject.hpp>
#include <event/detail/order/topic.hpp>
#include <event/detail/queue/mailbox.hpp>
#include <event/options.hpp>
#include <event/report.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace event::detail {

class BusCore;

/// Serialises the registrations of one bus. A filter gets an exception: of this bus in any case, of another one where
/// it would have to wait.
class RegistrationMutex {
public:
    explicit RegistrationMutex(const Core& bus) noexcept : bus_(bus) {}
    void lock() {
        if (!UserCode::runs()) return mutex_.lock();
        UserCode::refuse_in(bus_);
        if (!mutex_.try_lock()) UserCode::refuse();
    }
    void unlock() noexcept { mutex_.unlock(); }

private:
    const Core& bus_;
    std::mutex mutex_;
};

/// What an emitter and its pending emits share.
class EmitterState {
public:
    enum class Kind : std::uint8_t { emitter, value };
    EmitterState(IntrusivePtr<BusCore> bus, std::vector<TopicBase*> topics, std::string name, Kind kind) noexcept;
    EmitterState(const EmitterState&) = delete;
    EmitterState& operator=(const EmitterState&) = delete;

    void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

    [[nodiscard]] const IntrusivePtr<BusCore>& bus() const noexcept { return bus_; }
    [[nodiscard]] std::span<TopicBase* const> topics() const noexcept { return topics_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] Kind kind() const noexcept { return kind_; }
    /// Whether `close()` has not been called yet.
    [[nodiscard]] bool is_open() const noexcept { return is_open_.load(std::memory_order_relaxed); }
    void close() noexcept;

    // guarded by the bus's mutex: the open ones of the bus, the newest first
    EmitterState* next_in_bus = nullptr;
    EmitterState* previous_in_bus = nullptr;

private:
    ~EmitterState();

    const IntrusivePtr<BusCore> bus_;
    const std::vector<TopicBase*> topics_;
    const std::string name_;
    const Kind kind_;
    std::atomic<bool> is_open_{true};
    std::atomic<std::uint32_t> references_{1};
};

/// What a subscription lists: an event type, a behaviour, or (with neither) everything.
struct Listed {
    const EventType* event = nullptr;
    const TypeId* interface = nullptr;
};

/// What the handles of one bus share: its topics, found by type when something registers, and its subscriptions.
class BusCore final : public Core {
public:
    [[nodiscard]] static IntrusivePtr<BusCore> create(boost::asio::any_io_executor executor, BusOptions options);

    /// Registers one emitter for all the types, or for none.
    [[nodiscard]] IntrusivePtr<EmitterState> add_emitter(std::span<const EventType* const> types,
                                                         EmitterOptions options, boost::system::error_code& error);
    void remove_emitter(EmitterState& emitter) noexcept;
    /// One more handle of the latest value of a type: an emitter that makes it retained.
    [[nodiscard]] IntrusivePtr<EmitterState> add_value(std::span<const EventType* const> type,
                                                       boost::system::error_code& error);
    /// The topic of a type that is to be watched: retained from now on.
    [[nodiscard]] TopicBase* retain(const EventType& type, boost::system::error_code& error);

    /// Registers one subscription for all that is listed, or for none; its queue holds the retained events.
    /// `refinement` may be null. Throws what that throws.
    [[nodiscard]] IntrusivePtr<Mailbox> add_subscription(std::span<const Listed> listed, std::size_t stride,
                                                         SubscriptionOptions&& options,
                                                         std::unique_ptr<Refinement> refinement,
                                                         const std::source_location& where,
                                                         boost::system::error_code& error);
    /// Ends a subscription and forgets it. Nothing if it was done before.
    void close_subscription(Mailbox& mailbox) noexcept;
    /// Lets a subscription end once its receiver has taken what is queued.
    void drain_subscription(Mailbox& mailbox) noexcept;

    /// The end of registration; whether it is now, and was not before.
    bool start() noexcept;
    [[nodiscard]] std::vector<std::string> missing_emitters(Mailbox& mailbox);

    void close() noexcept;
    [[nodiscard]] bool is_closed() const noexcept { return closed_.load(std::memory_order_acquire); }

    [[nodiscard]] TopicStat stat(const EventType& type);
    [[nodiscard]] BusReport report();
    /// How many emitters, or subscribers, the type has, as a value that is set whenever that changes.
    using Count = IntrusivePtr<ValueCore<std::size_t>>;
    [[nodiscard]] Count emitter_count(const EventType& type, boost::system::error_code& error);
    [[nodiscard]] Count subscriber_count(const EventType& type, boost::system::error_code& error);
    void forget(const EventType& type) noexcept;
    /// Emits what has its shared form already, as a passing emitter of its type; one reference goes along.
    [[nodiscard]] EmitResult emit(PayloadBase& payload);
    [[nodiscard]] const std::string& name() const noexcept { return options_.name; }

private:
    BusCore(boost::asio::any_io_executor executor, BusOptions options);
    ~BusCore();
    void destroy_core() noexcept override { delete this; }
    void destroy_pending() noexcept override;
    void begin_watching(TopicBase& topic) override;
    void end_watching(TopicBase& topic, std::uint64_t seen) noexcept override;
    [[nodiscard]] IntrusivePtr<EmitterState> add_emitter(std::span<const EventType* const> types,
                                                         EmitterOptions options, EmitterState::Kind kind,
                                                         boost::system::error_code& error);

    // All under mutex_.
    [[nodiscard]] TopicBase* find(const EventType& type) noexcept;
    /// Finds or makes the topics of all the types; those that end up unused are retired again if one of them cannot be
    /// had.
    void find_all(std::span<const EventType* const> types, std::span<TopicBase*> topics,
                  boost::system::error_code& error);
    [[nodiscard]] TopicBase* find_or_make(const EventType& type, boost::system::error_code& error);
    /// A new topic, fed from the first event on to all behaviours that include it.
    [[nodiscard]] TopicBase* make_topic(const EventType& type);
    [[nodiscard]] Behaviour& find_or_make(const TypeId* interface);
    /// A topic that a new subscription is to hear of, and in which of its places.
    struct Target {
        TopicBase* topic;
        std::uint16_t type;
        SinkKind kind;
    };
    void add_targets(std::span<Subject* const> subjects, std::span<const Listed> listed,
                     std::pmr::vector<Target>& targets);
    /// No further topics for the mailbox.
    void leave_behaviours(const Mailbox& mailbox) noexcept;
    void retire_unused(TopicBase& topic) noexcept;
    /// The same under the domain's lock, too.
    void retire_if_unused(TopicBase& topic) noexcept;
    void retire_unused_topics(Mailbox& mailbox) noexcept;
    void retire_unused(std::span<TopicBase* const> topics) noexcept;
    void retain(TopicBase& topic) noexcept;
    /// Tells a subscription what the start has found, and ends it if it cannot do without.
    void resolve(Mailbox& mailbox, Aftermath& after) noexcept;
    void emitters_changed(const TopicBase& topic, Aftermath& after) noexcept;

    struct Counts {
        Count emitters;
        Count subscribers;
    };
    [[nodiscard]] Counts counts(const EventType& type, boost::system::error_code& error);

    const BusOptions options_;
    std::atomic<bool> closed_{false};  // written under mutex_

    RegistrationMutex mutex_{*this};  // the outermost lock
    // guarded by mutex_
    std::vector<std::unique_ptr<TopicBase>> topics_;
    std::vector<std::unique_ptr<Behaviour>> behaviours_;
    std::unordered_map<const void*, TopicBase*> by_tag_;
    std::unordered_map<std::string_view, TopicBase*> by_label_;
    std::unordered_map<const TopicBase*, Counts> counts_;  // of the topics that are counted
    TopicBase* retained_ = nullptr;                        // one of the retained topics: all of them share one domain
    Mailbox* subscriptions_ = nullptr;                     // the newest first, as the emitters
    EmitterState* emitters_ = nullptr;
    std::uint64_t subscriptions_ever_ = 0;
    bool has_started_ = false;
};

}  // namespace event::detail
