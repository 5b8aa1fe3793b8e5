/// Hosts as processes of their own, which are interrupted, stopped and killed.

#include "asio.hpp"
#include "bad_peer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace process_test {

using namespace host;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

/// A run of the program; what it prints is read as it comes. Killed when it goes.
class Process {
public:
    explicit Process(std::vector<std::string> arguments) {
        std::array<int, 2> pipe{};
        if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
        posix_spawn_file_actions_t actions{};
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, pipe[1], 1);
        ::posix_spawn_file_actions_adddup2(&actions, pipe[1], 2);
        std::string program = EVENTBUS_HOST_PROGRAM;
        std::vector<char*> argv{program.data()};
        for (std::string& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        const int error = ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(pipe[1]);
        output_ = pipe[0];
        if (error != 0) throw std::runtime_error("posix_spawn");
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        if (pid_ > 0) {
            send(SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
        ::close(output_);
    }

    void send(int signal) const { ::kill(pid_, signal); }

    /// Reads until a line with that text comes. The line, or an empty one at the end of the output, and if it does not
    /// come for far too long.
    std::string wait_for(const std::string& text) {
        const auto deadline = std::chrono::steady_clock::now() + 60s;
        for (;;) {
            const std::size_t end = unread_.find('\n');
            if (end != std::string::npos) {
                const std::string line = unread_.substr(0, end);
                unread_.erase(0, end + 1);
                if (line.find(text) != std::string::npos) return line;
                continue;
            }
            if (!read_more(deadline)) return {};
        }
    }

    /// Waits for its end: everything that it has printed.
    const std::string& wait_for_end() {
        while (read_more(std::chrono::steady_clock::now() + 60s)) {
        }
        int status = 0;
        ::waitpid(std::exchange(pid_, -1), &status, 0);
        exit_status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        return all_;
    }
    /// The exit status, or the signal as a negative number.
    [[nodiscard]] int exit_status() const { return exit_status_; }
    [[nodiscard]] const std::string& output() const { return all_; }

private:
    bool read_more(std::chrono::steady_clock::time_point deadline) {
        pollfd ready{.fd = output_, .events = POLLIN, .revents = 0};
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) <= 0) return false;
        std::array<char, 4096> buffer{};
        const auto count = ::read(output_, buffer.data(), buffer.size());
        if (count <= 0) return false;
        unread_.append(buffer.data(), static_cast<std::size_t>(count));
        all_.append(buffer.data(), static_cast<std::size_t>(count));
        return true;
    }

    pid_t pid_ = -1;
    int output_ = -1;
    int exit_status_ = 0;
    std::string unread_;
    std::string all_;
};

/// A host that listens, and where.
struct Listening {
    Listening() : address(process.wait_for("listening on ")) { address.erase(0, address.rfind(' ') + 1); }
    Process process{{"--listen", "127.0.0.1:0", "--name", "listening"}};
    std::string address;
};

void expect_clean_end(Process& process, int signal) {
    process.send(signal);
    const std::string& output = process.wait_for_end();
    EXPECT_EQ(process.exit_status(), 0) << output;
    EXPECT_THAT(output, HasSubstr("the end: nothing is left"));
    EXPECT_THAT(output, HasSubstr("events per second"));
}

TEST(HostProcess, TalksToAnotherAndEndsCleanlyWhenInterrupted) {
    Listening listening;
    ASSERT_FALSE(listening.address.empty());
    Process dialing({"--dial", listening.address, "--name", "dialing"});
    EXPECT_FALSE(listening.process.wait_for("dialing is here").empty());
    EXPECT_FALSE(dialing.wait_for("listening is here").empty());
    expect_clean_end(dialing, SIGINT);
    EXPECT_FALSE(listening.process.wait_for("dialing is gone").empty());
    expect_clean_end(listening.process, SIGTERM);
    EXPECT_THAT(listening.process.output(), HasSubstr("1 made, 1 lost"));
}

TEST(HostProcess, EndsWhenItsTimeIsUp) {
    Listening listening;
    Process dialing({"--dial", listening.address, "--for", "0.5"});
    const std::string& output = dialing.wait_for_end();
    EXPECT_EQ(dialing.exit_status(), 0);
    EXPECT_THAT(output, HasSubstr("listening is here"));
    EXPECT_THAT(output, HasSubstr("the end: nothing is left"));
}

TEST(HostProcess, GoesOnWhenAPeerIsKilled) {
    Listening listening;
    Process other({"--dial", listening.address, "--name", "other"});
    EXPECT_FALSE(listening.process.wait_for("other is here").empty());
    {
        Process doomed({"--dial", listening.address, "--name", "doomed"});
        EXPECT_FALSE(listening.process.wait_for("doomed is here").empty());
        doomed.send(SIGKILL);
        EXPECT_FALSE(listening.process.wait_for("doomed is gone").empty());
        doomed.wait_for_end();
        EXPECT_EQ(doomed.exit_status(), -SIGKILL);
    }
    Process next({"--dial", listening.address, "--name", "next"});
    EXPECT_FALSE(listening.process.wait_for("next is here").empty());
    EXPECT_THAT(listening.process.output(), Not(HasSubstr("other is gone")));
    expect_clean_end(listening.process, SIGINT);
}

TEST(HostProcess, GoesOnWhenStrangersSendGarbage) {
    Listening listening;
    Process other({"--dial", listening.address, "--name", "other"});
    EXPECT_FALSE(listening.process.wait_for("other is here").empty());
    asio::io_context io;
    const auto port =
        static_cast<unsigned short>(std::stoul(listening.address.substr(listening.address.find(':') + 1)));
    const tcp::endpoint where(asio::ip::address_v4::loopback(), port);
    for (const BadPeer kind : all_bad_peers) asio::co_spawn(io, misbehave(kind, where, 1ms), asio::detached);
    io.run_for(60s);
    EXPECT_TRUE(io.stopped()) << "a stranger still has a connection";
    Process next({"--dial", listening.address, "--name", "next"});
    EXPECT_FALSE(listening.process.wait_for("next is here").empty());
    EXPECT_THAT(listening.process.output(), Not(HasSubstr("is gone")));
    expect_clean_end(listening.process, SIGINT);
}

TEST(HostProcess, DialsAgainWhenTheOtherWasKilledAndIsBack) {
    auto listening = std::make_unique<Listening>();
    const std::string address = listening->address;
    Process dialing({"--dial", address, "--name", "dialing"});
    EXPECT_FALSE(dialing.wait_for("listening is here").empty());
    listening->process.send(SIGKILL);
    EXPECT_FALSE(dialing.wait_for("listening is gone").empty());
    Process back({"--listen", address, "--name", "listening"});
    EXPECT_FALSE(dialing.wait_for("listening is here, started anew").empty());
    expect_clean_end(dialing, SIGINT);
    expect_clean_end(back, SIGINT);
}

TEST(HostProcess, ClosesAPeerThatIsStoppedAndTakesItBack) {
    Listening listening;
    Process other({"--dial", listening.address, "--name", "other"});
    EXPECT_FALSE(listening.process.wait_for("other is here").empty());
    Process frozen({"--dial", listening.address, "--name", "frozen"});
    EXPECT_FALSE(listening.process.wait_for("frozen is here").empty());
    frozen.send(SIGSTOP);
    EXPECT_FALSE(listening.process.wait_for("frozen is gone").empty());
    frozen.send(SIGCONT);
    EXPECT_FALSE(frozen.wait_for("link lost").empty());
    EXPECT_FALSE(listening.process.wait_for("frozen is here").empty());
    EXPECT_THAT(listening.process.output(), Not(HasSubstr("other is gone")));
    expect_clean_end(frozen, SIGINT);
    expect_clean_end(listening.process, SIGINT);
}

TEST(HostProcess, NamesThePortThatIsInUse) {
    Listening listening;
    Process second({"--listen", listening.address});
    EXPECT_THAT(second.wait_for_end(), HasSubstr("cannot listen on " + listening.address + ": Address already in use"));
    EXPECT_EQ(second.exit_status(), 1);
}

TEST(HostProcess, ExplainsItselfOnABadOption) {
    Process bad({"--listne", "127.0.0.1:0"});
    EXPECT_THAT(bad.wait_for_end(), HasSubstr("usage: host"));
    EXPECT_EQ(bad.exit_status(), 2);
    EXPECT_THAT(bad.output(), HasSubstr("\"--listne\""));
    Process help({"--help"});
    EXPECT_THAT(help.wait_for_end(), HasSubstr("usage: host"));
    EXPECT_EQ(help.exit_status(), 0);
}

TEST(HostProcess, ShowsADemonstrationThatCanBeInterrupted) {
    Process demo({});
    EXPECT_FALSE(demo.wait_for("reachability: unknown -> public").empty());
    expect_clean_end(demo, SIGINT);
}

TEST(HostProcess, IsOneOfAClusterInWhichNothingIsStaleThoughSomeAreKilled) {
    Process cluster({"--cluster"});
    const std::string& output = cluster.wait_for_end();
    EXPECT_EQ(cluster.exit_status(), 0) << output;
    EXPECT_THAT(output, HasSubstr("nothing was stale"));
    EXPECT_THAT(output, HasSubstr("was killed, and has no figures"));
    EXPECT_THAT(output, Not(HasSubstr("WRONG")));
}

TEST(HostProcess, OfAClusterSaysWhatItSawInLinesAndIsQuietWhenItsInputEnds) {
    Process host({"--listen", "127.0.0.1:0", "--name", "ada", "--figures"});
    EXPECT_FALSE(host.wait_for("\"name\":\"ada\"").empty());
    host.send(SIGTERM);
    host.wait_for_end();
    EXPECT_EQ(host.exit_status(), 0);
}

}  // namespace process_test
