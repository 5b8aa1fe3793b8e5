#pragma once

#include <string>
#include <utility>
#include <vector>

namespace bench {

/// What the figures depend on: the machine and how busy it is, the compiler, the libraries, the date.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> describe_machine();

}  // namespace bench
