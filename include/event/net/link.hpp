#pragma once

/// A bus over a byte stream: what one side serves, the other subscribes to, and gets as if it were local.

#include <event/detail/requirements.hpp>

#include <event/bus.hpp>
#include <event/net/detail/runnable.hpp>
#include <event/net/detail/stream_link.hpp>
#include <event/net/link_options.hpp>
#include <event/net/remote.hpp>

#include <memory>
#include <utility>

namespace event::net {

/// One stream between two buses. Either side, or both, serves types, and either subscribes to what the other one
/// serves.
///
///     event::net::Link link(bus, std::move(socket));
///     link.serve<Joined, Left>();                          // the other side may subscribe to these
///     auto reports = link.subscribe<Report>();             // the other side's, received as any subscription
///     link.import<Alarm>();                                // the other side's, emitted on this bus
///     co_await link.async_run(asio::use_awaitable);        // until the end
///
/// The guarantees. Events come at most once, in the other bus's order, and every one that was lost on the way is
/// counted in the next one's `missed()`. A latest value is the newest when it is written, never an older one after a
/// newer one, and gone when it is forgotten there. What comes by a link ends with it: there is no state that outlives
/// the stream, and a new stream begins anew. The other side is trusted with nothing: what it sends can make this side
/// neither wait nor throw, nor hold more than `LinkLimits` say, and it gets what is served and nothing else.
///
/// `Stream` is any AsyncReadStream and AsyncWriteStream of Asio's: a TCP or unix socket, an `ssl::stream` or a
/// WebSocket after their handshakes, a `TlsStream` before it, a pipe of two. Both sides' types must look the same
/// (`schema.hpp`); what differs is refused with a sentence, for that subscription only.
///
/// Ownership: move-only. The bus outlives it, and so does the stream's execution context. Destroying it ends it as
/// `close` does; what it made here has an end then (subscriptions receive what they have queued). Threads: every
/// function from any thread at once; what they begin goes on on the link's executor, a strand of the stream's.
/// Subscriptions may be made before it runs, and while it does.
template <class Stream>
class Link : public Remote {
public:
    using stream_type = Stream;

    /// Throws `std::invalid_argument` for limits that no link can work with (`link_limits.hpp`).
    Link(EventBus& bus, Stream stream, LinkOptions options = {})
        : Remote(bus, std::make_shared<detail::StreamLink<Stream>>(std::move(stream), std::move(options),
                                                                   detail::BusAccess(bus))) {}

    /// Says HELLO, and runs the link until it ends; once. When it completes, the stream is closed, and so is everything
    /// that came by it. Completion: `void(error_code)`: none if either side closed it in order, otherwise an
    /// `end_code`; `stat()` says it in words. Cancellation (all types) ends it in order, within
    /// `LinkTimes::close_timeout`, and then it is `operation_aborted`. `boost::asio::error::already_started` where it
    /// was begun before. It completes on the handler's executor, by default the link's strand, and never inside this
    /// call.
    template <class Token>
    auto async_run(Token&& token) {
        return event::detail::initiate<Token, void(error_code)>(detail::InitiateRun(port()), token);
    }

    [[nodiscard]] LinkStat stat() const { return static_cast<const detail::LinkCore&>(*port()).stat(); }
};

}  // namespace event::net
