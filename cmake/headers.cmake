# The headers that a target installs: those for everybody, each of which must compile alone, and what is inside them.
function(eventbus_header_sets target)
    set(headers ${ARGN})
    set(details ${ARGN})
    list(FILTER headers EXCLUDE REGEX "/detail/")
    list(FILTER details INCLUDE REGEX "/detail/")
    target_sources(${target} PUBLIC
        FILE_SET HEADERS BASE_DIRS include FILES ${headers}
        FILE_SET details TYPE HEADERS BASE_DIRS include FILES ${details})
    set_target_properties(${target} PROPERTIES INTERFACE_HEADER_SETS_TO_VERIFY HEADERS)
endfunction()
