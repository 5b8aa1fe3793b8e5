#pragma once

/// What can be done with the other side of a link, or of one link after the other.

#include <event/detail/requirements.hpp>

#include <event/bus.hpp>
#include <event/net/by_key.hpp>
#include <event/net/detail/consumer.hpp>
#include <event/net/detail/group.hpp>
#include <event/net/detail/link_core.hpp>
#include <event/net/detail/mirroring.hpp>
#include <event/net/link_options.hpp>
#include <event/net/reason.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <source_location>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace event::net {

namespace detail {
struct PortAccess;
}

/// What `Link` and `Supervisor` have in common, and what a listener's `authorise` is given: what this side serves, and
/// what it wants of the other one. Threads: every function from any thread at once; what they begin goes on on the
/// executor, a strand of the stream's. Moved from, it has no other side: `close` does nothing, and whatever else is
/// asked of it throws `std::logic_error`.
class Remote {
public:
    using executor_type = boost::asio::any_io_executor;

    Remote(const Remote&) = delete;
    Remote& operator=(const Remote&) = delete;

    /// The other side may subscribe to the events of these types, all or some of them together, in one order; and to
    /// the latest of each of them, which is retained from then on. By default to nothing. What came to this bus from
    /// elsewhere (`import`, `mirror`) is not served, unless `ServeOptions` say that it is forwarded, and never to the
    /// link that it came by. Throws `std::invalid_argument` for a policy `Wait`, a capacity of 0, and a type that does
    /// not fit into `LinkLimits::max_frame`. Of several calls with one type, the first counts that has all the types
    /// which a subscription asks for.
    template <class... Ts>
    void serve(ServeOptions options = {}) {
        serve<Ts...>(std::move(options), ByKey<RemovesNothing>{});  // which is no projection of any type
    }
    /// The same, also by key: `link.serve<Message>({}, by_key(&Message::room))`.
    template <class... Ts, class Projection, class Removes>
    void serve(ServeOptions options, ByKey<Projection, Removes> key) {
        constexpr bool has_key = (event::detail::projects<Projection, Ts> || ...);
        static_assert(has_key || std::is_same_v<Projection, RemovesNothing>,
                      "event: the projection of by_key can be called with none of the types that are served");
        check<Ts...>();
        if (options.capacity == 0) throw std::invalid_argument("event: Link::serve: its capacity must be at least 1");
        if (std::holds_alternative<Wait>(options.on_full))
            throw std::invalid_argument("event: Link::serve: nobody waits for the other side; choose another policy");
        using Group = detail::GroupOf<Projection, Removes, Ts...>;
        port()->serve(std::make_shared<Group>(std::move(options), std::move(key)));
    }

    /// A subscription to the other side's events of these types, in one common order, which is the other bus's;
    /// retained ones come first. With whatever `EventBus::subscribe` takes: options, refinements, handlers. Keys
    /// (`where_key`) travel, so that only those events do; everything else is asked here. It may be made before the
    /// link is open, and gets nothing until then. Where the other side refuses it (`LinkOptions::on_subscription_ended`
    /// says why), and when the link ends, it ends as one whose bus has closed. `missed()` is the sum of what was lost
    /// on the other side and here; `Wait` is as `Notify`, since the link waits for nobody. Completions run on the
    /// executor of the bus. Throws what `EventBus::subscribe` throws, and as `serve`.
    template <class... Ts>
    [[nodiscard]] Subscription<Ts...> subscribe(SubscriptionOptions options = {},
                                                std::source_location where = std::source_location::current()) {
        return subscribe_with<Ts...>(std::move(options), where);
    }
    template <class... Ts, event::detail::Given A>
    [[nodiscard]] Subscription<Ts...> subscribe(SubscriptionOptions options, A&& a,
                                                std::source_location where = std::source_location::current()) {
        return subscribe_with<Ts...>(std::move(options), where, std::forward<A>(a));
    }
    template <class... Ts, event::detail::Given A, event::detail::Given B>
    [[nodiscard]] Subscription<Ts...> subscribe(SubscriptionOptions options, A&& a, B&& b,
                                                std::source_location where = std::source_location::current()) {
        return subscribe_with<Ts...>(std::move(options), where, std::forward<A>(a), std::forward<B>(b));
    }
    template <class... Ts, event::detail::Given A>
    [[nodiscard]] Subscription<Ts...> subscribe(A&& a, std::source_location where = std::source_location::current()) {
        return subscribe_with<Ts...>({}, where, std::forward<A>(a));
    }
    template <class... Ts, event::detail::Given A, event::detail::Given B>
    [[nodiscard]] Subscription<Ts...> subscribe(A&& a, B&& b,
                                                std::source_location where = std::source_location::current()) {
        return subscribe_with<Ts...>({}, where, std::forward<A>(a), std::forward<B>(b));
    }

    /// The other side's events of these types are emitted on this bus, in its order and with its gaps (as
    /// `Emitter::relay`), by an emitter of this name. It ends with the link. A gap in types that are imported together
    /// is told to the subscribers of each, by its next event: who subscribed to several counts it once for each. Throws
    /// what `EventBus::emitter` throws, and as `serve`.
    template <class... Ts>
    void import(EmitterOptions options = {}) {
        check<Ts...>();
        auto importing = std::make_shared<detail::Importing<Ts...>>(
            *bus_, named(std::move(options)),
            std::shared_ptr<detail::EchoedGaps>(port()->echoes(), &port()->echoes()->gaps()));
        port()->echoes()->add(importing->id());
        port()->consume(std::move(importing));
    }

    /// The other side's latest value of the type, on its bus, whoever sets it. Empty until it has come, when it is
    /// forgotten there, and while it is one that came there from elsewhere and is not forwarded. Its watchers end with
    /// the link; the view keeps the last value. Each call subscribes anew, for as long as the link lives.
    template <class T>
    [[nodiscard]] ValueView<T> watch() {
        check<T>();
        auto watching = std::make_shared<detail::Watching<T>>(bus_->get_executor(), port()->options());
        ValueView<T> view = watching->view();
        port()->consume(std::move(watching));
        return view;
    }

    /// The other side's latest value of the type as this bus's: emitted here as a retained event, by an emitter of this
    /// name, forgotten here when it is forgotten there, and when the link ends (unless somebody here has set it since).
    /// A new link begins with what is there then, so that nothing here is older. Destroying the link waits for a value
    /// that is being emitted, with the callbacks that it calls. Throws as `import`.
    template <class T>
    void mirror(EmitterOptions options = {}) {
        options.retain = true;
        mirror_by<detail::Mirroring<T>>(bus_->emitter<T>(named(std::move(options))));
    }
    /// The same of each key, where the other side serves the type `by_key`, and both retain it:
    /// `link.mirror<Joined>({}, retain_by(&Joined::peer))`.
    template <class T, class Key, class Removes>
    void mirror(EmitterOptions options, const RetainBy<Key, Removes>& retained) {
        mirror_by<detail::MirroringKeys<T, Key>>(bus_->emitter<T>(named(std::move(options)), retained), retained.key);
    }

    /// Ends it: what is written already and the reason still go out, nothing more. Idempotent.
    void close(Reason reason = {}) {
        if (port_) port_->close(std::move(reason));
    }
    [[nodiscard]] ValueView<LinkState> state() const { return port()->state(); }
    [[nodiscard]] executor_type get_executor() const { return port()->strand(); }

protected:
    Remote(EventBus& bus, std::shared_ptr<detail::Port> port) : bus_(&bus), port_(std::move(port)) {}
    Remote(Remote&&) noexcept = default;
    Remote& operator=(Remote&& other) noexcept {
        if (this != &other) {
            if (port_) port_->let_go();
            port_ = std::move(other.port_);
            bus_ = other.bus_;
        }
        return *this;
    }
    ~Remote() {
        if (port_) port_->let_go();
    }

    [[nodiscard]] const std::shared_ptr<detail::Port>& port() const {
        if (!port_) throw std::logic_error("event: this link was moved from");
        return port_;
    }
    /// Somebody else ends it.
    void leave_port() noexcept { port_.reset(); }

private:
    [[nodiscard]] EmitterOptions named(EmitterOptions&& options) const {
        const std::string& own = port()->options().name;
        if (options.name.empty()) options.name = own;
        return std::move(options);
    }
    template <class Mirror, class T, class... Key>
    void mirror_by(Emitter<T>&& emitter, const Key&... key) {
        check<T>();
        auto mirroring = std::make_shared<Mirror>(port()->bus_access(), std::move(emitter), key...);
        port()->echoes()->add(mirroring->id());
        port()->bus_access().add(mirroring);
        port()->consume(std::move(mirroring));
    }
    template <class... Ts>
    void check() const {
        constexpr bool has_erased = (event::detail::is_erased<Ts> || ...);
        static_assert(!has_erased, "event: a link sends events of types that are named, not AnyEvent or Implements");
        if constexpr (!has_erased) {
            static_assert(event::detail::check_event_types<Ts...>());
            (detail::check_fits(detail::wire_type<Ts>(), port()->options().limits.max_frame), ...);
        }
    }
    template <class... Ts, class... Given>
    [[nodiscard]] Subscription<Ts...> subscribe_with(SubscriptionOptions&& options, std::source_location where,
                                                     Given&&... given) {
        check<Ts...>();
        auto subscribing = std::make_shared<detail::Subscribing<Ts...>>(bus_->get_executor(), port()->options());
        auto subscription = subscribing->subscribe(std::move(options), where, std::forward<Given>(given)...);
        port()->consume(std::move(subscribing));
        return subscription;
    }

    friend detail::PortAccess;

    EventBus* bus_;
    std::shared_ptr<detail::Port> port_;
};

/// For what goes by a link beside events.
struct detail::PortAccess {
    [[nodiscard]] static const std::shared_ptr<Port>& port(const Remote& remote) { return remote.port(); }
};

}  // namespace event::net
