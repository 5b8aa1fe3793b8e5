// A source file that includes one header, where something may be missing.
#if defined(WITHOUT_SOURCE_LOCATION)
#include <version>
#undef __cpp_lib_source_location
#endif
#include HEADER
