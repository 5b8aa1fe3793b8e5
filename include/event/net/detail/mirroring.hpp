#pragma once

#include <event/bus.hpp>
#include <event/net/codec.hpp>
#include <event/net/detail/consumer.hpp>
#include <event/net/detail/link_core.hpp>
#include <event/net/detail/wire_type.hpp>
#include <event/retain_by.hpp>
#include <event/where_key.hpp>

#include <set>
#include <utility>

#pragma push_macro("emit")  // Qt has one
#undef emit

/// The other side's state as this side's: retained here as long as it is there, and as the link lives.

namespace event::net::detail {

/// The latest value. It ends on whatever thread the link is destroyed on, so all that it does to the bus it does while
/// it has access: what is emitted after the end is nothing.
template <class T>
class Mirroring : public Consumer {
public:
    Mirroring(BusAccess access, Emitter<T>&& emitter) : access_(std::move(access)), emitter_(std::move(emitter)) {}
    [[nodiscard]] EmitterId id() const noexcept { return emitter_.id(); }

    [[nodiscard]] std::vector<WireType> types() const override { return {wire_type<T>()}; }
    [[nodiscard]] bool is_latest() const noexcept override { return true; }
    void state(ByteView key, bool is_present, ByteView payload, Consumed& consumed) override {
        if (!is_present) {
            access_.use([&](EventBus& bus) { note(bus, key, false); });
            return;
        }
        decode_for<T>(payload, consumed, [&](T&& value) {
            access_.use([&](EventBus& bus) {
                note(bus, key, true);
                consume(consumed, [&] { return emitter_.relay(std::move(value), {}); });
            });
        });
    }
    void end() noexcept override {
        access_.use([this](EventBus& bus) {
            emitter_.close();
            forget_all(bus);
        });
        emitter_.close();
    }
    [[nodiscard]] bool has_ended() const noexcept override { return !emitter_.is_open(); }
    void interrupt() noexcept override {
        access_.use([this](EventBus& bus) { forget_all(bus); });
    }

protected:
    /// Forgets what is retained, as far as those refinements choose, unless somebody else has set it since.
    template <class Forget, class... Refinements>
    void forget(EventBus& bus, Forget&& forget, Refinements&&... refinements) const noexcept {
        try {
            const auto latest = bus.subscribe<T>({.capacity = 1, .on_full = Drop{}}, refinements...).try_receive();
            if (latest && latest->replayed() && latest->emitter() == id()) forget();
        } catch (...) {  // the bus is closed, and retains nothing; or the key's own code throws
        }
    }

private:
    /// That there is a value of the key soon, or none any more.
    virtual void note(EventBus& bus, ByteView, bool is_present) {
        if (!is_present) forget_all(bus);
    }
    virtual void forget_all(EventBus& bus) noexcept {
        forget(bus, [&] { bus.forget<T>(); });
    }

    const BusAccess access_;
    Emitter<T> emitter_;
};

/// The latest event of each key.
template <class T, class Projection>
class MirroringKeys final : public Mirroring<T> {
    using Kept = typename event::detail::KeyKind<std::decay_t<std::invoke_result_t<Projection&, const T&>>>::Kept;

public:
    MirroringKeys(BusAccess access, Emitter<T>&& emitter, const Projection& key)
        : Mirroring<T>(std::move(access), std::move(emitter)), key_(key) {}

    [[nodiscard]] bool is_by_key() const noexcept override { return true; }

private:
    void note(EventBus& bus, ByteView key, bool is_present) override {
        Bytes bytes(key.begin(), key.end());
        if (is_present) {
            keys_.insert(std::move(bytes));
        } else {
            forget_one(bus, bytes);
            keys_.erase(bytes);
        }
    }
    void forget_all(EventBus& bus) noexcept override {
        for (const Bytes& key : keys_) forget_one(bus, key);
        keys_.clear();
    }
    void forget_one(EventBus& bus, const Bytes& bytes) const noexcept {
        try {
            Kept key{};
            if (decode(bytes, key)) return;
            this->forget(bus, [&] { bus.forget<T>(key); }, where_key(key_, key));
        } catch (...) {  // what the key's own code throws
        }
    }

    const Projection key_;
    std::set<Bytes, ShorterFirst> keys_;  // that are there
};

}  // namespace event::net::detail

#pragma pop_macro("emit")
