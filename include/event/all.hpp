#pragma once

/// Every header of the core but `fields.hpp`, `fmt.hpp`, `recording.hpp` and `testing.hpp`, which are included where
/// they are needed.

#include <event/detail/requirements.hpp>

#include <event/any_event.hpp>
#include <event/backpressure.hpp>
#include <event/bus.hpp>
#include <event/combine.hpp>
#include <event/connection.hpp>
#include <event/delivery.hpp>
#include <event/emit_result.hpp>
#include <event/emitter.hpp>
#include <event/error.hpp>
#include <event/fwd.hpp>
#include <event/interface.hpp>
#include <event/latest_by.hpp>
#include <event/meta.hpp>
#include <event/name.hpp>
#include <event/not_from.hpp>
#include <event/once.hpp>
#include <event/options.hpp>
#include <event/overloaded.hpp>
#include <event/report.hpp>
#include <event/retain_by.hpp>
#include <event/run_polling.hpp>
#include <event/snapshot.hpp>
#include <event/subscription.hpp>
#include <event/tagged.hpp>
#include <event/value.hpp>
#include <event/value_view.hpp>
#include <event/version.hpp>
#include <event/watcher.hpp>
#include <event/where.hpp>
#include <event/where_key.hpp>
#include <event/while_alive.hpp>
