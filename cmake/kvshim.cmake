# One call declares a folder: its library, its tests, its benchmarks. Sources are globbed, so a new
# file needs no edit here.

include(GNUInstallDirs)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")

find_program(KVSHIM_CCACHE ccache)
if(KVSHIM_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${KVSHIM_CCACHE}")
endif()
find_program(KVSHIM_MOLD mold)
if(KVSHIM_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wno-missing-field-initializers)
# The newest Boost of Debian 12 warns under C++20; its headers are not ours to mend.
add_compile_definitions(BOOST_ALLOW_DEPRECATED_HEADERS)

set(KVSHIM_SOURCE_ROOT "${PROJECT_SOURCE_DIR}/libkvshim/src")

# kvshim_library(<folder> DEPS <folders of this project...> LINK <outside targets...>)
# Declares libkvshim/src/<folder> as the target kvshim_<folder>. DEPS is the whole list of folders
# that its files may include from: the build refuses any other (cmake/check_includes.cmake).
function(kvshim_library name)
  cmake_parse_arguments(arg "" "" "DEPS;LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc *.h)
  file(GLOB compiled CONFIGURE_DEPENDS *.cc)
  string(REPLACE "/" "_" target "kvshim_${name}")
  set(own_dir "${KVSHIM_SOURCE_ROOT}/${name}")
  set(deps "")
  foreach(dep IN LISTS arg_DEPS)
    string(REPLACE "/" "_" dep_target "kvshim_${dep}")
    list(APPEND deps "${dep_target}")
  endforeach()
  if(compiled)
    add_library(${target} STATIC ${sources})
    target_include_directories(${target} PUBLIC "${KVSHIM_SOURCE_ROOT}"
                                                "${PROJECT_SOURCE_DIR}/libkvshim/include")
    target_link_libraries(${target} PUBLIC ${deps} ${arg_LINK} Threads::Threads)
    set(stamp "${CMAKE_CURRENT_BINARY_DIR}/${target}.includes")
    string(REPLACE ";" "," allowed "${name};${arg_DEPS}")
    add_custom_command(
      OUTPUT "${stamp}"
      COMMAND ${CMAKE_COMMAND} -DROOT=${KVSHIM_SOURCE_ROOT} -DFOLDER=${own_dir} -DALLOWED=${allowed}
              -DSTAMP=${stamp} -P "${PROJECT_SOURCE_DIR}/cmake/check_includes.cmake"
      DEPENDS ${sources} "${PROJECT_SOURCE_DIR}/cmake/check_includes.cmake"
      COMMENT "Checking the includes of ${name}"
      VERBATIM)
    add_custom_target(${target}_includes DEPENDS "${stamp}")
    add_dependencies(${target} ${target}_includes)
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE "${KVSHIM_SOURCE_ROOT}"
                                                   "${PROJECT_SOURCE_DIR}/libkvshim/include")
    target_link_libraries(${target} INTERFACE ${deps} ${arg_LINK})
  endif()
endfunction()

# kvshim_test(<folder> DEPS <folders...> LINK <outside targets...>)
# Builds every *_test.cc of the calling folder into one binary and registers each TEST with ctest.
function(kvshim_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "DEPS;LINK" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  include(GoogleTest)
  file(GLOB sources CONFIGURE_DEPENDS *.cc *.h)
  if(NOT sources)
    return()
  endif()
  string(REPLACE "/" "_" target "test_${name}")
  set(deps "")
  foreach(dep IN LISTS arg_DEPS)
    string(REPLACE "/" "_" dep_target "kvshim_${dep}")
    list(APPEND deps "${dep_target}")
  endforeach()
  add_executable(${target} ${sources})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/test")
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${target} PRIVATE ${deps} ${arg_LINK} GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${target} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT ${arg_TIMEOUT})
endfunction()
