# Refuses an #include that goes up. A file of FOLDER may name, of this project, only the folders in
# ALLOWED; and of the outside, gRPC, protobuf, SQL clients and OpenSSL only where they belong. The
# PUBLIC headers may name the standard library, abseil and each other.
cmake_minimum_required(VERSION 3.25)

string(REPLACE "," ";" allowed "${ALLOWED}")
list(GET allowed 0 name)

# <header pattern>=<folders where it may stand>
set(outside
    "^grpc=^(transfer|remote)$"
    "^nghttp2=^(rpc|bench)$"
    "^zlib=^(rpc|apiserver|bench)$"
    "^google/protobuf=^(rpc|etcd|remote|transfer|cli|bench)$"
    "[.]pb[.]h$=^(rpc|etcd|remote|transfer|cli|bench)$"
    "^(sqlite3[.]h|libpq|mysql|mariadb)=^(sql/|bench$)"
    "^openssl/=^(base|bench|log|rpc|http|https|admission|auth|cluster|cli|etcd|transfer|sql.*)$"
    "^re2/=^(api|kinds|cel)$"
    "^boost/=^(api|store|rpc|http|https|webhook|etcd|cli|bench|sql.*)$")

function(refuse file header why)
  message(FATAL_ERROR "${file} includes ${header}, ${why}. Dependencies point down; see "
                      "ARCHITECTURE.md.")
endfunction()

file(GLOB files "${FOLDER}/*.h" "${FOLDER}/*.cc")
foreach(file IN LISTS files)
  file(STRINGS "${file}" lines REGEX "^ *# *include *[\"<]")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^ *# *include *[\"<]([^\">]+).*" "\\1" header "${line}")
    get_filename_component(folder "${header}" DIRECTORY)
    if(PUBLIC AND header MATCHES "/|[.]h" AND NOT header MATCHES "^(kvshim|absl)/")
      refuse("${file}" "${header}" "but a public header uses only std, abseil and kvshim/")
    elseif(EXISTS "${ROOT}/${header}" AND NOT folder IN_LIST allowed)
      refuse("${file}" "${header}" "but its folder may use only: ${ALLOWED}")
    endif()
    foreach(rule IN LISTS outside)
      string(REGEX MATCH "^(.+)=(.+)$" matched "${rule}")
      set(where "${CMAKE_MATCH_2}")
      if(header MATCHES "${CMAKE_MATCH_1}" AND NOT name MATCHES "${where}")
        refuse("${file}" "${header}" "which belongs to the folders ${where}")
      endif()
    endforeach()
  endforeach()
endforeach()
file(WRITE "${STAMP}" "")
