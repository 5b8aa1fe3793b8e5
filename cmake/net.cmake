# event::net, on the public headers of the core alone.
add_library(eventbus_net
    src/net/error.cpp
    src/net/json.cpp
    src/net/json_document.cpp
    src/net/json_source.cpp
    src/net/link/dialer.cpp
    src/net/link/inside.cpp
    src/net/link/link_core.cpp
    src/net/link/listener.cpp
    src/net/link/outside.cpp
    src/net/link/runnable.cpp
    src/net/link/served.cpp
    src/net/link/supervisor.cpp
    src/net/messages/attach.cpp
    src/net/messages/lanes.cpp
    src/net/messages/messenger.cpp
    src/net/messages/peer.cpp
    src/net/messages/peer_requests.cpp
    src/net/messages/session.cpp
    src/net/protocol/inbox.cpp
    src/net/protocol/outbox.cpp
    src/net/protocol/protocol.cpp
    src/net/protocol/read_frames.cpp
    src/net/protocol/receiving.cpp
    src/net/protocol/state_lane.cpp
    src/net/protocol/write_frames.cpp
    src/net/reader.cpp
    src/net/reason.cpp
    src/net/schema.cpp
    src/net/writer.cpp)
eventbus_part(eventbus_net net)
set_source_files_properties(src/net/json_source.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON COMPILE_OPTIONS -w)
target_include_directories(eventbus_net PRIVATE src)
target_link_libraries(eventbus_net PUBLIC eventbus)
file(GLOB_RECURSE eventbus_net_headers CONFIGURE_DEPENDS include/event/net/*.hpp)
list(FILTER eventbus_net_headers EXCLUDE REGEX "/include/event/net/tls/")  # a part of its own
eventbus_header_sets(eventbus_net ${eventbus_net_headers})
