#pragma once

#include <event/net/detail/peer_core.hpp>
#include <event/net/supervisor.hpp>

#include <functional>
#include <optional>
#include <utility>

namespace event::net::detail {

template <class T>
struct DialerIn {
    using type = T;
};
template <class T>
struct DialerIn<std::optional<T>> {
    using type = T;
};

template <class Dialer>
class DialedBy final : public DialedLink {
public:
    DialedBy(EventBus& bus, Dialer&& dialer, const SupervisorOptions& options)
        : supervisor_(bus, std::move(dialer), options) {}

    Remote& remote() noexcept override { return supervisor_; }
    void run(std::function<void()> ended) override {
        supervisor_.async_run([ended = std::move(ended)](const error_code&) { ended(); });
    }

private:
    Supervisor<Dialer> supervisor_;
};

}  // namespace event::net::detail
