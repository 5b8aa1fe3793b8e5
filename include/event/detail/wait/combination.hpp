#pragma once

#include <event/detail/bus/core.hpp>
#include <event/detail/intrusive_ptr.hpp>
#include <event/detail/order/lock.hpp>
#include <event/detail/order/topic.hpp>
#include <event/detail/wait/parked_op.hpp>
#include <event/detail/wait/spot.hpp>

#include <boost/asio/execution_context.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// Latest values that are made of others: how they hear of them, and how they read them at one moment.
///
/// The topic of such a value is as any other; what it retains is made by who looks at it and finds it *stale*: a source
/// has changed since, or would not be heard. Nobody waits at one that is stale, and so each who waits is woken.

namespace event::detail {

class Combination;

/// One of the topics that a value is made of; of one that is combined itself, each of those that it is made of. A
/// watcher, whose operation is woken, as others are, by who sets the topic, and then tells at once, on that thread, who
/// waits for the value.
class Source final : public ParkingSpot {
public:
    /// The owner is told as long as it has not let go, and lives on that context.
    [[nodiscard]] static IntrusivePtr<Source> create(TopicBase& topic, Combination& owner,
                                                     boost::asio::execution_context& context);

    [[nodiscard]] TopicBase& topic() const noexcept { return topic_; }
    /// Has the owner told when the topic is set next, or closed. Not in a filter.
    void listen();
    /// Whether the owner will be told of what comes next, or nothing comes any more.
    [[nodiscard]] bool is_heard() const noexcept { return is_heard_.load(std::memory_order_acquire); }
    [[nodiscard]] bool has_ended() const noexcept { return has_ended_.load(std::memory_order_acquire); }
    /// The owner goes.
    void let_go_of_owner() noexcept;

    /// Which value of it the owner knows; 0: none. Written under the lock of the owner's domain.
    [[nodiscard]] std::uint64_t known() const noexcept { return known_.load(std::memory_order_acquire); }
    void note_known(std::uint64_t version) noexcept { known_.store(version, std::memory_order_release); }
    [[nodiscard]] bool has_changed() const noexcept { return known() != topic_.retained_sequence(); }

private:
    class Ear final : public ParkedOp {
    public:
        Ear(Source& source, boost::asio::execution_context& context) noexcept : ParkedOp(source), context_(context) {}
        ~Ear() = default;
        void follow_context() { static_cast<void>(tie_to(context_)); }
        void destroy() noexcept override { source().land(); }
        void run() override {}
        [[nodiscard]] boost::asio::execution_context& context() const noexcept override { return context_; }

    private:
        [[nodiscard]] Source& source() const noexcept { return static_cast<Source&>(spot()); }
        void post() override { source().land(); }
        bool is_idle() override { return true; }
        void list() noexcept override {}
        bool may_recur() const noexcept override { return false; }

        boost::asio::execution_context& context_;
    };

    Source(TopicBase& topic, Combination& owner, boost::asio::execution_context& context) noexcept
        : ParkingSpot(topic), topic_(topic), owner_(&owner), ear_(*this, context) {}
    ~Source() override = default;

    /// The topic was set, or closed: tells the owner, once.
    void land() noexcept;
    void stop() noexcept;
    void fulfil(Requests) noexcept override { stop(); }
    void destroy_spot() noexcept override { delete this; }

    TopicBase& topic_;
    std::atomic<std::uint64_t> known_{0};
    std::atomic<bool> is_heard_{false};
    std::atomic<bool> has_ended_{false};
    std::uint64_t seen_ = 0;  // guarded by the topic's domain
    Lock lock_;
    Combination* owner_;  // guarded by lock_
    Ear ear_;
};

/// A source as one attempt at making a value has read it.
class Reading {
public:
    Reading() = default;
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

    virtual void read() = 0;
    [[nodiscard]] std::uint64_t version() const noexcept { return version_; }
    /// Whether the topic still is what was read.
    [[nodiscard]] virtual bool is_current() const noexcept = 0;

protected:
    ~Reading() = default;
    std::uint64_t version_ = 0;  // 0: there was none
};

/// Reads all of them as they are at one moment.
void read_at_one_moment(std::span<Reading* const> readings);

/// What a topic's latest value is made of.
class Combination {
public:
    Combination(const Combination&) = delete;
    Combination& operator=(const Combination&) = delete;

    /// Whether to `refresh` it before it is looked at. Any thread, also under the topic's lock.
    [[nodiscard]] bool is_stale() const noexcept;
    /// Whether the user's function has thrown.
    [[nodiscard]] bool has_failed() const noexcept { return has_failed_.load(std::memory_order_acquire); }
    /// Makes the value anew, if it has changed. Throws what the user's function throws. No lock is held.
    virtual void refresh() = 0;

    [[nodiscard]] std::span<const IntrusivePtr<Source>> sources() const noexcept { return sources_; }
    /// Null where the last reference is gone.
    [[nodiscard]] IntrusivePtr<Core> owner() const noexcept;
    /// A source was set: whoever waits looks again.
    void tell() noexcept;

    /// Whether the topic has the value of these readings: guarded by its lock, as all that changes that.
    [[nodiscard]] bool knows(std::span<Reading* const> readings) const noexcept;
    /// Grows with each change.
    [[nodiscard]] std::uint64_t changes() const noexcept { return changes_.load(std::memory_order_acquire); }
    void note(std::span<Reading* const> readings, bool has_failed = false) noexcept;

protected:
    explicit Combination(TopicBase& topic) noexcept : topic_(topic) {}
    ~Combination();

    /// Once, before anybody knows it: of these topics, or of what they are made of.
    void make_of(std::span<TopicBase* const> topics, boost::asio::execution_context& context);
    /// There is no value, maybe because the user's function has thrown; unless something has changed since. Whether
    /// that is noted.
    [[nodiscard]] bool note_none(std::span<Reading* const> readings, std::uint64_t since, bool has_failed) noexcept;
    void listen();
    void close_if_over() noexcept;

    /// While it exists, this thread makes the value. Throws where it does so already.
    class Making {
    public:
        explicit Making(const Combination& combination);
        Making(const Making&) = delete;
        Making& operator=(const Making&) = delete;
        ~Making();

    private:
        static thread_local const Making* innermost_;

        const Combination& combination_;
        const Making* const outer_;
    };

private:
    [[nodiscard]] bool has_changed() const noexcept;

    TopicBase& topic_;
    std::vector<IntrusivePtr<Source>> sources_;
    std::atomic<std::uint64_t> changes_{0};
    std::atomic<bool> has_failed_{false};
};

}  // namespace event::detail
