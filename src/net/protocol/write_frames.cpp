#include "net/protocol/frames.hpp"

#include <event/net/writer.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace event::net::protocol {
namespace {

class Frame : public Writer {
public:
    Frame(Kind kind, Bytes& out) : Writer(out, unlimited), opened_(open_part()) { write_byte(std::byte(kind)); }

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
    void close() { close_part(opened_); }

private:
    std::size_t opened_;
};

/// The beginning of a frame whose size is known, so that a large payload need not be moved behind its length: a few
/// numbers, which go out together.
class Head {
public:
    Head(Kind kind, std::size_t size) {
        varint(size);
        byte(std::byte(kind));
    }
    Head& varint(std::uint64_t number) {
        for (; number >= 0x80; number >>= 7) byte(static_cast<std::byte>(number | 0x80));
        return byte(static_cast<std::byte>(number));
    }
    Head& byte(std::byte byte) {
        bytes_[size_++] = byte;
        return *this;
    }
    void write(Bytes& out) const { out.insert(out.end(), bytes_.data(), bytes_.data() + size_); }
    /// In place of the `room` bytes from there on.
    std::size_t write(Bytes& out, std::size_t begin, std::size_t room) const {
        const auto at = out.begin() + static_cast<std::ptrdiff_t>(begin);
        if (room < size_) {
            out.insert(at, size_ - room, std::byte{});
        } else if (room > size_) {
            out.erase(at, at + static_cast<std::ptrdiff_t>(room - size_));
        }
        std::memcpy(out.data() + begin, bytes_.data(), size_);
        return size_;
    }

private:
    static constexpr std::size_t most = 4 * 10 + 2;  // numbers, and bytes
    std::array<std::byte, most> bytes_;
    std::size_t size_ = 0;
};
void append(View bytes, Bytes& out) { out.insert(out.end(), bytes.begin(), bytes.end()); }

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

std::size_t write_head(const Event& event, Bytes& out, std::size_t begin, std::size_t room) {
    return Head(Kind::event, size_of(event))
        .varint(event.alias)
        .varint(event.type)
        .varint(event.missed)
        .byte(std::byte(event.replayed))
        .write(out, begin, room);
}

void write(const Event& event, Bytes& out) {
    const std::size_t begin = out.size();
    append(event.payload, out);
    static_cast<void>(write_head(event, out, begin, 0));
}

void write(const State& state, Bytes& out) {
    Head(Kind::state, size_of(state)).varint(state.alias).varint(state.version).varint(state.key.size()).write(out);
    append(state.key, out);
    out.push_back(std::byte(state.present));
    if (state.present) append(state.payload, out);
}

void write_ping(std::uint64_t nonce, Bytes& out) { write_nonce(Kind::ping, nonce, out); }
void write_pong(std::uint64_t nonce, Bytes& out) { write_nonce(Kind::pong, nonce, out); }

void write_bye(const Reason& reason, Bytes& out) {
    Frame frame(Kind::bye, out);
    frame.reason(reason);
    frame.close();
}

std::size_t size_of(const State& state) noexcept {
    return 2 + size_of_varint(state.alias) + size_of_varint(state.version) + size_of_varint(state.key.size()) +
           state.key.size() + (state.present ? state.payload.size() : 0);
}

}  // namespace event::net::protocol
