// Boost.JSON, compiled once for everybody (the headers alone would define it in none).
#include <boost/json/src.hpp>
