# What `cmake --install` lays down: the program, the public headers, the libraries, and a package
# that find_package(kvshim) finds.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/kvshim")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/kvshim-config.cmake.in"
                              "${PROJECT_BINARY_DIR}/kvshim-config.cmake"
                              INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/kvshim-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/kvshim-config.cmake"
              "${PROJECT_BINARY_DIR}/kvshim-config-version.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/FindMySQLClient.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/FindNghttp2.cmake"
        DESTINATION "${package_dir}")
install(EXPORT kvshim FILE kvshim-targets.cmake NAMESPACE kvshim:: DESTINATION "${package_dir}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/libkvshim/include/" DESTINATION
        "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")
