#pragma once

/// A message that came of a peer, whatever its type.

#include <event/detail/requirements.hpp>

#include <event/net/messenger_options.hpp>

#include <cstdint>
#include <memory>
#include <utility>
#include <variant>

namespace event::net {

/// Ownership: it owns its body; a copy copies that, and shares the peer's name. Threads: distinct objects are
/// independent, as is a value of its own.
template <class... Ms>
class Message {
public:
    Message() = default;
    Message(std::shared_ptr<const PeerId> from, std::uint64_t missed, std::variant<Ms...>&& body) noexcept
        : from_(std::move(from)), missed_(missed), body_(std::move(body)) {}

    /// Empty of one that was made by default.
    [[nodiscard]] const PeerId& from() const noexcept {
        static const PeerId nobody;
        return from_ ? *from_ : nobody;
    }
    /// How much of what that peer has sent, of any kind, was lost since the last message of it. Of a reliable peer:
    /// what could not be read here, or was written to another session of this side.
    [[nodiscard]] std::uint64_t missed() const noexcept { return missed_; }
    [[nodiscard]] std::variant<Ms...>& body() noexcept { return body_; }
    [[nodiscard]] const std::variant<Ms...>& body() const noexcept { return body_; }
    /// Null: it is of another type.
    template <class M>
    [[nodiscard]] const M* get_if() const noexcept {
        return std::get_if<M>(&body_);
    }
    template <class F>
    decltype(auto) visit(F&& f) const {
        return std::visit(std::forward<F>(f), body_);
    }

private:
    std::shared_ptr<const PeerId> from_;
    std::uint64_t missed_ = 0;
    std::variant<Ms...> body_;
};

}  // namespace event::net
