# What the library cannot do without: one sentence for each, before anything is compiled. The headers say the same to
# whoever has not come this way (include/event/detail/requirements.hpp).
if(MSVC OR WIN32)
    message(FATAL_ERROR "eventbus is made for GCC and clang on Linux and POSIX; MSVC and Windows are not supported.")
endif()
set(oldest_GNU 11)
set(oldest_Clang 15)
if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS "${oldest_${CMAKE_CXX_COMPILER_ID}}")
    message(FATAL_ERROR "eventbus needs GCC 11, clang 15 or newer, for C++20 with concepts and std::source_location: "
        "${CMAKE_CXX_COMPILER} is ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}.")
endif()
if(CMAKE_CXX_FLAGS MATCHES "-fno-exceptions")
    message(FATAL_ERROR "eventbus needs exceptions: take -fno-exceptions out of CMAKE_CXX_FLAGS.")
endif()

find_package(Boost 1.81 QUIET)
if(NOT Boost_FOUND)
    set(found "")
    if(Boost_VERSION_STRING)
        set(found ", and found is ${Boost_VERSION_STRING}")
    endif()
    message(FATAL_ERROR "eventbus needs the headers of Boost 1.81 or newer${found}: `cmake/run` installs them on Debian "
        "and Ubuntu, and CMAKE_PREFIX_PATH says where others are.")
endif()
find_package(fmt 8 QUIET)
if(NOT fmt_FOUND)
    message(FATAL_ERROR "eventbus needs fmt 8 or newer: `cmake/run` installs it on Debian and Ubuntu, and "
        "CMAKE_PREFIX_PATH says where another is.")
endif()
find_package(Threads REQUIRED)
