#pragma once

/// What this library cannot do without. Every public header includes this before all else, so that who lacks something
/// reads one sentence, and not the errors that follow from it.

#if defined(_MSC_VER) || defined(_WIN32)
#define EVENTBUS_LACKS_SOMETHING
#error "event: this library is made for GCC and clang on Linux and POSIX; MSVC and Windows are not supported"
#elif __cplusplus < 202002L
#define EVENTBUS_LACKS_SOMETHING
#error "event: this library needs C++20: compile with -std=c++20, and with GCC 11, clang 15 or newer"
#elif !defined(__cpp_exceptions) || defined(BOOST_ASIO_NO_EXCEPTIONS) || defined(BOOST_NO_EXCEPTIONS)
#define EVENTBUS_LACKS_SOMETHING
#error "event: this library needs exceptions; do not turn them off"
#elif defined(BOOST_ASIO_USE_TS_EXECUTOR_AS_DEFAULT)
#define EVENTBUS_LACKS_SOMETHING
#error "event: this library needs the executors of Asio; do not define BOOST_ASIO_USE_TS_EXECUTOR_AS_DEFAULT"
#elif defined(BOOST_ASIO_DISABLE_CONCEPTS)
#define EVENTBUS_LACKS_SOMETHING
#error "event: this library needs the concepts of Asio; do not define BOOST_ASIO_DISABLE_CONCEPTS"
#elif !__has_include(<boost/version.hpp>)
#define EVENTBUS_LACKS_SOMETHING
#error "event: this library needs Boost 1.81 or newer; its headers were not found"
#else
#include <boost/version.hpp>

#include <version>

#if !defined(__cpp_concepts) || !defined(__cpp_lib_concepts)
#define EVENTBUS_LACKS_SOMETHING
#error "event: this library needs concepts, which this compiler or its library does not have; GCC 11 and clang 15 do"
#elif !defined(__cpp_lib_source_location)
#define EVENTBUS_LACKS_SOMETHING
#error "event: this library needs std::source_location, which this compiler does not have; GCC 11 and clang 15 do"
#elif BOOST_VERSION < 108100
#define EVENTBUS_LACKS_SOMETHING
#error "event: this library needs Boost 1.81 or newer; an older one was found first"
#endif
#endif

#if defined(EVENTBUS_LACKS_SOMETHING)
#include <event/what_is_missing_is_said_above>  // is not there, which ends the compiling
#endif
