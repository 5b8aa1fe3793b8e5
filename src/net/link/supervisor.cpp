#include <event/net/detail/supervisor_core.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>

namespace event::net {

bool is_final(const Reason& reason) noexcept {
    return reason.code == end_code::rejected || reason.code == end_code::version || reason.code == end_code::not_a_link;
}

}  // namespace event::net

namespace event::net::detail {

SupervisorCore::SupervisorCore(const boost::asio::any_io_executor& executor, SupervisorOptions&& options,
                               BusAccess access)
    : Port(executor, options.link, std::move(access), std::make_shared<Echoes>()),
      options_(std::move(options)),
      clock_(executor.context()),
      state_(executor, LinkState::opening),
      alarm_(strand(), options_.link.name),
      random_(options_.seed != 0 ? options_.seed : std::random_device()()) {}

void SupervisorCore::serve(std::shared_ptr<const Group> group) {
    boost::asio::dispatch(strand(), [self = self(), this, group = std::move(group)] {
        groups_.push_back(group);
        if (link_) link_->serve(group);
    });
}

void SupervisorCore::consume(std::shared_ptr<Consumer> consumer) {
    boost::asio::post(strand(), [self = self(), this, consumer = std::move(consumer)] {
        if (has_finished()) return consumer->end();
        std::erase_if(consumers_, [](const auto& one) { return one->has_ended(); });
        consumers_.push_back(consumer);
        if (link_) link_->consume(consumer);
    });
}

SupervisorStat SupervisorCore::stat() const {
    SupervisorStat stat;
    std::shared_ptr<const LinkCore> link;
    {
        const std::lock_guard guard(mutex_);
        stat = stat_;
        link = observed_;
    }
    if (link) stat.link = link->stat();
    return stat;
}

void SupervisorCore::begin() { attempt(); }

void SupervisorCore::attempt() {
    is_dialing_ = true;
    count([](SupervisorStat& stat) { ++stat.dials; });
    alarm_.wait(options_.dial_timeout, [self = self(), this](bool has_passed) {
        is_waiting_ = false;
        if (is_dialing_ && has_passed) return cancel_dial();
        if (!is_dialing_) connect();
    });
    is_waiting_ = true;
    try {
        dial();
    } catch (...) {  // no memory to begin with
        was_dialed(make_error_code(boost::system::errc::not_enough_memory));
    }
}

/// Goes on when the alarm is over, too.
void SupervisorCore::was_dialed(const error_code& error) {
    is_dialing_ = false;
    if (error) {
        count([&](SupervisorStat& stat) {
            ++stat.failed_dials;
            stat.last_error = error.message();
        });
    }
    has_dialed_ = !error;
    if (is_waiting_) {
        alarm_.cancel();
    } else {
        connect();
    }
}

void SupervisorCore::connect() {
    if (is_stopping_) return end();
    if (!std::exchange(has_dialed_, false)) return back_off();
    LinkOptions options = options_.link;
    options.on_opened = [weak = std::weak_ptr<SupervisorCore>(self()),
                         on_opened = options.on_opened](const RemoteHello& hello) -> std::optional<Reason> {
        if (const auto self = weak.lock()) boost::asio::post(self->strand(), [self] { self->was_opened(); });
        return on_opened ? on_opened(hello) : std::nullopt;
    };
    link_ = make_link(std::move(options));
    count([&](SupervisorStat&) { observed_ = link_; });
    for (const auto& group : groups_) link_->serve(group);
    std::erase_if(consumers_, [](const auto& one) { return one->has_ended(); });
    for (const auto& consumer : consumers_) link_->consume(consumer);
    const InitiateRun run(link_);
    run(boost::asio::bind_executor(strand(), [self = self(), this](const error_code&) { was_ended(); }));
}

void SupervisorCore::was_opened() {
    if (!link_ || has_finished()) return;
    was_opened_ = true;
    opened_at_ = clock_.now();
    count([](SupervisorStat& stat) { ++stat.links; });
    state_.set(LinkState::running);
}

void SupervisorCore::was_ended() {
    const LinkStat last = link_->stat();
    link_.reset();
    const bool was_open = std::exchange(was_opened_, false);
    count([&](SupervisorStat& stat) {
        stat.last_reason = last.reason;
        if (!was_open && last.reason && last.reason->code != end_code::closed)
            stat.last_error = to_string(*last.reason);
    });
    if (was_open && clock_.now() - opened_at_ >= options_.longest_backoff) attempts_ = 0;
    if (last.reason && last.reason->by == Side::remote && options_.is_final && options_.is_final(*last.reason))
        final_ = last.reason;
    if (is_stopping_ || final_) return end();
    back_off();
}

void SupervisorCore::back_off() {
    state_.set(LinkState::opening);
    is_waiting_ = true;
    alarm_.wait(next_backoff(), [self = self(), this](bool) {
        is_waiting_ = false;
        is_stopping_ ? end() : attempt();
    });
}

std::chrono::steady_clock::duration SupervisorCore::next_backoff() {
    const std::uint32_t attempt = attempts_++;
    if (attempt == 0) return {};
    auto backoff = std::chrono::duration_cast<std::chrono::steady_clock::duration>(options_.first_backoff);
    for (std::uint32_t i = 1; i < attempt && backoff < options_.longest_backoff; ++i) backoff *= 2;
    backoff = std::min<std::chrono::steady_clock::duration>(backoff, options_.longest_backoff);
    const auto most = std::max<std::int64_t>(options_.jitter.count(), 0);
    return backoff + std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(0, most)(random_));
}

void SupervisorCore::stop(const Reason& reason) {
    if (has_finished() || std::exchange(is_stopping_, true)) return;
    if (link_) return link_->close(reason);
    if (is_dialing_) return cancel_dial();
    if (is_waiting_) return alarm_.cancel();
    end();
}

void SupervisorCore::end() {
    alarm_.close();
    for (const auto& consumer : std::exchange(consumers_, {})) consumer->end();
    groups_.clear();
    state_.set(LinkState::closed);
    finish();
}

error_code SupervisorCore::result() const { return final_ ? make_error_code(final_->code) : error_code(); }

}  // namespace event::net::detail
