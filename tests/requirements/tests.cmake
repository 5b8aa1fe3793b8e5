# Who lacks what the library needs gets one sentence: from each public header when it comes first, and from CMake.
function(eventbus_refuses name sentence)
    add_test(NAME Refuses.${name} COMMAND ${ARGN} COMMAND_EXPAND_LISTS)
    # two: the sentence, and that the compiler ends there
    set_tests_properties(Refuses.${name} PROPERTIES
        PASS_REGULAR_EXPRESSION "${sentence}" FAIL_REGULAR_EXPRESSION "error:.*error:.*error:")
endfunction()
function(eventbus_header_refuses name header sentence)
    eventbus_refuses(${name} "error: [^\n]*event: ${sentence}" ${eventbus_compile_alone} ${ARGN} -fsyntax-only
        -DHEADER=<event/${header}> ${CMAKE_CURRENT_SOURCE_DIR}/requirements/refused.cpp)
endfunction()
set(old_boost -DBOOST_VERSION_HPP -DBOOST_VERSION=107400)
file(GLOB public_headers RELATIVE ${PROJECT_SOURCE_DIR}/include/event ${PROJECT_SOURCE_DIR}/include/event/*.hpp
    ${PROJECT_SOURCE_DIR}/include/event/net/*.hpp)
if(TARGET event::net_tls)
    file(GLOB tls_headers RELATIVE ${PROJECT_SOURCE_DIR}/include/event ${PROJECT_SOURCE_DIR}/include/event/net/tls/*.hpp)
    list(APPEND public_headers ${tls_headers})
endif()
list(REMOVE_ITEM public_headers version.hpp)  # which anybody may read
foreach(header IN LISTS public_headers)
    eventbus_header_refuses(OldBoostIn.${header} ${header} "this library needs Boost 1.81 or newer" ${old_boost})
endforeach()
eventbus_header_refuses(Cpp17 bus.hpp "this library needs C\\+\\+20" -std=c++17)
eventbus_header_refuses(Msvc bus.hpp "this library is made for GCC and clang" -D_MSC_VER=1939)
eventbus_header_refuses(NoExceptions bus.hpp "this library needs exceptions" -fno-exceptions)
eventbus_header_refuses(NoConcepts bus.hpp "this library needs concepts" -U__cpp_concepts)
eventbus_header_refuses(NoSourceLocation bus.hpp "this library needs std::source_location"
    -DWITHOUT_SOURCE_LOCATION)
eventbus_header_refuses(OldExecutors bus.hpp "this library needs the executors of Asio"
    -DBOOST_ASIO_USE_TS_EXECUTOR_AS_DEFAULT)
eventbus_header_refuses(AsioWithoutConcepts bus.hpp "this library needs the concepts of Asio"
    -DBOOST_ASIO_DISABLE_CONCEPTS)
eventbus_header_refuses(OldFmt bus.hpp "this library needs fmt 8 or newer"
    -DFMT_CORE_H_ -DFMT_BASE_H_ -DFMT_VERSION=70103)
find_program(eventbus_old_clang clang++-14)  # Debian 12's own
mark_as_advanced(eventbus_old_clang)
if(eventbus_old_clang)
    eventbus_refuses(Clang14 "event: this library needs std::source_location" ${eventbus_old_clang} -std=c++20
        -I${PROJECT_SOURCE_DIR}/include -fsyntax-only -DHEADER=<event/bus.hpp>
        ${CMAKE_CURRENT_SOURCE_DIR}/requirements/refused.cpp)
endif()

# and who lacks only what it can do without gets none: clang before 19 does not know the size of what is deleted
add_test(NAME Takes.NoSizedDeallocation COMMAND ${eventbus_compile_alone} -fno-sized-deallocation -fsyntax-only
    -DHEADER=<event/all.hpp> ${CMAKE_CURRENT_SOURCE_DIR}/requirements/refused.cpp COMMAND_EXPAND_LISTS)

function(eventbus_cmake_refuses name sentence)
    eventbus_refuses(Cmake${name} "${sentence}" ${CMAKE_COMMAND} ${ARGN} -P ${PROJECT_SOURCE_DIR}/cmake/requirements.cmake)
endfunction()
eventbus_cmake_refuses(Msvc "eventbus is made for GCC and clang on Linux" -DMSVC=1)
eventbus_cmake_refuses(OldGcc "eventbus needs GCC 11, clang 15 or newer.*is[ \n]+GNU[ \n]+10.2"
    -DCMAKE_CXX_COMPILER_ID=GNU -DCMAKE_CXX_COMPILER_VERSION=10.2)
eventbus_cmake_refuses(OldClang "eventbus needs GCC 11, clang 15 or newer.*is[ \n]+Clang[ \n]+14.0.6"
    -DCMAKE_CXX_COMPILER_ID=Clang -DCMAKE_CXX_COMPILER_VERSION=14.0.6)
eventbus_cmake_refuses(NoExceptions "eventbus needs exceptions" -DCMAKE_CXX_FLAGS=-fno-exceptions)
foreach(package IN ITEMS Boost fmt)
    eventbus_refuses(CmakeNo${package} "eventbus needs.* ${package} [0-9.]+ or newer" ${CMAKE_COMMAND}
        --fresh -G ${CMAKE_GENERATOR} -S ${PROJECT_SOURCE_DIR} -B ${CMAKE_CURRENT_BINARY_DIR}/without_${package}
        -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DCMAKE_DISABLE_FIND_PACKAGE_${package}=ON)
endforeach()
