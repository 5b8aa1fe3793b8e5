#include "net/protocol/frames.hpp"

#include <event/net/writer.hpp>

#include <span>

namespace event::net::protocol {
namespace {

constexpr std::size_t size_of_varint(std::uint64_t number) noexcept {
    std::size_t size = 1;
    for (; number >= 0x80; number >>= 7) ++size;
    return size;
}

class Frame : public Writer {
public:
    Frame(Kind kind, Bytes& out) : Writer(out, unlimited), opened_(open_part()) { write_byte(std::byte(kind)); }
    /// With its size known, so that a large payload need not be moved behind its length.
    Frame(Kind kind, std::size_t size, Bytes& out) : Writer(out, unlimited), opened_(0) {
        write_varint(size);
        write_byte(std::byte(kind));
    }

    void fixed(std::uint64_t number) {
        for (int i = 0; i < 8; ++i, number >>= 8) write_byte(std::byte(number & 0xff));
    }
    void sized(View bytes) {
        write_varint(bytes.size());
        write_bytes(bytes);
    }
    void sized(std::string_view text) { sized(std::as_bytes(std::span(text))); }
    void reason(const Reason& reason) {
        // zero is none, which nobody could read
        write_byte(std::byte(reason.code == end_code{} ? end_code::closed : reason.code));
        sized(std::string_view(reason.text).substr(0, Reason::max_text));
    }
    void flag(bool is_set) { write_byte(std::byte(is_set)); }
    void close() { close_part(opened_); }

private:
    std::size_t opened_;
};

void write_nonce(Kind kind, std::uint64_t nonce, Bytes& out) {
    Frame frame(kind, out);
    frame.fixed(nonce);
    frame.close();
}

}  // namespace

void write(const Hello& hello, Bytes& out) {
    Frame frame(Kind::hello, out);
    frame.write_bytes(std::as_bytes(std::span("evnt", 4)));
    frame.write_varint(hello.version);
    frame.fixed(hello.epoch);
    frame.write_varint(hello.max_frame);
    frame.write_varint(hello.max_subscriptions);
    frame.write_byte(std::byte((hello.serves ? 1U : 0U) | (hello.consumes ? 2U : 0U)));
    frame.close();
}

void write(const Subscribe& subscribe, Bytes& out) {
    Frame frame(Kind::sub, out);
    frame.write_varint(subscribe.alias);
    frame.write_byte(std::byte(subscribe.mode));
    frame.write_byte(std::byte((subscribe.replay ? 1U : 0U) | (subscribe.by_key ? 2U : 0U)));
    frame.write_varint(subscribe.types.size());
    for (const Subscribe::Type& type : subscribe.types) {
        frame.sized(type.name);
        frame.sized(type.schema);
        frame.write_varint(type.keys.size());
        for (const View key : type.keys) frame.sized(key);
    }
    frame.close();
}

void write(const Unsubscribe& unsubscribe, Bytes& out) {
    Frame frame(Kind::unsub, out);
    frame.write_varint(unsubscribe.alias);
    frame.write_byte(std::byte(unsubscribe.of));
    frame.reason(unsubscribe.reason);
    frame.close();
}

void write(const Event& event, Bytes& out) {
    Frame frame(Kind::event, size_of(event), out);
    frame.write_varint(event.alias);
    frame.write_varint(event.type);
    frame.write_varint(event.missed);
    frame.flag(event.replayed);
    frame.write_bytes(event.payload);
}

void write(const State& state, Bytes& out) {
    Frame frame(Kind::state, size_of(state), out);
    frame.write_varint(state.alias);
    frame.write_varint(state.version);
    frame.sized(state.key);
    frame.flag(state.present);
    if (state.present) frame.write_bytes(state.payload);
}

void write_ping(std::uint64_t nonce, Bytes& out) { write_nonce(Kind::ping, nonce, out); }
void write_pong(std::uint64_t nonce, Bytes& out) { write_nonce(Kind::pong, nonce, out); }

void write_bye(const Reason& reason, Bytes& out) {
    Frame frame(Kind::bye, out);
    frame.reason(reason);
    frame.close();
}

std::size_t size_of(const Event& event) noexcept {
    return 2 + size_of_varint(event.alias) + size_of_varint(event.type) + size_of_varint(event.missed) +
           event.payload.size();
}

std::size_t size_of(const State& state) noexcept {
    return 2 + size_of_varint(state.alias) + size_of_varint(state.version) + size_of_varint(state.key.size()) +
           state.key.size() + (state.present ? state.payload.size() : 0);
}

}  // namespace event::net::protocol
