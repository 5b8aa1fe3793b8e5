# `cmake/run package`: a .deb of the static library and the headers, in build/package. It asks for the packages whose
# Boost and fmt it was compiled with: another Boost would not link, nor would another fmt.
set(CPACK_GENERATOR DEB)
set(CPACK_DEBIAN_PACKAGE_NAME libeventbus-dev)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_PACKAGE_CONTACT "The maintainers of eventbus <maintainers@eventbus.invalid>")
set(CPACK_PACKAGE_VENDOR eventbus)
set(CPACK_STRIP_FILES OFF)

set(boost_package libboost${Boost_VERSION_MAJOR}.${Boost_VERSION_MINOR}-dev)
execute_process(COMMAND dpkg-query --search ${Boost_INCLUDE_DIRS}/boost/version.hpp
    OUTPUT_VARIABLE owner ERROR_QUIET RESULT_VARIABLE nobody)
if(nobody EQUAL 0 AND owner MATCHES "^([^:]+):")
    set(boost_package ${CMAKE_MATCH_1})
endif()
set(CPACK_DEBIAN_PACKAGE_DEPENDS "${boost_package}, \
libfmt-dev (>= ${fmt_VERSION_MAJOR}), libfmt-dev (<< ${eventbus_next_fmt})")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS libssl-dev)  # of the component net_tls alone
include(CPack)
