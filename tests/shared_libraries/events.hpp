#pragma once

#include <event/interface.hpp>

#include <string>
#include <string_view>

/// Included by either library, which hides them: each has its own tags and tables of these types.
namespace shared_libraries {

struct Named {
    static constexpr std::string_view event_name = "shared_libraries.Named";
    int value = 0;
};

/// Shared by its queues, not copied into each.
struct NamedText {
    static constexpr std::string_view event_name = "shared_libraries.NamedText";
    std::string value;
};

struct Unnamed {
    int value = 0;
};

/// As if the libraries were built from two versions of it.
struct Resized {
    static constexpr std::string_view event_name = "shared_libraries.Resized";
    int value = 0;
#ifdef SHARED_LIBRARIES_EMITTING
    int added = 0;
#endif
};

struct NamedBase {
    static constexpr std::string_view event_name = "shared_libraries.NamedBase";
    int value = 0;
};
struct UnnamedBase {
    int value = 0;
};
struct Derived : UnnamedBase, NamedBase {
    using event_interfaces = event::Interfaces<UnnamedBase, NamedBase>;
};

}  // namespace shared_libraries
