#pragma once

#include <event/net/detail/fifo.hpp>
#include <event/net/detail/parcel.hpp>
#include <event/net/messenger_options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace event::net::messages {

enum class Kind : std::uint8_t { message, request, answer, cancel, failure };

/// In the inbox of who receives it. The others are waited for by somebody, and wait for nobody.
[[nodiscard]] constexpr bool takes_room(Kind kind) noexcept { return kind <= Kind::request; }

struct Outgoing {
    std::size_t type = 0;
    Kind kind = Kind::message;
    std::uint64_t id = 0;  // of a request: not 0
    detail::ParcelPtr body = {};
    std::uint64_t only_to = 0;  // that session of theirs: it means nothing to another one. 0: to whichever

    [[nodiscard]] std::size_t size() const noexcept { return body ? body->bytes.size() : 0; }
    /// Nobody waits for it.
    [[nodiscard]] bool may_be_displaced() const noexcept { return kind == Kind::message; }
    [[nodiscard]] bool takes_room() const noexcept { return messages::takes_room(kind); }
};

/// What may be written.
enum class Writable : std::uint8_t {
    all,
    without_room  // what takes none in their inbox
};

/// What waits to be written, by priority: urgent ones first, of one priority first in, first out, and who waits behind
/// others has a turn after so many of them. What may not be written is passed over.
class Lanes {
public:
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

    void push(Priority priority, Outgoing&& message);
    [[nodiscard]] bool has(Writable writable) const noexcept { return next_lane(writable) != priorities; }
    /// Whose turn it is; there is one.
    [[nodiscard]] const Outgoing& next(Writable writable) const noexcept {
        const Lane& lane = lanes_[next_lane(writable)];
        return lane.queue[place(lane, writable)];
    }
    [[nodiscard]] Outgoing pop(Writable writable);

    struct Size {
        std::size_t count = 0;
        std::size_t bytes = 0;
    };
    /// What may be displaced by a message of that priority: those of no higher one that nobody waits for.
    [[nodiscard]] Size displaceable(Priority by) const noexcept;
    /// The oldest of these, of the lowest priority, goes; there is one.
    void displace(Priority by);
    /// That one is not sent. Whether it was there.
    [[nodiscard]] bool take_back(std::uint64_t request);
    /// What is only for another session of theirs goes.
    void keep_only(std::uint64_t session);
    /// What is only for that one goes there. Where there is no memory, the rest stays.
    void hand_over(std::uint64_t session, Lanes& to);

private:
    static constexpr std::size_t priorities = 3;
    static constexpr unsigned most_passed = 8;

    struct Lane {
        detail::Fifo<Outgoing> queue = {};
        Size displaceable = {};
        std::size_t without_room = 0;  // so many of them
        unsigned passed = 0;           // how often a higher one went before it

        [[nodiscard]] bool has(Writable writable) const noexcept {
            return writable == Writable::all ? !queue.empty() : without_room != 0;
        }
    };

    /// `priorities`: there is none.
    [[nodiscard]] std::size_t next_lane(Writable writable) const noexcept;
    [[nodiscard]] static std::size_t place(const Lane& lane, Writable writable) noexcept;
    Outgoing take(Lane& lane, std::size_t place);

    std::array<Lane, priorities> lanes_;
    std::size_t size_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace event::net::messages
