#pragma once

/// The version, which is written here and nowhere else: CMake reads it from these lines.

#define EVENTBUS_VERSION_MAJOR 0
#define EVENTBUS_VERSION_MINOR 1
#define EVENTBUS_VERSION_PATCH 0

/// To compare with: 10203 is 1.2.3.
#define EVENTBUS_VERSION (EVENTBUS_VERSION_MAJOR * 10000 + EVENTBUS_VERSION_MINOR * 100 + EVENTBUS_VERSION_PATCH)

/// "1.2.3"
#define EVENTBUS_VERSION_STRING \
    EVENTBUS_DETAIL_DOTTED(EVENTBUS_VERSION_MAJOR, EVENTBUS_VERSION_MINOR, EVENTBUS_VERSION_PATCH)

#define EVENTBUS_DETAIL_DOTTED(major, minor, patch) EVENTBUS_DETAIL_DOTTED_TEXT(major, minor, patch)
#define EVENTBUS_DETAIL_DOTTED_TEXT(major, minor, patch) #major "." #minor "." #patch
