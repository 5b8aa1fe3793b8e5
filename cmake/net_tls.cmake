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
add_library(event::net_tls ALIAS eventbus_net_tls)
set_target_properties(eventbus_net_tls PROPERTIES EXPORT_NAME net_tls CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
if(BUILD_SHARED_LIBS)
    set_target_properties(eventbus_net_tls PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION}
        CXX_VISIBILITY_PRESET default VISIBILITY_INLINES_HIDDEN OFF)
endif()
target_link_libraries(eventbus_net_tls PUBLIC eventbus_net OpenSSL::SSL OpenSSL::Crypto)
file(GLOB_RECURSE eventbus_net_tls_headers CONFIGURE_DEPENDS include/event/net/tls/*.hpp)
eventbus_header_sets(eventbus_net_tls ${eventbus_net_tls_headers})
if(PROJECT_IS_TOP_LEVEL)
    eventbus_warnings(eventbus_net_tls)
else()
    target_compile_options(eventbus_net_tls PRIVATE -w)
    set_target_properties(eventbus_net_tls PROPERTIES SYSTEM ON)
endif()
