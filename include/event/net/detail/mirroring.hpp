#pragma once

#include <event/bus.hpp>
#include <event/net/codec.hpp>
#include <event/net/detail/consumer.hpp>
#include <event/net/detail/link_core.hpp>
#include <event/net/detail/wire_type.hpp>
#include <event/retain_by.hpp>

#include <set>
#include <utility>

#pragma push_macro("emit")  // Qt has one
#undef emit

/// The other side's state as this side's: retained here as long as it is there, and as the link lives.

namespace event::net::detail {

/// The latest value.
template <class T>
class Mirroring : public Consumer {
public:
    Mirroring(BusAccess access, Emitter<T>&& emitter) : access_(std::move(access)), emitter_(std::move(emitter)) {}
    [[nodiscard]] EmitterId id() const noexcept { return emitter_.id(); }

    [[nodiscard]] std::vector<WireType> types() const override { return {wire_type<T>()}; }
    [[nodiscard]] bool is_latest() const noexcept override { return true; }
    Consumed state(ByteView, bool is_present, ByteView payload) override {
        if (is_present) return emit(payload);
        forget();
        return {};
    }
    void end() noexcept override {
        interrupt();
        emitter_.close();
    }
    [[nodiscard]] bool has_ended() const noexcept override { return !emitter_.is_open(); }
    void interrupt() noexcept override { forget(); }

protected:
    [[nodiscard]] Consumed emit(ByteView payload) {
        return decode_for<T>(payload,
                             [&](T&& value) { return consume([&] { return emitter_.emit(std::move(value)); }); });
    }
    template <class F>
    void use_bus(F&& f) const {
        access_.use(std::forward<F>(f));
    }

private:
    /// Unless somebody else has set it since.
    void forget() const noexcept try {
        use_bus([this](EventBus& bus) {
            auto latest = bus.subscribe<T>({.capacity = 1, .on_full = Drop{}});
            const auto delivery = latest.try_receive();
            if (delivery && delivery->replayed() && delivery->emitter() == emitter_.id()) bus.forget<T>();
        });
    } catch (...) {  // the bus is closed, and retains nothing
    }

    const BusAccess access_;
    Emitter<T> emitter_;
};

/// The latest event of each key.
template <class T, class Key>
class MirroringKeys final : public Mirroring<T> {
    using Kept = typename event::detail::KeyKind<std::decay_t<std::invoke_result_t<Key&, const T&>>>::Kept;

public:
    using Mirroring<T>::Mirroring;

    [[nodiscard]] bool is_by_key() const noexcept override { return true; }
    Consumed state(ByteView key, bool is_present, ByteView payload) override {
        Bytes bytes(key.begin(), key.end());
        if (!is_present) {
            forget(bytes);
            keys_.erase(bytes);
            return {};
        }
        keys_.insert(std::move(bytes));
        return this->emit(payload);
    }
    void interrupt() noexcept override {
        for (const Bytes& key : keys_) forget(key);
        keys_.clear();
        Mirroring<T>::interrupt();
    }

private:
    void forget(const Bytes& bytes) const noexcept try {
        Kept key{};
        if (decode(bytes, key)) return;
        this->use_bus([&](EventBus& bus) { bus.forget<T>(key); });
    } catch (...) {  // what the key's own code throws
    }

    std::set<Bytes> keys_;  // that are there
};

}  // namespace event::net::detail

#pragma pop_macro("emit")
