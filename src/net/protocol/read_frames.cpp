#include "net/protocol/frames.hpp"

#include <event/net/reader.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>

namespace event::net::protocol {
namespace {

constexpr std::uint64_t any_number = std::numeric_limits<std::uint64_t>::max();

std::string_view as_text(View bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// Reads field after field. The first that is wrong is the one that `fault()` names; after it all are zero and empty.
class Body {
public:
    explicit Body(View bytes) : reader_(bytes, unlimited) {}

    std::uint64_t number(std::string_view field, std::uint64_t least = 0, std::uint64_t most = any_number) {
        std::uint64_t number = 0;
        if (reader_.read_varint(number).failed()) return is_missing(field);
        return number >= least && number <= most ? number : is_out_of_range(field, number);
    }

    std::uint8_t byte(std::string_view field, unsigned most) {
        std::byte byte{};
        if (reader_.read_byte(byte).failed()) return is_missing(field);
        const auto number = std::to_integer<std::uint8_t>(byte);
        return number <= most ? number : is_out_of_range(field, number);
    }

    std::uint64_t fixed(std::string_view field) {
        std::uint64_t number = 0;
        for (unsigned shift = 0; const std::byte byte : raw(field, 8)) {
            number |= std::to_integer<std::uint64_t>(byte) << shift;
            shift += 8;
        }
        return number;
    }

    View raw(std::string_view field, std::uint64_t size) {
        View bytes;
        if (reader_.read_bytes(size, bytes).failed()) is_missing(field);
        return bytes;
    }
    View sized(std::string_view field) { return raw(field, number(field)); }
    View rest() { return raw("payload", reader_.left()); }

    Reason reason() {
        Reason reason{.code = static_cast<end_code>(byte("code", 255)), .by = Side::remote};
        if (reason.code == end_code{}) fail("code", "0 is none");
        const View text = sized("text");
        if (text.size() > Reason::max_text) fail("text", "longer than 256 bytes");
        reason.text.assign(as_text(text.first(std::min(text.size(), Reason::max_text))));
        std::replace_if(reason.text.begin(), reason.text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
        return reason;
    }

    void fail(std::string_view field, std::string_view what) {
        if (!fault_) fault_ = fmt::format("{}: {}", field, what);
        (void)reader_.fail(errc::invalid_value);
    }
    [[nodiscard]] bool failed() const { return fault_.has_value(); }

    [[nodiscard]] std::optional<Reason> fault() {
        if (!fault_ && reader_.left() != 0) fault_ = "bytes behind its end";
        if (!fault_) return std::nullopt;
        return Reason{.code = end_code::malformed, .text = std::move(*fault_)};
    }

private:
    // apart, so that what is right is read in few steps
    [[gnu::noinline]] std::uint8_t is_missing(std::string_view field) {
        fail(field, reader_.error().message());
        return 0;
    }
    [[gnu::noinline]] std::uint8_t is_out_of_range(std::string_view field, std::uint64_t number) {
        fail(field, fmt::format("{} is out of range", number));
        return 0;
    }

    Reader reader_;
    std::optional<std::string> fault_;
};

/// What makes a SUB more than this side takes.
class Measure {
public:
    Measure(const LinkLimits& limits, std::optional<Reason>& refusal) : limits_(limits), refusal_(refusal) {}

    bool types(std::uint64_t count) { return is_within(count, limits_.max_types, "types"); }
    bool name_and_schema(std::size_t size) { return is_within(size, limits_.max_schema, "bytes of name and schema"); }
    bool keys(std::uint64_t count) {
        keys_ = count > limits_.max_keys ? count : keys_ + count;
        return is_within(keys_, limits_.max_keys, "keys");
    }
    bool key(std::size_t size) { return is_within(size, limits_.max_key, "bytes of a key"); }

private:
    bool is_within(std::uint64_t count, std::size_t limit, std::string_view what) {
        if (count <= limit) return true;
        refusal_ =
            Reason{.code = end_code::subscribe_limit, .text = fmt::format("{} {}, of {} at most", count, what, limit)};
        return false;
    }

    const LinkLimits& limits_;
    std::optional<Reason>& refusal_;
    std::uint64_t keys_ = 0;
};

/// Whether it is within the limits.
bool read_type(Body& body, Measure& measure, Subscribe::Type& type) {
    type.name = as_text(body.sized("name"));
    if (!body.failed() && type.name.empty()) body.fail("name", "empty");
    type.schema = as_text(body.sized("schema"));
    if (!measure.name_and_schema(type.name.size() + type.schema.size())) return false;
    const std::uint64_t keys = body.number("keys");
    if (!measure.keys(keys)) return false;
    for (std::uint64_t i = 0; i != keys && !body.failed(); ++i) {
        type.keys.push_back(body.sized("key"));
        if (!measure.key(type.keys.back().size())) return false;
    }
    return true;
}

}  // namespace

std::string_view name_of(Kind kind) noexcept {
    static constexpr std::string_view names[] = {"", "HELLO", "SUB", "UNSUB", "EVENT", "STATE", "PING", "PONG", "BYE"};
    const auto index = static_cast<std::size_t>(kind);
    return index < std::size(names) ? names[index] : "";
}

std::optional<Reason> read(View body, Hello& hello) {
    Body in(body);
    if (as_text(in.raw("magic", 4)) != "evnt")
        return Reason{.code = end_code::not_a_link, .text = "HELLO does not say evnt"};
    hello.version = in.number("version");
    hello.epoch = in.fixed("epoch");
    hello.max_frame = in.number("max_frame", LinkLimits::min_frame);
    hello.max_subscriptions = in.number("max_subscriptions");
    const unsigned roles = in.byte("roles", 255);
    hello.serves = (roles & 1U) != 0;
    hello.consumes = (roles & 2U) != 0;
    if (!in.failed()) (void)in.rest();  // a later version's
    return in.fault();
}

std::optional<Reason> read(View body, const LinkLimits& limits, Subscribe& subscribe, std::optional<Reason>& refusal) {
    Body in(body);
    Measure measure(limits, refusal);
    subscribe.types.clear();
    subscribe.alias = in.number("alias", 1);
    subscribe.mode = static_cast<Mode>(in.byte("mode", 1));
    const unsigned flags = in.byte("flags", subscribe.mode == Mode::latest ? 3 : 1);
    subscribe.replay = (flags & 1U) != 0;
    subscribe.by_key = (flags & 2U) != 0;
    const std::uint64_t types = in.number("types", 1, subscribe.mode == Mode::latest ? 1 : any_number);
    if (!in.failed() && !measure.types(types)) return std::nullopt;
    for (std::uint64_t i = 0; i != types && !in.failed(); ++i) {
        if (!read_type(in, measure, subscribe.types.emplace_back()) && !in.failed()) return std::nullopt;
    }
    return in.fault();
}

std::optional<Reason> read(View body, Unsubscribe& unsubscribe) {
    Body in(body);
    unsubscribe.alias = in.number("alias", 1);
    unsubscribe.of = static_cast<Side>(in.byte("whose", 1));
    unsubscribe.reason = in.reason();
    return in.fault();
}

std::optional<Reason> read(View body, Event& event) {
    if (read_short(body, event)) return std::nullopt;
    Body in(body);
    event.alias = in.number("alias", 1);
    event.type = in.number("type");
    event.missed = in.number("missed");
    event.replayed = in.byte("flags", 1) != 0;
    if (!in.failed()) event.payload = in.rest();
    return in.fault();
}

std::optional<Reason> read(View body, State& state) {
    Body in(body);
    state.alias = in.number("alias", 1);
    state.version = in.number("version");
    state.key = in.sized("key");
    state.present = in.byte("presence", 1) != 0;
    state.payload = {};
    if (!in.failed() && state.present) state.payload = in.rest();
    return in.fault();
}

std::optional<Reason> read_nonce(View body, std::uint64_t& nonce) {
    Body in(body);
    nonce = in.fixed("nonce");
    return in.fault();
}

std::optional<Reason> read_bye(View body, Reason& reason) {
    Body in(body);
    reason = in.reason();
    return in.fault();
}

}  // namespace event::net::protocol
