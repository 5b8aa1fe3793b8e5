#pragma once

#include <event/all.hpp>

#include <boost/asio/io_context.hpp>

#include <string>
