#pragma once

/// A program that a test starts, stops and kills.

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <fcntl.h>
#include <memory>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

extern char** environ;

namespace processes {

/// What it prints comes line by line, while the context runs. Destroying it kills it.
class Child {
public:
    Child(boost::asio::io_context& io, std::vector<std::string> arguments) : output_(std::make_shared<Output>(io)) {
        int pipe[2];
        if (::pipe2(pipe, O_CLOEXEC) != 0) throw std::system_error(errno, std::system_category(), "pipe2");
        output_->pipe.assign(pipe[0]);
        std::vector<char*> pointers;
        for (std::string& argument : arguments) pointers.push_back(argument.data());
        pointers.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
        const int error = ::posix_spawnp(&id_, pointers[0], &actions, nullptr, pointers.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        ::close(pipe[1]);
        if (error != 0) throw std::system_error(error, std::system_category(), arguments[0]);
        Output::read(output_);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        kill();
        boost::system::error_code ignored;
        output_->pipe.close(ignored);
    }

    [[nodiscard]] ::pid_t id() const { return id_; }
    [[nodiscard]] const std::vector<std::string>& lines() const { return output_->lines; }
    [[nodiscard]] bool has_said(const std::string& line) const {
        return std::find(lines().begin(), lines().end(), line) != lines().end();
    }
    /// All that it has said was read, and it says nothing more.
    [[nodiscard]] bool has_ended() const { return output_->has_ended; }
    void signal(int number) const { ::kill(id_, number); }
    /// It is gone when this returns.
    void kill() {
        if (is_gone_) return;
        signal(SIGKILL);
        wait();
    }
    /// Until it is gone; what it ended with, or 128 and the signal.
    int wait() {
        int status = 0;
        while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
        }
        is_gone_ = true;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

private:
    /// A line that was read already may be told of when the child is gone.
    struct Output {
        explicit Output(boost::asio::io_context& io) : pipe(io) {}
        static void read(const std::shared_ptr<Output>& self) {
            boost::asio::async_read_until(self->pipe, boost::asio::dynamic_buffer(self->text), '\n',
                                          [self](const boost::system::error_code& error, std::size_t size) {
                                              self->has_ended = error.failed();
                                              if (error) return;
                                              self->lines.push_back(self->text.substr(0, size - 1));
                                              self->text.erase(0, size);
                                              read(self);
                                          });
        }
        boost::asio::posix::stream_descriptor pipe;
        std::string text;
        std::vector<std::string> lines;
        bool has_ended = false;
    };

    std::shared_ptr<Output> output_;
    ::pid_t id_ = 0;
    bool is_gone_ = false;
};

}  // namespace processes
