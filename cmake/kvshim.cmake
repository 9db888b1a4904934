# One call declares a folder: its library, its tests, its benchmarks. Sources are globbed, so a new
# file needs no edit here.

include(GNUInstallDirs)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")

# ccache takes precompiled headers only when told that their macros and times may differ, and serves
# another checkout of the same sources only when told that folders' names do not count.
find_program(KVSHIM_CCACHE ccache)
if(KVSHIM_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_MAXSIZE=10G
      CCACHE_NOHASHDIR=1
      "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
      "${KVSHIM_CCACHE}")
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()
find_program(KVSHIM_MOLD mold)
if(KVSHIM_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# -pthread everywhere, as some of the libraries ask for it: precompiled headers want equal flags.
add_compile_options(-pthread -Wall -Wextra -Wno-missing-field-initializers)
# The newest Boost of Debian 12 warns under C++20; its headers are not ours to mend.
add_compile_definitions(BOOST_ALLOW_DEPRECATED_HEADERS)

# What to look for at run time: "address,undefined" or "thread" (see tests/sanitizer).
set(KVSHIM_SANITIZE "" CACHE STRING "Sanitizers to build with")
option(KVSHIM_FUZZ "Build the fuzzers with libFuzzer instead of the corpus replay (clang only)" OFF)
if(KVSHIM_SANITIZE)
  add_compile_options(-fsanitize=${KVSHIM_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${KVSHIM_SANITIZE})
endif()
if(KVSHIM_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

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
    set(scope PUBLIC)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${target} ${scope}
                             "$<BUILD_INTERFACE:${KVSHIM_SOURCE_ROOT}>"
                             "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/libkvshim/include>"
                             "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(${target} ${scope} ${deps} ${arg_LINK} Threads::Threads)
  install(TARGETS ${target} EXPORT kvshim ARCHIVE)
  kvshim_check_includes(${target} "${own_dir}" ALLOWED "${name};${arg_DEPS}")
endfunction()

# kvshim_check_includes(<target> <folder> ALLOWED <folders> [PUBLIC])
# Has check_includes.cmake look at the folder's files before <target> is built, and whenever one of
# them changes. The target "includes" checks them all.
function(kvshim_check_includes target folder)
  cmake_parse_arguments(arg "PUBLIC" "" "ALLOWED" ${ARGN})
  file(GLOB files CONFIGURE_DEPENDS "${folder}/*.cc" "${folder}/*.h")
  set(stamp "${CMAKE_CURRENT_BINARY_DIR}/${target}.includes")
  string(REPLACE ";" "," allowed "${arg_ALLOWED}")
  set(check "${PROJECT_SOURCE_DIR}/cmake/check_includes.cmake")
  add_custom_command(
    OUTPUT "${stamp}"
    COMMAND ${CMAKE_COMMAND} -DROOT=${KVSHIM_SOURCE_ROOT} -DFOLDER=${folder} -DALLOWED=${allowed}
            -DPUBLIC=${arg_PUBLIC} -DSTAMP=${stamp} -P "${check}"
    DEPENDS ${files} "${check}"
    COMMENT "Checking the includes of ${target}"
    VERBATIM)
  add_custom_target(${target}_includes DEPENDS "${stamp}")
  if(NOT TARGET includes)
    add_custom_target(includes)
  endif()
  add_dependencies(includes ${target}_includes)
  if(TARGET ${target})
    add_dependencies(${target} ${target}_includes)
  endif()
endfunction()

# kvshim_test(<folder> DEPS <folders...> LINK <outside targets...> [LABEL unit] [TIMEOUT 120]
#             [PROPERTIES <of the tests...>])
# Builds every .cc of the calling folder into one binary and registers each TEST with ctest.
function(kvshim_test name)
  cmake_parse_arguments(arg "" "TIMEOUT;LABEL" "DEPS;LINK;PROPERTIES" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  include(GoogleTest)
  file(GLOB sources CONFIGURE_DEPENDS *.cc *.h)
  if(NOT sources)
    return()
  endif()
  string(REPLACE "/" "_" target "test_${name}")
  string(REPLACE "/" "_" deps "${arg_DEPS}")
  list(TRANSFORM deps PREPEND kvshim_)
  add_executable(${target} ${sources})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/test")
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${target} PRIVATE ${deps} ${arg_LINK} GTest::gmock GTest::gtest_main)
  kvshim_precompile_gtest(${target})
  gtest_discover_tests(${target} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS ${arg_LABEL}
                                  ${arg_PROPERTIES})
endfunction()

# Every test binary shares the precompiled GoogleTest of the first one declared.
function(kvshim_precompile_gtest target)
  get_property(owner GLOBAL PROPERTY KVSHIM_GTEST_OWNER)
  if(owner)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  else()
    target_precompile_headers(${target} PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
    set_property(GLOBAL PROPERTY KVSHIM_GTEST_OWNER ${target})
  endif()
endfunction()

# kvshim_fuzzer(<name> DEPS <folders...> LINK <outside targets...>)
# Builds <name>_fuzzer.cc, which defines LLVMFuzzerTestOneInput: with libFuzzer in the fuzz preset,
# and everywhere else as a test that replays corpus/<name>.
function(kvshim_fuzzer name)
  cmake_parse_arguments(arg "" "" "DEPS;LINK" ${ARGN})
  string(REPLACE "/" "_" deps "${arg_DEPS}")
  list(TRANSFORM deps PREPEND kvshim_)
  set(target fuzz_${name})
  add_executable(${target} ${name}_fuzzer.cc)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}
                                             RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
  target_link_libraries(${target} PRIVATE ${deps} ${arg_LINK})
  if(KVSHIM_FUZZ)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers ${target})
  else()
    target_sources(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests/fuzz/replay.cc")
    add_test(NAME fuzz.${name}
             COMMAND ${target} "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name}")
    set_tests_properties(fuzz.${name} PROPERTIES LABELS unit TIMEOUT 120)
  endif()
endfunction()

# kvshim_benchmark(<name> DEPS <folders...> LINK <outside targets...>)
# Builds every .cc of the calling folder into one Google Benchmark program, bench/<name>/kvshim-<name>.
function(kvshim_benchmark name)
  cmake_parse_arguments(arg "" "" "DEPS;LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc *.h)
  string(REPLACE "/" "_" deps "${arg_DEPS}")
  list(TRANSFORM deps PREPEND kvshim_)
  set(target bench_${name})
  add_executable(${target} ${sources})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME kvshim-${name} RUNTIME_OUTPUT_DIRECTORY
                                             "${PROJECT_BINARY_DIR}/bench/${name}")
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/bench")
  target_link_libraries(${target} PRIVATE ${deps} ${arg_LINK} benchmark::benchmark)
endfunction()
