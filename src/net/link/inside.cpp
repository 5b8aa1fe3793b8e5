#include "net/link/inside.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <fmt/format.h>

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

protocol::Options options_of(const LinkOptions& options, std::uint64_t epoch) {
    return {.epoch = epoch,
            .serves = options.serves,
            .consumes = options.consumes,
            .limits = options.limits,
            .times = options.times};
}

}  // namespace

LinkCore::Inside::Inside(LinkCore& link, const boost::asio::any_io_executor& executor)
    : link_(link),
      clock_(executor.context()),
      epoch_(link.options().epoch != 0 ? link.options().epoch : epoch_of_program()),
      protocol_(options_of(link.options(), epoch_), *this),
      state_(executor, LinkState::opening),
      alarm_(link.strand(), link.options().name) {}

void LinkCore::Inside::begin() {
    has_begun_ = true;
    protocol_.start(now());
    if (!link_.has_handshake_ || protocol_.state() == LinkState::closed) return;
    link_.shake_hands();
    is_shaking_hands_ = true;
}

void LinkCore::Inside::close(const Reason& reason) {
    if (has_begun_) return protocol_.close(reason, now());
    protocol_.close(reason, now());
    protocol_.lost({});
}

/// What follows from anything that has happened.
void LinkCore::Inside::go_on() {
    if (link_.has_finished()) return;
    try {
        write();
        if (is_usable() && has_begun_ && !is_reading_) {
            if (read_buffer_.empty()) read_buffer_.resize(least_read);
            link_.read(read_buffer_);
            is_reading_ = true;
        }
        arm();
    } catch (...) {
        protocol_.lost(what(std::current_exception()));
    }
    const LinkState state = protocol_.state();
    stat_.state = state;
    stat_.serving = served_.size();
    stat_.consuming = consumed_.size() + waiting_.size();
    stat_.held = protocol_.held() + read_buffer_.capacity() + payload_.capacity();
    publish();  // first: who is told of the state looks there
    if (state != told_) {
        try {
            state_.set(state);
            told_ = state;
        } catch (...) {  // no memory: it is told with the next one, or the view's end
        }
    }
    if (state == LinkState::closed) finish();
}

/// What the stream takes at once is one batch: then others have their turn.
void LinkCore::Inside::write() {
    for (bool may_be_at_once = true;; may_be_at_once = false) {
        pull();
        lose_what_cannot_be_written();
        if (!is_usable() || is_writing_ || write_failure_ || !protocol_.has_output()) return;
        const protocol::Moment moment = now();
        const auto output = protocol_.output(moment);
        error_code error;
        const std::size_t written = may_be_at_once ? link_.write_at_once(output, error) : 0;
        if (error) return was_written(error, 0);
        if (written == 0) {
            link_.write(output);
            is_writing_ = true;  // not where that throws: nothing would end it
            return;
        }
        stat_.bytes_sent += written;
        protocol_.written(written, moment);
    }
}

/// Without a way to say BYE there is nothing to wait for.
void LinkCore::Inside::lose_what_cannot_be_written() {
    const LinkState state = protocol_.state();
    if (write_failure_ && state != LinkState::opening) lose(*write_failure_);
    if (is_shaking_hands_ && state == LinkState::draining) protocol_.lost({});
}

bool LinkCore::Inside::go_on_later() noexcept {
    if (goes_on_later_) return true;
    try {
        boost::asio::post(link_.strand(), [self = link_.self(), this] {
            goes_on_later_ = false;
            go_on();
        });
        return goes_on_later_ = true;
    } catch (...) {
        return false;
    }
}

void LinkCore::Inside::finish() {
    if (!std::exchange(has_closed_stream_, true)) {
        link_.close_stream(protocol_.remote_reason() && !is_writing_ && !is_shaking_hands_);
        alarm_.close();
    }
    if (is_shaking_hands_ || is_reading_ || is_writing_ || armed_) return;  // it ends with them
    read_buffer_ = {};
    payload_ = {};
    stat_.held = 0;
    try {
        stat_.reason = protocol_.reason();
        stat_.remote_reason = protocol_.remote_reason();
        publish();
    } catch (...) {  // no memory for the words
    }
    link_.finish();
}

// ---- the stream -------------------------------------------------------------------------------------------------

void LinkCore::Inside::has_shaken_hands(const error_code& error) {
    is_shaking_hands_ = false;
    if (error) lose(link_.reason_of(error));
}

void LinkCore::Inside::was_read(const error_code& error, std::size_t bytes) {
    is_reading_ = false;
    stat_.bytes_received += bytes;
    if (bytes != 0) protocol_.received(ByteView(read_buffer_).first(bytes), now());
    if (error) return lose(link_.reason_of(error));
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
    stat_.bytes_sent += bytes;
    if (protocol_.state() != LinkState::closed) protocol_.written(bytes, now());
    if (!error) return;
    if (link_.has_handshake_ && is_reading_ && protocol_.state() == LinkState::opening) {
        // the other side may have refused the handshake, and closed: what it said of that lies there to be read
        write_failure_ = link_.reason_of(error);
    } else {
        lose(link_.reason_of(error));
    }
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
            if (has_passed) deadline_has_passed();
        });
    });
    armed_ = next;
}

void LinkCore::Inside::deadline_has_passed() {
    if (is_shaking_hands_ && protocol_.state() == LinkState::opening)
        return protocol_.lost("the handshake of the stream", end_code::handshake_timeout);
    if (write_failure_) return lose(*write_failure_);
    protocol_.tick(now());
}

// ---- what is consumed -------------------------------------------------------------------------------------------

void LinkCore::Inside::consume(std::shared_ptr<Consumer> consumer) {
    // weakly: another one may have its address by then
    consumer->watch_use(link_.strand(), [link = std::weak_ptr(link_.self()), consumer = std::weak_ptr(consumer)] {
        const auto self = link.lock();
        const auto unused = consumer.lock();
        if (self && unused) self->was_unused(*unused);
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
        consumed_.push_back({alias, consumer});
        consumer->subscribed();
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
    stat_.remote_epoch = remote.epoch;
    stat_.state = LinkState::running;
    try {
        publish();  // who is told that it is open looks there, maybe on another thread
        const RemoteHello hello{.epoch = remote.epoch,
                                .serves = remote.serves,
                                .consumes = remote.consumes,
                                .certificate = link_.certificate()};
        if (const auto& on_opened = link_.options().on_opened) {
            if (const auto refusal = on_opened(hello)) return protocol_.close(*refusal, now());
        }
        for (auto& consumer : std::exchange(waiting_, {})) subscribe(std::move(consumer));
    } catch (...) {
        close_for(end_code::closed, std::current_exception());
    }
}

/// An event, and those that have come with it.
class LinkCore::Inside::Arrived final : public Incoming {
public:
    Arrived(Inside& inside, const protocol::Event& first)
        : Incoming(first.type, {.missed = first.missed, .replayed = first.replayed}, first.payload),
          inside_(inside),
          event_(first) {}

private:
    bool advance() override {
        if (!inside_.protocol_.next_event(event_)) return false;
        ++inside_.stat_.events_received;
        payload = event_.payload;
        return true;
    }

    Inside& inside_;
    protocol::Event event_;
};

void LinkCore::Inside::event(const protocol::Event& event) noexcept {
    ++stat_.events_received;
    Consumed became;
    try {
        if (ConsumedOne* const one = consumed(event.alias)) {
            const auto consumer = one->consumer;  // may leave meanwhile
            Arrived arrived(*this, event);
            consumer->events(arrived, became);
            if (became.says_anything()) was_consumed(event.alias, std::move(became));
        }
    } catch (...) {
        if (became.exception) throw_outside(std::move(became.exception));  // of those before
        close_for(end_code::malformed_payload, std::current_exception());
    }
}

void LinkCore::Inside::state(const protocol::State& state) noexcept {
    ++stat_.states_received;
    try {
        if (ConsumedOne* const one = consumed(state.alias)) {
            const auto consumer = one->consumer;
            Consumed consumed;
            consumer->state(state.key, state.present, state.payload, consumed);
            if (consumed.says_anything()) was_consumed(state.alias, std::move(consumed));
        }
    } catch (...) {
        close_for(end_code::malformed_payload, std::current_exception());
    }
}

void LinkCore::Inside::was_consumed(protocol::Alias alias, Consumed&& consumed) {
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
