#pragma once

#include "net/messages/session.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Two messengers' sessions, and links between them that hand over payload by payload, or are cut.

namespace session_test {

using namespace event::net::messages;
using event::net::Priority;
using event::net::detail::ParcelPool;
using event::net::detail::ParcelPtr;

inline constexpr SessionOptions plain_here{.epoch = 11}, plain_there{.epoch = 12};
inline constexpr SessionOptions here{.epoch = 11, .is_reliable = true}, there{.epoch = 12, .is_reliable = true};

inline std::string text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
inline ByteView view(std::string_view bytes) { return std::as_bytes(std::span(bytes)); }

using Payload = std::vector<std::byte>;

/// What came, of whatever kind.
struct Came {
    Kind kind = Kind::message;
    std::uint64_t id = 0;
    std::uint64_t of = 0;  // which session of theirs
    std::string body = {};
    std::uint64_t missed = 0;
};

/// One side: what it was sent, and takes room, lies in its inbox until it is taken.
struct End {
    explicit End(const SessionOptions& options) : session(options) {}
    End(End&&) = default;
    End& operator=(End&& other) noexcept {  // parcels go back into the pool that they are of
        std::swap(pool, other.pool);
        std::swap(session, other.session);
        std::swap(inbox, other.inbox);
        std::swap(taken, other.taken);
        std::swap(came, other.came);
        std::swap(refused, other.refused);
        missed = other.missed;
        violations = other.violations;
        return *this;
    }
    ~End() = default;

    /// False: there is no room.
    bool send(std::string_view body, Priority priority = Priority::normal, Kind kind = Kind::message,
              std::uint64_t id = 7, std::uint64_t only_to = 0) {
        if (takes_room(kind) ? !session.has_room(body.size()) : !session.has_bytes(body.size())) return false;
        ParcelPtr parcel = pool->take();
        parcel->bytes.assign(view(body).begin(), view(body).end());
        session.push(priority, {.type = 1, .kind = kind, .id = id, .body = parcel, .only_to = only_to});
        return true;
    }
    /// To whom the session of theirs is that speaks now.
    bool send_only(std::string_view body, Kind kind, std::uint64_t id = 7) {
        return send(body, Priority::normal, kind, id, session.their_epoch());
    }
    void take(std::size_t count = ~std::size_t{}) {
        count = std::min(count, inbox.size());
        for (std::size_t i = 0; i < count; ++i) {
            taken.push_back(std::move(inbox.front()));
            inbox.pop_front();
        }
        if (count != 0) session.took(count);  // of nothing it would be asked again whether an Ack is due
    }

    std::unique_ptr<ParcelPool> pool = std::make_unique<ParcelPool>();
    Session session;
    std::deque<std::string> inbox = {};
    std::vector<std::string> taken = {};
    std::vector<Came> came = {};
    std::vector<std::uint64_t> refused = {};  // requests
    std::uint64_t missed = 0;
    std::uint64_t violations = 0;
};

struct Wire {
    LinkId id = 0;
    std::uint64_t rank = 0;
    bool is_attached[2] = {false, false};
    bool is_cut = false;
    bool is_gone[2] = {false, false};        // the program at that end: what it wrote before still comes
    std::deque<Payload> on_its_way[2] = {};  // to that end
};

class Sessions {
public:
    explicit Sessions(const SessionOptions& here, const SessionOptions& there) : ends{End(here), End(there)} {}

    End& here() { return ends[0]; }
    End& there() { return ends[1]; }

    Wire& open(std::uint64_t rank = 0) {
        wires.push_back(std::make_unique<Wire>(Wire{.id = ++last_id_, .rank = rank}));
        return *wires.back();
    }
    void attach(Wire& wire, std::size_t end) {
        if (wire.is_cut || wire.is_gone[end] || std::exchange(wire.is_attached[end], true)) return;
        ends[end].session.attach(wire.id, wire.rank);
    }
    Wire& connect(std::uint64_t rank = 0) {
        Wire& wire = open(rank);
        attach(wire, 0);
        attach(wire, 1);
        return wire;
    }
    /// What is on its way is lost; each end finds out by `notice`.
    void cut(Wire& wire) {
        wire.is_cut = true;
        for (auto& payloads : wire.on_its_way) payloads.clear();
    }
    void leave(Wire& wire, std::size_t end) {
        wire.is_gone[end] = true;
        wire.is_attached[end] = false;
        wire.on_its_way[end].clear();
    }
    void notice(Wire& wire, std::size_t end) {
        if (!(wire.is_cut || wire.is_gone[1 - end]) || !std::exchange(wire.is_attached[end], false)) return;
        ends[end].session.detach(wire.id);
    }
    void lose(Wire& wire) {
        cut(wire);
        notice(wire, 0);
        notice(wire, 1);
    }
    bool write(Wire& wire, std::size_t end) {
        Payload payload;
        if (wire.is_cut || !wire.is_attached[end]) return false;
        const bool is_due = ends[end].session.is_due(wire.id);
        const bool has_more = ends[end].session.next(wire.id, payload);
        if (is_due != has_more) ++disagreements;
        if (!has_more) return false;
        wire.on_its_way[1 - end].push_back(std::move(payload));
        return true;
    }
    bool read(Wire& wire, std::size_t end) {
        auto& payloads = wire.on_its_way[end];
        if (wire.is_cut || !wire.is_attached[end] || payloads.empty()) return false;
        const Payload payload = std::move(payloads.front());
        payloads.pop_front();
        Incoming message;
        End& to = ends[end];
        switch (to.session.received(wire.id, payload, message)) {
            case Received::message:
                to.missed += message.missed;
                to.came.push_back({.kind = message.kind,
                                   .id = message.id,
                                   .of = to.session.their_epoch(),
                                   .body = text(message.body),
                                   .missed = message.missed});
                if (takes_room(message.kind)) to.inbox.push_back(text(message.body));
                break;
            case Received::violation:
                ++to.violations;
                break;
            case Received::refused:
                to.refused.push_back(message.id);
                break;
            case Received::nothing:
                break;
        }
        return true;
    }
    /// Until nothing is left to be done; what comes is taken at once.
    void settle() {
        for (bool goes_on = true; goes_on;) {
            goes_on = false;
            for (std::size_t i = 0; i < wires.size(); ++i) {
                for (const std::size_t end : {0U, 1U}) {
                    while (write(*wires[i], end)) goes_on = true;
                    while (read(*wires[i], end)) goes_on = true;
                    goes_on |= !ends[end].inbox.empty();
                    ends[end].take();
                }
            }
        }
    }

    std::array<End, 2> ends;
    std::vector<std::unique_ptr<Wire>> wires = {};
    std::uint64_t disagreements = 0;

private:
    LinkId last_id_ = 0;
};

inline void write_all(Sessions& sessions, Wire& wire, std::size_t end) {
    while (sessions.write(wire, end)) {
    }
}
inline void read_all(Sessions& sessions, Wire& wire, std::size_t end) {
    while (sessions.read(wire, end)) {
    }
}
/// Until nothing is left to be done on that one; nothing is taken.
inline void exchange(Sessions& sessions, Wire& wire) {
    for (bool goes_on = true; goes_on;) {
        goes_on = false;
        for (const std::size_t end : {0U, 1U}) {
            while (sessions.write(wire, end)) goes_on = true;
            while (sessions.read(wire, end)) goes_on = true;
        }
    }
}
[[nodiscard]] inline std::vector<std::string> bodies(const std::vector<Came>& came) {
    std::vector<std::string> bodies;
    for (const Came& each : came) bodies.push_back(each.body);
    return bodies;
}

}  // namespace session_test
