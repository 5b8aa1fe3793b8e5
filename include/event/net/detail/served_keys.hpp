#pragma once

#include <event/bus.hpp>
#include <event/latest_by.hpp>
#include <event/net/by_key.hpp>
#include <event/net/codec.hpp>
#include <event/net/detail/link_core.hpp>
#include <event/net/detail/wire_type.hpp>

#include <boost/asio/bind_executor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <type_traits>
#include <utility>

namespace event::net::detail {

/// The latest event of each key: a queue in which a newer one takes the older one's place. Whenever that queue cannot
/// tell what is there (it was too small, or something was forgotten), it is made anew, and begins with all that is
/// retained: what the other side has and does not come again, is gone.
template <class T, class Projection, class Removes>
class ServedKeys final : public Serving {
public:
    ServedKeys(const ServingContext& in, SubscriptionOptions&& options, const ByKey<Projection, Removes>& key)
        : access_(in.access),
          echoes_(in.echoes),
          options_(std::move(options)),
          key_(key),
          forgotten_(in.bus.forget_count<T>().watch()) {
        begin(in.bus);
    }
    ~ServedKeys() override { waits_->is_over = true; }

    bool next_value(Bytes& bytes, ServedItem& item) override {
        if (waits_->was_killed || forgotten_.try_get().has_value()) access_.use([this](EventBus& bus) { begin(bus); });
        while (next_of_queue()) {
            item.key.clear();
            bytes.clear();
            if (encode(std::invoke(key_.projection, **event_), item.key)) {
                ++item.unsendable;
                event_.reset();
                continue;
            }
            gone_.erase(item.key);
            item.is_present = !removes(**event_) && is_served(echoes_.get(), event_->emitter(), event_->relayed());
            if (item.is_present && encode(**event_, bytes)) {
                ++item.unsendable;
                item.is_present = false;  // better none than an older one
                bytes.clear();
            }
            if (item.is_present || sent_.contains(item.key)) return true;
            event_.reset();
        }
        if (gone_.empty()) return false;
        item.key = *gone_.begin();
        item.is_present = false;
        return true;
    }
    void was_sent(const ServedItem& item) override {
        event_.reset();
        gone_.erase(item.key);
        if (item.is_present) {
            sent_.insert(item.key);
        } else {
            sent_.erase(item.key);
        }
    }
    void wait(ServingReady ready) override {
        wait_for(*subscription_, waits_->for_event, ready);
        wait_for(forgotten_, waits_->for_forgetting, std::move(ready));
    }

private:
    struct Waits {
        bool for_event = false;
        bool for_forgetting = false;
        bool was_killed = false;
        bool is_over = false;
    };

    void begin(EventBus& bus) {
        subscription_.reset();
        waits_->is_over = true;
        waits_ = std::make_shared<Waits>();
        forgotten_ = bus.forget_count<T>().watch();
        static_cast<void>(forgotten_.try_get());
        event_.reset();
        gone_ = sent_;
        subscription_.emplace(bus.subscribe<T>(SubscriptionOptions(options_), latest_by(key_.projection)));
    }
    /// The one that was not sent yet, or else the next.
    [[nodiscard]] bool next_of_queue() {
        if (!event_) event_ = subscription_->try_receive();
        return event_.has_value();
    }
    [[nodiscard]] bool removes([[maybe_unused]] const T& event) const {
        if constexpr (std::is_invocable_r_v<bool, const Removes&, const T&>) {
            return static_cast<bool>(std::invoke(key_.removes, event));
        } else {
            return false;
        }
    }
    template <class Waited>
    void wait_for(Waited& waited, bool& waits, ServingReady ready) {
        if (std::exchange(waits, true)) return;
        const auto executor = ready.get_executor();
        auto tell = [all = waits_, &waits, ready = std::move(ready)](const error_code& error) mutable {
            waits = false;
            if (all->is_over) return;
            if (error == event::errc::killed) all->was_killed = true;
            ready(all->was_killed ? error_code() : error);
        };
        waited.async_wait(boost::asio::bind_executor(executor, std::move(tell)));
    }

    const BusAccess access_;
    const std::shared_ptr<const Echoes> echoes_;
    const SubscriptionOptions options_;
    const ByKey<Projection, Removes> key_;
    Watcher<std::size_t> forgotten_;
    std::optional<Subscription<T>> subscription_;
    std::shared_ptr<Waits> waits_ = std::make_shared<Waits>();
    std::optional<Delivery<T>> event_;    // taken, and not sent
    std::set<Bytes, ShorterFirst> sent_;  // keys that the other side has
    std::set<Bytes, ShorterFirst> gone_;  // those of them that did not come again
};

}  // namespace event::net::detail
