# event::net: a program of its own, which needs no bus.
eventbus_test_program(eventbus_net_tests
    net/bytes_test.cpp
    net/codec_test.cpp
    net/hostile_test.cpp
    net/json_test.cpp
    net/round_trip_test.cpp
    net/schema_test.cpp)
target_link_libraries(eventbus_net_tests PRIVATE event::net)
