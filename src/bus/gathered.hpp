#pragma once

#include <event/detail/bus/bus_core.hpp>

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

namespace event::detail {

/// A list of plain values, within itself as long as they are few. Nothing of it is initialised before it is used.
template <class T>
class Few {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    Few() noexcept {}  // not defaulted, which would zero own_ where this is value-initialised
    Few(const Few&) = delete;
    Few& operator=(const Few&) = delete;
    ~Few() {
        if (data_ != own_) delete[] data_;
    }

    void push_back(const T& value) {
        if (size_ == room_) grow();
        data_[size_++] = value;
    }
    void clear() noexcept { size_ = 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] T* begin() noexcept { return data_; }
    [[nodiscard]] T* end() noexcept { return data_ + size_; }
    [[nodiscard]] T& front() noexcept { return *data_; }
    [[nodiscard]] T& operator[](std::size_t place) noexcept { return data_[place]; }

private:
    void grow() {
        auto* const larger = new T[2 * room_];
        std::copy_n(data_, size_, larger);
        if (data_ != own_) delete[] data_;
        data_ = larger;
        room_ *= 2;
    }

    T* data_ = own_;  // or memory that is owned, too
    std::size_t size_ = 0;
    std::size_t room_ = 4;
    T own_[4];
};

/// Nothing of it is allocated for a registration of usual size. The bus's mutex is held as long as it exists; topics
/// that nobody uses are retired with it, unless what was to use them has registered.
struct BusCore::Gathered {
    /// A topic that is listed, or that a behaviour includes which is listed.
    struct Target {
        TopicBase* topic;
        std::uint16_t place;  // in what is listed
        SinkKind kind;
    };
    /// One whose retained event comes first.
    struct Replay {
        Target target;
        PayloadBlock block;  // for the shared form
        TopicBase::Replayed next = {};
    };

    Gathered(BusCore& owner, std::span<const Listed> what) noexcept : bus(owner), listed(what) {}
    Gathered(const Gathered&) = delete;
    Gathered& operator=(const Gathered&) = delete;
    ~Gathered() {
        if (has_looked && !has_registered) [[unlikely]]
            retire_unused();
    }

    void clear() noexcept {
        targets.clear();
        members.clear();
    }
    void replay_first(const Target& target) {
        auto& replay = replays.emplace_back(Replay{target, {}});
        if (target.kind != SinkKind::listed) replay.block = PayloadBlock(target.topic->pool());
    }

    BusCore& bus;
    const std::span<const Listed> listed;
    Few<Target> targets;
    Few<Subject*> members;  // of one domain, if they are to be: first what is listed
    boost::container::small_vector<Replay, 4> replays;
    std::size_t replay_room = 0;  // for events of them
    bool has_behaviours = false;
    bool has_looked = false;  // for what is listed: not where the bus is closed, which keeps what it has
    bool has_registered = false;

private:
    void retire_unused() noexcept {
        // found anew: some were made when there was no memory for one more target, or before the mutex was given back
        for (const Listed& entry : listed)
            if (TopicBase* topic = entry.event != nullptr ? bus.find(*entry.event) : nullptr;
                topic != nullptr && topic->is_listed)
                bus.retire_unused(*topic);
    }
};

[[gnu::always_inline]] inline bool BusCore::find_or_make(Gathered& gathered, boost::system::error_code& error) {
    if (is_closed()) {
        error = errc::closed;
        return false;
    }
    gathered.has_looked = true;
    for (std::uint16_t place = 0; const Listed& entry : gathered.listed) {
        TopicBase* topic = nullptr;
        if (entry.event != nullptr) [[likely]] {
            topic = find_or_make(*entry.event, error);
            if (topic == nullptr) return false;
            gathered.targets.push_back({topic, place, SinkKind::listed});
        }
        gathered.members.push_back(topic);
        ++place;
    }
    if (gathered.targets.size() != gathered.listed.size()) [[unlikely]]
        gather_behaviours(gathered);
    return true;
}

[[gnu::always_inline]] inline bool BusCore::gather(Order order, Gathered& gathered, boost::system::error_code& error) {
    for (;; gathered.clear()) {
        if (!find_or_make(gathered, error)) {
            if (error) return false;
            continue;
        }
        if (order == Order::of_each) return true;
        if (order == Order::of_retained && retained_ != nullptr) gathered.members.push_back(retained_);
        if (gathered.members.size() <= 1 || are_together(gathered.members)) return true;
    }
}

}  // namespace event::detail
