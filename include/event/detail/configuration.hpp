#pragma once

#include <event/fwd.hpp>
#include <event/version.hpp>

#include <boost/asio/detail/config.hpp>
#include <boost/asio/detail/thread_info_base.hpp>  // for the size, which it defines where nobody has
#include <boost/asio/version.hpp>

#include <cstddef>

/// A program and the compiled library share objects whose layout depends on their version and on macros that each may
/// see otherwise. Such a program would link, and lose its events; instead it needs a function that this library does
/// not have.

namespace event::detail {

template <int version>
struct EventbusVersion;
template <int version>
struct AsioVersion;
template <int size>
struct AsioRecyclingAllocatorCacheSize;
struct AsioHandlerTracking;
struct AsioWithoutThreads;
struct AsioWithoutSmallBlockRecycling;
struct AsioWithoutEpoll;
struct AsioWithoutEventfd;
struct AsioWithoutTimerfd;
struct AsioWithIoUring;
struct AsioWithIoUringAsDefault;
struct Chaos;
struct DebugContainers;
struct OldStrings;

/// Whatever is not as usual. Fenced blocks and optimisation change no layout, and are not told.
template <class... Settings>
struct Configuration {};

// clang-format off
using ThisConfiguration = Configuration<
#if defined(BOOST_ASIO_ENABLE_HANDLER_TRACKING) || defined(BOOST_ASIO_CUSTOM_HANDLER_TRACKING)
    AsioHandlerTracking,
#endif
#if !defined(BOOST_ASIO_HAS_THREADS)
    AsioWithoutThreads,
#endif
#if defined(BOOST_ASIO_DISABLE_SMALL_BLOCK_RECYCLING)
    AsioWithoutSmallBlockRecycling,
#endif
#if defined(BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE)
    AsioRecyclingAllocatorCacheSize<BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE>,
#endif
#if !defined(BOOST_ASIO_HAS_EPOLL)
    AsioWithoutEpoll,
#endif
#if !defined(BOOST_ASIO_HAS_EVENTFD)
    AsioWithoutEventfd,
#endif
#if !defined(BOOST_ASIO_HAS_TIMERFD)
    AsioWithoutTimerfd,
#endif
#if defined(BOOST_ASIO_HAS_IO_URING)
    AsioWithIoUring,
#endif
#if defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
    AsioWithIoUringAsDefault,
#endif
#if defined(EVENTBUS_CHAOS)
    Chaos,
#endif
#if defined(_GLIBCXX_DEBUG)
    DebugContainers,
#endif
#if defined(_GLIBCXX_USE_CXX11_ABI) && !_GLIBCXX_USE_CXX11_ABI
    OldStrings,
#endif
    AsioVersion<BOOST_ASIO_VERSION>,
    EventbusVersion<EVENTBUS_VERSION>>;
// clang-format on

/// Does nothing. Defined for the configuration that the library was compiled with, and for no other.
void eventbus_was_compiled_with_the_configuration(ThisConfiguration) noexcept;

}  // namespace event::detail
