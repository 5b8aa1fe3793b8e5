# event::net_tls: links over TLS. Off where there is no OpenSSL.
find_package(OpenSSL 1.1.1 QUIET)
if(NOT OpenSSL_FOUND)
    message(STATUS "eventbus: event::net_tls is off: it needs OpenSSL 1.1.1 or newer (on Debian and Ubuntu: libssl-dev)")
    return()
endif()
add_library(eventbus_net_tls
    src/net/tls/context.cpp
    src/net/tls/dialer.cpp
    src/net/tls/verification.cpp)
eventbus_part(eventbus_net_tls net_tls)
target_link_libraries(eventbus_net_tls PUBLIC eventbus_net OpenSSL::SSL OpenSSL::Crypto)
file(GLOB_RECURSE eventbus_net_tls_headers CONFIGURE_DEPENDS include/event/net/tls/*.hpp)
eventbus_header_sets(eventbus_net_tls ${eventbus_net_tls_headers})
