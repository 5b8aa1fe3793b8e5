# Builds and runs the consumer against the installed package and as a subdirectory, there also as a shared library in
# a project whose own code is hidden.
set(stage ${CMAKE_CURRENT_BINARY_DIR}/stage)
add_test(NAME Consumer.install COMMAND ${CMAKE_COMMAND} --install ${PROJECT_BINARY_DIR} --prefix ${stage})
set_tests_properties(Consumer.install PROPERTIES FIXTURES_SETUP staged)

function(eventbus_consumer name mode)
    add_test(NAME Consumer.${name} COMMAND ${CMAKE_CTEST_COMMAND}
        --build-and-test ${CMAKE_CURRENT_SOURCE_DIR}/consumer ${CMAKE_CURRENT_BINARY_DIR}/consumer_${name}
        --build-generator ${CMAKE_GENERATOR}
        --build-options -DMODE=${mode} -DEVENTBUS_SOURCE=${PROJECT_SOURCE_DIR} -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE}
            -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} "-DCMAKE_CXX_FLAGS=${CMAKE_CXX_FLAGS}" ${ARGN}
        --test-command consumer)
    set_tests_properties(Consumer.${name} PROPERTIES TIMEOUT 300)
endfunction()
eventbus_consumer(subdirectory subdirectory)
eventbus_consumer(shared subdirectory -DBUILD_SHARED_LIBS=ON
    -DCMAKE_CXX_VISIBILITY_PRESET=hidden -DCMAKE_VISIBILITY_INLINES_HIDDEN=ON)
eventbus_consumer(package package "-DCMAKE_PREFIX_PATH=${stage}")
set_tests_properties(Consumer.package PROPERTIES FIXTURES_REQUIRED staged)
