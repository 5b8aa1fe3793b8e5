# The warnings that this project's own targets are clean under.
function(eventbus_warnings target)
    target_compile_options(${target} PRIVATE
        -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
        -Woverloaded-virtual -Wdouble-promotion -Wformat=2 -Wundef -Wcast-qual -Wextra-semi -Wredundant-decls
        $<$<CXX_COMPILER_ID:GNU>:-Wcast-align=strict;-Wduplicated-cond;-Wduplicated-branches;-Wlogical-op;-Wuseless-cast>
        $<$<CXX_COMPILER_ID:Clang>:-Wcast-align;-Wnewline-eof>
        $<$<BOOL:${EVENTBUS_WERROR}>:-Werror>)
    if(CMAKE_UNITY_BUILD)
        # takes the .cpp files of a unit for headers
        target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
    endif()
    if(CMAKE_CXX_FLAGS MATCHES "-fsanitize")
        # GCC sees through an empty std::optional no longer where the sanitizers have been
        target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
    endif()
    if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=thread")
        # Asio's fences, which ThreadSanitizer does not model
        target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
    endif()
endfunction()
