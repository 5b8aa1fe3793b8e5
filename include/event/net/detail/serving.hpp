#pragma once

#include <event/bus.hpp>
#include <event/net/codec.hpp>
#include <event/net/detail/link_core.hpp>
#include <event/net/detail/wire_type.hpp>
#include <event/net/link_options.hpp>
#include <event/where_key.hpp>

#include <boost/asio/bind_executor.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

/// What the other side subscribes to: a subscription on this side's bus, whose events are encoded as they are taken.

namespace event::net::detail {

/// Appends `room` bytes of any value, and behind them the event. Where it fails, `out` is as it was.
template <class T>
[[nodiscard]] error_code encode_behind(std::size_t room, const T& event, Bytes& out) {
    const std::size_t begin = out.size() + room;
    if constexpr (Plain<T>) {
        out.resize(begin + plain_size<T>());
        out.resize(static_cast<std::size_t>(write_plain(event, out.data() + begin) - out.data()));
        return {};
    } else {
        Appending appending(out);
        out.resize(begin);
        const error_code error = encode(event, out);
        if (!error) appending.done();
        return error;
    }
}

/// An event's way out: its place in what was asked for, and its bytes.
template <class... Ts>
class ServedEvents final : public Serving {
public:
    using Places = std::array<std::size_t, sizeof...(Ts)>;

    ServedEvents(Subscription<Ts...>&& subscription, const Places& places, bool replays,
                 std::shared_ptr<const Echoes> echoes)
        : subscription_(std::move(subscription)),
          places_(places),
          replays_(replays),
          echoes_(std::move(echoes)),
          echoed_(echoed()) {}

    bool next_event(Bytes& out, std::size_t room, ServedItem& item) override {
        while (auto delivery = subscription_.try_receive()) {
            unsent_ += missed_here(delivery->missed());
            if (delivery->replayed() && !replays_) continue;
            item.missed = std::exchange(unsent_, 0);
            if (delivery->visit([&](const auto& event) { return encode_behind(room, event, out); })) {
                unsent_ = item.missed + 1;
                ++item.unsendable;
                continue;
            }
            item.type = places_[delivery->index()];
            item.is_replayed = delivery->replayed();
            return true;
        }
        return false;
    }
    void wait(ServingReady ready) override { subscription_.async_wait(std::move(ready)); }

private:
    /// Without what the other side has lost, and this one was told of with what came by the link.
    [[nodiscard]] std::uint64_t missed_here(std::uint64_t missed) {
        if (missed == 0) return 0;
        const std::uint64_t theirs = std::min(missed, echoed() - echoed_);
        echoed_ += theirs;
        return missed - theirs;
    }
    [[nodiscard]] std::uint64_t echoed() const {
        return echoes_ ? (echoes_->gaps().of(event::name_of<Ts>()) + ...) : 0;
    }

    Subscription<Ts...> subscription_;
    const Places places_;
    const bool replays_;
    const std::shared_ptr<const Echoes> echoes_;
    std::uint64_t echoed_;      // of their gaps, so many were told here
    std::uint64_t unsent_ = 0;  // lost, and those larger than their types allow
};

/// The latest value of a type. What is not served, since it comes from elsewhere, is none: two sides that mirror each
/// other would send it round for ever.
template <class T>
class ServedLatest final : public Serving {
public:
    explicit ServedLatest(const ServingContext& in)
        : access_(in.access),
          echoes_(in.echoes),
          retained_(in.bus.watch<T>()),
          subscription_(in.bus.subscribe<T>({.capacity = 1, .on_full = Latest{}, .name = in.name})),
          forgotten_(in.bus.forget_count<T>().watch()) {
        static_cast<void>(forgotten_.try_get());
    }

    bool next_value(Bytes& bytes, ServedItem& item) override {
        static_cast<void>(forgotten_.try_get());
        if (auto newer = subscription_.try_receive()) latest_ = std::move(newer);
        // an event that comes between these two wakes again
        else if (latest_ && is_forgotten())
            latest_.reset();
        if (version() == sent_) return false;
        bytes.clear();
        item.is_present = version() != 0;
        if (item.is_present && encode(**latest_, bytes)) {
            ++item.unsendable;
            item.is_present = false;  // better none than an older one
            bytes.clear();
        }
        return true;
    }
    void was_sent(const ServedItem&) noexcept override { sent_ = version(); }
    void wait(ServingReady ready) override {
        wait_for(subscription_, waits_->first, ready);
        wait_for(forgotten_, waits_->second, std::move(ready));
    }

private:
    using Waits = std::pair<bool, bool>;

    template <class Watched>
    void wait_for(Watched& watched, bool& waits, ServingReady ready) {
        if (std::exchange(waits, true)) return;
        const auto executor = ready.get_executor();
        auto tell = [all = waits_, &waits, ready = std::move(ready)](const error_code& error) mutable {
            waits = false;
            ready(error);
        };
        watched.async_wait(boost::asio::bind_executor(executor, std::move(tell)));
    }
    /// 0: there is none.
    [[nodiscard]] std::uint64_t version() const noexcept {
        const bool is_there = latest_ && is_served(echoes_.get(), latest_->emitter(), latest_->relayed());
        return is_there ? latest_->sequence() : 0;
    }
    [[nodiscard]] bool is_forgotten() const {
        bool is_gone = false;
        access_.use([&](EventBus& bus) { is_gone = !bus.stat<T>().replayable; });
        return is_gone;
    }

    const BusAccess access_;
    const std::shared_ptr<const Echoes> echoes_;
    const Watcher<T> retained_;  // as long as this lives
    Subscription<T> subscription_;
    Watcher<std::size_t> forgotten_;
    const std::shared_ptr<Waits> waits_ = std::make_shared<Waits>();  // whether the one, and the other, is waited for
    std::optional<Delivery<T>> latest_;
    std::uint64_t sent_ = 0;
};

/// The keys that the other side wants of a type, where several types are asked for together.
template <class Projection, class T>
class WantedKeys {
    using Kind = event::detail::KeyKindOf<Projection, T>;

public:
    using Key = typename Kind::Kept;

    WantedKeys(const Projection& projection, std::vector<Key>&& keys) : projection_(projection) {
        for (Key& key : keys) {
            const std::size_t hash = event::detail::hash_of<Kind>(key);
            keys_.emplace(hash, std::move(key));
        }
    }
    [[nodiscard]] bool operator()(const T& event) const {
        const auto& key = std::invoke(projection_, event);
        const typename Kind::Sought sought = event::detail::sought<Kind>(key);
        const auto [first, last] = keys_.equal_range(event::detail::hash_of<Kind>(sought));
        return std::any_of(first, last, [&](const auto& entry) { return static_cast<bool>(entry.second == sought); });
    }

private:
    const Projection projection_;
    std::unordered_multimap<std::size_t, Key> keys_;
};

}  // namespace event::net::detail
