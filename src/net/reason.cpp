#include <event/net/reason.hpp>

#include <fmt/format.h>

#include <string>

namespace event::net {
namespace {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"  // the base's
class EndCategory final : public boost::system::error_category {
public:
    constexpr EndCategory() noexcept : error_category(0x6576656e742e656eULL) {}  // one, also across shared libraries

    const char* name() const noexcept override { return "event.net.end"; }

    std::string message(int value) const override {
        if (value >= 128 && value <= 255) return fmt::format("ended by the application ({})", value);
        return message(value, nullptr, 0);
    }

    const char* message(int value, char*, std::size_t) const noexcept override {
        switch (static_cast<end_code>(value)) {
            case end_code::closed:
                return "closed";
            case end_code::killed:
                return "the subscriber was too slow";
            case end_code::not_served:
                return "not served";
            case end_code::schema_mismatch:
                return "the type is another one on the other side";
            case end_code::subscribe_limit:
                return "more in one subscription than is taken";
            case end_code::key_limit:
                return "more keys than are taken";
            case end_code::rejected:
                return "not wanted";
            case end_code::busy:
                return "too many links";
            case end_code::not_a_link:
                return "not the protocol of a link";
            case end_code::version:
                return "no version that both sides speak";
            case end_code::malformed:
                return "a frame that cannot be read";
            case end_code::frame_too_large:
                return "a frame that is too large";
            case end_code::unknown_frame:
                return "a frame of an unknown kind";
            case end_code::unexpected_frame:
                return "a frame that has no place here";
            case end_code::alias_reused:
                return "an alias that was used before";
            case end_code::unknown_alias:
                return "a subscription that never was";
            case end_code::unknown_type:
                return "a type that is not in the subscription";
            case end_code::too_many_subscriptions:
                return "too many subscriptions";
            case end_code::payload_too_large:
                return "an event larger than its type may be";
            case end_code::malformed_payload:
                return "an event that is not what its schema says";
            case end_code::stale_state:
                return "a latest value that is not newer";
            case end_code::handshake_timeout:
                return "no HELLO in time";
            case end_code::pong_timeout:
                return "no PONG in time";
            case end_code::write_timeout:
                return "nothing was read in time";
            case end_code::lost:
                return "the stream ended without a BYE";
            case end_code::handshake_failed:
                return "the handshake of the stream failed";
        }
        return value == 0 ? "success" : "unknown event.net.end error";
    }
};
#pragma GCC diagnostic pop

}  // namespace

const boost::system::error_category& end_category() noexcept {
    static constexpr EndCategory category;
    return category;
}

std::string to_string(const Reason& reason) {
    const std::string message = make_error_code(reason.code).message();
    const std::string_view by = reason.by == Side::here ? "here" : "by the remote";
    return reason.text.empty() ? fmt::format("ended {}: {}", by, message)
                               : fmt::format("ended {}: {} ({})", by, message, reason.text);
}

}  // namespace event::net
