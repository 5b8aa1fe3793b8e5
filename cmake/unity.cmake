# How many files a unit has: what they share, such as the templates of Asio and the standard library, is compiled once
# for each. Of the tests, 16 cost an eighth less than twice 8, and take up to 6.3 GB under AddressSanitizer instead of 3.3;
# Ninja has one more of them at once than there are processors. With many processors more units are the faster.
cmake_host_system_information(RESULT processors QUERY NUMBER_OF_LOGICAL_CORES)
cmake_host_system_information(RESULT memory QUERY TOTAL_PHYSICAL_MEMORY)  # in MiB
math(EXPR needed "7168 * (${processors} + 1)")
set(batch 8)
if(processors LESS_EQUAL 4 AND memory GREATER_EQUAL needed)
    set(batch 16)
endif()
set(CMAKE_UNITY_BUILD_BATCH_SIZE ${batch} CACHE STRING "How many files a unit has")
