# What a package is linked from: of every library that Debian has as an archive, the archive. What
# stays shared is libc; libpq, whose archive wants others that there are none of (Kerberos, LDAP);
# OpenSSL, which libpq brings along, and of which there is to be one; and prometheus-cpp.
#
# kvshim_prefer_archives() changes the targets that find_package has made; it comes after them.
function(kvshim_prefer_archives)
  get_property(targets DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(target IN LISTS targets)
    foreach(property IMPORTED_LOCATION IMPORTED_LOCATION_NONE IMPORTED_LOCATION_RELEASE)
      get_target_property(location ${target} ${property})
      if(NOT location OR location MATCHES "lib(ssl|crypto|pq)[.]so")
        continue()
      endif()
      string(REGEX REPLACE "[.]so[.0-9]*$" ".a" archive "${location}")
      if(EXISTS "${archive}")
        set_target_properties(${target} PROPERTIES ${property} "${archive}")
      endif()
    endforeach()
  endforeach()
  # Named as they are linked, without a place of their own.
  find_library(KVSHIM_YAML libyaml.a REQUIRED)
  add_library(yaml STATIC IMPORTED GLOBAL)
  set_target_properties(yaml PROPERTIES IMPORTED_LOCATION "${KVSHIM_YAML}")
  find_library(KVSHIM_RE2 libre2.a REQUIRED)
  set_target_properties(re2::re2 PROPERTIES INTERFACE_LINK_LIBRARIES "${KVSHIM_RE2}")
  add_link_options(-static-libstdc++ -static-libgcc -Wl,--gc-sections -Wl,--exclude-libs,ALL -s)
endfunction()
