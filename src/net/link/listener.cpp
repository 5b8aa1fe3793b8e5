#include <event/net/detail/listener_core.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <fmt/format.h>

namespace event::net::detail {
namespace {

/// What to wait after a failure to accept that the next attempt would meet as well: no descriptors are left.
constexpr std::chrono::milliseconds pause{100};

ListenerOptions with_checked_link(ListenerOptions&& options) {
    options.link = checked(std::move(options.link));
    return std::move(options);
}

}  // namespace

ListenerCore::ListenerCore(EventBus& bus, const boost::asio::any_io_executor& executor, ListenerOptions&& options,
                           Authorise&& authorise)
    : Runnable(executor),
      options_(with_checked_link(std::move(options))),
      access_(bus),
      authorise_(std::move(authorise)),
      count_(executor, 0),
      alarm_(strand(), options_.link.name) {}

void ListenerCore::close(Reason reason) {
    boost::asio::post(strand(), [self = self(), this, reason = std::move(reason)] { stop(reason); });
}

void ListenerCore::let_go() noexcept {
    access_.let_go();
    try {
        close({.code = end_code::closed, .text = "the listener was destroyed"});
    } catch (...) {  // no memory: its links go on until they end, without the bus
    }
}

ListenerStat ListenerCore::stat() const {
    const std::lock_guard guard(mutex_);
    return stat_;
}

void ListenerCore::tell() {
    {
        const std::lock_guard guard(mutex_);
        stat_.links = links_.size();
        stat_.opening = opening_;
    }
    static_cast<void>(count_.set_if_changed(links_.size()));
}

void ListenerCore::begin() { go_on(); }

void ListenerCore::go_on() {
    is_accepting_ = false;
    if (stopping_) return finish_if_done();
    is_accepting_ = true;
    accept();
}

void ListenerCore::has_failed(const error_code& error) {
    is_accepting_ = false;
    if (stopping_) return finish_if_done();
    {
        const std::lock_guard guard(mutex_);
        ++stat_.failures;
        stat_.last_error = error.message();
    }
    is_waiting_ = true;
    alarm_.wait(pause, [self = self(), this](bool) {
        is_waiting_ = false;
        go_on();
    });
}

bool ListenerCore::admits(const std::string& address) {
    const auto of_address = of_address_.find(address);
    const bool is_admitted = !stopping_ && links_.size() < options_.max_links && opening_ < options_.max_opening &&
                             (of_address == of_address_.end() || of_address->second < options_.max_links_of_address);
    const std::lock_guard guard(mutex_);
    ++(is_admitted ? stat_.accepted : stat_.turned_away);
    return is_admitted;
}

void ListenerCore::was_accepted(std::string address, const MakeLink& make) {
    const Place place = links_.emplace(links_.end());
    LinkOptions options = options_.link;
    options.on_opened = [weak = std::weak_ptr<ListenerCore>(self()), place, address,
                         on_opened = options.on_opened](const RemoteHello& hello) -> std::optional<Reason> {
        const auto listener = weak.lock();
        if (!listener) return Reason{.code = end_code::closed, .text = "the listener is gone"};
        std::optional<Reason> refusal = on_opened ? on_opened(hello) : std::nullopt;
        // the entry lives as long as its link has not ended; nobody else uses its remote
        if (!refusal)
            refusal = listener->authorise_(*place->remote,
                                           Peer{.address = address, .hello = hello, .certificate = hello.certificate});
        boost::asio::post(listener->strand(),
                          [listener, link = std::weak_ptr<LinkCore>(place->link), is_rejected = refusal.has_value()] {
                              listener->was_opened(link, is_rejected);
                          });
        return refusal;
    };
    try {
        place->address = std::move(address);
        place->link = make(std::move(options));
        if (!access_.use([&](EventBus& bus) { place->remote.emplace(bus, place->link); })) {
            links_.erase(place);  // the listener is gone
            return;
        }
        ++of_address_[place->address];
        ++opening_;
    } catch (...) {
        links_.erase(place);
        throw;
    }
    tell();
    const InitiateRun run(place->link);
    run(boost::asio::bind_executor(strand(), [self = self(), this, place](const error_code&) { was_ended(place); }));
}

void ListenerCore::was_opened(const std::weak_ptr<LinkCore>& link, bool is_rejected) {
    if (is_rejected) {
        const std::lock_guard guard(mutex_);
        ++stat_.rejected;
    }
    const auto opened = link.lock();
    for (One& one : links_) {
        if (one.link != opened || one.is_open) continue;
        one.is_open = true;
        --opening_;
    }
    tell();
}

void ListenerCore::was_ended(Place place) {
    if (!place->is_open) {
        --opening_;
        try {
            const LinkStat last = place->link->stat();
            if (last.reason && last.reason->code != end_code::closed) {
                const std::lock_guard guard(mutex_);
                ++stat_.failed_openings;
                stat_.last_error = fmt::format("{}: {}", place->address, to_string(*last.reason));
            }
        } catch (...) {  // no memory for the words; the link's place is free all the same
        }
    }
    if (const auto of_address = of_address_.find(place->address); --of_address->second == 0)
        of_address_.erase(of_address);
    links_.erase(place);
    tell();
    if (stopping_) finish_if_done();
}

void ListenerCore::stop(const Reason& reason) {
    if (stopping_ || has_finished()) return;
    stopping_ = reason;
    close_acceptor();
    if (is_waiting_) alarm_.cancel();
    for (One& one : links_) one.link->close(reason);
    finish_if_done();
}

void ListenerCore::finish_if_done() {
    if (is_accepting_ || is_waiting_ || !links_.empty() || has_finished()) return;
    alarm_.close();
    finish();
}

}  // namespace event::net::detail
