#include <event/net/tls/dialer.hpp>

#include <stdexcept>
#include <utility>

namespace event::net {

TlsDialer::TlsDialer(const executor_type& executor, TlsContext context, const std::string& host, std::string service,
                     TlsDialerOptions options)
    : dialer_(executor, host, std::move(service)),
      context_(std::move(context)),
      expected_{.name = options.expected_name.empty() ? host : std::move(options.expected_name),
                .fingerprints = std::move(options.fingerprints)} {
    if (expected_.name.empty()) throw std::invalid_argument("event: a TlsDialer needs a host or an expected name");
    static_cast<void>(stream_type::as_client(TcpDialer::stream_type(executor), context_, expected_));  // or it throws
}

}  // namespace event::net
