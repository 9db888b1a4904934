// Boost.JSON is used without its library, whose code comes from here.
#include <boost/json/src.hpp>
