#include "net/messages/session.hpp"

#include <event/net/reader.hpp>
#include <event/net/writer.hpp>

#include <algorithm>
#include <limits>

namespace event::net::messages {
namespace {

enum class Code : std::uint8_t { resume = 8, begin, ack, over, again };

constexpr std::uint64_t is_reliable_flag = 1;
constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t longest = 1 + 5 * 10;  // of the session's own payloads

void write(std::vector<std::byte>& payload, Code code, std::initializer_list<std::uint64_t> numbers) {
    Writer writer(payload);
    writer.write_byte(static_cast<std::byte>(code));
    for (const std::uint64_t number : numbers) writer.write_varint(number);
}

[[nodiscard]] constexpr bool has_id(Kind kind) noexcept { return kind != Kind::message; }
[[nodiscard]] constexpr bool has_type(Kind kind) noexcept { return kind <= Kind::answer; }

}  // namespace

// ---- the queue --------------------------------------------------------------------------------------------------

void Session::push(Priority priority, Outgoing&& message) {
    if (message.only_to == 0 || message.only_to == written_to_) return waiting_.push(priority, std::move(message));
    if (message.only_to == their_epoch_) later_.push(priority, std::move(message));
}

std::size_t Session::drop_oldest(Priority priority, std::size_t bytes) {
    const Lanes::Size go = waiting_.displaceable(priority);
    const std::size_t bytes_stay = queued_bytes() - go.bytes;
    if (queued() - go.count >= options_.max_messages || bytes_stay > options_.max_bytes ||
        bytes > options_.max_bytes - bytes_stay)
        return 0;
    std::size_t dropped = 0;
    for (; !has_room(bytes); ++dropped) waiting_.displace(priority);
    return dropped;
}

// ---- links ------------------------------------------------------------------------------------------------------

Session::Link* Session::find(LinkId id) noexcept {
    const auto found = std::ranges::find(links_, id, &Link::id);
    return found != links_.end() ? &*found : nullptr;
}

template <class May>
Session::Link* Session::best(May may) noexcept {
    Link* best = nullptr;
    for (Link& link : links_)
        if (may(link) && (best == nullptr || link.rank >= best->rank)) best = &link;
    return best;
}

void Session::attach(LinkId id, std::uint64_t rank) {
    links_.push_back({.id = id, .rank = rank});
    choose();
}

void Session::detach(LinkId id) {
    std::erase_if(links_, [&](const Link& link) { return link.id == id; });
    if (speaking_ == id) speaking_ = 0;
    if (listening_ == id) listening_ = 0;
    choose();
}

bool Session::is_over(LinkId id) const noexcept {
    const Link* const link = find(id);
    return link == nullptr || (link->is_over_here && link->is_over_there && !link->owes_over);
}

/// After whatever changes what there is to choose from.
void Session::choose() {
    // the other side stays on its link until it says that it is over, or the link is gone
    if (const Link* const now = find(listening_); now == nullptr || now->is_over_there)
        listen_to(best([](const Link& link) { return !link.is_over_there; }));
    speak_on(best([](const Link&) { return true; }));
}

void Session::listen_to(Link* link) noexcept {
    if (Link* const before = find(listening_)) before->owes_resume = false;
    listening_ = link != nullptr ? link->id : 0;
    has_begun_ = false;
    if (link != nullptr) link->owes_resume = true;
}

void Session::speak_on(const Link* wanted) noexcept {
    for (Link& link : links_) {
        if (link.is_over_here == (&link != wanted)) continue;
        link.is_over_here = !link.is_over_here;
        if (!link.is_over_here) {
            link.owes_again = true;
        } else if (link.owes_again) {
            link.owes_again = false;  // they have not heard of it
        } else {
            link.owes_over = true;
            link.owes_begin = false;
            link.may_be_spoken_on = false;
            ++link.turn_here;
            if (speaking_ == link.id) speaking_ = 0;
        }
    }
    if (wanted == nullptr || speaking_ == wanted->id || !wanted->may_be_spoken_on) return;
    speaking_ = wanted->id;
    find(speaking_)->owes_begin = true;
    again_ = 0;
}

bool Session::is_due(LinkId id) const noexcept {
    const Link* const link = find(id);
    if (link == nullptr) return false;
    if (link->owes_resume || link->owes_over || link->owes_again || link->owes_begin) return true;
    if (may_acknowledge(id)) return true;
    return id == speaking_ && may_write();
}

bool Session::next(LinkId id, std::vector<std::byte>& payload) {
    Link* const link = find(id);
    if (link == nullptr) return false;
    written_request_ = 0;
    payload.clear();
    payload.reserve(longest);  // what is owed is owed until it is written
    if (std::exchange(link->owes_resume, false)) {
        owes_ack_ = false;
        taken_ = 0;
        write(payload, Code::resume, {link->turn_there, options_.epoch, their_epoch_, last_, credit()});
        return true;
    }
    if (may_acknowledge(id)) {
        owes_ack_ = false;
        taken_ = 0;
        write(payload, Code::ack, {come_, credit()});
        return true;
    }
    if (std::exchange(link->owes_over, false)) {
        write(payload, Code::over, {});
        return true;
    }
    if (std::exchange(link->owes_again, false)) {
        write(payload, Code::again, {});
        return true;
    }
    if (std::exchange(link->owes_begin, false)) {
        write(payload, Code::begin,
              {options_.epoch, next_ - written_.size(), theirs(written_to_).since,
               options_.is_reliable ? is_reliable_flag : 0});
        return true;
    }
    if (id != speaking_ || !may_write()) return false;
    next_message(payload);
    return true;
}

// ---- messages to them -------------------------------------------------------------------------------------------

bool Session::may_write() const noexcept {
    if (again_ == written_.size()) return waiting_.has(writable());
    return has_credit(next_ - written_.size() + again_) || !written_[again_].takes_room();
}

void Session::next_message(std::vector<std::byte>& payload) {
    const auto write_out = [&](const Outgoing& message) {
        Writer writer(payload);
        writer.write_byte(static_cast<std::byte>(message.kind));
        if (has_type(message.kind)) writer.write_varint(message.type);
        if (has_id(message.kind)) writer.write_varint(message.id);
        if (message.body) writer.write_bytes(message.body->bytes);
    };
    if (again_ < written_.size()) {
        write_out(written_[again_]);
        ++again_;
        return;
    }
    if (options_.is_reliable) written_.make_room();  // what is taken out of one queue has its place in the other
    write_out(waiting_.next(writable()));
    Outgoing message = waiting_.pop(writable());
    if (message.kind == Kind::request) written_request_ = message.id;
    ++next_;
    if (options_.is_reliable) {
        written_bytes_ += message.size();
        written_.push(std::move(message));
        again_ = written_.size();
    }
}

void Session::acknowledge(std::uint64_t last) {
    const std::uint64_t first = next_ - written_.size();
    for (std::uint64_t number = first; number <= last; ++number) {
        written_bytes_ -= written_.pop().size();
        if (again_ != 0) --again_;
    }
}

void Session::forget_written() {
    unconfirmed_ += written_.size();
    while (!written_.empty()) written_bytes_ -= written_.pop().size();
    again_ = 0;
}

Received Session::has_resumed(Link& link, std::uint64_t own, std::uint64_t epoch, std::uint64_t last,
                              std::uint64_t credit) {
    const bool knows_this = epoch == options_.epoch;
    const bool is_asked = !link.may_be_spoken_on && !link.is_over_here && !link.owes_again;
    if (!is_asked || own == 0 || (link.of != 0 && link.of != own) || (knows_this && last >= next_))
        return Received::violation;
    if (own != their_epoch_ && their_epoch_ != 0) waiting_.hand_over(their_epoch_, later_);  // it may resume again
    later_.hand_over(own, waiting_);
    link.of = own;
    if (std::exchange(written_to_, own) != own) {
        forget_written();
        if (Theirs& of = theirs(own); of.since == 0) of.since = next_;
        waiting_.keep_only(own);
    } else if (knows_this && options_.is_reliable) {
        acknowledge(last);
    }
    const std::uint64_t before = next_ - written_.size() - 1;
    limit_ = before + std::min(credit, largest - before);
    link.may_be_spoken_on = true;
    choose();
    return Received::nothing;
}

Received Session::has_acknowledged(const Link& link, std::uint64_t last, std::uint64_t credit) {
    if (!options_.is_reliable || link.of == 0 || last >= next_) return Received::violation;
    if (link.of != written_to_) return Received::nothing;  // of their life before: its inbox is not this one's
    if (last >= next_ - written_.size() + again_) return Received::violation;  // not written since they resumed
    acknowledge(last);
    limit_ = std::max(limit_, last + std::min(credit, largest - last));
    return Received::nothing;
}

// ---- messages from them -----------------------------------------------------------------------------------------

Session::Theirs& Session::theirs(std::uint64_t epoch) noexcept {
    auto found = std::ranges::find(theirs_, epoch, &Theirs::epoch);
    if (found == theirs_.end()) {
        do --found;
        while (found->epoch != 0 && found->epoch == written_to_);
        *found = {.epoch = epoch};
    }
    std::rotate(theirs_.begin(), found, found + 1);
    return theirs_.front();
}

Received Session::has_begun(const Link& link, std::uint64_t epoch, std::uint64_t first, std::uint64_t since,
                            std::uint64_t flags) {
    if (link.id != listening_ || has_begun_ || epoch == 0 || since == 0 || first < since || flags > is_reliable_flag)
        return Received::violation;
    const bool is_reliable = flags == is_reliable_flag;
    const bool is_other = epoch != their_epoch_;
    const std::uint64_t known = is_other ? theirs(epoch).last : last_;
    // the Resume has told only the one that was known then what is here
    if (first <= known && !(is_other && is_reliable)) return Received::violation;
    if (is_other) {
        if (their_epoch_ != 0) theirs(their_epoch_).last = last_;
        their_epoch_ = epoch;
        later_.keep_only(epoch);
    }
    // of a reliable queue only what counts as unconfirmed there; of the other kind some went with the last link
    if (const std::uint64_t had = std::max(known, since - 1); first - 1 > had) miss(first - 1 - had);
    last_ = std::max(known, first - 1);
    come_ = first - 1;
    has_begun_ = true;
    is_their_queue_reliable_ = is_reliable;
    return Received::nothing;
}

void Session::miss(std::uint64_t count) noexcept { missed_ += std::min(count, largest - missed_); }

Received Session::take(const Link& link, Incoming& message) {
    if (link.id != listening_ || !has_begun_) return Received::violation;
    if (come_ < last_) {  // it is here, and they did not know
        ++come_;
        owes_ack_ = true;
        return Received::nothing;
    }
    const bool takes_room = messages::takes_room(message.kind);
    const bool is_full = takes_room && in_inbox_ >= options_.inbox;
    if (is_full && is_their_queue_reliable_) return Received::violation;
    if (last_ == largest) return Received::violation;
    come_ = ++last_;
    owes_ack_ = true;
    if (is_full) {
        if (message.kind == Kind::request) return Received::refused;
        miss(1);
        return Received::nothing;
    }
    if (takes_room) ++in_inbox_;
    if (message.kind == Kind::message) message.missed = std::exchange(missed_, 0);
    return Received::message;
}

void Session::took(std::size_t count) noexcept {
    in_inbox_ -= std::min(count, in_inbox_);
    taken_ += count;
    if (2 * taken_ >= options_.inbox) owes_ack_ = true;
}

Received Session::received(LinkId id, ByteView payload, Incoming& message) {
    Link* const link = find(id);
    if (link == nullptr) return Received::nothing;  // it has ended here
    Reader reader(payload);
    std::byte first{};
    if (reader.read_byte(first).failed()) return Received::violation;
    const auto code = std::to_integer<std::uint8_t>(first);
    const auto number = [&] {
        std::uint64_t read = 0;
        static_cast<void>(reader.read_varint(read));
        return read;
    };
    if (code <= static_cast<std::uint8_t>(Kind::failure)) {
        message.kind = static_cast<Kind>(code);
        message.type = has_type(message.kind) ? number() : 0;
        message.id = has_id(message.kind) ? number() : 0;
        if (reader.failed()) return Received::violation;
        static_cast<void>(reader.read_bytes(reader.left(), message.body));
        return take(*link, message);
    }
    std::array<std::uint64_t, 5> numbers{};
    std::size_t count = 0;
    while (reader.left() != 0 && count < numbers.size()) numbers[count++] = number();
    if (reader.failed() || reader.left() != 0) return Received::violation;
    const auto [a, b, c, d, e] = numbers;
    switch (static_cast<Code>(code)) {
        case Code::resume:
            if (count != 5 || a > link->turn_here) break;
            return a == link->turn_here ? has_resumed(*link, b, c, d, e)
                                        : Received::nothing;  // else it crossed an Over
        case Code::begin:
            if (count != 4) break;
            return has_begun(*link, a, b, c, d);
        case Code::ack:
            if (count != 2) break;
            return has_acknowledged(*link, a, b);
        case Code::over:
        case Code::again:
            if (count != 0 || link->is_over_there == (static_cast<Code>(code) == Code::over)) break;
            link->is_over_there = !link->is_over_there;
            if (link->is_over_there) ++link->turn_there;
            choose();
            return Received::nothing;
    }
    return Received::violation;
}

}  // namespace event::net::messages
