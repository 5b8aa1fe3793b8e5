#include "tasks.hpp"

#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <utility>

namespace host {

struct Tasks::State {
    State(const asio::any_io_executor& executor, std::function<void(std::string_view, std::string_view)> failed)
        : running(executor, 0), on_failure(std::move(failed)) {}

    event::Value<std::size_t> running;
    const std::function<void(std::string_view, std::string_view)> on_failure;
};

namespace {
std::string what(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "something that is no exception";
    }
}
}  // namespace

Tasks::Tasks(const asio::any_io_executor& executor, std::function<void(std::string_view, std::string_view)> on_failure)
    : state_(std::make_shared<State>(executor, std::move(on_failure))) {}

void Tasks::spawn(const asio::any_io_executor& executor, std::string component, asio::awaitable<void> coroutine) {
    state_->running.update([](std::size_t& running) { ++running; });
    asio::co_spawn(executor, std::move(coroutine),
                   [state = state_, component = std::move(component)](const std::exception_ptr& failure) {
                       if (failure) state->on_failure(component, what(failure));
                       state->running.update([](std::size_t& running) { --running; });
                   });
}

asio::awaitable<void> Tasks::finished() const {
    const std::shared_ptr<State> state = state_;
    auto running = state->running.watch();
    const auto is_zero = [](std::size_t count) { return count == 0; };
    co_await running.async_get_if(is_zero, asio::use_awaitable);
}

std::size_t Tasks::running() const { return **state_->running.try_get(); }

}  // namespace host
