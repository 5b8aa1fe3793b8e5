#pragma once

#include <event/all.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

/// The events of the chaos, and what each subscription has seen of them, to be compared when all is quiet.

namespace chaos {

/// Which event it is: whose, and the how many-th of those, whatever their types.
struct Id {
    std::uint32_t emitter = 0;
    std::uint32_t number = 0;
    friend auto operator<=>(const Id&, const Id&) = default;
};

/// Lies in the queues.
struct Small : Id {};
/// Lies in the queues, and has a key.
struct Keyed : Id {
    std::uint32_t key = 0;
};
struct Told {
    Id id;
};
/// Is shared, and has a behaviour.
struct Shared : Told {
    using event_interfaces = event::Interfaces<Told>;
    std::string text = "long enough to be allocated for itself, and to be freed once";
};
inline constexpr std::size_t event_types = 3;

template <class T>
[[nodiscard]] const Id& id_of(const T& event) noexcept {
    if constexpr (std::is_base_of_v<Id, T>) {
        return event;
    } else {
        return event.id;
    }
}
template <>
[[nodiscard]] inline const Id& id_of(const event::AnyEvent& event) noexcept {
    static constexpr Id nobodys;
    if (const auto* small = event.get_if<Small>()) return *small;
    if (const auto* keyed = event.get_if<Keyed>()) return *keyed;
    if (const auto* shared = event.get_if<Shared>()) return shared->id;
    return nobodys;
}

/// What one subscription has seen, in its order. Written by its receiver, one at a time.
class Seen {
public:
    template <class... Ts>
    void note(const event::Delivery<Ts...>& delivery) {
        delivery.visit([&](const auto& event, const event::Meta& meta) { note(id_of(event), meta); });
    }
    void note(const Id& id, const event::Meta& meta);
    /// The subscription has been closed by one on whose executor it runs: no handler starts any more.
    void close() noexcept { is_closed_ = true; }

    [[nodiscard]] std::uint64_t count() const noexcept { return entries_.size(); }
    [[nodiscard]] std::uint64_t missed() const noexcept { return missed_; }
    [[nodiscard]] std::uint64_t replayed() const noexcept { return replayed_; }

private:
    friend class Ledger;
    struct Entry {
        std::uint64_t sequence;
        Id id;
    };

    std::vector<Entry> entries_;
    std::uint64_t missed_ = 0;
    std::uint64_t replayed_ = 0;
    bool is_closed_ = false;
    std::atomic<int> inside_{0};
};

/// Of a whole round.
class Ledger {
public:
    [[nodiscard]] std::shared_ptr<Seen> open();
    /// An emit has returned.
    void count(std::size_t type, const event::EmitResult& result, std::size_t events = 1) noexcept;
    /// Events of the type that were emitted.
    [[nodiscard]] std::uint64_t emitted(std::size_t type) const noexcept { return emitted_[type].load(); }
    /// Queues that were offered an event, over all emits.
    [[nodiscard]] std::uint64_t offered() const noexcept { return offered_.load(); }

    /// When all is quiet: one order for all, each event once, each emitter's in its order.
    void expect_one_order() const;

private:
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<Seen>> all_;  // guarded by mutex_
    std::array<std::atomic<std::uint64_t>, event_types> emitted_{};
    std::atomic<std::uint64_t> offered_{0};
};

}  // namespace chaos
