# Builds and runs the consumer against the installed package, with the sources as FetchContent has them, and with those
# in a subdirectory as a shared library in a project whose own code is hidden. Its warnings are such as these headers would not pass.
set(stage ${CMAKE_CURRENT_BINARY_DIR}/stage)
add_test(NAME Consumer.install COMMAND ${CMAKE_COMMAND} --install ${PROJECT_BINARY_DIR} --prefix ${stage})
set_tests_properties(Consumer.install PROPERTIES FIXTURES_SETUP staged)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(wild_warnings "-Weffc++ -Wpadded -Wtemplates -Wnamespaces")
else()
    set(wild_warnings "-Wpadded -Wweak-vtables")
endif()
separate_arguments(wild_warnings_apart UNIX_COMMAND "${wild_warnings}")

set(consumer_options --build-options -DEVENTBUS_SOURCE=${PROJECT_SOURCE_DIR} -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE}
    -DCMAKE_UNITY_BUILD=${CMAKE_UNITY_BUILD} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}
    -DCMAKE_UNITY_BUILD_BATCH_SIZE=${CMAKE_UNITY_BUILD_BATCH_SIZE} "-DCMAKE_CXX_FLAGS=${CMAKE_CXX_FLAGS}"
    "-DCMAKE_CXX_FLAGS_DEBUG=${CMAKE_CXX_FLAGS_DEBUG}" "-DWARNINGS=${wild_warnings}" -DCMAKE_PREFIX_PATH=${stage})
function(eventbus_consumer name mode)
    add_test(NAME Consumer.${name} COMMAND ${CMAKE_CTEST_COMMAND}
        --build-and-test ${CMAKE_CURRENT_SOURCE_DIR}/consumer ${CMAKE_CURRENT_BINARY_DIR}/consumer_${name}
        --build-generator ${CMAKE_GENERATOR} ${consumer_options} -DMODE=${mode} ${ARGN}
        --test-command consumer)
    set_tests_properties(Consumer.${name} PROPERTIES TIMEOUT 300 FIXTURES_REQUIRED staged)
endfunction()
eventbus_consumer(fetch fetch)
eventbus_consumer(shared subdirectory -DBUILD_SHARED_LIBS=ON
    -DCMAKE_CXX_VISIBILITY_PRESET=hidden -DCMAKE_VISIBILITY_INLINES_HIDDEN=ON)
eventbus_consumer(package package)
if(EVENTBUS_BUILD_NET)
    eventbus_consumer(net package -DCOMPONENTS=net)
endif()
if(TARGET event::net_tls)
    eventbus_consumer(net_tls package -DCOMPONENTS=net_tls)
endif()
eventbus_consumer(unknown_component package -DCOMPONENTS=swarm)
set_tests_properties(Consumer.unknown_component PROPERTIES
    PASS_REGULAR_EXPRESSION "eventbus ${PROJECT_VERSION} has no component 'swarm' here,[ \n]+only: bus")

add_test(NAME Consumer.the_warnings_are_wild
    COMMAND ${eventbus_compile_alone} ${wild_warnings_apart} -Werror -fsyntax-only ${CMAKE_CURRENT_SOURCE_DIR}/consumer/main.cpp
    COMMAND_EXPAND_LISTS)
set_tests_properties(Consumer.the_warnings_are_wild PROPERTIES PASS_REGULAR_EXPRESSION "include/event/.*error: ")

find_program(eventbus_pkg_config pkg-config)
mark_as_advanced(eventbus_pkg_config)
if(eventbus_pkg_config)
    add_test(NAME Consumer.pkg_config COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/consumer/with_pkg_config
        ${CMAKE_CURRENT_BINARY_DIR}/consumer_pkg_config ${CMAKE_CXX_COMPILER} ${eventbus_cxx_flags})
    set_tests_properties(Consumer.pkg_config PROPERTIES FIXTURES_REQUIRED staged
        ENVIRONMENT PKG_CONFIG_PATH=${stage}/${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
