# kvplane_library(<folder> DEPS <folders of the control plane...> LINK <outside targets...>)
# Declares controlplane/<folder> as the target kvplane_<folder>, as kvshim_library does for
# libkvshim's folders: sources are globbed, and DEPS is the whole list of folders of the control
# plane that its files may include from.
function(kvplane_library name)
  cmake_parse_arguments(arg "" "" "DEPS;LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc *.h)
  set(target "kvplane_${name}")
  set(deps "${arg_DEPS}")
  list(TRANSFORM deps PREPEND kvplane_)
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}/controlplane")
  target_link_libraries(${target} PUBLIC ${deps} ${arg_LINK} Threads::Threads)
  set(KVSHIM_SOURCE_ROOT "${PROJECT_SOURCE_DIR}/controlplane")
  kvshim_check_includes(${target} "${CMAKE_CURRENT_SOURCE_DIR}" ALLOWED "${name};${arg_DEPS}")
endfunction()
