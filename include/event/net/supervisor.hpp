#pragma once

/// A link that is kept: dialed, and dialed again when it is lost.

#include <event/detail/requirements.hpp>

#include <event/bus.hpp>
#include <event/net/detail/runnable.hpp>
#include <event/net/detail/stream_supervisor.hpp>
#include <event/net/link_options.hpp>
#include <event/net/remote.hpp>
#include <event/net/supervisor_options.hpp>

#include <memory>
#include <utility>

namespace event::net {

/// Keeps a link to one address. What is subscribed to, imported, watched and mirrored by it, and what it serves,
/// outlives the links: each new link subscribes anew, and begins with what the other side retains then.
///
///     event::net::Supervisor supervisor(bus, event::net::TcpDialer(io, "relay.example", "4001"));
///     auto reports = supervisor.subscribe<Report>();
///     co_await supervisor.async_run(asio::use_awaitable);
///
/// What a lost link means. Of events: the first one that comes by the next link says that some were `missed()` before
/// it: one, since nobody knows how many. Of latest values (`watch`, `mirror`): there is none until the other side has
/// said what it is now. A subscription that the other side refuses, or kills, ends as by `Link`; one whose bus has
/// closed there waits for the next link.
///
/// It dials at once, after 100 ms, and after twice the time for each further attempt up to ten seconds, each with up to
/// 100 ms by chance (`SupervisorOptions`; as go-libp2p-pubsub backs off); anew from the beginning once a link has held
/// that long. It ends when it is closed, or when the other side gives a reason that says not to come back:
/// `is_final(reason)`.
///
/// `Dialer` has a `stream_type`, an executor (`get_executor()`), `async_dial(token)`, which completes with
/// `void(error_code, stream_type)`, and `cancel() noexcept`, which ends that: `TcpDialer`, `LocalDialer`, `TlsDialer`
/// (`tls/dialer.hpp`), or one's own, with a handshake of its own.
///
/// Throws what `Link` throws. Ownership: as `Link`. `state()` is `opening` while it dials and waits.
template <class Dialer>
class Supervisor : public Remote {
public:
    using dialer_type = Dialer;

    Supervisor(EventBus& bus, Dialer dialer, SupervisorOptions options = {})
        : Remote(bus, std::make_shared<detail::StreamSupervisor<Dialer>>(std::move(dialer), std::move(options),
                                                                         detail::BusAccess(bus))) {}

    /// Runs until it ends; once, as `Link::async_run`. Completion: `void(error_code)`: none if it was closed on this
    /// side, otherwise the `end_code` of the other side's final reason. Cancellation (all types) ends it in order;
    /// `operation_aborted`.
    template <class Token>
    auto async_run(Token&& token) {
        return event::detail::initiate<Token, void(error_code)>(detail::InitiateRun(port()), token);
    }

    [[nodiscard]] SupervisorStat stat() const { return static_cast<const detail::SupervisorCore&>(*port()).stat(); }
};

}  // namespace event::net
