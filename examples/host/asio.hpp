#pragma once

/// The parts of Asio that all components use, and the two names that they use them by.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace host {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Strand = asio::strand<asio::any_io_executor>;

/// `co_await` with this gives a tuple that begins with the error, and throws nothing.
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

}  // namespace host
