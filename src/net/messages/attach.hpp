#pragma once

#include <event/net/detail/messenger_core.hpp>

#include <memory>

namespace event::net::messages {

/// What is said to and by that peer goes by the links of this port.
void attach(detail::Port& port, const std::shared_ptr<detail::MessengerCore>& messenger, const PeerId& peer, Dialed by,
            bool is_own);

}  // namespace event::net::messages
