/// Boost.JSON itself, which so has no library to be linked. In a file of its own: a program that has it already, from
/// its own such file or from the library, has no need of this object.
#include <boost/json/src.hpp>
