#pragma once

/// What can go wrong, as `boost::system` error codes of the category "event".
///
/// Three failures keep the names of others: an operation that was cancelled ends with
/// `boost::asio::error::operation_aborted`, one whose time limit passed with `boost::asio::error::timed_out`; what
/// would wait for itself gets `boost::system::errc::resource_deadlock_would_occur`.

#include <event/detail/requirements.hpp>

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/error_condition.hpp>

#include <cstdint>
#include <type_traits>

namespace event {

/// Zero is success.
enum class errc : std::uint8_t {
    closed = 1,      ///< the handle, or the bus or value behind it, is closed, was moved from or default-constructed
    killed,          ///< the subscription's queue was full and its policy is `Kill`
    no_emitters,     ///< nobody emits a type that the subscription requires
    emitter_exists,  ///< an emitter stands in the way of an exclusive one
    concurrent_receive,  ///< the subscription or watcher already has an operation waiting, or a handler
    name_clash,          ///< two event types of one bus declare the same name
    too_many_keys,       ///< the event is of one key more than its topic retains (`retain_by`): nobody got it
};

/// The category "event": one object for the whole program. Safe from any thread.
[[nodiscard]] const boost::system::error_category& error_category() noexcept;

[[nodiscard]] inline boost::system::error_code make_error_code(errc error) noexcept {
    return {static_cast<int>(error), error_category()};
}

[[nodiscard]] inline boost::system::error_condition make_error_condition(errc error) noexcept {
    return {static_cast<int>(error), error_category()};
}

}  // namespace event

template <>
struct boost::system::is_error_code_enum<event::errc> : std::true_type {};
