#include "child.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <tuple>
#include <unistd.h>
#include <utility>

extern char** environ;

namespace host {

namespace {

[[noreturn]] void fail(int error, const char* what) {
    throw boost::system::system_error(error_code(error, boost::system::system_category()), what);
}

/// The end that is read, and the one that is written; the child has what is duplicated for it, and nothing else.
std::array<int, 2> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail(errno, "pipe2");
    return ends;
}

}  // namespace

Child::Child(const asio::any_io_executor& executor, std::string program, std::vector<std::string> arguments)
    : input_(executor), output_(executor) {
    const auto in = make_pipe();
    input_.assign(in[1]);
    const auto out = make_pipe();
    output_.assign(out[0]);
    std::vector<char*> argv{program.data()};
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions{};
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    const int error = ::posix_spawnp(&process_, program.c_str(), &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    if (error != 0) {
        process_ = -1;
        fail(error, program.c_str());
    }
}

Child::~Child() {
    if (process_ < 0) return;
    send(SIGKILL);
    wait();
}

void Child::send(int signal) const {
    if (process_ > 0) ::kill(process_, signal);
}

asio::awaitable<std::optional<std::string>> Child::next_line() {
    const auto read = co_await asio::async_read_until(output_, asio::dynamic_buffer(unread_), '\n', quietly);
    const auto& [error, size] = read;
    if (error) co_return std::nullopt;
    std::string line = unread_.substr(0, size - 1);
    unread_.erase(0, size);
    co_return line;
}

int Child::wait() {
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace host
