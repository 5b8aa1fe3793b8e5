# `cmake --install`, and `find_package(eventbus)` for who has installed it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS eventbus EXPORT eventbus-targets FILE_SET HEADERS)
install(EXPORT eventbus-targets NAMESPACE event:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/eventbus)

configure_package_config_file(cmake/eventbus-config.cmake.in ${PROJECT_BINARY_DIR}/eventbus-config.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/eventbus)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/eventbus-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/eventbus-config.cmake ${PROJECT_BINARY_DIR}/eventbus-config-version.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/eventbus)
