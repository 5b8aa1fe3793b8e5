# `cmake --install`, and `find_package(eventbus)` or `pkg-config eventbus` for who has installed it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Each part of the library is a component, and is there if its file of targets is.
set(eventbus_cmake_folder ${CMAKE_INSTALL_LIBDIR}/cmake/eventbus)
install(TARGETS eventbus EXPORT eventbus-bus-targets FILE_SET HEADERS FILE_SET details)
install(EXPORT eventbus-bus-targets NAMESPACE event:: DESTINATION ${eventbus_cmake_folder})
if(EVENTBUS_BUILD_NET)
    install(TARGETS eventbus_net EXPORT eventbus-net-targets FILE_SET HEADERS FILE_SET details)
    install(EXPORT eventbus-net-targets NAMESPACE event:: DESTINATION ${eventbus_cmake_folder})
endif()
if(TARGET eventbus_net_tls)
    install(TARGETS eventbus_net_tls EXPORT eventbus-net_tls-targets FILE_SET HEADERS FILE_SET details)
    install(EXPORT eventbus-net_tls-targets NAMESPACE event:: DESTINATION ${eventbus_cmake_folder})
endif()

configure_package_config_file(cmake/eventbus-config.cmake.in ${PROJECT_BINARY_DIR}/eventbus-config.cmake
    INSTALL_DESTINATION ${eventbus_cmake_folder} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/eventbus-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/eventbus-config.cmake ${PROJECT_BINARY_DIR}/eventbus-config-version.cmake
    DESTINATION ${eventbus_cmake_folder})

# from where it lies, so that what was installed may be moved
math(EXPR eventbus_next_fmt "${fmt_VERSION_MAJOR} + 1")
file(RELATIVE_PATH eventbus_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/eventbus.pc.in ${PROJECT_BINARY_DIR}/eventbus.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/eventbus.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
