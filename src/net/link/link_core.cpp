#include "net/link/inside.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <stdexcept>

namespace event::net::detail {

void check_fits(const WireType& type, std::size_t max_frame) {
    constexpr std::size_t head = 64;  // what is around it
    if (type.max_size <= max_frame - std::min(head, max_frame)) return;
    throw std::invalid_argument(
        fmt::format("event: an event '{}' may have {} bytes, which is more than a frame of the link: raise "
                    "LinkLimits::max_frame ({}), or give the type a smaller max_wire_size",
                    type.name, type.max_size, max_frame));
}

void refuse(end_code code, const Asked::Type& type, const std::string& why) {
    throw Refused{{.code = code, .text = fmt::format("{}: {}", type.name, why)}};
}

namespace {

void check_limits(const LinkLimits& limits, const LinkTimes& times) {
    const auto check = [](std::string_view what, auto given, auto least, auto most, std::string_view unit) {
        if (given >= least && given <= most) return;
        throw std::invalid_argument(
            fmt::format("event: {} must be at least {}{}, and at most {}; it is {}", what, least, unit, most, given));
    };
    constexpr std::size_t one = 1, any = std::numeric_limits<std::size_t>::max();
    // the length of a frame has five bytes
    constexpr auto most_frame = static_cast<std::size_t>(std::min<std::uint64_t>((std::uint64_t{1} << 35) - 1, any));
    check("LinkLimits::max_frame", limits.max_frame, LinkLimits::min_frame, most_frame, "");
    check("LinkLimits::max_state_keys", limits.max_state_keys, one, any, "");

    using Count = std::chrono::milliseconds::rep;
    constexpr Count always = std::chrono::milliseconds::max().count();
    check("LinkTimes::handshake_timeout", times.handshake_timeout.count(), Count{1}, always, " ms");
    check("LinkTimes::ping_interval", times.ping_interval.count(), Count{1}, always, " ms");
    check("LinkTimes::pong_timeout", times.pong_timeout.count(), Count{1}, always, " ms");
    check("LinkTimes::write_timeout", times.write_timeout.count(), Count{1}, always, " ms");
    check("LinkTimes::close_timeout", times.close_timeout.count(), Count{0}, always, " ms");
}

}  // namespace

LinkOptions checked(LinkOptions&& options) {
    check_limits(options.limits, options.times);
    // what is never to happen: a clock does not count so far
    constexpr std::chrono::milliseconds never = std::chrono::hours(24 * 365 * 10);
    LinkTimes& times = options.times;
    for (std::chrono::milliseconds* time : {&times.handshake_timeout, &times.ping_interval, &times.pong_timeout,
                                            &times.write_timeout, &times.close_timeout})
        *time = std::min(*time, never);
    return std::move(options);
}

void Port::close(Reason reason) {
    boost::asio::post(strand(), [self = shared_from_this(), this, reason = std::move(reason)] { stop(reason); });
}

void Port::let_go() noexcept {
    access_.let_go();
    try {
        close({.code = end_code::closed, .text = "the link was destroyed"});
    } catch (...) {  // no memory: it goes on, without its bus, until the stream ends
    }
}

LinkCore::LinkCore(const boost::asio::any_io_executor& executor, LinkOptions&& options, BusAccess access,
                   std::shared_ptr<Echoes> echoes, bool is_one_of_several, bool has_handshake)
    : Port(executor, std::move(options), std::move(access), std::move(echoes)),
      is_one_of_several_(is_one_of_several),
      has_handshake_(has_handshake),
      inside_(std::make_unique<Inside>(*this, executor)) {}

LinkCore::~LinkCore() = default;

// What comes from outside is posted, since it may come from inside of the protocol: out of a callback or a filter.

void LinkCore::serve(std::shared_ptr<const Group> group) {
    boost::asio::dispatch(
        strand(), [self = self(), group = std::move(group)]() mutable { self->inside_->serve(std::move(group)); });
}

void LinkCore::consume(std::shared_ptr<Consumer> consumer) {
    boost::asio::post(strand(), [self = self(), consumer = std::move(consumer)]() mutable {
        self->inside_->enter([&] { self->inside_->consume(std::move(consumer)); });
    });
}

ValueView<LinkState> LinkCore::state() const { return inside_->state(); }
LinkStat LinkCore::stat() const { return inside_->stat(); }

void LinkCore::begin() {
    inside_->enter([&] { inside_->begin(); });
}

void LinkCore::stop(const Reason& reason) {
    inside_->enter([&] { inside_->close(reason); });
}

error_code LinkCore::result() const {
    const auto& reason = inside_->reason();
    return !reason || reason->code == end_code::closed ? error_code() : make_error_code(reason->code);
}

void LinkCore::was_ready(std::uint64_t alias, const error_code& error) {
    inside_->enter([&] { inside_->was_ready(alias, error); }, Inside::Next::together);
}

void LinkCore::was_unused(const Consumer& consumer) {
    inside_->enter([&] { inside_->was_unused(consumer); });
}

void LinkCore::has_shaken_hands(const error_code& error) {
    inside_->enter([&] { inside_->has_shaken_hands(error); });
}

Reason LinkCore::reason_of(const error_code& error) const { return {.code = end_code::lost, .text = error.message()}; }

void LinkCore::was_read(const error_code& error, std::size_t count) {
    inside_->enter([&] { inside_->was_read(error, count); });
}

void LinkCore::was_written(const error_code& error, std::size_t count) {
    inside_->enter([&] { inside_->was_written(error, count); });
}

}  // namespace event::net::detail
