#include "net/link/inside.hpp"

#include <boost/asio/post.hpp>

#include <fmt/format.h>

#include <cstdio>

/// What a link tells who made it.

namespace event::net::detail {

std::string LinkCore::Inside::what(const std::exception_ptr& exception) noexcept {
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& error) {
        try {
            return error.what();
        } catch (...) {
            return "no memory";
        }
    } catch (...) {
        return "an exception";
    }
}

void LinkCore::Inside::close_for(end_code code, const std::exception_ptr& exception) noexcept {
    or_lose([&] { protocol_.close({.code = code, .text = what(exception)}, now()); });
}

std::string LinkCore::Inside::names_of(const Consumer& consumer) {
    std::string names;
    for (const WireType& type : consumer.types()) {
        if (!names.empty()) names += ", ";
        names += type.name;
    }
    return names;
}

/// Nobody who calls this side by bytes is to hear of what its own code throws: it leaves the executor's run.
void LinkCore::Inside::throw_outside(std::exception_ptr exception) noexcept {
    try {
        boost::asio::post(link_.strand(), [exception = std::move(exception)] { std::rethrow_exception(exception); });
    } catch (...) {  // nobody can be told
    }
}

void LinkCore::Inside::tell_end(const Consumer& consumer, const Reason& reason) {
    try {
        const EndedSubscription ended{.types = names_of(consumer), .reason = reason};
        if (link_.options().on_subscription_ended) {
            link_.options().on_subscription_ended(ended);
        } else if (reason.code != end_code::closed) {
            fmt::print(stderr, "event: {}: the subscription to {} was {}\n", link_.options().name, ended.types,
                       to_string(reason));
        }
    } catch (...) {
        throw_outside(std::current_exception());
    }
}

}  // namespace event::net::detail
