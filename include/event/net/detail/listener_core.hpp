#pragma once

#include <event/net/detail/alarm.hpp>
#include <event/net/detail/link_core.hpp>
#include <event/net/detail/runnable.hpp>
#include <event/net/listener_options.hpp>
#include <event/net/remote.hpp>
#include <event/value.hpp>

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace event::net::detail {

/// A link that was accepted, for who says what it is served.
class AcceptedRemote final : public Remote {
public:
    AcceptedRemote(EventBus& bus, std::shared_ptr<Port> port) : Remote(bus, std::move(port)) {}
    AcceptedRemote(const AcceptedRemote&) = delete;
    AcceptedRemote& operator=(const AcceptedRemote&) = delete;
    ~AcceptedRemote() { leave_port(); }
};

/// The links of a listener, without its acceptor. On its strand, where nothing else is said.
class ListenerCore : public Runnable {
public:
    using Authorise = std::function<std::optional<Reason>(Remote&, const Peer&)>;

    ListenerCore(EventBus& bus, const boost::asio::any_io_executor& executor, ListenerOptions&& options,
                 Authorise&& authorise);

    // ---- any thread ------------------------------------------------------------------------------------------

    void close(Reason reason);
    /// The handle goes.
    void let_go() noexcept;
    [[nodiscard]] ValueView<std::size_t> links() const { return count_.view(); }
    [[nodiscard]] ListenerStat stat() const;

protected:
    /// Ends by calling `was_accepted` or `has_failed`, on the strand.
    virtual void accept() = 0;
    virtual void close_acceptor() noexcept = 0;
    void has_failed(const error_code& error);
    [[nodiscard]] const BusAccess& bus_access() const noexcept { return access_; }
    /// Whether there is room for one of that address.
    [[nodiscard]] bool admits(const std::string& address);
    using MakeLink = std::function<std::shared_ptr<LinkCore>(LinkOptions&&)>;
    void was_accepted(std::string address, const MakeLink& make);
    void go_on();

private:
    struct One {
        std::string address;
        std::shared_ptr<LinkCore> link;
        std::optional<AcceptedRemote> remote;
        bool is_open = false;
    };
    using Place = std::list<One>::iterator;

    void begin() override;
    void stop(const Reason& reason) override;
    [[nodiscard]] error_code result() const override { return {}; }
    void was_opened(const std::weak_ptr<LinkCore>& link, bool is_rejected);
    void was_ended(Place place);
    void finish_if_done();
    void tell();
    [[nodiscard]] std::shared_ptr<ListenerCore> self() {
        return std::static_pointer_cast<ListenerCore>(shared_from_this());
    }

    const ListenerOptions options_;
    const BusAccess access_;
    const Authorise authorise_;
    Value<std::size_t> count_;
    Alarm alarm_;
    std::list<One> links_;
    std::map<std::string, std::size_t> of_address_;
    std::size_t opening_ = 0;
    bool is_accepting_ = false;
    bool is_waiting_ = false;
    std::optional<Reason> stopping_;

    mutable std::mutex mutex_;
    ListenerStat stat_;  // guarded by mutex_
};

}  // namespace event::net::detail
