#include <event/detail/configuration.hpp>

namespace event::detail {

void eventbus_was_compiled_with_the_configuration(ThisConfiguration) noexcept {}

}  // namespace event::detail
