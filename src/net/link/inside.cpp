#include "net/link/inside.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <random>

/// The loops of a link: what is read, written, and waited for.

namespace event::net::detail {
namespace {

constexpr std::size_t least_read = 1'024, most_read = 65'536;  // bytes at a time

std::uint64_t epoch_of_program() {
    static const std::uint64_t epoch = [] {
        std::random_device random;
        return std::uint64_t{random()} << 32 | random();
    }();
    return epoch;
}

protocol::Options options_of(const LinkOptions& options) {
    return {.epoch = options.epoch != 0 ? options.epoch : epoch_of_program(),
            .serves = options.serves,
            .consumes = options.consumes,
            .limits = options.limits,
            .times = options.times};
}

}  // namespace

LinkCore::Inside::Inside(LinkCore& link, const boost::asio::any_io_executor& executor)
    : link_(link),
      clock_(executor.context()),
      protocol_(options_of(link.options()), *this),
      state_(executor, LinkState::opening),
      alarm_(link.strand(), link.options().name) {}

void LinkCore::Inside::begin() {
    has_begun_ = true;
    protocol_.start(now());
}

void LinkCore::Inside::close(const Reason& reason) {
    if (has_begun_) return protocol_.close(reason, now());
    protocol_.lost("it was closed before it ran");
}

/// What follows from anything that has happened.
void LinkCore::Inside::go_on() {
    if (link_.has_finished()) return;
    try {
        pull();
        const bool is_closed = protocol_.state() == LinkState::closed;
        if (!is_closed && !is_writing_) {
            if (const auto output = protocol_.output(now()); !output.empty()) {
                link_.write(output);
                is_writing_ = true;  // not where that throws: nothing would end it
            }
        }
        if (!is_closed && has_begun_ && !is_reading_) {
            if (read_buffer_.empty()) read_buffer_.resize(least_read);
            link_.read(read_buffer_);
            is_reading_ = true;
        }
        arm();
    } catch (...) {
        protocol_.lost(what(std::current_exception()));
    }
    const LinkState state = protocol_.state();
    try {
        static_cast<void>(state_.set_if_changed(state));
    } catch (...) {  // no memory: it is told with the next one, or the view's end
    }
    count([&](LinkStat& stat) {
        stat.state = state;
        stat.serving = served_.size();
        stat.consuming = consumed_.size() + waiting_.size();
        stat.held = protocol_.held() + read_buffer_.capacity() + payload_.capacity();
    });
    if (state == LinkState::closed) finish();
}

void LinkCore::Inside::finish() {
    if (!std::exchange(has_closed_stream_, true)) {
        link_.close_stream();
        alarm_.close();
    }
    if (is_reading_ || is_writing_ || armed_) return;  // it ends with them
    read_buffer_ = {};
    payload_ = {};
    count([](LinkStat& stat) { stat.held = 0; });
    try {
        count([&](LinkStat& stat) {
            stat.reason = protocol_.reason();
            stat.remote_reason = protocol_.remote_reason();
        });
    } catch (...) {  // no memory for the words
    }
    link_.finish();
}

// ---- the stream -------------------------------------------------------------------------------------------------

void LinkCore::Inside::was_read(const error_code& error, std::size_t bytes) {
    is_reading_ = false;
    count([&](LinkStat& stat) { stat.bytes_received += bytes; });
    if (bytes != 0) protocol_.received(ByteView(read_buffer_).first(bytes), now());
    if (error) return protocol_.lost(error.message());
    // as much as comes at a time, and no more
    const std::size_t size = read_buffer_.size();
    if (bytes == size && size < most_read) {
        read_buffer_ = Bytes(2 * size);
    } else if (bytes < size / 8 && size > least_read) {
        read_buffer_ = Bytes(size / 2);
    }
}

void LinkCore::Inside::was_written(const error_code& error, std::size_t bytes) {
    is_writing_ = false;
    count([&](LinkStat& stat) { stat.bytes_sent += bytes; });
    if (protocol_.state() != LinkState::closed) protocol_.written(bytes, now());
    if (error) protocol_.lost(error.message());
}

/// One wait at a time. A deadline that moves on is looked at when the one before it is over.
void LinkCore::Inside::arm() {
    const auto next = protocol_.next_deadline();
    if (!next || has_closed_stream_) return;
    if (armed_) {
        if (*next < *armed_) alarm_.cancel();
        return;
    }
    alarm_.wait(*next - now(), [self = link_.self(), this](bool has_passed) {
        enter([&] {
            armed_.reset();
            if (has_passed) protocol_.tick(now());
        });
    });
    armed_ = next;
}

// ---- what is served ---------------------------------------------------------------------------------------------

void LinkCore::Inside::pull() {
    if (protocol_.state() != LinkState::running) return;
    // round after round, one of each, so that who has much leaves room for who has little
    for (bool has_found = true; has_found;) {
        has_found = false;
        for (std::size_t left = served_.size(); left > 0; --left) {
            if (next_served_ >= served_.size()) next_served_ = 0;
            ServedOne& one = served_[next_served_++];
            if (one.is_ready && (one.is_latest || protocol_.has_room_for_event()) && try_pull_from(one))
                has_found = true;
        }
    }
    for (ServedOne& one : served_) {
        if (one.is_ready || one.is_waited_for) continue;
        one.is_waited_for = true;
        one.serving->wait(ServingReady(link_.self(), one.alias));
    }
}

/// The types' own code may throw, and the bus may be closed: that ends the subscription, and nothing else.
bool LinkCore::Inside::try_pull_from(ServedOne& one) {
    try {
        return pull_from(one);
    } catch (...) {
        const protocol::Alias alias = one.alias;
        protocol_.end(alias, {.code = end_code::closed, .text = what(std::current_exception())});
        std::erase_if(served_, [&](const ServedOne& served) { return served.alias == alias; });
        return false;
    }
}

/// Whether there may be more.
bool LinkCore::Inside::pull_from(ServedOne& one) {
    const std::uint64_t unsendable = std::exchange(item_.unsendable, 0);
    if (unsendable != 0) count([&](LinkStat& stat) { stat.unsendable += unsendable; });
    one.is_ready = one.serving->next(payload_, item_);
    if (!one.is_ready) return false;
    return one.is_latest ? send_state(one) : send_event(one);
}

bool LinkCore::Inside::send_event(const ServedOne& one) {
    const protocol::Sent sent = protocol_.send_event({.alias = one.alias,
                                                      .type = item_.type,
                                                      .missed = item_.missed,
                                                      .replayed = item_.is_replayed,
                                                      .payload = payload_});
    count([&](LinkStat& stat) { ++(sent == protocol::Sent::yes ? stat.events_sent : stat.unsendable); });
    return true;
}

bool LinkCore::Inside::send_state(ServedOne& one) {
    protocol::State state{.alias = one.alias, .version = ++one.version, .key = item_.key, .present = item_.is_present};
    if (item_.is_present) state.payload = payload_;
    const protocol::Sent sent = protocol_.send_state(state);
    if (sent == protocol::Sent::no_room) return false;  // the newest one then
    one.serving->was_sent(item_);
    if (sent == protocol::Sent::yes) count([](LinkStat& stat) { ++stat.states_sent; });
    return true;
}

void LinkCore::Inside::was_ready(protocol::Alias alias, const error_code& error) {
    const auto one =
        std::find_if(served_.begin(), served_.end(), [&](const auto& served) { return served.alias == alias; });
    if (one == served_.end()) return;
    one->is_waited_for = false;
    if (!error) {
        one->is_ready = true;
        return;
    }
    if (error == boost::asio::error::operation_aborted) return;
    const bool was_killed = error == event::errc::killed;
    protocol_.end(alias, {.code = was_killed ? end_code::killed : end_code::closed,
                          .text = was_killed ? "too slow" : "the bus has closed"});
    served_.erase(one);
}

void LinkCore::Inside::subscribed(const protocol::Subscribe& subscribe) noexcept {
    Reason reason{.code = end_code::not_served};
    try {
        auto serving = open(subscribe);
        served_.push_back({.alias = subscribe.alias,
                           .serving = std::move(serving),
                           .is_latest = subscribe.mode == protocol::Mode::latest});
        return;
    } catch (const Refused& refused) {
        reason = refused.reason;
    } catch (...) {
        reason.text = what(std::current_exception());
    }
    or_lose([&] { protocol_.end(subscribe.alias, reason); });
}

std::unique_ptr<Serving> LinkCore::Inside::open(const protocol::Subscribe& subscribe) {
    Asked asked{.is_latest = subscribe.mode == protocol::Mode::latest,
                .is_by_key = subscribe.by_key,
                .replays = subscribe.replay};
    for (const auto& type : subscribe.types) asked.types.push_back({type.name, type.schema, type.keys});
    const Asked::Type& first = asked.types.front();

    for (const auto& group : groups_) {
        const std::vector<WireType> types = group->types();
        const auto place_of = [&](std::string_view name) {
            const auto found =
                std::find_if(types.begin(), types.end(), [&](const auto& type) { return type.name == name; });
            return static_cast<std::size_t>(found - types.begin());
        };
        if (place_of(first.name) == types.size()) continue;
        std::vector<std::size_t> places;
        for (const Asked::Type& type : asked.types) {
            const std::size_t place = place_of(type.name);
            if (place == types.size())
                refuse(end_code::not_served, type, fmt::format("it is not served in one order with {}", first.name));
            if (std::find(places.begin(), places.end(), place) != places.end())
                refuse(end_code::not_served, type, "it is asked for twice");
            const WireType& ours = types[place];
            if (ours.schema != type.schema) {
                if (const auto difference = schema_difference(ours.schema, type.schema))
                    refuse(end_code::schema_mismatch, type, *difference);
            }
            places.push_back(place);
        }
        std::unique_ptr<Serving> serving;
        const bool has_bus = link_.bus_access().use([&](EventBus& bus) {
            serving = group->open({bus, link_.bus_access(), link_.echoes(), link_.options().name}, asked, places);
        });
        if (!has_bus) refuse(end_code::closed, first, "the link is closing");
        return serving;
    }
    refuse(end_code::not_served, first, "it is not served");
}

void LinkCore::Inside::unsubscribed(protocol::Alias alias, const Reason&) noexcept {
    std::erase_if(served_, [&](const ServedOne& one) { return one.alias == alias; });
}

// ---- what is consumed -------------------------------------------------------------------------------------------

void LinkCore::Inside::consume(std::shared_ptr<Consumer> consumer) {
    consumer->watch_use(link_.strand(), [link = std::weak_ptr<LinkCore>(link_.self()), consumer = consumer.get()] {
        if (const auto self = link.lock()) self->was_unused(*consumer);
    });
    switch (protocol_.state()) {
        case LinkState::opening:
            waiting_.push_back(std::move(consumer));
            break;
        case LinkState::running:
            subscribe(std::move(consumer));
            break;
        case LinkState::draining:
        case LinkState::closed:
            if (!link_.is_one_of_several_) consumer->end();
            break;
    }
}

void LinkCore::Inside::subscribe(std::shared_ptr<Consumer> consumer) {
    const std::vector<WireType> types = consumer->types();
    std::vector<std::vector<Bytes>> keys;
    protocol::Subscribe subscribe{.mode = consumer->is_latest() ? protocol::Mode::latest : protocol::Mode::events,
                                  .replay = true,
                                  .by_key = consumer->is_by_key()};
    std::vector<std::size_t> max_payload;
    for (std::size_t i = 0; i < types.size(); ++i) {
        keys.push_back(consumer->keys(i));
        auto& type = subscribe.types.emplace_back();
        type.name = types[i].name;
        type.schema = types[i].schema;
        type.keys.assign(keys.back().begin(), keys.back().end());
        max_payload.push_back(types[i].max_size);
    }
    Reason refusal;
    if (const protocol::Alias alias = protocol_.subscribe(subscribe, std::move(max_payload), refusal); alias != 0) {
        consumed_.push_back({alias, std::move(consumer)});
    } else {
        consumer->end();
        tell_end(*consumer, refusal);
    }
}

LinkCore::Inside::ConsumedOne* LinkCore::Inside::consumed(protocol::Alias alias) {
    const auto found =
        std::find_if(consumed_.begin(), consumed_.end(), [&](const ConsumedOne& one) { return one.alias == alias; });
    return found != consumed_.end() ? &*found : nullptr;
}

void LinkCore::Inside::was_unused(const Consumer& consumer) {
    std::erase_if(waiting_, [&](const auto& one) { return one.get() == &consumer; });
    std::erase_if(consumed_, [&](const ConsumedOne& one) {
        if (one.consumer.get() != &consumer) return false;
        protocol_.unsubscribe(one.alias);
        one.consumer->end();
        return true;
    });
}

void LinkCore::Inside::opened(const protocol::Hello& remote) noexcept {
    count([&](LinkStat& stat) { stat.remote_epoch = remote.epoch; });
    try {
        const RemoteHello hello{.epoch = remote.epoch, .serves = remote.serves, .consumes = remote.consumes};
        if (const auto& on_opened = link_.options().on_opened) {
            if (const auto refusal = on_opened(hello)) return protocol_.close(*refusal, now());
        }
        for (auto& consumer : std::exchange(waiting_, {})) subscribe(std::move(consumer));
    } catch (...) {
        close_for(end_code::closed, std::current_exception());
    }
}

void LinkCore::Inside::event(const protocol::Event& event) noexcept {
    count([](LinkStat& stat) { ++stat.events_received; });
    try {
        if (ConsumedOne* const one = consumed(event.alias)) {
            const auto consumer = one->consumer;  // may leave meanwhile
            was_consumed(event.alias, consumer->event(event.type, {.missed = event.missed, .replayed = event.replayed},
                                                      event.payload));
        }
    } catch (...) {
        close_for(end_code::malformed_payload, std::current_exception());
    }
}

void LinkCore::Inside::state(const protocol::State& state) noexcept {
    count([](LinkStat& stat) { ++stat.states_received; });
    try {
        if (ConsumedOne* const one = consumed(state.alias)) {
            const auto consumer = one->consumer;
            was_consumed(state.alias, consumer->state(state.key, state.present, state.payload));
        }
    } catch (...) {
        close_for(end_code::malformed_payload, std::current_exception());
    }
}

void LinkCore::Inside::was_consumed(protocol::Alias alias, Consumed consumed) {
    if (consumed.exception) throw_outside(std::move(consumed.exception));
    if (consumed.error) {
        const ConsumedOne* const one = this->consumed(alias);
        protocol_.close({.code = end_code::malformed_payload,
                         .text = fmt::format("{}: {}, {}", one != nullptr ? names_of(*one->consumer) : "",
                                             consumed.error.message(), to_string(consumed.where))},
                        now());
    } else if (!consumed.is_wanted) {
        if (const ConsumedOne* const one = this->consumed(alias)) was_unused(*one->consumer);
    }
}

void LinkCore::Inside::ended(protocol::Alias alias, const Reason& reason) noexcept {
    ConsumedOne* const one = consumed(alias);
    if (one == nullptr) return;
    const auto consumer = std::move(one->consumer);
    consumed_.erase(consumed_.begin() + (one - consumed_.data()));
    if (link_.is_one_of_several_ && reason.code == end_code::closed) {
        consumer->interrupt();  // until the next link
    } else {
        consumer->end();
    }
    tell_end(*consumer, reason);
}

/// All of it goes.
void LinkCore::Inside::ended(const Reason&) noexcept {
    served_.clear();
    const auto waiting = std::exchange(waiting_, {});
    const auto consumed = std::exchange(consumed_, {});
    if (link_.is_one_of_several_) {
        for (const auto& one : consumed) one.consumer->interrupt();
        return;
    }
    for (const auto& consumer : waiting) consumer->end();
    for (const auto& one : consumed) one.consumer->end();
}

}  // namespace event::net::detail
