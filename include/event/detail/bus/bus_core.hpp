#pragma once

#include <event/detail/bus/core.hpp>
#include <event/detail/bus/emitter_state.hpp>
#include <event/detail/bus/progress.hpp>
#include <event/detail/bus/value_core.hpp>
#include <event/detail/event/event_type.hpp>
#include <event/detail/order/lock.hpp>
#include <event/detail/order/subject.hpp>
#include <event/detail/order/topic.hpp>
#include <event/detail/queue/mailbox.hpp>
#include <event/detail/thread.hpp>
#include <event/detail/wait/object_or_context.hpp>
#include <event/options.hpp>
#include <event/report.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#pragma push_macro("emit")  // Qt has one
#undef emit

/// The bus's registry. Its one rule: what registers comes and goes here, all of it or nothing; emitting and receiving
/// never come here. Its lock is the bus's mutex, the outermost of all, which is not held while domains are merged.

namespace event::detail {

/// Serialises the registrations of one bus. A filter gets an exception: of this bus in any case, of another one where
/// it would have to wait.
class RegistrationMutex {
public:
    explicit RegistrationMutex(BusCore& bus) noexcept : bus_(bus) {}
    void lock() {
        if (!UserCode::runs()) return mutex_.lock();
        lock_in_filter();
    }
    /// What holds no longer together parts first.
    inline void unlock() noexcept;

    /// While it exists, who holds the mutex may ask filters, about retained events.
    class Asking {
    public:
        explicit Asking(RegistrationMutex& mutex) noexcept : mutex_(mutex) {
            mutex_.asker_.store(this_thread(), std::memory_order_relaxed);
        }
        Asking(const Asking&) = delete;
        Asking& operator=(const Asking&) = delete;
        ~Asking() { mutex_.asker_.store(nullptr, std::memory_order_relaxed); }

    private:
        RegistrationMutex& mutex_;
    };

    /// Holds the mutex for what can be neither refused nor put off, as `CertainGuard` holds a domain's lock.
    class CertainGuard {
    public:
        explicit CertainGuard(RegistrationMutex& mutex) noexcept;
        CertainGuard(const CertainGuard&) = delete;
        CertainGuard& operator=(const CertainGuard&) = delete;
        ~CertainGuard() {
            if (mutex_ != nullptr) mutex_->unlock();
        }

    private:
        Lock* mutex_;  // if it is this guard's to unlock
    };

private:
    void lock_in_filter();
    void unlock_in_filter() noexcept;

    BusCore& bus_;
    Lock mutex_;
    bool is_filters_ = false;               // a filter holds it; guarded by it
    std::atomic<ThreadId> asker_{nullptr};  // whose filters are asked under it
};

/// What a subscription lists: an event type, a behaviour, or (with neither) everything.
struct Listed {
    const EventType* event = nullptr;
    const TypeId* interface = nullptr;
};

/// What the topics of an emitter are to retain beside their newest event: nothing, or one for each, which may be null.
using Histories = std::vector<std::unique_ptr<History>>;

/// What the handles of one bus share: its topics, found by type when something registers, and its subscriptions.
class BusCore final : public Core {
public:
    [[nodiscard]] static IntrusivePtr<BusCore> create(boost::asio::any_io_executor executor, BusOptions&& options);

    // ---- registering: throws, and then nothing is left of it -----------------------------------------------------

    /// Registers one emitter for all the types, or for none. As a `value` it is one more handle of the latest value.
    [[nodiscard]] IntrusivePtr<EmitterState> add_emitter(std::span<const Listed> types, EmitterOptions&& options,
                                                         EmitterState::Kind kind, boost::system::error_code& error,
                                                         Histories&& histories = {});
    /// The same as its handle holds it; on an error, what a closed one holds.
    [[nodiscard]] ObjectOrContext<EmitterState> make_emitter(std::span<const Listed> types, EmitterOptions&& options,
                                                             Histories&& histories, boost::system::error_code& error);
    /// The same, with an exception for the error.
    [[nodiscard]] ObjectOrContext<EmitterState> make_emitter(std::span<const Listed> types, EmitterOptions&& options,
                                                             Histories&& histories = {});
    /// Registers one subscription for all that is listed, or for none; its queue holds the retained events.
    /// Takes over the refinement, which may be null, and throws what that throws.
    [[nodiscard]] IntrusivePtr<Mailbox> add_subscription(std::span<const Listed> listed, std::size_t stride,
                                                         SubscriptionOptions&& options, Refinement* refinement,
                                                         const std::source_location& where);
    /// The topic of a type that is to be watched, retained from now on: with one watcher more, for whom somebody calls
    /// `end_watching`.
    [[nodiscard]] TopicBase* add_watcher(const EventType& type, boost::system::error_code& error);
    /// How many emitters, or subscribers, the type has, as a value that is set whenever that changes.
    using Count = IntrusivePtr<ValueCore<std::size_t>>;
    struct Counts {
        Count emitters;
        Count subscribers;
        Count forgotten;
    };
    [[nodiscard]] Counts counts(const EventType& type, boost::system::error_code& error);
    /// For events of that topic, which has an emitter, in their shared form.
    [[nodiscard]] PayloadPool& pool(TopicBase& topic);
    /// Emits what has its shared form already, as a passing emitter of its type; one reference goes along.
    [[nodiscard]] EmitResult emit(PayloadBase& payload);

    /// Throws `boost::system::system_error` for what could not register, in words: of which types, and who is in its
    /// way.
    [[noreturn]] void refuse(std::string_view what, std::span<const Listed> listed,
                             const boost::system::error_code& error);

    // ---- ending: for whom it is done already, nothing ------------------------------------------------------------

    void remove_emitter(EmitterState& emitter) noexcept;
    /// Ends a subscription: at once and for good (`closed`), or once its receiver has taken what is queued
    /// (`draining`).
    void end_subscription(Mailbox& mailbox, Mailbox::State how) noexcept;
    void end_watching(TopicBase& topic, std::uint64_t seen) noexcept override;
    void unviewed(TopicBase& topic) noexcept override;
    void forget(const EventType& type);
    bool forget(const EventType& type, const GivenKey& key);
    void close() noexcept override;
    [[nodiscard]] bool is_closed() const noexcept { return closed_.load(std::memory_order_acquire); }

    // ---- whether all is idle, or over ------------------------------------------------------------------------------

    /// Set whenever one of those below may have become true since it was not; null once the context is gone.
    [[nodiscard]] IntrusivePtr<ValueCore<std::size_t>> progress();
    /// Whether all queues are empty and no handler runs.
    [[nodiscard]] bool is_idle();
    /// Whether the bus is closed, every subscription has ended and no handler runs.
    [[nodiscard]] bool is_over();
    void tell_progress(Aftermath& after) noexcept;
    void tell_progress() noexcept;
    /// A handler of a subscription that the bus no longer knows has ended.
    void handler_has_left(Aftermath& after) noexcept {
        progress_.handlers_left.fetch_sub(1, std::memory_order_acq_rel);
        tell_progress(after);
    }

    // ---- the rest ------------------------------------------------------------------------------------------------

    /// The end of registration; whether it is now, and was not before.
    bool start();
    [[nodiscard]] std::vector<std::string> missing_emitters(Mailbox& mailbox);
    [[nodiscard]] TopicStat stat(const EventType& type);
    [[nodiscard]] BusReport report();
    [[nodiscard]] const std::string& name() const noexcept { return options_.name; }

private:
    [[nodiscard]] std::string names_of_emitters(const TopicBase& topic);

    BusCore(boost::asio::any_io_executor executor, BusOptions&& options);
    ~BusCore() override;
    void destroy_core() noexcept override;
    void destroy_pending() noexcept override;
    void begin_watching(TopicBase& topic) override;

    friend RegistrationMutex;

    // All under mutex_, which some of them give back for a while.

    /// Whether somebody runs a filter under a lock of this bus.
    [[nodiscard]] bool runs_filter() const noexcept;
    [[nodiscard]] TopicBase* find(const EventType& type) noexcept;
    /// Null if it cannot be had, and says why; or, with no error, if the mutex was given back meanwhile, and what was
    /// found before is to be found again.
    [[nodiscard]] TopicBase* find_or_make(const EventType& type, boost::system::error_code& error);
    [[nodiscard]] TopicBase* find_or_make_otherwise(const EventType& type, boost::system::error_code& error);
    /// A new topic, which nobody can use before it is connected and listed.
    [[nodiscard]] TopicBase* make_topic(const EventType& type);
    /// Whether all who subscribe to a behaviour that includes the topic hear it, from its first event on. If not, the
    /// mutex was given back meanwhile.
    [[nodiscard]] bool connect(TopicBase& topic);
    /// Lists the topic under a label that nobody has.
    void list(TopicBase& topic);
    [[nodiscard]] bool is_taken(std::string_view label) const noexcept;
    [[nodiscard]] std::string unique_label(const EventType& type) const;
    [[nodiscard]] Behaviour& find_or_make(const TypeId* interface);
    void retire_unused(TopicBase& topic) noexcept;
    /// The same under the domain's lock, too: whether its pool is to be emptied.
    bool retire_if_unused(TopicBase& topic) noexcept;
    /// All retained topics share one domain, for replaying in order; the topic is in it already.
    void retain(TopicBase& topic) noexcept;
    /// With that, unless it has one; then it stays the caller's.
    void retain(TopicBase& topic, std::unique_ptr<History>& history) noexcept;
    /// Makes retaining that unable to fail. Throws where they retain something else; false where a user's code has
    /// thrown, which is in `after` then.
    [[nodiscard]] bool make_ready(std::span<TopicBase* const> topics, const Histories& histories, Histories& unused,
                                  Aftermath& after);
    /// One emitter more or less.
    void gain_emitter(TopicBase& topic, bool is_value, Aftermath& after) noexcept;
    void lose_emitter(TopicBase& topic, bool is_value, Aftermath& after) noexcept;
    void tell_emitters(const TopicBase& topic, Aftermath& after) noexcept;

    /// What registers is gathered from before it can no longer fail.
    struct Gathered;
    /// Which topics are to share a domain: none, those that are listed, or those together with all that is retained.
    enum class Order : std::uint8_t { of_each, of_listed, of_retained };
    using RegistrationGuard = std::lock_guard<RegistrationMutex>;
    /// Finds or makes all that is listed, and has it share a domain; false if it cannot be had, with `errc::closed`
    /// once the bus is.
    [[nodiscard]] bool gather(Order order, Gathered& gathered, boost::system::error_code& error);
    /// The same without the domain; false with no error: it is to be looked for again.
    [[nodiscard]] bool find_or_make(Gathered& gathered, boost::system::error_code& error);
    void gather_behaviours(Gathered& gathered);
    /// Whether all of them share a domain. If not, they do now; but the mutex was given back meanwhile, and what was
    /// found before is to be found again.
    [[nodiscard]] bool are_together(std::span<Subject* const> members);
    /// The domain of that one may have lost what held it together: it is parted when the mutex is given back, or, in a
    /// filter or while somebody merges, the next time.
    void loosen(Subject& one) noexcept {
        if (!one.is_linked()) loose_.push_back(one);
    }
    /// The same once a subscription, open or killed, holds nothing together any more.
    void untie(Tie& tie) noexcept;
    void part_loose() noexcept;
    void part(Subject& one) noexcept;
    void reserve(const Mailbox::Options& settings, Gathered& gathered, Aftermath& after);
    /// How much room those events need that come first.
    static void make_replay_room(const Refinement* refinement, Gathered& gathered);
    /// Unless its refinement throws for a retained event (then `after` will) or those need more room; then nothing has
    /// changed.
    enum class Connected : std::uint8_t { yes, no, needs_room };
    [[nodiscard]] Connected connect(Mailbox& mailbox, Gathered& gathered, Aftermath& after) noexcept;
    /// Queues what is retained, in its order; false, and nothing is queued, where there is not enough room.
    [[nodiscard]] bool replay(Mailbox& mailbox, Gathered& gathered, Aftermath& after) noexcept;
    /// The one end of a registration, for close, drain, start and the bus's end.
    void disconnect(Mailbox& mailbox, Mailbox::State how, Aftermath& after) noexcept;
    void disconnect_here(Mailbox& mailbox, Mailbox::State how, Aftermath& after) noexcept;  // within who calls it
    /// Tells a subscription what the start has found, and ends it if it cannot do without.
    void resolve(Mailbox& mailbox, Aftermath& after) noexcept;

    /// Whether a queue, a handler or an emit that waits is; it will tell. Under the mutex.
    [[nodiscard]] bool is_something_busy();
    /// A sum that grows with each event. Under the mutex.
    [[nodiscard]] std::uint64_t events_so_far() const;

    const BusOptions options_;
    const ContextClock clock_;
    SlowLine slow_line_{clock_};
    Progress progress_;
    std::atomic<bool> closed_{false};  // written under mutex_

    RegistrationMutex mutex_{*this};
    // guarded by mutex_
    std::vector<std::unique_ptr<TopicBase>> topics_;
    std::vector<std::unique_ptr<Behaviour>> behaviours_;
    std::unordered_map<const void*, TopicBase*> by_tag_;
    std::unordered_map<std::string_view, TopicBase*> by_label_;  // also of topics that are listed no longer
    std::unordered_map<const TopicBase*, Counts> counts_;        // of the topics that are counted
    TopicBase* retained_ = nullptr;                              // one of the retained topics
    IntrusiveList<InBus> subscriptions_;
    IntrusiveList<Tie> ties_;  // newest first
    IntrusiveList<Subject> loose_;
    std::size_t merging_ = 0;  // those who do, and have given the mutex back for that
    IntrusiveList<EmitterState> emitters_;
    std::uint64_t subscriptions_ever_ = 0;
    std::uint64_t emitters_ever_ = 0;
    bool has_started_ = false;
    Figures gone_;  // of the subscriptions that are
};

inline void RegistrationMutex::unlock() noexcept {
    if (!bus_.loose_.empty()) [[unlikely]]
        bus_.part_loose();
    if (is_filters_) [[unlikely]]
        return unlock_in_filter();
    mutex_.unlock();
}

inline bool BusCore::retire_if_unused(TopicBase& topic) noexcept {
    if (topic.emitters != 0 || topic.is_in_use() || topic.is_counted) return false;
    if (topic.is_retained()) loosen(topic);
    topic.is_listed = false;
    return topic.reset();
}

}  // namespace event::detail

#pragma pop_macro("emit")
