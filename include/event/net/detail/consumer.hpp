#pragma once

#include <event/bus.hpp>
#include <event/meta.hpp>
#include <event/net/codec.hpp>
#include <event/net/detail/wire_type.hpp>
#include <event/net/link_options.hpp>
#include <event/where_key.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <source_location>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#pragma push_macro("emit")  // Qt has one
#undef emit

/// What comes from the other side, on its way to who wanted it here: decoded, and emitted.

namespace event::net::detail {

/// What became of a frame's payload here. It is filled in only where something is to be said.
struct Consumed {
    error_code error = {};              // it is not what its type says
    Where where = {};                   // the same
    bool is_wanted = true;              // otherwise nobody is there for it any more
    std::exception_ptr exception = {};  // of a callback or filter of this side's, after everybody was served

    [[nodiscard]] bool says_anything() const noexcept { return error.failed() || !is_wanted || exception; }
};

/// An event that has come, and behind it those of its type that have come with it and follow it without a gap.
class Incoming {
public:
    Incoming(const Incoming&) = delete;
    Incoming& operator=(const Incoming&) = delete;

    const std::size_t type;
    const Relayed from;  // of the first
    ByteView payload;    // of the one that is shown
    /// Shows the next one; false: there is none. One that is not asked for comes by itself.
    [[nodiscard]] virtual bool advance() = 0;

protected:
    Incoming(std::size_t of_type, const Relayed& from_where, ByteView bytes) noexcept
        : type(of_type), from(from_where), payload(bytes) {}
    ~Incoming() = default;
};

/// Events on their way to one emit. Not possible for those that would have to be kept in any other way than as bytes.
template <class T>
class Gathered {
public:
    static constexpr bool is_possible =
        std::is_trivially_copyable_v<T> && std::copy_constructible<T> && sizeof(T) <= 256;
    static constexpr std::size_t most = 16;  // under one lock

    /// Where the next one is to be made.
    [[nodiscard]] T& next() { return *std::construct_at(data() + size_); }
    /// That it has been.
    void keep() noexcept { ++size_; }
    [[nodiscard]] bool is_full() const noexcept { return size_ == most; }
    [[nodiscard]] std::span<const T> events() noexcept { return {data(), size_}; }

private:
    [[nodiscard]] T* data() noexcept { return std::launder(static_cast<T*>(static_cast<void*>(storage_))); }

    alignas(T) std::byte storage_[most * sizeof(T)];
    std::size_t size_ = 0;
};

/// A subscription that this side has at the other one, whatever its types. On the link's strand.
class Consumer {
public:
    Consumer() = default;
    Consumer(const Consumer&) = delete;
    Consumer& operator=(const Consumer&) = delete;
    virtual ~Consumer() = default;

    [[nodiscard]] virtual std::vector<WireType> types() const = 0;
    [[nodiscard]] virtual bool is_latest() const noexcept { return false; }
    [[nodiscard]] virtual bool is_by_key() const noexcept { return false; }
    /// Of the type at that place; none: all. As the codec writes them.
    [[nodiscard]] virtual std::vector<Bytes> keys(std::size_t) const { return {}; }

    /// The first, and as many more as it likes. Throws what the types' own code throws.
    virtual void events(Incoming&, Consumed&) {}
    virtual void state(ByteView, bool, ByteView, Consumed&) {}
    /// It has been asked for: what is sent from here on gets there behind that.
    virtual void subscribed() {}
    /// Nothing more comes.
    virtual void end() noexcept = 0;
    [[nodiscard]] virtual bool has_ended() const noexcept = 0;
    /// The link has ended, and another one will come: what was known of the other side is not known any more.
    virtual void interrupt() noexcept = 0;

    /// Calls `unused`, on this executor, once nobody is there for it; maybe never.
    virtual void watch_use(const boost::asio::any_io_executor&, std::function<void()>) {}
};

/// Calls `emit`, and keeps what a callback throws out of the way of bytes that are being read.
template <class Emit>
void consume(Consumed& consumed, Emit&& emit) {
    try {
        const EmitResult result = emit();
        consumed.is_wanted = result.error != event::errc::closed;
    } catch (...) {
        consumed.exception = std::current_exception();
    }
}

template <class T, class Use>
void decode_for(ByteView payload, Consumed& consumed, Use&& use) {
    T value{};
    if (const error_code error = decode(payload, value, &consumed.where)) {
        consumed.error = error;
    } else {
        use(std::move(value));
    }
}

/// Emits what comes by an emitter of these types.
template <class... Ts>
class EventConsumer : public Consumer {
public:
    [[nodiscard]] std::vector<WireType> types() const override { return {wire_type<Ts>()...}; }
    void events(Incoming& in, Consumed& consumed) override {
        std::size_t place = 0;
        const std::size_t type = in.type;
        static_cast<void>(((place++ == type ? (take<Ts>(in, consumed), true) : false) || ...));
    }
    void end() noexcept override { emitter_.close(); }
    [[nodiscard]] bool has_ended() const noexcept override { return !emitter_.is_open(); }
    void interrupt() noexcept override { unknown_ = 1; }

protected:
    explicit EventConsumer(Emitter<Ts...>&& emitter) : emitter_(std::move(emitter)) {}

    /// How many are said to be missed here, before the first.
    [[nodiscard]] virtual std::uint64_t missed_before(const Incoming& in) {
        return in.from.missed + std::exchange(unknown_, 0);
    }

    Emitter<Ts...> emitter_;

private:
    template <class T>
    void take(Incoming& in, Consumed& consumed) {
        const Relayed from{.missed = missed_before(in), .replayed = in.from.replayed};
        if constexpr (Gathered<T>::is_possible) {
            Gathered<T> gathered;
            const auto emit = [&] {
                if (gathered.events().empty()) return;
                consume(consumed, [&] { return emitter_.template relay_all<T>(gathered.events(), from); });
            };
            try {
                do {
                    if (const error_code error = decode(in.payload, gathered.next(), &consumed.where)) {
                        consumed.error = error;
                    } else {
                        gathered.keep();
                    }
                } while (!consumed.error && !gathered.is_full() && in.advance());
            } catch (...) {
                emit();
                throw;
            }
            emit();
        } else {
            decode_for<T>(in.payload, consumed, [&](T&& event) {
                consume(consumed, [&] { return emitter_.template relay<T>(std::move(event), from); });
            });
        }
    }

    std::uint64_t unknown_ = 0;  // 1: nobody knows how many were missed
};

/// How many events of each type were said to be missed when what came by a link was emitted here: the other side has
/// lost these itself, and is not told of them.
class EchoedGaps {
public:
    void add(std::string_view type, std::uint64_t missed) {
        const std::lock_guard guard(mutex_);
        const auto known = std::ranges::find(gaps_, type, &Gap::type);
        (known != gaps_.end() ? *known : gaps_.emplace_back(Gap{.type = type})).missed += missed;
    }
    /// In all, since the link began.
    [[nodiscard]] std::uint64_t of(std::string_view type) const {
        const std::lock_guard guard(mutex_);
        const auto known = std::ranges::find(gaps_, type, &Gap::type);
        return known != gaps_.end() ? known->missed : 0;
    }

private:
    struct Gap {
        std::string_view type;
        std::uint64_t missed = 0;
    };
    mutable std::mutex mutex_;
    std::vector<Gap> gaps_;
};

/// The other side's events, emitted on this side's bus.
template <class... Ts>
class Importing final : public EventConsumer<Ts...> {
public:
    Importing(EventBus& bus, EmitterOptions&& options, std::shared_ptr<EchoedGaps> gaps)
        : EventConsumer<Ts...>(bus.emitter<Ts...>(std::move(options))), gaps_(std::move(gaps)) {}
    [[nodiscard]] EmitterId id() const noexcept { return this->emitter_.id(); }

    void interrupt() noexcept override {
        for (std::uint64_t& missed : missed_) ++missed;  // nobody knows how many
    }

private:
    /// Of which types those were that are missed, nobody knows: the subscribers of each are told, by its next event.
    std::uint64_t missed_before(const Incoming& in) override {
        for (std::uint64_t& missed : missed_) missed += in.from.missed;
        const std::uint64_t lost = std::exchange(missed_[in.type], 0);
        if (lost != 0) gaps_->add(std::array{event::name_of<Ts>()...}[in.type], lost);
        return lost;
    }

    const std::shared_ptr<EchoedGaps> gaps_;
    std::array<std::uint64_t, sizeof...(Ts)> missed_{};
};

/// A bus for what comes of one subscription, and for nothing else.
struct PrivateBus {
    PrivateBus(const boost::asio::any_io_executor& executor, const LinkOptions& options)
        : bus(executor, {.on_slow_subscriber = options.on_slow_subscriber, .name = options.name}) {}
    EventBus bus;
};

/// A subscription to the other side's events: there is one subscriber, the local one, on a bus of its own.
template <class... Ts>
class Subscribing final : private PrivateBus, public EventConsumer<Ts...> {
    using First = std::tuple_element_t<0, std::tuple<Ts...>>;

public:
    Subscribing(const boost::asio::any_io_executor& executor, const LinkOptions& options)
        : PrivateBus(executor, options), EventConsumer<Ts...>(bus.emitter<Ts...>({.name = options.name})) {}

    template <class... Given>
    [[nodiscard]] Subscription<Ts...> subscribe(SubscriptionOptions&& options, std::source_location where,
                                                Given&&... given) {
        (note_keys(given), ...);
        if constexpr (sizeof...(Given) == 0) {
            return bus.subscribe<Ts...>(std::move(options), where);
        } else {
            return bus.subscribe<Ts...>(std::move(options), std::forward<Given>(given)..., where);
        }
    }

    [[nodiscard]] std::vector<Bytes> keys(std::size_t type) const override { return keys_[type]; }
    void end() noexcept override {
        EventConsumer<Ts...>::end();
        bus.close();
    }
    void watch_use(const boost::asio::any_io_executor& executor, std::function<void()> unused) override {
        subscribers_.emplace(bus.subscriber_count<First>().watch());
        subscribers_->async_get_if(
            [](std::size_t count) { return count == 0; },
            boost::asio::bind_executor(executor, [unused = std::move(unused)](const error_code& error, const auto&) {
                if (!error) unused();
            }));
    }

private:
    template <class Given>
    void note_keys(const Given&) {}
    template <class Projection, class... Keys>
    void note_keys(const WhereKey<Projection, Keys...>& chosen) {
        std::size_t place = 0;
        const auto note_of = [&]<class T>(std::type_identity<T>) {
            if constexpr (event::detail::projects<Projection, T>) {
                for (const auto& [key] : chosen.template keys_of<T>()) {
                    Bytes bytes;
                    if (const error_code error = encode(key, bytes)) throw boost::system::system_error(error);
                    keys_[place].push_back(std::move(bytes));
                }
            }
            ++place;
        };
        (note_of(std::type_identity<Ts>{}), ...);
    }

    std::array<std::vector<Bytes>, sizeof...(Ts)> keys_;
    std::optional<Watcher<std::size_t>> subscribers_;
};

/// The other side's latest value.
template <class T>
class Watching final : public Consumer {
public:
    Watching(const boost::asio::any_io_executor& executor, const LinkOptions& options)
        : bus_(executor, {.name = options.name}), value_(bus_.value<T>()) {}
    [[nodiscard]] ValueView<T> view() const { return value_.view(); }

    [[nodiscard]] std::vector<WireType> types() const override { return {wire_type<T>()}; }
    [[nodiscard]] bool is_latest() const noexcept override { return true; }
    void state(ByteView, bool is_present, ByteView payload, Consumed& consumed) override {
        if (!is_present) return bus_.forget<T>();
        decode_for<T>(payload, consumed, [&](T&& value) {
            consume(consumed, [&] {
                value_.set(std::move(value));
                return EmitResult();
            });
        });
    }
    void end() noexcept override {
        bus_.close();
        has_ended_ = true;
    }
    [[nodiscard]] bool has_ended() const noexcept override { return has_ended_; }
    void interrupt() noexcept override { bus_.forget<T>(); }

private:
    EventBus bus_;
    Value<T> value_;
    bool has_ended_ = false;
};

}  // namespace event::net::detail

#pragma pop_macro("emit")
