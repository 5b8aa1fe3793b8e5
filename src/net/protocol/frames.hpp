#pragma once

/// The frames of a link, one by one, without what they mean to each other: `wire.md` shows their bytes.
///
/// Views in a frame that was read lie in the bytes that it was read from. Reading allocates nothing but the lists of a
/// SUB and the texts of reasons; it never throws for what the bytes are, and says what is wrong and where.

#include <event/net/limits.hpp>
#include <event/net/link_limits.hpp>
#include <event/net/reason.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace event::net::protocol {

using Bytes = std::vector<std::byte>;
using View = std::span<const std::byte>;

inline constexpr std::uint64_t newest_version = 1;
inline constexpr std::uint64_t oldest_version = 1;

/// The frame's own size is the limit.
inline constexpr Limits unlimited{.size = std::numeric_limits<std::size_t>::max(),
                                  .elements = std::numeric_limits<std::size_t>::max()};

/// The memory of a buffer that is empty; what is less than this is not worth it.
inline constexpr std::size_t worth_giving_back = 256;
inline void give_back(Bytes& buffer) noexcept {
    if (buffer.capacity() > worth_giving_back) Bytes().swap(buffer);
}

/// What is before the other side's HELLO fits in so many bytes.
inline constexpr std::size_t max_hello = 256;

enum class Kind : std::uint8_t { hello = 1, sub, unsub, event, state, ping, pong, bye };

/// As documents and reasons spell it; nothing if there is none of this number.
[[nodiscard]] std::string_view name_of(Kind kind) noexcept;

/// Names a subscription on its stream: chosen by the consumer, from 1, each larger than those before it. 0 is none.
using Alias = std::uint64_t;

struct Hello {
    std::uint64_t version = newest_version;
    std::uint64_t epoch = 0;  // of the node: another one after each start
    std::uint64_t max_frame = 0;
    std::uint64_t max_subscriptions = 0;
    bool serves = false;    // takes SUB, sends EVENT and STATE
    bool consumes = false;  // sends SUB, takes EVENT and STATE
};

enum class Mode : std::uint8_t { events, latest };

struct Subscribe {
    struct Type {
        std::string_view name;
        std::string_view schema;  // its fingerprint follows from it
        std::vector<View> keys;   // as their codec writes them; none: all
    };

    Alias alias = 0;
    Mode mode = Mode::events;
    bool replay = false;           // what is retained comes first
    bool by_key = false;           // of mode latest: of each key
    std::vector<Type> types = {};  // one order for all; exactly one where only the latest counts
};

struct Unsubscribe {
    Alias alias = 0;
    Side of = Side::here;  // whose subscription: `here` is the sender's own
    Reason reason = {};
};

struct Event {
    Alias alias = 0;
    std::uint64_t type = 0;    // its place in the SUB
    std::uint64_t missed = 0;  // lost just before it
    bool replayed = false;
    View payload = {};
};

struct State {
    Alias alias = 0;
    std::uint64_t version = 0;
    View key = {};  // empty where there is one value only
    bool present = true;
    View payload = {};
};

/// Each appends a whole frame.
void write(const Hello& hello, Bytes& out);
void write(const Subscribe& subscribe, Bytes& out);
void write(const Unsubscribe& unsubscribe, Bytes& out);
void write(const Event& event, Bytes& out);
/// What `read_short` reads, of an event whose payload lies `short_head` bytes behind `at`, and has so many; false: it
/// is to be written by the one below.
inline constexpr std::size_t short_head = 6;
[[nodiscard]] inline bool write_short(const Event& event, std::byte* at) noexcept {
    const std::size_t size = short_head - 1 + event.payload.size();
    if ((event.alias | event.type | event.missed | size) >= 0x80) return false;
    at[0] = static_cast<std::byte>(size);
    at[1] = std::byte(Kind::event);
    at[2] = static_cast<std::byte>(event.alias);
    at[3] = static_cast<std::byte>(event.type);
    at[4] = static_cast<std::byte>(event.missed);
    at[5] = std::byte(event.replayed);
    return true;
}
/// Of one whose payload is the end of `out` already: puts the rest before it, in place of the `room` bytes from `begin`
/// on; how many there are then. Moves the payload if these are not as many.
[[nodiscard]] std::size_t write_head(const Event& event, Bytes& out, std::size_t begin, std::size_t room);
void write(const State& state, Bytes& out);
void write_ping(std::uint64_t nonce, Bytes& out);
void write_pong(std::uint64_t nonce, Bytes& out);
void write_bye(const Reason& reason, Bytes& out);

[[nodiscard]] constexpr std::size_t size_of_varint(std::uint64_t number) noexcept {
    std::size_t size = 1;
    for (; number >= 0x80; number >>= 7) ++size;
    return size;
}
/// As the limit on frames counts: without the length itself.
[[nodiscard]] inline std::size_t size_of(const Event& event) noexcept {
    return 2 + size_of_varint(event.alias) + size_of_varint(event.type) + size_of_varint(event.missed) +
           event.payload.size();
}
[[nodiscard]] std::size_t size_of(const State& state) noexcept;

/// Each takes a body, which is the frame without length and kind, and returns what is wrong with it.
[[nodiscard]] std::optional<Reason> read(View body, Hello& hello);
/// More than `limits` allow is no fault of the frame: then `refusal` says so, and the alias is all that was read.
[[nodiscard]] std::optional<Reason> read(View body, const LinkLimits& limits, Subscribe& subscribe,
                                         std::optional<Reason>& refusal);
[[nodiscard]] std::optional<Reason> read(View body, Unsubscribe& unsubscribe);
[[nodiscard]] std::optional<Reason> read(View body, Event& event);
/// Whether a frame is of an event that differs from this one in nothing but its payload, with none missed in between,
/// and has of each number one byte.
[[nodiscard]] inline bool is_next(View frame, const Event& event) noexcept {
    if (frame.size() < short_head - 1 || ((event.alias | event.type) >= 0x80)) return false;
    const auto at = [&](std::size_t i) { return std::to_integer<std::uint64_t>(frame[i]); };
    return at(0) == std::uint64_t{static_cast<std::uint8_t>(Kind::event)} && at(1) == event.alias &&
           at(2) == event.type && at(3) == 0 && at(4) == std::uint64_t{event.replayed};
}
/// An event as nearly all are: of each number one byte. False: it is to be read by the one above.
[[nodiscard]] inline bool read_short(View body, Event& event) noexcept {
    constexpr std::size_t head = 4;
    if (body.size() < head) return false;
    const auto at = [&](std::size_t i) { return std::to_integer<unsigned>(body[i]); };
    if (at(0) == 0 || ((at(0) | at(1) | at(2)) & 0x80) != 0 || at(3) > 1) return false;
    event = {.alias = at(0), .type = at(1), .missed = at(2), .replayed = at(3) != 0, .payload = body.subspan(head)};
    return true;
}
[[nodiscard]] std::optional<Reason> read(View body, State& state);
[[nodiscard]] std::optional<Reason> read_nonce(View body, std::uint64_t& nonce);
[[nodiscard]] std::optional<Reason> read_bye(View body, Reason& reason);

}  // namespace event::net::protocol
