# Builds and runs the consumer against the installed package and as a subdirectory.
set(stage ${CMAKE_CURRENT_BINARY_DIR}/stage)
add_test(NAME Consumer.install COMMAND ${CMAKE_COMMAND} --install ${PROJECT_BINARY_DIR} --prefix ${stage})
set_tests_properties(Consumer.install PROPERTIES FIXTURES_SETUP staged)

function(eventbus_consumer mode)
    add_test(NAME Consumer.${mode} COMMAND ${CMAKE_CTEST_COMMAND}
        --build-and-test ${CMAKE_CURRENT_SOURCE_DIR}/consumer ${CMAKE_CURRENT_BINARY_DIR}/consumer_${mode}
        --build-generator ${CMAKE_GENERATOR}
        --build-options -DMODE=${mode} -DEVENTBUS_SOURCE=${PROJECT_SOURCE_DIR} -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE}
            -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} ${ARGN}
        --test-command consumer)
    set_tests_properties(Consumer.${mode} PROPERTIES TIMEOUT 300)
endfunction()
eventbus_consumer(subdirectory)
eventbus_consumer(package "-DCMAKE_PREFIX_PATH=${stage}")
set_tests_properties(Consumer.package PROPERTIES FIXTURES_REQUIRED staged)
