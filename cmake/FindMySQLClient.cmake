# Finds MariaDB Connector/C or MySQL's own client library, whichever is there, and makes the target
# MySQL::Client, whose includes have <mysql.h>.
find_path(MySQLClient_INCLUDE_DIR mysql.h PATH_SUFFIXES mariadb mysql)
if(EXISTS "${MySQLClient_INCLUDE_DIR}/mariadb_version.h")
  find_library(MySQLClient_LIBRARY NAMES mariadb mariadbclient PATH_SUFFIXES mariadb)
else()
  find_library(MySQLClient_LIBRARY NAMES mysqlclient PATH_SUFFIXES mysql)
endif()
mark_as_advanced(MySQLClient_INCLUDE_DIR MySQLClient_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(MySQLClient REQUIRED_VARS MySQLClient_LIBRARY
                                                            MySQLClient_INCLUDE_DIR)
if(MySQLClient_FOUND AND NOT TARGET MySQL::Client)
  add_library(MySQL::Client UNKNOWN IMPORTED)
  set_target_properties(MySQL::Client PROPERTIES
                        IMPORTED_LOCATION "${MySQLClient_LIBRARY}"
                        INTERFACE_INCLUDE_DIRECTORIES "${MySQLClient_INCLUDE_DIR}")
endif()
