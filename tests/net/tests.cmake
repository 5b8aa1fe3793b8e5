# event::net, and event::net_tls: programs of their own.
set(eventbus_net_tests_files
    net/bytes_test.cpp
    net/codec_test.cpp
    net/corpus_test.cpp
    net/duplex_test.cpp
    net/frames_test.cpp
    net/fuzz/input.cpp
    net/fuzz/protocol_input.cpp
    net/fuzz/session_input.cpp
    net/go_libp2p_messenger_test.cpp
    net/hostile_link_test.cpp
    net/hostile_listener_test.cpp
    net/hostile_peer_test.cpp
    net/hostile_test.cpp
    net/json_test.cpp
    net/link_abuse_test.cpp
    net/link_batch_test.cpp
    net/link_buses_test.cpp
    net/link_callbacks_test.cpp
    net/link_end_test.cpp
    net/link_reports_test.cpp
    net/link_schedules_test.cpp
    net/link_streams_test.cpp
    net/link_test.cpp
    net/listener_test.cpp
    net/messenger_ends_test.cpp
    net/messenger_peers_test.cpp
    net/messenger_requests_test.cpp
    net/messenger_test.cpp
    net/protocol_batch_test.cpp
    net/protocol_end_test.cpp
    net/protocol_test.cpp
    net/reentrancy_test.cpp
    net/round_trip_test.cpp
    net/schedules_test.cpp
    net/schema_test.cpp
    net/session_hostile_test.cpp
    net/session_kinds_test.cpp
    net/session_test.cpp
    net/supervisor_test.cpp)
eventbus_choose_tests(eventbus_net_tests_files "codec_test|json_test|link_test|messenger_test|supervisor_test")
eventbus_test_program(eventbus_net_tests ${eventbus_net_tests_files})
target_link_libraries(eventbus_net_tests PRIVATE event::net)
target_include_directories(eventbus_net_tests PRIVATE ${PROJECT_SOURCE_DIR}/src)  # the machine that links are built on

if(EVENTBUS_TESTS STREQUAL "all")
    # Links between processes that are killed and stopped. ThreadSanitizer has nothing to find: of the one process that has
    # two threads, one waits for the other.
    add_executable(eventbus_net_process net/processes/process.cpp)
    add_executable(eventbus_net_messages_process net/processes/messages_process.cpp)
    foreach(process IN ITEMS eventbus_net_process eventbus_net_messages_process)
        target_link_libraries(${process} PRIVATE event::net fmt::fmt)
        target_include_directories(${process} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
        set_target_properties(${process} PROPERTIES CXX_EXTENSIONS OFF)
        eventbus_warnings(${process})
    endforeach()
    eventbus_test_program(eventbus_net_processes_tests
        net/namespaces/namespaces_test.cpp
        net/processes/messages_test.cpp
        net/processes/processes_test.cpp)
    target_link_libraries(eventbus_net_processes_tests PRIVATE event::net)
    target_compile_definitions(eventbus_net_processes_tests
        PRIVATE EVENTBUS_NET_PROCESS="$<TARGET_FILE:eventbus_net_process>"
                EVENTBUS_NET_MESSAGES_PROCESS="$<TARGET_FILE:eventbus_net_messages_process>")
    add_dependencies(eventbus_net_processes_tests eventbus_net_process eventbus_net_messages_process)
    if(TARGET event::net_tls)
        foreach(target IN ITEMS eventbus_net_process eventbus_net_processes_tests)
            target_link_libraries(${target} PRIVATE event::net_tls)
            target_compile_definitions(${target} PRIVATE EVENTBUS_HAS_TLS)
        endforeach()
    endif()
endif()

if(TARGET event::net_tls AND EVENTBUS_TESTS STREQUAL "all")  # it has one thread
    eventbus_test_program(eventbus_net_tls_tests net/tls_test.cpp)
    target_link_libraries(eventbus_net_tls_tests PRIVATE event::net_tls)
endif()

if(EVENTBUS_TESTS STREQUAL "all" AND NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
    # The sanitizers have another allocator.
    eventbus_test_program(eventbus_net_allocation_tests
        allocation.cpp
        net/link_many_test.cpp
        net/protocol_allocation_test.cpp
        net/session_allocation_test.cpp)
    target_link_libraries(eventbus_net_allocation_tests PRIVATE event::net)
    target_include_directories(eventbus_net_allocation_tests PRIVATE ${PROJECT_SOURCE_DIR}/src)
    target_link_options(eventbus_net_allocation_tests PRIVATE -Wl,--wrap=aligned_alloc)

    function(eventbus_net_refuses case sentence)
        eventbus_compile_fail(net_${case} "${sentence}" FILE net_cases.cpp)
    endfunction()
    eventbus_net_refuses(none "")
    foreach(case IN ITEMS pointer text_pointer json_of_a_pointer schema_of_a_pointer)
        eventbus_net_refuses(${case} "event: a pointer means nothing on another machine; send the value")
    endforeach()
    eventbus_net_refuses(unique_ptr "event: a smart pointer cannot be sent: .* send a value, a std::optional or")
    eventbus_net_refuses(shared_ptr "event: a smart pointer cannot be sent: .* send a value, a std::optional or")
    eventbus_net_refuses(string_view "event: a view owns nothing that could be read into; send a std::string")
    eventbus_net_refuses(span "event: a view owns nothing that could be read into; send a std::string or a std::vector")
    eventbus_net_refuses(steady_time "event: a time point of this clock means nothing on another machine; send")
    eventbus_net_refuses(open_enum "event: give this enum its underlying type \\(enum E : int\\)")
    eventbus_net_refuses(long_double "event: the size of this number is not the same on every machine")
    eventbus_net_refuses(wchar "event: the size of this number is not the same on every machine")
    eventbus_net_refuses(base "event: a type with a base cannot be taken apart: describe it")
    eventbus_net_refuses(hidden "event: this type is not an aggregate, .*: describe it with Boost.Describe, or specialise")
    eventbus_net_refuses(function "event: this type is not an aggregate, .*: describe it with Boost.Describe, or")
    eventbus_net_refuses(const_field "event: what is sent can be received: a field that is const or a reference")
    eventbus_net_refuses(reference "event: what is sent can be received: a field that is const or a reference")
    eventbus_net_refuses(volatile_field "event: a volatile field cannot be read into")
    eventbus_net_refuses(array "event: a C array cannot be told from as many fields: use std::array, describe the type")
    eventbus_net_refuses(array_in_a_list "event: a C array cannot be told from as many fields: use std::array, describe")
    eventbus_net_refuses(long_array "event: a type with more than 100 fields, each element of a C array counted, cannot")
    eventbus_net_refuses(many_fields "event: a type with more than 100 fields, .* cannot be taken apart: use std::array")
    eventbus_net_refuses(uncounted "event: the fields of this type cannot be counted: describe it with Boost.Describe")
    eventbus_net_refuses(no_default "event: what is received is made first and then read into: .* a default constructor")
    eventbus_net_refuses(one_name_twice "event: two types in this event have one name, .* another event_name")
    eventbus_net_refuses(called_like_a_kind "event: a type that is sent cannot be called like a kind of value")
    eventbus_net_refuses(key_that_may_grow "event: the key of a map, or the element of a set, cannot get further fields")
    eventbus_net_refuses(link_of_any_event "event: a link sends events of types that are named, not AnyEvent or")
    eventbus_net_refuses(message_of_another_type "event: a handler of messages returns nothing, or one of the messenger's")
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
        eventbus_net_refuses(question_that_is_awaited "event: GCC before 14 destroys this question twice where async_request")
    endif()
    eventbus_net_refuses(link_by_no_key "event: the projection of by_key can be called with none of the types that are")
endif()

if(EVENTBUS_FUZZ)
    add_library(eventbus_net_fuzz_input OBJECT net/fuzz/input.cpp net/fuzz/protocol_input.cpp net/fuzz/session_input.cpp)
    target_link_libraries(eventbus_net_fuzz_input PUBLIC event::net)
    target_include_directories(eventbus_net_fuzz_input PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/src)
    set_target_properties(eventbus_net_fuzz_input PROPERTIES CXX_EXTENSIONS OFF)
    eventbus_warnings(eventbus_net_fuzz_input)
    foreach(form IN ITEMS bytes json protocol schema session)
        set(target eventbus_net_${form}_fuzz)
        add_executable(${target} net/fuzz/${form}_fuzz.cpp)
        target_link_libraries(${target} PRIVATE eventbus_net_fuzz_input)
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
        set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
        eventbus_warnings(${target})
    endforeach()
endif()
